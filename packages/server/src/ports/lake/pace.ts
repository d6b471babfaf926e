import type { Clock } from '../../base/clock.ts';
import type { Sequence } from '../log.ts';

export interface PaceOptions {
  readonly clock: Clock;
  /** The share of time, 0 to 1, in which the server's event loop was at work since this was last called. */
  readonly utilization: () => number;
}

/** Measured over this at least: shorter stretches say little. */
const MEASURED_MS = 1_000;
/** Below either the lake keeps up, and there is a processor for it. */
const RUSH_EVENTS_PER_SECOND = 10_000;
const RUSH_UTILIZATION = 0.5;
/** No event is kept from the lake for longer, however much comes. */
export const KEPT_MS_MAX = 120_000;
/** Somebody looks at what the lake holds, and will look again. */
const WATCHED_MS = 10_000;

/**
 * How far the lake is to take events in. While more comes than both the server and the lake can bear, accepting goes
 * first: an event costs the lake more than all else together, low priority or not, and it would fall behind anyway. So
 * it is told of a rush's events when the rush is over, when somebody searches, and after `KEPT_MS_MAX` at the latest.
 */
export class Pace {
  readonly #options: PaceOptions;
  #measured: { readonly ms: number; readonly end: Sequence } | undefined;
  #isRush = false;
  #told = { ms: Number.NEGATIVE_INFINITY, end: 0 };
  #watchedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /** Whether the last answer kept something back. */
  isKeeping = false;

  /** Somebody has searched a short while ago. */
  get isWatched(): boolean {
    return this.#options.clock.monotonicMs() < this.#watchedUntilMs;
  }

  /** Somebody searches. */
  watched(): void {
    this.#watchedUntilMs = this.#options.clock.monotonicMs() + WATCHED_MS;
  }

  /** @returns up to where the lake is to know the Log, whose end is `end` */
  endFor(end: Sequence): Sequence {
    const now = this.#options.clock.monotonicMs();
    this.#measure(now, end);
    this.isKeeping = this.#isRush && now >= this.#watchedUntilMs && now - this.#told.ms < KEPT_MS_MAX;
    if (!this.isKeeping) this.#told = { ms: now, end };
    return this.#told.end;
  }

  #measure(now: number, end: Sequence): void {
    const last = this.#measured;
    if (last && now - last.ms < MEASURED_MS) return;
    this.#measured = { ms: now, end };
    const isUsed = this.#options.utilization() >= RUSH_UTILIZATION;
    this.#isRush =
      last !== undefined && isUsed && (1000 * (end - last.end)) / (now - last.ms) >= RUSH_EVENTS_PER_SECOND;
  }
}
