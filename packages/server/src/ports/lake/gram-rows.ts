import { addGrams, GRAM_ROWS } from './grams.ts';
import { type ChunkBits, ROW_WORDS } from './word-bits.ts';

/** So many chunks stand in one word of each row. */
const BLOCK_CHUNKS = 32;
const CHUNK_WORDS = GRAM_ROWS / 32;

/**
 * The grams of a group's chunks, turned: a row has a bit for each chunk. Those of one word of the rows are kept as they come,
 * and turned all together: the rows are more than a processor's cache holds.
 */
export class GramRows {
  readonly #rows = new Uint32Array(GRAM_ROWS * ROW_WORDS);
  /** The rows that each chunk of the block sets, one chunk after the other. */
  readonly #waiting = new Uint32Array(BLOCK_CHUNKS * CHUNK_WORDS);
  #block = 0;
  #isTurned = true;

  /** Adds the grams of the text from `from` to `to` to a chunk. */
  add(chunk: number, text: Uint8Array, from: number, to: number): void {
    addGrams(this.#waiting, this.#placeOf(chunk), text, from, to);
  }

  /** Where the rows begin that a chunk sets. */
  #placeOf(chunk: number): number {
    const block = chunk >>> 5;
    if (block !== this.#block) {
      this.#turn();
      this.#waiting.fill(0);
      this.#block = block;
    }
    this.#isTurned = false;
    return (chunk & 31) * CHUNK_WORDS;
  }

  row(row: number): ChunkBits {
    this.#turn();
    return this.#rows.subarray(row * ROW_WORDS, (row + 1) * ROW_WORDS);
  }

  /** All of them, one row after the other. */
  get all(): Uint32Array {
    this.#turn();
    return this.#rows;
  }

  #turn(): void {
    if (this.#isTurned) return;
    const square = new Uint32Array(BLOCK_CHUNKS);
    for (let i = 0; i < CHUNK_WORDS; i++) {
      let any = 0;
      for (let chunk = 0; chunk < BLOCK_CHUNKS; chunk++) {
        const rows = this.#waiting[chunk * CHUNK_WORDS + i]!;
        square[chunk] = rows;
        any |= rows;
      }
      if (any === 0) continue;
      transpose(square);
      for (let bit = 0; bit < 32; bit++) this.#rows[(i * 32 + bit) * ROW_WORDS + this.#block]! |= square[bit]!;
    }
    this.#isTurned = true;
  }
}

/** Of 32 words, bit `i` of word `j` goes to bit `j` of word `i` (Hacker's Delight, 7-3, from the other end). */
function transpose(square: Uint32Array): void {
  for (let size = 16, mask = 0x0000ffff; size !== 0; size >>>= 1, mask ^= mask << size)
    for (let i = 0; i < 32; i = (i + size + 1) & ~size) {
      const swapped = ((square[i]! >>> size) ^ square[i + size]!) & mask;
      square[i]! ^= swapped << size;
      square[i + size]! ^= swapped;
    }
}
