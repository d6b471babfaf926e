import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { KEPT_MS_MAX, Pace } from './pace.ts';

function make() {
  const clock = new FakeClock();
  const at = { utilization: 1 };
  const pace = new Pace({ clock, utilization: () => at.utilization });
  let end = 0;
  /** @returns how many events are kept from the lake after seconds in which so many came */
  const after = async (seconds: number, eventsPerSecond: number): Promise<number> => {
    let known = 0;
    for (let tenths = 0; tenths < 10 * seconds; tenths++) {
      await clock.advance(100);
      end += eventsPerSecond / 10;
      known = pace.endFor(end);
    }
    return end - known;
  };
  return { pace, at, after };
}

describe('the pace of the lake', () => {
  test('it is told at once of what comes, when that is little or the server has time', async () => {
    const { pace, at, after } = make();
    expect(await after(5, 5_000)).toBe(0);
    at.utilization = 0.3;
    expect(await after(5, 40_000)).toBe(0);
    expect(pace.isKeeping).toBe(false);
  });

  test('of a rush it is told when that is over', async () => {
    const { pace, after } = make();
    await after(2, 40_000);
    expect(await after(30, 40_000)).toBeGreaterThan(30 * 40_000 - 1);
    expect(pace.isKeeping).toBe(true);
    expect(await after(2, 1_000)).toBe(0);
  });

  test('and after some time at the latest, as often as it takes', async () => {
    const { after } = make();
    for (let seconds = 0; seconds < 400; seconds += 10) {
      expect(await after(10, 40_000)).toBeLessThanOrEqual((KEPT_MS_MAX / 1000) * 40_000);
    }
  });

  test('or when somebody searches, and for a while then', async () => {
    const { pace, after } = make();
    await after(20, 40_000);
    expect(pace.isWatched).toBe(false);
    pace.watched();
    expect(await after(9, 40_000)).toBe(0);
    expect(pace.isWatched).toBe(true);
    expect(await after(9, 40_000)).toBeGreaterThan(0);
    expect(pace.isWatched).toBe(false);
  });
});
