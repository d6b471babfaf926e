import { EDGE } from './grams.ts';

/** Words of a group of events that are kept each with its events. */
export const WORDS_MAX = 2048;
/** Leaves of which the same is true. Of made-up records 6,000 were frequent, of which a question reads 250 KB a group. */
export const LEAVES_MAX = 8192;

/** What may come often, of one kind. */
export interface Kind {
  /** That many are kept. A power of two. */
  readonly max: number;
  /** Longer ones are seldom frequent. */
  readonly bytesMax: number;
  /** What came so often is kept from then on. */
  readonly frequent: number;
  /** Room for what is kept in any case. */
  readonly reserved: number;
}

/** As often as there are chunks in which a word may stand else. */
export const WORDS: Kind = { max: WORDS_MAX, bytesMax: 64, frequent: 64, reserved: 0 };
/** Less often: what is rarer is listed (`rare-values.ts`), or read in the Log, a chunk for each: of ten million events half a second. */
export const LEAVES: Kind = { max: LEAVES_MAX, bytesMax: 200, frequent: 16, reserved: 1024 };

/** Counted by hashes: a table of as many as there are rare ones in a group, so that few share a place. */
const COUNTERS = 1 << 18;
const COUNTER_SHIFT = 32 - Math.log2(COUNTERS);
const MULTIPLIER = 0x9e3779b1;

/** Of those that were frequent in one group, so many are taken for frequent in the next: it has room for some of its own. */
const KNOWN_SHARE = 0.75;

/** What was frequent in a group. */
export interface Frequent {
  readonly words: readonly string[];
  /** With the texts of their paths. */
  readonly leaves: readonly { readonly path: string; readonly value: string }[];
}
export const NOTHING_FREQUENT: Frequent = { words: [], leaves: [] };

/** Those that were frequent, of what a group had in a dictionary, by their numbers. @param counts of their events */
export const frequentOf = ({ max, frequent }: Kind, counts: ArrayLike<number>): readonly number[] =>
  Array.from(counts, (events, number) => ({ number, events }))
    .filter(({ events }) => events >= frequent)
    .sort((a, b) => b.events - a.events)
    .slice(0, max * KNOWN_SHARE)
    .map(({ number }) => number);

/** The frequent texts of a group, each at a place, by numbers. It learns them while the group is made. */
export class Dictionary {
  readonly #kind: Kind;
  readonly #slots: Int16Array;
  readonly #slotShift: number;
  readonly #hashes: Int32Array;
  readonly #places: Uint16Array;
  /** Where the bytes of each end: they begin where those before it end. */
  readonly #ends: Int32Array;
  #bytes = Buffer.alloc(1 << 16);
  readonly #counts: Uint8Array;
  #size = 0;

  constructor(kind: Kind) {
    this.#kind = kind;
    // At most an eighth of them is taken.
    this.#slots = new Int16Array(kind.max * 8).fill(-1);
    this.#slotShift = 32 - Math.log2(kind.max * 8);
    this.#hashes = new Int32Array(kind.max);
    this.#places = new Uint16Array(kind.max);
    this.#ends = new Int32Array(kind.max);
    this.#counts = new Uint8Array(kind.frequent > 1 ? COUNTERS : 0);
  }

  get size(): number {
    return this.#size;
  }

  placeOf(number: number): number {
    return this.#places[number]!;
  }

  textOf(number: number): string {
    return this.#bytes.toString('latin1', this.#startOf(number), this.#ends[number]);
  }

  /** Texts as one, as `joinedWords` has them. */
  joined(numbers: readonly number[]): Buffer {
    const joined = Buffer.alloc(
      numbers.reduce((sum, number) => sum + this.lengthOf(number) + 1, 1),
      EDGE,
    );
    let at = 1;
    for (const number of numbers) at += this.#bytes.copy(joined, at, this.#startOf(number), this.#ends[number]) + 1;
    return joined;
  }

  lengthOf(number: number): number {
    return this.#ends[number]! - this.#startOf(number);
  }

  /** @returns the number of a text that came; -1 when it is not frequent so far */
  numberOf(place: number, text: Uint8Array, from: number, to: number, hash: number): number {
    if (to - from > this.#kind.bytesMax) return -1;
    const mixed = mix(hash, place);
    const number = this.#find(place, text, from, to, mixed);
    if (number >= 0 || this.#size >= this.#kind.max - this.#kind.reserved) return number;
    const counter = mixed >>> COUNTER_SHIFT;
    if (++this.#counts[counter]! < this.#kind.frequent) return -1;
    this.#counts[counter] = 0;
    return this.learn(place, text, from, to, hash);
  }

  /** The number of a text, however seldom it comes. @returns -1 when there is no room */
  kept(place: number, text: Uint8Array, from: number, to: number, hash: number): number {
    const number = this.#find(place, text, from, to, mix(hash, place));
    return number >= 0 ? number : this.learn(place, text, from, to, hash);
  }

  #find(place: number, text: Uint8Array, from: number, to: number, mixed: number): number {
    const slots = this.#slots;
    let slot = mixed >>> this.#slotShift;
    for (let number = slots[slot]!; number >= 0; number = slots[slot]!) {
      if (this.#hashes[number] === mixed && this.#is(number, place, text, from, to)) return number;
      slot = (slot + 1) % slots.length;
    }
    return -1;
  }

  /** Takes it for frequent from now on. @returns its number; -1 when there is no room */
  learn(place: number, text: Uint8Array, from: number, to: number, hash: number): number {
    if (this.#size === this.#kind.max) return -1;
    const number = this.#size++;
    const mixed = mix(hash, place);
    let slot = mixed >>> this.#slotShift;
    while (this.#slots[slot]! >= 0) slot = (slot + 1) % this.#slots.length;
    this.#slots[slot] = number;
    this.#hashes[number] = mixed;
    this.#places[number] = place;
    const start = this.#startOf(number);
    const end = start + to - from;
    this.#ends[number] = end;
    if (end > this.#bytes.length) {
      const more = Buffer.alloc(this.#bytes.length * 2);
      more.set(this.#bytes);
      this.#bytes = more;
    }
    this.#bytes.set(text.subarray(from, to), start);
    return number;
  }

  /** Where a text ends that stands in another from `from` on; -1 when it does not. */
  endOf(number: number, text: Uint8Array, from: number): number {
    const bytes = this.#bytes;
    const end = this.#ends[number]!;
    for (let i = this.#startOf(number), at = from; i < end; i++, at++) if (bytes[i] !== text[at]) return -1;
    return from + end - this.#startOf(number);
  }

  #startOf(number: number): number {
    return number === 0 ? 0 : this.#ends[number - 1]!;
  }

  #is(number: number, place: number, text: Uint8Array, from: number, to: number): boolean {
    let at = this.#startOf(number);
    if (this.#places[number] !== place || this.#ends[number]! - at !== to - from) return false;
    const bytes = this.#bytes;
    for (let i = from; i < to; i++, at++) if (text[i] !== bytes[at]) return false;
    return true;
  }
}

const mix = (hash: number, place: number) => {
  const both = hash ^ Math.imul(place + 1, 0x85ebca6b);
  return Math.imul(both ^ (both >>> 15), MULTIPLIER);
};
