/**
 * An ordered map from bytes to bytes, in byte order, made for millions of small entries: they stand one after another
 * in pages, so that an entry costs its own bytes and eight more rather than a handful of JavaScript objects.
 *
 * Entry: u32le key length, u32le value length, key, value. Finding a page is a binary search over the pages' first
 * keys; inside a page entries are walked (about a hundred when keys are as long as those of log files).
 */
export class SortedPages {
  readonly #pages: Page[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Memory that the pages take, what is free in them included. */
  get heldBytes(): number {
    return this.#pages.reduce((sum, page) => sum + page.bytes.length, 0);
  }

  /** A copy of the value. */
  get(key: Buffer): Buffer | undefined {
    const page = this.#pages[this.#pageOf(key)];
    const found = page && find(page, key);
    return found?.hit ? valueAt(page!, found.at) : undefined;
  }

  set(key: Buffer, value: Buffer): void {
    const index = this.#pageOf(key);
    const page = this.#pages[index];
    if (!page) {
      this.#pages.push(splice({ bytes: NOTHING, end: 0 }, 0, 0, key, value));
      this.#size = 1;
      return;
    }
    const { at, hit } = find(page, key);
    const grown = splice(page, at, hit ? entryBytes(page, at) : 0, key, value);
    this.#pages.splice(index, 1, ...(grown.end > PAGE_BYTES ? split(grown, at) : [grown]));
    if (!hit) this.#size++;
  }

  delete(key: Buffer): boolean {
    const index = this.#pageOf(key);
    const page = this.#pages[index];
    const found = page && find(page, key);
    if (!found?.hit) return false;
    const next = found.at + entryBytes(page!, found.at);
    page!.bytes.copyWithin(found.at, next, page!.end);
    page!.end -= next - found.at;
    if (page!.end === 0) this.#pages.splice(index, 1);
    this.#size--;
    return true;
  }

  /** Entries from `from` on, in order. MUST NOT be advanced after a change of the map. The buffers are copies. */
  *entries(from: Buffer = NOTHING): Generator<Entry, void> {
    let index = this.#pageOf(from);
    let page = this.#pages[index];
    let at = page ? find(page, from).at : 0;
    while (page) {
      for (; at < page.end; at += entryBytes(page, at)) yield { key: keyAt(page, at), value: valueAt(page, at) };
      page = this.#pages[++index];
      at = 0;
    }
  }

  /** The first entry whose key is `from` or after it. */
  seek(from: Buffer): Entry | undefined {
    for (const entry of this.entries(from)) return entry;
    return undefined;
  }

  /** Index of the page that holds `key` if any does: the last whose first key is not after it. */
  #pageOf(key: Buffer): number {
    let low = 0;
    let high = this.#pages.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (compareAt(this.#pages[middle]!, 0, key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

export interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** Small enough that copying one for an insertion is nothing, large enough that pages are few. */
const PAGE_BYTES = 16 << 10;
/** What a table that stays small costs. */
const FIRST_PAGE_BYTES = 1 << 10;
const ENTRY_HEAD_BYTES = 8;
const NOTHING = Buffer.alloc(0);

interface Page {
  bytes: Buffer;
  /** Bytes in use. */
  end: number;
}

const keyBytes = (page: Page, at: number) => page.bytes.readUInt32LE(at);
const entryBytes = (page: Page, at: number) =>
  ENTRY_HEAD_BYTES + page.bytes.readUInt32LE(at) + page.bytes.readUInt32LE(at + 4);

function keyAt(page: Page, at: number): Buffer {
  const start = at + ENTRY_HEAD_BYTES;
  return Buffer.from(page.bytes.subarray(start, start + keyBytes(page, at)));
}

function valueAt(page: Page, at: number): Buffer {
  return Buffer.from(page.bytes.subarray(at + ENTRY_HEAD_BYTES + keyBytes(page, at), at + entryBytes(page, at)));
}

/** Order of the key at `at` relative to `key`. */
function compareAt(page: Page, at: number, key: Buffer): number {
  const start = at + ENTRY_HEAD_BYTES;
  return page.bytes.compare(key, 0, key.length, start, start + keyBytes(page, at));
}

/** Where `key` is, or where it belongs. */
function find(page: Page, key: Buffer): { at: number; hit: boolean } {
  let at = 0;
  for (; at < page.end; at += entryBytes(page, at)) {
    const order = compareAt(page, at, key);
    if (order >= 0) return { at, hit: order === 0 };
  }
  return { at, hit: false };
}

/** Puts an entry at `at` in place of `oldBytes` bytes there; in the same page, or a larger one when it does not fit. */
function splice(page: Page, at: number, oldBytes: number, key: Buffer, value: Buffer): Page {
  const newBytes = ENTRY_HEAD_BYTES + key.length + value.length;
  const end = page.end - oldBytes + newBytes;
  let { bytes } = page;
  if (end > bytes.length) {
    bytes = Buffer.allocUnsafeSlow(Math.max(end, FIRST_PAGE_BYTES, Math.min(PAGE_BYTES, 2 * bytes.length)));
    page.bytes.copy(bytes, 0, 0, at);
  }
  page.bytes.copy(bytes, at + newBytes, at + oldBytes, page.end);
  bytes.writeUInt32LE(key.length, at);
  bytes.writeUInt32LE(value.length, at + 4);
  key.copy(bytes, at + ENTRY_HEAD_BYTES);
  value.copy(bytes, at + ENTRY_HEAD_BYTES + key.length);
  return { bytes, end };
}

/**
 * Cuts before the entry just put: the keys of log files come in order at as many places as there are accounts and
 * Regions, and so the pages that they leave behind are full.
 */
function split(page: Page, at: number): Page[] {
  const cut = at === 0 ? entryBytes(page, 0) : at;
  return [slice(page, 0, cut), slice(page, cut, page.end)].filter((part) => part.end > 0);
}

function slice(page: Page, from: number, to: number): Page {
  const bytes = Buffer.allocUnsafeSlow(to - from);
  page.bytes.copy(bytes, 0, from, to);
  return { bytes, end: to - from };
}
