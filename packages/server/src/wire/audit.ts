import { Bag, type Bagged } from '../base/bag.ts';
import { Pushback } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Call } from '../event/call.ts';
import { isReadOnly } from '../event/conventions/classes.ts';
import { recordsOfDeletedObjects } from '../event/deleted-objects.ts';
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

/** A record on its way to the Log behind an answer that has left. */
interface Behind extends Bagged {
  readonly done: Promise<unknown>;
}

/** Records that may wait for the Log behind answers that have left; past it `after-answer` waits like `before-answer`. */
const WAITING_EVENTS_MAX = 10_000;
const MAKES_ROOM = /^(Delete|Abort)(?![a-z])/;
/** Pause before a waiting record is offered again. */
const RETRY_MS = 200;

export interface Auditor {
  readonly settings: AuditSettings;
  /**
   * Refuses a call before it changes anything when its record could not be kept, or when the Log wants a pause. Calls
   * that read, or make room, go on as long as their records can be kept.
   * @throws Pushback
   */
  check(schemaId: string, operation: string): void;
  /**
   * Resolves when the answer may leave.
   * @param refused the call was refused as overload: its record may wait no less than it
   * @throws Pushback when the mode is before-answer and the Log refuses
   */
  record(call: Call, refused: boolean): Promise<void>;
  /** The same for the records of one call that are made already. */
  keep(events: readonly NewEvent[], refused: boolean): Promise<void>;
  /** Resolves when no record is waiting any more. */
  drain(): Promise<void>;
}

export interface AuditDeps {
  /** Takes nothing while something asks for a pause. */
  readonly log: Log;
  /** The same Log, as long as it takes anything: for the records of calls that were let through. */
  readonly lastingLog: Log;
  readonly settings: AuditSettings;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly after: (delayMs: number, fn: () => void) => () => void;
}

/** Turns Calls into Events and sees them into the Log, in the configured order with the answer. */
export function createAuditor({ log, lastingLog, settings, metrics, logger, after }: AuditDeps): Auditor {
  const waiting = new Bag<Behind>();

  const appendWhenPossible = async (to: Log, events: readonly NewEvent[]): Promise<unknown> => {
    for (;;) {
      try {
        return await to.append(events);
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
  const behind = (work: Promise<unknown>, events: readonly NewEvent[]): void => {
    const done = work.catch((error) => lose(events, error)).finally(() => waiting.delete(tracked));
    const tracked: Behind = { bagPlace: -1, done };
    waiting.add(tracked);
  };

  return {
    settings,
    check(schemaId, operation) {
      const goesOn = isReadOnly(schemaId, operation) || MAKES_ROOM.test(operation);
      const { trouble } = goesOn ? lastingLog : log;
      if (trouble !== undefined && settings.management === 'before-answer') throw new Pushback(trouble);
    },
    record: (call, refused) => keep(eventsOfCall(call), refused),
    keep,
    async drain() {
      await Promise.all([...waiting].map(({ done }) => done));
    },
  };

  async function keep(events: readonly NewEvent[], refused: boolean): Promise<void> {
    const to = refused ? log : lastingLog;
    const mode = events[0]!.header.category === 'Data' ? settings.data : settings.management;
    if (mode === 'drop-and-count') behind(to.append(events), events);
    else if (mode === 'after-answer' && waiting.size < WAITING_EVENTS_MAX)
      behind(appendWhenPossible(to, events), events);
    else await to.append(events);
  }
}

/**
 * The caller's record, those of what it did to single objects, and of each the resource owner's when that is another
 * account: in one batch, so that none is alone.
 */
export function eventsOfCall(call: Call): readonly NewEvent[] {
  const record = recordFromCall(call);
  const events: NewEvent[] = [];
  for (const one of [record, ...recordsOfDeletedObjects(call, record)]) {
    const owners = ownerRecordFromCall(call, one);
    events.push(eventFromRecord(one));
    if (owners) events.push(eventFromRecord(owners));
  }
  return events;
}
