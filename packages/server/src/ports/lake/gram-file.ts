import { closeSync, fstatSync, openSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { systemErrorCode } from '../../base/errors.ts';
import { readFully } from '../log/raw-reader.ts';
import { type Column, decodedColumn, decodedTimes, type GroupColumns, type Times } from './coded-columns.ts';
import { CODED_FIELDS } from './coded-fields.ts';
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
import type { ValueIds } from './value-ids.ts';
import * as bits from './word-bits.ts';
import { type EventBits, ROW_WORDS } from './word-bits.ts';
import { type Bounds, boundsOf, type Known, UNKNOWN } from './word-bounds.ts';
import { type Frequent, frequentOf, LEAVES, NOTHING_FREQUENT, WORDS } from './word-dictionary.ts';
import { joinedWords, matching, splitWords } from './words.ts';

/**
/**
 * A group in a file: a head; the times of its first event and its last; how long the blocks are; the directory of rare values; how many events each word has, each
 * leaf, and at last how many are odd and unplaced; of each leaf the number of its path, and the bytes of its value; words, paths and
 * values; the events of all that were counted (`packed`); the rows of grams; a block for the events'
 * times and for each of their columns (`coded-columns.ts`); rare values (`rare-file.ts`).
 */
const MAGIC = Buffer.from('OTWORD\0\u0003', 'latin1');
const HEAD_BYTES = 48;
const BLOCKS = CODED_FIELDS.length + 1;
/** Which fields these are: another version may have others. */
const FIELDS_CRC = crc32(JSON.stringify(CODED_FIELDS));
const TIMES_BYTES = 2 * 8;
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
  readonly minMs: number;
  readonly maxMs: number;
  readonly rows: Uint32Array;
  readonly columns: readonly Uint8Array[];
  readonly rare: RareContent;
}

export function fileOf(content: FileContent): Buffer {
  const { number, words, leaves, events, odd, unplaced, minMs, maxMs, rows, columns, rare } = content;
  const times = Float64Array.of(minMs, maxMs);
  const others = [odd, unplaced].map((set) => ({
    count: bits.countOf(set),
    bytes: bits.packed(set, bits.countOf(set)),
  }));
  const sets = [...events, ...others];
  const counts = Uint32Array.from(sets, ({ count }) => count);
  const texts = [joinedWords(words), leaves.paths, leaves.values].map((text) => Buffer.from(text, 'latin1'));
  const blocks = Uint32Array.from(columns, ({ length }) => length);
  const { directory, body } = rareSection(rare);
  const index = Buffer.concat([
    ...[times, blocks, directory, counts, leaves.pathOf, leaves.lengths].map(bits.bytesOf),
    ...texts,
  ]);
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head.writeDoubleLE(number, 8);
  const sizes = [words.length, leaves.lengths.length, ...texts.map(({ length }) => length), directory.byteLength];
  for (const [i, size] of [...sizes, crc32(index), FIELDS_CRC].entries()) head.writeUInt32LE(size, 16 + i * 4);
  return Buffer.concat([head, index, ...sets.map(({ bytes }) => bytes), bits.bytesOf(rows), ...columns, ...body]);
}

/** What of a file is read to find the rest. */
interface Index {
  readonly times: readonly [minMs: number, maxMs: number];
  /** Of the words, the leaves, those that are odd and those that are unplaced. */
  readonly counts: Uint32Array;
  /** `joinedWords` */
  readonly words: string;
  readonly wordCount: number;
  readonly leaves: StoredLeaves;
  /** Where the events that were counted stand, and the rows. */
  readonly places: Uint32Array;
  /** Where the blocks of columns stand, and where one more would. */
  readonly blocks: readonly number[];
  readonly rare: RareIndex;
  /** In memory, about: texts also in lower case. */
  readonly bytes: number;
}

