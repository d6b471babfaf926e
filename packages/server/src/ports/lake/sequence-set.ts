import type { SearchFilter } from '../../event/search/index.ts';
import type { LakeQuery } from '../lake.ts';
import type { Sequence } from '../log.ts';

/** Events are kept by groups of so many, which follow each other in the Log. */
export const SET_GROUP_EVENTS = 65_536;
const GROUP_BYTES = SET_GROUP_EVENTS / 8;

/**
 * Which events of a group: event `i` is the bit `0x80 >> (i & 7)` of byte `i >> 3`, as DuckDB has bits. Of 8,192 bytes,
 * and a buffer of its own.
 */
export type GroupBits = Uint8Array;

/** Bits of which none is set. */
export const noBits = (): GroupBits => new Uint8Array(GROUP_BYTES);

/** A set of events, by their sequences: a bit for each within groups that have some, but not all. */
export class SequenceSet {
  readonly #groups = new Map<number, GroupBits | 'all'>();
  /** Of those groups that were counted: questions ask of one file after the other. */
  readonly #counts = new Map<number, number>();

  /** All from `first` until `end`, exclusive. */
  static range(first: Sequence, end: Sequence): SequenceSet {
    const set = new SequenceSet();
    for (let from = first; from < end; ) {
      const group = groupOf(from);
      const to = Math.min(end, (group + 1) * SET_GROUP_EVENTS);
      if (to - from === SET_GROUP_EVENTS) set.#groups.set(group, 'all');
      else set.#groups.set(group, rangeBits(from - group * SET_GROUP_EVENTS, to - group * SET_GROUP_EVENTS));
      from = to;
    }
    return set;
  }

  add(sequence: Sequence): void {
    const group = groupOf(sequence);
    const bits = this.#groups.get(group) ?? noBits();
    if (bits === 'all') return;
    this.#groups.set(group, bits);
    this.#counts.delete(group);
    const i = sequence - group * SET_GROUP_EVENTS;
    bits[i >> 3]! |= 0x80 >> (i & 7);
  }

  /** Makes these the events of a group: the sequences from `group * SET_GROUP_EVENTS` on. They are the set's own then. */
  put(group: number, bits: GroupBits | 'all'): void {
    this.#groups.set(group, bits);
    this.#counts.delete(group);
  }

  has(sequence: Sequence): boolean {
    const bits = this.#groups.get(groupOf(sequence));
    const i = sequence % SET_GROUP_EVENTS;
    return bits === 'all' || (bits !== undefined && (bits[i >> 3]! & (0x80 >> (i & 7))) !== 0);
  }

  /** How many are in it, from `first` until `end`, exclusive. */
  count(first: Sequence = 0, end: Sequence = Number.POSITIVE_INFINITY): number {
    let sum = 0;
    for (const [group, bits] of this.#groups) {
      const start = group * SET_GROUP_EVENTS;
      const [from, to] = [Math.max(0, first - start), Math.min(SET_GROUP_EVENTS, end - start)];
      if (from >= to) continue;
      if (bits === 'all') sum += to - from;
      else if (to - from < SET_GROUP_EVENTS) sum += countOf(combined(bits, rangeBits(from, to), and));
      else sum += this.#countOf(group, bits);
    }
    return sum;
  }

