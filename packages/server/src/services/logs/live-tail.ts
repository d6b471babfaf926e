import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { uuid } from '../../base/random.ts';
import { compileFilterPattern, filterEvent, parseFilterPattern } from '../../event/filter-pattern/index.ts';
import { jsonEvent, jsonException } from '../../wire/event-stream.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type { LogsDeps } from './deps.ts';
import { invalid, logsError, readingPattern } from './errors.ts';
import type { Groups } from './group-store.ts';
import { type Group, groupArn } from './model.ts';

interface TailInput {
  readonly logGroupIdentifiers: readonly string[];
  readonly logStreamNames?: readonly string[];
  readonly logStreamNamePrefixes?: readonly string[];
  readonly logEventFilterPattern?: string;
}

/** AWS's: updates come every second, with at most so many events; what is more is sampled. */
const UPDATE_MS = 1_000;
const UPDATE_EVENTS_MAX = 500;
const SESSION_MS_MAX = 3 * 3_600_000;
const SESSIONS_MAX = 15;
/** Read at a time, and looked through in one update: what comes faster is passed over, and the update says `sampled`. */
const READ_BYTES = 1 << 20;
const UPDATE_READS_MAX = 8;
/** Evaluated before others have their turn. */
const SLICE_EVENTS = 200;

interface Tailed {
  readonly group: Group;
  next: number;
}

/** StartLiveTail: what comes into groups from now on, as an event stream. Nothing is kept for a client that reads slowly. */
export function createLiveTail(
  { store, clock, random }: Pick<LogsDeps, 'store' | 'clock' | 'random'>,
  groups: Groups,
): Handler {
  const sessions = new Map<string, number>();

  return async (context, input: TailInput) => {
    const { logStreamNames: names, logStreamNamePrefixes: prefixes } = input;
    if (names && prefixes) throw invalid('Only one of logStreamNames and logStreamNamePrefixes may be given.');
    if ((names || prefixes) && input.logGroupIdentifiers.length > 1) {
      throw invalid('Log streams can be named for a single log group only.');
    }
    const pattern = readingPattern(() => compileFilterPattern(parseFilterPattern(input.logEventFilterPattern ?? '')));
    const tailed: Tailed[] = [];
    for (const identifier of input.logGroupIdentifiers) {
      const group = await groups.named(context, { logGroupIdentifier: identifier });
      tailed.push({ group, next: await store.end(group.id) });
    }
    const { accountId } = context.caller;
    const open = sessions.get(accountId) ?? 0;
    if (open >= SESSIONS_MAX) {
      throw logsError('LimitExceededException', `At most ${SESSIONS_MAX} Live Tail sessions can be open at once.`);
    }
    sessions.set(accountId, open + 1);
    const isWanted = (name: string) =>
      names ? names.includes(name) : prefixes ? prefixes.some((prefix) => name.startsWith(prefix)) : true;
    const matches = (message: string) => pattern(filterEvent(message));
    const stream = Readable.from(messages(context, input, tailed, isWanted, matches), { objectMode: false });
    stream.once('close', () => sessions.set(accountId, sessions.get(accountId)! - 1));
    return { responseStream: stream };
  };

  async function* messages(
    { requestId, signal }: CallContext,
    input: TailInput,
    tailed: readonly Tailed[],
    isWanted: (stream: string) => boolean,
    matches: (message: string) => boolean,
  ): AsyncGenerator<Buffer, void> {
    const endMs = clock.monotonicMs() + SESSION_MS_MAX;
    const sessionId = uuid(random);
    yield jsonEvent('initial-response', {});
    yield jsonEvent('sessionStart', {
      ...{ requestId, sessionId, logGroupIdentifiers: input.logGroupIdentifiers },
      ...{ logStreamNames: input.logStreamNames ?? [], logStreamNamePrefixes: input.logStreamNamePrefixes ?? [] },
      logEventFilterPattern: input.logEventFilterPattern ?? '',
    });
    while (!signal.aborted) {
      await pause(signal);
      if (signal.aborted) return;
      if (clock.monotonicMs() >= endMs) {
        yield jsonException(
          'SessionTimeoutException',
          'The Live Tail session has lasted three hours, which is the longest.',
        );
        return;
      }
      const found: unknown[] = [];
      let sampled = false;
      for (const one of tailed) sampled = (await take(one, isWanted, matches, found)) || sampled;
      yield jsonEvent('sessionUpdate', { sessionMetadata: { sampled }, sessionResults: found });
    }
  }

  /** Adds what has come to `found`. @returns whether some was left out */
  async function take(
    tailed: Tailed,
    isWanted: (stream: string) => boolean,
    matches: (message: string) => boolean,
    found: unknown[],
  ): Promise<boolean> {
    const { group } = tailed;
    let names: ReadonlyMap<number, string> | undefined;
    for (let reads = 0; reads < UPDATE_READS_MAX; reads++) {
      const events = await store.readIngested(group.id, tailed.next, READ_BYTES);
      if (events.length === 0) return false;
      names ??= new Map((await groups.streams(group)).map(({ name, number }) => [number, name]));
      for (const [i, { sequence, stream, message, timestampMs, ingestedMs }] of events.entries()) {
        if (i % SLICE_EVENTS === SLICE_EVENTS - 1) await setImmediate();
        tailed.next = sequence + 1;
        const logStreamName = names.get(stream);
        if (logStreamName === undefined || !isWanted(logStreamName) || !matches(message)) continue;
        if (found.length >= UPDATE_EVENTS_MAX) {
          tailed.next = await store.end(group.id);
          return true;
        }
        found.push({
          ...{ logStreamName, logGroupIdentifier: groupArn(group, group.name), message },
          ...{ timestamp: timestampMs, ingestionTime: ingestedMs },
        });
      }
    }
    tailed.next = await store.end(group.id);
    return true;
  }

  function pause(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = clock.after(UPDATE_MS, done);
      if (signal.aborted) done();
      else signal.addEventListener('abort', done);
    });
  }
}
