/**
 * Time is a parameter. Nothing else in the product reads the machine's clock or sets a timer (a test enforces it),
 * so that tests own time and a clock that jumps can be simulated.
 */
export interface Clock {
  /** Wall-clock time, milliseconds since the epoch. May jump either way. */
  now(): number;
  /** Monotonic time in milliseconds, for durations and back-off. Never jumps. */
  monotonicMs(): number;
  /** Runs `fn` once after `delayMs`. Returns a function that cancels it. MUST NOT keep the process alive. */
  after(delayMs: number, fn: () => void): () => void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** More than this between wall clock and monotonic clock is a leap, not a correction. */
const LEAP_MS = 3_600_000;

/**
 * For what deletes by age: a wall clock that leaps forward must not make everything old. From a leap on, time is
 * reckoned by the monotonic clock from where the wall clock stood when this was made, until the next start.
 */
export function withoutLeaps(clock: Clock): Clock {
  const start = { wallMs: clock.now(), monotonicMs: clock.monotonicMs() };
  return {
    now() {
      const reckoned = start.wallMs + (clock.monotonicMs() - start.monotonicMs);
      const now = clock.now();
      return now > reckoned + LEAP_MS ? reckoned : now;
    },
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, fn) => clock.after(delayMs, fn),
  };
}

/** A clock that moves only when told to; timers fire, in order, from `advance`. */
export class FakeClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  #timers: { atMs: number; fn: () => void }[] = [];

  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#wallMs = startMs;
  }
  now(): number {
    return this.#wallMs;
  }
  monotonicMs(): number {
    return this.#monotonicMs;
  }
  after(delayMs: number, fn: () => void): () => void {
    const timer = { atMs: this.#monotonicMs + delayMs, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((t) => t !== timer);
    };
  }
  /** Moves time forward, firing each timer at its own moment and letting its promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonicMs + ms;
    for (;;) {
      const next = this.#timers.filter((t) => t.atMs <= end).sort((a, b) => a.atMs - b.atMs)[0];
      const step = Math.max(0, (next?.atMs ?? end) - this.#monotonicMs);
      this.#monotonicMs += step;
      this.#wallMs += step;
      if (!next) return;
      this.#timers = this.#timers.filter((t) => t !== next);
      next.fn();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  /** Makes the wall clock jump without firing timers, as NTP or an operator would. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }
}
