import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { readAll } from './log.suite.ts';
import { sampleEvent } from './sample.ts';
import { writeSealed } from './sealed-writer.ts';
import { openLog } from './segment-log.ts';
import type { SegmentLog } from './types.ts';

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

async function withLog(work: (log: SegmentLog, clock: FakeClock) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'log-'));
  const clock = new FakeClock();
  const log = await openLog({ directory, clock, logger: silentLogger });
  try {
    await work(log, clock);
  } finally {
    await log.close();
    rmSync(directory, { recursive: true });
  }
}

/** As history's worker does. */
async function sealAll(log: SegmentLog): Promise<void> {
  for (const { first, path, bytes } of log.complete) {
    writeSealed(path, path.replace(/wal$/, 'seg'), bytes);
    await log.sealed(first);
  }
}

test('events keep their order and their own times when the clock is set back', () =>
  withLog(async (log, clock) => {
    await log.append([sampleEvent(0)]);
    const startMs = clock.now();
    clock.jump(-YEAR_MS);
    await log.append([sampleEvent(1)]);
    expect((await readAll(log)).map((e) => e.acceptedMs)).toEqual([startMs, startMs - YEAR_MS]);
  }));

test('what was accepted while the clock was a year ahead is deleted with what followed it', () =>
  withLog(async (log, clock) => {
    const sweep = async () => {
      await log.rotate(clock.now() - DAY_MS);
      await sealAll(log);
      return log.retain({ acceptedBeforeMs: clock.now() - 90 * DAY_MS, floor: log.end });
    };
    await log.append([sampleEvent(0)]);
    clock.jump(YEAR_MS);
    await log.append([sampleEvent(1)]);
    clock.jump(-YEAR_MS);
    expect(await sweep()).toBe(0);
    await log.append([sampleEvent(2)]);
    clock.jump(2 * DAY_MS);
    await log.append([sampleEvent(3)]);
    expect(await sweep()).toBe(0);
    await log.append([sampleEvent(4)]);
    clock.jump(89 * DAY_MS);
    expect(await sweep()).toBe(0); // event 3 is 89 days old
    clock.jump(2 * DAY_MS);
    expect(await sweep()).toBe(5);
  }));

test('a segment begun under a clock that was ahead is completed once it is set back', () =>
  withLog(async (log, clock) => {
    clock.jump(YEAR_MS);
    await log.append([sampleEvent(0)]);
    await log.rotate(clock.now() - DAY_MS);
    expect(log.complete).toHaveLength(0);
    clock.jump(-YEAR_MS);
    await log.rotate(clock.now() - DAY_MS);
    expect(log.complete).toHaveLength(1);
  }));
