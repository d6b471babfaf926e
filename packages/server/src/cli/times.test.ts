import { expect, it } from 'vitest';
import { momentOf } from './times.ts';

const NOW = Date.UTC(2026, 0, 31, 12);

it.each([
  ['2026-01-31', Date.UTC(2026, 0, 31)],
  ['2026-01-31T11:59:59Z', NOW - 1000],
  ['30m', NOW - 1_800_000],
  ['7d', NOW - 7 * 86_400_000],
])('%s is a moment', (text, ms) => {
  expect(momentOf(text, NOW)).toBe(ms);
});

it.each(['', 'yesterday', '7', '7y', '-7d'])('%j is none', (text) => {
  expect(() => momentOf(text, NOW)).toThrow(/is no time. Write/);
});
