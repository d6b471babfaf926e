import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flag, integer, list, oneOf, readState, text, writeState } from './url-state.ts';

const PARAMS = {
  q: text(),
  size: integer(50),
  live: flag(),
  order: oneOf(['newest', 'oldest'], 'newest'),
  columns: list(['a', 'b']),
} as const;

test('what an address does not say has its default', () => {
  expect(readState(PARAMS, '')).toEqual({ q: '', size: 50, live: false, order: 'newest', columns: ['a', 'b'] });
});

test('what cannot be read has its default, too', () => {
  expect(readState(PARAMS, '?size=1e9&live=maybe&order=none').size).toBe(50);
  expect(readState(PARAMS, '?size=1e9&live=maybe&order=none')).toMatchObject({ live: false, order: 'newest' });
});

test('defaults are left out, other names stay', () => {
  expect(writeState(PARAMS, '?other=1&q=x', { q: '', size: 100 })).toBe('?other=1&size=100');
  expect(writeState(PARAMS, '?q=x', { q: '' })).toBe('');
  expect(writeState(PARAMS, '?q=x', { q: undefined })).toBe('');
  expect(writeState(PARAMS, '', { columns: [] })).toBe('?columns=');
  expect(readState(PARAMS, '?columns=').columns).toEqual([]);
});

test('every state is read as it was written', () => {
  const state = fc.record({
    q: fc.string({ unit: 'grapheme' }),
    size: fc.integer(),
    live: fc.boolean(),
    order: fc.constantFrom('newest' as const, 'oldest' as const),
    columns: fc.array(fc.stringMatching(/^[^,]+$/)),
  });
  fc.assert(
    fc.property(state, (one) => {
      expect(readState(PARAMS, writeState(PARAMS, '', one))).toEqual(one);
    }),
  );
});
