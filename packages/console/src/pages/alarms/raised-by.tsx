import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useCall } from '../../hooks/use-call.ts';
import { EVENT_COLUMNS } from '../../parts/events/columns.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Time } from '../../ui/time.tsx';
import { visible } from '../../ui/visible.ts';
import type { Alarm } from './calls.ts';
import { eventsBehind } from './events-behind.ts';
import type { Raised } from './reason.ts';

interface RaisedByProps {
  readonly alarm: Alarm;
  /** undefined: it never was. */
  readonly raised: Raised | undefined;
}

/** The events that an alarm's metric filters counted in the time that it went off for. */
export function RaisedBy({ alarm, raised }: RaisedByProps) {
  const call = useCall(
    async (signal) => (raised ? eventsBehind(alarm, raised, signal) : []),
    [alarm.AlarmArn, raised?.atMs],
  );
  if (!raised) return <Box color="text-body-secondary">It has not gone off as far back as its history reaches.</Box>;
  return (
    <Loaded call={call} failed="The events that raised it could not be loaded">
      {(found) => (
        <Table
          variant="borderless"
          contentDensity="compact"
          wrapLines
          items={found}
          ariaLabels={{ tableLabel: 'Events that raised the alarm' }}
          header={
            <Header
              variant="h3"
              counter={`(${found.length})`}
              description={
                <SpaceBetween size="xxs">
                  <WhatCounted alarm={alarm} raised={raised} />
                  {raised.reason !== alarm.StateReason && <span>{visible(raised.reason)}</span>}
                </SpaceBetween>
              }
            >
              Events that raised it
            </Header>
          }
          empty={
            <EmptyState title="No events">
              {alarm.AlarmRule === undefined ? 'Its metric does' : 'The metrics of its alarms do'} not come from a
              metric filter, or the log group keeps these events no more.
            </EmptyState>
          }
          columnDefinitions={EVENT_COLUMNS}
        />
      )}
    </Loaded>
  );
}

function WhatCounted({ alarm, raised }: { readonly alarm: Alarm; readonly raised: Raised }) {
  if (alarm.AlarmRule !== undefined) {
    const children = raised.children.map((name) => visible(name, NAME_CHARS_MAX)).join(', ');
    return (
      <span>
        It went off at <Time value={raised.atMs} />. Metric filters counted these for the alarms that it is made of:{' '}
        {children || 'none'}.
      </span>
    );
  }
  return (
    <span>
      It went off at <Time value={raised.atMs} />. Its metric filters counted these from <Time value={raised.startMs} />{' '}
      to <Time value={raised.endMs} />.
    </span>
  );
}

const NAME_CHARS_MAX = 80;
