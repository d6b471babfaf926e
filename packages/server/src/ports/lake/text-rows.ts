import { BLOB, DuckDBBlobValue, DuckDBDataChunk, DuckDBHugeIntVector } from '@duckdb/node-api';

/** Rows of a DuckDB chunk. */
export const CHUNK_ROWS = 2048;
/** As the C API has it (`duckdb_string_t`): length, then either text of up to 12 bytes, or its first four and its address. */
const STRING_BYTES = 16;
const INLINE_BYTES_MAX = 12;
const STRING_WORDS = STRING_BYTES / 4;
const NOT_THERE = -1;
/** What a chunk's text mostly takes. More is had when it is needed, and given back. */
const ROOM_BYTES = 8 << 20;

/**
 * Up to 2,048 rows of text columns on their way into DuckDB. `setColumnValues` makes a call into native code for each
 * value, which takes longer than all else that is done to an event. Here all text of all columns goes over in one piece,
 * and columns are made of places in it.
 */
export class TextRows {
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  readonly #columns: number;
  /** One value, which holds the text that columns point into. */
  readonly #holder = DuckDBDataChunk.create([BLOB]);
  readonly #words = new Uint32Array(CHUNK_ROWS * STRING_WORDS);
  #room = Buffer.allocUnsafe(ROOM_BYTES);
  #used = 0;

  constructor(columns: number) {
    this.#columns = columns;
    this.#starts = new Int32Array(columns * CHUNK_ROWS);
    this.#lengths = new Int32Array(columns * CHUNK_ROWS);
    this.clear();
  }

  clear(): void {
    this.#used = 0;
    this.#starts.fill(NOT_THERE);
    if (this.#room.length > ROOM_BYTES) this.#room = Buffer.allocUnsafe(ROOM_BYTES);
  }

  /** All text added so far, where places are counted from. Another one after the next addition. */
  get bytes(): Uint8Array {
    return this.#room;
  }

  text(start: number, end: number): string {
    return this.#room.toString('utf8', start, end);
  }

  /** @returns where it begins */
  addBytes(bytes: Uint8Array): number {
    const start = this.#reserve(bytes.length);
    this.#room.set(bytes, start);
    this.#used += bytes.length;
    return start;
  }

  /** Says that a value is what stands from `start` to `end`. */
  setPlace(column: number, row: number, start: number, end: number): void {
    const cell = column * CHUNK_ROWS + row;
    this.#starts[cell] = start;
    this.#lengths[cell] = end - start;
  }

  set(column: number, row: number, text: string): void {
    const start = this.#reserve(3 * text.length);
    const length = this.#room.write(text, start);
    this.#used += length;
    this.setPlace(column, row, start, start + length);
  }

  isSet(column: number, row: number): boolean {
    return this.#starts[column * CHUNK_ROWS + row] !== NOT_THERE;
  }

  unset(column: number, row: number): void {
    this.#starts[column * CHUNK_ROWS + row] = NOT_THERE;
  }

  /**
   * Makes the rows the text columns of a chunk, from its column `first` on. `use` must be done with the chunk when it
   * returns: it points to memory that is free then.
   */
  lend(chunk: DuckDBDataChunk, first: number, use: () => void): void {
    const holder = this.#holder;
    try {
      const address = this.#moveText();
      for (let column = 0; column < this.#columns; column++) {
        this.#fill(rawColumn(chunk, first + column), column, chunk.rowCount, address);
      }
      use();
    } finally {
      chunk.reset();
      holder.reset();
    }
  }

  /** @returns the address of the text, in memory of DuckDB */
  #moveText(): number {
    const holder = this.#holder;
    holder.rowCount = 1;
    // A text that is short would stand in the place of its address.
    const length = Math.max(this.#used, INLINE_BYTES_MAX + 1);
    holder.setColumnValues(0, [new DuckDBBlobValue(this.#room.subarray(0, length))]);
    holder.rowCount = 1; // makes it read the vector anew
    return Number(rawColumn(holder, 0).dataView.getBigUint64(8, true));
  }

  #fill({ vector, validity }: RawColumn, column: number, rows: number, address: number): void {
    // What is looked at for each value is at hand: members of classes are not, quite.
    const [starts, lengths, words, text] = [this.#starts, this.#lengths, this.#words, this.#room];
    let present: Uint8Array | undefined;
    for (let row = 0, cell = column * CHUNK_ROWS, at = 0; row < rows; row++, cell++, at += STRING_WORDS) {
      const start = starts[cell]!;
      if (start === NOT_THERE) {
        words.fill(0, at, at + STRING_WORDS);
        present ??= bitsOf(validity, row);
        present[row >> 3]! &= ~(1 << (row & 7));
        continue;
      }
      const length = lengths[cell]!;
      words[at] = length;
      words[at + 1] = fourBytes(text, start, length);
      if (length <= INLINE_BYTES_MAX) {
        words[at + 2] = fourBytes(text, start + 4, length - 4);
        words[at + 3] = fourBytes(text, start + 8, length - 8);
      } else {
        const place = address + start;
        words[at + 2] = place % 2 ** 32;
        words[at + 3] = place / 2 ** 32;
      }
    }
    // Of what the client has, this is the one that copies 16 bytes a row as they are.
    new DuckDBHugeIntVector(new DataView(words.buffer, 0, rows * STRING_BYTES), validity, vector, rows).flush();
  }

  #reserve(length: number): number {
    const needed = this.#used + length;
    if (needed > this.#room.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#room.length));
      this.#room.copy(larger, 0, 0, this.#used);
      this.#room = larger;
    }
    return this.#used;
  }
}

/** What the client keeps of a column of text or bytes; its own package's version is fixed. */
interface RawColumn {
  readonly dataView: DataView;
  readonly validity: ConstructorParameters<typeof DuckDBHugeIntVector>[1];
  readonly vector: ConstructorParameters<typeof DuckDBHugeIntVector>[2];
}

/** Up to four bytes of a text that has so many left, as a number with the first one lowest; zeros after its end. */
function fourBytes(bytes: Uint8Array, at: number, left: number): number {
  if (left >= 4) return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  let word = 0;
  for (let i = 0; i < left; i++) word |= bytes[at + i]! << (8 * i);
  return word;
}

/** A bit for each row, which is set where there is a value. The client sets one at a time, in bigints. */
function bitsOf(validity: RawColumn['validity'], row: number): Uint8Array {
  validity.setItemValid(row, false); // makes them
  const { data } = validity as unknown as { readonly data: BigUint64Array };
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

const rawColumn = (chunk: DuckDBDataChunk, column: number) => chunk.getColumnVector(column) as unknown as RawColumn;
