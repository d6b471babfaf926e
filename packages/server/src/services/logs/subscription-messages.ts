import type { StoredLogEvent } from '../../ports/log-groups.ts';
import type { Group, Subscription } from './model.ts';
import { eventIdOf } from './places.ts';

/** What subscribers get, in AWS's shape (user guide, "Using subscription filters"): JSON, to be compressed by gzip. */
export const dataMessage = (
  group: Group,
  logStream: string,
  { name }: Subscription,
  events: readonly StoredLogEvent[],
): string =>
  JSON.stringify({
    messageType: 'DATA_MESSAGE',
    owner: group.accountId,
    logGroup: group.name,
    logStream,
    subscriptionFilters: [name],
    logEvents: events.map((event) => ({ id: eventIdOf(event), timestamp: event.timestampMs, message: event.message })),
  });

/** Sent once when a filter is made, so that a destination that cannot be reached is told at once. */
export const controlMessage = (destination: string, nowMs: number): string =>
  JSON.stringify({
    messageType: 'CONTROL_MESSAGE',
    owner: 'CloudwatchLogs',
    logGroup: '',
    logStream: '',
    subscriptionFilters: [],
    logEvents: [
      {
        id: '',
        timestamp: nowMs,
        message: `CWL CONTROL MESSAGE: Checking health of destination ${destination}.`,
      },
    ],
  });
