import { expect, test } from 'vitest';
import { stepOfCode, totpCode, totpStep } from './totp.ts';

const SEED = Buffer.from('12345678901234567890');

/** RFC 6238, appendix B, the last six of its eight digits. */
test.each([
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
])('the code at %i s', (seconds, code) => {
  expect(totpCode(SEED, totpStep(seconds * 1000))).toBe(code);
  expect(stepOfCode(SEED, code, seconds * 1000)).toBe(totpStep(seconds * 1000));
});

test('a code holds a step before and after its own, no longer, and in its own form only', () => {
  const step = totpStep(1_234_567_890_000);
  const at = (offset: number) => stepOfCode(SEED, totpCode(SEED, step), (step + offset) * 30_000);
  expect([at(-2), at(-1), at(0), at(1), at(2)]).toEqual([undefined, step, step, step, undefined]);
  for (const code of ['', '5924', '0005924', '00592４', 'abcdef']) {
    expect(stepOfCode(SEED, code, 1_234_567_890_000)).toBeUndefined();
  }
});
