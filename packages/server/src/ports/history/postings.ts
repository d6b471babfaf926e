import type { Term } from './terms.ts';

const START_CAPACITY = 1024;
const NONE = -1;

/** The lists as they are: what it takes to write them down. */
export interface PostingColumns {
  /** Of each term, numbered from 0 in the order they were first seen. */
  readonly terms: Float64Array;
  readonly counts: Uint32Array;
  /** The newest entry of each term. */
  readonly heads: Int32Array;
  /** Of each entry: its row, and the entry before it or -1. */
  readonly rows: Uint32Array;
  readonly older: Int32Array;
}

/**
 * Which rows of a segment have which term: an open-addressing table of terms, and for each a list of rows, newest
 * first, chained through flat arrays. No strings and no objects are kept: about 16 bytes a term and 8 an entry.
 */
export class Postings {
  #terms = new Float64Array(START_CAPACITY);
  #counts = new Uint32Array(START_CAPACITY);
  /** The newest entry of each term. */
  #heads = new Int32Array(START_CAPACITY);
  #termCount = 0;
  /** Term number by hash; at most half full, so probes stay short. */
  #slots = new Int32Array(2 * START_CAPACITY).fill(NONE);
  #rows = new Uint32Array(START_CAPACITY);
  #older = new Int32Array(START_CAPACITY);
  #entryCount = 0;

  /** A copy: some milliseconds for a full segment. */
  columns(): PostingColumns {
    return {
      terms: this.#terms.slice(0, this.#termCount),
      counts: this.#counts.slice(0, this.#termCount),
      heads: this.#heads.slice(0, this.#termCount),
      rows: this.#rows.slice(0, this.#entryCount),
      older: this.#older.slice(0, this.#entryCount),
    };
  }

  /** Rows MUST come in ascending order; a repeated row of a term is left out. */
  add(term: Term, row: number): void {
    const slot = this.#slotOf(term);
    const number = this.#slots[slot]!;
    const head = number === NONE ? NONE : this.#heads[number]!;
    if (head !== NONE && this.#rows[head] === row) return;
    if (this.#entryCount === this.#rows.length) {
      this.#rows = doubled(this.#rows);
      this.#older = doubled(this.#older);
    }
    const entry = this.#entryCount++;
    this.#rows[entry] = row;
    this.#older[entry] = head;
    if (number === NONE) {
      this.#addTerm(term, slot, entry);
    } else {
      this.#heads[number] = entry;
      this.#counts[number]!++;
    }
  }

  /** The newest entry of `term`, or -1. Walk on with `older`, read with `row`. */
  newest(term: Term): number {
    const number = this.#slots[this.#slotOf(term)]!;
    return number === NONE ? NONE : this.#heads[number]!;
  }

  /** The entry before this one, or -1. */
  older(entry: number): number {
    return this.#older[entry]!;
  }

  row(entry: number): number {
    return this.#rows[entry]!;
  }

  #slotOf(term: Term): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = (term >>> 0) & mask;
    for (;;) {
      const number = slots[slot]!;
      if (number === NONE || this.#terms[number] === term) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #addTerm(term: Term, slot: number, entry: number): void {
    if (this.#termCount === this.#terms.length) {
      this.#terms = doubled(this.#terms);
      this.#counts = doubled(this.#counts);
      this.#heads = doubled(this.#heads);
    }
    const number = this.#termCount++;
    this.#terms[number] = term;
    this.#counts[number] = 1;
    this.#heads[number] = entry;
    this.#slots[slot] = number;
    if (2 * this.#termCount > this.#slots.length) this.#rehash();
  }

  #rehash(): void {
    this.#slots = new Int32Array(2 * this.#slots.length).fill(NONE);
    for (let number = 0; number < this.#termCount; number++) {
      this.#slots[this.#slotOf(this.#terms[number]!)] = number;
    }
  }
}

/** A copy with room for twice as many. */
export function doubled<T extends Float64Array | Uint32Array | Int32Array>(array: T): T {
  const copy = new (array.constructor as new (length: number) => T)(2 * array.length);
  copy.set(array);
  return copy;
}
