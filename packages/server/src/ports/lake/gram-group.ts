import { writeFileSync } from 'node:fs';
import type { Sequence } from '../log.ts';
import { finishFile, unfinished } from './files.ts';
import { fileOf } from './gram-file.ts';
import {
  addGrams,
  CHUNK_EVENTS,
  DOTTED,
  eachRow,
  GRAM_BYTES,
  GRAM_ROWS,
  isSplitAt,
  newChunkGrams,
  WHOLE,
} from './grams.ts';
import type { Need } from './needs.ts';
import * as bits from './word-bits.ts';
import { type EventBits, GROUP_CHUNKS, GROUP_EVENTS, ROW_WORDS } from './word-bits.ts';
import { type Bounds, boundsOf } from './word-bounds.ts';
import { DICTIONARY_WORDS_MAX, frequent, WordDictionary } from './word-dictionary.ts';
import { HASH_START, hashed, joinedWords, matching, plainly, scanWords } from './words.ts';

/**
 * What words the records of many events have. The frequent ones stand in a dictionary, each with its events. The others
 * are kept by their grams (`grams.ts`), turned: a row has a bit for each chunk of events, so that to ask for a gram is to
 * read one row. Each word of a record is in one or the other, so none of what it holds is hidden.
 */
/** Groups are numbered as they follow each other in the Log. */
export const groupOf = (sequence: Sequence): number => Math.floor(sequence / GROUP_EVENTS);
export const firstOf = (group: number): Sequence => group * GROUP_EVENTS;

/** What of a group is needed to ask it. */
export interface GroupView {
  /** Of the events of a chunk, ms since the epoch. A chunk that is not known may hold anything of any time. */
  minMs(chunk: number): number;
  maxMs(chunk: number): number;
  /** The events whose records hold what is needed. */
  bounds(need: Need): Bounds;
  /** The words of its dictionary that were frequent indeed. */
  readonly frequentWords: readonly string[];
}

/** A group that is being made, in memory. */
export class NewGroup implements GroupView {
  readonly number: number;
  readonly #dictionary: WordDictionary;
  /** Of the words of the dictionary, by their numbers. */
  readonly #events: (Uint8Array | undefined)[] = Array.from({ length: DICTIONARY_WORDS_MAX });
  readonly #odd = new Uint8Array(GROUP_EVENTS / 8);
  readonly #rows = new Uint32Array(GRAM_ROWS * ROW_WORDS);
  readonly #times = new Float64Array(GROUP_CHUNKS * 2);
  readonly #known = new Uint32Array(ROW_WORDS);
  #knownCount = 0;
  /** The event that is being added, and the grams of its chunk so far. */
  #event = 0;
  readonly #grams = newChunkGrams();
  /** Where in a word the grams begin that are still to be added. */
  #gramsFrom = 0;

  /** @param words that were frequent before */
  constructor(number: number, words: readonly string[]) {
    this.number = number;
    this.#dictionary = new WordDictionary(words);
  }

  get isComplete(): boolean {
    return this.#knownCount === GROUP_CHUNKS;
  }

