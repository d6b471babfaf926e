import { join } from 'node:path';
import type { SearchFilter } from '../../event/search/index.ts';
import type { LogEvent } from '../history/sealed-events.ts';
import type { Sequence } from '../log.ts';
import { columnsOf, type GroupColumns } from './coded-columns.ts';
import { filesUnder, makeDirectory, removeFile } from './files.ts';
import { StoredGroup } from './gram-file.ts';
import { firstOf, type GroupView, groupOf, NewGroup } from './gram-group.ts';
import { CHUNK_EVENTS } from './grams.ts';
import { HeldColumns } from './held-columns.ts';
import { isAllOfColumns, needOf } from './needs.ts';
import { readsRecords } from './scan.ts';
import { type AskedSpan, type FilterIndex, type FoundByIndex, SequenceSet, type Span } from './sequence-set.ts';
import type { Pause } from './turns.ts';
import { ALL, type EventBits, GROUP_EVENTS, PIECE_EVENTS, piecesOf, within, without } from './word-bits.ts';
import { type Bounds, boundsByColumns, UNKNOWN } from './word-bounds.ts';
import { NOTHING_FREQUENT } from './word-dictionary.ts';

/** Some events that are next to each other in the Log, and what can be said of them. */
export interface Group {
  readonly number: number;
  /** Of its events; infinite where that is not known. */
  readonly minMs: number;
  readonly maxMs: number;
  /** undefined while nothing is known of them. */
  readonly columns: GroupColumns | undefined;
}

/** Groups of 20 MB, 40 at most, that wait to be stored, as on a full disk, before no more are made of what is old. */
const WAITING_MAX = 2;
/** Of a group some 0.7 MB: those of ten million events. The system's own cache of files is taken back from what idles. */
const HELD_BYTES_MAX = 128 << 20;
/** Within the lake's folder. */
export const GRAMS = 'grams';
const nameOf = (group: number) => `${String(group).padStart(12, '0')}.grams`;

/**
 * Of the pieces that a filter asks about, so many may have to be read for an index to be of help. DuckDB, on two processors, reads some
 * 60 whole records in the time that one of them takes, and one column of JSON of 1,200.
 */
const READ_ONE_IN = { records: 8, columns: 64 };
/** So many are always read, which takes a quarter of a second. */
const READ_FEW = 3_200;
/** Asked before others have their turn: some 5 ms. */
const SLICE_GROUPS = 16;

/**
 * Says which events hold a text: an index of which words stand in which events, and of rare ones of which four bytes each stand in
 * which chunk of events. Made as the lake takes events in, and afterwards of what it took in without; of what is not in it
 * yet, each event may hold anything.
 */
export class GramIndex implements FilterIndex {
  readonly #root: string;
  readonly #stored = new Map<number, StoredGroup>();
  readonly #new = new Map<number, NewGroup>();
  readonly #following = new ChunkMaker((sequence) => this.#making(sequence));
  readonly #filling = new ChunkMaker((sequence) => this.#making(sequence));
  #start: Sequence;
  readonly #held: HeldGroups;
  readonly #heldColumns = new HeldColumns();
  /** What stored groups said last: a page asks for rows, counts and a distribution of one filter. 16 KB a group at most. */
  #said: { readonly about: string; readonly bounds: Map<number, Bounds> } = { about: '', bounds: new Map() };

