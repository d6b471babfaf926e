import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Book } from './book.ts';
import { type BusEvent, envelopeText, uuidOf } from './envelope.ts';
import type { Rule } from './model.ts';
import { parseSchedule } from './schedule-expression.ts';

export interface SchedulerDeps {
  readonly book: Book;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Gives the event to the rule's targets. */
  readonly fire: (rule: Rule, event: BusEvent) => Promise<void>;
}

export interface Scheduler {
  /** Rules have changed. */
  wake(): void;
  close(): Promise<void>;
}

/** No timer is longer: the wall clock may be set in between. */
const LOOK_INTERVAL_MS = 30_000;
/** After trouble, before the next try. */
const TROUBLE_PAUSE_MS = 5_000;

/**
 * Fires rules that have a schedule, by the wall clock. What would have fired while the server was down is left out, as a
 * clock does. Each firing's event has an id made of rule and time.
 */
export function startScheduler({ book, clock, logger, fire }: SchedulerDeps): Scheduler {
  /** Everything up to here has fired. */
  let firedMs = clock.now();
  let ended = false;
  let cancelTimer = () => {};
  let firing: Promise<void> = Promise.resolve();

  async function fireDue(untilMs: number): Promise<void> {
    for (const rule of book.scheduled()) {
      // A clock that leapt ahead makes a rule fire once, not for all the time that it skipped.
      const dueMs = nextOf(rule, firedMs);
      if (dueMs !== undefined && dueMs <= untilMs) await fire(rule, scheduledEvent(rule, dueMs));
    }
    firedMs = untilMs;
  }

  function look(): void {
    firing = firing.then(async () => {
      if (ended) return;
      const nowMs = clock.now();
      // Set back: what fires again is what a clock would do again.
      if (nowMs < firedMs) firedMs = nowMs;
      let pauseMs = LOOK_INTERVAL_MS;
      try {
        await fireDue(nowMs);
        for (const rule of book.scheduled())
          pauseMs = Math.min(pauseMs, (nextOf(rule, nowMs) ?? Infinity) - clock.now());
      } catch (error) {
        logger.error({ err: error }, 'a scheduled rule could not fire; tries again');
        pauseMs = TROUBLE_PAUSE_MS;
      }
      cancelTimer();
      if (!ended) cancelTimer = clock.after(Math.max(1, pauseMs), look);
    });
  }

  look();
  return {
    wake: look,
    async close() {
      ended = true;
      cancelTimer();
      await firing;
    },
  };
}

const nextOf = (rule: Rule, afterMs: number): number | undefined => {
  // The rule's schedule was checked when it was put. Nothing fires for a time before it was enabled.
  return parseSchedule(rule.schedule!, rule.enabledMs)?.next(Math.max(afterMs, rule.enabledMs));
};

function scheduledEvent(rule: Rule, dueMs: number): BusEvent {
  const { accountId, region, bus } = rule;
  const parts = {
    id: uuidOf(`${rule.id} ${dueMs}`),
    detailType: 'Scheduled Event',
    source: 'aws.events',
    account: accountId,
    timeMs: dueMs,
    region,
    resources: [rule.arn],
    detail: '{}',
  };
  const text = envelopeText(parts);
  return {
    accountId,
    region,
    bus,
    source: parts.source,
    detailType: parts.detailType,
    timeMs: dueMs,
    text: () => text,
  };
}
