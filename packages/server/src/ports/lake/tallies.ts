import type { LakeBucket, LakeFacet } from '../lake.ts';
import type { Column, GroupColumns } from './coded-columns.ts';
import { codedField } from './coded-fields.ts';
import type { Tally } from './selection.ts';
import type { ValueIds } from './value-ids.ts';
import { GROUP_EVENTS } from './word-bits.ts';

/** How many events. */
export class EventCount implements Tally {
  count = 0;

  add(_: GroupColumns, events: Uint16Array): boolean {
    this.count += events.length;
    return true;
  }
}

/** How many events have which value of some fields. */
export class FacetCounts implements Tally {
  readonly #fields: readonly number[];
  /** By field, and by whom its values have their numbers from: by number. */
  readonly #sums: readonly Map<ValueIds, Float64Array>[];
  readonly #more: readonly Map<string, number>[];

  /** @param fields of `CODED_FIELDS` */
  constructor(fields: readonly number[]) {
    this.#fields = fields;
    this.#sums = fields.map(() => new Map());
    this.#more = fields.map(() => new Map());
  }

  add(columns: GroupColumns, events: Uint16Array): boolean {
    const own = this.#fields.map((field) => columns.column(field));
    if (!own.every((column) => column !== undefined)) return false;
    const isMost = events.length > GROUP_EVENTS / 2;
    const counted = isMost ? othersThan(events) : events;
    for (const [i, column] of own.entries()) addCounts(this.#sums[i]!, column, counted, isMost);
    return true;
  }

  /** Adds what was counted otherwise. @param i which of the fields */
  addValue(i: number, value: string, count: number): void {
    const more = this.#more[i]!;
    more.set(value, (more.get(value) ?? 0) + count);
  }

  /** @param i which of the fields @returns its values, most frequent first */
  facet(i: number, field: string, valuesMax: number): LakeFacet {
    const counts = new Map(this.#more[i]!);
    for (const [values, sums] of this.#sums[i]!)
      sums.forEach((sum, id) => {
        if (sum === 0) return;
        for (const value of new Set(values.valuesOf(id))) counts.set(value, (counts.get(value) ?? 0) + sum);
      });
    const found = Array.from(counts, ([value, count]) => ({ value, count }));
    return { field, values: mostFrequent(found, valuesMax), distinctCount: found.length };
  }
}

/** All other events of a group. */
function othersThan(events: Uint16Array): Uint16Array {
  const others = new Uint16Array(GROUP_EVENTS - events.length);
  for (let event = 0, i = 0, at = 0; event < GROUP_EVENTS; event++) {
    if (events[i] === event) i++;
    else others[at++] = event;
  }
  return others;
}

/** @param isRest whether all but these events are to be added: what all of a group have is counted once */
function addCounts(sums: Map<ValueIds, Float64Array>, column: Column, events: Uint16Array, isRest: boolean): void {
  const { codes, ids, values } = column;
  const counts = new Uint32Array(ids.length);
  for (let i = 0; i < events.length; i++) counts[codes[events[i]!]!]!++;
  let into = sums.get(values) ?? new Float64Array(0);
  if (into.length < values.size) {
    const more = new Float64Array(values.size);
    more.set(into);
    into = more;
    sums.set(values, into);
  }
  const all = isRest ? totalsOf(column) : undefined;
  for (let code = 0; code < counts.length; code++)
    into[ids[code]!]! += all ? all[code]! - counts[code]! : counts[code]!;
}

const TOTALS = new WeakMap<Column, Uint32Array>();

/** Of how many events of its group each code is. */
function totalsOf(column: Column): Uint32Array {
  const known = TOTALS.get(column);
  if (known) return known;
  const totals = new Uint32Array(column.ids.length);
  for (let event = 0; event < column.codes.length; event++) totals[column.codes[event]!]!++;
  TOTALS.set(column, totals);
  return totals;
}

type Counted = LakeFacet['values'][number];

/** Ties in order of the value, as UTF-8 has it. */
function mostFrequent(values: readonly Counted[], max: number): readonly Counted[] {
  // Of very many, most come seldom: what is no more frequent than the last one wanted need not be put in order.
  const counts = Float64Array.from(values, ({ count }) => count).sort();
  const least = counts[Math.max(0, counts.length - max)] ?? 0;
  return values
    .filter(({ count }) => count >= least)
    .sort((a, b) => b.count - a.count || inOrder(a.value, b.value))
    .slice(0, max);
}

/** UTF-16 has the same order, but for what is written in two halves there. */
function inOrder(a: string, b: string): number {
  if (IN_HALVES.test(a) || IN_HALVES.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
}

const IN_HALVES = /[\ud800-\udfff]/;

const ERROR_CODE = codedField('errorCode');

/** How many events, and how many errors, fall into which stretch of time. */
export class BucketCounts implements Tally {
  readonly #intervalMs: number;
  readonly #buckets = new Map<number, { count: number; errorCount: number }>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  add(columns: GroupColumns, events: Uint16Array): boolean {
    const [times, errors] = [columns.times(), columns.column(ERROR_CODE)];
    if (!times || !errors) return false;
    const interval = this.#intervalMs;
    const { base, unit, deltas } = times;
    const { codes, ids } = errors;
    let [startMs, endMs] = [0, 0];
    let bucket = { count: 0, errorCount: 0 };
    for (const event of events) {
      const time = base + unit * deltas[event]!;
      // Mostly the same as that of the event before.
      if (time < startMs || time >= endMs) {
        startMs = Math.floor(time / interval) * interval;
        endMs = startMs + interval;
        bucket = this.#at(startMs);
      }
      bucket.count++;
      if (ids[codes[event]!] !== 0) bucket.errorCount++;
    }
    return true;
  }

  /** Adds what was counted otherwise. */
  addBucket({ startMs, count, errorCount }: LakeBucket): void {
    const bucket = this.#at(startMs);
    bucket.count += count;
    bucket.errorCount += errorCount;
  }

  #at(startMs: number) {
    const bucket = this.#buckets.get(startMs) ?? { count: 0, errorCount: 0 };
    this.#buckets.set(startMs, bucket);
    return bucket;
  }

  /** Oldest first. */
  get buckets(): readonly LakeBucket[] {
    return Array.from(this.#buckets, ([startMs, bucket]) => ({ startMs, ...bucket })).sort(
      (a, b) => a.startMs - b.startMs,
    );
  }
}
