import { afterAll, expect, test } from 'vitest';
import { summaryOf } from './summary.ts';

const browserFetch = globalThis.fetch;
afterAll(() => {
  globalThis.fetch = browserFetch;
});

const signal = new AbortController().signal;
const RANGE = { startMs: Date.UTC(2026, 0, 1), endMs: Date.UTC(2026, 0, 1, 2) };
const Histogram = {
  IntervalSeconds: 3600,
  Buckets: [
    { StartTime: '2026-01-01T00:00:00Z', Count: 60, ErrorCount: 4 },
    { StartTime: '2026-01-01T01:00:00Z', Count: 40, ErrorCount: 5 },
  ],
};
const facet = (Field: string, values: Record<string, number>, DistinctCount = Object.keys(values).length) => ({
  Field,
  DistinctCount,
  Values: Object.entries(values).map(([Value, Count]) => ({ Value, Count })),
});
const CODES = { AccessDenied: 3, 'Client.UnauthorizedOperation': 2, NoSuchBucket: 4 };

function answering(codes: ReturnType<typeof facet>) {
  const asked: { Filter?: string; Count?: boolean }[] = [];
  globalThis.fetch = async (_, init) => {
    const input = JSON.parse(String(init?.body));
    asked.push(input);
    const Facets = [codes, facet('readOnly', { true: 70, false: 28 })];
    return Response.json(input.Filter ? { Count: 77 } : { Count: 100, Histogram, Facets, EventsBehind: 3 });
  };
  return asked;
}

test('all numbers from one call', async () => {
  const asked = answering(facet('errorCode', CODES));
  const { numbers, histogram, behind } = await summaryOf(RANGE, signal);
  expect(numbers).toEqual({ events: 100, writes: 28, failed: 9, denied: 5 });
  expect(behind).toBe(3);
  expect(histogram.counts).toEqual([60, 40, 0]);
  expect(asked).toHaveLength(1);
});

test('denials are counted by themselves where there are more error codes than were counted', async () => {
  const asked = answering(facet('errorCode', CODES, 500));
  const { numbers } = await summaryOf(RANGE, signal);
  expect(numbers.denied).toBe(77);
  expect(asked).toHaveLength(2);
});