/** @returns undefined when the file is not one of this version and this group, whole */
function readIndex(fd: number, number: number): Index | undefined {
  const head = readFully(fd, 0, HEAD_BYTES);
  if (head.length < HEAD_BYTES || !head.subarray(0, 8).equals(MAGIC) || head.readDoubleLE(8) !== number)
    return undefined;
  const [words, leaves, wordBytes, pathBytes, valueBytes, rareBytes, crc, fields] = Array.from({ length: 8 }, (_, i) =>
    head.readUInt32LE(16 + i * 4),
  ) as [number, number, number, number, number, number, number, number];
  if (fields !== FIELDS_CRC) return undefined;
  const countBytes = (words + leaves + 2) * 4;
  const textBytes = [wordBytes, pathBytes, valueBytes];
  const sizes = [TIMES_BYTES, BLOCKS * 4, rareBytes, countBytes, leaves * 2, leaves, ...textBytes];
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
  const [times, sizesOfBlocks, directory, counts, pathOf, lengths, ...texts] = parts as [
    ...[Buffer, Buffer, Buffer, Buffer, Buffer, Buffer],
    ...Buffer[],
  ];
  const [wordText, pathText, values] = texts.map((text) => text.toString('latin1')) as [string, string, string];
  const counted = new Uint32Array(Uint8Array.from(counts).buffer);
  const places = new Uint32Array(counted.length + 1);
  places[0] = HEAD_BYTES + index.length;
  for (let i = 0; i < counted.length; i++) places[i + 1] = places[i]! + bits.packedBytes(counted[i]!);
  const blocks = [places.at(-1)! + ROWS_BYTES];
  for (const bytes of new Uint32Array(Uint8Array.from(sizesOfBlocks).buffer)) blocks.push(blocks.at(-1)! + bytes);
  const rare = rareIndexOf(new Uint32Array(Uint8Array.from(directory).buffer), blocks.at(-1)!);
  if (fstatSync(fd).size !== rare.end) return undefined;
  return {
    times: [times.readDoubleLE(0), times.readDoubleLE(8)],
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
    blocks,
    rare,
    bytes: 2 * index.length + places.byteLength,
  };
}

/** A group in a file: complete. All of it is read when it is asked for, or held from then on. */
export class StoredGroup implements GroupView {
  readonly path: string;
  readonly #number: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly #blocks: readonly number[];
  #held: Index | undefined;

  private constructor(path: string, number: number, { times: [minMs, maxMs], blocks }: Index) {
    this.path = path;
    this.#number = number;
    this.minMs = minMs;
    this.maxMs = maxMs;
    this.#blocks = blocks;
  }

  /** @returns undefined when the file is not one of this version and this group, whole */
  static open(path: string, number: number): StoredGroup | undefined {
    const fd = openSync(path, 'r');
    try {
      const index = readIndex(fd, number);
      return index && new StoredGroup(path, number, index);
    } finally {
      closeSync(fd);
    }
  }

  bounds(need: Need, columns: GroupColumns): Bounds {
    // Somebody has tidied up, or damaged it: nothing is hidden by that.
    return this.#read((fd, index) => boundsOf(need, knownOf(fd, index, columns))) ?? UNKNOWN;
  }

  /** @returns undefined when the file is gone, or damaged */
  times(): Times | undefined {
    return this.#open((fd) => decodedTimes(this.#block(fd, 0)));
  }

  /** @returns undefined also when it has too many values here */
  column(field: number, values: ValueIds): Column | undefined {
    return this.#open((fd) => decodedColumn(this.#block(fd, field + 1), values));
  }

  #block(fd: number, block: number): Buffer {
    const start = this.#blocks[block]!;
    return readFully(fd, start, this.#blocks[block + 1]! - start);
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
    return this.#open((fd) => {
      const index = this.#held ?? readIndex(fd, this.#number);
      return index && read(fd, index);
    });
  }

  #open<R>(read: (fd: number) => R): R | undefined {
    let fd: number;
    try {
      fd = openSync(this.path, 'r');
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return read(fd);
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

function knownOf(fd: number, { counts, words, wordCount, leaves, places, rare }: Index, columns: GroupColumns): Known {
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
    columns,
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
