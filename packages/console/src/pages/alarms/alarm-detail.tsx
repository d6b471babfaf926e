import Badge from '@cloudscape-design/components/badge';
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useCall } from '../../hooks/use-call.ts';
import { nameOfArn } from '../../parts/events/record.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Time } from '../../ui/time.tsx';
import { visible } from '../../ui/visible.ts';
import { AlarmState } from './alarms-tab.tsx';
import { type Alarm, alarmHistory, type HistoryItem } from './calls.ts';
import { RaisedBy } from './raised-by.tsx';
import { conditionOf, lastRaised } from './reason.ts';

/** One alarm: its state and why, the events that raised it, its history. */
export function AlarmDetail({ alarm }: { readonly alarm: Alarm }) {
  const history = useCall((signal) => alarmHistory(alarm.AlarmName, signal), [alarm.AlarmName]);
  const actions = alarm.AlarmActions ?? [];
  return (
    <Container header={<Header variant="h2">{visible(alarm.AlarmName)}</Header>}>
      <SpaceBetween size="l">
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'State', value: <AlarmState state={alarm.StateValue} /> },
            { label: 'State since', value: <Time value={alarm.StateUpdatedTimestamp} /> },
            { label: 'Condition', value: visible(conditionOf(alarm)) },
            { label: 'Reason', value: visible(alarm.StateReason ?? '-') },
            {
              label: 'Notifies',
              value: actions.length === 0 ? 'Nobody' : actions.map((arn) => visible(nameOfArn(arn))).join(', '),
            },
            { label: 'Description', value: visible(alarm.AlarmDescription ?? '-') },
          ]}
        />
        <Loaded call={history} failed="The alarm’s history could not be loaded">
          {(items) => (
            <SpaceBetween size="l">
              <RaisedBy alarm={alarm} raised={lastRaised(alarm, items)} />
              <History items={items} />
            </SpaceBetween>
          )}
        </Loaded>
      </SpaceBetween>
    </Container>
  );
}

const TYPES: Readonly<Record<string, string>> = {
  StateUpdate: 'State',
  ConfigurationUpdate: 'Configuration',
  Action: 'Action',
};

function History({ items }: { readonly items: readonly HistoryItem[] }) {
  return (
    <Table
      variant="borderless"
      contentDensity="compact"
      wrapLines
      items={[...items]}
      ariaLabels={{ tableLabel: 'History of the alarm' }}
      header={<Header variant="h3">History</Header>}
      empty={<EmptyState title="No history" />}
      columnDefinitions={[
        { id: 'time', header: 'Time', width: 190, minWidth: 160, cell: ({ Timestamp }) => <Time value={Timestamp} /> },
        {
          id: 'type',
          header: 'Type',
          width: 140,
          cell: ({ HistoryItemType = '' }) => <Badge>{TYPES[HistoryItemType] ?? HistoryItemType}</Badge>,
        },
        {
          id: 'what',
          header: 'What happened',
          minWidth: 260,
          isRowHeader: true,
          cell: ({ HistorySummary = '' }) => <Box>{visible(HistorySummary)}</Box>,
        },
      ]}
    />
  );
}
