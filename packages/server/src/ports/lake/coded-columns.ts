import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import type { EventHeader } from '../../event/event.ts';
import { CODED_FIELDS, HEADER_FIELDS, RECORD_FIELDS, recordTexts } from './coded-fields.ts';
import { type LeafPaths, PATHS_MAX } from './leaf-paths.ts';
import type { ValueIds } from './value-ids.ts';
import { bytesOf, type EventBits, GROUP_EVENTS, newBits } from './word-bits.ts';
import { LEAVES_MAX } from './word-dictionary.ts';

/**
 * What a group's events say in fields that are counted and filtered by (`CODED_FIELDS`), as numbers: to count values, or to find
 * the events that have one, is to go over two bytes an event, where DuckDB unpacks and hashes texts.
 */
export interface Column {
  /** Of each event the place of its value in `ids`. */
  readonly codes: Uint8Array | Uint16Array;
  /** Numbers in `values`. */
  readonly ids: Uint32Array;
  readonly values: ValueIds;
}

/** Of each event `base + unit * deltas[event]`: ms since the epoch, whole ones. Most records say seconds. */
export interface Times {
  readonly base: number;
  readonly unit: number;
  readonly deltas: Uint32Array | Float64Array;
}

/** What of a group is known as numbers. */
export interface GroupColumns {
  /** Of these events. */
  readonly known: EventBits;
  /** @returns undefined when the file is gone, or damaged */
  times(): Times | undefined;
  /** @param field of `CODED_FIELDS` @returns undefined when that is not known, or has too many values here */
  column(field: number): Column | undefined;
}

/** A field with more of them in one group is not worth its dictionary. */
const VALUES_MAX = 16_384;
/** Of deflate: the fastest, for texts of a field begin alike anyway. */
const LEVEL = 1;
const HEAD_BYTES = 12;
const TIMES_HEAD_BYTES = 16;
const U32_MAX = 2 ** 32 - 1;

/** The columns of a group that is being made. */
export class NewColumns {
  readonly known: EventBits = newBits();
  readonly #times = new Float64Array(GROUP_EVENTS);
  readonly #columns = CODED_FIELDS.map(() => new NewColumn());
  readonly #paths: LeafPaths;
  /** Of each path, what stands there: a field, a part of one's value, or nothing. */
  readonly #kinds = new Int8Array(PATHS_MAX).fill(UNSEEN);
  /** Of each frequent leaf, its code in the column of its path; -1 as long as that was not asked. */
  readonly #codeOfLeaf = new Int32Array(LEAVES_MAX).fill(-1);
  #event = 0;
  #header: EventHeader | undefined;
  #record: Buffer = Buffer.alloc(0);
  #isOdd = false;

  /** @param paths as leaves are told with */
  constructor(paths: LeafPaths) {
    this.#paths = paths;
  }

  /** The next leaves are those of this event, until `end`. To add it again changes nothing. */
  begin(event: number, header: EventHeader, record: Buffer): void {
    this.#event = event;
    this.#header = header;
    this.#record = record;
    this.#isOdd = false;
    this.#times[event] = Math.trunc(header.timeMs);
    for (const { field, textOf } of HEADER_FIELDS) this.#columns[field]!.set(event, textOf(header));
    bytesOf(this.known)[event >> 3]! |= 0x80 >> (event & 7);
  }

