import Link from '@cloudscape-design/components/link';
import type { TableProps } from '@cloudscape-design/components/table';
import { useRegion } from '../../api/session.ts';
import { useCall } from '../../hooks/use-call.ts';
import { by, ListTable } from '../../ui/list-table.tsx';
import { Time } from '../../ui/time.tsx';
import { visible } from '../../ui/visible.ts';
import { listMetricFilters, type MetricFilter } from './calls.ts';

/** What counts events in log groups. */
export function MetricFiltersTab() {
  const region = useRegion();
  const call = useCall(listMetricFilters, [region]);
  return (
    <ListTable
      title="Metric filters"
      description="Metric filters of all log groups in this Region: each counts what its pattern finds."
      call={call}
      columns={COLUMNS}
      idOf={({ logGroupName, filterName }) => `${filterName} of ${logGroupName}`}
      textOf={(filter) => JSON.stringify(filter)}
      empty={{
        title: 'No metric filters',
        hint: (
          <>
            They count events in a log group. Let a <Link href="/trails">trail</Link> deliver to one.
          </>
        ),
      }}
      failed="Metric filters could not be loaded"
    />
  );
}

const COLUMNS: readonly TableProps.ColumnDefinition<MetricFilter>[] = [
  {
    id: 'name',
    header: 'Name',
    isRowHeader: true,
    cell: ({ filterName }) => visible(filterName),
    sortingComparator: by(({ filterName }) => filterName),
  },
  {
    id: 'group',
    header: 'Log group',
    cell: ({ logGroupName }) => visible(logGroupName),
    sortingComparator: by(({ logGroupName }) => logGroupName),
  },
  {
    id: 'pattern',
    header: 'Pattern',
    cell: ({ filterPattern = '' }) => <code className="ot-alarms-code">{visible(filterPattern) || 'everything'}</code>,
  },
  {
    id: 'metric',
    header: 'Metric',
    cell: ({ metricTransformations = [] }) =>
      metricTransformations
        .map(({ metricNamespace, metricName }) => visible(`${metricNamespace} ${metricName}`))
        .join(', '),
  },
  {
    id: 'created',
    header: 'Created',
    width: 190,
    cell: ({ creationTime }) => <Time value={creationTime} />,
    sortingComparator: by(({ creationTime }) => creationTime),
  },
];
