import { closeSync, fstatSync, openSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { systemErrorCode } from '../../base/errors.ts';
import { readFully } from '../log/raw-reader.ts';
import type { GroupView } from './gram-group.ts';
import { GRAM_ROWS } from './grams.ts';
import type { Need } from './needs.ts';
import {
  DamagedError,
  listedIn,
  type RareContent,
  type RareIndex,
  rareIndexOf,
  rareSection,
  withKeyIn,
} from './rare-file.ts';
import { type LeafTexts, StoredLeaves } from './stored-leaves.ts';
import * as bits from './word-bits.ts';
import { type EventBits, GROUP_CHUNKS, ROW_WORDS } from './word-bits.ts';
import { type Bounds, boundsOf, type Known, UNKNOWN } from './word-bounds.ts';
import { type Frequent, frequentOf, LEAVES, NOTHING_FREQUENT, WORDS } from './word-dictionary.ts';
import { joinedWords, matching, splitWords } from './words.ts';

/**
 * A group in a file: a head; the chunks' times; how many events each word has, each leaf, and at last how many are odd and unplaced; of each leaf
 * the number of its path, and the bytes of its value; words, paths and values; the directory of rare values; the events of all that
 * were counted (`packed`); the rows of grams; rare values (`rare-file.ts`).
 */
const MAGIC = Buffer.from('OTWORD\0\u0003', 'latin1');
const HEAD_BYTES = 44;
const TIMES_BYTES = GROUP_CHUNKS * 2 * 8;
const ROW_BYTES = ROW_WORDS * 4;
const ROWS_BYTES = GRAM_ROWS * ROW_BYTES;

export interface FileContent {
  readonly number: number;
  readonly words: readonly string[];
  readonly leaves: LeafTexts;
  /** Those of the words, and then of the leaves. */
  readonly events: readonly { readonly count: number; readonly bytes: Uint8Array }[];
  readonly odd: EventBits;
  readonly unplaced: EventBits;
  readonly times: Float64Array;
  readonly rows: Uint32Array;
  readonly rare: RareContent;
}

export function fileOf({ number, words, leaves, events, odd, unplaced, times, rows, rare }: FileContent): Buffer {
  const others = [odd, unplaced].map((set) => ({
    count: bits.countOf(set),
    bytes: bits.packed(set, bits.countOf(set)),
  }));
  const sets = [...events, ...others];
  const counts = Uint32Array.from(sets, ({ count }) => count);
  const texts = [joinedWords(words), leaves.paths, leaves.values].map((text) => Buffer.from(text, 'latin1'));
  const { directory, body } = rareSection(rare);
  const index = Buffer.concat([
    ...[times, counts, leaves.pathOf, leaves.lengths].map(bits.bytesOf),
    ...texts,
    bits.bytesOf(directory),
  ]);
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head.writeDoubleLE(number, 8);
  const sizes = [
    words.length,
    leaves.lengths.length,
    ...texts.map(({ length }) => length),
    directory.byteLength,
    crc32(index),
  ];
  for (const [i, size] of sizes.entries()) head.writeUInt32LE(size, 16 + i * 4);
  return Buffer.concat([head, index, ...sets.map(({ bytes }) => bytes), bits.bytesOf(rows), ...body]);
}

/** What of a file is read to find the rest. */
interface Index {
  readonly times: Float64Array;
  /** Of the words, the leaves, those that are odd and those that are unplaced. */
  readonly counts: Uint32Array;
  /** `joinedWords` */
  readonly words: string;
  readonly wordCount: number;
  readonly leaves: StoredLeaves;
  /** Where the events that were counted stand, and the rows. */
  readonly places: Uint32Array;
  readonly rare: RareIndex;
  /** In memory, about: texts also in lower case. */
  readonly bytes: number;
}

/** @returns undefined when the file is not one of this version and this group, whole */
function readIndex(fd: number, number: number): Index | undefined {
  const head = readFully(fd, 0, HEAD_BYTES);
  if (head.length < HEAD_BYTES || !head.subarray(0, 8).equals(MAGIC) || head.readDoubleLE(8) !== number)
    return undefined;
  const [words, leaves, wordBytes, pathBytes, valueBytes, rareBytes, crc] = [0, 4, 8, 12, 16, 20, 24].map((at) =>
    head.readUInt32LE(16 + at),
  ) as [number, number, number, number, number, number, number];
  const countBytes = (words + leaves + 2) * 4;
  const sizes = [TIMES_BYTES, countBytes, leaves * 2, leaves, wordBytes, pathBytes, valueBytes, rareBytes];
  const index = readFully(
    fd,
    HEAD_BYTES,
    sizes.reduce((a, b) => a + b),
  );
  if (crc32(index) !== crc) return undefined;
  let end = 0;
  const parts = sizes.map((size) => {
    end += size;
    return index.subarray(end - size, end);
  });
  const directory = parts.pop()!;
  const [times, counts, pathOf, lengths, ...texts] = parts as [...[Buffer, Buffer, Buffer, Buffer], ...Buffer[]];
  const [wordText, pathText, values] = texts.map((text) => text.toString('latin1')) as [string, string, string];
  const counted = new Uint32Array(Uint8Array.from(counts).buffer);
  const places = new Uint32Array(counted.length + 1);
  places[0] = HEAD_BYTES + index.length;
  for (let i = 0; i < counted.length; i++) places[i + 1] = places[i]! + bits.packedBytes(counted[i]!);
  const rare = rareIndexOf(new Uint32Array(Uint8Array.from(directory).buffer), places.at(-1)! + ROWS_BYTES);
  if (fstatSync(fd).size !== rare.end) return undefined;
  return {
    times: new Float64Array(Uint8Array.from(times).buffer),
    counts: counted,
    words: wordText,
    wordCount: words,
    leaves: new StoredLeaves({
      paths: pathText,
      pathOf: new Uint16Array(Uint8Array.from(pathOf).buffer),
      values,
      lengths: Uint8Array.from(lengths),
    }),
    places,
    rare,
    bytes: 2 * index.length + places.byteLength,
  };
}

/** A group in a file: complete. Its times stay in memory, all else is read when it is asked for, or held from then on. */
export class StoredGroup implements GroupView {
  readonly path: string;
  readonly #number: number;
  readonly #times: Float64Array;
  #held: Index | undefined;

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

  /**
   * Has what each question reads first stay in memory, until `release`: its texts, and how often they come.
   * @returns how many bytes these are; 0 when the file is gone or damaged
   */
  hold(): number {
    this.#held ??= this.#read((_, index) => index);
    return this.#held?.bytes ?? 0;
  }

  release(): void {
    this.#held = undefined;
  }

  get frequent(): Frequent {
    const frequent = this.#read((_, { words, wordCount, leaves, counts }) => {
      const texts = splitWords(words);
      const { paths, pathOf, values } = leaves.texts;
      const [pathTexts, valueTexts] = [splitWords(paths), splitWords(values)];
      return {
        words: frequentOf(WORDS, counts.subarray(0, wordCount)).map((word) => texts[word]!),
        leaves: frequentOf(LEAVES, counts.subarray(wordCount, -2)).map((leaf) => ({
          path: pathTexts[pathOf[leaf]!]!,
          value: valueTexts[leaf]!,
        })),
      };
    });
    return frequent ?? NOTHING_FREQUENT;
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
      const index = this.#held ?? readIndex(fd, this.#number);
      return index && read(fd, index);
    } catch (error) {
      if (error instanceof DamagedError) return undefined;
      throw error;
    } finally {
      closeSync(fd);
    }
  }
}

