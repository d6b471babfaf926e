import { expect, test } from 'vitest';
import { FakeClock, withoutLeaps } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { startRetention } from './retention.ts';

const DAY_MS = 86_400_000;

function start(clock: FakeClock) {
  const limits: { acceptedBeforeMs: number; floor: number }[] = [];
  const retain = async (limit: { acceptedBeforeMs: number; floor: number }) => {
    limits.push(limit);
    return 0;
  };
  const rotations: number[] = [];
  const rotate = async (acceptedBeforeMs: number) => void rotations.push(acceptedBeforeMs);
  const stop = startRetention({
    rotate,
    retain,
    floor: () => 7,
    retentionDays: 90,
    clock: withoutLeaps(clock),
    logger: silentLogger,
  });
  return { limits, rotations, stop };
}

test('asks each minute for what is old, and never past the floor', async () => {
  const clock = new FakeClock();
  const { limits, rotations, stop } = start(clock);
  await clock.advance(120_000);
  expect(rotations).toEqual([clock.now() - 60_000 - DAY_MS, clock.now() - DAY_MS]);
  expect(limits).toEqual([
    { acceptedBeforeMs: clock.now() - 60_000 - 90 * DAY_MS, floor: 7 },
    { acceptedBeforeMs: clock.now() - 90 * DAY_MS, floor: 7 },
  ]);
  await stop();
  await clock.advance(120_000);
  expect(limits).toHaveLength(2);
});

test('a clock that jumps a year ahead deletes nothing', async () => {
  const clock = new FakeClock();
  const before = clock.now();
  const { limits } = start(clock);
  clock.jump(365 * DAY_MS);
  await clock.advance(60_000);
  expect(limits).toEqual([{ acceptedBeforeMs: before + 60_000 - 90 * DAY_MS, floor: 7 }]);
});
