import { join } from 'node:path';
import type { SearchFilter } from '../../event/search/index.ts';
import type { Sequence, StoredEvent } from '../log.ts';
import { filesUnder, makeDirectory, removeFile } from './files.ts';
import { StoredGroup } from './gram-file.ts';
import { firstOf, type GroupView, groupOf, NewGroup } from './gram-group.ts';
import { CHUNK_EVENTS } from './grams.ts';
import { type Need, needOf } from './needs.ts';
import { readsRecords } from './scan.ts';
import { type FilterIndex, type FoundByIndex, SequenceSet } from './sequence-set.ts';
import { ALL, bytesOf, type EventBits, GROUP_CHUNKS, GROUP_EVENTS, hasChunk, isEmpty, without } from './word-bits.ts';
import { type Bounds, UNKNOWN } from './word-bounds.ts';
import { NOTHING_FREQUENT } from './word-dictionary.ts';

/** Events next to each other in the Log, of which some may be looked for. */
export interface Chunk {
  readonly first: Sequence;
  /** Of its events; infinite where that is not known. */
  readonly minMs: number;
  readonly maxMs: number;
}

export interface Span {
  /** Inclusive. */
  readonly first: Sequence;
  /** Exclusive. */
  readonly end: Sequence;
  readonly startMs: number;
  readonly endMs: number;
}

/** Groups of 20 MB, 40 at most, that wait to be stored, as on a full disk, before no more are made of what is old. */
const WAITING_MAX = 2;
/** Of a group some 0.7 MB: those of ten million events. The system's own cache of files is taken back from what idles. */
const HELD_BYTES_MAX = 128 << 20;
/** Within the lake's folder. */
export const GRAMS = 'grams';
const nameOf = (group: number) => `${String(group).padStart(12, '0')}.grams`;

/**
 * Of the chunks of a span, so many may have to be read for an index to be of help. DuckDB, on two processors, reads some 250
 * whole records in the time that one of them takes, and one column of JSON of 5,000. So few have a value that is not frequent (`LEAVES`).
 */
