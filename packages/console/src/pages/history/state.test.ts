import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_COLUMNS, DEFAULT_STATE, type HistoryState, readState, saysNothing, writeState } from './state.ts';

const accountId = fc.integer({ min: 0, max: 999_999_999_999 }).map((n) => String(n).padStart(12, '0'));
const region = fc.constantFrom('us-east-1', 'eu-west-1', 'ap-southeast-2');
const anyState: fc.Arbitrary<HistoryState> = fc
  .record({
    filter: fc.string(),
    range: fc.constantFrom(DEFAULT_STATE.range, { type: 'all' as const }),
    accounts: fc.uniqueArray(accountId, { maxLength: 5 }),
    regions: fc.uniqueArray(region, { maxLength: 3 }),
    columns: fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 12 }),
    order: fc.constantFrom('newest' as const, 'oldest' as const),
    live: fc.boolean(),
    selected: fc.option(
      fc.record({
        accountId,
        eventId: fc.string({ minLength: 1, maxLength: 100 }),
        at: fc.constant('2026-01-31T10:00:00.000Z'),
      }),
      {
        nil: undefined,
      },
    ),
  })
  .map(({ selected, ...rest }) => ({ ...rest, ...(selected && { selected }) }));

test('a link shows the same again', () => {
  fc.assert(
    fc.property(anyState, (state) => {
      expect(readState(new URLSearchParams(writeState(state).toString()))).toEqual(state);
    }),
  );
});

test('a link by somebody with the usual columns says so, and a bare address says nothing', () => {
  expect(writeState(DEFAULT_STATE).toString()).toBe('range=90d');
  expect(saysNothing(writeState(DEFAULT_STATE))).toBe(false);
  expect(saysNothing(new URLSearchParams(''))).toBe(true);
});

test('what cannot be read is as usual', () => {
  const params = new URLSearchParams('range=soon&account=x,123456789012,&region=<b>&order=up&event=1/2&live=true');
  expect(readState(params)).toEqual({ ...DEFAULT_STATE, accounts: ['123456789012'] });
  expect(readState(new URLSearchParams('column=')).columns).toEqual(DEFAULT_COLUMNS);
});
