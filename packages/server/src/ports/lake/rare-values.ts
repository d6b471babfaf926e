import { type HashedEvents, HashLog } from './hash-log.ts';
import { PATHS_MAX } from './leaf-paths.ts';
import type { EventBits } from './word-bits.ts';
import { Dictionary, type Kind, LEAVES } from './word-dictionary.ts';
import { HASH_START } from './words.ts';

/** Different rare values of a group that are kept with their texts: as many as a dictionary can number. */
export const RARE_VALUES: Kind = { max: 1 << 15, bytesMax: LEAVES.bytesMax, frequent: 1, reserved: 0 };

/** A path is listed while values come again: of so many that come, one at least, beside so many in any case. Ids soon do not. */
const COMES_AGAIN_ONE_IN = 8;
const ROOM = 128;
/** Of what the dictionary has room for, a path may take so much: when it gets full, paths with few values are listed still. */
const SHARE = 1 / 4;

/** Of what is logged whether its path is listed or not. */
const ANY_PATH = -1;
const NO_TEXT = new Uint8Array();

/**
 * The rare values of a group that is being made. A path that has few of them is listed: each is kept with its text, and which
 * events have values that could not be told. Of all other paths only hashes and events are kept.
 */
export class RareValues {
  readonly #values = new Dictionary(RARE_VALUES);
  readonly #hashes = new HashLog();
  /** What room is left for the values of each path, in parts of one that comes again; less than none when it is not listed. */
  readonly #room = new Int32Array(PATHS_MAX).fill(ROOM);
  /** How many values each path has in the dictionary. */
  readonly #counts = new Uint16Array(PATHS_MAX);

  /**
   * A value that is spelt in one way. @param key of its path and hash (`keyOf`)
   * @returns its number; -1 when its path is not listed
   */
  add(event: number, path: number, key: number, record: Uint8Array, from: number, to: number, hash: number): number {
    const isShort = to - from <= RARE_VALUES.bytesMax;
    this.#hashes.add(key, event, isShort ? path : ANY_PATH);
    return isShort ? this.#numberOf(path, record, from, to, hash) : this.addUntold(path);
  }

  /** Any value that may be another than it is spelt, or is long. @returns the number of all these; -1 when its path is not listed */
  addUntold(path: number): number {
    return this.#numberOf(path, NO_TEXT, 0, 0, HASH_START);
  }

  #numberOf(path: number, text: Uint8Array, from: number, to: number, hash: number): number {
    if (this.#room[path]! < 0 || this.#hashes.isFull) return -1;
    const { size } = this.#values;
    const number = this.#values.kept(path, text, from, to, hash);
    if (this.#values.size === size && number >= 0) {
      this.#room[path]! += COMES_AGAIN_ONE_IN - 1;
      return number;
    }
    this.#room[path]!--;
    const isTooMuch = number < 0 || ++this.#counts[path]! > (RARE_VALUES.max - size) * SHARE;
    if (isTooMuch) this.#room[path] = -1;
    return number;
  }

  /** Whether all rare values of a path are kept with their texts. */
  isListed(path: number): boolean {
    return this.#room[path]! >= 0 && this.#counts[path]! > 0 && !this.#hashes.isFull;
  }

  get size(): number {
    return this.#values.size;
  }

  /** Of listed paths that are asked for, the numbers of their values: first of those that could not be told, if there are any. */
  listed(isAsked: (path: number) => boolean): ReadonlyMap<number, readonly number[]> {
    const listed = new Map<number, number[]>();
    for (let number = 0; number < this.size; number++) {
      const path = this.#values.placeOf(number);
      if (!this.isListed(path) || !isAsked(path)) continue;
      const values = listed.get(path) ?? [];
      listed.set(path, values);
      if (this.#values.lengthOf(number) === 0) values.unshift(number);
      else values.push(number);
    }
    return listed;
  }

  /** Their texts, as `joinedWords` has them. */
  textsOf(values: readonly number[]): Buffer {
    return this.#values.joined(values);
  }

  /** The events that may have a value of a path that is not listed, or one that is long. */
  withKey(key: number): EventBits {
    return this.#hashes.with(key, this.#isLogged);
  }

  get hashed(): HashedEvents {
    return this.#hashes.hashed(this.#isLogged);
  }

  readonly #isLogged = (path: number): boolean => path === ANY_PATH || !this.isListed(path);
}
