import Tabs, { type TabsProps } from '@cloudscape-design/components/tabs';
import { navigate, placeNow, usePlace } from '../app/router.ts';

interface UrlTabsProps {
  readonly ariaLabel: string;
  /** The first one is shown where the address names none. */
  readonly tabs: readonly TabsProps.Tab[];
  /** Parameters of the address that end with the tab that they belong to. */
  readonly clears?: readonly string[];
}

const NAME = 'tab';

/** Tabs of which the address says which one is open. */
export function UrlTabs({ ariaLabel, tabs, clears = [] }: UrlTabsProps) {
  const wanted = new URLSearchParams(usePlace().search).get(NAME);
  const active = tabs.find(({ id }) => id === wanted) ?? tabs[0]!;
  const open = (id: string) => {
    const { path, search } = placeNow();
    const query = new URLSearchParams(search);
    for (const name of [NAME, ...clears]) query.delete(name);
    if (id !== tabs[0]!.id) query.set(NAME, id);
    navigate(query.size === 0 ? path : `${path}?${query}`);
  };
  return (
    <Tabs
      ariaLabel={ariaLabel}
      tabs={tabs}
      activeTabId={active.id}
      onChange={({ detail }) => open(detail.activeTabId)}
    />
  );
}
