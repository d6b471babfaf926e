import Alert from '@cloudscape-design/components/alert';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import type { TableProps } from '@cloudscape-design/components/table';
import { useRegion } from '../../api/session.ts';
import { useCall } from '../../hooks/use-call.ts';
import { by, ListTable } from '../../ui/list-table.tsx';
import { Time } from '../../ui/time.tsx';
import { visible } from '../../ui/visible.ts';
import { AlarmDetail } from './alarm-detail.tsx';
import { type Alarm, listAlarms } from './calls.ts';
import { conditionOf } from './reason.ts';

interface AlarmsTabProps {
  readonly selected: string;
  readonly onSelect: (name: string) => void;
}

export function AlarmsTab({ selected, onSelect }: AlarmsTabProps) {
  const region = useRegion();
  const call = useCall(listAlarms, [region]);
  const alarm = call.data?.items.find(({ AlarmName }) => AlarmName === selected);
  return (
    <SpaceBetween size="l">
      <ListTable
        title="Alarms"
        description="Alarms of CloudWatch in this Region. Choose one to see what raised it."
        call={call}
        columns={COLUMNS}
        idOf={({ AlarmName }) => AlarmName}
        textOf={(one) => `${one.AlarmName} ${one.StateValue} ${one.StateReason} ${conditionOf(one)}`}
        empty={{ title: 'No alarms', hint: 'Open an event and choose “Make a filter or alarm”.' }}
        failed="Alarms could not be loaded"
        selectedId={selected}
        onSelect={({ AlarmName }) => onSelect(AlarmName)}
      />
      {alarm && <AlarmDetail key={alarm.AlarmArn} alarm={alarm} />}
      {call.data && selected !== '' && !alarm && (
        <Alert type="info">{`There is no alarm ${visible(selected, 255)} in ${region}.`}</Alert>
      )}
    </SpaceBetween>
  );
}

const STATES: Readonly<Record<Alarm['StateValue'], readonly [StatusIndicatorProps.Type, string]>> = {
  ALARM: ['error', 'In alarm'],
  OK: ['success', 'OK'],
  INSUFFICIENT_DATA: ['pending', 'Insufficient data'],
};

export function AlarmState({ state }: { readonly state: Alarm['StateValue'] }) {
  const [type, words] = STATES[state];
  return <StatusIndicator type={type}>{words}</StatusIndicator>;
}

const COLUMNS: readonly TableProps.ColumnDefinition<Alarm>[] = [
  {
    id: 'state',
    header: 'State',
    width: 170,
    cell: ({ StateValue }) => <AlarmState state={StateValue} />,
    sortingComparator: by(({ StateValue }) => StateValue),
  },
  {
    id: 'name',
    header: 'Name',
    isRowHeader: true,
    cell: ({ AlarmName }) => visible(AlarmName),
    sortingComparator: by(({ AlarmName }) => AlarmName),
  },
  { id: 'condition', header: 'Condition', cell: (alarm) => visible(conditionOf(alarm)) },
  {
    id: 'updated',
    header: 'State since',
    width: 190,
    cell: ({ StateUpdatedTimestamp }) => <Time value={StateUpdatedTimestamp} />,
    sortingComparator: by(({ StateUpdatedTimestamp }) => StateUpdatedTimestamp),
  },
];
