import { beforeEach, expect, test } from 'vitest';
import { codedField } from './coded-fields.ts';
import type { StoredGroup } from './gram-file.ts';
import { HeldColumns } from './held-columns.ts';
import type { ValueIds } from './value-ids.ts';
import { GROUP_EVENTS } from './word-bits.ts';

/** What was read of files: each block takes 4 bytes an event. */
let reads: string[];
beforeEach(() => {
  reads = [];
});
const BLOCK_BYTES = 4 * GROUP_EVENTS;

const groupOf = (number: number, isThere = true): StoredGroup =>
  ({
    times() {
      reads.push(`times of ${number}`);
      return isThere ? { base: number, unit: 1, deltas: new Uint32Array(GROUP_EVENTS) } : undefined;
    },
    column(field: number, values: ValueIds) {
      reads.push(`${field} of ${number}`);
      const ids = new Uint32Array(GROUP_EVENTS / 2).fill(values.idOf(`value of ${number}`));
      return isThere ? { codes: new Uint16Array(GROUP_EVENTS), ids, values } : undefined;
    },
  }) as unknown as StoredGroup;

test('columns are read once, as long as there is room: those of the newest groups', () => {
  const held = new HeldColumns(4 * BLOCK_BYTES);
  const ask = (number: number) => {
    reads = [];
    const columns = held.of(number, groupOf(number));
    expect(columns.times()!.base).toBe(number);
    const { codes, ids, values } = columns.column(3)!;
    expect(values.valuesOf(ids[codes[7]!]!)).toEqual([`value of ${number}`]);
    return reads;
  };
  const both = (number: number) => [`times of ${number}`, `3 of ${number}`];
  expect([ask(5), ask(6), ask(5), ask(6)]).toEqual([both(5), both(6), [], []]);
  expect(ask(7)).toEqual(both(7));
  expect([ask(6), ask(7)]).toEqual([[], []]);
  expect(ask(5)).toEqual(both(5)); // it went, and does so again
  expect([ask(6), ask(7)]).toEqual([[], []]);
  held.drop(7);
  expect([ask(7), ask(6), ask(7)]).toEqual([both(7), [], []]);
});

test('what most questions look at is read before they are asked, once, as long as there is room', () => {
  const held = new HeldColumns(30 * BLOCK_BYTES);
  reads = [];
  expect(held.warm(9, groupOf(9))).toBe(true);
  expect(reads).toEqual(expect.arrayContaining(['times of 9', `${codedField('userName')} of 9`]));
  const before = reads.length;
  expect(held.warm(9, groupOf(9))).toBe(false);
  expect([8, 7, 6].map((number) => held.warm(number, groupOf(number)))).toEqual([true, true, false]);
  expect(reads).toHaveLength(3 * before);
  held.of(9, groupOf(9)).times();
  expect(reads).toHaveLength(3 * before);
});

test('what cannot be read is asked for again', () => {
  const held = new HeldColumns();
  for (const isThere of [false, false, true])
    expect(held.of(1, groupOf(1, isThere)).times() !== undefined).toBe(isThere);
  expect(reads).toHaveLength(3);
});

test('values have the same numbers in all groups, until they are too many', () => {
  const held = new HeldColumns();
  const field = codedField('userName');
  const before = held.valuesOf(field);
  const column = (number: number) => held.of(number, groupOf(number)).column(field)!;
  expect(column(1).values).toBe(before);
  for (let i = 0; i < 1_000_000; i++) before.idOf(String(i));
  expect(column(1).values).toBe(before);
  const { ids, values } = column(2);
  expect([values === before, values.size, values === held.valuesOf(field)]).toEqual([false, 2, true]);
  expect(values.valuesOf(ids[0]!)).toEqual(['value of 2']);
  expect(column(1).values).toBe(values);
});
