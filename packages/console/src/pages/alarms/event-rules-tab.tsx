import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { TableProps } from '@cloudscape-design/components/table';
import { useRegion } from '../../api/session.ts';
import { useCall } from '../../hooks/use-call.ts';
import { nameOfArn } from '../../parts/events/record.ts';
import { by, ListTable } from '../../ui/list-table.tsx';
import { visible } from '../../ui/visible.ts';
import { type EventRule, listEventRules } from './calls.ts';

/** What EventBridge sends on, and where to. */
export function EventRulesTab() {
  const region = useRegion();
  const call = useCall(listEventRules, [region]);
  return (
    <ListTable
      title="EventBridge rules"
      description="Rules of the default event bus in this Region. Events of CloudTrail come to it while a trail logs them."
      call={call}
      columns={COLUMNS}
      idOf={({ Name }) => Name}
      textOf={(rule) => JSON.stringify(rule)}
      empty={{ title: 'No rules', hint: 'An event’s “Make a filter or alarm” shows the event pattern for one.' }}
      failed="Rules could not be loaded"
    />
  );
}

const COLUMNS: readonly TableProps.ColumnDefinition<EventRule>[] = [
  {
    id: 'name',
    header: 'Name',
    isRowHeader: true,
    cell: ({ Name }) => visible(Name),
    sortingComparator: by(({ Name }) => Name),
  },
  {
    id: 'state',
    header: 'State',
    width: 130,
    cell: ({ State = '' }) => (
      <StatusIndicator type={State.startsWith('ENABLED') ? 'success' : 'stopped'}>
        {State.startsWith('ENABLED') ? 'Enabled' : 'Disabled'}
      </StatusIndicator>
    ),
  },
  {
    id: 'pattern',
    header: 'Event pattern or schedule',
    cell: ({ EventPattern, ScheduleExpression }) => (
      <code className="ot-alarms-code">{visible(EventPattern ?? ScheduleExpression ?? '-')}</code>
    ),
  },
  {
    id: 'targets',
    header: 'Targets',
    cell: ({ targets }) => (targets.length === 0 ? 'None' : targets.map(({ Arn }) => targetText(Arn)).join(', ')),
  },
];

/** `sqs alerts` */
function targetText(arn: string): string {
  const [, , service = ''] = arn.split(':');
  return visible(`${service} ${nameOfArn(arn)}`);
}
