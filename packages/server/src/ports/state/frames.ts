import { crc32 } from 'node:zlib';

/**
 * The one format of the journal and of its snapshots. A file is a header (`OTSTATE\1`, u64le generation), then frames:
 *
 * | u32le | length of the payload                    |
 * | u32le | CRC-32 of the payload                    |
 * | u32le | CRC-32 of the eight bytes before         |
 * | …     | payload: JSON, `[[key, version, value?]…]` |
 *
 * A frame is what one fdatasync made durable, so only the last one of a journal can be torn.
 */
const MAGIC = Buffer.from('OTSTATE\u0001', 'latin1');
export const FILE_HEADER_BYTES = 16;
const FRAME_HEADER_BYTES = 12;

/**
 * A length with a byte of 0x20 or more in front is none: JSON text escapes everything below 0x20, so that no stored
 * value can look like the head of a frame when a damaged file is searched for one.
 */
const PAYLOAD_BYTES_MAX = 0x1fff_ffff;

export function fileHeader(generation: number): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  MAGIC.copy(header);
  header.writeBigUInt64LE(BigInt(generation), 8);
  return header;
}

export function encodeFrame(payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(crc32(payload), 4);
  frame.writeUInt32LE(crc32(frame.subarray(0, 8)), 8);
  payload.copy(frame, FRAME_HEADER_BYTES);
  return frame;
}

export interface Frames {
  readonly payloads: readonly Buffer[];
  /** Where the last good frame ends. Short of the file's length: a torn tail, or damage. */
  readonly goodBytes: number;
  /** What is wrong after `goodBytes` can only be damage: whole frames follow it. */
  readonly damaged: boolean;
}

/** Reads the frames of a whole file's bytes, header included (which the caller has checked). */
export function decodeFrames(file: Buffer): Frames {
  const payloads: Buffer[] = [];
  let at = FILE_HEADER_BYTES;
  for (;;) {
    const payload = frameAt(file, at);
    if (!payload) break;
    payloads.push(payload);
    at += FRAME_HEADER_BYTES + payload.length;
  }
  return { payloads, goodBytes: Math.min(at, file.length), damaged: hasFrameAfter(file, at) };
}

function payloadBytesAt(file: Buffer, at: number): number | undefined {
  if (at + FRAME_HEADER_BYTES > file.length) return undefined;
  const length = file.readUInt32LE(at);
  if (length > PAYLOAD_BYTES_MAX || file.readUInt32LE(at + 8) !== crc32(file.subarray(at, at + 8))) return undefined;
  return length;
}

function frameAt(file: Buffer, at: number): Buffer | undefined {
  const length = payloadBytesAt(file, at);
  if (length === undefined || at + FRAME_HEADER_BYTES + length > file.length) return undefined;
  const payload = file.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length);
  return crc32(payload) === file.readUInt32LE(at + 4) ? payload : undefined;
}

function hasFrameAfter(file: Buffer, at: number): boolean {
  for (let i = at + 1; i + FRAME_HEADER_BYTES <= file.length; i++) if (frameAt(file, i)) return true;
  return false;
}
