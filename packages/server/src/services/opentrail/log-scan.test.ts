import { beforeEach, describe, expect, test } from 'vitest';
import { FakeClock, systemClock } from '../../base/clock.ts';
import { MemoryLog } from '../../ports/log/memory.ts';
import { sampleEvent } from '../../ports/log/sample.ts';
import { placeOfTime, scanFairly } from './log-scan.ts';

const clock = new FakeClock();
let log: MemoryLog;
beforeEach(() => {
  log = new MemoryLog(clock);
});

const fill = (count: number) => log.append(Array.from({ length: count }, (_, i) => sampleEvent(i)));
const signal = new AbortController().signal;
/** Does not wait, and its time goes on by as much with each look at it. */
const hurried = (stepMs: number) => {
  let nowMs = 0;
  return {
    ...systemClock,
    monotonicMs: () => (nowMs += stepMs),
    after(_delayMs: number, fn: () => void) {
      setImmediate(fn);
      return () => {};
    },
  };
};

describe('scanFairly', () => {
  test.each([0, 1, 499, 500, 501, 1_000, 12_345])('reads each of %i events once', async (count) => {
    await fill(count);
    const seen = new Set<number>();
    const share = await scanFairly({ log, clock: hurried(0) }, { from: 0, to: count, signal }, (event) => {
      expect(seen.has(event.sequence)).toBe(false);
      seen.add(event.sequence);
    });
    expect([share, seen.size]).toEqual([1, count]);
  });

  test('keeps to its stretch', async () => {
    await fill(5_000);
    const seen: number[] = [];
    expect(
      await scanFairly({ log, clock: hurried(0) }, { from: 777, to: 2_222, signal }, (e) => void seen.push(e.sequence)),
    ).toBe(1);
    seen.sort((a, b) => a - b);
    expect([seen.length, seen[0], seen.at(-1)]).toEqual([1_445, 777, 2_221]);
  });

  test('ends in time, with a sample from all over the stretch', async () => {
    await fill(50_000);
    const tenths = new Array<number>(10).fill(0);
    const share = await scanFairly({ log, clock: hurried(60) }, { from: 0, to: 50_000, signal }, (event) => {
      tenths[Math.floor(event.sequence / 5_000)]!++;
    });
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.5);
    expect(Math.max(...tenths) - Math.min(...tenths)).toBeLessThanOrEqual(500);
  });

  test('ends when nobody waits any more', async () => {
    await fill(5_000);
    const gone = AbortSignal.abort();
    expect(await scanFairly({ log, clock: hurried(0) }, { from: 0, to: 5_000, signal: gone }, () => {})).toBe(0);
  });
});

test('placeOfTime finds the first event of a time or later', async () => {
  const places: [number, number][] = [];
  for (let i = 0; i < 20; i++) {
    clock.advance(1_000);
    places.push([clock.now(), await log.append([sampleEvent(i), sampleEvent(100 + i)])]);
  }
  for (const [ms, sequence] of places) {
    expect(await placeOfTime(log, ms)).toBe(sequence);
    expect(await placeOfTime(log, ms + 1)).toBe(sequence + 2);
  }
  expect(await placeOfTime(log, 0)).toBe(0);
});
