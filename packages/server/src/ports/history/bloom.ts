import type { Term } from './terms.ts';

/**
 * A split-block Bloom filter: each term sets one bit in each word of one small block, so a probe touches one cache
 * line. It keeps look-ups of rare values from reading the dictionary of every segment.
 */
const WORDS_PER_BLOCK = 8;
const BITS_PER_BLOCK = 32 * WORDS_PER_BLOCK;
/** One in about 200 absent terms passes. */
const BITS_PER_TERM = 12;
/** Odd multipliers, one a word. On disk: never change. */
const MULTIPLIERS = [
  0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f, 0x165667b1, 0xd3a2646d, 0xfd7046c5, 0xb55a4f09,
] as const;

/** An empty filter for so many terms. */
export function createBloom(terms: number): Uint32Array {
  return new Uint32Array(WORDS_PER_BLOCK * Math.max(1, Math.ceil((terms * BITS_PER_TERM) / BITS_PER_BLOCK)));
}

export function bloomAdd(filter: Uint32Array, term: Term): void {
  const block = blockOf(filter, term);
  for (let i = 0; i < WORDS_PER_BLOCK; i++) filter[block + i]! |= 1 << bitOf(term, i);
}

/** False means that the term was never added. */
export function bloomMayHold(filter: Uint32Array, term: Term): boolean {
  const block = blockOf(filter, term);
  for (let i = 0; i < WORDS_PER_BLOCK; i++) {
    if ((filter[block + i]! & (1 << bitOf(term, i))) === 0) return false;
  }
  return true;
}

/** The block by the term's high bits, the bits in it by its low ones. */
function blockOf(filter: Uint32Array, term: Term): number {
  const blocks = filter.length / WORDS_PER_BLOCK;
  return WORDS_PER_BLOCK * Math.floor((term / 2 ** 53) * blocks);
}

const bitOf = (term: Term, word: number): number => Math.imul(term >>> 0, MULTIPLIERS[word]!) >>> 27;
