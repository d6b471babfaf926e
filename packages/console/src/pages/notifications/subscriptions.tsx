import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { TableProps } from '@cloudscape-design/components/table';
import { useRegion } from '../../api/session.ts';
import { useCall } from '../../hooks/use-call.ts';
import { nameOfArn } from '../../parts/events/record.ts';
import { by, ListTable } from '../../ui/list-table.tsx';
import { visible } from '../../ui/visible.ts';
import { listSubscriptions, type Subscription } from './calls.ts';

/** Who hears what topics are told. */
export function Subscriptions() {
  const region = useRegion();
  const call = useCall(listSubscriptions, [region]);
  return (
    <ListTable
      title="Subscriptions"
      description="Who hears what topics are told."
      call={call}
      columns={COLUMNS}
      idOf={({ arn, topicArn, protocol, endpoint }) => `${arn} ${topicArn} ${protocol} ${endpoint}`}
      textOf={({ topicArn, protocol, endpoint }) => `${topicArn} ${protocol} ${endpoint}`}
      empty={{ title: 'No subscriptions', hint: 'Nobody hears what topics are told.' }}
      failed="Subscriptions could not be loaded"
    />
  );
}

/** What stands in place of the ARN until it is confirmed (SNS API reference, ListSubscriptions). */
const PENDING = 'PendingConfirmation';

const COLUMNS: readonly TableProps.ColumnDefinition<Subscription>[] = [
  {
    id: 'endpoint',
    header: 'Endpoint',
    isRowHeader: true,
    cell: ({ endpoint, protocol }) => visible(protocol === 'sqs' ? nameOfArn(endpoint) : endpoint),
    sortingComparator: by(({ endpoint }) => endpoint),
  },
  {
    id: 'protocol',
    header: 'Protocol',
    width: 130,
    cell: ({ protocol }) => visible(protocol),
    sortingComparator: by(({ protocol }) => protocol),
  },
  {
    id: 'topic',
    header: 'Topic',
    cell: ({ topicArn }) => visible(nameOfArn(topicArn)),
    sortingComparator: by(({ topicArn }) => topicArn),
  },
  {
    id: 'state',
    header: 'State',
    width: 190,
    cell: ({ arn }) =>
      arn === PENDING ? (
        <StatusIndicator type="pending">To be confirmed</StatusIndicator>
      ) : (
        <StatusIndicator>Confirmed</StatusIndicator>
      ),
    sortingComparator: by(({ arn }) => (arn === PENDING ? 1 : 0)),
  },
];
