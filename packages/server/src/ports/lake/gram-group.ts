import { writeFileSync } from 'node:fs';
import type { EventHeader } from '../../event/event.ts';
import type { Sequence } from '../log.ts';
import { type GroupColumns, NewColumns } from './coded-columns.ts';
import { EntryLog } from './entry-log.ts';
import { finishFile, unfinished } from './files.ts';
import { fileOf } from './gram-file.ts';
import { GramRows } from './gram-rows.ts';
import { CHUNK_EVENTS, DOTTED, GRAM_BYTES, isSplitAt, WHOLE } from './grams.ts';
import { keyOf } from './hash-log.ts';
import { hashOf, IDS, LeafPaths, PATHS_MAX, UNIQUE } from './leaf-paths.ts';
import { LeafScanner, type OnLeaf } from './leaves.ts';
import type { Need } from './needs.ts';
import type { ListedValues, RareContent } from './rare-file.ts';
import { RARE_VALUES, RareValues } from './rare-values.ts';
import { type LeafTexts, StoredLeaves } from './stored-leaves.ts';
import * as bits from './word-bits.ts';
import { GROUP_CHUNKS, GROUP_EVENTS, ROW_WORDS } from './word-bits.ts';
import { type Bounds, boundsOf } from './word-bounds.ts';
import { Dictionary, type Frequent, frequentOf, LEAVES, WORDS, WORDS_MAX } from './word-dictionary.ts';
import { HASH_START, hashed, joinedWords, matching, plainly, scanWords } from './words.ts';

/**
 * What the records of many events have. Their frequent leaves (`leaves.ts`) stand in a dictionary, each with its events. Of what
 * is in none of these, the frequent words do. All else is kept by its grams (`grams.ts`), turned: a row has a bit for each chunk of
 * events, so that to ask for a gram is to read one row. Each name and value of a record is in one or the other, so none of what
 * it holds is hidden.
 */
/** Groups are numbered as they follow each other in the Log. */
export const groupOf = (sequence: Sequence): number => Math.floor(sequence / GROUP_EVENTS);
export const firstOf = (group: number): Sequence => group * GROUP_EVENTS;

const QUOTE = 0x22;
/** Among entries, where rare values begin. */
const RARE_FIRST = WORDS.max + LEAVES.max;

/** What of a group is needed to ask it. */
export interface GroupView {
  /** Of its events, ms since the epoch; infinite while some are not known. */
  readonly minMs: number;
  readonly maxMs: number;
  /** The events whose records hold what is needed. */
  bounds(need: Need, columns: GroupColumns): Bounds;
  /** What of its dictionaries was frequent indeed. */
  readonly frequent: Frequent;
}

