import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alwaysDiffers, compareRecords } from './diff.ts';

const shown = (before: unknown, after: unknown) =>
  compareRecords(before, after).differences.map(({ path, kind, before: one, after: other }) => [
    path.join('.'),
    kind,
    one,
    other,
  ]);

test('changed, added and removed, by path', () => {
  const before = { a: 1, b: { c: [1, 2], d: 'x' }, gone: { deep: 1 }, same: [{}] };
  const after = { a: '1', b: { c: [1, 3, 4], d: 'x' }, same: [{}], come: null };
  expect(shown(before, after)).toEqual([
    ['a', 'changed', 1, '1'],
    ['b.c.1', 'changed', 2, 3],
    ['b.c.2', 'added', undefined, 4],
    ['gone', 'removed', { deep: 1 }, undefined],
    ['come', 'added', undefined, null],
  ]);
});

test('what has no members in common differs as a whole', () => {
  expect(shown({ a: null, b: [1] }, { a: {}, b: { 0: 1 } })).toEqual([
    ['a', 'changed', null, {}],
    ['b', 'changed', [1], { 0: 1 }],
  ]);
});

test('ids and times are told apart from what matters', () => {
  const { differences } = compareRecords(
    { eventID: 'a', requestParameters: { eventID: 1 } },
    { eventID: 'b', requestParameters: { eventID: 2 } },
  );
  expect(differences.map(alwaysDiffers)).toEqual([true, false]);
});

test('equal values have no differences; differences taken over make the one into the other', () => {
  fc.assert(
    fc.property(fc.json(), fc.json(), (one, other) => {
      const [before, after] = [JSON.parse(one), JSON.parse(other)];
      expect(compareRecords(before, structuredClone(before)).differences).toEqual([]);
      expect(compareRecords(before, after).differences.length === 0).toBe(
        JSON.stringify(sorted(before)) === JSON.stringify(sorted(after)),
      );
    }),
  );
});

const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([k, v]) => [k, sorted(v)]),
        )
      : value;

test('hostile depth and breadth are cut', () => {
  const deep = (leaf: unknown) => {
    let value = leaf;
    for (let i = 0; i < 500; i++) value = { a: value };
    return value;
  };
  expect(compareRecords(deep(1), deep(2)).differences).toHaveLength(1);
  const wide = compareRecords({}, Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, i])));
  expect([wide.differences.length, wide.isCut]).toEqual([1000, true]);
});
