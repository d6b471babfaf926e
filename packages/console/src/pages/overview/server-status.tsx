import Box from '@cloudscape-design/components/box';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { eventsText } from '../../ui/format.ts';

/** GetStatus (docs/native-api.md). */
export interface ServerStatus {
  readonly Followers: readonly { readonly Name: string; readonly LagEvents: number }[];
  readonly Troubles: readonly string[];
}

/** What each follower of the Log brings about, in words. */
const WORK: Readonly<Record<string, string>> = {
  history: 'Event history',
  lake: 'Search',
  trails: 'Log files of trails',
  'log-groups': 'CloudWatch Logs of trails',
  rules: 'Detection rules',
  insights: 'CloudTrail Insights',
  'event-bus': 'EventBridge',
};

/** The question itself made a few, which nobody has seen yet. */
const LAG_EVENTS_NONE = 50;
/** Fewer events behind than this are the normal course of things under load. */
const LAG_EVENTS_NORMAL = 10_000;

/** Whether OpenTrail takes events, and how far what is made of them is behind. */
export function StatusView({ status }: { readonly status: ServerStatus }) {
  return (
    <SpaceBetween size="m">
      {status.Troubles.length === 0 ? (
        <StatusIndicator>Takes events</StatusIndicator>
      ) : (
        status.Troubles.map((trouble) => (
          <StatusIndicator key={trouble} type="error">
            {trouble}
          </StatusIndicator>
        ))
      )}
      <KeyValuePairs
        columns={3}
        minColumnWidth={150}
        items={status.Followers.map(({ Name, LagEvents }) => ({
          label: WORK[Name] ?? Name,
          value: <Lag events={LagEvents} />,
        }))}
      />
    </SpaceBetween>
  );
}

function Lag({ events }: { readonly events: number }) {
  if (events < LAG_EVENTS_NONE) return <Box color="text-body-secondary">Up to date</Box>;
  const text = `${eventsText(events)} behind`;
  return events < LAG_EVENTS_NORMAL ? text : <StatusIndicator type="warning">{text}</StatusIndicator>;
}
