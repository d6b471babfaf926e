import { type FileHandle, open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type LogFile, type LogFileSystem, readUpTo, writeFully } from '../log/file-system.ts';
import { logDamage, segmentName } from '../log/raw-reader.ts';
import { encodeFrame, FILE_HEADER_BYTES, fileHeader, readFrames } from '../objects/frames.ts';
import { type BlockInfo, decodeBlock, infoOf } from './block.ts';
import { Lease, type Segment } from './segment.ts';

/** Before a frame's payload (`objects/frames.ts`). */
const FRAME_HEAD_BYTES = 12;

/** Read along with a block, on both sides: batches may be of one event each, and their neighbours are wanted next. */
const AROUND_BYTES = 128 << 10;

/** A segment as it is written: a frame of each batch, in the order in which they came. */
export class RawSegment implements Segment {
  readonly path: string;
  readonly first: number;
  readonly lease = new Lease();
  readonly #salt: number;
  readonly #file: LogFile;
  readonly #blocks: BlockInfo[];
  #bytes: number;
  #end: number;
  #minMs = Number.POSITIVE_INFINITY;
  #maxMs = Number.NEGATIVE_INFINITY;
  /** What was read last; nothing that is written changes any more. */
  #window: { readonly start: number; readonly bytes: Buffer } = { start: 0, bytes: Buffer.alloc(0) };
  /** A write failed: what it left must go before the next one. */
  #torn = false;

  constructor(path: string, first: number, salt: number, file: LogFile, blocks: BlockInfo[], bytes: number) {
    this.path = path;
    this.first = first;
    this.#salt = salt;
    this.#file = file;
    this.#blocks = blocks;
    this.#bytes = bytes;
    this.#end = first;
    for (const block of blocks) this.#count(block);
  }

  get end(): number {
    return this.#end;
  }
  get minMs(): number {
    return this.#minMs;
  }
  get maxMs(): number {
    return this.#maxMs;
  }
  get bytes(): number {
    return this.#bytes;
  }

  async blocks(): Promise<readonly BlockInfo[]> {
    return this.#blocks.slice();
  }

  /** Makes blocks durable, each in a frame of its own. After an error nothing of them is in the segment. */
  async append(blocks: readonly Buffer[]): Promise<readonly BlockInfo[]> {
    if (this.#torn) await this.#cut();
    const frames = blocks.map((block) => encodeFrame(block, this.#salt));
    this.#torn = true;
    await writeFully(this.#file, Buffer.concat(frames), this.#bytes);
    if (!this.#file.writesThrough) await this.#file.datasync();
    this.#torn = false;
    return blocks.map((block) => {
      const info = infoOf(block, this.#bytes + FRAME_HEAD_BYTES, block.length);
      this.#blocks.push(info);
      this.#bytes += FRAME_HEAD_BYTES + block.length;
      this.#count(info);
      return info;
    });
  }

  /** A block as it was written, its check done. */
  async bytesOf({ offset, length }: BlockInfo): Promise<Buffer> {
    const start = offset - FRAME_HEAD_BYTES;
    const end = offset + length;
    let window = this.#window;
    if (start < window.start || end > window.start + window.bytes.length) {
      const from = Math.max(0, start - AROUND_BYTES);
      const bytes = await readUpTo(this.#file, Math.min(this.#bytes, end + AROUND_BYTES) - from, from);
      window = { start: from, bytes };
      this.#window = window;
    }
    const frame = window.bytes.subarray(start - window.start, end - window.start);
    const block = frame.subarray(FRAME_HEAD_BYTES);
    if (block.length < length) throw logDamage(this.path, offset, 'it ends before its last event');
    if (crc32(block) !== frame.readUInt32LE(4)) throw logDamage(this.path, offset, 'a batch fails its check');
    return block;
  }

  async load(block: BlockInfo) {
    return decodeBlock(await this.bytesOf(block));
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #cut(): Promise<void> {
    await this.#file.truncate(this.#bytes);
    await this.#file.datasync();
    this.#torn = false;
  }

  #count(block: BlockInfo): void {
    this.#end = Math.max(this.#end, block.maxSequence + 1);
    this.#minMs = Math.min(this.#minMs, block.minMs);
    this.#maxMs = Math.max(this.#maxMs, block.maxMs);
  }
}

/** Makes an empty one, durable under its name. */
export async function createRaw(
  fs: LogFileSystem,
  directory: string,
  first: number,
  salt: number,
): Promise<RawSegment> {
  const path = join(directory, segmentName(first, 'wal'));
  const file = await fs.open(`${path}.tmp`, 'w+');
  try {
    await writeFully(file, fileHeader(salt), 0);
    await file.datasync();
    await fs.rename(`${path}.tmp`, path);
    await fs.syncDirectory(directory);
  } catch (error) {
    await file.close().catch(() => {});
    throw error;
  }
  return new RawSegment(path, first, salt, file, [], FILE_HEADER_BYTES);
}

/** Opens one that is there, and cuts off what a crash left half written. @throws OperatorError when it is damaged */
export async function openRaw(fs: LogFileSystem, path: string, first: number): Promise<RawSegment> {
  const blocks: BlockInfo[] = [];
  let at = FILE_HEADER_BYTES;
  const found = await withFile(path, (file) =>
    readFrames(file, (block) => {
      blocks.push(infoOf(block, at + FRAME_HEAD_BYTES, block.length));
      at += FRAME_HEAD_BYTES + block.length;
    }),
  );
  if (found.damaged || found.goodBytes === 0) throw logDamage(path, found.goodBytes, 'a batch fails its check');
  if (found.bytes > found.goodBytes) await truncate(path, found.goodBytes);
  const file = await fs.open(path, 'r+');
  try {
    await file.datasync(); // what was written and not acknowledged is read from now on, so it has to last
  } catch (error) {
    await file.close();
    throw error;
  }
  return new RawSegment(path, first, found.salt, file, blocks, found.goodBytes);
}

export async function withFile<R>(path: string, work: (file: FileHandle) => Promise<R>): Promise<R> {
  const file = await open(path, 'r');
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}
