import type { HistoryCursor } from '../history.ts';
import { bloomMayHold } from './bloom.ts';
import { findEntry, partition, type TermEntry } from './dictionary.ts';
import type { IndexParts, TermIndex } from './index-file.ts';
import type { IndexTail } from './index-format.ts';
import { PAGE_BYTES, type PagedFile } from './pages.ts';
import { BLOCK_POSTINGS, PostingReader, SKIP_BYTES } from './posting-blocks.ts';
import { isOlder } from './source.ts';
import type { Term } from './terms.ts';

/** Read at a time for `hold`: a question that comes meanwhile waits for one to two milliseconds, from a disk. */
const HOLD_PAGES = 64;
/** At the start of the footer: u32 pages and u32 words of the filter of both dictionaries. */
const SIZES = 4;

/** One of the two dictionaries. */
interface Dictionary {
  /** Its first page in the file. */
  readonly page: number;
  /** First term of each of its pages. */
  readonly fence: Float64Array;
  readonly bloom: Uint32Array;
}

/** An index file as it is written now (`index-format.ts`), opened for look-ups. */
export class PostingIndex implements TermIndex {
  readonly #tail: IndexTail;
  readonly #data: PagedFile;
  readonly #ofMany: Dictionary;
  readonly #ofOne: Dictionary;
  readonly #listsAt: number;
  /** The pages of `ofMany`, the first `#heldPages` of which have been read. */
  #held: Buffer<ArrayBuffer> | undefined;
  #heldPages = 0;

  constructor({ tail, footer, data }: IndexParts) {
    const [many, one, manyWords, oneWords] = new Uint32Array(footer, 0, SIZES) as unknown as [
      number,
      number,
      number,
      number,
    ];
    const fenceAt = 4 * SIZES;
    const crcsAt = fenceAt + 8 * (many + one);
    const crcs = new Uint32Array(footer, crcsAt, Math.ceil(tail.dataBytes / PAGE_BYTES));
    const bloomAt = crcsAt + crcs.byteLength;
    this.#tail = tail;
    this.#data = data(crcs);
    this.#ofMany = {
      page: 0,
      fence: new Float64Array(footer, fenceAt, many),
      bloom: new Uint32Array(footer, bloomAt, manyWords),
    };
    this.#ofOne = {
      page: many,
      fence: new Float64Array(footer, fenceAt + 8 * many, one),
      bloom: new Uint32Array(footer, bloomAt + 4 * manyWords, oneWords),
    };
    this.#listsAt = (many + one) * PAGE_BYTES;
  }

  get heldBytesMax(): number {
    return this.#ofMany.fence.length * PAGE_BYTES;
  }

  hold(): boolean {
    if (this.#heldPages * PAGE_BYTES === this.heldBytesMax) return false;
    this.#held ??= Buffer.allocUnsafeSlow(this.heldBytesMax);
    const end = Math.min(this.#heldPages + HOLD_PAGES, this.#ofMany.fence.length);
    this.#data.readInto(this.#held, this.#heldPages, end);
    this.#heldPages = end;
    return true;
  }

  release(): void {
    this.#held = undefined;
    this.#heldPages = 0;
  }

  *candidates(term: Term, before: HistoryCursor): Generator<HistoryCursor, void, void> {
    const found = this.#find(this.#ofMany, term) ?? this.#find(this.#ofOne, term);
    if (!found) return;
    const { entry, page } = found;
    if (!entry.isLong) {
      // The page is the cache's, and this may be read on long after.
      const list = Buffer.from(page.subarray(entry.at, entry.end));
      yield* this.#olderThan(before, new PostingReader(list, entry.count));
      return;
    }
    const tableAt = this.#listsAt + entry.at;
    const blocks = Math.ceil(entry.count / BLOCK_POSTINGS);
    // Of the blocks that begin before this cursor's place, the last may reach beyond it.
    const skipped = partition(blocks, (i) => !isOlder(this.#firstOf(tableAt, i), before));
    for (let block = Math.max(0, skipped - 1); block < blocks; block++) {
      yield* this.#olderThan(before, this.#block(tableAt, blocks, block, entry.count));
    }
  }

  #find({ page: first, fence, bloom }: Dictionary, term: Term): { entry: TermEntry; page: Buffer } | undefined {
    if (!bloomMayHold(bloom, term)) return undefined;
    const number = first + partition(fence.length, (i) => fence[i]! <= term) - 1;
    if (number < first) return undefined;
    const page = this.#page(number);
    const entry = findEntry(page, term);
    return entry && { entry, page };
  }

  #page(number: number): Buffer {
    const at = number * PAGE_BYTES;
    return number < this.#heldPages ? this.#held!.subarray(at, at + PAGE_BYTES) : this.#data.bytes(at, PAGE_BYTES);
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
