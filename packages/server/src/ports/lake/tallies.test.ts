import { describe, expect, test } from 'vitest';
import type { Column, GroupColumns } from './coded-columns.ts';
import { codedField } from './coded-fields.ts';
import { LIST_MARK } from './columns.ts';
import { BucketCounts, EventCount, FacetCounts } from './tallies.ts';
import { ValueIds } from './value-ids.ts';
import { GROUP_EVENTS, NONE } from './word-bits.ts';

const [NAME, TYPE, ERROR] = ['eventName', 'resourceType', 'errorCode'].map(codedField) as [number, number, number];

/** A column of events with these texts. */
function columnOf(texts: readonly string[], values: ValueIds): Column {
  const used = [...new Set(texts)];
  return {
    codes: Uint8Array.from(texts, (text) => used.indexOf(text)),
    ids: Uint32Array.from(used, (text) => values.idOf(text)),
    values,
  };
}

/** Of a group of some events: their columns, by field. */
const groupOf = (columns: Readonly<Record<number, Column>>, times?: readonly number[]): GroupColumns => ({
  known: NONE,
  times: () => times && { base: 10, unit: 1000, deltas: Uint32Array.from(times) },
  column: (field) => columns[field],
});
const ALL = Uint16Array.of(0, 1, 2, 3);

test('events are counted', () => {
  const events = new EventCount();
  for (const some of [ALL, ALL.subarray(1, 2)]) expect(events.add(groupOf({}), some)).toBe(true);
  expect(events.count).toBe(5);
});

describe('values of fields', () => {
  const names = new ValueIds(false);

  test('are counted of few of many events, and of most of them', () => {
    const texts = Array.from({ length: GROUP_EVENTS }, (_, i) => `name ${i % 5}`);
    const columns = groupOf({ [NAME]: columnOf(texts, names) });
    for (const isAsked of [() => true, (i: number) => i % 7 > 0, (i: number) => i > 100, (i: number) => i % 7 === 0]) {
      const events = Uint16Array.from(texts.keys()).filter(isAsked);
      const facets = new FacetCounts([NAME]);
      for (let times = 0; times < 2; times++) facets.add(columns, events);
      const count = (value: string) => 2 * events.filter((event) => texts[event] === value).length;
      for (const { value, count: counted } of facets.facet(0, 'eventName', 9).values)
        expect(counted, value).toBe(count(value));
      expect(facets.facet(0, 'eventName', 9).distinctCount).toBe(5);
    }
  });

  const types = new ValueIds(true);
  const list = (...values: string[]) => LIST_MARK + values.join(LIST_MARK) + LIST_MARK;

  test('are counted, of some events and of all groups, those of a list once an event', () => {
    const facets = new FacetCounts([NAME, TYPE]);
    const listed = columnOf([list('t', 'u'), '', list('t'), list('u', 'u', 'u')], types);
    expect(facets.add(groupOf({ [NAME]: columnOf(['a', 'b', 'a', ''], names), [TYPE]: listed }), ALL)).toBe(true);
    const others = { [NAME]: columnOf(['c', 'b', 'b', 'c'], names), [TYPE]: columnOf(['', '', list('t'), ''], types) };
    expect(facets.add(groupOf(others), Uint16Array.of(1, 2))).toBe(true);
    expect(facets.facet(0, 'eventName', 9)).toEqual({
      ...{ field: 'eventName', distinctCount: 2 },
      values: [
        { value: 'b', count: 3 },
        { value: 'a', count: 2 },
      ],
    });
    expect(facets.facet(1, 'resourceType', 9).values).toEqual([
      { value: 't', count: 3 },
      { value: 'u', count: 2 },
    ]);
  });

  test('are the same whoever gave them numbers, and wherever else they were counted', () => {
    const facets = new FacetCounts([NAME]);
    const anew = new ValueIds(false);
    for (const values of [names, anew, anew])
      facets.add(groupOf({ [NAME]: columnOf(['z', 'a', 'z', ''], values) }), ALL);
    facets.addValue(0, 'a', 100);
    facets.addValue(0, 'new', 1);
    facets.addValue(0, 'new', 1);
    const counts = facets.facet(0, 'eventName', 9).values.map(({ value, count }) => [value, count]);
    expect(counts).toEqual([
      ['a', 103],
      ['z', 6],
      ['new', 2],
    ]);
  });

  test('stand by how many there are, and then as UTF-8 has them, the first of them told', () => {
    const texts = ['\u{1f986}', '\uffee', 'b', 'a', 'often', 'often', 'é'];
    const facets = new FacetCounts([NAME]);
    facets.add(groupOf({ [NAME]: columnOf(texts, names) }), Uint16Array.from(texts.keys()));
    const told = (max: number) => facets.facet(0, 'eventName', max).values.map(({ value }) => value);
    const inOrder = ['often', 'a', 'b', 'é', '\uffee', '\u{1f986}'];
    for (const max of [1, 3, 5, 6, 100]) expect(told(max)).toEqual(inOrder.slice(0, max));
    expect(facets.facet(0, 'eventName', 2).distinctCount).toBe(6);
    expect(new FacetCounts([NAME]).facet(0, 'eventName', 2)).toEqual({
      field: 'eventName',
      values: [],
      distinctCount: 0,
    });
  });

  test('are not counted in part when some column is not known', () => {
    const facets = new FacetCounts([NAME, TYPE]);
    expect(facets.add(groupOf({ [NAME]: columnOf(['a', 'a', 'a', 'a'], names) }), ALL)).toBe(false);
    expect(facets.facet(0, 'eventName', 9).values).toEqual([]);
  });
});

test('stretches of time have their events, and errors, oldest first', () => {
  const buckets = new BucketCounts(5_000);
  const errors = columnOf(['', 'Denied', 'Denied', ''], new ValueIds(false));
  // 10 ms more than so many seconds.
  expect(buckets.add(groupOf({ [ERROR]: errors }, [9, 4, 5, 4]), ALL)).toBe(true);
  expect(buckets.add(groupOf({ [ERROR]: errors }, [0, 0, 100, 0]), Uint16Array.of(2))).toBe(true);
  buckets.addBucket({ startMs: 5_000, count: 10, errorCount: 3 });
  buckets.addBucket({ startMs: -5_000, count: 1, errorCount: 0 });
  expect(buckets.buckets).toEqual([
    { startMs: -5_000, count: 1, errorCount: 0 },
    { startMs: 0, count: 2, errorCount: 1 },
    { startMs: 5_000, count: 12, errorCount: 4 },
    { startMs: 100_000, count: 1, errorCount: 1 },
  ]);
  const before = buckets.buckets;
  for (const unknown of [groupOf({ [ERROR]: errors }), groupOf({}, [1, 2, 3, 4])])
    expect(buckets.add(unknown, ALL)).toBe(false);
  expect(buckets.buckets).toEqual(before);
});
