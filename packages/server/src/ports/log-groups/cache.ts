/** What was read last and may be wanted again, up to a number of bytes over all groups. */
export class BlockCache {
  readonly #bytesMax: number;
  readonly #entries = new Map<string, { readonly value: unknown; readonly bytes: number }>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** @param read with how much memory it takes */
  async get<T>(key: string, read: () => Promise<{ readonly value: T; readonly bytes: number }>): Promise<T> {
    const known = this.#entries.get(key);
    if (known) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.value as T;
    }
    const entry = await read();
    if (!this.#entries.has(key)) {
      this.#entries.set(key, entry);
      this.#bytes += entry.bytes;
    }
    for (const [oldest, { bytes }] of this.#entries) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#entries.delete(oldest);
      this.#bytes -= bytes;
    }
    return entry.value;
  }
}
