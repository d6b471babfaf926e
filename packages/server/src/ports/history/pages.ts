import { crc32 } from 'node:zlib';
import { readFully } from '../log/raw-reader.ts';

/** What is read and checked at a time: small, since look-ups read a few bytes here and there. */
export const PAGE_BYTES = 4096;
/** Page numbers stay below this (a 4 GB file), so that file and page make one number. */
const PAGES_MAX = 2 ** 20;

/** Pages read before, the least recently used dropped first; shared by all files. */
export class PageCache {
  readonly #pagesMax: number;
  readonly #pages = new Map<number, Buffer>();
  #files = 0;

  constructor(bytesMax: number) {
    this.#pagesMax = Math.max(1, Math.floor(bytesMax / PAGE_BYTES));
  }

  /** A number for a file's pages that no file before it had. */
  nextFile(): number {
    return this.#files++ * PAGES_MAX;
  }

  get(key: number): Buffer | undefined {
    const page = this.#pages.get(key);
    if (page === undefined) return undefined;
    this.#pages.delete(key);
    this.#pages.set(key, page);
    return page;
  }

  set(key: number, page: Buffer): void {
    this.#pages.set(key, page);
    if (this.#pages.size <= this.#pagesMax) return;
    for (const oldest of this.#pages.keys()) {
      this.#pages.delete(oldest);
      break;
    }
  }
}

/** One CRC-32 for each page of `bytes`; the last page may be short. */
export function pageCrcs(bytes: Buffer): Uint32Array {
  const crcs = new Uint32Array(Math.ceil(bytes.length / PAGE_BYTES));
  for (let i = 0; i < crcs.length; i++) crcs[i] = crc32(bytes.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES));
  return crcs;
}

/** The first `length` bytes of a file, read by pages whose CRCs are known. */
export class PagedFile {
  readonly #fd: number;
  readonly #length: number;
  readonly #crcs: Uint32Array;
  readonly #cache: PageCache;
  readonly #key: number;
  readonly #damage: (offset: number) => Error;

  constructor(fd: number, length: number, crcs: Uint32Array, cache: PageCache, damage: (offset: number) => Error) {
    this.#fd = fd;
    this.#length = length;
    this.#crcs = crcs;
    this.#cache = cache;
    this.#key = cache.nextFile();
    this.#damage = damage;
  }

  /** `length` bytes at `offset`: mostly a view of a cached page, so not to be written to. */
  bytes(offset: number, length: number): Buffer {
    const page = Math.floor(offset / PAGE_BYTES);
    const start = offset - page * PAGE_BYTES;
    if (start + length <= PAGE_BYTES) return this.#page(page).subarray(start, start + length);
    const parts = [this.#page(page).subarray(start)];
    for (let next = page + 1; next * PAGE_BYTES < offset + length; next++) parts.push(this.#page(next));
    return Buffer.concat(parts).subarray(0, length);
  }

  #page(number: number): Buffer {
    const cached = this.#cache.get(this.#key + number);
    if (cached) return cached;
    const offset = number * PAGE_BYTES;
    const page = readFully(this.#fd, offset, Math.min(PAGE_BYTES, this.#length - offset));
    if (crc32(page) !== this.#crcs[number]) throw this.#damage(offset);
    this.#cache.set(this.#key + number, page);
    return page;
  }
}