/** To read so many bytes more takes no longer than to ask the system once more. */
const GAP_BYTES_MAX = 16 << 10;
const RUN_BYTES_MAX = 256 << 10;

/** Parts of a file by their numbers, those together that are read at once since they stand beside each other. */
function* runsOf(parts: readonly number[], places: Uint32Array): Generator<readonly number[], void, void> {
  let run: number[] = [];
  for (const part of Uint32Array.from(parts).sort()) {
    const [first, last] = [run[0] ?? part, run.at(-1) ?? part];
    const isNear = places[part]! - places[last + 1]! <= GAP_BYTES_MAX;
    if (run.length > 0 && !(isNear && places[part + 1]! - places[first]! <= RUN_BYTES_MAX)) {
      yield run;
      run = [];
    }
    run.push(part);
  }
  if (run.length > 0) yield run;
}

function knownOf(fd: number, { counts, words, wordCount, leaves, places, rare }: Index): Known {
  // What is read is added four bytes at a time, and may stand anywhere there.
  const readAt = (start: number, length: number) =>
    Uint8Array.from(readFully(fd, start, length, Buffer.from(new ArrayBuffer(length))));
  function* readParts(
    parts: readonly number[],
    places: Uint32Array,
  ): Generator<readonly [number, Uint8Array], void, void> {
    for (const run of runsOf(parts, places)) {
      const [start, end] = [places[run[0]!]!, places[run.at(-1)! + 1]!];
      const bytes = readFully(fd, start, end - start, Buffer.from(new ArrayBuffer(end - start)));
      for (const i of run) yield [i, Uint8Array.from(bytes.subarray(places[i]! - start, places[i + 1]! - start))];
    }
  }
  const events = (entries: readonly number[]) => {
    const union = bits.newBits();
    for (const [i, bytes] of readParts(entries, places)) bits.addPacked(union, bytes, counts[i]!);
    return union;
  };
  return {
    leaves,
    withLeaves: (numbers) => events(numbers.map((leaf) => wordCount + leaf)),
    isListed: (leaf) => rare.blocks.has(leaf),
    listed: (numbers) => listedIn(rare, numbers, readParts),
    withKey: (key) => withKeyIn(rare, key, readAt),
    withWords: (pattern) => events(matching(words, pattern)),
    withGram: (row) => new Uint32Array(readAt(places.at(-1)! + row * ROW_BYTES, ROW_BYTES).buffer),
    get odd() {
      return events([counts.length - 2]);
    },
    get unplaced() {
      return events([counts.length - 1]);
    },
  };
}
