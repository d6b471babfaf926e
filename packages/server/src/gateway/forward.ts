import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Log, Sequence, StoredEvent } from '../ports/log.ts';
import type { State } from '../ports/state.ts';

/** PutRecords takes 16 MB and 10,000 records; smaller batches are answered sooner, and cost little more. */
const BATCH_BYTES_MAX = 4 << 20;
const BATCH_EVENTS_MAX = 5_000;
/** Pause after a batch that did not arrive, then twice as long, and so on. */
const PAUSE_MIN_MS = 500;
const PAUSE_MAX_MS = 30_000;
const STOP_GRACE_MS = 5_000;
const CURSOR = 'gateway/forwarded';

export interface ForwardDeps {
  /** The spool: what is in it survives restarts and is sent until it has arrived. */
  readonly log: Log;
  readonly state: State;
  /** PutRecords, with `deduplicate`: a batch may be sent again after any failure. Throws when it did not arrive. */
  readonly send: (records: Buffer) => Promise<{
    readonly Results: readonly {
      readonly Status: string;
      readonly ErrorCode?: string;
      readonly ErrorMessage?: string;
    }[];
  }>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called for records that the other side does not take. */
  readonly refused: (count: number) => void;
}

export interface Forwarder {
  /** Everything before it has arrived. */
  readonly cursor: Sequence;
  /** Why records do not arrive now, in words, or undefined when they do. */
  trouble(): string | undefined;
  /** Gives the batch under way a moment to arrive. What has not is sent by the next start. */
  stop(): Promise<void>;
}

/** Sends what the spool holds through the native door, in order, each record until it has arrived. */
export async function startForwarding(deps: ForwardDeps): Promise<Forwarder> {
  const { log, state, send, clock, logger, refused } = deps;
  let cursor = Math.max((await state.get<Sequence>(CURSOR))?.value ?? 0, log.start);
  let failure: string | undefined;
  let pauseMs = PAUSE_MIN_MS;
  const end = new AbortController();

  const pause = (delayMs: number) =>
    new Promise<void>((resume) => {
      const done = () => {
        cancel();
        end.signal.removeEventListener('abort', done);
        resume();
      };
      const cancel = clock.after(delayMs, done);
      end.signal.addEventListener('abort', done);
    });

  const sendBatch = async (): Promise<void> => {
    const events = (await log.read(cursor, BATCH_BYTES_MAX)).slice(0, BATCH_EVENTS_MAX);
    const last = events.at(-1);
    if (last === undefined) return;
    const { Results } = await send(Buffer.concat(events.flatMap(({ json }) => [json, NEWLINE])));
    reportRefused(events, Results);
    if (end.signal.aborted) return; // too late for this run; the next sends it again
    await state.write([{ put: CURSOR, value: last.sequence + 1 }]);
    cursor = last.sequence + 1;
  };

  /** Only what we made ourselves is in the spool, so this is a fault of ours; it must not hold up all that comes after. */
  const reportRefused = (events: readonly StoredEvent[], results: Awaited<ReturnType<typeof send>>['Results']) => {
    const bad = results.flatMap((result, i) => (result.Status === 'REFUSED' ? [{ ...result, event: events[i] }] : []));
    for (const { ErrorCode, ErrorMessage, event } of bad) {
      const eventId = event?.header.eventId;
      logger.error({ code: ErrorCode, why: ErrorMessage, eventId }, 'a record was refused by the server');
    }
    if (bad.length > 0) refused(bad.length);
  };

  const run = async (): Promise<void> => {
    while (!end.signal.aborted) {
      await log.waitPast(cursor, end.signal);
      if (end.signal.aborted) return;
      try {
        await sendBatch();
        if (failure !== undefined) logger.info({ waiting: log.end - cursor }, 'records arrive again');
        failure = undefined;
        pauseMs = PAUSE_MIN_MS;
      } catch (error) {
        failure = error instanceof Error ? error.message : String(error);
        logger.warn(
          { err: error, waiting: log.end - cursor, retryMs: pauseMs },
          'records do not arrive; they wait here',
        );
        await pause(pauseMs);
        pauseMs = Math.min(2 * pauseMs, PAUSE_MAX_MS);
      }
    }
  };
  const running = run();

  return {
    get cursor() {
      return cursor;
    },
    trouble: () =>
      failure === undefined ? undefined : `records do not arrive at the server: ${failure} (${log.end - cursor} wait)`,
    async stop() {
      end.abort();
      await Promise.race([running, new Promise<void>((resume) => clock.after(STOP_GRACE_MS, resume))]);
    },
  };
}

const NEWLINE = Buffer.from('\n');
