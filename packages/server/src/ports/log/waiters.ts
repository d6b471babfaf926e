import type { Sequence } from '../log.ts';

/** Those who wait for the Log to grow. */
export class Waiters {
  readonly #waiting = new Set<{ readonly sequence: Sequence; readonly wake: () => void }>();

  /** Resolves when woken with an end past `sequence`, or when `signal` aborts. */
  wait(sequence: Sequence, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter = {
        sequence,
        wake: () => {
          this.#waiting.delete(waiter);
          signal.removeEventListener('abort', waiter.wake);
          resolve();
        },
      };
      this.#waiting.add(waiter);
      signal.addEventListener('abort', waiter.wake);
    });
  }

  /** @param end the Log's; infinite to wake everybody, for the end */
  wake(end: Sequence): void {
    for (const waiter of this.#waiting) if (end > waiter.sequence) waiter.wake();
  }
}
