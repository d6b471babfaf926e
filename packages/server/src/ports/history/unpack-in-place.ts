import { brotliDecompressSync, inflateRawSync } from 'node:zlib';
import { type Decoder, openDecoder } from '../../base/decoder.ts';
import type { Codec } from '../log/sealed-format.ts';

/** How much of the beginning of a block is wanted. */
export interface Beginning {
  /** Of the packed bytes, 0 to 1, that likely hold it: a little less than it takes, and more is unpacked, part by part. */
  readonly share: number;
  /** Whether it is there. @param plain the beginning as far as it is unpacked */
  readonly isThere: (plain: Buffer) => boolean;
}

/**
 * Unpacks a block, or as much of it as is wanted, and at most a part more.
 * @returns bytes that the next call may go over
 * @throws Error when they are damaged, or not as many as said; of damage behind the beginning nothing is said
 */
export type Unpack = (packed: Buffer, plainBytes: number, wanted?: Beginning) => Buffer;

/** A decoder gives what it can make of the bytes it has. What is still lacking is a record at most, of sixteen. */
const PART = 1 / 16;

/** A block of sixteen events has some 25 KB; a larger one gets memory of its own. */
const SCRATCH_BYTES = 256 << 10;
/** Would be written to only by what is longer than said. */
const SPARE_BYTES = 1;

/**
 * Unpacks block after block with one and the same decoder, into one and the same memory: a look-up reads up to fifty
 * blocks, more than a megabyte, and of each twenty look-ups one waited for that to be collected.
 * @param decoder of the codec; without one, each block gets decoder and memory of its own
 */
export function createUnpacker(codec: Codec, decoder: Decoder | undefined): Unpack {
  const unpack: Unpack = (packed, plainBytes) => unpackAlone(packed, plainBytes, codec);
  if (!decoder) return unpack;
  const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES + SPARE_BYTES);
  return (packed, plainBytes, wanted) => {
    if (plainBytes > SCRATCH_BYTES) return unpack(packed, plainBytes);
    const room = plainBytes + SPARE_BYTES;
    let [from, made, isAll] = [0, 0, false];
    for (let share = wanted?.share ?? 1; !isAll; share += PART) {
      const to = Math.min(packed.length, Math.ceil(packed.length * share));
      isAll = to === packed.length;
      made += decoder.decode(packed, from, to, scratch, made, room - made, isAll);
      from = to;
      if (!isAll && wanted!.isThere(scratch.subarray(0, made))) break;
    }
    decoder.reset();
    if (isAll) check(made, plainBytes);
    return scratch.subarray(0, made);
  };
}

const shared: Partial<Record<Codec, Unpack>> = {};

/** By the thread's own decoder, made when it is first needed. What it gives MUST be done with before it is asked again. */
export function unpackInPlace(packed: Buffer, plainBytes: number, codec: Codec, wanted?: Beginning): Buffer {
  shared[codec] ??= createUnpacker(codec, openDecoder(codec));
  return shared[codec](packed, plainBytes, wanted);
}

const ALONE = { brotli: brotliDecompressSync, deflate: inflateRawSync } as const satisfies Record<Codec, unknown>;

function unpackAlone(packed: Buffer, plainBytes: number, codec: Codec): Buffer {
  const room = plainBytes + SPARE_BYTES;
  const plain = ALONE[codec](packed, { chunkSize: Math.max(CHUNK_BYTES_MIN, room), maxOutputLength: room });
  check(plain.length, plainBytes);
  return plain;
}

/** zlib takes no chunk smaller. */
const CHUNK_BYTES_MIN = 64;

function check(bytes: number, expected: number): void {
  if (bytes !== expected) throw new Error(`it unpacks to ${bytes} bytes, not ${expected}`);
}
