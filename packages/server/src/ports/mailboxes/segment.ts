import { statSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { OperatorError } from '../../base/errors.ts';
import { type LogFile, type LogFileSystem, readUpTo, writeFully } from '../log/file-system.ts';
import { Shared } from '../log/shared.ts';
import {
  decodeFileHeader,
  encodeFileHeader,
  FILE_HEADER_BYTES,
  FIRST_OF_WRITE,
  type FileHeader,
  FRAME_HEAD_BYTES,
  type FrameHead,
  frameBytes,
  readFrameStart,
} from './frames.ts';

/** Read at a time when a segment is read through. Bodies that reach past it are not read. */
const SCAN_BYTES = 1 << 20;

export const segmentName = (number: number) => `${String(number).padStart(12, '0')}.mail`;
export const SEGMENT_FILE = /^\d{12}\.mail$/;
export const LEFTOVER = /^\d{12}\.mail\.tmp$/;

export interface ScannedFrame {
  readonly head: FrameHead;
  /** Of the frame without the bodies. */
  readonly headBytes: number;
  /** Where the first body stands. */
  readonly bodiesAt: number;
}

/** Where a message's body is. */
export interface Place {
  readonly segment: Segment;
  readonly at: number;
  readonly crc: number;
  /** Of its record and its body on the disk. */
  readonly bytes: number;
}

/** One file of messages. Frames are added to its end while it is the last; it is read as long as a message lives there. */
export class Segment {
  readonly number: number;
  readonly path: string;
  readonly header: FileHeader;
  /** As far as the file is known to be good. */
  bytes = FILE_HEADER_BYTES;
  /** What its live messages take. */
  liveBytes = 0;
  liveCount = 0;
  readonly #file: LogFile;
  readonly #readers: Shared<LogFile>;

  constructor(number: number, path: string, header: FileHeader, file: LogFile) {
    this.number = number;
    this.path = path;
    this.header = header;
    this.#file = file;
    this.#readers = new Shared(file, (f) => f.close());
  }

  /** Makes frames durable at the end. When it throws, `cut` MUST succeed before the next append. */
  async append(frames: Buffer): Promise<void> {
    await writeFully(this.#file, frames, this.bytes);
    if (!this.#file.writesThrough) await this.#file.datasync();
    this.bytes += frames.length;
  }

  /** Cuts off what stands after the good end. */
  async cut(): Promise<void> {
    await this.#file.truncate(this.bytes);
    await this.#file.datasync();
  }

  /** Writes what stands from `from` on once more: it may be in the page cache alone. */
  async rewrite(from: number): Promise<void> {
    await writeFully(this.#file, await readUpTo(this.#file, this.bytes - from, from), from);
    if (!this.#file.writesThrough) await this.#file.datasync();
  }

  /** @throws OperatorError when it is not what was written */
  readBody(at: number, length: number, crc: number): Promise<Buffer> {
    return this.#readers.use(async (file) => {
      const body = await readUpTo(file, length, at);
      if (body.length < length || crc32(body) !== crc) throw mailboxDamage(this.path, at, 'a message fails its check');
      return body;
    });
  }

  /**
   * Hands out the frames up to `end`, in order.
   * @param checked whether bodies are read and checked too
   * @returns where the last good frame ends, and where the last write began
   */
  scan(
    end: number,
    checked: boolean,
    take: (frame: ScannedFrame) => Promise<void> | undefined,
  ): Promise<{ readonly goodBytes: number; readonly lastWriteAt: number }> {
    return this.#readers.use(async (file) => {
      let chunk: Buffer = Buffer.alloc(0);
      let chunkAt = 0;
      const need = async (at: number, length: number) => {
        if (at >= chunkAt && at + length <= chunkAt + chunk.length) return;
        chunk = await readUpTo(file, Math.min(Math.max(length, SCAN_BYTES), end - at), at);
        chunkAt = at;
      };
      let at = FILE_HEADER_BYTES;
      let lastWriteAt = at;
      while (at < end) {
        await need(at, Math.min(FRAME_HEAD_BYTES, end - at));
        const start = readFrameStart(chunk, at - chunkAt, this.header.salt);
        if (!start || at + frameBytes(start) > end) break;
        const headBytes = FRAME_HEAD_BYTES + start.headBytes;
        await need(at, checked ? frameBytes(start) : headBytes);
        const json = chunk.subarray(at - chunkAt + FRAME_HEAD_BYTES, at - chunkAt + headBytes);
        if (crc32(json) !== start.headCrc) break;
        const head = JSON.parse(json.toString('utf8')) as FrameHead;
        if (checked && !bodiesAreGood(head, chunk, at - chunkAt + headBytes)) break;
        if (start.flags & FIRST_OF_WRITE) lastWriteAt = at;
        const taken = take({ head, headBytes, bodiesAt: at + headBytes });
        if (taken) await taken;
        at += frameBytes(start);
      }
      return { goodBytes: at, lastWriteAt };
    });
  }

  /** Whether a write stands after `from`, which then was begun when all before it was durable. */
  hasWriteAfter(from: number, end: number): Promise<boolean> {
    return this.#readers.use(async (file) => {
      const rest = await readUpTo(file, end - from, from);
      const salt = Buffer.alloc(4);
      salt.writeUInt32LE(this.header.salt);
      for (let at = rest.indexOf(salt, 1); at >= 0; at = rest.indexOf(salt, at + 1)) {
        const start = readFrameStart(rest, at, this.header.salt);
        if (!start || (start.flags & FIRST_OF_WRITE) === 0) continue;
        const json = rest.subarray(at + FRAME_HEAD_BYTES, at + FRAME_HEAD_BYTES + start.headBytes);
        if (json.length === start.headBytes && crc32(json) === start.headCrc) return true;
      }
      return false;
    });
  }

  /** Waits for reads under way. */
  close(): Promise<void> {
    return this.#readers.end();
  }
}