  #countOf(group: number, bits: GroupBits): number {
    const count = this.#counts.get(group) ?? countOf(bits);
    this.#counts.set(group, count);
    return count;
  }

  /** What is in either. */
  or(other: SequenceSet): SequenceSet {
    return this.#with(other, (a, b) => (a === 'all' || b === 'all' ? 'all' : combined(a, b, or)));
  }

  /** What is in both. */
  and(other: SequenceSet): SequenceSet {
    return this.#with(other, (a, b) => {
      if (a === 'all') return copyOf(b);
      return b === 'all' ? copyOf(a) : combined(a, b, and);
    });
  }

  /** What is in this one alone. */
  without(other: SequenceSet): SequenceSet {
    return this.#with(other, (a, b) => {
      if (b === 'all') return NONE;
      return combined(a === 'all' ? rangeBits(0, SET_GROUP_EVENTS) : a, b, andNot);
    });
  }

  /**
   * The bits from `first` until `end`, exclusive, which both begin a group.
   * @param at how many bytes are left free before them
   */
  bits(first: Sequence, end: Sequence, at = 0): Uint8Array {
    const bytes = new Uint8Array(at + (end - first) / 8);
    for (const [group, bits] of this.#groups) {
      const place = group * SET_GROUP_EVENTS - first;
      if (place < 0 || place >= end - first) continue;
      if (bits === 'all') bytes.fill(0xff, at + place / 8, at + place / 8 + GROUP_BYTES);
      else bytes.set(bits, at + place / 8);
    }
    return bytes;
  }

  /** Nothing of the others is shared. */
  #with(other: SequenceSet, combine: (a: GroupBits | 'all', b: GroupBits | 'all') => GroupBits | 'all'): SequenceSet {
    const made = new SequenceSet();
    for (const group of new Set([...this.#groups.keys(), ...other.#groups.keys()])) {
      const bits = combine(this.#groups.get(group) ?? NONE, other.#groups.get(group) ?? NONE);
      if (bits !== NONE) made.#groups.set(group, bits);
    }
    return made;
  }
}

/**
 * What an index finds of a filter without reading records. Events before and after what it knows, in the asked span, are
 * in `maybe`.
 */
export interface FoundByIndex {
  /** The filter is true of these … */
  readonly sure: SequenceSet;
  /** … and of some of these, perhaps: none of them is in `sure`. Of all others it is not true. */
  readonly maybe?: SequenceSet;
  /** A part of the filter that needs no records, and is not looked at: it must be true of those in `sure`, too. */
  readonly rest?: SearchFilter;
}

export interface FilterIndex {
  /**
   * @param span of sequences that are asked about; what is found of others is not looked at
   * @returns undefined when it is of no help: most events would still have to be looked at
   */
  found(filter: SearchFilter, span: Required<Pick<LakeQuery, 'from' | 'upTo'>>): FoundByIndex | undefined;
}

const groupOf = (sequence: Sequence) => Math.floor(sequence / SET_GROUP_EVENTS);

/** Of a group that has nothing. Never given away. */
const NONE: GroupBits = noBits();

const copyOf = (bits: GroupBits | 'all') => (bits === 'all' || bits === NONE ? bits : bits.slice());

function rangeBits(from: number, to: number): GroupBits {
  const bits = noBits();
  for (let i = from; i < to && (i & 7) !== 0; i++) bits[i >> 3]! |= 0x80 >> (i & 7);
  const [first, last] = [(from + 7) >> 3, to >> 3];
  if (first < last) bits.fill(0xff, first, last);
  for (let i = Math.max(from, last << 3); i < to; i++) bits[i >> 3]! |= 0x80 >> (i & 7);
  return bits;
}

const or = (a: number, b: number) => a | b;
const and = (a: number, b: number) => a & b;
const andNot = (a: number, b: number) => a & ~b;

function combined(a: GroupBits, b: GroupBits, combine: (a: number, b: number) => number): GroupBits {
  const [left, right] = [wordsOf(a), wordsOf(b)];
  const words = new Uint32Array(left.length);
  for (let i = 0; i < words.length; i++) words[i] = combine(left[i]!, right[i]!);
  return new Uint8Array(words.buffer);
}

function countOf(bits: GroupBits): number {
  let sum = 0;
  for (const word of wordsOf(bits)) {
    if (word === 0) continue;
    let rest = word - ((word >>> 1) & 0x55555555);
    rest = (rest & 0x33333333) + ((rest >>> 2) & 0x33333333);
    sum += Math.imul((rest + (rest >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return sum;
}

const wordsOf = (bits: GroupBits) => new Uint32Array(bits.buffer, bits.byteOffset, GROUP_BYTES / 4);
