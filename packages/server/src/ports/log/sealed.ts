import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { assert } from '../../base/errors.ts';
import type { Sequence, StoredEvent } from '../log.ts';
import type { Frame } from './frame.ts';
import { logDamage, readFully, storedEvent } from './raw-reader.ts';
import {
  BLOCK_EVENTS,
  type BlockEntry,
  blockCount,
  decodeBlock,
  decodeFooter,
  decodeTable,
  FOOTER_BYTES,
  type SealedFooter,
  TABLE_ENTRY_BYTES,
} from './sealed-format.ts';

/**
 * Sealed segments: what the Log and history's worker share.
 *
 *     writeSealed(rawPath, segPath, rawBytes): count              whole raw file, sync
 *     new SealedWriter(segPath, first)  .add(body, acceptedMs, timeMs)  .finish(): count  .abort()
 *     readSealedFooter(path): SealedFooter & { bytes }            first, count, spans; opens and closes the file
 *     openSealed(path, cache?): Sealed                            sync; reads footer and table
 *       .first .count .end .span .blocks[i]                       block i holds first + 16·i …
 *       .readBlockSync(i): Frame[]     .readBlock(i)
 *       .readAt(sequence): StoredEvent
 *       .readEvents(from, bytesMax): StoredEvent[]
 *       .close()
 *     new BlockCache(bytesMax)                                    may be shared by any number of segments
 *
 * All throw OperatorError, naming file and byte, when what they read is damaged.
 */
export { BLOCK_EVENTS, type BlockEntry, type SealedFooter, type Span } from './sealed-format.ts';
export { SealedWriter, writeSealed } from './sealed-writer.ts';

/** What a segment opened without a cache of its own may keep unpacked: some forty blocks. */
const OWN_CACHE_BYTES = 1 << 20;

export interface Sealed {
  readonly path: string;
  readonly first: Sequence;
  readonly count: number;
  /** first + count */
  readonly end: Sequence;
  readonly footer: SealedFooter;
  readonly blocks: readonly BlockEntry[];
  readBlock(index: number): Promise<readonly Frame[]>;
  readBlockSync(index: number): readonly Frame[];
  readAt(sequence: Sequence): Promise<StoredEvent>;
  /** Events from `from` on, at least one, up to about `bytesMax` bytes of header and JSON. */
  readEvents(from: Sequence, bytesMax: number): Promise<readonly StoredEvent[]>;
  /** MUST NOT be called while a read is under way. */
  close(): void;
}

/** Unpacked blocks, the least recently used dropped first. */
export class BlockCache {
  readonly #bytesMax: number;
  readonly #blocks = new Map<string, { readonly frames: readonly Frame[]; readonly bytes: number }>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(key: string): readonly Frame[] | undefined {
    const found = this.#blocks.get(key);
    if (!found) return undefined;
    this.#blocks.delete(key);
    this.#blocks.set(key, found);
    return found.frames;
  }

  set(key: string, frames: readonly Frame[], bytes: number): void {
    this.#bytes += bytes - (this.#blocks.get(key)?.bytes ?? 0);
    this.#blocks.delete(key);
    this.#blocks.set(key, { frames, bytes });
    for (const [oldest, block] of this.#blocks) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#blocks.delete(oldest);
      this.#bytes -= block.bytes;
    }
  }
}

/** What a sealed segment says of itself, read without its table. `bytes` is the size of the file. */
export function readSealedFooter(path: string): SealedFooter & { readonly bytes: number } {
  const fd = fs.openSync(path, 'r');
  try {
    return footerOf(fd, path);
  } finally {
    fs.closeSync(fd);
  }
}

function footerOf(fd: number, path: string): SealedFooter & { readonly bytes: number } {
  const bytes = fs.fstatSync(fd).size;
  const at = Math.max(0, bytes - FOOTER_BYTES);
  const footer = decodeFooter(readFully(fd, at, FOOTER_BYTES), bytes);
  if (!footer) throw logDamage(path, at, 'its footer is wrong');
  return { ...footer, bytes };
}

