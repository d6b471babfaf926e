import { setImmediate } from 'node:timers/promises';
import type { LakeCursor, LakePageQuery } from '../lake.ts';
import type { Sequence } from '../log.ts';
import type { Times } from './coded-columns.ts';
import { codedField } from './coded-fields.ts';
import type { GramIndex, Group } from './gram-index.ts';
import { LogTest } from './log-test.ts';
import type { LogRecords } from './records.ts';
import { type Asked, selected, spanned } from './selection.ts';
import { SequenceSet } from './sequence-set.ts';
import { ALL, and, countOf, type EventBits, GROUP_EVENTS, has, listOf, without } from './word-bits.ts';
import type { Bounds } from './word-bounds.ts';

export interface Key extends LakeCursor {
  readonly accountId: string;
}

export interface WalkDeps {
  readonly index: Pick<GramIndex, 'groups' | 'asking'>;
  readonly records: Pick<LogRecords, 'readSome'>;
}

export interface Walked {
  readonly keys: readonly Key[];
  /** What was not looked at, since nothing is known of it. */
  readonly rest: SequenceSet;
}

/** Pieces of the Log that are read for a page, which takes half a second at most … */
const READ_MAX = 6_000;
/** … and where so many events of a group are doubted that most of what is read may be in vain. */
const READ_DENSE_MAX = 100;
const DENSE = GROUP_EVENTS / 16;
/** Read before others have their turn: some 10 ms. */
const SLICE_READS = 96;
const ACCOUNT = codedField('accountId');
const ALL_SURE: Bounds = { sure: ALL, may: ALL };

/**
 * The first events of a page: groups are asked one after the other, in the order of time, until it is full, and what they are in
 * doubt of is read in the Log.
 * @param found of which the filter is true, if that is known
 * @returns undefined when too much would have to be read
 * @throws Moved; the signal's reason when it aborts; PatternError when the filter names nothing
 */
export async function walk(
  deps: WalkDeps,
  query: LakePageQuery & Asked,
  found: SequenceSet | undefined,
  signal: AbortSignal,
): Promise<Walked | undefined> {
  const steps = new Walk(deps, query, found).steps();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    await setImmediate();
    signal.throwIfAborted();
  }
}

class Walk {
  readonly #index: WalkDeps['index'];
  readonly #query: LakePageQuery & Asked;
  readonly #page: FirstKeys;
  readonly #rest = new SequenceSet();
  readonly #boundsOf: (group: number) => Bounds;
  readonly #test: LogTest | undefined;

  constructor({ index, records }: WalkDeps, query: LakePageQuery & Asked, found: SequenceSet | undefined) {
    this.#index = index;
    this.#query = withinCursor(query);
    this.#page = new FirstKeys(query);
    this.#test = query.filter && new LogTest(records, query.filter, query);
    if (found) this.#boundsOf = (group) => ({ sure: found.of(group), may: found.of(group) });
    else this.#boundsOf = query.filter ? index.asking(query.filter) : () => ALL_SURE;
  }

