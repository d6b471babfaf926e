/** What questions under way still read must stay: it is done away with when those that began before are over. */
export class Pins {
  readonly #pinned = new Set<symbol>();
  #due: { readonly waitsFor: Set<symbol>; readonly dispose: () => void }[] = [];

  /** Nothing that is dropped from now on is disposed of before the function that this returns is called. */
  pin(): () => void {
    const pin = Symbol();
    this.#pinned.add(pin);
    return () => {
      this.#pinned.delete(pin);
      for (const { waitsFor } of this.#due) waitsFor.delete(pin);
      this.#settle();
    };
  }

  async while<R>(work: () => Promise<R>): Promise<R> {
    const unpin = this.pin();
    try {
      return await work();
    } finally {
      unpin();
    }
  }

  /** `dispose` is called once, as soon as everything that is pinned now is not any more. */
  drop(dispose: () => void): void {
    this.#due.push({ waitsFor: new Set(this.#pinned), dispose });
    this.#settle();
  }

  #settle(): void {
    const free = this.#due.filter(({ waitsFor }) => waitsFor.size === 0);
    this.#due = this.#due.filter((one) => !free.includes(one));
    for (const { dispose } of free) dispose();
  }
}