  /** Adds an event's words. To add them again changes nothing. */
  add(sequence: Sequence, record: Buffer): void {
    const event = sequence % GROUP_EVENTS;
    if (chunkOf(event) !== chunkOf(this.#event)) this.#putGrams();
    this.#event = event;
    if (!scanWords(record, this.#addWord)) return;
    scanWords(plainly(record), this.#addWord);
    this.#odd[this.#event >> 3]! |= 0x80 >> (this.#event & 7);
  }

  #eventsOf(word: number): EventBits {
    const events = this.#events[word];
    return events ? bits.seen(events) : bits.NONE;
  }

  readonly #addWord = (text: Uint8Array, from: number, to: number, hash: number): void => {
    if (this.#isFrequent(text, from, to, hash)) return;
    this.#gramsFrom = from - 1;
    this.#addParts(text, from, to, WHOLE);
    addGrams(this.#grams, text, this.#gramsFrom, to + 1);
  };

  /** Of a word, or a part of one, that is not frequent: the parts of it that are. The grams within these are left out. */
  #addParts(text: Uint8Array, from: number, to: number, level: number): void {
    let start = from;
    let hash = HASH_START;
    for (let at = from; at <= to; at++) {
      if (at < to && !isSplitAt(level, text[at]!)) {
        hash = hashed(hash, text[at]!);
        continue;
      }
      // What is shorter than a gram cannot be looked for.
      if (at - start >= GRAM_BYTES) this.#addPart(text, start, at, hash, at - start === to - from, level);
      start = at + 1;
      hash = HASH_START;
    }
  }

  #addPart(text: Uint8Array, from: number, to: number, hash: number, isAll: boolean, level: number): void {
    if (!isAll && this.#isFrequent(text, from, to, hash)) {
      addGrams(this.#grams, text, this.#gramsFrom, from + GRAM_BYTES - 1);
      this.#gramsFrom = to - GRAM_BYTES + 1;
    } else if (level < DOTTED) this.#addParts(text, from, to, level + 1);
  }

  #isFrequent(text: Uint8Array, from: number, to: number, hash: number): boolean {
    const word = this.#dictionary.numberOf(text, from, to, hash);
    if (word < 0) return false;
    this.#events[word] ??= new Uint8Array(GROUP_EVENTS / 8);
    this.#events[word][this.#event >> 3]! |= 0x80 >> (this.#event & 7);
    return true;
  }

  /** All at once: the rows are more than a processor's cache holds. */
  #putGrams(): void {
    const chunk = chunkOf(this.#event);
    const [word, bit] = [chunk >>> 5, 1 << (chunk & 31)];
    eachRow(this.#grams, (row) => {
      this.#rows[row * ROW_WORDS + word]! |= bit;
    });
    this.#grams.fill(0);
  }

  /** All events of a chunk were added. @param minMs Infinity when it has no events any more */
  know(chunk: number, minMs: number, maxMs: number): void {
    this.#putGrams();
    this.#times[chunk * 2] = minMs;
    this.#times[chunk * 2 + 1] = maxMs;
    if (!this.#isKnown(chunk)) this.#knownCount++;
    this.#known[chunk >>> 5]! |= 1 << (chunk & 31);
  }

  /** The first chunk that is not known; undefined when all are. */
  get unknown(): number | undefined {
    for (let chunk = 0; chunk < GROUP_CHUNKS; chunk++) if (!this.#isKnown(chunk)) return chunk;
    return undefined;
  }

  minMs(chunk: number): number {
    return this.#isKnown(chunk) ? this.#times[chunk * 2]! : Number.NEGATIVE_INFINITY;
  }

  maxMs(chunk: number): number {
    return this.#isKnown(chunk) ? this.#times[chunk * 2 + 1]! : Number.POSITIVE_INFINITY;
  }

  #isKnown(chunk: number): boolean {
    return ((this.#known[chunk >>> 5]! >>> (chunk & 31)) & 1) === 1;
  }

  bounds(need: Need): Bounds {
    const text = joinedWords(this.#dictionary.words);
    const { sure, may } = boundsOf(need, {
      withWords: (pattern) => {
        const union = bits.newBits();
        for (const word of matching(text, pattern)) bits.addAll(union, this.#eventsOf(word));
        return union;
      },
      withGram: (row) => this.#rows.subarray(row * ROW_WORDS, (row + 1) * ROW_WORDS),
      odd: bits.seen(this.#odd),
    });
    const known = bits.ofChunks(this.#known);
    return { sure: bits.and(sure, known), may: bits.or(may, bits.without(bits.ALL, known)) };
  }

  get frequentWords(): readonly string[] {
    return frequent(this.#dictionary.words, (word) => bits.countOf(this.#eventsOf(word)));
  }

  /** Durable when it returns. @throws when the disk refuses */
  write(path: string): void {
    const words = this.#dictionary.words.flatMap((word, i) => {
      return this.#events[i] ? [{ word, events: this.#eventsOf(i) }] : [];
    });
    const content = { number: this.number, words, odd: bits.seen(this.#odd), times: this.#times, rows: this.#rows };
    writeFileSync(unfinished(path), fileOf(content), { mode: 0o600 });
    finishFile(path);
  }
}

const chunkOf = (event: number) => Math.floor(event / CHUNK_EVENTS);