  /** Stops where others may have their turn. */
  *steps(): Generator<void, Walked | undefined, void> {
    const newest = this.#query.order === 'newest';
    const edgeOf = ({ minMs, maxMs }: Group) => (newest ? -maxMs : minMs);
    // Of two whose times are not known the difference is no number.
    for (const group of [...this.#index.groups(this.#query)].sort((a, b) => edgeOf(a) - edgeOf(b) || 0)) {
      if (this.#page.isBefore(newest ? group.maxMs : group.minMs)) break;
      if (!(yield* this.#look(group))) return undefined;
      yield;
    }
    return { keys: this.#page.keys, rest: this.#rest };
  }

  /** @returns whether it is of use */
  *#look(group: Group): Generator<void, boolean, void> {
    const { number, columns } = group;
    const isOutside = group.maxMs < this.#query.startMs || group.minMs > this.#query.endMs;
    const times = isOutside ? undefined : columns?.times();
    const inTime = times && this.#page.isFull ? this.#page.amongFirst(times, this.#query) : undefined;
    if (isOutside || (inTime?.length === 0 && columns?.known === ALL)) return true;
    const chosen = selected(group, this.#query);
    const accounts = columns?.column(ACCOUNT);
    if (!columns || !chosen || !times || !accounts) {
      this.#leave(number, and(spanned(group, this.#query), this.#boundsOf(number).may));
      return true;
    }
    if (columns.known !== ALL)
      this.#leave(number, and(without(spanned(group, this.#query), columns.known), this.#boundsOf(number).may));
    const { sure, may } = this.#boundsOf(number);
    const candidates = [spanned(group, this.#query), chosen, may, columns.known].reduce(and);
    const doubts = without(candidates, sure);
    const readMax = countOf(doubts) > DENSE ? READ_DENSE_MAX : READ_MAX;
    for (const event of inTime ?? this.#inOrder(listOf(candidates))) {
      const [timeMs, sequence] = [times.base + times.unit * times.deltas[event]!, number * GROUP_EVENTS + event];
      if (!has(candidates, event) || !this.#page.takes(timeMs, sequence)) continue;
      if (has(doubts, event)) {
        const isTrue = this.#test!.holds(sequence);
        if (this.#test!.reads > readMax) return false;
        if (this.#test!.reads % SLICE_READS === 0) yield;
        if (!isTrue) continue;
      }
      const [accountId = ''] = accounts.values.valuesOf(accounts.ids[accounts.codes[event]!]!);
      this.#page.put({ timeMs, sequence, accountId });
    }
    return true;
  }

  /** Those that are likely to stay come first. */
  #inOrder(events: Uint16Array): Uint16Array {
    return this.#query.order === 'newest' ? events.reverse() : events;
  }

  #leave(number: number, events: EventBits): void {
    this.#rest.put(number, events === ALL ? ALL : events.slice());
  }
}

/** What comes after the page before lies in less time. */
function withinCursor<Q extends LakePageQuery>(query: Q): Q {
  const { after, order, startMs, endMs } = query;
  if (!after) return query;
  return order === 'newest'
    ? { ...query, endMs: Math.min(endMs, after.timeMs) }
    : { ...query, startMs: Math.max(startMs, after.timeMs) };
}

/** The first of the events that it is shown. */
export class FirstKeys {
  readonly #limit: number;
  /** 1 when what is later comes first. */
  readonly #sign: number;
  readonly #after: LakeCursor | undefined;
  readonly #keys: Key[] = [];

  constructor({ limit, order, after }: Pick<LakePageQuery, 'limit' | 'order' | 'after'>) {
    this.#limit = limit;
    this.#sign = order === 'newest' ? 1 : -1;
    this.#after = after;
  }

  get keys(): readonly Key[] {
    return this.#keys;
  }

  /** Whether all of it comes before events of this time and later ones, in its order. */
  isBefore(timeMs: number): boolean {
    return this.isFull && this.#sign * (this.#keys.at(-1)!.timeMs - timeMs) > 0;
  }

  get isFull(): boolean {
    return this.#keys.length === this.#limit;
  }

  /** Of a full page: places of a group's events in the asked time that come before its last one, or at the same time. */
  amongFirst({ base, unit, deltas }: Times, { startMs, endMs }: Pick<Asked, 'startMs' | 'endMs'>): readonly number[] {
    const { timeMs } = this.#keys.at(-1)!;
    const first = ((this.#sign > 0 ? Math.max(startMs, timeMs) : startMs) - base) / unit;
    const last = ((this.#sign > 0 ? endMs : Math.min(endMs, timeMs)) - base) / unit;
    const places: number[] = [];
    for (let event = 0; event < deltas.length; event++)
      if (deltas[event]! >= first && deltas[event]! <= last) places.push(event);
    return places;
  }

  /** Whether an event would be one of them. */
  takes(timeMs: number, sequence: Sequence): boolean {
    if (this.#after && this.#compare(this.#after, timeMs, sequence) >= 0) return false;
    return !this.isFull || this.#compare(this.#keys.at(-1)!, timeMs, sequence) > 0;
  }

  /** Adds one that it takes. */
  put(key: Key): void {
    let at = this.#keys.length;
    while (at > 0 && this.#compare(this.#keys[at - 1]!, key.timeMs, key.sequence) > 0) at--;
    this.#keys.splice(at, 0, key);
    if (this.#keys.length > this.#limit) this.#keys.pop();
  }

  /** Below 0 when an event comes before another one. */
  #compare(event: LakeCursor, timeMs: number, sequence: Sequence): number {
    return this.#sign * (timeMs - event.timeMs || sequence - event.sequence);
  }
}
