import { crc32 } from 'node:zlib';
import { readFully } from '../log/raw-reader.ts';

/** What is read and checked at a time: small, since look-ups read a few bytes here and there. */
export const PAGE_BYTES = 4096;
/** Parts of a file are numbered below this, so that file and part make one number. */
const PARTS_MAX = 2 ** 20;

/** Parts of files read before, the least recently used dropped first; shared by any number of files. */
export class PartCache {
  readonly #bytesMax: number;
  readonly #parts = new Map<number, Buffer>();
  #bytes = 0;
  #files = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** What a file adds to its parts' numbers to make keys that no other file has. */
  nextFile(): number {
    return this.#files++ * PARTS_MAX;
  }

  /** The part with this key; read by `read` unless it is here. */
  get(key: number, read: () => Buffer): Buffer {
    let part = this.#parts.get(key);
    if (part) this.#parts.delete(key);
    else {
      part = read();
      this.#bytes += part.length;
    }
    this.#parts.set(key, part);
    for (const [oldest, { length }] of this.#parts) {
      if (this.#bytes <= this.#bytesMax || oldest === key) break;
      this.#parts.delete(oldest);
      this.#bytes -= length;
    }
    return part;
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
  readonly #cache: PartCache;
  readonly #key: number;
  readonly #damage: (offset: number) => Error;

  constructor(fd: number, length: number, crcs: Uint32Array, cache: PartCache, damage: (offset: number) => Error) {
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
    return this.#cache.get(this.#key + number, () => {
      const offset = number * PAGE_BYTES;
      const page = readFully(this.#fd, offset, Math.min(PAGE_BYTES, this.#length - offset));
      if (crc32(page) !== this.#crcs[number]) throw this.#damage(offset);
      return page;
    });
  }
}
