import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ANY_ONE, ANY_RUN, starTokens, type WildcardToken, wildcardTest } from './wildcard.ts';

const token = fc.constantFrom<WildcardToken>(ANY_RUN, ANY_ONE, 'a', 'b', 'ab');
const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });

const source = (tokens: readonly WildcardToken[]) =>
  tokens.map((t) => (t === ANY_RUN ? '.*' : t === ANY_ONE ? '.' : t)).join('');

test('a pattern fits what the same regular expression fits', () => {
  fc.assert(
    fc.property(fc.array(token, { maxLength: 8 }), text, (tokens, value) => {
      expect(wildcardTest(tokens)(value)).toBe(new RegExp(`^${source(tokens)}$`).test(value));
    }),
    { numRuns: 2000 },
  );
});

test('a star is a wildcard wherever it stands', () => {
  const fits = (pattern: string, value: string) => wildcardTest(starTokens(pattern))(value);
  expect(fits('*', '')).toBe(true);
  expect(fits('', 'a')).toBe(false);
  expect(fits('**a**', 'bab')).toBe(true);
  expect(fits('a*b*c', 'aXbYc')).toBe(true);
  expect(fits('ab*ba', 'aba')).toBe(false);
});

test('a hostile pattern costs no more than its text', () => {
  expect(wildcardTest(starTokens(`${'*a'.repeat(300)}b`))('a'.repeat(250_000))).toBe(false);
});
