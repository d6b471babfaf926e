import { expect, test } from 'vitest';
import { scopeOf, searchOf } from './request.ts';
import { DEFAULT_STATE } from './state.ts';

const nowMs = Date.parse('2026-04-01T00:00:00Z');

test('a relative range begins then and ends openly', () => {
  expect(searchOf(DEFAULT_STATE, nowMs)).toEqual({ StartTime: '2026-01-01T00:00:00.000Z', Order: 'newest' });
  expect(searchOf({ ...DEFAULT_STATE, range: { type: 'all' }, order: 'oldest' }, nowMs)).toEqual({ Order: 'oldest' });
});

test('one account is a parameter, several and Regions are conditions, beside the whole filter', () => {
  expect(scopeOf({ filter: '', accounts: ['123456789012'], regions: [] })).toEqual({ AccountId: '123456789012' });
  expect(
    scopeOf({
      filter: 'eventName = A or eventName = B',
      accounts: ['123456789012', '210987654321'],
      regions: ['us-east-1'],
    }),
  ).toEqual({
    Filter: 'accountId in (123456789012, 210987654321) and awsRegion = us-east-1 and (eventName = A or eventName = B)',
  });
});

test('a filter that cannot be read is no request', () => {
  expect(() => searchOf({ ...DEFAULT_STATE, filter: 'eventName = (' }, nowMs)).toThrow(/position/);
});
