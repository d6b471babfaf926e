import { expect, test } from 'vitest';
import { parseSearchFilter } from '../../event/search/index.ts';
import type { GroupColumns } from './coded-columns.ts';
import { codedField } from './coded-fields.ts';
import { needOf } from './needs.ts';
import { ValueIds } from './value-ids.ts';
import { ALL, GROUP_EVENTS, has, where } from './word-bits.ts';
import { boundsOf, type Known } from './word-bounds.ts';

const values = new ValueIds(false);
/** Of eight events and then the same again: the time is that many ms, and the last one is not known. */
const columns: GroupColumns = {
  known: where((event) => event % 8 < 7),
  times: () => ({
    base: Date.UTC(2026, 0),
    unit: 1,
    deltas: new Uint32Array(GROUP_EVENTS).map((_, event) => event % 8),
  }),
  column: (field) =>
    field === codedField('eventName')
      ? {
          codes: new Uint8Array(GROUP_EVENTS).map((_, event) => event % 3),
          ids: Uint32Array.of(0, ...['Get', 'Put'].map((text) => values.idOf(text))),
          values,
        }
      : undefined,
};

test.each([
  ['eventName = Get', '.y..y..?..'],
  ['eventName != Get', 'y.yy.yy?yy'],
  ['eventName exists', '.yy.yy.?y.'],
  ['not eventName exists', 'y..y..y?.y'],
  ['eventName : ET or eventName in (Put, x)', '.yy.yy.?y.'],
  ['eventTime >= 2026-01-01T00:00:00.005Z', '.....yy?..'],
  ['not eventTime >= 2026-01-01T00:00:00.005Z', 'yyyyy..?yy'],
  ['eventName = Get and eventTime < 2026-01-01T00:00:00.004Z', '.y.....?..'],
  ['userName = x', '??????????'],
  ['not userName = x', '??????????'],
  ['userName = x or eventName = Get', '?y??y?????'],
  ['userName = x and eventName = Get', '.?..?..?..'],
] as readonly (readonly [string, string])[])('%s is exact of what columns know', (filter, expected) => {
  const { sure, may } = boundsOf(needOf(parseSearchFilter(filter)!), { columns } as Known);
  const said = Array.from({ length: 10 }, (_, event) => (has(sure, event) ? 'y' : has(may, event) ? '?' : '.'));
  expect(said.join('')).toBe(expected);
});

test('nothing is known of damaged columns', () => {
  const damaged: GroupColumns = { known: ALL, times: () => undefined, column: () => undefined };
  for (const filter of ['eventName = Get', 'eventTime > 2026-01-01']) {
    const { sure, may } = boundsOf(needOf(parseSearchFilter(filter)!), { columns: damaged } as Known);
    expect([has(sure, 5), has(may, 5)]).toEqual([false, true]);
  }
});
