import { createHeaderPlaces, locateHeader } from '../../event/header.ts';
import type { HistoryCursor } from '../history.ts';
import type { Sequence } from '../log.ts';
import { doubled, type PostingColumns, Postings } from './postings.ts';
import { isOlder, type Scan } from './source.ts';
import { type Term, termsOf } from './terms.ts';

const START_CAPACITY = 1024;
/** Candidates found by one walk: a page of LookupEvents (50) and the one that tells whether there are more. */
const WALK_CANDIDATES = 51;

/** What of a segment's index goes into a file. */
export interface IndexColumns {
  readonly first: Sequence;
  readonly rows: number;
  readonly oldestMs: number;
  readonly newestMs: number;
  /** Of each row. */
  readonly timeMs: Float64Array;
  readonly postings: PostingColumns;
}

/** What to hand over to another thread, rather than copying it again. */
export const buffersOf = ({ timeMs, postings }: IndexColumns): ArrayBuffer[] =>
  [timeMs, ...Object.values(postings)].map((column) => column.buffer as ArrayBuffer);

/**
 * The index of one segment in memory, built row by row in the Log's order: of a raw segment while it grows, and of any
 * segment on its way to an index file. About 130 bytes an event.
 */
export class SegmentIndex {
  readonly first: Sequence;
  readonly postings = new Postings();
  rows = 0;
  oldestMs = Number.POSITIVE_INFINITY;
  #timeMs = new Float64Array(START_CAPACITY);
  /** The newest time among this row and all before it: what lets a walk stop although events may come late. */
  #newestMs = new Float64Array(START_CAPACITY);
  readonly #terms: Term[] = [];
  readonly #places = createHeaderPlaces();

  constructor(first: Sequence) {
    this.first = first;
  }

  get newestMs(): number {
    return this.rows === 0 ? Number.NEGATIVE_INFINITY : this.#newestMs[this.rows - 1]!;
  }

  /** A copy, for another thread to write down. */
  columns(): IndexColumns {
    const { first, rows, oldestMs, newestMs, postings } = this;
    return { first, rows, oldestMs, newestMs, timeMs: this.#timeMs.slice(0, rows), postings: postings.columns() };
  }

  /** Adds the event that follows the last one added, by its encoded header: `length` bytes at `offset`. */
  add(bytes: Buffer, offset: number, length: number): void {
    const places = this.#places;
    locateHeader(bytes, offset, length, places);
    const { timeMs } = places;
    if (this.rows === this.#timeMs.length) {
      this.#timeMs = doubled(this.#timeMs);
      this.#newestMs = doubled(this.#newestMs);
    }
    const row = this.rows;
    this.#newestMs[row] = Math.max(timeMs, this.newestMs);
    this.#timeMs[row] = timeMs;
    this.oldestMs = Math.min(timeMs, this.oldestMs);
    this.rows++;
    termsOf(bytes, places, this.#terms);
    for (const term of this.#terms) this.postings.add(term, row);
  }

  /** @see Source.candidates */
  *candidates(scan: Scan): Iterable<HistoryCursor> {
    let { before } = scan;
    for (;;) {
      const found = this.#walk({ ...scan, before });
      yield* found;
      if (found.length < WALK_CANDIDATES) return;
      before = found[found.length - 1]!;
    }
  }

  /**
   * The newest `WALK_CANDIDATES`, newest first. Walks from the latest arrival back until all that remain are known to
   * be older: a few steps for events in order of time, at worst all rows of the term.
   */
  #walk({ term, before, startMs }: Scan): HistoryCursor[] {
    const found: HistoryCursor[] = [];
    let enoughMs = startMs;
    for (let entry = this.postings.newest(term); entry >= 0; entry = this.postings.older(entry)) {
      const row = this.postings.row(entry);
      if (this.#newestMs[row]! < enoughMs) break;
      const timeMs = this.#timeMs[row]!;
      if (timeMs < enoughMs || timeMs > before.timeMs) continue;
      const candidate = { timeMs, sequence: this.first + row };
      if (!isOlder(candidate, before)) continue;
      insert(found, candidate);
      if (found.length > WALK_CANDIDATES) found.pop();
      if (found.length === WALK_CANDIDATES) enoughMs = Math.max(enoughMs, found[WALK_CANDIDATES - 1]!.timeMs);
    }
    return found;
  }
}

/** Puts `candidate` into its place in a list that is newest first; mostly that is the end. */
function insert(list: HistoryCursor[], candidate: HistoryCursor): void {
  let low = 0;
  let high = list.length;
  if (high > 0 && isOlder(candidate, list[high - 1]!)) low = high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isOlder(candidate, list[middle]!)) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, candidate);
}
