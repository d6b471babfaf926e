import SpaceBetween from '@cloudscape-design/components/space-between';
import type { PageParams } from '../../app/routes.tsx';
import { useCall } from '../../hooks/use-call.ts';
import { getStatus } from '../../parts/trails/calls.ts';
import { regionIn, type Trail, type TrailStatus } from '../../parts/trails/trail.ts';
import { CopyText } from '../../ui/copy-text.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { UrlTabs } from '../../ui/url-tabs.tsx';
import { getTrail } from './calls.ts';
import { LogFiles } from './log-files.tsx';
import './trails.css';
import { SelectorsTab } from './selectors-tab.tsx';
import { SettingsTab } from './settings-tab.tsx';
import { StatusTab } from './status-tab.tsx';
import { TagsTab } from './tags-tab.tsx';
import { TrailActions } from './trail-actions.tsx';

const BACK = { text: 'Trails', href: '/trails' };
const BREADCRUMBS = [BACK];
const MISSING = { title: 'No such trail', back: BACK };

/** One trail: how it does, its files, what it logs, how it is set. */
export default function TrailPage({ params: { arn = '' } }: PageParams) {
  const trail = useCall((signal) => getTrail(arn, regionIn(arn), signal), [arn]);
  const status = useCall(
    async (signal) => (trail.data ? { of: trail.data, is: await getStatus(trail.data, signal) } : undefined),
    [trail.data],
  );
  const reload = () => {
    trail.reload();
    status.reload();
  };
  const name = trail.data?.Name ?? arn.split('/').at(-1) ?? arn;
  return (
    <Page
      title={name}
      breadcrumbs={BREADCRUMBS}
      description={<CopyText text={arn} label="ARN" />}
      actions={trail.data && <TrailActions trail={trail.data} status={status.data?.is} onChanged={reload} />}
    >
      <Loaded call={trail} failed="The trail could not be loaded" missing={MISSING}>
        {(loaded) => <TrailTabs trail={loaded} status={status.data?.is} error={status.error} onReload={reload} />}
      </Loaded>
    </Page>
  );
}

interface TrailTabsProps {
  readonly trail: Trail;
  readonly status: TrailStatus | undefined;
  readonly error: Error | undefined;
  readonly onReload: () => void;
}

function TrailTabs({ trail, status, error, onReload }: TrailTabsProps) {
  return (
    <SpaceBetween size="l">
      <UrlTabs
        ariaLabel="Trail"
        clears={['folder', 'file']}
        tabs={[
          {
            id: 'status',
            label: 'Status',
            content: <StatusTab trail={trail} status={status} error={error} onReload={onReload} />,
          },
          { id: 'files', label: 'Log files', content: <LogFiles trail={trail} /> },
          { id: 'events', label: 'Events', content: <SelectorsTab trail={trail} /> },
          { id: 'settings', label: 'Settings', content: <SettingsTab trail={trail} /> },
          { id: 'tags', label: 'Tags', content: <TagsTab trail={trail} /> },
        ]}
      />
    </SpaceBetween>
  );
}
