/**
 * Enough that the five most frequent of a series' values are counted exactly, unless more than these share its calls about
 * evenly; then there is no value worth naming either.
 */
export const TOP_VALUES_KEPT = 16;
/** As CloudTrail cuts strings of a record (spec: records §2). */
const VALUE_CHARS_MAX = 1_024;

/**
 * How often each value came, in bounded memory ("space saving", Metwally et al. 2005): when all places are taken, the
 * least frequent value gives its place and its count to the new one. No count is too small, none is too great by more
 * than a sixteenth of all, and whatever comes more often than that is there.
 */
export class TopValues {
  readonly #counts: Map<string, number>;

  constructor(entries: readonly (readonly [string, number])[] = []) {
    this.#counts = new Map(entries);
  }

  add(value: string, count = 1): void {
    const key = value.length > VALUE_CHARS_MAX ? value.slice(0, VALUE_CHARS_MAX) : value;
    const before = this.#counts.get(key) ?? (this.#counts.size < TOP_VALUES_KEPT ? 0 : this.#takeLeast());
    this.#counts.set(key, before + count);
  }

  addAll(other: TopValues): void {
    for (const [value, count] of other.#counts) this.add(value, count);
  }

  /** As if only this part of it had come. */
  scale(factor: number): void {
    for (const [value, count] of this.#counts) {
      const left = count * factor;
      if (left < LEAST_COUNT) this.#counts.delete(value);
      else this.#counts.set(value, left);
    }
  }

  /** The most frequent, by count, then by value. */
  top(limit: number): readonly (readonly [string, number])[] {
    return [...this.#counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, limit);
  }

  toJSON(): readonly (readonly [string, number])[] {
    return [...this.#counts];
  }

  /** Frees the place of the least frequent. @returns its count */
  #takeLeast(): number {
    let least: string | undefined;
    let count = Number.POSITIVE_INFINITY;
    for (const [value, n] of this.#counts) {
      if (n >= count) continue;
      least = value;
      count = n;
    }
    this.#counts.delete(least!);
    return count;
  }
}

/** Less than this of a call is none. */
const LEAST_COUNT = 0.5;
