import { closeSync, fstatSync, openSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { systemErrorCode } from '../../base/errors.ts';
import { readFully } from '../log/raw-reader.ts';
import type { GroupView } from './gram-group.ts';
import { GRAM_ROWS } from './grams.ts';
import type { Need } from './needs.ts';
import * as bits from './word-bits.ts';
import { type EventBits, GROUP_CHUNKS, ROW_WORDS } from './word-bits.ts';
import { type Bounds, boundsOf, type Known, UNKNOWN } from './word-bounds.ts';
import { frequent } from './word-dictionary.ts';
import { joinedWords, matching, splitWords } from './words.ts';

/**
 * A group in a file: a head, the chunks' times, how many events each word has and at last how many are odd, the words,
 * the events of all of these (`packed`), and the rows of grams.
 */
const MAGIC = Buffer.from('OTWORD\0\u0001', 'latin1');
const HEAD_BYTES = 32;
const TIMES_BYTES = GROUP_CHUNKS * 2 * 8;
const ROW_BYTES = ROW_WORDS * 4;
const ROWS_BYTES = GRAM_ROWS * ROW_BYTES;

export interface FileContent {
  readonly number: number;
  readonly words: readonly { readonly word: string; readonly events: EventBits }[];
  readonly odd: EventBits;
  readonly times: Float64Array;
  readonly rows: Uint32Array;
}

export function fileOf({ number, words, odd, times, rows }: FileContent): Buffer {
  const sets = [...words.map(({ events }) => events), odd];
  const counts = Uint32Array.from(sets, bits.countOf);
  const text = Buffer.from(joinedWords(words.map(({ word }) => word)), 'latin1');
  const index = Buffer.concat([bits.bytesOf(times), bits.bytesOf(counts), text]);
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head.writeDoubleLE(number, 8);
  head.writeUInt32LE(words.length, 16);
  head.writeUInt32LE(text.length, 20);
  head.writeUInt32LE(crc32(index), 24);
  return Buffer.concat([head, index, ...sets.map((set, i) => bits.packed(set, counts[i]!)), bits.bytesOf(rows)]);
}

/** What of a file is read to find the rest. */
interface Index {
  readonly times: Float64Array;
  readonly counts: Uint32Array;
  /** `joinedWords` */
  readonly text: string;
  /** Where the events of each word stand, those that are odd, and the rows. */
  readonly places: readonly number[];
}

/** @returns undefined when the file is not one of this version and this group, whole */
function readIndex(fd: number, number: number): Index | undefined {
  const head = readFully(fd, 0, HEAD_BYTES);
  if (head.length < HEAD_BYTES || !head.subarray(0, 8).equals(MAGIC) || head.readDoubleLE(8) !== number)
    return undefined;
  const [words, textBytes] = [head.readUInt32LE(16), head.readUInt32LE(20)];
  const countsBytes = (words + 1) * 4;
  const index = readFully(fd, HEAD_BYTES, TIMES_BYTES + countsBytes + textBytes);
  if (crc32(index) !== head.readUInt32LE(24)) return undefined;
  const times = new Float64Array(Uint8Array.from(index.subarray(0, TIMES_BYTES)).buffer);
  const counts = new Uint32Array(Uint8Array.from(index.subarray(TIMES_BYTES, TIMES_BYTES + countsBytes)).buffer);
  const text = index.toString('latin1', TIMES_BYTES + countsBytes);
  const places = [HEAD_BYTES + index.length];
  for (const count of counts) places.push(places.at(-1)! + bits.packedBytes(count));
  return fstatSync(fd).size === places.at(-1)! + ROWS_BYTES ? { times, counts, text, places } : undefined;
}

/** A group in a file: complete. Its times stay in memory, all else is read when it is asked for. */
export class StoredGroup implements GroupView {
  readonly path: string;
  readonly #number: number;
  readonly #times: Float64Array;

  private constructor(path: string, number: number, times: Float64Array) {
    this.path = path;
    this.#number = number;
    this.#times = times;
  }

  /** @returns undefined when the file is not one of this version and this group, whole */
  static open(path: string, number: number): StoredGroup | undefined {
    const fd = openSync(path, 'r');
    try {
      const index = readIndex(fd, number);
      return index && new StoredGroup(path, number, index.times);
    } finally {
      closeSync(fd);
    }
  }

  minMs(chunk: number): number {
    return this.#times[chunk * 2]!;
  }

  maxMs(chunk: number): number {
    return this.#times[chunk * 2 + 1]!;
  }

  bounds(need: Need): Bounds {
    // Somebody has tidied up, or damaged it: nothing is hidden by that.
    return this.#read((fd, index) => boundsOf(need, knownOf(fd, index))) ?? UNKNOWN;
  }

  get frequentWords(): readonly string[] {
    return this.#read((_, { text, counts }) => frequent(splitWords(text), (word) => counts[word]!)) ?? [];
  }

  #read<R>(read: (fd: number, index: Index) => R): R | undefined {
    let fd: number;
    try {
      fd = openSync(this.path, 'r');
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
    try {
      const index = readIndex(fd, this.#number);
      return index && read(fd, index);
    } finally {
      closeSync(fd);
    }
  }
}

function knownOf(fd: number, { counts, text, places }: Index): Known {
  const buffer = Buffer.from(new ArrayBuffer(bits.BITS_BYTES));
  const events = (words: readonly number[]) => {
    const union = bits.newBits();
    for (const i of words) {
      const count = counts[i]!;
      bits.addPacked(union, readFully(fd, places[i]!, bits.packedBytes(count), buffer), count);
    }
    return union;
  };
  return {
    withWords: (pattern) => events(matching(text, pattern)),
    withGram: (row) => {
      const bytes = readFully(fd, places.at(-1)! + row * ROW_BYTES, ROW_BYTES);
      return new Uint32Array(Uint8Array.from(bytes).buffer);
    },
    get odd() {
      return events([counts.length - 1]);
    },
  };
}
