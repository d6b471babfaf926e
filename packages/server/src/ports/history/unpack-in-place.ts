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

/** @returns bytes that the next call may go over @throws Error when they are damaged, or not as many as said */
export type Unpack = (packed: Buffer, plainBytes: number) => Buffer;

/** Of each codec: its decoder, what tells it that this is all there is, and the public way to do the same. */
const CODECS = {
  brotli: { open: createBrotliDecompress, finish: constants.BROTLI_OPERATION_FINISH, unpack: brotliDecompressSync },
  deflate: { open: createInflateRaw, finish: constants.Z_FINISH, unpack: inflateRawSync },
} as const satisfies Record<Codec, unknown>;

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
  const { finish } = CODECS[codec];
  return (packed, plainBytes) => {
    if (plainBytes > SCRATCH_BYTES) return unpack(packed, plainBytes);
    const { _handle: handle, _writeState: left } = insides as Known;
    let problem: string | undefined;
    handle.onerror = (message) => {
      problem = message;
    };
    const room = plainBytes + SPARE_BYTES;
    handle.writeSync(finish, packed, 0, packed.length, scratch, 0, room);
    if (problem !== undefined) {
      insides = open(); // the old one would never forget it
      throw new Error(problem);
    }
    handle.reset();
    check(room - left[0]!, plainBytes);
    return scratch.subarray(0, plainBytes);
  };
}

type Known = Required<Insides>;
const isKnown = ({ _handle: handle, _writeState: left }: Insides): boolean =>
  typeof handle?.writeSync === 'function' && typeof handle.reset === 'function' && left?.length === 2;

const shared: Partial<Record<Codec, Unpack>> = {};

/** By the thread's own decoder, made when it is first needed. What it gives MUST be done with before it is asked again. */
export function unpackInPlace(packed: Buffer, plainBytes: number, codec: Codec): Buffer {
  shared[codec] ??= createUnpacker(codec);
  return shared[codec](packed, plainBytes);
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
