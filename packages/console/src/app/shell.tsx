import AppLayout, { type AppLayoutToolbarProps } from '@cloudscape-design/components/app-layout-toolbar';
import BreadcrumbGroup from '@cloudscape-design/components/breadcrumb-group';
import { useEffect, useMemo, useRef } from 'react';
import { usePreferences } from '../base/preferences.ts';
import { useStore } from '../base/store.ts';
import { CurrentPage } from './current-page.tsx';
import { Flashes } from './flashes.tsx';
import { frameStore } from './frame.ts';
import { Navigation } from './navigation.tsx';
import { usePlace } from './router.ts';
import { useShortcuts } from './shortcuts.tsx';
import { TopBar } from './top-bar.tsx';
import { useNavigation } from './use-navigation.ts';

/** The frame around every page: top bar, side navigation, breadcrumbs, messages. */
export function Shell() {
  const [{ splitPanel }, prefer] = usePreferences();
  const [navigationOpen, setNavigationOpen] = useNavigation();
  const frame = useStore(frameStore);
  const content = useMemo(() => <CurrentPage />, []);
  const help = useShortcuts();
  const layout = useRef<AppLayoutToolbarProps.Ref>(null);
  const { path } = usePlace();
  // On a narrow screen the navigation covers the page that was chosen in it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: at every other page
  useEffect(() => {
    layout.current?.closeNavigationIfNecessary();
  }, [path]);
  return (
    <>
      <a className="ot-skip" href="#content">
        Skip to content
      </a>
      <div id="top-bar">
        <TopBar />
      </div>
      <AppLayout
        ref={layout}
        headerSelector="#top-bar"
        navigation={<Navigation />}
        navigationOpen={navigationOpen}
        onNavigationChange={({ detail }) => setNavigationOpen(detail.open)}
        toolsHide
        breadcrumbs={<Breadcrumbs />}
        notifications={<Flashes />}
        stickyNotifications
        contentType={frame.contentType}
        content={content}
        splitPanel={frame.splitPanel}
        splitPanelOpen={frame.splitPanelOpen ?? false}
        splitPanelPreferences={{ position: splitPanel }}
        onSplitPanelPreferencesChange={({ detail }) => prefer({ splitPanel: detail.position })}
        onSplitPanelToggle={({ detail }) => frame.onSplitPanelToggle?.(detail.open)}
      />
      {help}
    </>
  );
}

function Breadcrumbs() {
  const { title, breadcrumbs } = useStore(frameStore);
  const items = [{ text: 'OpenTrail', href: '/' }, ...breadcrumbs, { text: title, href: '' }];
  return <BreadcrumbGroup items={items} />;
}
