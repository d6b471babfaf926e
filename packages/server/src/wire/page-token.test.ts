import { expect, test } from 'vitest';
import { makePageToken, readPageToken } from './page-token.ts';

test('a token names its place, for its own query alone', () => {
  const token = makePageToken([5, 7], 'q');
  expect(readPageToken(token, 2, 'q')).toEqual([5, 7]);
  for (const [count, query] of [
    [2, 'p'],
    [1, 'q'],
    [3, 'q'],
  ] as const)
    expect(() => readPageToken(token, count, query)).toThrow('NextToken is not valid');
});

test('a token that is made up, with the right digest, names a place or nothing', () => {
  for (const odd of ['x', null, {}, [1], true, 1.5, 1e308]) {
    const forged = makePageToken([odd as number, odd as number], 'q');
    expect(() => readPageToken(forged, 2, 'q')).toThrow('NextToken is not valid');
  }
  for (const text of ['', 'x', 'W10', 'bnVsbA', 'e30', 'A'.repeat(1000)])
    expect(() => readPageToken(text, 2, 'q')).toThrow('NextToken is not valid');
});
