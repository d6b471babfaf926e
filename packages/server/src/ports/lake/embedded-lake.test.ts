import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { eventFromBytes } from '../../event/accept.ts';
import type { NewEvent } from '../../event/event.ts';
import type { Lake } from '../lake.ts';
import { openLog } from '../log/segment-log.ts';
import type { SegmentLog } from '../log/types.ts';
import { type LakeOptions, openLake } from './embedded-lake.ts';
import { type LakeHarness, lakeSuite } from './suite.ts';

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'opentrail-lake-'));
  directories.push(directory);
  return directory;
}

const base = { logger: silentLogger, clock: systemClock };
const never = new AbortController().signal;
const ALL = { startMs: 0, endMs: Date.UTC(9999, 0) };

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

interface Opened {
  readonly directory: string;
  log: SegmentLog;
  lake: Lake;
  append(events: readonly NewEvent[]): Promise<void>;
  reopen(rest?: Partial<LakeOptions>): Promise<void>;
  close(): Promise<void>;
}

async function openBoth(rest: Partial<LakeOptions> = {}): Promise<Opened> {
  const directory = newDirectory();
  const start = async (own: Partial<LakeOptions>) => {
    const log = await openLog({ ...base, directory: join(directory, 'log'), segmentEventsMax: 200 });
    const lake = openLake({ ...base, directory: join(directory, 'lake'), log, shortage: () => undefined, ...own });
    return { log, lake };
  };
  let { log, lake } = await start(rest);
  return {
    directory,
    get log() {
      return log;
    },
    get lake() {
      return lake;
    },
    async append(events) {
      await log.append(events);
      await until(() => lake.indexedEnd >= log.end);
    },
    async reopen(own = rest) {
      await lake.close();
      await log.close();
      ({ log, lake } = await start(own));
      await until(() => lake.indexedEnd >= log.end);
    },
    async close() {
      await lake.close();
      await log.close();
    },
  };
}

export function eventOf(record: object | string): NewEvent {
  const json = Buffer.from(typeof record === 'string' ? record : JSON.stringify(record));
  const made = eventFromBytes(json, { fallbackAccountId: '000000000000' });
  if ('refused' in made) throw new Error(made.refused.message);
  return made.event;
}

const record = (i: number, more: object = {}) => ({
  eventTime: new Date(Date.UTC(2026, 0, 1) + i * 60_000).toISOString().replace('.000', ''),
  eventSource: 's3.amazonaws.com',
  eventName: i % 2 ? 'GetObject' : 'PutObject',
  awsRegion: 'us-east-1',
  recipientAccountId: '111111111111',
  eventID: `id-${i}`,
  ...more,
});

const stored = (directory: string) =>
  readdirSync(join(directory, 'lake'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.parquet'),
  );

test('finds what the log took, fresh and stored, and after a restart', async () => {
  const both = await openBoth({ flushRowsMax: 300, flushAgeMs: 1e9 });
  try {
    for (let i = 0; i < 1000; i += 50) await both.append(Array.from({ length: 50 }, (_, k) => eventOf(record(i + k))));
    await until(() => both.lake.storedEnd > 0);
    expect(await both.lake.count(ALL, never)).toBe(1000);
    const page = await both.lake.page({ ...ALL, order: 'newest', limit: 10 }, never);
    expect(page.rows.map((row) => row.sequence)).toEqual([999, 998, 997, 996, 995, 994, 993, 992, 991, 990]);
    expect(JSON.parse(`${page.rows[0]!.json}`)).toEqual(record(999));
    expect(await both.lake.facets(ALL, ['eventName', 'awsRegion'], 5, never)).toEqual([
      {
        field: 'eventName',
        values: [
          { value: 'GetObject', count: 500 },
          { value: 'PutObject', count: 500 },
        ],
        distinctCount: 2,
      },
      { field: 'awsRegion', values: [{ value: 'us-east-1', count: 1000 }], distinctCount: 1 },
    ]);
    expect(
      stored(both.directory).every((path) => /^111111111111\/us-east-1\/2026(-\d\d){0,2}\/\d+\.parquet$/.test(path)),
    ).toBe(true);
    await both.reopen();
    expect(await both.lake.count(ALL, never)).toBe(1000);
  } finally {
    await both.close();
  }
});

async function openHarness(): Promise<LakeHarness> {
  const both = await openBoth({ flushRowsMax: 40, flushAgeMs: 1e9 });
  return {
    get lake() {
      return both.lake;
    },
    append: both.append,
    reopen: () => both.reopen(),
    close: both.close,
  };
}

describe('over the embedded Log', () => lakeSuite(openHarness, 6));
