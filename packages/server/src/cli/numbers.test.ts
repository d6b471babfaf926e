import { expect, test } from 'vitest';
import { countOf } from './numbers.ts';

test('a count is a whole number, and what is none is named with its flag', () => {
  expect(countOf('10', '--lines', 0)).toBe(10);
  expect(countOf('0', '--lines', 0)).toBe(0);
  for (const text of ['x', '', '-1', '1.5', '1e3', ' 2', '99999999999999999999']) {
    expect(() => countOf(text, '--lines', 0)).toThrow(
      `--lines takes a whole number from 0 on, not ${JSON.stringify(text)}.`,
    );
  }
  expect(() => countOf('0', '--concurrency', 1)).toThrow('--concurrency takes a whole number from 1 on, not "0".');
});
