import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Sequence } from '../ports/log.ts';

const EVERY_MS = 60_000;
const DAY_MS = 86_400_000;
/** Of the oldest event in the segment that is being written: what is deleted is a whole segment. */
const SEGMENT_AGE_MS_MAX = DAY_MS;

export interface RetentionDeps {
  /** Completes the segment that is being written if its oldest event is older than this. */
  readonly rotate: (acceptedBeforeMs: number) => Promise<void>;
  readonly retain: (limit: { acceptedBeforeMs: number; floor: Sequence }) => Promise<Sequence>;
  /** Nothing from here on may go: what the slowest follower still has to read. */
  readonly floor: () => Sequence;
  readonly retentionDays: number;
  /** Without leaps (`base/clock.ts`): else one would delete everything. */
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Deletes what the Log has kept for long enough: an event at most a day late, however quiet the Log is.
 * @returns stops it; resolves when no deletion is under way
 */
export function startRetention({
  rotate,
  retain,
  floor,
  retentionDays,
  clock,
  logger,
}: RetentionDeps): () => Promise<void> {
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let cancel = () => {};

  const sweep = async (): Promise<void> => {
    try {
      await rotate(clock.now() - SEGMENT_AGE_MS_MAX);
      await retain({ acceptedBeforeMs: clock.now() - retentionDays * DAY_MS, floor: floor() });
    } catch (error) {
      logger.warn({ err: error }, 'could not delete old segments of the log; trying again in a minute');
    }
    if (!stopped) plan();
  };
  const plan = () => {
    cancel = clock.after(EVERY_MS, () => {
      running = sweep();
    });
  };
  plan();
  return async () => {
    stopped = true;
    cancel();
    await running;
  };
}
