import { afterAll, expect, test } from 'vitest';
import { newValues } from './new-values.ts';

interface Asked {
  readonly EndTime?: string;
  readonly Filter?: string;
  readonly Facets: readonly string[];
  readonly FacetLimit: number;
}

const browserFetch = globalThis.fetch;
afterAll(() => {
  globalThis.fetch = browserFetch;
});

type Values = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** SearchEvents over values of now and of the time before. */
function answering(now: Values, before: Values, countedMax = 1000): Asked[] {
  const asked: Asked[] = [];
  globalThis.fetch = async (_, init) => {
    const input = JSON.parse(String(init?.body)) as Asked;
    asked.push(input);
    const facets = input.Facets.map((Field) => {
      const all = Object.entries((input.EndTime === undefined ? now : before)[Field] ?? {});
      const wanted = [...(input.Filter ?? '').matchAll(/(\w+) = "([^"]*)"/g)].map((m) => m[2]);
      const matching = wanted.length > 0 ? all.filter(([value]) => wanted.includes(value)) : all;
      const counted = matching.sort((a, b) => b[1] - a[1]).slice(0, countedMax);
      return { Field, DistinctCount: matching.length, Values: counted.map(([Value, Count]) => ({ Value, Count })) };
    });
    return new Response(JSON.stringify({ Events: [], Facets: facets }));
  };
  return asked;
}

const signal = new AbortController().signal;
const START_MS = Date.UTC(2026, 0, 31);

test('what was not there before is new', async () => {
  answering(
    { userArn: { a: 5, b: 1 }, issuerArn: {}, eventSource: { 's3.amazonaws.com': 9 }, awsRegion: { 'us-east-1': 6 } },
    { userArn: { a: 7 }, eventSource: { 's3.amazonaws.com': 1 }, awsRegion: { 'eu-west-1': 6 } },
  );
  expect(await newValues(START_MS, signal)).toEqual({
    kinds: {
      users: [{ value: 'b', count: 1 }],
      roles: [],
      services: [],
      regions: [{ value: 'us-east-1', count: 6 }],
    },
    isFirst: false,
  });
});

test('a rare value of the time before is not told as new', async () => {
  const asked = answering({ userArn: { rare: 5, fresh: 1 } }, { userArn: { often: 100, rare: 1 } }, 1);
  const { kinds } = await newValues(START_MS, signal);
  expect(kinds.users).toEqual([]); // `rare` is all that was counted of now, and it was there before
  expect(asked.at(-1)).toMatchObject({ Filter: 'userArn = "rare"', EndTime: '2026-01-31T00:00:00.000Z' });
});

test('without a time before nothing is told', async () => {
  answering({ userArn: { a: 1 } }, {});
  expect((await newValues(START_MS, signal)).isFirst).toBe(true);
});
