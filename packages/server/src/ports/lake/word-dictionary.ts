import { scanWords } from './words.ts';

/** Words of a group of events that are kept each with its events. With bits of 8 KB each, it is 16 MB of memory. */
export const DICTIONARY_WORDS_MAX = 2048;
/** Longer ones are seldom frequent; they are kept by their grams. */
const WORD_BYTES_MAX = 64;
/** A word that came so often is a word of the dictionary from then on: as often as there are chunks in which it may stand else. */
const FREQUENT = 64;
/** Words are counted by their hashes: a table of as many as there are rare words in a group, so that few share a place. */
const COUNTERS = 1 << 18;
/** At most an eighth of them is taken. */
const SLOTS = DICTIONARY_WORDS_MAX * 8;
const SLOT_SHIFT = 32 - Math.log2(SLOTS);
const COUNTER_SHIFT = 32 - Math.log2(COUNTERS);
const MULTIPLIER = 0x9e3779b1;

/** Of those that were frequent in one group, so many are taken for frequent in the next: it has room for some of its own. */
const KNOWN_MAX = DICTIONARY_WORDS_MAX * 0.75;

/** The words that were frequent, of those that a group had in its dictionary. */
export const frequent = (words: readonly string[], eventsOf: (word: number) => number): readonly string[] =>
  words
    .map((word, i) => ({ word, events: eventsOf(i) }))
    .filter(({ events }) => events >= FREQUENT)
    .sort((a, b) => b.events - a.events)
    .slice(0, KNOWN_MAX)
    .map(({ word }) => word);

/** The frequent words of a group. It learns them while the group is made. */
export class WordDictionary {
  readonly #slots = new Int16Array(SLOTS).fill(-1);
  readonly #hashes = new Int32Array(DICTIONARY_WORDS_MAX);
  readonly #lengths = new Uint8Array(DICTIONARY_WORDS_MAX);
  readonly #bytes = new Uint8Array(DICTIONARY_WORDS_MAX * WORD_BYTES_MAX);
  readonly #counts = new Uint8Array(COUNTERS);
  #size = 0;

  /** @param known words that are taken for frequent from the start */
  constructor(known: readonly string[]) {
    for (const word of known) scanWords(Buffer.from(word), (...args) => this.#learn(...args));
  }

  /** All of them, by their numbers. */
  get words(): readonly string[] {
    return Array.from({ length: this.#size }, (_, word) => {
      const start = word * WORD_BYTES_MAX;
      return Buffer.from(this.#bytes.subarray(start, start + this.#lengths[word]!)).toString('latin1');
    });
  }

  /** @returns the number of a word that came; -1 when it is not frequent so far */
  numberOf(text: Uint8Array, from: number, to: number, hash: number): number {
    const length = to - from;
    if (length > WORD_BYTES_MAX) return -1;
    const mixed = mix(hash);
    let slot = mixed >>> SLOT_SHIFT;
    for (let word = this.#slots[slot]!; word >= 0; word = this.#slots[slot]!) {
      if (this.#hashes[word] === hash && this.#lengths[word] === length && this.#is(word, text, from, to)) return word;
      slot = (slot + 1) % SLOTS;
    }
    if (this.#size === DICTIONARY_WORDS_MAX) return -1;
    const counter = mixed >>> COUNTER_SHIFT;
    if (++this.#counts[counter]! < FREQUENT) return -1;
    this.#counts[counter] = 0;
    return this.#learn(text, from, to, hash);
  }

  #learn(text: Uint8Array, from: number, to: number, hash: number): number {
    const word = this.#size++;
    let slot = mix(hash) >>> SLOT_SHIFT;
    while (this.#slots[slot]! >= 0) slot = (slot + 1) % SLOTS;
    this.#slots[slot] = word;
    this.#hashes[word] = hash;
    this.#lengths[word] = to - from;
    this.#bytes.set(text.subarray(from, to), word * WORD_BYTES_MAX);
    return word;
  }

  #is(word: number, text: Uint8Array, from: number, to: number): boolean {
    for (let i = from, at = word * WORD_BYTES_MAX; i < to; i++, at++) if (text[i] !== this.#bytes[at]) return false;
    return true;
  }
}

const mix = (hash: number) => Math.imul(hash ^ (hash >>> 15), MULTIPLIER);
