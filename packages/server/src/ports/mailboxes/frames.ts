import { crc32 } from 'node:zlib';
import type { MessageMeta } from '../mailboxes.ts';

/**
 * A segment file is a header, then frames, one for each write that is atomic:
 *
 * | header, 24 bytes | what                                                   |
 * | ---------------- | ------------------------------------------------------ |
 * | 8                | `OTMAIL\0\1`                                           |
 * | f64le            | the least id that may be given out after its creation  |
 * | u32le            | salt: random, so that no body can look like a frame    |
 * | u32le            | CRC-32 of the 20 bytes before                          |
 *
 * | frame | what                                                              |
 * | ----- | ----------------------------------------------------------------- |
 * | u32le | the salt                                                          |
 * | u32le | length of the head                                                |
 * | u32le | length of the bodies                                              |
 * | u32le | flags: 1 first frame of a write                                   |
 * | u32le | CRC-32 of the head                                                |
 * | u32le | CRC-32 of the 20 bytes before                                     |
 * | …     | head: JSON, see `FrameHead`                                       |
 * | …     | the bodies of the messages, in the order of the head              |
 */
const MAGIC = Buffer.from('OTMAIL\u0000\u0001', 'latin1');
export const FILE_HEADER_BYTES = 24;
export const FRAME_HEAD_BYTES = 24;
export const FIRST_OF_WRITE = 1;
/** Heads and bodies of one frame each stay below; what claims to be longer is none. */
export const FRAME_BYTES_MAX = 128 << 20;

/** `box, id, meta, bytes of its body, CRC-32 of its body`. One that is there is replaced. */
export type PutRecord = readonly [string, number, MessageMeta, number, number];

/** What one atomic write does, in this order. */
export interface FrameHead {
  readonly put?: readonly PutRecord[];
  readonly update?: readonly [box: string, changes: readonly (readonly [id: number, meta: MessageMeta])[]];
  readonly remove?: readonly [box: string, ids: readonly number[]];
  readonly drop?: string;
}

export interface FrameContent {
  readonly head: FrameHead;
  /** Of the messages that it puts, in order. */
  readonly bodies: readonly Uint8Array[];
}

export interface FileHeader {
  readonly salt: number;
  readonly nextId: number;
}

export function encodeFileHeader({ salt, nextId }: FileHeader): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  MAGIC.copy(header);
  header.writeDoubleLE(nextId, 8);
  header.writeUInt32LE(salt, 16);
  header.writeUInt32LE(crc32(header.subarray(0, 20)), 20);
  return header;
}

export function decodeFileHeader(bytes: Buffer): FileHeader | undefined {
  if (bytes.length < FILE_HEADER_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) return undefined;
  if (bytes.readUInt32LE(20) !== crc32(bytes.subarray(0, 20))) return undefined;
  return { nextId: bytes.readDoubleLE(8), salt: bytes.readUInt32LE(16) };
}

/** A frame as buffers to be written one after the other. */
export function encodeFrame({ head, bodies }: FrameContent, salt: number, flags: number): Uint8Array[] {
  const json = Buffer.from(JSON.stringify(head));
  const start = Buffer.allocUnsafe(FRAME_HEAD_BYTES);
  start.writeUInt32LE(salt, 0);
  start.writeUInt32LE(json.length, 4);
  start.writeUInt32LE(
    bodies.reduce((sum, body) => sum + body.length, 0),
    8,
  );
  start.writeUInt32LE(flags, 12);
  start.writeUInt32LE(crc32(json), 16);
  start.writeUInt32LE(crc32(start.subarray(0, 20)), 20);
  return [start, json, ...bodies];
}

export interface FrameStart {
  readonly headBytes: number;
  readonly bodyBytes: number;
  readonly flags: number;
  readonly headCrc: number;
}

/** The fixed part of a frame, or undefined when none begins at `at`. */
export function readFrameStart(bytes: Buffer, at: number, salt: number): FrameStart | undefined {
  if (at + FRAME_HEAD_BYTES > bytes.length || bytes.readUInt32LE(at) !== salt) return undefined;
  if (bytes.readUInt32LE(at + 20) !== crc32(bytes.subarray(at, at + 20))) return undefined;
  const start = {
    headBytes: bytes.readUInt32LE(at + 4),
    bodyBytes: bytes.readUInt32LE(at + 8),
    flags: bytes.readUInt32LE(at + 12),
    headCrc: bytes.readUInt32LE(at + 16),
  };
  return start.headBytes <= FRAME_BYTES_MAX && start.bodyBytes <= FRAME_BYTES_MAX ? start : undefined;
}

export const frameBytes = ({ headBytes, bodyBytes }: FrameStart) => FRAME_HEAD_BYTES + headBytes + bodyBytes;
