import type { TableProps } from '@cloudscape-design/components/table';
import { useRegion } from '../../api/session.ts';
import { useCall } from '../../hooks/use-call.ts';
import { nameOfArn } from '../../parts/events/record.ts';
import { CopyText } from '../../ui/copy-text.tsx';
import { by, ListTable } from '../../ui/list-table.tsx';
import { visible } from '../../ui/visible.ts';
import { listTopics, type Topic, type TrailNotice } from './calls.ts';

/** The topics of SNS, and who tells them something. */
export function Topics({ trails }: { readonly trails: readonly TrailNotice[] }) {
  const region = useRegion();
  const call = useCall(listTopics, [region]);
  return (
    <ListTable
      title="Topics"
      description="Topics of SNS in this Region."
      call={call}
      columns={columnsOf(trails)}
      idOf={({ arn }) => arn}
      textOf={({ arn, attributes }) => `${arn} ${attributes?.DisplayName ?? ''}`}
      empty={{ title: 'No topics', hint: 'Alarms and trails tell topics of SNS what happened.' }}
      failed="Topics could not be loaded"
    />
  );
}

const columnsOf = (trails: readonly TrailNotice[]): readonly TableProps.ColumnDefinition<Topic>[] => [
  {
    id: 'name',
    header: 'Topic',
    isRowHeader: true,
    cell: ({ arn }) => <CopyText text={arn} shown={visible(nameOfArn(arn))} label={`ARN of topic ${nameOfArn(arn)}`} />,
    sortingComparator: by(({ arn }) => arn),
  },
  {
    id: 'display',
    header: 'Display name',
    cell: ({ attributes }) => visible(attributes?.DisplayName ?? '') || '-',
  },
  {
    id: 'confirmed',
    header: 'Subscribers',
    width: 140,
    cell: ({ attributes }) => attributes?.SubscriptionsConfirmed ?? '-',
    sortingComparator: by(({ attributes }) => Number(attributes?.SubscriptionsConfirmed ?? -1)),
  },
  {
    id: 'pending',
    header: 'To be confirmed',
    width: 170,
    cell: ({ attributes }) => attributes?.SubscriptionsPending ?? '-',
    sortingComparator: by(({ attributes }) => Number(attributes?.SubscriptionsPending ?? -1)),
  },
  {
    id: 'trails',
    header: 'Trails',
    cell: ({ arn }) =>
      trails
        .filter(({ trail }) => trail.SnsTopicARN === arn)
        .map(({ trail }) => visible(trail.Name))
        .join(', ') || '-',
  },
];
