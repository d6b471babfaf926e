import { crc32 } from 'node:zlib';
import { readFully } from '../log/raw-reader.ts';

/** What is read and checked at a time: small, since look-ups read a few bytes here and there. */
export const PAGE_BYTES = 4096;
/** Parts of a file are numbered below this, so that file and part make one number. */
const PARTS_MAX = 2 ** 20;

/** A part that takes more of the ring than this drives out too much else, and is not kept. */
const RING_SHARE_MAX = 1 / 8;

/**
 * Parts of files read before, shared by any number of files. They lie in one ring of memory, where what is new goes over
 * what is oldest: in buffers of their own, they would have the garbage collected every few look-ups.
 */
export class PartCache {
  readonly #ring: Buffer;
  /** Views of the ring, the oldest first. */
  readonly #parts = new Map<number, Buffer>();
  /** Where the newest part ends; what follows is free, or the oldest. */
  #end = 0;
  #files = 0;

  constructor(bytesMax: number) {
    this.#ring = Buffer.allocUnsafeSlow(bytesMax);
  }

  /** What a file adds to its parts' numbers to make keys that no other file has. */
  nextFile(): number {
    return this.#files++ * PARTS_MAX;
  }

  /**
   * The part with this key; read by `read` unless it is here.
   * @returns a view that MUST be done with before many more are asked for: they go over it
   */
  get(key: number, read: () => Buffer): Buffer {
    return this.#parts.get(key) ?? this.#keep(key, read());
  }

  /** The part with this key, if it is here: a view as `get` gives it. */
  kept(key: number): Buffer | undefined {
    return this.#parts.get(key);
  }

  /** Keeps another part in the place of the one with this key. @returns as `get` */
  replace(key: number, part: Buffer): Buffer {
    this.#parts.delete(key); // what is set anew would keep its place in the order
    return this.#keep(key, part);
  }

  #keep(key: number, part: Buffer): Buffer {
    if (part.length > this.#ring.length * RING_SHARE_MAX) return part;
    if (this.#end + part.length > this.#ring.length) {
      this.#dropBetween(this.#end, this.#ring.length);
      this.#end = 0;
    }
    const start = this.#end;
    this.#end += part.length;
    this.#dropBetween(start, this.#end);
    const kept = this.#ring.subarray(start, this.#end);
    kept.set(part);
    this.#parts.set(key, kept);
    return kept;
  }

  /** From the oldest on: they stand in the ring one after the other. */
  #dropBetween(start: number, end: number): void {
    for (const [key, { byteOffset }] of this.#parts) {
      if (byteOffset < start || byteOffset >= end) return;
      this.#parts.delete(key);
    }
  }
}

/** One CRC-32 for each page of `bytes`; the last page may be short. */
export function pageCrcs(bytes: Buffer): Uint32Array {
  const crcs = new Uint32Array(Math.ceil(bytes.length / PAGE_BYTES));
  for (let i = 0; i < crcs.length; i++) crcs[i] = crc32(bytes.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES));
  return crcs;
}

/** Where a page is read to on its way into the cache. */
const scratch = Buffer.allocUnsafeSlow(PAGE_BYTES);

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

  /** `length` bytes at `offset`, a few pages at most: mostly a view of the cache, to be used at once and not written to. */
  bytes(offset: number, length: number): Buffer {
    const page = Math.floor(offset / PAGE_BYTES);
    const start = offset - page * PAGE_BYTES;
    if (start + length <= PAGE_BYTES) return this.#page(page).subarray(start, start + length);
    const parts = [this.#page(page).subarray(start)];
    for (let next = page + 1; next * PAGE_BYTES < offset + length; next++) parts.push(this.#page(next));
    return Buffer.concat(parts).subarray(0, length);
  }

  /** Reads pages `from` … `to` to where they belong in a copy of the data; the cache is not asked. */
  readInto(copy: Buffer<ArrayBuffer>, from: number, to: number): void {
    const offset = from * PAGE_BYTES;
    const read = readFully(this.#fd, offset, to * PAGE_BYTES - offset, copy.subarray(offset));
    for (let page = from; page < to; page++) {
      const at = page * PAGE_BYTES;
      if (crc32(read.subarray(at - offset, at - offset + PAGE_BYTES)) !== this.#crcs[page]) throw this.#damage(at);
    }
  }

  #page(number: number): Buffer {
    return this.#cache.get(this.#key + number, () => {
      const offset = number * PAGE_BYTES;
      const page = readFully(this.#fd, offset, Math.min(PAGE_BYTES, this.#length - offset), scratch);
      if (crc32(page) !== this.#crcs[number]) throw this.#damage(offset);
      return page;
    });
  }
}
