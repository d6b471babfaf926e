import { expect, test } from 'vitest';
import { makeToken, readToken } from './lookup-token.ts';

test('a token that is made up, with the right digest, names a place or nothing', () => {
  expect(readToken(makeToken({ timeMs: 5, sequence: 7 }, 'q'), 'q')).toEqual({ timeMs: 5, sequence: 7 });
  for (const odd of ['x', null, {}, [1], true, 1.5, 1e308]) {
    const forged = makeToken({ timeMs: odd as number, sequence: odd as number }, 'q');
    expect(() => readToken(forged, 'q')).toThrow('NextToken is not valid');
  }
});
