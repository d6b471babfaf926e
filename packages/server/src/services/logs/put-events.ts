import type { NewLogEvent } from '../../ports/log-groups.ts';
import { complaintOf } from '../../wire/constraints.ts';
import type { Handler } from '../../wire/service.ts';
import type { LogsDeps } from './deps.ts';
import { invalid } from './errors.ts';
import { type Groups, placeOf } from './group-store.ts';
import { EVENT_OVERHEAD_BYTES } from './groups.ts';
import type { Ingest } from './ingest.ts';
import { DAY_MS, expiredBefore } from './model.ts';

interface PutInput {
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly logEvents: readonly GivenEvent[];
}
interface GivenEvent {
  readonly timestamp?: number;
  readonly message?: string;
}

/** AWS's limits (PutLogEvents, API reference). Messages count as UTF-8, and 26 bytes more each. */
const BATCH_BYTES_MAX = 1_048_576;
const SPAN_MS_MAX = DAY_MS;
const AGE_MS_MAX = 14 * DAY_MS;
const FUTURE_MS_MAX = 2 * 3_600_000;

/** Sequence tokens mean nothing any more and are still given out. */
export const SEQUENCE_TOKEN = '49'.padEnd(56, '0');

export function createPutEvents({ clock }: Pick<LogsDeps, 'clock'>, groups: Groups, ingest: Ingest): Handler {
  return async (context, input: PutInput) => {
    const { value: group } = await groups.find(placeOf(context), input.logGroupName);
    const stream = await groups.stream(group, input.logStreamName);
    const events = input.logEvents.map(readEvent);
    checkBatch(events);
    const nowMs = clock.now();
    const count = (before: number) => countUntil(events, before);
    const tooOld = count(nowMs - AGE_MS_MAX);
    const expired = count(expiredBefore(group, nowMs));
    const tooNew = count(nowMs + FUTURE_MS_MAX + 1);
    await ingest.append(group, stream, events.slice(Math.max(tooOld, expired), tooNew));
    const rejected = {
      ...(tooNew < events.length && { tooNewLogEventStartIndex: tooNew }),
      ...(tooOld > 0 && { tooOldLogEventEndIndex: tooOld }),
      ...(expired > 0 && { expiredLogEventEndIndex: expired }),
    };
    return {
      nextSequenceToken: SEQUENCE_TOKEN,
      ...(Object.keys(rejected).length > 0 && { rejectedLogEventsInfo: rejected }),
    };
  };
}

/** Entries of a list this long are checked here, each as the front end would. @throws AwsError InvalidParameterException */
function readEvent({ timestamp, message }: GivenEvent, i: number): NewLogEvent {
  const isTime = timestamp !== undefined && Number.isSafeInteger(timestamp) && timestamp >= 0;
  if (isTime && message) return { timestampMs: timestamp, message };
  const [member, problem] = isTime
    ? ['message', 'Member must have length greater than or equal to 1']
    : ['timestamp', 'Member must have value greater than or equal to 0'];
  const value = isTime ? (message === undefined ? 'null' : "''") : (timestamp ?? 'null');
  throw invalid(
    `1 validation error detected: ${complaintOf(String(value), `logEvents.${i + 1}.member.${member}`, problem)}`,
  );
}

function checkBatch(events: readonly NewLogEvent[]): void {
  let bytes = 0;
  for (const [i, { timestampMs, message }] of events.entries()) {
    bytes += Buffer.byteLength(message) + EVENT_OVERHEAD_BYTES;
    if (i > 0 && timestampMs < events[i - 1]!.timestampMs) {
      throw invalid('Log events in a single PutLogEvents request must be in chronological order.');
    }
  }
  if (bytes > BATCH_BYTES_MAX) {
    throw invalid(`Upload too large: ${bytes} bytes exceeds limit of ${BATCH_BYTES_MAX}`);
  }
  if (events.at(-1)!.timestampMs - events[0]!.timestampMs > SPAN_MS_MAX) {
    throw invalid('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.');
  }
}

/** How many events (in order of time) are older than `beforeMs`. */
function countUntil(events: readonly NewLogEvent[], beforeMs: number): number {
  const at = events.findIndex(({ timestampMs }) => timestampMs >= beforeMs);
  return at < 0 ? events.length : at;
}
