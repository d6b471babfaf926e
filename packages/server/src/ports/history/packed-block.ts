import { crc32 } from 'node:zlib';
import { readFully } from '../log/raw-reader.ts';
import { BLOCK_EVENTS, type Codec } from '../log/sealed-format.ts';
import { type Beginning, unpackInPlace } from './unpack-in-place.ts';

/** Where a block of a `.seg` is, and how to unpack it. */
export interface PackedBlock {
  readonly fd: number;
  readonly offset: number;
  /** Packed. */
  readonly bytes: number;
  /** Of the packed bytes. */
  readonly crc: number;
  readonly plainBytes: number;
  readonly codec: Codec;
}

/** Before each record in a block: u32 length. */
export const RECORD_HEAD_BYTES = 4;
/** As many packed bytes as this many others has the first record of a block, since it resembles nothing before it. */
const FIRST_RECORD_WEIGHT = 3.5;
/** Where a packed block is read to, when it is not uncommonly large. */
const scratch = Buffer.allocUnsafeSlow(64 << 10);

/**
 * Reads and unpacks a block, or its beginning: half the work, for a single record.
 * @param records how many of its first records are wanted; by default all
 * @returns bytes that the next call may go over; undefined when it fails its check
 * @throws Error when it cannot be unpacked
 */
export function readPacked(block: PackedBlock, records = BLOCK_EVENTS): Buffer | undefined {
  const { fd, offset, bytes, crc, plainBytes, codec } = block;
  const packed = readFully(fd, offset, bytes, bytes <= scratch.length ? scratch : undefined);
  if (crc32(packed) !== crc) return undefined;
  return unpackInPlace(packed, plainBytes, codec, records < BLOCK_EVENTS ? beginningWith(records) : undefined);
}

/** Half of all reads find what they want in the first go, and most others in the second. */
const beginningWith = (records: number): Beginning => ({
  share: (records - 1 + FIRST_RECORD_WEIGHT) / (BLOCK_EVENTS - 1 + FIRST_RECORD_WEIGHT),
  isThere: (plain) => recordAt(plain, records - 1) !== undefined,
});

/** A record of a block, by how many come before it: a view; undefined when these bytes do not have all of it. */
export function recordAt(plain: Buffer, skipped: number): Buffer | undefined {
  let at = 0;
  for (let left = skipped; at + RECORD_HEAD_BYTES <= plain.length; left--) {
    const start = at + RECORD_HEAD_BYTES;
    at = start + plain.readUInt32LE(at);
    if (left === 0) return at <= plain.length ? plain.subarray(start, at) : undefined;
  }
  return undefined;
}
