import { Pushback } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Call } from '../event/call.ts';
import type { NewEvent } from '../event/event.ts';
import { eventFromRecord, ownerRecordFromCall, recordFromCall } from '../event/record-from-call.ts';
import type { Log } from '../ports/log.ts';

/**
 * When an answer may leave, relative to its record: after the record is durable; at once, with the record following;
 * or at once, and a record that the Log cannot take is dropped and counted.
 */
export type AuditMode = 'before-answer' | 'after-answer' | 'drop-and-count';

export interface AuditSettings {
  readonly management: AuditMode;
  readonly data: AuditMode;
}

/** Records that may wait for the Log behind answers that have left; past it `after-answer` waits like `before-answer`. */
const WAITING_EVENTS_MAX = 10_000;
/** Pause before a waiting record is offered again. */
const RETRY_MS = 200;

export interface Auditor {
  /** Refuses a call before it changes anything when its record could not be kept. @throws Pushback */
  check(): void;
  /** Resolves when the answer may leave. @throws Pushback when the mode is before-answer and the Log refuses */
  record(call: Call): Promise<void>;
  /** Resolves when no record is waiting any more. */
  drain(): Promise<void>;
}

export interface AuditDeps {
  readonly log: Log;
  readonly settings: AuditSettings;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly after: (delayMs: number, fn: () => void) => () => void;
}

/** Turns Calls into Events and sees them into the Log, in the configured order with the answer. */
export function createAuditor({ log, settings, metrics, logger, after }: AuditDeps): Auditor {
  const waiting = new Set<Promise<void>>();

  const append = async (events: readonly NewEvent[]): Promise<void> => {
    await log.append(events);
  };
  const appendWhenPossible = async (events: readonly NewEvent[]): Promise<void> => {
    for (;;) {
      try {
        return await append(events);
      } catch (error) {
        if (!(error instanceof Pushback)) throw error;
        await new Promise<void>((resume) => after(RETRY_MS, resume));
      }
    }
  };
  const lose = (events: readonly NewEvent[], error: unknown): void => {
    metrics.eventsLost.inc({ reason: error instanceof Pushback ? 'pushback' : 'error' }, events.length);
    const { eventId, eventName } = events[0]!.header;
    logger.error({ err: error, eventId, eventName }, 'a record was lost');
  };
  const behind = (work: Promise<void>, events: readonly NewEvent[]): void => {
    const tracked = work.catch((error) => lose(events, error)).finally(() => waiting.delete(tracked));
    waiting.add(tracked);
  };

  return {
    check() {
      if (log.trouble !== undefined && settings.management === 'before-answer') throw new Pushback(log.trouble);
    },
    async record(call) {
      const events = eventsOf(call);
      const mode = events[0]!.header.category === 'Data' ? settings.data : settings.management;
      if (mode === 'drop-and-count') behind(append(events), events);
      else if (mode === 'after-answer' && waiting.size < WAITING_EVENTS_MAX) behind(appendWhenPossible(events), events);
      else await append(events);
    },
    async drain() {
      await Promise.all(waiting);
    },
  };
}

/** The caller's record, and the resource owner's when that is another account: in one batch, so that neither is alone. */
function eventsOf(call: Call): readonly NewEvent[] {
  const record = recordFromCall(call);
  const owners = ownerRecordFromCall(call, record);
  return (owners ? [record, owners] : [record]).map((r) => eventFromRecord(r));
}
