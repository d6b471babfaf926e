import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { createLockout, OF_A_USER } from './lockout.ts';

const rule = { free: 3, firstMs: 1_000, longestMs: 8_000 };
const MINUTE = 60_000;

test('after the free failures each further one waits twice as long, up to the longest', async () => {
  const clock = new FakeClock();
  const lockout = createLockout(rule, clock);
  for (let i = 0; i < 3; i++) expect(lockout.begin('bob')).toBeTypeOf('object');
  for (const waitMs of [1_000, 2_000, 4_000, 8_000, 8_000]) {
    expect(lockout.begin('bob')).toBeTypeOf('object');
    expect(lockout.begin('bob')).toBe(waitMs);
    await clock.advance(waitMs - 1);
    expect(lockout.begin('bob')).toBe(1);
    await clock.advance(1);
  }
  expect(lockout.begin('alice')).toBeTypeOf('object');
});

test('attempts that come together count before any has failed', () => {
  const lockout = createLockout(rule, new FakeClock());
  const begun = Array.from({ length: 100 }, () => lockout.begin('bob'));
  expect(begun.filter((attempt) => typeof attempt === 'object')).toHaveLength(4);
});

test('success forgets, what is taken back does not count, time heals', async () => {
  const clock = new FakeClock();
  const lockout = createLockout(rule, clock);
  const begin = () => lockout.begin('bob') as Exclude<ReturnType<typeof lockout.begin>, number>;
  for (let i = 0; i < 100; i++) begin().takeBack();
  for (let i = 0; i < 3; i++) begin();
  begin().succeeded();
  for (let i = 0; i < 4; i++) begin();
  expect(lockout.begin('bob')).toBeTypeOf('number');
  await clock.advance(20 * MINUTE);
  for (let i = 0; i < 3; i++) expect(begin()).toBeTypeOf('object');
});

test('a clock that is set neither locks nor opens', () => {
  const clock = new FakeClock();
  const lockout = createLockout(rule, clock);
  for (let i = 0; i < 4; i++) lockout.begin('bob');
  clock.jump(24 * 60 * MINUTE);
  expect(lockout.begin('bob')).toBe(1_000);
  clock.jump(-48 * 60 * MINUTE);
  expect(lockout.begin('bob')).toBe(1_000);
});

test('a guesser gets some 300 guesses a day', async () => {
  const clock = new FakeClock();
  const lockout = createLockout(OF_A_USER, clock);
  let guesses = 0;
  const DAY = 24 * 60 * MINUTE;
  for (let ms = 0; ms < DAY; ) {
    const begun = lockout.begin('bob');
    if (typeof begun === 'number') {
      await clock.advance(begun);
      ms += begun;
    } else guesses++;
  }
  expect(guesses).toBeLessThan(310);
});

test('a million names take no more memory than twenty thousand', () => {
  const lockout = createLockout(rule, new FakeClock());
  for (let i = 0; i < 4; i++) lockout.begin('first');
  for (let i = 0; i < 100_000; i++) lockout.begin(`name ${i}`);
  expect(lockout.begin('first')).toBeTypeOf('object'); // forgotten: 20,000 failed since
  for (let i = 0; i < 4; i++) lockout.begin('name 99999');
  expect(lockout.begin('name 99999')).toBeTypeOf('number');
});