/** Opens a sealed segment for reading. Synchronous: a third of a megabyte is read. */
export function openSealed(path: string, cache = new BlockCache(OWN_CACHE_BYTES)): Sealed {
  const fd = fs.openSync(path, 'r');
  try {
    const footer = footerOf(fd, path);
    const table = readFully(fd, footer.tableOffset, blockCount(footer.count) * TABLE_ENTRY_BYTES);
    const blocks = decodeTable(table, footer);
    if (!blocks) throw logDamage(path, footer.tableOffset, 'its table fails its check');
    return new SealedFile(path, fd, footer, blocks, cache);
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

const read = promisify(fs.read);

class SealedFile implements Sealed {
  readonly path: string;
  readonly footer: SealedFooter;
  readonly blocks: readonly BlockEntry[];
  readonly #fd: number;
  readonly #cache: BlockCache;

  constructor(path: string, fd: number, footer: SealedFooter, blocks: readonly BlockEntry[], cache: BlockCache) {
    this.path = path;
    this.footer = footer;
    this.blocks = blocks;
    this.#fd = fd;
    this.#cache = cache;
  }

  get first(): Sequence {
    return this.footer.first;
  }

  get count(): number {
    return this.footer.count;
  }

  get end(): Sequence {
    return this.footer.first + this.footer.count;
  }

  async readBlock(index: number): Promise<readonly Frame[]> {
    const cached = this.#cache.get(this.#key(index));
    if (cached) return cached;
    const { offset, bytes } = this.#entry(index);
    return this.#decode(index, await this.#read(offset, bytes));
  }

  readBlockSync(index: number): readonly Frame[] {
    const cached = this.#cache.get(this.#key(index));
    if (cached) return cached;
    const { offset, bytes } = this.#entry(index);
    return this.#decode(index, readFully(this.#fd, offset, bytes));
  }

  async readAt(sequence: Sequence): Promise<StoredEvent> {
    return this.#pick(await this.readBlock(this.#blockOf(sequence)), sequence);
  }

  async readEvents(from: Sequence, bytesMax: number): Promise<readonly StoredEvent[]> {
    const { start, end, offset, bytes } = this.#range(from, bytesMax);
    return this.#collect(await this.#read(offset, bytes), start, end, from, bytesMax);
  }

  close(): void {
    fs.closeSync(this.#fd);
  }

  /** The blocks that hold `bytesMax` bytes from `from` on, and where they stand: they are read at once. */
  #range(from: Sequence, bytesMax: number) {
    const start = this.#blockOf(from);
    const offset = this.#entry(start).offset;
    let end = start;
    let inflated = 0;
    let bytes = 0;
    // The first block counts for nothing: most of it may stand before `from`.
    while (end < this.blocks.length && inflated < bytesMax) {
      const entry = this.#entry(end);
      if (end > start) inflated += entry.inflatedBytes;
      bytes += entry.bytes;
      end++;
    }
    return { start, end, offset, bytes };
  }

  #collect(packed: Buffer, start: number, end: number, from: Sequence, bytesMax: number): readonly StoredEvent[] {
    const events: StoredEvent[] = [];
    let budget = bytesMax;
    const base = this.#entry(start).offset;
    for (let i = start; i < end; i++) {
      const { offset, bytes } = this.#entry(i);
      const at = offset - base;
      const frames = this.#cache.get(this.#key(i)) ?? this.#decode(i, packed.subarray(at, at + bytes));
      for (let k = 0, sequence = this.first + i * BLOCK_EVENTS; k < frames.length; k++, sequence++) {
        if (sequence < from) continue;
        const frame = frames[k]!;
        budget -= frame.header.length + frame.json.length;
        if (budget < 0 && events.length > 0) return events;
        events.push(storedEvent(sequence, frame));
      }
    }
    return events;
  }

  #decode(index: number, bytes: Buffer): readonly Frame[] {
    const entry = this.#entry(index);
    const frames = decodeBlock(bytes, entry, this.footer.codec);
    const expected = Math.min(BLOCK_EVENTS, this.count - index * BLOCK_EVENTS);
    if (frames?.length !== expected) throw logDamage(this.path, entry.offset, 'a block fails its check');
    this.#cache.set(this.#key(index), frames, entry.inflatedBytes);
    return frames;
  }

  #pick(frames: readonly Frame[], sequence: Sequence): StoredEvent {
    return storedEvent(sequence, frames[(sequence - this.first) % BLOCK_EVENTS]!);
  }

  #blockOf(sequence: Sequence): number {
    assert(sequence >= this.first && sequence < this.end, `${this.path} holds ${sequence}`);
    return Math.floor((sequence - this.first) / BLOCK_EVENTS);
  }

  #entry(index: number): BlockEntry {
    const entry = this.blocks[index];
    assert(entry, `${this.path} has a block ${index}`);
    return entry;
  }

  #key(index: number): string {
    return `${this.path}#${index}`;
  }

  async #read(offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await read(this.#fd, bytes, done, length - done, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  }
}