function bodiesAreGood(head: FrameHead, chunk: Buffer, from: number): boolean {
  let at = from;
  return (head.put ?? []).every(([, , , length, crc]) => {
    at += length;
    return crc32(chunk.subarray(at - length, at)) === crc;
  });
}

/** Makes an empty segment, durable under its name. */
export async function createSegment(
  fileSystem: LogFileSystem,
  directory: string,
  number: number,
  header: FileHeader,
): Promise<Segment> {
  const path = join(directory, segmentName(number));
  const file = await fileSystem.open(`${path}.tmp`, 'w+');
  try {
    await writeFully(file, encodeFileHeader(header), 0);
    if (!file.writesThrough) await file.datasync();
    await fileSystem.rename(`${path}.tmp`, path);
    await fileSystem.syncDirectory(directory);
  } catch (error) {
    await file.close().catch(() => {});
    await fileSystem.remove(path).catch(() => {}); // it may have its name already
    throw error;
  }
  return new Segment(number, path, header, file);
}

/** @throws OperatorError when its header is damaged */
export async function openSegment(
  fileSystem: LogFileSystem,
  directory: string,
  number: number,
): Promise<{ readonly segment: Segment; readonly fileBytes: number }> {
  const path = join(directory, segmentName(number));
  const file = await fileSystem.open(path, 'r+');
  const header = decodeFileHeader(await readUpTo(file, FILE_HEADER_BYTES, 0));
  if (!header) {
    await file.close();
    throw mailboxDamage(path, 0, 'its head is wrong');
  }
  return { segment: new Segment(number, path, header, file), fileBytes: statSync(path).size };
}

export const mailboxDamage = (path: string, offset: number, what: string) =>
  new OperatorError(
    `The mailbox file ${path} is damaged at byte ${offset}: ${what}. Restore the mailboxes directory from a backup; or, to go on without the messages that wait in it, move it away.`,
  );
