import { closeSync, fstatSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { HistoryCursor } from '../history.ts';
import { readFully } from '../log/raw-reader.ts';
import { syncDirectory } from '../log/sealed-writer.ts';
import { SteadyFile } from '../log/steady-file.ts';
import type { Sequence } from '../log.ts';
import { bloomMayHold } from './bloom.ts';
import { findEntry, partition } from './dictionary.ts';
import { decodeTail, encodeIndex, INDEX_VERSION, type IndexTail, TAIL_BYTES } from './index-format.ts';
import { PAGE_BYTES, PagedFile, type PartCache } from './pages.ts';
import { BLOCK_POSTINGS, POSTING_BYTES_MAX, PostingReader, SKIP_BYTES } from './posting-blocks.ts';
import { RankedIndex } from './ranked-index.ts';
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

/** The parts of an open index file that every version has. */
export interface IndexParts {
  readonly tail: IndexTail;
  /** In memory: about 2 bytes an event. */
  readonly footer: ArrayBuffer;
  /** The file's data, given the CRCs of its pages. */
  readonly data: (crcs: Uint32Array) => PagedFile;
}

/** What finds a segment's events, whatever the version of its index file. */
export interface TermIndex {
  /** The events of `term` older than `before`, newest first. Nothing is read when the term is not here (mostly). */
  candidates(term: Term, before: HistoryCursor): Iterable<HistoryCursor>;
}

/** An index file opened for look-ups: footer in memory, the rest read page by page. */
export class IndexFile implements TermIndex {
  readonly tail: IndexTail;
  readonly #fd: number;
  readonly #index: TermIndex;

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
      const data = (crcs: Uint32Array) =>
        new PagedFile(this.#fd, tail.dataBytes, crcs, cache, (o) => damage(o, 'a page fails its check'));
      this.tail = tail;
      const parts = { tail, footer: footer.buffer, data };
      this.#index = tail.version === INDEX_VERSION ? new PostingIndex(parts) : new RankedIndex(parts);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  candidates(term: Term, before: HistoryCursor): Iterable<HistoryCursor> {
    return this.#index.candidates(term, before);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** The index as it is written now (`index-format.ts`). */
class PostingIndex implements TermIndex {
  readonly #tail: IndexTail;
  readonly #data: PagedFile;
  readonly #fence: Float64Array;
  readonly #bloom: Uint32Array;

  constructor({ tail, footer, data }: IndexParts) {
    const crcsAt = 8 * tail.extent;
    const crcs = new Uint32Array(footer, crcsAt, Math.ceil(tail.dataBytes / PAGE_BYTES));
    this.#tail = tail;
    this.#fence = new Float64Array(footer, 0, tail.extent);
    this.#bloom = new Uint32Array(footer, crcsAt + crcs.byteLength, tail.bloomWords);
    this.#data = data(crcs);
  }

  *candidates(term: Term, before: HistoryCursor): Generator<HistoryCursor, void, void> {
    if (!bloomMayHold(this.#bloom, term)) return;
    const number = partition(this.#fence.length, (i) => this.#fence[i]! <= term) - 1;
    if (number < 0) return;
    const page = this.#data.bytes(number * PAGE_BYTES, PAGE_BYTES);
    const entry = findEntry(page, term);
    if (!entry) return;
    if (!entry.isLong) {
      // The page is the cache's, and this may be read on long after.
      const list = Buffer.from(page.subarray(entry.at, entry.at + entry.count * POSTING_BYTES_MAX));
      yield* this.#olderThan(before, new PostingReader(list, entry.count));
      return;
    }
    const tableAt = this.#tail.extent * PAGE_BYTES + entry.at;
    const blocks = Math.ceil(entry.count / BLOCK_POSTINGS);
    // Of the blocks that begin before this cursor's place, the last may reach beyond it.
    const skipped = partition(blocks, (i) => !isOlder(this.#firstOf(tableAt, i), before));
    for (let block = Math.max(0, skipped - 1); block < blocks; block++) {
      yield* this.#olderThan(before, this.#block(tableAt, blocks, block, entry.count));
    }
  }

  *#olderThan(before: HistoryCursor, postings: PostingReader): Generator<HistoryCursor, void, void> {
    while (postings.next()) {
      const candidate = this.#event(postings.units, postings.row);
      if (isOlder(candidate, before)) yield candidate;
    }
  }

  #event(units: number, row: number): HistoryCursor {
    return { timeMs: this.#tail.oldestMs + units * this.#tail.scale, sequence: this.#tail.first + row };
  }

  #firstOf(tableAt: number, block: number): HistoryCursor {
    const bytes = this.#data.bytes(tableAt + block * SKIP_BYTES, SKIP_BYTES);
    return this.#event(bytes.readDoubleLE(0), bytes.readUInt32LE(8));
  }

  #block(tableAt: number, blocks: number, block: number, count: number): PostingReader {
    const endOf = (b: number) => this.#data.bytes(tableAt + b * SKIP_BYTES + 12, 4).readUInt32LE(0);
    const start = block === 0 ? 0 : endOf(block - 1);
    const bytes = this.#data.bytes(tableAt + blocks * SKIP_BYTES + start, endOf(block) - start);
    const postings = Math.min(BLOCK_POSTINGS, count - block * BLOCK_POSTINGS);
    return new PostingReader(Buffer.from(bytes), postings);
  }
}
