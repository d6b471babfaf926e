import { createHash } from 'node:crypto';

/** Values that are kept as they are; past it figures are close, not exact. */
const EXACT_MAX = 10_000;
/** Of hashes: the count is then within some 3 %. */
const HASHES_MAX = 2_048;

/** Counts different texts: exactly at first, then by the smallest of their hashes, in little memory. */
export class Uniques {
  #exact: Set<string> | undefined = new Set();
  #hashes: number[] = [];
  #known = new Set<number>();

  add(text: string): void {
    if (!this.#exact) {
      this.#addHash(text);
      return;
    }
    this.#exact.add(text);
    if (this.#exact.size <= EXACT_MAX) return;
    for (const one of this.#exact) this.#addHash(one);
    this.#exact = undefined;
  }

  count(): number {
    if (this.#exact) return this.#exact.size;
    this.#shrink();
    return Math.round((HASHES_MAX - 1) / this.#hashes.at(-1)!);
  }

  #addHash(text: string): void {
    const hash = createHash('sha1').update(text).digest().readUIntBE(0, 6) / 2 ** 48;
    if (this.#known.has(hash) || (this.#hashes.length === HASHES_MAX && hash >= this.#hashes.at(-1)!)) return;
    this.#known.add(hash);
    this.#hashes.push(hash);
    if (this.#hashes.length >= 2 * HASHES_MAX) this.#shrink();
  }

  #shrink(): void {
    this.#hashes.sort((a, b) => a - b);
    for (const gone of this.#hashes.splice(HASHES_MAX)) this.#known.delete(gone);
  }
}

/** A bucket's values differ by 2 % at most. */
const GROWTH = Math.log(1.02);

/** Percentiles: exactly at first, then of values in buckets. */
export class Percentiles {
  #exact: number[] | undefined = [];
  readonly #buckets = new Map<number, number>();
  #count = 0;

  add(value: number): void {
    this.#count++;
    if (this.#exact) this.#exact.push(value);
    else this.#addToBucket(value);
    if (this.#exact && this.#exact.length > EXACT_MAX) {
      for (const one of this.#exact) this.#addToBucket(one);
      this.#exact = undefined;
    }
  }

  /** @param part from 0 to 1 */
  at(part: number): number | undefined {
    if (this.#count === 0) return undefined;
    const rank = Math.max(0, Math.ceil(part * this.#count) - 1);
    if (this.#exact) return this.#exact.sort((a, b) => a - b)[rank];
    let seen = 0;
    for (const [bucket, count] of [...this.#buckets].sort(([a], [b]) => a - b)) {
      seen += count;
      if (seen > rank) return bucket === 0 ? 0 : Math.sign(bucket) * Math.exp((Math.abs(bucket) - OFFSET) * GROWTH);
    }
    return undefined;
  }

  #addToBucket(value: number): void {
    const size = Math.max(1, Math.round(Math.log(Math.abs(value)) / GROWTH) + OFFSET);
    const bucket = value === 0 ? 0 : Math.sign(value) * size;
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
  }
}

/** Makes the buckets' numbers positive for all but the smallest numbers, so that the sign tells negative values apart. */
const OFFSET = 2_000;
