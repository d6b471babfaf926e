import Box from '@cloudscape-design/components/box';
import Link from '@cloudscape-design/components/link';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { TableProps } from '@cloudscape-design/components/table';
import type { Listed } from '../../api/pages.ts';
import { trailHref } from '../../app/links.ts';
import type { Call } from '../../hooks/use-call.ts';
import { nameOfArn } from '../../parts/events/record.ts';
import { problemsOf } from '../../parts/trails/health.ts';
import { by, ListTable } from '../../ui/list-table.tsx';
import { Time } from '../../ui/time.tsx';
import { visible } from '../../ui/visible.ts';
import type { TrailNotice } from './calls.ts';

/** Which trail tells which topic of its log files, and how that went. */
export function TrailNotices({ call }: { readonly call: Call<Listed<TrailNotice>> }) {
  return (
    <ListTable
      title="Trails"
      description="Trails that tell an SNS topic of each log file."
      call={call}
      columns={COLUMNS}
      idOf={({ trail }) => trail.TrailARN}
      textOf={({ trail, status }) => `${trail.Name} ${trail.SnsTopicARN} ${status?.LatestNotificationError ?? ''}`}
      empty={{
        title: 'No trail has a topic',
        hint: (
          <>
            Give a <Link href="/trails">trail</Link> an SNS topic to hear of each log file.
          </>
        ),
      }}
      failed="Trails could not be loaded"
    />
  );
}

const COLUMNS: readonly TableProps.ColumnDefinition<TrailNotice>[] = [
  {
    id: 'name',
    header: 'Trail',
    isRowHeader: true,
    cell: ({ trail }) => <Link href={trailHref(trail.TrailARN)}>{visible(trail.Name)}</Link>,
    sortingComparator: by(({ trail }) => trail.Name),
  },
  {
    id: 'topic',
    header: 'Topic',
    cell: ({ trail }) => visible(nameOfArn(trail.SnsTopicARN ?? '')),
    sortingComparator: by(({ trail }) => trail.SnsTopicARN),
  },
  { id: 'state', header: 'Last notification', minWidth: 220, cell: (notice) => <Delivery {...notice} /> },
  {
    id: 'time',
    header: 'Delivered',
    width: 190,
    cell: ({ status }) => <Time value={status?.LatestNotificationTime} />,
    sortingComparator: by(({ status }) => status?.LatestNotificationTime),
  },
];

function Delivery({ trail, status }: TrailNotice) {
  if (!status) return <StatusIndicator type="warning">You may not see its status</StatusIndicator>;
  const problem = problemsOf(trail, status).find(({ about }) => about === 'Notifications');
  if (problem) {
    return (
      <>
        <StatusIndicator type="error" wrapText>
          {visible(problem.says)} ({visible(problem.code)})
        </StatusIndicator>
        <Box color="text-body-secondary" fontSize="body-s">
          {problem.how}
        </Box>
      </>
    );
  }
  if (status.LatestNotificationTime !== undefined) return <StatusIndicator>Delivered</StatusIndicator>;
  return <StatusIndicator type="pending">None yet</StatusIndicator>;
}
