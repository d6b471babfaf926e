import { crc32 } from 'node:zlib';
import { assert } from '../../base/errors.ts';
import type { NewEvent } from '../../event/event.ts';
import { encodeHeaderInto } from '../../event/header.ts';

/**
 * One event as bytes, in raw segments and (without its CRC) in sealed blocks. The layout stands in `ports/README.md`.
 * Pure: bytes in, bytes out.
 *
 * The CRC of a frame starts from the log's `seed`, a secret, so that no client can send a record that holds what looks
 * like a frame of ours when a damaged file is searched for one.
 */
export interface Frame {
  /** When the Log accepted it, ms since the epoch. */
  readonly acceptedMs: number;
  /** `FIRST_OF_WRITE`, `LAST_OF_BATCH`, or both, or 0. */
  readonly flags: number;
  /** The EventHeader as `event/header.ts` encodes it. */
  readonly header: Buffer;
  readonly json: Buffer;
}

/** Everything before this frame was durable when it was written: damage before it is rot, never a torn tail. */
export const FIRST_OF_WRITE = 1;
/** A crash may leave only part of a batch; recovery cuts back to the last frame that has this. */
export const LAST_OF_BATCH = 2;

/** u32 length, u32 CRC. */
export const FRAME_HEAD_BYTES = 8;
/** f64 acceptedMs, u8 flags, u16 header length. */
const BODY_HEAD_BYTES = 11;
/** A u16 carries its length. */
export const HEADER_BYTES_MAX = 0xffff;
/**
 * Intake allows records of 1 MB at most; four times that, so that a length read from damaged bytes is recognised
 * rather than believed.
 */
export const FRAME_BODY_BYTES_MAX = 4 * 1024 * 1024;

/** The bytes that a frame takes in a raw segment. */
export function frameBytes(headerBytes: number, jsonBytes: number): number {
  return FRAME_HEAD_BYTES + BODY_HEAD_BYTES + headerBytes + jsonBytes;
}

/**
 * Writes one event as a frame at `offset`, its header encoded in place; `target` must have room for a header of
 * `HEADER_BYTES_MAX`.
 * @returns the offset after it
 */
export function encodeEvent(
  target: Buffer,
  offset: number,
  event: NewEvent,
  acceptedMs: number,
  flags: number,
  seed: number,
): number {
  const headerAt = offset + FRAME_HEAD_BYTES + BODY_HEAD_BYTES;
  const headerBytes = encodeHeaderInto(event.header, target, headerAt);
  const end = headerAt + headerBytes + event.json.length;
  const body = offset + FRAME_HEAD_BYTES;
  // Not by a message that is made for each event.
  if (headerBytes > HEADER_BYTES_MAX || end - body > FRAME_BODY_BYTES_MAX || end > target.length) {
    assert(false, `a frame for an event of ${end - body} bytes with a header of ${headerBytes}`);
  }
  target.writeDoubleLE(acceptedMs, body);
  target[body + 8] = flags;
  target.writeUInt16LE(headerBytes, body + 9);
  target.set(event.json, headerAt + headerBytes);
  target.writeUInt32LE(end - body, offset);
  target.writeUInt32LE(crc32(target.subarray(body, end), seed), offset + 4);
  return end;
}

/**
 * The offset after the frame at `offset`, by its length alone (nothing else is checked).
 * @returns `short` when `bytes` ends before the frame does, `damaged` when no frame has such a length
 */
export function frameEnd(bytes: Buffer, offset: number): number | 'short' | 'damaged' {
  if (bytes.length - offset < FRAME_HEAD_BYTES) return 'short';
  const length = bytes.readUInt32LE(offset);
  if (length < BODY_HEAD_BYTES || length > FRAME_BODY_BYTES_MAX) return 'damaged';
  const end = offset + FRAME_HEAD_BYTES + length;
  return end > bytes.length ? 'short' : end;
}

/** The body of the frame at `offset`, a view into `bytes`, its CRC checked. */
export function readFrameBody(bytes: Buffer, offset: number, seed: number): Buffer | 'short' | 'damaged' {
  const end = frameEnd(bytes, offset);
  if (typeof end !== 'number') return end;
  const body = bytes.subarray(offset + FRAME_HEAD_BYTES, end);
  return crc32(body, seed) === bytes.readUInt32LE(offset + 4) ? body : 'damaged';
}

/** The frame at `offset`, its CRC checked. Header and JSON are views into `bytes`. */
export function readFrame(bytes: Buffer, offset: number, seed: number): Frame | 'short' | 'damaged' {
  const body = readFrameBody(bytes, offset, seed);
  return typeof body === 'string' ? body : (parseFrameBody(body) ?? 'damaged');
}

/** Where the encoded header stands in a frame's body. */
export const HEADER_OFFSET = BODY_HEAD_BYTES;
/** How many bytes it has. */
export const headerLength = (body: Buffer): number => body.readUInt16LE(BODY_HEAD_BYTES - 2);

/** A frame without its length and CRC, which the caller has checked; undefined when it is no frame's body. */
export function parseFrameBody(body: Buffer): Frame | undefined {
  if (body.length < BODY_HEAD_BYTES) return undefined;
  const headerEnd = BODY_HEAD_BYTES + body.readUInt16LE(9);
  if (headerEnd > body.length) return undefined;
  return {
    acceptedMs: body.readDoubleLE(0),
    flags: body[8]!,
    header: body.subarray(BODY_HEAD_BYTES, headerEnd),
    json: body.subarray(headerEnd),
  };
}

/**
 * Reads frame after frame from `offset` until `bytes` ends, a frame is short or damaged, or `onFrame` returns false.
 * @param onFrame gets each good frame with the offsets of its first byte and of the byte after it
 * @returns where it stopped (the first byte not consumed) and why; after `false` that frame is consumed
 */
export function scanFrames(
  bytes: Buffer,
  offset: number,
  seed: number,
  // biome-ignore lint/suspicious/noConfusingVoidType: most callers want every frame and return nothing
  onFrame: (frame: Frame, start: number, end: number) => boolean | void,
): { readonly offset: number; readonly stopped: 'end' | 'short' | 'damaged' | 'asked' } {
  let at = offset;
  while (at < bytes.length) {
    const frame = readFrame(bytes, at, seed);
    if (typeof frame === 'string') return { offset: at, stopped: frame };
    const start = at;
    at += FRAME_HEAD_BYTES + bytes.readUInt32LE(at);
    if (onFrame(frame, start, at) === false) return { offset: at, stopped: 'asked' };
  }
  return { offset: at, stopped: 'end' };
}