  /** A leaf that is one of the frequent ones, which stands in the record from `from` to `to`. */
  frequent(path: number, leaf: number, from: number, to: number): void {
    const field = this.#kindOf(path);
    if (field < 0) {
      if (field === WITHIN) this.#isOdd = true;
      return;
    }
    const column = this.#columns[field]!;
    let code = this.#codeOfLeaf[leaf]!;
    if (code < 0) {
      code = column.codeOf(textAt(this.#record, from, to));
      this.#codeOfLeaf[leaf] = code;
    }
    column.codes[this.#event] = code;
  }

  /** Any other leaf. @param isPlain as `OnLeaf` has it */
  rare(path: number, from: number, to: number, isPlain: boolean): void {
    const field = this.#kindOf(path);
    if (field === WITHIN || (field >= 0 && !isPlain && this.#record[from] === QUOTE)) this.#isOdd = true;
    else if (field >= 0) this.#columns[field]!.set(this.#event, textAt(this.#record, from, to));
  }

  /** @param isRead whether all leaves of the record were told, and of nothing else */
  end(isRead: boolean): void {
    if (isRead && !this.#isOdd) return;
    const texts = recordTexts(this.#header!, this.#record);
    for (const [i, { field }] of RECORD_FIELDS.entries()) this.#columns[field]!.set(this.#event, texts[i]!);
  }

  #kindOf(path: number): number {
    const known = this.#kinds[path]!;
    if (known !== UNSEEN) return known;
    const text = this.#paths.textOf(path);
    const own = RECORD_FIELDS.find((field) => text.startsWith(field.path));
    const kind = own === undefined ? NOTHING : own.path === text ? own.field : WITHIN;
    this.#kinds[path] = kind;
    return kind;
  }

  get times(): Times {
    return { base: 0, unit: 1, deltas: this.#times };
  }

  column(field: number, values: ValueIds): Column | undefined {
    const { codes, texts } = this.#columns[field]!;
    return texts && { codes, ids: Uint32Array.from(texts, (text) => values.idOf(text)), values };
  }

  /** For a file: the times, and each column; empty where there are too many values. */
  encoded(): readonly Uint8Array[] {
    return [encodedTimes(this.#times), ...this.#columns.map((column) => column.encoded())];
  }
}

const [UNSEEN, NOTHING, WITHIN] = [-1, -2, -3];
const [QUOTE, NULL] = ['"', 'n'].map((character) => character.charCodeAt(0));

/** What a leaf's JSON says, as columns have it: a text what it says, if that is plain, null nothing, all else as it is. */
function textAt(record: Buffer, from: number, to: number): string {
  if (record[from] === QUOTE) return record.toString('latin1', from + 1, to - 1);
  return record[from] === NULL ? '' : record.toString('latin1', from, to);
}

class NewColumn {
  /** No value is 0. */
  readonly codes = new Uint16Array(GROUP_EVENTS);
  #codes: Map<string, number> | undefined = new Map([['', 0]]);
  #last = '';
  #lastCode = 0;

  set(event: number, text: string): void {
    if (text !== this.#last) {
      this.#lastCode = this.codeOf(text);
      this.#last = text;
    }
    this.codes[event] = this.#lastCode;
  }

  /** 0 for all once there are too many. */
  codeOf(text: string): number {
    const known = this.#codes?.get(text);
    if (known !== undefined || !this.#codes) return known ?? 0;
    const code = this.#codes.size;
    if (code < VALUES_MAX) this.#codes.set(text, code);
    else this.#codes = undefined;
    return code;
  }

  /** By code; undefined when there are too many. Halves of characters are mended, as they are in columns. */
  get texts(): readonly string[] | undefined {
    return this.#codes && Array.from(this.#codes.keys(), wellFormed);
  }

  encoded(): Uint8Array {
    const texts = this.texts;
    if (!texts) return new Uint8Array(0);
    const isOne = this.codes.every((code) => code === this.codes[0]);
    const used = isOne ? [texts[this.codes[0]!]!] : texts;
    const packed = deflateRawSync(JSON.stringify(used), { level: LEVEL });
    const codes = codesFor(used.length, this.codes);
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32LE(used.length, 4);
    head.writeUInt32LE(codes.length, 8);
    return checked(Buffer.concat([head, codes, packed]));
  }
}

const wellFormed = (text: string): string => (IN_HALVES.test(text) ? Buffer.from(text).toString() : text);
const IN_HALVES = /[\ud800-\udfff]/;

/** As wide as they need to be: of one value, nothing. */
function codesFor(values: number, codes: Uint16Array): Uint8Array {
  if (values <= 1) return new Uint8Array(0);
  return values <= 256 ? Uint8Array.from(codes) : bytesOf(codes);
}

function encodedTimes(times: Float64Array): Uint8Array {
  let [base, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let isSeconds = true;
  for (const time of times) {
    if (time < base) base = time;
    if (time > max) max = time;
    isSeconds &&= time % 1000 === 0;
  }
  const unit = isSeconds ? 1000 : 1;
  const isNear = (max - base) / unit <= U32_MAX;
  const deltas = isNear ? Uint32Array.from(times, (time) => (time - base) / unit) : times;
  const head = Buffer.alloc(TIMES_HEAD_BYTES);
  head.writeUInt32LE(isNear ? unit : 1, 4);
  head.writeDoubleLE(isNear ? base : 0, 8);
  return checked(Buffer.concat([head, bytesOf(deltas)]));
}

/** Puts a check of all its other bytes into the first four of a block. */
function checked(block: Buffer): Buffer {
  block.writeUInt32LE(crc32(block.subarray(4)), 0);
  return block;
}

/** Whether a block is as `checked` left it. */
const isWhole = (block: Buffer): boolean =>
  block.length >= HEAD_BYTES && crc32(block.subarray(4)) === block.readUInt32LE(0);

/** @returns undefined when it is damaged */
export function decodedTimes(block: Buffer): Times | undefined {
  if (!isWhole(block)) return undefined;
  const bytes = Uint8Array.from(block.subarray(TIMES_HEAD_BYTES));
  const deltas = bytes.length === GROUP_EVENTS * 4 ? new Uint32Array(bytes.buffer) : new Float64Array(bytes.buffer);
  return { base: block.readDoubleLE(8), unit: block.readUInt32LE(4), deltas };
}

/** Where all events have one value. */
const NO_CODES = new Uint8Array(GROUP_EVENTS);

/** @returns undefined when it is damaged, or there were too many values */
export function decodedColumn(block: Buffer, values: ValueIds): Column | undefined {
  if (!isWhole(block)) return undefined;
  const [count, codeBytes] = [block.readUInt32LE(4), block.readUInt32LE(8)];
  const packed = block.subarray(HEAD_BYTES + codeBytes);
  const texts = JSON.parse(inflateRawSync(packed).toString()) as readonly string[];
  const bytes = Uint8Array.from(block.subarray(HEAD_BYTES, HEAD_BYTES + codeBytes));
  const codes = count <= 1 ? NO_CODES : count <= 256 ? bytes : new Uint16Array(bytes.buffer);
  return { codes, ids: Uint32Array.from(texts, (text) => values.idOf(text)), values };
}

/** What can be asked of columns that are being made. */
export const columnsOf = (made: NewColumns, valuesOf: (field: number) => ValueIds): GroupColumns => ({
  known: made.known,
  times: () => made.times,
  column: (field) => made.column(field, valuesOf(field)),
});

/** Of what is held in memory. */
export const bytesOfTimes = ({ deltas }: Times): number => deltas.byteLength;
export const bytesOfColumn = ({ codes, ids }: Column): number =>
  (codes === NO_CODES ? 0 : codes.byteLength) + ids.byteLength;
