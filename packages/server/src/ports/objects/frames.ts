import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { readAt } from './files.ts';

/**
 * The one format of the index's journals and snapshots. A file is a header (`OTINDEX\1`, u32le salt), then frames:
 *
 * | u32le | length of the payload                              |
 * | u32le | CRC-32 of the payload                              |
 * | u32le | CRC-32 of the eight bytes before, begun with salt  |
 * | …     | payload: changes, see `encodeChanges`              |
 *
 * A frame is what one fdatasync made durable, so only the last one of the newest journal can be torn. The salt is
 * random: keys are whatever callers like, and none may look like a frame when a damaged file is searched for one.
 */
const MAGIC = Buffer.from('OTINDEX\u0001', 'latin1');
export const FILE_HEADER_BYTES = 12;
const FRAME_HEADER_BYTES = 12;
/** A commit is bounded by its batch; what claims to be longer is no frame. */
export const FRAME_BYTES_MAX = 64 << 20;

/** A change of one entry of one table; without a value the entry goes. */
export interface Change {
  readonly table: number;
  readonly key: Buffer;
  readonly value?: Buffer;
}

export function fileHeader(salt: number): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(salt, MAGIC.length);
  return header;
}

export function encodeFrame(payload: Buffer, salt: number): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(crc32(payload), 4);
  frame.writeUInt32LE(crc32(frame.subarray(0, 8), salt), 8);
  payload.copy(frame, FRAME_HEADER_BYTES);
  return frame;
}

const DELETED = 0xffff_ffff;
const CHANGE_HEAD_BYTES = 12;

/** Each change: u32le table, u32le key length, u32le value length (all ones: deleted), key, value. */
export function encodeChanges(changes: readonly Change[]): Buffer {
  return Buffer.concat(
    changes.flatMap(({ table, key, value }) => {
      const head = Buffer.allocUnsafe(CHANGE_HEAD_BYTES);
      head.writeUInt32LE(table, 0);
      head.writeUInt32LE(key.length, 4);
      head.writeUInt32LE(value?.length ?? DELETED, 8);
      return value ? [head, key, value] : [head, key];
    }),
  );
}

export function* decodeChanges(payload: Buffer): Generator<Change, void> {
  for (let at = 0; at < payload.length; ) {
    const keyEnd = at + CHANGE_HEAD_BYTES + payload.readUInt32LE(at + 4);
    const valueBytes = payload.readUInt32LE(at + 8);
    const change = { table: payload.readUInt32LE(at), key: payload.subarray(at + CHANGE_HEAD_BYTES, keyEnd) };
    at = valueBytes === DELETED ? keyEnd : keyEnd + valueBytes;
    yield valueBytes === DELETED ? change : { ...change, value: payload.subarray(keyEnd, at) };
  }
}

export interface FileEnd {
  readonly salt: number;
  /** Where the last good frame ends; 0 when not even the header is good. */
  readonly goodBytes: number;
  readonly bytes: number;
  /** What is wrong after `goodBytes` can only be damage: a whole frame follows it, or more than a frame's bytes. */
  readonly damaged: boolean;
}

/** Hands each good frame's payload to `take`, in order, and tells how the file ends. */
export async function readFrames(file: FileHandle, take: (payload: Buffer) => void): Promise<FileEnd> {
  const bytes = (await file.stat()).size;
  const header = await readAt(file, FILE_HEADER_BYTES, 0);
  if (header.length < FILE_HEADER_BYTES) return { salt: 0, goodBytes: 0, bytes, damaged: false };
  if (!header.subarray(0, MAGIC.length).equals(MAGIC)) return { salt: 0, goodBytes: 0, bytes, damaged: true };
  const salt = header.readUInt32LE(MAGIC.length);
  let at = FILE_HEADER_BYTES;
  for (;;) {
    const head = await readAt(file, FRAME_HEADER_BYTES, at);
    const length = payloadBytes(head, 0, salt);
    if (length === undefined) break;
    const payload = await readAt(file, length, at + FRAME_HEADER_BYTES);
    if (payload.length < length || crc32(payload) !== head.readUInt32LE(4)) break;
    take(payload);
    at += FRAME_HEADER_BYTES + length;
  }
  return { salt, goodBytes: at, bytes, damaged: bytes > at && (await isDamage(file, at, bytes, salt)) };
}

async function isDamage(file: FileHandle, at: number, bytes: number, salt: number): Promise<boolean> {
  if (bytes - at > FRAME_BYTES_MAX + FRAME_HEADER_BYTES) return true;
  const rest = await readAt(file, bytes - at, at);
  for (let i = 1; i + FRAME_HEADER_BYTES <= rest.length; i++) {
    const length = payloadBytes(rest, i, salt);
    if (length === undefined) continue;
    const payload = rest.subarray(i + FRAME_HEADER_BYTES, i + FRAME_HEADER_BYTES + length);
    if (payload.length === length && crc32(payload) === rest.readUInt32LE(i + 4)) return true;
  }
  return false;
}

function payloadBytes(bytes: Buffer, at: number, salt: number): number | undefined {
  if (at + FRAME_HEADER_BYTES > bytes.length) return undefined;
  const length = bytes.readUInt32LE(at);
  const good = length <= FRAME_BYTES_MAX && bytes.readUInt32LE(at + 8) === crc32(bytes.subarray(at, at + 8), salt);
  return good ? length : undefined;
}
