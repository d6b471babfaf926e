import { type LeafPaths, ROOT } from './leaf-paths.ts';
import { HASH_START, hashed } from './words.ts';

/**
 * Leaves: the values of a record that are neither objects nor lists with something in them, each at its path. So
 * `"requestParameters":{"bucketName":"b"}` has one leaf.
 */
export interface OnLeaf {
  /** @returns where the text ends that begins at `from`, if it is one that has come at this path before; -1 else */
  known(path: number, from: number): number;
  /**
   * Its JSON stands in the record from `from` to `to`.
   * @param hash of that, but for the quote at its end
   * @param isPlain whether nothing else is spelt like what it means, and it like nothing else: text of ASCII without escapes,
   * a whole number, a constant, or empty
   */
  leaf(path: number, from: number, to: number, hash: number, isPlain: boolean): void;
}

/** What recursion over a record may cost; and names of objects that are within each other. */
const [DEPTH_MAX, NAMES_MAX] = [32, 1024];
const DIGITS_MAX = 15;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
/** Where a record is not what is read here. */
const ODD = -1;

/** Bytes of a text of which nothing else is to be asked. */
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);
const IS_DIGIT = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x30 && byte <= 0x39 ? 1 : 0));
/** With what atoms begin: numbers, true, false and null. */
const IS_ATOM = Uint8Array.from({ length: 256 }, (_, byte) => (/[-0-9tfn]/.test(String.fromCharCode(byte)) ? 1 : 0));

/** Relies on records being JSON, as all of the Log are. */
export class LeafScanner {
  readonly #paths: LeafPaths;
  readonly #on: OnLeaf;
  /** Names of the objects that are being read, as paths: those of one stand behind those of the one it is in. */
  readonly #names = new Int16Array(NAMES_MAX);
  #record: Uint8Array = new Uint8Array();

  constructor(paths: LeafPaths, on: OnLeaf) {
    this.#paths = paths;
    this.#on = on;
  }

  /**
   * Tells of the leaves of a record, in order.
   * @returns false when it is not compact, repeats a name, spells one in other ways, or is too large in some way: some leaves
   * have been told of all the same
   */
  scan(record: Uint8Array): boolean {
    this.#record = record;
    return record[0] === OPEN_OBJECT && this.#object(0, ROOT, 0, 0) === record.length;
  }

  /** @returns where the value that begins at `from` ends; `ODD` */
  #value(from: number, path: number, depth: number, names: number): number {
    const record = this.#record;
    const first = record[from]!;
    if (first === QUOTE) return this.#text(from, path);
    if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
      if (record[from + 1] === first + 2) {
        this.#on.leaf(path, from, from + 2, hashed(hashed(HASH_START, first), first + 2), true);
        return from + 2;
      }
      if (depth === DEPTH_MAX) return ODD;
      if (first === OPEN_OBJECT) return this.#object(from, path, depth + 1, names);
      const elements = this.#paths.elementsOf(path);
      return elements < 0 ? ODD : this.#list(from, elements, depth + 1, names);
    }
    return IS_ATOM[first] === 1 ? this.#atom(from, path) : ODD;
  }

  #text(from: number, path: number): number {
    const known = this.#on.known(path, from);
    if (known >= 0) return known;
    const record = this.#record;
    let hash = hashed(HASH_START, QUOTE);
    let at = from + 1;
    let isPlain = true;
    for (;;) {
      let byte = record[at]!;
      for (; IS_PLAIN[byte] === 1; byte = record[++at]!) hash = hashed(hash, byte);
      if (byte === QUOTE) break;
      if (at >= record.length) return ODD;
      isPlain = false;
      at += byte === BACKSLASH ? 2 : 1;
    }
    this.#on.leaf(path, from, at + 1, hash, isPlain);
    return at + 1;
  }

  #atom(from: number, path: number): number {
    const record = this.#record;
    let hash = hashed(HASH_START, record[from]!);
    let digits = IS_DIGIT[record[from]!]!;
    let at = from + 1;
    for (; at < record.length; at++) {
      const byte = record[at]!;
      if (byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) break;
      if (IS_PLAIN[byte] === 0 || byte === 0x20) return ODD;
      digits += IS_DIGIT[byte]!;
      hash = hashed(hash, byte);
    }
    const isNumber = record[from] === MINUS || IS_DIGIT[record[from]!] === 1;
    const isWhole = digits === at - from && digits <= DIGITS_MAX;
    this.#on.leaf(path, from, at, hash, !isNumber || isWhole);
    return at;
  }

  #list(from: number, elements: number, depth: number, names: number): number {
    const record = this.#record;
    for (let at = from + 1; ; at++) {
      at = this.#value(at, elements, depth, names);
      if (at === ODD) return ODD;
      if (record[at] === CLOSE_ARRAY) return at + 1;
      if (record[at] !== COMMA) return ODD;
    }
  }

  /** @param names where those of this one begin */
  #object(from: number, path: number, depth: number, names: number): number {
    const record = this.#record;
    let end = names;
    let seen = 0;
    let before = ROOT;
    for (let at = from + 1; ; at++) {
      const member = record[at] === QUOTE ? this.#name(at, path, before) : ODD;
      if (member === ODD || end === NAMES_MAX) return ODD;
      before = member;
      const bit = 1 << (member & 31);
      if ((seen & bit) !== 0 && this.#hasName(names, end, member)) return ODD;
      seen |= bit;
      this.#names[end++] = member;
      at = this.#value(this.#nameEnd + 1, member, depth, end);
      if (at === ODD) return ODD;
      if (record[at] === CLOSE_OBJECT) return at + 1;
      if (record[at] !== COMMA) return ODD;
    }
  }

  #hasName(from: number, end: number, member: number): boolean {
    for (let i = from; i < end; i++) if (this.#names[i] === member) return true;
    return false;
  }

  /** Where the colon behind the name stands that was read last. */
  #nameEnd = 0;

  /** @returns the path of the member whose name begins at `from`; `ODD` */
  #name(from: number, parent: number, before: number): number {
    const record = this.#record;
    const guess = this.#paths.guessed(parent, before, record, from);
    if (guess !== ROOT) {
      this.#nameEnd = from + this.#paths.bytesOf(guess);
      return record[this.#nameEnd] === COLON ? guess : ODD;
    }
    let hash = hashed(HASH_START, QUOTE);
    let at = from + 1;
    let byte = record[at]!;
    for (; IS_PLAIN[byte] === 1; byte = record[++at]!) hash = hashed(hash, byte);
    this.#nameEnd = at + 1;
    if (byte !== QUOTE || record[at + 1] !== COLON) return ODD;
    const path = this.#paths.child(parent, record, from, at + 1, hash);
    if (path > 0) this.#paths.follows(parent, before, path);
    return path;
  }
}
