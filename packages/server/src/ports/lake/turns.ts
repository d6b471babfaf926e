import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../base/clock.ts';

/** A page that takes longer holds nobody up. */
const FIRST_MS_MAX = 250;

/** Lets others have their turn. @throws the signal's reason when it aborts */
export type Pause = () => Promise<void>;

/**
 * Who comes first in the one thread that all questions share: whoever changes a filter asks for a page and its figures at
 * once, and looks at the page first. Work that takes long pauses every few milliseconds.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #first = new Set<Promise<void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Does what others wait for, until it is done, lets go since it waits for them, or has taken too long. */
  async first<R>(work: (letGo: () => void) => Promise<R>): Promise<R> {
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    this.#first.add(held);
    const cancel = this.#clock.after(FIRST_MS_MAX, letGo);
    void held.then(() => this.#first.delete(held));
    try {
      return await work(letGo);
    } finally {
      cancel();
      letGo();
    }
  }

  /** For work that others come before. */
  pauses(signal: AbortSignal): Pause {
    return async () => {
      await setImmediate();
      await Promise.all(this.#first);
      signal.throwIfAborted();
    };
  }
}
