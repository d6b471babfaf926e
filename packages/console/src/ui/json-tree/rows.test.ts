import fc from 'fast-check';
import { expect, test } from 'vitest';
import { idOf, printValue, rowsOf, type TreeView } from './rows.ts';

const view = (more: Partial<TreeView> = {}): TreeView => ({
  toggled: new Set(),
  openDepth: 10,
  search: '',
  rowsMax: 1000,
  ...more,
});
const shown = (value: unknown, more: Partial<TreeView> = {}) =>
  rowsOf(value, view(more)).rows.map(({ path }) => path.join('.'));
const VALUE = { a: { b: [1, { c: 'Needle' }], e: {} }, policy: '{"Statement":[{"Effect":"Allow"}]}', z: null };

test('all rows in order; text that holds JSON opens when it is asked to', () => {
  expect(shown(VALUE)).toEqual(['a', 'a.b', 'a.b.0', 'a.b.1', 'a.b.1.c', 'a.e', 'policy', 'z']);
  expect(shown(VALUE, { toggled: new Set([idOf(['a']), idOf(['policy'])]) })).toEqual([
    'a',
    'policy',
    'policy.Statement',
    'policy.Statement.0',
    'policy.Statement.0.Effect',
    'z',
  ]);
  expect(shown(VALUE, { openDepth: 0 })).toEqual(['a', 'policy', 'z']);
});

test('search shows what fits and what leads there, closed or not', () => {
  expect(shown(VALUE, { search: 'needle', openDepth: 0 })).toEqual(['a', 'a.b', 'a.b.1', 'a.b.1.c']);
  expect(shown(VALUE, { search: 'effect', openDepth: 0 })).toEqual([
    'policy',
    'policy.Statement',
    'policy.Statement.0',
    'policy.Statement.0.Effect',
  ]);
  expect(rowsOf(VALUE, view({ search: 'nothing of the sort' }))).toEqual({ rows: [], isCut: false, matchCount: 0 });
  expect(rowsOf(VALUE, view({ search: 'needle' })).matchCount).toBe(1);
});

test('percent-encoded policies open too', () => {
  const { rows } = rowsOf({ p: encodeURIComponent('{"a":1}') }, view());
  expect(rows[0]!.kind).toBe('text');
});

test('what is too much is cut, whatever the value', () => {
  const { rows, isCut } = rowsOf(
    Array.from({ length: 5000 }, (_, i) => i),
    view({ rowsMax: 10 }),
  );
  expect([rows.length, isCut]).toEqual([10, true]);
  let deep: unknown = 1;
  for (let i = 0; i < 2000; i++) deep = [deep];
  expect(rowsOf(deep, view({ openDepth: Number.POSITIVE_INFINITY })).rows.length).toBeLessThan(100);
});

test('any JSON: each leaf is a row, with its own value at its path', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const { rows } = rowsOf(value, view());
      expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
      for (const row of rows) expect(typeof printValue(row.value)).toBe('string');
    }),
  );
});