  /** @param directory the lake's @param end what was made of events from here on is made anew: they may be others now */
  constructor(directory: string, start: Sequence, end: Sequence, heldBytesMax = HELD_BYTES_MAX) {
    this.#root = join(directory, GRAMS);
    this.#held = new HeldGroups(heldBytesMax);
    this.#start = start;
    makeDirectory(directory, this.#root);
    for (const name of filesUnder(this.#root)) {
      const path = join(this.#root, name);
      const group = Number.parseInt(name, 10);
      const known = name === nameOf(group) && firstOf(group + 1) <= end ? StoredGroup.open(path, group) : undefined;
      if (known) this.#stored.set(group, known);
      else removeFile(this.#root, path);
    }
  }

  /** Takes in what the lake takes in, in the order of the Log. */
  add(events: readonly LogEvent[]): void {
    this.#following.add(events, this.#start);
  }

  /** Writes what is complete. @throws when the disk refuses; call it again then */
  store(): void {
    for (const group of this.#new.values()) {
      if (!group.isComplete) continue;
      const path = join(this.#root, nameOf(group.number));
      group.write(path);
      const stored = StoredGroup.open(path, group.number);
      if (stored) this.#stored.set(group.number, stored);
      this.#new.delete(group.number);
    }
  }

  /** From where on events before `end` are lacking, to be given to `fill`; undefined when none are. */
  lacking(end: Sequence): Sequence | undefined {
    const waiting = [...this.#new.values()].filter(({ isComplete }) => isComplete);
    if (waiting.length >= WAITING_MAX) return undefined;
    for (let group = groupOf(this.#start); firstOf(group) < end; group++) {
      if (this.#stored.has(group)) continue;
      const unknown = this.#new.has(group) ? this.#new.get(group)!.unknown : 0;
      if (unknown === undefined) continue;
      const first = firstOf(group) + unknown * CHUNK_EVENTS;
      if (first + CHUNK_EVENTS > end) return undefined;
      const { next } = this.#filling;
      return next > first && next < first + CHUNK_EVENTS ? next : Math.max(first, this.#start);
    }
    return undefined;
  }

  /** Takes in what was lacking. */
  fill(events: readonly LogEvent[]): void {
    this.#filling.add(events, this.#start);
  }

  /** Reads what somebody who comes to look will see first, of the newest groups: a group at a time. @returns whether there was more */
  warm(): boolean {
    const newest = [...this.#stored.keys()].sort((a, b) => b - a);
    return newest.some((number) => this.#heldColumns.warm(number, this.#stored.get(number)!));
  }

  /** The Log starts here now. @throws when the disk refuses; call it again then */
  retain(start: Sequence): void {
    this.#start = Math.max(this.#start, start);
    for (const [group, { path }] of this.#stored) {
      if (firstOf(group + 1) > this.#start) continue;
      removeFile(this.#root, path);
      this.#stored.delete(group);
      this.#held.drop(group);
      this.#heldColumns.drop(group);
    }
    for (const [number, group] of this.#new) {
      if (firstOf(number + 1) <= this.#start) this.#new.delete(number);
      else this.#passOver(group);
    }
  }

  async found(filter: SearchFilter, asked: AskedSpan, pause: Pause): Promise<FoundByIndex | undefined> {
    const { from, upTo, startMs, endMs } = asked;
    const groups = [...this.groups(asked)].filter(({ minMs, maxMs }) => maxMs >= startMs && minMs <= endMs);
    const oneIn = READ_ONE_IN[readsRecords(filter) ?? 'columns'];
    const max = Math.max(READ_FEW, (groups.length * GROUP_EVENTS) / PIECE_EVENTS / oneIn);
    const [sure, maybe] = [new SequenceSet(), new SequenceSet()];
    const boundsOf = this.asking(filter);
    let pieces = 0;
    for (const [i, { number: group }] of groups.entries()) {
      const { sure: known, may } = boundsOf(group);
      const [start, end] = [Math.max(0, from - firstOf(group)), Math.min(GROUP_EVENTS, upTo - firstOf(group))];
      const rest = within(without(may, known), start, end);
      sure.put(group, own(within(known, start, end)));
      maybe.put(group, own(rest));
      pieces += piecesOf(rest);
      if (pieces > max) return undefined;
      if (i % SLICE_GROUPS === 0) await pause();
    }
    return { sure, ...(pieces > 0 && { maybe }) };
  }

  /** Of which events of a group a filter is true. @throws PatternError when it names nothing */
  asking(filter: SearchFilter): (group: number) => Bounds {
    const need = needOf(filter);
    const about = JSON.stringify(need);
    if (this.#said.about !== about) this.#said = { about, bounds: new Map() };
    const { bounds } = this.#said;
    const byColumns = isAllOfColumns(need);
    return (group) => {
      const known = bounds.get(group);
      if (known) return known;
      const columns = this.#columns(group);
      const stored = this.#stored.get(group);
      if (!columns) return UNKNOWN;
      if (!stored) return byColumns ? boundsByColumns(need, columns) : this.#new.get(group)!.bounds(need, columns);
      if (!byColumns) this.#held.hold(group, stored);
      const said = byColumns ? boundsByColumns(need, columns) : stored.bounds(need, columns);
      bounds.set(group, said);
      return said;
    };
  }

  /** The groups of some events, as they follow each other. */
  *groups({ from, upTo }: Span): Generator<Group> {
    for (let number = groupOf(from); firstOf(number) < upTo; number++) {
      const { minMs, maxMs } = this.#view(number) ?? UNKNOWN_TIMES;
      yield { number, minMs, maxMs, columns: this.#columns(number) };
    }
  }

  #columns(number: number): GroupColumns | undefined {
    const stored = this.#stored.get(number);
    if (stored) return this.#heldColumns.of(number, stored);
    const group = this.#new.get(number);
    return group && columnsOf(group.columns, (field) => this.#heldColumns.valuesOf(field));
  }

  #view(group: number): GroupView | undefined {
    return this.#stored.get(group) ?? this.#new.get(group);
  }

  /** The group in which an event's words are kept; undefined when they are already. */
  #making(sequence: Sequence): NewGroup | undefined {
    const number = groupOf(sequence);
    if (this.#stored.has(number)) return undefined;
    const known = this.#new.get(number);
    if (known) return known;
    const before = this.#view(number - 1) ?? [...this.#new.values()].at(-1) ?? [...this.#stored.values()].at(-1);
    const group = new NewGroup(number, before?.frequent ?? NOTHING_FREQUENT);
    this.#new.set(number, group);
    this.#passOver(group);
    return group;
  }

  /** What the Log has let go of is not looked for any more. */
  #passOver(group: NewGroup): void {
    for (let chunk = 0; firstOf(group.number) + (chunk + 1) * CHUNK_EVENTS <= this.#start; chunk++) group.know(chunk);
  }
}

/** Has the newest of the groups that are asked hold what is read of them first, as many as there is memory for. */
class HeldGroups {
  readonly #bytesMax: number;
  readonly #groups = new Map<number, { readonly group: StoredGroup; readonly bytes: number }>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  hold(number: number, group: StoredGroup): void {
    if (this.#groups.has(number)) return;
    const bytes = group.hold();
    this.#groups.set(number, { group, bytes });
    this.#bytes += bytes;
    while (this.#bytes > this.#bytesMax) this.drop(Math.min(...this.#groups.keys()));
  }

  drop(number: number): void {
    const held = this.#groups.get(number);
    if (!held) return;
    held.group.release();
    this.#groups.delete(number);
    this.#bytes -= held.bytes;
  }
}

/** What was said may be asked for again. */
const own = (events: EventBits): EventBits => (events === ALL ? ALL : events.slice());

const UNKNOWN_TIMES = { minMs: Number.NEGATIVE_INFINITY, maxMs: Number.POSITIVE_INFINITY };

/**
 * Adds events that follow each other to their groups. What begins in the middle of a chunk is passed over until the next, unless
 * there is nothing before it.
 */
class ChunkMaker {
  readonly #groupOf: (sequence: Sequence) => NewGroup | undefined;
  /** The event that it goes on with. */
  next: Sequence = -1;

  constructor(groupOf: (sequence: Sequence) => NewGroup | undefined) {
    this.#groupOf = groupOf;
  }

  add(events: readonly LogEvent[], start: Sequence): void {
    for (const { sequence, header, json } of events) {
      const begins = sequence % CHUNK_EVENTS === 0 || sequence === start;
      if (!begins && sequence !== this.next) continue;
      this.next = sequence + 1;
      const group = this.#groupOf(sequence);
      group?.add(sequence, header, json);
      if (this.next % CHUNK_EVENTS === 0) group?.know((sequence % GROUP_EVENTS) >>> CHUNK_SHIFT);
    }
  }
}

const CHUNK_SHIFT = Math.log2(CHUNK_EVENTS);
