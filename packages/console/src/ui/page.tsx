import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import { type ReactNode, useEffect, useRef } from 'react';
import { type Frame, frameStore } from '../app/frame.ts';

const NONE: Frame['breadcrumbs'] = [];

interface PageProps extends Partial<Omit<Frame, 'title'>> {
  /** Heading, last breadcrumb, and title of the browser's tab. */
  readonly title: string;
  readonly description?: ReactNode;
  /** Buttons at the right of the heading. */
  readonly actions?: ReactNode;
  readonly info?: ReactNode;
  readonly counter?: string;
  /** `false` where the content has its own heading (a table with a full-page header). */
  readonly header?: false;
  readonly children: ReactNode;
}

/** Every page stands in one: heading, and what the frame shows of it. */
export function Page(props: PageProps) {
  const { title, description, actions, info, counter, header, children } = props;
  useFrame(props);
  if (header === false) return <>{children}</>;
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={description} actions={actions} info={info} counter={counter}>
          {title}
        </Header>
      }
    >
      {children}
    </ContentLayout>
  );
}

function useFrame({ title, breadcrumbs = NONE, contentType = 'default', ...split }: PageProps): void {
  const { splitPanel, splitPanelOpen, onSplitPanelToggle } = split;
  const toggle = useRef(onSplitPanelToggle);
  toggle.current = onSplitPanelToggle;
  const trail = JSON.stringify(breadcrumbs);
  useEffect(() => {
    document.title = `${title} | OpenTrail`;
    frameStore.set({
      title,
      breadcrumbs: JSON.parse(trail) as Frame['breadcrumbs'],
      contentType,
      splitPanel,
      splitPanelOpen,
      onSplitPanelToggle: (open) => toggle.current?.(open),
    });
  }, [title, trail, contentType, splitPanel, splitPanelOpen]);
}
