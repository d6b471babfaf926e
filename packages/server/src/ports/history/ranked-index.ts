import type { HistoryCursor } from '../history.ts';
import { bloomMayHold } from './bloom.ts';
import { partition } from './dictionary.ts';
import type { IndexParts, TermIndex } from './index-file.ts';
import type { IndexTail } from './index-format.ts';
import { PAGE_BYTES, type PagedFile } from './pages.ts';
import { isOlder } from './source.ts';
import type { Term } from './terms.ts';

/**
 * The index files of version 1, which older code wrote: they stay as they are until retention takes them. All numbers are
 * little-endian. A rank is an event's place in order of (eventTime, row).
 *
 *     data    ranks        12 bytes each: f64 timeMs, u32 row
 *             dictionary   16 bytes a term, by bucket: f64 term, u32 postings, u32 count
 *             postings     of each term; for a term with one event, the dictionary holds its rank instead
 *     footer  f64 time of every `FENCE_RANKS`th rank; u32 CRC of each data page; u32 first entry of each bucket, and the
 *             number of terms; u32 words of the Bloom filter
 *
 * Postings are blocks of `BLOCK_RANKS` ascending ranks: the first, then the differences, all varints. With more than
 * one block, a table stands before them: u32 first rank and u32 offset (from the end of the table) of each.
 */
export const RANK_BYTES = 12;
export const ENTRY_BYTES = 16;
export const SKIP_BYTES = 8;
export const BLOCK_RANKS = 128;
export const VARINT_BYTES_MAX = 5;
export const FENCE_RANKS = 256;

export const fenceLength = (rows: number): number => Math.ceil(rows / FENCE_RANKS);

/** Which bucket of the dictionary holds the term: by its high bits. */
export const bucketOf = (term: Term, bucketBits: number): number => Math.floor(term / 2 ** (53 - bucketBits));

/** A term's list of ranks, as the dictionary knows it. */
interface RankList {
  readonly count: number;
  /** Where its postings start in the file; for a single event, the rank itself. */
  readonly at: number;
}

/** An index file of version 1, opened for look-ups. */
export class RankedIndex implements TermIndex {
  readonly #tail: IndexTail;
  readonly #data: PagedFile;
  readonly #fence: Float64Array;
  readonly #buckets: Uint32Array;
  readonly #bloom: Uint32Array;

  constructor({ tail, footer, data }: IndexParts) {
    this.#tail = tail;
    let at = fenceLength(tail.rows);
    this.#fence = new Float64Array(footer, 0, at);
    at *= 8;
    const words = (count: number) => {
      at += 4 * count;
      return new Uint32Array(footer, at - 4 * count, count);
    };
    const crcs = words(Math.ceil(tail.dataBytes / PAGE_BYTES));
    this.#buckets = words(2 ** tail.scale + 1);
    this.#bloom = words(tail.bloomWords);
    this.#data = data(crcs);
  }

  /** Only what is written now is laid out for it. */
  get heldBytesMax(): number {
    return 0;
  }

  hold(): boolean {
    return false;
  }

  release(): void {}

  *candidates(term: Term, before: HistoryCursor): Generator<HistoryCursor, void, void> {
    for (const rank of this.#ranks(term, () => this.#ranksOlderThan(before))) yield this.#event(rank);
  }

  /** The ranks of `term` below `below`, highest first. */
  *#ranks(term: Term, below: () => number): Generator<number, void, void> {
    const list = this.#find(term);
    if (!list) return;
    const bound = below();
    if (list.count === 1) {
      if (list.at < bound) yield list.at;
      return;
    }
    const blocks = Math.ceil(list.count / BLOCK_RANKS);
    for (let block = this.#lastBlockBelow(list, blocks, bound); block >= 0; block--) {
      const ranks = this.#decodeBlock(list, blocks, block);
      for (let i = ranks.length - 1; i >= 0; i--) if (ranks[i]! < bound) yield ranks[i]!;
    }
  }

  /** The time and sequence of the event with this rank. */
  #event(rank: number): HistoryCursor {
    const bytes = this.#data.bytes(rank * RANK_BYTES, RANK_BYTES);
    return { timeMs: bytes.readDoubleLE(0), sequence: this.#tail.first + bytes.readUInt32LE(8) };
  }

  /** How many events come after `cursor` in newest-first order: all ranks below this. */
  #ranksOlderThan(cursor: HistoryCursor): number {
    if (this.#tail.newestMs < cursor.timeMs) return this.#tail.rows;
    // Steps of the fence that start before the cursor's time hold its place in the last of them, or ties run on.
    const step = partition(this.#fence.length, (i) => this.#fence[i]! < cursor.timeMs);
    const end = partition(this.#fence.length, (i) => this.#fence[i]! <= cursor.timeMs);
    const from = Math.max(0, step - 1) * FENCE_RANKS;
    const to = Math.min(this.#tail.rows, end * FENCE_RANKS);
    return from + partition(to - from, (i) => isOlder(this.#event(from + i), cursor));
  }

  #find(term: Term): RankList | undefined {
    if (!bloomMayHold(this.#bloom, term)) return undefined;
    const bucket = bucketOf(term, this.#tail.scale);
    const from = this.#buckets[bucket]!;
    const count = this.#buckets[bucket + 1]! - from;
    if (count === 0) return undefined;
    const dictionaryAt = this.#tail.rows * RANK_BYTES;
    const entries = this.#data.bytes(dictionaryAt + from * ENTRY_BYTES, count * ENTRY_BYTES);
    for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
      if (entries.readDoubleLE(at) !== term) continue;
      const [offset, events] = [entries.readUInt32LE(at + 8), entries.readUInt32LE(at + 12)];
      const postingsAt = dictionaryAt + this.#tail.terms * ENTRY_BYTES;
      return { count: events, at: events === 1 ? offset : postingsAt + offset };
    }
    return undefined;
  }

  /** The last block whose first rank is below `bound`, or -1. */
  #lastBlockBelow(list: RankList, blocks: number, bound: number): number {
    if (blocks === 1) return 0;
    return partition(blocks, (i) => this.#data.bytes(list.at + i * SKIP_BYTES, 4).readUInt32LE(0) < bound) - 1;
  }

  #decodeBlock(list: RankList, blocks: number, block: number): Uint32Array {
    const tableBytes = blocks > 1 ? blocks * SKIP_BYTES : 0;
    const offset = blocks > 1 ? this.#data.bytes(list.at + block * SKIP_BYTES + 4, 4).readUInt32LE(0) : 0;
    const ranks = new Uint32Array(Math.min(BLOCK_RANKS, list.count - block * BLOCK_RANKS));
    const start = list.at + tableBytes + offset;
    const bytes = this.#data.bytes(start, Math.min(ranks.length * VARINT_BYTES_MAX, this.#tail.dataBytes - start));
    for (let i = 0, at = 0, rank = 0; i < ranks.length; i++) {
      let shift = 0;
      let byte = bytes[at++]!;
      let delta = byte & 0x7f;
      while (byte >= 0x80) {
        shift += 7;
        byte = bytes[at++]!;
        delta |= (byte & 0x7f) << shift;
      }
      rank += delta >>> 0;
      ranks[i] = rank;
    }
    return ranks;
  }
}