const READ_ONE_IN = { records: 8, columns: 64 };
/** So many are always read, which takes a quarter of a second. */
const READ_FEW = 800;

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
  add(events: readonly StoredEvent[]): void {
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
  fill(events: readonly StoredEvent[]): void {
    this.#filling.add(events, this.#start);
  }

  /** The Log starts here now. @throws when the disk refuses; call it again then */
  retain(start: Sequence): void {
    this.#start = Math.max(this.#start, start);
    for (const [group, { path }] of this.#stored) {
      if (firstOf(group + 1) > this.#start) continue;
      removeFile(this.#root, path);
      this.#stored.delete(group);
      this.#held.drop(group);
    }
    for (const [number, group] of this.#new) {
      if (firstOf(number + 1) <= this.#start) this.#new.delete(number);
      else this.#passOver(group);
    }
  }

  /** @param span inclusive; before its end @throws PatternError when the filter names nothing */
  found(
    filter: SearchFilter,
    { from, upTo }: { readonly from: Sequence; readonly upTo: Sequence },
  ): FoundByIndex | undefined {
    const { text, rest } = parted(filter);
    const need = needOf(text);
    const oneIn = READ_ONE_IN[readsRecords(text) ?? 'columns'];
    const [sure, maybe] = [new SequenceSet(), new SequenceSet()];
    const boundsOf = this.#asking(need);
    let [among, read] = [0, 0];
    for (let group = groupOf(from); firstOf(group) < upTo; group++) {
      const bounds = boundsOf(group);
      const rest = without(bounds.may, bounds.sure);
      put(sure, group, bounds.sure);
      put(maybe, group, rest);
      const firstChunk = Math.max(0, Math.floor((from - firstOf(group)) / CHUNK_EVENTS));
      const endChunk = Math.min(GROUP_CHUNKS, Math.ceil((upTo - firstOf(group)) / CHUNK_EVENTS));
      among += endChunk - firstChunk;
      for (let chunk = firstChunk; chunk < endChunk; chunk++) if (hasChunk(rest, chunk)) read++;
    }
    return read > Math.max(READ_FEW, among / oneIn) ? undefined : { sure, maybe, ...(rest && { rest }) };
  }

  /**
   * The chunks of which some event in the span may be what is needed.
   * @param most how many may be found among so many
   * @returns undefined when there are more: they are not looked for to the end then
   */
  chunks(need: Need, span: Span, most: (among: number) => number): readonly Chunk[] | undefined {
    const groups: { readonly number: number; readonly chunks: readonly Chunk[] }[] = [];
    let among = 0;
    for (let number = groupOf(span.first); firstOf(number) < span.end; number++) {
      const chunks = chunksWithin(number, this.#view(number), span);
      among += chunks.length;
      if (chunks.length > 0) groups.push({ number, chunks });
    }
    const max = most(among);
    const boundsOf = this.#asking(need);
    const found: Chunk[] = [];
    for (const { number, chunks } of groups) {
      const { may } = boundsOf(number);
      for (const chunk of chunks) if (hasChunk(may, (chunk.first % GROUP_EVENTS) / CHUNK_EVENTS)) found.push(chunk);
      if (found.length > max) return undefined;
    }
    return found;
  }

  /** Of which events of a group a need is met. */
  #asking(need: Need): (group: number) => Bounds {
    const about = JSON.stringify(need);
    if (this.#said.about !== about) this.#said = { about, bounds: new Map() };
    const { bounds } = this.#said;
    return (group) => {
      const known = bounds.get(group);
      if (known) return known;
      const stored = this.#stored.get(group);
      if (!stored) return this.#new.get(group)?.bounds(need) ?? UNKNOWN;
      this.#held.hold(group, stored);
      const said = stored.bounds(need);
      bounds.set(group, said);
      return said;
    };
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
    for (let chunk = 0; firstOf(group.number) + (chunk + 1) * CHUNK_EVENTS <= this.#start; chunk++)
      group.know(chunk, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
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

/** What of a filter may be found in records, and what else must be true. */
function parted(filter: SearchFilter): { readonly text: SearchFilter; readonly rest?: SearchFilter } {
  if (!('and' in filter)) return { text: filter };
  const [text, rest] = [filter.and.filter(readsRecords), filter.and.filter((part) => !readsRecords(part))];
  return { text: { and: text }, ...(rest.length > 0 && { rest: { and: rest } }) };
}

function put(set: SequenceSet, group: number, bits: EventBits): void {
  if (isEmpty(bits)) return;
  set.put(group, bits === ALL ? 'all' : bytesOf(bits).slice());
}

function chunksWithin(group: number, view: GroupView | undefined, span: Span): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 0; at < GROUP_CHUNKS; at++) {
    const first = firstOf(group) + at * CHUNK_EVENTS;
    const minMs = view?.minMs(at) ?? Number.NEGATIVE_INFINITY;
    const maxMs = view?.maxMs(at) ?? Number.POSITIVE_INFINITY;
    if (first >= span.end || first + CHUNK_EVENTS <= span.first) continue;
    if (minMs <= span.endMs && maxMs >= span.startMs) chunks.push({ first, minMs, maxMs });
  }
  return chunks;
}

/**
 * Adds events that follow each other to their groups. What begins in the middle of a chunk is passed over until the next, unless
 * there is nothing before it.
 */
class ChunkMaker {
  readonly #groupOf: (sequence: Sequence) => NewGroup | undefined;
  /** The event that it goes on with. */
  next: Sequence = -1;
  #minMs = 0;
  #maxMs = 0;

  constructor(groupOf: (sequence: Sequence) => NewGroup | undefined) {
    this.#groupOf = groupOf;
  }

  add(events: readonly StoredEvent[], start: Sequence): void {
    for (const { sequence, header, json } of events) {
      if (sequence % CHUNK_EVENTS === 0 || sequence === start) this.#begin();
      else if (sequence !== this.next) continue;
      this.next = sequence + 1;
      const group = this.#groupOf(sequence);
      group?.add(sequence, json);
      this.#minMs = Math.min(this.#minMs, header.timeMs);
      this.#maxMs = Math.max(this.#maxMs, header.timeMs);
      if (this.next % CHUNK_EVENTS === 0)
        group?.know((sequence % GROUP_EVENTS) >>> CHUNK_SHIFT, this.#minMs, this.#maxMs);
    }
  }

  #begin(): void {
    this.#minMs = Number.POSITIVE_INFINITY;
    this.#maxMs = Number.NEGATIVE_INFINITY;
  }
}

const CHUNK_SHIFT = Math.log2(CHUNK_EVENTS);