/** A group that is being made, in memory. */
export class NewGroup implements GroupView, OnLeaf {
  readonly number: number;
  readonly #words = new Dictionary(WORDS);
  readonly #leaves = new Dictionary(LEAVES);
  readonly #paths = new LeafPaths();
  readonly #scanner = new LeafScanner(this.#paths, this);
  readonly #rare = new RareValues();
  /** Which events have them: the words, behind them the leaves, and behind these rare values. */
  readonly #entries = new EntryLog(RARE_FIRST + RARE_VALUES.max);
  readonly #odd = new Uint8Array(GROUP_EVENTS / 8);
  /** Of those that are in no place's leaves, for they could not be told. */
  readonly #unread = new Uint8Array(GROUP_EVENTS / 8);
  /** Whether each other leaf stands in the dictionary, or its place. */
  #hasAllPlaces = true;
  readonly #rows = new GramRows();
  readonly columns = new NewColumns(this.#paths);
  #minMs = Number.POSITIVE_INFINITY;
  #maxMs = Number.NEGATIVE_INFINITY;
  readonly #known = new Uint32Array(ROW_WORDS);
  #knownCount = 0;
  /** The event that is being added, with its record, and its frequent leaves so far. */
  #event = 0;
  #record: Buffer = Buffer.alloc(0);
  readonly #found: number[] = [];
  /** Of each path, the frequent leaf that came last; -1 for none. */
  readonly #lastLeaf = new Int16Array(PATHS_MAX).fill(-1);
  #isOdd = false;
  #texts: { readonly sizes: string; readonly words: string; readonly leaves: StoredLeaves } | undefined;
  /** Where in a word the grams begin that are still to be added. */
  #gramsFrom = 0;

  /** @param known what was frequent before */
  constructor(number: number, known: Frequent) {
    this.number = number;
    for (const text of UNIQUE) this.#paths.pathOf(text); // the first ones that it numbers
    for (const word of known.words) scanWords(Buffer.from(word), (...args) => this.#words.learn(0, ...args));
    for (const { path, value } of known.leaves) {
      const [place, bytes] = [this.#paths.pathOf(path), Buffer.from(value, 'latin1')];
      if (place >= 0) this.#leaves.learn(place, bytes, 0, bytes.length, hashOf(bytes));
    }
  }

  get isComplete(): boolean {
    return this.#knownCount === GROUP_CHUNKS;
  }

  /** Adds what an event's record has. To add it again changes nothing. */
  add(sequence: Sequence, header: EventHeader, record: Buffer): void {
    this.#event = sequence % GROUP_EVENTS;
    this.columns.begin(this.#event, header, record);
    this.#minMs = Math.min(this.#minMs, header.timeMs);
    this.#maxMs = Math.max(this.#maxMs, header.timeMs);
    this.#entries.begin(this.#event);
    this.#record = record;
    this.#isOdd = false;
    this.#found.length = 0;
    const isRead = this.#scanner.scan(record);
    this.columns.end(isRead);
    if (isRead) for (const leaf of this.#found) this.#entries.add(leaf);
    else {
      this.#addWords(record, 0, record.length);
      this.#mark(this.#unread);
    }
    if (!this.#isOdd) return;
    scanWords(plainly(record), this.#addWord);
    this.#mark(this.#odd);
  }

  #mark(events: Uint8Array): void {
    events[this.#event >> 3]! |= 0x80 >> (this.#event & 7);
  }

  known(path: number, from: number): number {
    const leaf = this.#lastLeaf[path]!;
    const end = leaf < 0 ? -1 : this.#leaves.endOf(leaf, this.#record, from);
    if (end < 0) return end;
    this.#found.push(WORDS_MAX + leaf);
    this.columns.frequent(path, leaf, from, end);
    return end;
  }

  /** Of a leaf that is rare, its place stands in the dictionary; its words are added, and it is kept by itself. */
  leaf(path: number, from: number, to: number, hash: number, isPlain: boolean): void {
    const mayBeFrequent = isPlain && path > UNIQUE.length;
    if (mayBeFrequent && this.#isLeaf(path, from, to, hash)) return;
    this.columns.rare(path, from, to, isPlain);
    const isValue = hasValue(this.#record, from, to);
    const kept = this.#leaves.kept(path, this.#record, from, isValue ? from : to, isValue ? HASH_START : hash);
    if (kept >= 0) this.#found.push(WORDS_MAX + kept);
    else {
      this.#hasAllPlaces = false;
      const names = Buffer.from(this.#paths.textOf(path), 'latin1');
      this.#addWords(names, 0, names.length);
    }
    if (kept >= 0 && !isValue) return;
    if (kept >= 0 && path > UNIQUE.length) this.#addRare(path, from, to, hash, isPlain);
    if (path > IDS) this.#addWords(this.#record, from, to);
    else if (scanWords(this.#record, this.#addId, from, to)) this.#isOdd = true;
  }

  #addRare(path: number, from: number, to: number, hash: number, isPlain: boolean): void {
    const value = isPlain
      ? this.#rare.add(this.#event, path, keyOf(this.#paths.hashOf(path), hash), this.#record, from, to, hash)
      : this.#rare.addUntold(path);
    if (value >= 0) this.#found.push(RARE_FIRST + value);
  }

  #isLeaf(path: number, from: number, to: number, hash: number): boolean {
    const leaf = this.#leaves.numberOf(path, this.#record, from, to, hash);
    if (leaf < 0) return false;
    this.#found.push(WORDS_MAX + leaf);
    this.columns.frequent(path, leaf, from, to);
    if (this.#record[from] === QUOTE) this.#lastLeaf[path] = leaf;
    return true;
  }

  #addWords(text: Buffer, from: number, to: number): void {
    if (scanWords(text, this.#addWord, from, to)) this.#isOdd = true;
  }

  readonly #addWord = (text: Uint8Array, from: number, to: number, hash: number): void => {
    if (this.#isFrequent(text, from, to, hash)) return;
    this.#gramsFrom = from - 1;
    this.#addParts(text, from, to, WHOLE);
    this.#addGrams(text, to + 1);
  };

  readonly #addId = (text: Uint8Array, from: number, to: number): void => {
    this.#gramsFrom = from - 1;
    this.#addGrams(text, to + 1);
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
      this.#addGrams(text, from + GRAM_BYTES - 1);
      this.#gramsFrom = to - GRAM_BYTES + 1;
    } else if (level < DOTTED) this.#addParts(text, from, to, level + 1);
  }

  #isFrequent(text: Uint8Array, from: number, to: number, hash: number): boolean {
    const word = this.#words.numberOf(0, text, from, to, hash);
    if (word >= 0) this.#entries.add(word);
    return word >= 0;
  }

  #addGrams(text: Uint8Array, to: number): void {
    this.#rows.add(chunkOf(this.#event), text, this.#gramsFrom, to);
  }

  /** All events of a chunk were added, or it has none any more. */
  know(chunk: number): void {
    if (!this.#isKnown(chunk)) this.#knownCount++;
    this.#known[chunk >>> 5]! |= 1 << (chunk & 31);
  }

  /** The first chunk that is not known; undefined when all are. */
  get unknown(): number | undefined {
    for (let chunk = 0; chunk < GROUP_CHUNKS; chunk++) if (!this.#isKnown(chunk)) return chunk;
    return undefined;
  }

  get minMs(): number {
    return this.isComplete ? this.#minMs : Number.NEGATIVE_INFINITY;
  }

  get maxMs(): number {
    return this.isComplete ? this.#maxMs : Number.POSITIVE_INFINITY;
  }

  #isKnown(chunk: number): boolean {
    return ((this.#known[chunk >>> 5]! >>> (chunk & 31)) & 1) === 1;
  }

  bounds(need: Need, columns: GroupColumns): Bounds {
    const { words, leaves } = this.#asked();
    const { sure, may } = boundsOf(need, {
      columns,
      leaves,
      withLeaves: (leaves) => this.#with(leaves.map((leaf) => WORDS_MAX + leaf)),
      isListed: (leaf) => this.#rare.isListed(this.#leaves.placeOf(leaf)),
      listed: (leaves) => this.#listed(leaves),
      withKey: (key) => this.#rare.withKey(key),
      withWords: (pattern) => this.#with(matching(words, pattern)),
      withGram: (row) => this.#rows.row(row),
      odd: bits.seen(this.#odd),
      unplaced: this.#unplaced,
    });
    const known = bits.ofChunks(this.#known);
    return { sure: bits.and(sure, known), may: bits.or(may, bits.without(bits.ALL, known)) };
  }

  get #unplaced(): bits.EventBits {
    return this.#hasAllPlaces ? bits.seen(this.#unread) : bits.ALL;
  }

  *#listed(leaves: readonly number[]): Generator<ListedValues, void, void> {
    const leafOf = new Map(leaves.map((leaf) => [this.#leaves.placeOf(leaf), leaf]));
    for (const [path, values] of this.#rare.listed((path) => leafOf.has(path)))
      yield {
        leaf: leafOf.get(path)!,
        texts: this.#rare.textsOf(values).toString('latin1'),
        addTo: (into, numbers) => {
          for (const number of numbers) this.#entries.addTo(into, RARE_FIRST + values[number]!);
        },
      };
  }

  #with(entries: readonly number[]): bits.EventBits {
    const union = bits.newBits();
    for (const entry of entries) this.#entries.addTo(union, entry);
    return union;
  }

  get frequent(): Frequent {
    const countOf = (entry: number) => this.#entries.countOf(entry);
    const words = frequentOf(WORDS, this.#numbersOf(this.#words).map(countOf));
    const leaves = frequentOf(
      LEAVES,
      this.#numbersOf(this.#leaves).map((leaf) => countOf(WORDS_MAX + leaf)),
    );
    return {
      words: words.map((word) => this.#words.textOf(word)),
      leaves: leaves.map((leaf) => ({
        path: this.#paths.textOf(this.#leaves.placeOf(leaf)),
        value: this.#leaves.textOf(leaf),
      })),
    };
  }

  /** Durable when it returns. @throws when the disk refuses */
  write(path: string): void {
    const events = Array.from({ length: WORDS_MAX + this.#leaves.size }, (_, entry) => this.#entries.packed(entry));
    const words = this.#numbersOf(this.#words).filter((word) => events[word]!.count > 0);
    const leaves = this.#numbersOf(this.#leaves).filter((leaf) => events[WORDS_MAX + leaf]!.count > 0);
    const content = {
      number: this.number,
      words: words.map((word) => this.#words.textOf(word)),
      leaves: this.#leafTexts(leaves),
      events: [...words, ...leaves.map((leaf) => WORDS_MAX + leaf)].map((entry) => events[entry]!),
      odd: bits.seen(this.#odd),
      unplaced: this.#unplaced,
      minMs: this.#minMs,
      maxMs: this.#maxMs,
      rows: this.#rows.all,
      columns: this.columns.encoded(),
      rare: { listed: this.#listedWith(leaves), hashed: this.#rare.hashed },
    };
    writeFileSync(unfinished(path), fileOf(content), { mode: 0o600 });
    finishFile(path);
  }

  /** Of those leaves with any rare value whose paths are listed, their values, those of neighbouring places beside each other. */
  #listedWith(leaves: readonly number[]): RareContent['listed'] {
    const listed = this.#rare.listed(() => true);
    return leaves
      .map((leaf, i) => ({ leaf: i, path: this.#leaves.placeOf(leaf), isAny: this.#leaves.lengthOf(leaf) === 0 }))
      .filter(({ path, isAny }) => isAny && listed.has(path))
      .map(({ leaf, path }) => ({ leaf, text: this.#paths.textOf(path), values: listed.get(path)! }))
      .sort((a, b) => (a.text < b.text ? -1 : 1))
      .map(({ leaf, values }) => ({
        leaf,
        texts: this.#rare.textsOf(values),
        ...this.#entries.lists(values.map((value) => RARE_FIRST + value)),
      }));
  }

  #numbersOf({ size }: Dictionary): readonly number[] {
    return Array.from({ length: size }, (_, number) => number);
  }

  /** The dictionaries' texts. They only grow. */
  #asked() {
    const sizes = `${this.#words.size} ${this.#leaves.size}`;
    if (this.#texts?.sizes === sizes) return this.#texts;
    const words = joinedWords(this.#numbersOf(this.#words).map((word) => this.#words.textOf(word)));
    const leaves = new StoredLeaves(this.#leafTexts(this.#numbersOf(this.#leaves)));
    this.#texts = { sizes, words, leaves };
    return this.#texts;
  }

  #leafTexts(leaves: readonly number[]): LeafTexts {
    const values = leaves.map((leaf) => this.#leaves.textOf(leaf));
    const places = leaves.map((leaf) => this.#leaves.placeOf(leaf));
    const used = [...new Set(places)];
    const numbers = new Map(used.map((place, number) => [place, number]));
    return {
      paths: joinedWords(used.map((place) => this.#paths.textOf(place))),
      pathOf: Uint16Array.from(places, (place) => numbers.get(place)!),
      values: joinedWords(values),
      lengths: Uint8Array.from(values, (value) => value.length),
    };
  }
}

/** Whether there is something that a filter can find: null and empty text are no values. */
const hasValue = (record: Uint8Array, from: number, to: number): boolean =>
  record[from] === QUOTE ? to - from > 2 : record[from] !== NULL;

const NULL = 0x6e;

const chunkOf = (event: number) => Math.floor(event / CHUNK_EVENTS);
