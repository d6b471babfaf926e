import SpaceBetween from '@cloudscape-design/components/space-between';
import { useRegion } from '../../api/session.ts';
import { useCall } from '../../hooks/use-call.ts';
import { Page } from '../../ui/page.tsx';
import { listTrailNotices } from './calls.ts';
import { Queues } from './queues.tsx';
import { Subscriptions } from './subscriptions.tsx';
import { Topics } from './topics.tsx';
import { TrailNotices } from './trail-notices.tsx';

/** Who is told: trails and their topics, topics and their subscribers, queues. */
export default function NotificationsPage() {
  const region = useRegion();
  const trails = useCall(listTrailNotices, [region]);
  return (
    <Page title="Notifications" description="Who is told of new log files and alarms, and whether it arrives.">
      <SpaceBetween size="l">
        <TrailNotices call={trails} />
        <Topics trails={trails.data?.items ?? []} />
        <Subscriptions />
        <Queues />
      </SpaceBetween>
    </Page>
  );
}
