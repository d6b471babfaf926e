import type { Clock } from '../base/clock.ts';

/** Resolves once the signal is aborted. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

/** How the parts of trail delivery wait for each other and for time, and stop waiting when it ends. */
export class Alarm {
  readonly #clock: Clock;
  readonly #watchers = new Set<() => void>();
  readonly #end = new AbortController();
  #waker = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Aborted at the next `wake`. Taken before looking for work, so that no work goes unseen. */
  get signal(): AbortSignal {
    return this.#waker.signal;
  }

  get ended(): boolean {
    return this.#end.signal.aborted;
  }

  /** There may be something new to do. */
  wake(): void {
    this.#waker.abort();
    this.#waker = new AbortController();
    this.notify();
  }

  /** Something was done: who waits for a condition looks again. */
  notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Ends all waiting, now and from now on. */
  end(): void {
    this.#end.abort();
    this.wake();
  }

  /** Resolves when the condition holds. It is looked at after every `wake` and `notify`. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!this.ended && !condition()) return;
        this.#watchers.delete(check);
        resolve();
      };
      this.#watchers.add(check);
      check();
    });
  }

  /** @param signal ends the pause too */
  pause(delayMs: number, signal: AbortSignal = this.#end.signal): Promise<void> {
    if (signal.aborted || this.ended) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#clock.after(delayMs, done);
      signal.addEventListener('abort', done);
    });
  }
}
