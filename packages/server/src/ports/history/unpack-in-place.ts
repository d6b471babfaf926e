import { brotliDecompressSync, constants, createBrotliDecompress, createInflateRaw, inflateRawSync } from 'node:zlib';
import type { Codec } from '../log/sealed-format.ts';

/** What Node's streams of zlib are made of. It is not public: where a Node has it in another form, it is done without. */
interface Insides {
  readonly _handle?: {
    writeSync(flush: number, from: Buffer, at: number, length: number, to: Buffer, toAt: number, room: number): void;
    reset(): void;
    onerror(message: string): void;
  };
  /** After a write: room left in the output, and what is left of the input. */
  readonly _writeState?: Uint32Array;
}

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

/** Of each codec: its decoder, what tells it that there is more to come or not, and the public way to do the same. */
const CODECS = {
  brotli: {
    open: createBrotliDecompress,
    more: constants.BROTLI_OPERATION_PROCESS,
    finish: constants.BROTLI_OPERATION_FINISH,
    unpack: brotliDecompressSync,
  },
  deflate: { open: createInflateRaw, more: constants.Z_SYNC_FLUSH, finish: constants.Z_FINISH, unpack: inflateRawSync },
} as const satisfies Record<Codec, unknown>;

/** A decoder gives what it can make of the bytes it has. What is still lacking is a record at most, of sixteen. */
const PART = 1 / 16;

/** A block of sixteen events has some 25 KB; a larger one gets memory of its own. */
const SCRATCH_BYTES = 256 << 10;
/** Would be written to only by what is longer than said. */
const SPARE_BYTES = 1;

/**
 * Unpacks block after block with one and the same decoder, into one and the same memory. `brotliDecompressSync` and
 * `inflateRawSync` make both anew for each, outside of V8's heap; a look-up reads up to fifty blocks, more than a
 * megabyte, and of each twenty look-ups one waited for that to be collected.
 */
export function createUnpacker(
  codec: Codec,
  open: () => Insides = () => CODECS[codec].open() as unknown as Insides,
): Unpack {
  const unpack: Unpack = (packed, plainBytes) => unpackAlone(packed, plainBytes, codec);
  let insides = open();
  if (!isKnown(insides)) return unpack;
  const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES + SPARE_BYTES);
  const { more, finish } = CODECS[codec];
  return (packed, plainBytes, wanted) => {
    if (plainBytes > SCRATCH_BYTES) return unpack(packed, plainBytes);
    const { _handle: handle, _writeState: left } = insides as Known;
    let problem: string | undefined;
    handle.onerror = (message) => {
      problem = message;
    };
    const room = plainBytes + SPARE_BYTES;
    let [from, made, isAll] = [0, 0, false];
    for (let share = wanted?.share ?? 1; !isAll; share += PART) {
      const to = Math.min(packed.length, Math.ceil(packed.length * share));
      isAll = to === packed.length;
      handle.writeSync(isAll ? finish : more, packed, from, to - from, scratch, made, room - made);
      if (problem !== undefined) {
        insides = open(); // the old one would never forget it
        throw new Error(problem);
      }
      [from, made] = [to, room - left[0]!];
      if (!isAll && wanted!.isThere(scratch.subarray(0, made))) break;
    }
    handle.reset();
    if (isAll) check(made, plainBytes);
    return scratch.subarray(0, made);
  };
}

type Known = Required<Insides>;
const isKnown = ({ _handle: handle, _writeState: left }: Insides): boolean =>
  typeof handle?.writeSync === 'function' && typeof handle.reset === 'function' && left?.length === 2;

const shared: Partial<Record<Codec, Unpack>> = {};

/** By the thread's own decoder, made when it is first needed. What it gives MUST be done with before it is asked again. */
export function unpackInPlace(packed: Buffer, plainBytes: number, codec: Codec, wanted?: Beginning): Buffer {
  shared[codec] ??= createUnpacker(codec);
  return shared[codec](packed, plainBytes, wanted);
}

function unpackAlone(packed: Buffer, plainBytes: number, codec: Codec): Buffer {
  const room = plainBytes + SPARE_BYTES;
  const plain = CODECS[codec].unpack(packed, { chunkSize: Math.max(CHUNK_BYTES_MIN, room), maxOutputLength: room });
  check(plain.length, plainBytes);
  return plain;
}

/** zlib takes no chunk smaller. */
const CHUNK_BYTES_MIN = 64;

function check(bytes: number, expected: number): void {
  if (bytes !== expected) throw new Error(`it unpacks to ${bytes} bytes, not ${expected}`);
}
