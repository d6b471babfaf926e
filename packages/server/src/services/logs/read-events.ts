import { setImmediate } from 'node:timers/promises';
import { compileFilterPattern, filterEvent, parseFilterPattern } from '../../event/filter-pattern/index.ts';
import type { LogPlace, LogRange, StoredLogEvent } from '../../ports/log-groups.ts';
import type { Handler } from '../../wire/service.ts';
import type { LogsDeps } from './deps.ts';
import { invalid, logsError, readingPattern } from './errors.ts';
import { type GroupNames, type Groups, placeOf } from './group-store.ts';
import { EVENT_OVERHEAD_BYTES } from './groups.ts';
import { fieldsOf } from './insights/fields.ts';
import { expiredBefore, type Group, type Stream } from './model.ts';
import { makeToken, readToken } from './pages.ts';
import { eventIdOf, FIRST_PLACE, placeOfEventId, readDirection, tokenOf } from './places.ts';
import { readPointer } from './pointers.ts';

interface GetInput extends GroupNames {
  readonly logStreamName: string;
  readonly startTime?: number;
  readonly endTime?: number;
  readonly nextToken?: string;
  readonly limit?: number;
  readonly startFromHead?: boolean;
}

interface FilterInput extends GroupNames {
  readonly logStreamNames?: readonly string[];
  readonly logStreamNamePrefix?: string;
  readonly startTime?: number;
  readonly endTime?: number;
  readonly filterPattern?: string;
  readonly nextToken?: string;
  readonly limit?: number;
  readonly startFromHead?: boolean;
}

/** AWS's, of a page: events, and bytes of messages with 26 for each. */
const PAGE_EVENTS_MAX = 10_000;
const PAGE_BYTES_MAX = 1 << 20;
/** How long one FilterLogEvents looks through events that do not match before it answers with a token to go on. */
const SCAN_MS_MAX = 1_500;

export function createReadHandlers(
  { store, clock }: Pick<LogsDeps, 'store' | 'clock'>,
  groups: Groups,
): Record<string, Handler> {
  /** Of a group: nothing that has expired. */
  const rangeOf = (group: Group, startMs = 0, endMs = Number.POSITIVE_INFINITY): LogRange => ({
    startMs: Math.max(startMs, expiredBefore(group, clock.now())),
    endMs,
  });

  return {
    GetLogEvents: async (context, input: GetInput) => {
      const group = await groups.named(context, input);
      const stream = await groups.stream(group, input.logStreamName);
      const from = input.nextToken === undefined ? undefined : readDirection(input.nextToken);
      const backward = from ? from.direction === 'b' : input.startFromHead !== true;
      const range = {
        ...rangeOf(group, input.startTime, input.endTime),
        ...{ streams: new Set([stream.number]), backward },
        ...(from && { after: from.place }),
      };
      const found = await firstPage(store.read(group.id, range), input.limit ?? PAGE_EVENTS_MAX);
      const events = backward ? found.reverse() : found;
      const here = from?.place ?? FIRST_PLACE;
      return {
        events: events.map(({ timestampMs, message, ingestedMs }) => ({
          timestamp: timestampMs,
          message,
          ingestionTime: ingestedMs,
        })),
        nextForwardToken: tokenOf('f', events.at(-1) ?? here),
        nextBackwardToken: tokenOf('b', events[0] ?? here),
      };
    },

    FilterLogEvents: async (context, input: FilterInput) => {
      const group = await groups.named(context, input);
      const streams = await chosenStreams(group, input);
      const matches = readingPattern(() => compileFilterPattern(parseFilterPattern(input.filterPattern ?? '')));
      const { nextToken: _, limit = PAGE_EVENTS_MAX, ...asked } = input;
      const listed = ['FilterLogEvents', group.id, asked];
      const backward = input.startFromHead === false;
      const range: LogRange = {
        ...rangeOf(group, input.startTime, input.endTime === undefined ? undefined : input.endTime + 1),
        ...{ streams: new Set(streams.keys()), backward },
        ...(input.nextToken !== undefined && { after: placeOfEventId(readToken(input.nextToken, listed)) }),
      };
      const events: StoredLogEvent[] = [];
      let bytes = 0;
      let last: LogPlace | undefined;
      let done = true;
      const deadlineMs = clock.monotonicMs() + SCAN_MS_MAX;
      scan: for await (const page of store.read(group.id, range)) {
        for (const event of page) {
          if (events.length >= limit || bytes >= PAGE_BYTES_MAX) {
            done = false;
            break scan;
          }
          last = event;
          if (!matches(filterEvent(event.message))) continue;
          events.push(event);
          bytes += event.message.length + EVENT_OVERHEAD_BYTES;
        }
        if (clock.monotonicMs() > deadlineMs || context.signal.aborted) {
          done = false;
          break;
        }
        await setImmediate(); // others have their turn between pages
      }
      return {
        events: events.map((event) => ({
          logStreamName: streams.get(event.stream)!.name,
          timestamp: event.timestampMs,
          message: event.message,
          ingestionTime: event.ingestedMs,
          eventId: eventIdOf(event),
        })),
        searchedLogStreams: [],
        ...(!done && last && { nextToken: makeToken(eventIdOf(last), listed) }),
      };
    },

    GetLogRecord: async (context, { logRecordPointer }: { readonly logRecordPointer: string }) => {
      const place = placeOf(context);
      const pointer = readPointer(logRecordPointer);
      const group = (await groups.list(place)).find(({ id }) => id === pointer.groupId);
      const { timestampMs: ms, sequence } = pointer;
      const range = { startMs: ms, endMs: ms + 1, after: { timestampMs: ms, sequence: sequence - 1 } };
      const [event] = group ? await firstPage(store.read(group.id, range), 1) : [];
      const stream = event && (await groups.streams(group!)).find(({ number }) => number === event.stream);
      if (!group || !stream || event.sequence !== sequence) {
        throw logsError('ResourceNotFoundException', 'The log record that the pointer means does not exist any more.');
      }
      return { logRecord: fieldsOf(event, { group, stream }) };
    },
  };

  async function chosenStreams(group: Group, input: FilterInput): Promise<ReadonlyMap<number, Stream>> {
    const { logStreamNames: names, logStreamNamePrefix: prefix } = input;
    if (names && prefix !== undefined) {
      throw invalid('Only one of logStreamNames and logStreamNamePrefix may be given.');
    }
    const chosen = names
      ? await Promise.all(names.map((name) => groups.stream(group, name)))
      : (await groups.streams(group)).filter(({ name }) => prefix === undefined || name.startsWith(prefix));
    return new Map(chosen.map((stream) => [stream.number, stream]));
  }
}

async function firstPage(pages: AsyncIterable<readonly StoredLogEvent[]>, limit: number): Promise<StoredLogEvent[]> {
  const events: StoredLogEvent[] = [];
  let bytes = 0;
  for await (const page of pages) {
    for (const event of page) {
      bytes += event.message.length + EVENT_OVERHEAD_BYTES;
      if (events.length > 0 && bytes > PAGE_BYTES_MAX) return events;
      events.push(event);
      if (events.length >= limit) return events;
    }
  }
  return events;
}
