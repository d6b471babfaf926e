import { PAGE_BYTES } from './pages.ts';
import { readVarint, varintBytes, writeVarint } from './posting-blocks.ts';
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
const ENTRY_HEAD_BYTES_MAX = 16;

/** Where a term's postings are. */
export interface TermEntry {
  readonly count: number;
  /** Where the list stands: in the page itself, or among the lists of the file. */
  readonly at: number;
  readonly isLong: boolean;
}

/** Makes a dictionary page by page. Terms MUST come in ascending order. */
export class DictionaryPages {
  readonly pages: Buffer[] = [];
  /** The first term of each page. */
  readonly fence: Term[] = [];
  #terms: Term[] = [];
  #ends: number[] = [];
  readonly #entries = Buffer.allocUnsafe(PAGE_BYTES);
  #length = 0;
  readonly #head = Buffer.allocUnsafe(ENTRY_HEAD_BYTES_MAX);

  /** @param list far smaller than a page */
  addInline(term: Term, count: number, list: Buffer): void {
    this.#add(term, writeVarint(this.#head, 0, 2 * count), list);
  }

  /** @param at where its list starts among the lists */
  addLong(term: Term, count: number, at: number): void {
    this.#add(term, writeVarint(this.#head, writeVarint(this.#head, 0, 2 * count + 1), at), NOTHING);
  }

  finish(): void {
    if (this.#terms.length > 0) this.#endPage();
  }

  #add(term: Term, headBytes: number, list: Buffer): void {
    const entries = this.#length + headBytes + list.length;
    if (this.#entriesAt(this.#terms.length + 1) + entries > PAGE_BYTES) this.#endPage();
    this.#entries.set(this.#head.subarray(0, headBytes), this.#length);
    this.#entries.set(list, this.#length + headBytes);
    this.#length += headBytes + list.length;
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
    terms.forEach((term, i) => {
      page.writeDoubleLE(term, HEAD_BYTES + i * TERM_BYTES);
      page.writeUInt16LE(entriesAt + (i === 0 ? 0 : this.#ends[i - 1]!), offsetsAt + i * OFFSET_BYTES);
    });
    this.#entries.copy(page, entriesAt, 0, this.#length);
    this.pages.push(page);
    this.fence.push(terms[0]!);
    this.#terms = [];
    this.#ends = [];
    this.#length = 0;
  }
}

const NOTHING = Buffer.alloc(0);

/** The entry of a term; undefined when it is not in this page. */
export function findEntry(page: Buffer, term: Term): TermEntry | undefined {
  const terms = page.readUInt16LE(0);
  const index = partition(terms, (i) => page.readDoubleLE(HEAD_BYTES + i * TERM_BYTES) < term);
  if (index === terms || page.readDoubleLE(HEAD_BYTES + index * TERM_BYTES) !== term) return undefined;
  const at = page.readUInt16LE(HEAD_BYTES + terms * TERM_BYTES + index * OFFSET_BYTES);
  const head = readVarint(page, at);
  const isLong = head % 2 === 1;
  const listAt = at + varintBytes(head);
  return { count: Math.floor(head / 2), isLong, at: isLong ? readVarint(page, listAt) : listAt };
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
