import type { TableProps } from '@cloudscape-design/components/table';
import { useRegion } from '../../api/session.ts';
import { useCall } from '../../hooks/use-call.ts';
import { nameOfArn } from '../../parts/events/record.ts';
import { CopyText } from '../../ui/copy-text.tsx';
import { countText } from '../../ui/format.ts';
import { by, ListTable } from '../../ui/list-table.tsx';
import { Time } from '../../ui/time.tsx';
import { visible } from '../../ui/visible.ts';
import { listQueues, type Queue } from './calls.ts';

/** The queues of SQS and what waits in them. */
export function Queues() {
  const region = useRegion();
  const call = useCall(listQueues, [region]);
  return (
    <ListTable
      title="Queues"
      description="Queues of SQS in this Region, and what waits in them."
      call={call}
      columns={COLUMNS}
      idOf={({ url }) => url}
      textOf={({ url }) => url}
      empty={{ title: 'No queues', hint: 'A queue can be subscribed to a topic, or be the target of a rule.' }}
      failed="Queues could not be loaded"
    />
  );
}

const nameOf = ({ url }: Queue): string => url.split('/').at(-1)!;

const counted = (id: string, header: string, attribute: string): TableProps.ColumnDefinition<Queue> => ({
  id,
  header,
  width: 130,
  cell: ({ attributes }) => (attributes?.[attribute] === undefined ? '-' : countText(Number(attributes[attribute]))),
  sortingComparator: by(({ attributes }) => Number(attributes?.[attribute] ?? -1)),
});

const COLUMNS: readonly TableProps.ColumnDefinition<Queue>[] = [
  {
    id: 'name',
    header: 'Queue',
    isRowHeader: true,
    cell: (queue) => (
      <CopyText text={queue.url} shown={visible(nameOf(queue))} label={`URL of queue ${nameOf(queue)}`} />
    ),
    sortingComparator: by(nameOf),
  },
  counted('waiting', 'Waiting', 'ApproximateNumberOfMessages'),
  counted('received', 'Received', 'ApproximateNumberOfMessagesNotVisible'),
  counted('delayed', 'Delayed', 'ApproximateNumberOfMessagesDelayed'),
  {
    id: 'dead',
    header: 'Dead-letter queue',
    cell: ({ attributes }) => visible(deadLetterQueue(attributes?.RedrivePolicy)) || '-',
  },
  {
    id: 'created',
    header: 'Created',
    width: 190,
    cell: ({ attributes }) => <Time value={Number(attributes?.CreatedTimestamp) || undefined} />,
  },
];

function deadLetterQueue(policy: string | undefined): string {
  try {
    return nameOfArn(
      String((JSON.parse(policy ?? '{}') as { deadLetterTargetArn?: string }).deadLetterTargetArn ?? ''),
    );
  } catch {
    return '';
  }
}
