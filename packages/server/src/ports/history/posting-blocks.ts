/**
 * Lists of postings as bytes: time and row of each event that has a term, newest first. Times count in the index file's
 * unit from its oldest event.
 *
 * A block is varints: time and row of the newest, then by turns how much older the next is, and its row's distance, zigzag.
 * A long list is blocks of `BLOCK_POSTINGS`; before them stands a table with the newest of each block: f64 time, u32 row,
 * and u32 end of the block, counted from the end of the table.
 */
export const BLOCK_POSTINGS = 128;
export const SKIP_BYTES = 16;
/** A time takes up to eight bytes, a row up to five. */
export const POSTING_BYTES_MAX = 13;
export const VARINT_BYTES_MAX = 8;
/** What whole numbers of V8, and `|` and `>>>`, go up to. */
const INT31_MAX = 0x7fff_ffff;

/** Lists on their way into a file, in flat arrays. */
export interface PostingLists {
  /** The time of each row of the segment. */
  readonly units: Float64Array;
  /** Of one list after the other: the newest event first. */
  readonly rows: Uint32Array;
}

/**
 * Writes postings `from` … `to` at an offset of `out`, which has room for one more than `endMax` allows.
 * @returns where they end; undefined when that is past `endMax`
 */
export function encodeBlock(
  { units, rows }: PostingLists,
  from: number,
  to: number,
  out: Buffer,
  offset: number,
  endMax: number,
): number | undefined {
  let row = rows[from]!;
  let unit = units[row]!;
  let at = writeVarint(out, writeVarint(out, offset, unit), row);
  for (let i = from + 1; i < to && at <= endMax; i++) {
    const [newerRow, newerUnit] = [row, unit];
    row = rows[i]!;
    unit = units[row]!;
    const distance = newerRow - row;
    at = writeVarint(out, at, newerUnit - unit);
    at = writeVarint(out, at, distance >= 0 ? 2 * distance : -2 * distance - 1);
  }
  return at <= endMax ? at : undefined;
}

/** A long list, postings `from` … `to`: the table, then its blocks. */
export function encodeLong(lists: PostingLists, from: number, to: number): Buffer {
  const tableBytes = Math.ceil((to - from) / BLOCK_POSTINGS) * SKIP_BYTES;
  const out = Buffer.allocUnsafe(tableBytes + (to - from) * POSTING_BYTES_MAX);
  let end = tableBytes;
  for (let first = from, entry = 0; first < to; first += BLOCK_POSTINGS, entry += SKIP_BYTES) {
    end = encodeBlock(lists, first, Math.min(to, first + BLOCK_POSTINGS), out, end, out.length)!;
    const row = lists.rows[first]!;
    out.writeDoubleLE(lists.units[row]!, entry);
    out.writeUInt32LE(row, entry + 8);
    out.writeUInt32LE(end - tableBytes, entry + 12);
  }
  return Buffer.from(out.subarray(0, end)); // many are kept at once
}

/** Reads a block, posting by posting. */
export class PostingReader {
  /** Of the posting that `next` has come to. */
  units = 0;
  row = 0;
  readonly #bytes: Buffer;
  readonly #count: number;
  #at = 0;
  #read = 0;

  /** @param bytes that stay as they are; may be longer than the block */
  constructor(bytes: Buffer, count: number) {
    this.#bytes = bytes;
    this.#count = count;
  }

  /** @returns false at the end */
  next(): boolean {
    if (this.#read === this.#count) return false;
    const units = this.#varint();
    const row = this.#varint();
    if (this.#read++ === 0) {
      this.units = units;
      this.row = row;
    } else {
      this.units -= units;
      this.row -= row % 2 === 0 ? row / 2 : -(row + 1) / 2;
    }
    return true;
  }

  #varint(): number {
    const value = readVarint(this.#bytes, this.#at);
    this.#at += varintBytes(value);
    return value;
  }
}

/** @returns where it ends. @param value a whole number from 0 to 2^53 */
export function writeVarint(out: Buffer, offset: number, value: number): number {
  let at = offset;
  let large = value;
  for (; large > INT31_MAX; large = Math.floor(large / 128)) out[at++] = (large % 128) | 128;
  let rest = large | 0;
  for (; rest >= 128; rest >>>= 7) out[at++] = (rest & 127) | 128;
  out[at++] = rest;
  return at;
}

/** What `writeVarint` wrote. */
export function readVarint(bytes: Buffer, offset: number): number {
  let value = bytes[offset]!;
  if (value < 128) return value;
  value &= 127;
  for (let at = offset + 1, factor = 128; ; at++, factor *= 128) {
    const byte = bytes[at]!;
    value += (byte & 127) * factor;
    if (byte < 128) return value;
  }
}

/** How many bytes `writeVarint` takes for it. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let end = 128; value >= end; end *= 128) bytes++;
  return bytes;
}
