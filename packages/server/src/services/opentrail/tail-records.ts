import { Readable } from 'node:stream';
import { Pushback } from '../../base/errors.ts';
import { compileSearchFilter, searchableEvent } from '../../event/search/index.ts';
import type { Log, Sequence, StoredEvent } from '../../ports/log.ts';
import type { Handler } from '../../wire/service.ts';
import type { OpenTrailDeps } from './deps.ts';
import { placeOfTime } from './log-scan.ts';
import { shownEvent } from './search-events.ts';
import { filterOf, invalid } from './search-query.ts';
import { whoseRecords } from './whose-records.ts';

/** Bytes read from the Log at a time while following it. */
const READ_BYTES = 1024 * 1024;
/** The same where each event is held against a filter, so that others are heard in between however costly it is. */
const FILTERED_READ_BYTES = 128 * 1024;
/** How far back the newest matching events are looked for: a second's work on a large Log. */
const LOOK_BACK_EVENTS_MAX = 200_000;
const LOOK_BACK_WINDOW_EVENTS = 5_000;
const LAST_MAX = 10_000;
/** Tails of one account at once: every one of them reads each new event. */
const TAILS_MAX = 64;

interface TailInput {
  readonly AccountId?: string;
  readonly Region?: string;
  readonly EventName?: string;
  readonly EventSource?: string;
  readonly Username?: string;
  readonly ErrorCode?: string;
  /** A search filter (event/search). */
  readonly Filter?: string;
  /** Sequence to start at. */
  readonly From?: number;
  /** Begin with this many of the newest matching events. Without it and From, only events from now on are sent. */
  readonly Last?: number;
  /** Begin with what was accepted from this time on. */
  readonly Since?: Date;
  /** false: end at the newest event instead of waiting for more. */
  readonly Follow?: boolean;
  /** What a line is: a record (default), or an event as SearchEvents gives it. */
  readonly Format?: string;
}

type Matcher = (event: StoredEvent) => boolean;

type LineOf = (event: StoredEvent) => Buffer;

const FORMATS: Readonly<Record<string, LineOf>> = {
  records: ({ json }) => onOneLine(json),
  events: ({ sequence, header, json }) => Buffer.from(JSON.stringify(shownEvent({ sequence, ...header, json }))),
};

interface Source {
  readonly log: Log;
  readonly readBytes: number;
}

/**
 * TailRecords: the Log as it grows, one event a line, until the client hangs up. All filters that are given must
 * match. A slow reader is not buffered for: it reads the Log at its own pace.
 */
export function createTailRecords(deps: OpenTrailDeps): Handler {
  const { log } = deps;
  const tails = new Map<string, number>();
  return async (context, input: TailInput) => {
    const { From: from, Last: last = 0, Since: since, Format: format = 'records' } = input;
    if (from !== undefined && (!Number.isSafeInteger(from) || from < 0)) {
      throw invalid('from must be a sequence number, 0 or more.');
    }
    if (!Number.isSafeInteger(last) || last < 0 || last > LAST_MAX) {
      throw invalid(`last must be from 0 to ${LAST_MAX}.`);
    }
    const lineOf = Object.hasOwn(FORMATS, format) ? FORMATS[format]! : undefined;
    if (!lineOf) throw invalid(`format must be '${Object.keys(FORMATS).join("' or '")}'.`);
    const matches = matcherOf(input, await whoseRecords(deps, context, input.AccountId));
    const source: Source = { log, readBytes: input.Filter === undefined ? READ_BYTES : FILTERED_READ_BYTES };
    if ([from, since, last || undefined].filter((place) => place !== undefined).length > 1) {
      throw invalid('Give one of from, since and last: each says where to begin.');
    }
    const begin = from ?? (since ? await placeOfTime(log, since.getTime()) : await placeOfLast(source, last, matches));
    const until = input.Follow === false ? log.end : Number.POSITIVE_INFINITY;
    const mine = context.caller.accountId;
    const open = tails.get(mine) ?? 0;
    if (open >= TAILS_MAX) throw new Pushback(`account ${mine} has ${TAILS_MAX} tails open already`);
    tails.set(mine, open + 1);
    const lines = follow(source, { from: Math.max(begin, log.start), until }, matches, lineOf, context.signal);
    const stream = Readable.from(lines, { objectMode: false });
    stream.once('close', () => tails.set(mine, tails.get(mine)! - 1));
    return { Records: stream };
  };
}

/** @param accounts whose records are seen; undefined: everybody's */
function matcherOf(input: TailInput, accounts: readonly string[] | undefined): Matcher {
  const seen = accounts && new Set(accounts);
  const fields: [string | undefined, (event: StoredEvent) => string][] = [
    [input.Region, (e) => e.header.region],
    [input.EventName, (e) => e.header.eventName],
    [input.EventSource, (e) => e.header.eventSource],
    [input.Username, (e) => e.header.username],
    [input.ErrorCode, (e) => (JSON.parse(e.json.toString()) as { errorCode?: string }).errorCode ?? ''],
  ];
  const wanted = fields.filter(([value]) => value !== undefined);
  const fits = compileSearchFilter(filterOf(input.Filter));
  return (event) =>
    (seen === undefined || seen.has(event.header.accountId)) &&
    wanted.every(([value, read]) => read(event) === value) &&
    fits(searchableEvent(event.header, event.json));
}

/** Where to begin so that the `count` newest matching events come first, looking back no further than the bound. */
async function placeOfLast(source: Source, count: number, matches: Matcher): Promise<Sequence> {
  const { log } = source;
  if (count === 0) return log.end;
  const oldest = Math.max(log.start, log.end - LOOK_BACK_EVENTS_MAX);
  let found = 0;
  for (let to = log.end; to > oldest; to -= LOOK_BACK_WINDOW_EVENTS) {
    const begin = Math.max(oldest, to - LOOK_BACK_WINDOW_EVENTS);
    const places: Sequence[] = [];
    for await (const event of range(source, begin, to)) if (matches(event)) places.push(event.sequence);
    if (found + places.length >= count) return places[places.length - (count - found)]!;
    found += places.length;
  }
  return oldest;
}

async function* range({ log, readBytes }: Source, from: Sequence, to: Sequence): AsyncGenerator<StoredEvent> {
  for (let next = from; next < to; ) {
    const events = await log.read(next, readBytes);
    if (events.length === 0) return;
    yield* events.filter((event) => event.sequence < to);
    next += events.length;
  }
}

async function* follow(
  { log, readBytes }: Source,
  { from, until }: { readonly from: Sequence; readonly until: number },
  matches: Matcher,
  lineOf: LineOf,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let next = from;
  while (!signal.aborted && next < until) {
    const events = await log.read(next, readBytes);
    const lines: Buffer[] = [];
    for (const event of events) {
      if (event.sequence < until && matches(event)) lines.push(lineOf(event), NEWLINE);
    }
    if (lines.length > 0) yield Buffer.concat(lines);
    next += events.length;
    if (events.length === 0) await log.waitPast(next, signal).catch(() => undefined);
  }
}

const NEWLINE = Buffer.from('\n');

/** Native records keep their bytes, line breaks between members included; none can stand inside a JSON string. */
function onOneLine(json: Buffer): Buffer {
  return json.includes(0x0a) ? Buffer.from(json.toString('latin1').replace(/[\r\n]+/g, ' '), 'latin1') : json;
}
