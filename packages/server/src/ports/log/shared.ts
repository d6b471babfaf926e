/** Something that is disposed of as soon as it is no longer wanted and nobody uses it. */
export class Shared<T> {
  readonly #value: T;
  readonly #dispose: (value: T) => void | Promise<void>;
  #users = 0;
  #unused: (() => void) | undefined;

  constructor(value: T, dispose: (value: T) => void | Promise<void>) {
    this.#value = value;
    this.#dispose = dispose;
  }

  /** Runs `work` with the value, which stays alive as long. MUST NOT be called after `end`. */
  async use<R>(work: (value: T) => Promise<R>): Promise<R> {
    this.#users++;
    try {
      return await work(this.#value);
    } finally {
      if (--this.#users === 0) this.#unused?.();
    }
  }

  /** Waits for the last user, then disposes of the value. Once. */
  async end(): Promise<void> {
    if (this.#users > 0) await new Promise<void>((resolve) => (this.#unused = resolve));
    await this.#dispose(this.#value);
  }
}
