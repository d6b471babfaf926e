import { closeSync, fstatSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { HistoryCursor } from '../history.ts';
import { readFully } from '../log/raw-reader.ts';
import { syncDirectory } from '../log/sealed-writer.ts';
import { SteadyFile } from '../log/steady-file.ts';
import type { Sequence } from '../log.ts';
import { bloomMayHold } from './bloom.ts';
import {
  BLOCK_RANKS,
  bucketOf,
  decodeTail,
  ENTRY_BYTES,
  encodeIndex,
  FENCE_RANKS,
  fenceLength,
  type IndexTail,
  RANK_BYTES,
  SKIP_BYTES,
  TAIL_BYTES,
  VARINT_BYTES_MAX,
} from './index-format.ts';
import { PAGE_BYTES, PagedFile, type PartCache } from './pages.ts';
import type { IndexColumns } from './segment-index.ts';
import { isOlder } from './source.ts';
import type { Term } from './terms.ts';

/** An index file is not what was written. It can be made anew from the sealed segment. */
export class IndexDamaged extends Error {
  readonly first: Sequence;

  constructor(path: string, first: Sequence, offset: number, what: string) {
    super(`The index file ${path} is damaged at byte ${offset}: ${what}. It is made anew from its sealed segment.`);
    this.name = 'IndexDamaged';
    this.first = first;
  }
}

/** Writes the index file under a temporary name, makes it durable, and then gives it its own. */
export function writeIndex(path: string, index: IndexColumns): void {
  const temporary = `${path}.tmp`;
  const file = new SteadyFile(temporary);
  try {
    for (const part of encodeIndex(index)) file.write(part);
    file.finish();
  } finally {
    file.close();
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}

/** A term's list of ranks, as the dictionary knows it. */
interface RankList {
  readonly count: number;
  /** Where its postings start in the file; for a single event, the rank itself. */
  readonly at: number;
}

/** An index file opened for look-ups: footer in memory (about 3 bytes an event), the rest read page by page. */
export class IndexFile {
  readonly tail: IndexTail;
  readonly #fd: number;
  readonly #data: PagedFile;
  readonly #fence: Float64Array;
  readonly #buckets: Uint32Array;
  readonly #bloom: Uint32Array;

  /** @throws IndexDamaged */
  constructor(path: string, first: Sequence, cache: PartCache) {
    const damage = (offset: number, what: string) => new IndexDamaged(path, first, offset, what);
    this.#fd = openSync(path, 'r');
    try {
      const tailAt = Math.max(0, fstatSync(this.#fd).size - TAIL_BYTES);
      const tail = decodeTail(readFully(this.#fd, tailAt, TAIL_BYTES));
      if (!tail || tail.first !== first || tail.dataBytes > tailAt) throw damage(tailAt, 'its tail is wrong');
      const footer = new Uint8Array(readFully(this.#fd, tail.dataBytes, tailAt - tail.dataBytes));
      if (crc32(footer) !== tail.footerCrc) throw damage(tail.dataBytes, 'its footer fails its check');
      this.tail = tail;
      let at = fenceLength(tail.rows);
      this.#fence = new Float64Array(footer.buffer, 0, at);
      at *= 8;
      const words = (count: number) => {
        at += 4 * count;
        return new Uint32Array(footer.buffer, at - 4 * count, count);
      };
      const crcs = words(Math.ceil(tail.dataBytes / PAGE_BYTES));
      this.#buckets = words(2 ** tail.bucketBits + 1);
      this.#bloom = words(tail.bloomWords);
      this.#data = new PagedFile(this.#fd, tail.dataBytes, crcs, cache, (o) => damage(o, 'a page fails its check'));
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** The ranks of `term` below `below`, highest first. Nothing is read when the term is not here (mostly). */
  *ranks(term: Term, below: () => number): Generator<number, void, void> {
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
  event(rank: number): HistoryCursor {
    const bytes = this.#data.bytes(rank * RANK_BYTES, RANK_BYTES);
    return { timeMs: bytes.readDoubleLE(0), sequence: this.tail.first + bytes.readUInt32LE(8) };
  }

  /** How many events come after `cursor` in newest-first order: all ranks below this. */
  ranksOlderThan(cursor: HistoryCursor): number {
    if (this.tail.newestMs < cursor.timeMs) return this.tail.rows;
    // Steps of the fence that start before the cursor's time hold its place in the last of them, or ties run on.
    const step = partition(this.#fence.length, (i) => this.#fence[i]! < cursor.timeMs);
    const end = partition(this.#fence.length, (i) => this.#fence[i]! <= cursor.timeMs);
    const from = Math.max(0, step - 1) * FENCE_RANKS;
    const to = Math.min(this.tail.rows, end * FENCE_RANKS);
    return from + partition(to - from, (i) => isOlder(this.event(from + i), cursor));
  }

  close(): void {
    closeSync(this.#fd);
  }

  #find(term: Term): RankList | undefined {
    if (!bloomMayHold(this.#bloom, term)) return undefined;
    const bucket = bucketOf(term, this.tail.bucketBits);
    const from = this.#buckets[bucket]!;
    const count = this.#buckets[bucket + 1]! - from;
    if (count === 0) return undefined;
    const dictionaryAt = this.tail.rows * RANK_BYTES;
    const entries = this.#data.bytes(dictionaryAt + from * ENTRY_BYTES, count * ENTRY_BYTES);
    for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
      if (entries.readDoubleLE(at) !== term) continue;
      const [offset, events] = [entries.readUInt32LE(at + 8), entries.readUInt32LE(at + 12)];
      const postingsAt = dictionaryAt + this.tail.terms * ENTRY_BYTES;
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
    const bytes = this.#data.bytes(start, Math.min(ranks.length * VARINT_BYTES_MAX, this.tail.dataBytes - start));
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

/** How many of 0 … count-1 pass, when all that pass come before all that do not. */
function partition(count: number, passes: (i: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (passes(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
