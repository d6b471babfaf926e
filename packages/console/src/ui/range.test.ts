import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_RANGE, describeRange, type Range, readRange, resolveRange, writeRange } from './range.ts';

const anyRange: fc.Arbitrary<Range> = fc.oneof(
  fc.constant({ type: 'all' } as const),
  fc.record({
    type: fc.constant('relative' as const),
    amount: fc.integer({ min: 1, max: 99_999 }),
    unit: fc.constantFrom('second', 'minute', 'hour', 'day', 'week', 'month', 'year'),
  }),
  fc
    .tuple(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 0, max: 1e11 }))
    .map(([startMs, ms]) => ({ type: 'absolute' as const, startMs, endMs: startMs + ms })),
);

test('every range comes back from the URL as it went in', () => {
  fc.assert(
    fc.property(anyRange, (range) => {
      expect(readRange(new URLSearchParams(writeRange(range).map(([name, text]) => [name, text])))).toEqual(range);
    }),
  );
});

const read = (query: string) => readRange(new URLSearchParams(query));

test('what is no range is none', () => {
  for (const text of ['', '0d', '90', 'd', '-1d', '100000d', 'soon'])
    expect(read(`range=${text}`), text).toBeUndefined();
  for (const query of ['from=x', 'to=x', 'from=2026-01-02&to=2026-01-01', 'from=&to=', 'from=2026-01-01&to=x']) {
    expect(read(query), query).toBeUndefined();
  }
});

test('from and to come before a relative range, and one of them may lack', () => {
  const startMs = Date.UTC(2026, 0, 1);
  expect(read('from=2026-01-01&range=1d')).toMatchObject({ type: 'absolute', startMs });
  expect(resolveRange(read('from=2026-01-01')!, 0)).toEqual({ startMs });
  expect(resolveRange(read('to=2026-01-01')!, 0)).toEqual({ startMs: 0, endMs: startMs });
});

test('a relative range ends openly, a month before the 31st is the last of its month', () => {
  const nowMs = Date.parse('2026-03-31T12:00:00Z');
  expect(resolveRange(DEFAULT_RANGE, nowMs)).toEqual({ startMs: nowMs - 90 * 86_400_000 });
  expect(resolveRange({ type: 'relative', amount: 1, unit: 'month' }, nowMs).startMs).toBe(
    Date.parse('2026-02-28T12:00:00Z'),
  );
  expect(resolveRange({ type: 'relative', amount: 99_999, unit: 'year' }, nowMs).startMs).toBe(0);
  expect(resolveRange({ type: 'all' }, nowMs)).toEqual({});
});

test('ranges are spoken of in words', () => {
  expect(describeRange(DEFAULT_RANGE)).toBe('the last 90 days');
  expect(describeRange({ type: 'relative', amount: 1, unit: 'hour' })).toBe('the last hour');
});
