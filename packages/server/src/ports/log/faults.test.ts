import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { Pushback } from '../../base/errors.ts';
import { silentLogger } from '../../base/logger.ts';
import { createMetrics } from '../../base/metrics.ts';
import { FaultyDisk, type FaultyOperation } from './faulty-disk.suite.ts';
import { readAll } from './log.suite.ts';
import { sampleEvent } from './sample.ts';
import { type LogOptions, openLog } from './segment-log.ts';
import type { SegmentLog } from './types.ts';

let directory: string;
let disk: FaultyDisk;
let clock: FakeClock;
let log: SegmentLog;
const open = async (options: Partial<LogOptions> = {}) =>
  openLog({ directory, clock, logger: silentLogger, fileSystem: disk, ...options });

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'log-'));
  disk = new FaultyDisk();
  clock = new FakeClock();
});
afterEach(async () => {
  disk.fault = () => undefined;
  await log.close();
  rmSync(directory, { recursive: true });
});

const batch = (from: number, count: number) => Array.from({ length: count }, (_, i) => sampleEvent(from + i));
const ids = async (from?: number) => (await readAll(log, from)).map((e) => Number(e.header.eventId.slice(-12)));
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** Lets probes run until one succeeds. */
async function untilWell(): Promise<void> {
  while (log.trouble !== undefined) {
    await clock.advance(10_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('group commit', () => {
  it('makes what comes at once durable at once, and what comes meanwhile next', async () => {
    log = await open();
    let release = () => {};
    disk.gate = new Promise((resolve) => (release = resolve));
    const before = disk.syncs;
    const early = Promise.all([log.append(batch(0, 2)), log.append(batch(2, 2))]);
    await new Promise((resolve) => setImmediate(resolve)); // the first group is on its way
    const late = numbers(0, 50).map((i) => log.append(batch(4 + i, 1)));
    expect(log.end).toBe(0);
    release();
    expect([...(await early), ...(await Promise.all(late))]).toEqual([0, 2, ...numbers(4, 54)]);
    expect(disk.syncs - before).toBe(2);
  });

  it('pushes back when too much waits, and goes on afterwards', async () => {
    log = await open({ queueEventsMax: 10, queueBytesMax: 5000 });
    let release = () => {};
    disk.gate = new Promise((resolve) => (release = resolve));
    const taken = [log.append(batch(0, 1))];
    await new Promise((resolve) => setImmediate(resolve));
    taken.push(log.append(batch(1, 100))); // alone, a batch may be larger
    await expect(log.append(batch(0, 1))).rejects.toThrow('100 events wait');
    release();
    await Promise.all(taken);
    disk.gate = new Promise((resolve) => (release = resolve));
    taken.push(log.append(batch(101, 1)));
    await new Promise((resolve) => setImmediate(resolve));
    taken.push(log.append([sampleEvent(102, 4000)]));
    await expect(log.append([sampleEvent(0, 900)])).rejects.toThrow(Pushback);
    release();
    await Promise.all(taken);
    expect(await ids()).toEqual(numbers(0, 103));
  });

  it('takes short writes', async () => {
    log = await open();
    disk.writeBytesMax = 37;
    await log.append(batch(0, 5));
    await log.close();
    log = await open();
    expect(await ids()).toEqual(numbers(0, 5));
  });

  it('tells its listeners before it answers, and counts', async () => {
    const metrics = createMetrics();
    log = await open({ metrics, segmentEventsMax: 4 });
    const told: unknown[] = [];
    log.onCommit(() => {
      throw new Error('a listener of no use');
    });
    const unlisten = log.onCommit((point) => told.push(point.end));
    log.onRotate((segment) => told.push([segment.first, segment.count]));
    for (const from of [0, 3, 6]) {
      await log.append(batch(from, 3));
      told.push('answered');
    }
    unlisten();
    await log.append(batch(9, 1));
    expect(told).toEqual([3, 'answered', [0, 3], 6, 'answered', [3, 3], 9, 'answered']);
    expect(log.complete.map(({ first, count }) => [first, count])).toEqual([
      [0, 3],
      [3, 3],
    ]);
    const text = await metrics.registry.metrics();
    expect(text).toContain('opentrail_events_appended_total{category="Management"} 10');
    expect(text).toContain('opentrail_append_seconds_count 4');
    expect(text).toContain('opentrail_log_end_sequence 10');
  });

  it('refuses an event that no frame can hold without harm to others', async () => {
    log = await open();
    const others = [log.append(batch(0, 1))];
    const huge = { ...sampleEvent(1), json: Buffer.alloc(5_000_000) };
    await expect(log.append([sampleEvent(1), huge])).rejects.toThrow('event of 5000');
    others.push(log.append(batch(1, 1)));
    expect(await Promise.all(others)).toEqual([0, 1]);
    expect(await ids()).toEqual([0, 1]);
  });
});

describe('rotate', () => {
  it('completes what is old, and only that', async () => {
    log = await open();
    await log.rotate(Number.POSITIVE_INFINITY);
    expect(log.complete).toEqual([]); // there was nothing
    await log.append(batch(0, 2));
    const acceptedMs = clock.now();
    await clock.advance(1_000);
    await log.append(batch(2, 1));
    await log.rotate(acceptedMs);
    expect(log.complete).toEqual([]);
    const told: number[] = [];
    log.onRotate(({ first, count }) => told.push(first, count));
    await log.rotate(acceptedMs + 1);
    expect(log.complete).toMatchObject([{ first: 0, count: 3 }]);
    expect(told).toEqual([0, 3]);
    await log.append(batch(3, 1));
    expect(await ids()).toEqual([0, 1, 2, 3]);
  });

  it('is left to the next append while one is under way', async () => {
    log = await open();
    await log.append(batch(0, 1));
    const append = log.append(batch(1, 1));
    await log.rotate(clock.now() + 1);
    await append;
    await log.append(batch(2, 1));
    expect(log.complete).toHaveLength(1);
    expect(await ids()).toEqual([0, 1, 2]);
  });

  it('is trouble when the disk refuses, since the new segment may have its name already', async () => {
    log = await open();
    await log.append(batch(0, 1));
    disk.fault = (operation) => (operation === 'syncDirectory' ? 'EIO' : undefined);
    await log.rotate(Number.POSITIVE_INFINITY);
    expect(log.trouble).toMatch('disk error');
    disk.fault = () => undefined;
    await untilWell();
    await log.append(batch(1, 1));
    await log.close();
    log = await open();
    expect(await ids()).toEqual([0, 1]);
  });
});

describe('trouble', () => {
  const cases: readonly (readonly [FaultyOperation, string, RegExp])[] = [
    ['write', 'ENOSPC', /^disk full: .* \(ENOSPC\)$/],
    ['datasync', 'EIO', /^disk error: /],
    ['datasync', 'EDQUOT', /^disk quota used up: /],
    ['write', 'EPERM', /^cannot write: .* \(EPERM\)$/],
  ];
  it.each(cases)('a failing %s (%s) refuses the group, loses nothing, and passes', async (operation, code, text) => {
    log = await open();
    await log.append(batch(0, 3));
    disk.fault = (op) => (op === operation ? code : undefined);
    const refused = await Promise.allSettled([log.append(batch(100, 2)), log.append(batch(200, 1))]);
    for (const r of refused) expect(r).toMatchObject({ status: 'rejected', reason: expect.any(Pushback) });
    expect(log.trouble).toMatch(text);
    expect(log.end).toBe(3);
    await expect(log.append(batch(300, 1))).rejects.toThrow(log.trouble!);
    await clock.advance(1_000); // a probe or two, in vain
    expect(await ids()).toEqual([0, 1, 2]);
    disk.fault = () => undefined;
    await untilWell();
    expect(await log.append(batch(3, 2))).toBe(3);
    expect(await ids()).toEqual(numbers(0, 5));
    await log.close();
    log = await open();
    expect(await ids()).toEqual(numbers(0, 5));
    expect(readdirSync(directory)).toEqual(['00000000000000000000.wal', '00000000000000000003.wal']);
  });

  it('goes on in one segment, however often it came before the first event', async () => {
    log = await open();
    for (let round = 0; round < 3; round++) {
      disk.fault = (op) => (op === 'datasync' ? 'EIO' : undefined);
      await expect(log.append(batch(9, 1))).rejects.toThrow(Pushback);
      disk.fault = () => undefined;
      await untilWell();
    }
    await log.append(batch(0, 1));
    expect(readdirSync(directory)).toEqual(['00000000000000000000.wal']);
    expect(await ids()).toEqual([0]);
  });

  it('refuses what gathered behind the group that failed', async () => {
    log = await open();
    let release = () => {};
    disk.gate = new Promise((resolve) => (release = resolve));
    const first = log.append(batch(0, 1));
    await new Promise((resolve) => setImmediate(resolve));
    const second = log.append(batch(1, 1));
    let times = 1;
    disk.fault = (op) => (op === 'datasync' && times-- > 0 ? 'EIO' : undefined);
    release();
    for (const r of await Promise.allSettled([first, second])) expect(r.status).toBe('rejected');
    expect(log.end).toBe(0);
  });

  it.each(['write', 'datasync'] as const)(
    'a refused group (%s) does not come back, even if the power fails',
    async (op) => {
      log = await open();
      await log.append(batch(0, 3));
      let times = 1;
      disk.fault = (operation) => (operation === op && times-- > 0 ? 'EIO' : undefined);
      await expect(log.append([sampleEvent(9), sampleEvent(10, 5000)])).rejects.toThrow(Pushback);
      await log.close();
      disk.crash((what) => what === 'cut');
      log = await open();
      expect(await ids()).toEqual([0, 1, 2]);
    },
  );

  it('what a start finds unsynced is as durable from then on as anything', async () => {
    log = await open();
    await log.append(batch(0, 3));
    let times = 1;
    disk.fault = (op) => (op === 'truncate' || (op === 'datasync' && times-- > 0) ? 'EIO' : undefined);
    await expect(log.append(batch(3, 2))).rejects.toThrow(Pushback);
    await log.close(); // as if killed: what was refused could not be cut off
    disk.fault = () => undefined;
    log = await open();
    expect(await ids()).toEqual(numbers(0, 5));
    await log.append(batch(5, 1));
    await log.close();
    disk.crash(() => true);
    log = await open();
    expect(await ids()).toEqual(numbers(0, 6));
  });

  it('when a new segment cannot begin is trouble as well', async () => {
    log = await open({ segmentEventsMax: 2 });
    await log.append(batch(0, 2));
    for (const [i, operation] of (['open', 'rename', 'syncDirectory'] as const).entries()) {
      disk.fault = (op) => (op === operation ? 'ENOSPC' : undefined);
      await expect(log.append(batch(99, 2))).rejects.toThrow('disk full');
      disk.fault = () => undefined;
      await untilWell();
      await log.append(batch(2 + 2 * i, 2));
    }
    expect(await ids()).toEqual(numbers(0, 8));
    expect(log.complete.length).toBe(3);
  });
});

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ append: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      fault: fc.constantFrom<FaultyOperation>('write', 'datasync', 'truncate', 'open', 'rename', 'syncDirectory'),
      skip: fc.nat({ max: 2 }),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ crash: fc.constantFrom('power', 'process') }) },
);

