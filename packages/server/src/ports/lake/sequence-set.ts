import type { SearchFilter } from '../../event/search/index.ts';
import type { LakeQuery } from '../lake.ts';
import type { Sequence } from '../log.ts';
import type { Pause } from './turns.ts';
import * as bits from './word-bits.ts';
import { ALL, bytesOf, type EventBits, GROUP_EVENTS, isEmpty, listOf, NONE } from './word-bits.ts';

/** A set of events, by their sequences: a bit for each within groups that have some, but not all. */
export class SequenceSet {
  readonly #groups = new Map<number, EventBits>();
  /** Of those groups that were counted: questions ask of one file after the other. */
  readonly #counts = new Map<number, number>();

  /** All from `first` until `end`, exclusive. */
  static range(first: Sequence, end: Sequence): SequenceSet {
    const set = new SequenceSet();
    for (let group = groupOf(first); group * GROUP_EVENTS < end; group++)
      set.put(group, bits.within(ALL, ...partOf(group, first, end)));
    return set;
  }

  add(sequence: Sequence): void {
    const group = groupOf(sequence);
    const known = this.#groups.get(group) ?? bits.newBits();
    if (known === ALL) return;
    this.#groups.set(group, known);
    this.#counts.delete(group);
    const i = sequence - group * GROUP_EVENTS;
    bytesOf(known)[i >> 3]! |= 0x80 >> (i & 7);
  }

  /** Makes these the events of a group: the sequences from `group * GROUP_EVENTS` on. They are the set's own then, but for `ALL`. */
  put(group: number, events: EventBits): void {
    if (isEmpty(events)) this.#groups.delete(group);
    else this.#groups.set(group, events);
    this.#counts.delete(group);
  }

  /** Those of a group, to be looked at. */
  of(group: number): EventBits {
    return this.#groups.get(group) ?? NONE;
  }

  /** From the first on. */
  *[Symbol.iterator](): Generator<Sequence> {
    for (const group of [...this.#groups.keys()].sort((a, b) => a - b))
      for (const place of listOf(this.of(group))) yield group * GROUP_EVENTS + place;
  }

  has(sequence: Sequence): boolean {
    return bits.has(this.of(groupOf(sequence)), sequence % GROUP_EVENTS);
  }

  /** How many are in it, from `first` until `end`, exclusive. */
  count(first: Sequence = 0, end: Sequence = Number.POSITIVE_INFINITY): number {
    let sum = 0;
    for (const [group, events] of this.#groups) {
      const [from, to] = partOf(group, first, end);
      if (from >= to) continue;
      if (events === ALL) sum += to - from;
      else if (to - from < GROUP_EVENTS) sum += bits.countOf(bits.within(events, from, to));
      else sum += this.#countOf(group, events);
    }
    return sum;
  }

  #countOf(group: number, events: EventBits): number {
    const count = this.#counts.get(group) ?? bits.countOf(events);
    this.#counts.set(group, count);
    return count;
  }

  /** What is in either. */
  or(other: SequenceSet): SequenceSet {
    return this.#with(other, bits.or);
  }

  /** What is in both. */
  and(other: SequenceSet): SequenceSet {
    return this.#with(other, bits.and);
  }

  /** What is in this one alone. */
  without(other: SequenceSet): SequenceSet {
    return this.#with(other, bits.without);
  }

  /**
   * The bits from `first` until `end`, exclusive, which both begin a group.
   * @param at how many bytes are left free before them
   */
  bits(first: Sequence, end: Sequence, at = 0): Uint8Array {
    const bytes = new Uint8Array(at + (end - first) / 8);
    for (const [group, events] of this.#groups) {
      const place = group * GROUP_EVENTS - first;
      if (place >= 0 && place < end - first) bytes.set(bytesOf(events), at + place / 8);
    }
    return bytes;
  }

  /** Nothing of the others is shared. */
  #with(other: SequenceSet, combine: (a: EventBits, b: EventBits) => EventBits): SequenceSet {
    const made = new SequenceSet();
    for (const group of new Set([...this.#groups.keys(), ...other.#groups.keys()])) {
      const [own, others] = [this.of(group), other.of(group)];
      const events = combine(own, others);
      made.put(group, events !== ALL && (events === own || events === others) ? events.slice() : events);
    }
    return made;
  }
}

/** `from` on, before `upTo`. */
export type Span = Required<Pick<LakeQuery, 'from' | 'upTo'>>;

/** Of a time, too. */
export type AskedSpan = Span & Pick<LakeQuery, 'startMs' | 'endMs'>;

/**
 * What an index finds of a filter without reading records. Of what it does not know in the asked span, all is in
 * `maybe`.
 */
export interface FoundByIndex {
  /** The filter is true of these … */
  readonly sure: SequenceSet;
  /** … and of some of these, perhaps: none of them is in `sure`. Of all others it is not true. */
  readonly maybe?: SequenceSet;
}

export interface FilterIndex {
  /**
   * @param span of what is found outside of it nothing is said
   * @returns undefined when it is of no help: too many events would still have to be looked at
   * @throws PatternError when the filter names nothing; what `pause` throws
   */
  found(filter: SearchFilter, span: AskedSpan, pause: Pause): Promise<FoundByIndex | undefined>;
}

const groupOf = (sequence: Sequence) => Math.floor(sequence / GROUP_EVENTS);

/** What of a group is within a span of sequences, by places: `from` on, before `to`. */
const partOf = (group: number, first: Sequence, end: Sequence): [from: number, to: number] => [
  Math.max(0, first - group * GROUP_EVENTS),
  Math.min(GROUP_EVENTS, end - group * GROUP_EVENTS),
];
