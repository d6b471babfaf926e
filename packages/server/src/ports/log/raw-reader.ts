import { closeSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { OperatorError } from '../../base/errors.ts';
import { decodeHeader } from '../../event/header.ts';
import type { Sequence, StoredEvent } from '../log.ts';
import { FRAME_BODY_BYTES_MAX, FRAME_HEAD_BYTES, type Frame, readFrame } from './frame.ts';

/**
 * Raw segments, read synchronously: by recovery and by history's worker. For the worker:
 *
 *     for (const frame of readRawFrames(durable.path, position, durable.bytes)) {
 *       const header = decodeHeader(frame.header, 0, frame.header.length);   // or storedEvent(frame.sequence, frame)
 *       position = frame.next;
 *     }
 */
const RAW_MAGIC = Buffer.from('OTWAL\0\0\u0001', 'latin1');
/** Magic, f64 first sequence, u32 seed, u32 CRC of the 20 bytes before. */
export const RAW_HEADER_BYTES = 24;
/** Read at a time: enough to make the cost of a call small, little enough for a worker to hold. */
const CHUNK_BYTES = 1 << 20;

export interface RawHeader {
  readonly first: Sequence;
  readonly seed: number;
}

/** A place between frames: the sequence of the frame that starts (or will start) at this byte of the file. */
export interface RawPosition {
  readonly sequence: Sequence;
  readonly offset: number;
}

export interface RawFrame extends Frame {
  readonly sequence: Sequence;
  /** The frame without length and CRC: what `SealedWriter.add` takes. */
  readonly body: Buffer;
  /** Where the frame after this one starts. */
  readonly next: RawPosition;
}

/** A file of the Log cannot be what was written. Says which, where, and what to do. */
export const logDamage = (path: string, offset: number, what: string): OperatorError =>
  new OperatorError(
    `The log file ${path} is damaged at byte ${offset}: ${what}. Nothing was changed. Restore the file from a backup or a replica.`,
  );

/** `00000000000000131072.wal`: names sort as their sequences do. */
export const segmentName = (first: Sequence, kind: 'wal' | 'seg' | 'idx'): string =>
  `${String(first).padStart(20, '0')}.${kind}`;

export function encodeRawHeader(header: RawHeader): Buffer {
  const out = Buffer.alloc(RAW_HEADER_BYTES);
  RAW_MAGIC.copy(out);
  out.writeDoubleLE(header.first, 8);
  out.writeUInt32LE(header.seed, 16);
  out.writeUInt32LE(crc32(out.subarray(0, 20)), 20);
  return out;
}

/** @throws OperatorError when the file does not start as a raw segment does */
export function readRawHeader(source: string | number): RawHeader {
  return withFile(source, (fd) => {
    const bytes = readFully(fd, 0, RAW_HEADER_BYTES);
    const intact = bytes.length === RAW_HEADER_BYTES && crc32(bytes.subarray(0, 20)) === bytes.readUInt32LE(20);
    if (!intact || !bytes.subarray(0, 8).equals(RAW_MAGIC)) throw logDamage(`${source}`, 0, 'its head is wrong');
    return { first: bytes.readDoubleLE(8), seed: bytes.readUInt32LE(16) };
  });
}

/**
 * The frames from `from` (undefined: the first) up to the byte `endOffset`, in order. Header, JSON and body are views
 * into a buffer that is never reused. Holds about `CHUNK_BYTES` at a time.
 * @param source a path, or a file descriptor, which stays open
 * @throws OperatorError at a frame that is damaged, or cut by `endOffset`
 */
export function* readRawFrames(
  source: string | number,
  from: RawPosition | undefined,
  endOffset: number,
): Generator<RawFrame, void, void> {
  const { first, seed } = readRawHeader(source);
  const start = from ?? { sequence: first, offset: RAW_HEADER_BYTES };
  const end = yield* goodFrames(source, seed, start, endOffset);
  if (end.offset < endOffset) throw logDamage(`${source}`, end.offset, 'a frame fails its check');
}

/** As `readRawFrames`, but ends at the first frame that is not whole. @returns where that is */
export function* goodFrames(
  source: string | number,
  seed: number,
  start: RawPosition,
  endOffset: number,
): Generator<RawFrame, RawPosition, void> {
  const fd = typeof source === 'number' ? source : openSync(source, 'r');
  try {
    let at = start;
    let want = CHUNK_BYTES;
    while (at.offset < endOffset) {
      const chunk = readFully(fd, at.offset, Math.min(want, endOffset - at.offset));
      const base = at.offset;
      for (;;) {
        const offset = at.offset - base;
        const frame = offset < chunk.length ? readFrame(chunk, offset, seed) : 'short';
        if (frame === 'damaged') return at;
        if (frame === 'short') break;
        const end = offset + FRAME_HEAD_BYTES + chunk.readUInt32LE(offset);
        at = { sequence: at.sequence + 1, offset: base + end };
        const { acceptedMs, flags, header, json } = frame; // spread, it would take longer than all the rest
        const body = chunk.subarray(offset + FRAME_HEAD_BYTES, end);
        yield { acceptedMs, flags, header, json, sequence: at.sequence - 1, body, next: at };
      }
      const consumed = at.offset > base;
      if (!consumed && (chunk.length < want || want > CHUNK_BYTES)) return at; // short for good
      want = consumed ? CHUNK_BYTES : FRAME_HEAD_BYTES + FRAME_BODY_BYTES_MAX;
    }
    return at;
  } finally {
    if (typeof source !== 'number') closeSync(fd);
  }
}

/** A frame as readers of the Log see it. */
export function storedEvent(sequence: Sequence, frame: Frame): StoredEvent {
  const { acceptedMs, header, json } = frame;
  return { sequence, acceptedMs, header: decodeHeader(header, 0, header.length), json };
}

/**
 * Up to `length` bytes at `position`: fewer only when the file ends.
 * @param bytes where to, for who reads often and keeps nothing
 */
export function readFully(fd: number, position: number, length: number, bytes = Buffer.allocUnsafe(length)): Buffer {
  let done = 0;
  while (done < length) {
    const got = readSync(fd, bytes, done, length - done, position + done);
    if (got === 0) break;
    done += got;
  }
  return bytes.subarray(0, done);
}

function withFile<R>(source: string | number, read: (fd: number) => R): R {
  if (typeof source === 'number') return read(source);
  const fd = openSync(source, 'r');
  try {
    return read(fd);
  } finally {
    closeSync(fd);
  }
}
