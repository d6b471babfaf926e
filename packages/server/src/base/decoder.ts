import { constants, createBrotliDecompress, createInflateRaw } from 'node:zlib';

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

type Known = Required<Insides>;
const isKnown = ({ _handle: handle, _writeState: left }: Insides): boolean =>
  typeof handle?.writeSync === 'function' && typeof handle.reset === 'function' && left?.length === 2;

/** Of each codec: what tells its decoder that there is more to come or not. */
const CODECS = {
  brotli: {
    open: createBrotliDecompress,
    more: constants.BROTLI_OPERATION_PROCESS,
    finish: constants.BROTLI_OPERATION_FINISH,
  },
  deflate: { open: createInflateRaw, more: constants.Z_SYNC_FLUSH, finish: constants.Z_FINISH },
} as const;

/**
 * One decoder for many things, into the caller's memory. `brotliDecompressSync` and `inflateRawSync` make a decoder and
 * memory anew for each, outside of V8's heap, which V8 then stops to collect.
 */
export interface Decoder {
  /**
   * Decodes a part; the first after `reset` begins anew.
   * @param isLast no more comes after it
   * @returns bytes made: when they are as many as there was room for, there may be more
   * @throws Error when it is damaged, or ends early, or these are no places of input and output
   */
  decode(input: Buffer, from: number, to: number, output: Buffer, at: number, room: number, isLast: boolean): number;
  /** Bytes of the last part that stand behind the end of what was decoded, or that there was no room for. */
  readonly leftOver: number;
  reset(): void;
}

/**
 * @param open for tests: as a Node would that has other insides
 * @returns undefined in a Node that has no such decoder
 */
export function openDecoder(
  codec: keyof typeof CODECS,
  open: () => object = () => CODECS[codec].open(),
): Decoder | undefined {
  let insides = open() as Insides;
  if (!isKnown(insides)) return undefined;
  const { more, finish } = CODECS[codec];
  return {
    decode(input, from, to, output, at, room, isLast) {
      // Node would end the process.
      const isWithin = from >= 0 && from <= to && to <= input.length && at >= 0 && room >= 0;
      if (!isWithin || at + room > output.length) throw new RangeError('there is no such place to decode from or to');
      const { _handle: handle, _writeState: left } = insides as Known;
      let problem: string | undefined;
      handle.onerror = (message) => {
        problem = message;
      };
      handle.writeSync(isLast ? finish : more, input, from, to - from, output, at, room);
      if (problem !== undefined) {
        insides = open() as Insides; // the old one would never forget it
        throw new Error(problem);
      }
      return room - left[0]!;
    },
    get leftOver() {
      return (insides as Known)._writeState[1]!;
    },
    reset: () => (insides as Known)._handle.reset(),
  };
}
