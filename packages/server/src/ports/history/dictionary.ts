import { bloomAdd, createBloom } from './bloom.ts';
import { PAGE_BYTES } from './pages.ts';
import {
  encodeBlock,
  POSTING_BYTES_MAX,
  type PostingLists,
  readVarint,
  VARINT_BYTES_MAX,
  varintBytes,
  writeVarint,
} from './posting-blocks.ts';
import type { Term } from './terms.ts';

/**
 * A page of an index file's dictionary:
 *
 *     u16 terms; f64 of each term, ascending; u16 offset in the page of each one's entry; entries
 *
 * An entry is a varint, twice the number of its postings, and one more if the list is a long one. Then comes the list itself
 * (a block, `posting-blocks.ts`), or as a varint where it starts among the lists.
 */
const HEAD_BYTES = 2;
const TERM_BYTES = 8;
const OFFSET_BYTES = 2;
/** Lists up to this stand in the dictionary: most rare values, some hundred events; a page still holds several. */
const INLINE_BYTES_MAX = 512;
const ENTRY_BYTES_MAX = 2 * VARINT_BYTES_MAX + INLINE_BYTES_MAX + POSTING_BYTES_MAX;

/** Where a term's postings are. */
export interface TermEntry {
  readonly count: number;
  /** Where the list stands: in the page itself, or among the lists of the file. */
  readonly at: number;
  /** Where a list in the page ends at the latest. */
  readonly end: number;
  readonly isLong: boolean;
}

/** Makes a dictionary page by page. Terms MUST come in ascending order. */
export class Dictionary {
  readonly bloom: Uint32Array;
  readonly pages: Buffer[] = [];
  /** The first term of each page. */
  readonly fence: Term[] = [];
  #terms: Term[] = [];
  #ends: number[] = [];
  /** Of the page's terms, and room for one that it has no room for. */
  readonly #entries = Buffer.allocUnsafe(PAGE_BYTES + ENTRY_BYTES_MAX);
  #length = 0;

  /** @param terms how many it will have */
  constructor(terms: number) {
    this.bloom = createBloom(terms);
  }

  /** @returns false when the list is a long one, and was not added */
  addInline(term: Term, lists: PostingLists, from: number, to: number): boolean {
    const at = writeVarint(this.#entries, this.#length, 2 * (to - from));
    const end = encodeBlock(lists, from, to, this.#entries, at, at + INLINE_BYTES_MAX);
    if (end === undefined) return false;
    this.#add(term, end);
    return true;
  }

  /** @param at where its list starts among the lists */
  addLong(term: Term, count: number, at: number): void {
    const head = writeVarint(this.#entries, this.#length, 2 * count + 1);
    this.#add(term, writeVarint(this.#entries, head, at));
  }

  finish(): void {
    if (this.#terms.length > 0) this.#endPage();
  }

  /** @param end of the entry, which stands at the end of the page's */
  #add(term: Term, end: number): void {
    const start = this.#length;
    if (this.#entriesAt(this.#terms.length + 1) + end > PAGE_BYTES) {
      this.#endPage();
      this.#entries.copyWithin(0, start, end);
    }
    this.#length += end - start;
    bloomAdd(this.bloom, term);
    this.#terms.push(term);
    this.#ends.push(this.#length);
  }

  #entriesAt(terms: number): number {
    return HEAD_BYTES + terms * (TERM_BYTES + OFFSET_BYTES);
  }

  #endPage(): void {
    const terms = this.#terms;
    const page = Buffer.alloc(PAGE_BYTES);
    const [offsetsAt, entriesAt] = [HEAD_BYTES + terms.length * TERM_BYTES, this.#entriesAt(terms.length)];
    page.writeUInt16LE(terms.length, 0);
    for (let i = 0; i < terms.length; i++) {
      page.writeDoubleLE(terms[i]!, HEAD_BYTES + i * TERM_BYTES);
      page.writeUInt16LE(entriesAt + (i === 0 ? 0 : this.#ends[i - 1]!), offsetsAt + i * OFFSET_BYTES);
    }
    this.#entries.copy(page, entriesAt, 0, this.#length);
    this.pages.push(page);
    this.fence.push(terms[0]!);
    this.#terms = [];
    this.#ends = [];
    this.#length = 0;
  }
}

/** The entry of a term; undefined when it is not in this page. */
export function findEntry(page: Buffer, term: Term): TermEntry | undefined {
  const terms = page.readUInt16LE(0);
  const index = partition(terms, (i) => page.readDoubleLE(HEAD_BYTES + i * TERM_BYTES) < term);
  if (index === terms || page.readDoubleLE(HEAD_BYTES + index * TERM_BYTES) !== term) return undefined;
  const offsetAt = HEAD_BYTES + terms * TERM_BYTES + index * OFFSET_BYTES;
  const at = page.readUInt16LE(offsetAt);
  const head = readVarint(page, at);
  const isLong = head % 2 === 1;
  const listAt = at + varintBytes(head);
  const end = index + 1 < terms ? page.readUInt16LE(offsetAt + OFFSET_BYTES) : page.length;
  return { count: Math.floor(head / 2), isLong, at: isLong ? readVarint(page, listAt) : listAt, end };
}

/** How many of 0 … count-1 pass, when all that pass come before all that do not. */
export function partition(count: number, passes: (i: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (passes(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