it('whatever the disk does, everything acknowledged stays, at its place', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), fc.infiniteStream(fc.boolean()), async (steps, coin) => {
      directory = mkdtempSync(join(tmpdir(), 'log-'));
      disk = new FaultyDisk({ writesThrough: coin.next().value });
      log = await open({ segmentEventsMax: 9 });
      const acknowledged = new Map<number, number>();
      let made = 0;
      for (const s of [...steps, { crash: 'power' }]) {
        if ('fault' in s) {
          let { skip, times } = s;
          disk.fault = (operation) => (operation === s.fault && --skip < 0 && --times >= 0 ? 'EIO' : undefined);
        } else if ('append' in s) {
          const batches = s.append.map((count) => {
            made += count;
            return batch(made - count, count);
          });
          const appends: Promise<number>[] = [];
          for (const b of batches) {
            if (coin.next().value) void log.rotate(Number.POSITIVE_INFINITY);
            appends.push(log.append(b));
            appends.at(-1)!.catch(() => {});
            if (coin.next().value) await new Promise((resolve) => setImmediate(resolve));
          }
          const results = await Promise.allSettled(appends);
          for (const [i, r] of results.entries()) {
            const from = Number(batches[i]![0]!.header.eventId.slice(-12));
            if (r.status === 'fulfilled') for (const k of batches[i]!.keys()) acknowledged.set(r.value + k, from + k);
            else expect(r.reason).toBeInstanceOf(Pushback);
          }
          if (coin.next().value) await untilWell();
        } else {
          await log.close();
          if (s.crash === 'power') disk.crash(() => coin.next().value);
          disk.fault = () => undefined;
          log = await open({ segmentEventsMax: 9 });
        }
        const found = await ids();
        for (const [sequence, n] of acknowledged) expect(found[sequence]).toBe(n);
        expect(new Set(found).size).toBe(found.length);
        for (const [sequence, n] of found.entries()) acknowledged.set(sequence, n); // a follower may have seen it
      }
      await log.close();
      rmSync(directory, { recursive: true });
    }),
    { numRuns: 150 },
  );
  directory = mkdtempSync(join(tmpdir(), 'log-'));
});
