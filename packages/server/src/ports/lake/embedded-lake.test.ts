import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { eventFromBytes } from '../../event/accept.ts';
import type { NewEvent } from '../../event/event.ts';
import { PatternError } from '../../event/search/index.ts';
import { openHistory } from '../history/embedded-history.ts';
import type { Lake, LakeExport, LakeQuery } from '../lake.ts';
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

const base = { logger: silentLogger, clock: systemClock, niceness: 0 };
const never = new AbortController().signal;
const ALL = { startMs: 0, endMs: Date.UTC(9999, 0) };

/** Looks now and then: who looks without pause takes the processor from the lake, whose process has the lowest priority. */
const LOOK_EVERY_MS = 10;

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}

interface Opened {
  readonly directory: string;
  log: SegmentLog;
  lake: Lake;
  append(events: readonly NewEvent[]): Promise<void>;
  /** @param between is done while both are closed */
  reopen(between?: () => void): Promise<void>;
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
      lake.watched();
      await until(() => lake.indexedEnd >= log.end);
    },
    async reopen(between = () => {}) {
      await lake.close();
      await log.close();
      between();
      ({ log, lake } = await start(rest));
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

/** Files of the lake; none while a folder goes under our hands. */
function stored(directory: string): string[] {
  try {
    const all = readdirSync(join(directory, 'lake'), { recursive: true, encoding: 'utf8' });
    return all.filter((path) => path.endsWith('.parquet'));
  } catch {
    return [];
  }
}

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
    expect((await both.lake.facets(ALL, ['eventName'], 1, never))[0]!.distinctCount).toBe(2);
  } finally {
    await both.close();
  }
});

test('counts are of none but those accounts, times and events that are asked for', async () => {
  const both = await openBoth({ flushRowsMax: 100, flushAgeMs: 1e9 });
  const [one, other] = ['111111111111', '222222222222'];
  try {
    await both.append(
      Array.from({ length: 100 }, (_, i) => eventOf(record(i, { recipientAccountId: i < 60 ? one : other }))),
    );
    await until(() => both.lake.storedEnd === 100);
    expect(stored(both.directory).length).toBeGreaterThan(1);
    const counted = async (query: Partial<LakeQuery>) => {
      const [facet] = await both.lake.facets({ ...ALL, ...query }, ['awsRegion'], 5, never);
      return facet!.values[0]?.count ?? 0;
    };
    expect(await counted({})).toBe(100);
    expect(await counted({ accounts: [one, other] })).toBe(100);
    expect(await counted({ accounts: [one] })).toBe(60);
    expect(await counted({ accounts: [other] })).toBe(40);
    expect(await counted({ accounts: [] })).toBe(0);
    expect(await counted({ upTo: 70 })).toBe(70);
    expect(await counted({ from: 60 })).toBe(40);
    expect(await counted({ endMs: Date.UTC(2026, 0, 1) + 9 * 60_000 })).toBe(10);
  } finally {
    await both.close();
  }
});

describe('after trouble', () => {
  /** Days, months and Regions enough for every kind of file. */
  const scattered = (i: number) =>
    eventOf({
      ...record(i),
      eventTime: new Date(Date.UTC(2018 + (i % 4), i % 12, 1 + (i % 28), i % 24)).toISOString().replace('.000', ''),
      awsRegion: i % 3 ? 'us-east-1' : 'eu-west-1',
    });

  const manifest = (directory: string) =>
    JSON.parse(readFileSync(join(directory, 'lake', 'manifest.json'), 'utf8')) as {
      storedEnd: number;
      files: { path: string; rows: number }[];
    };

  /** Nothing is lost, nothing twice, nothing lies about. */
  async function expectAll({ directory, lake }: Opened, total: number): Promise<void> {
    await until(() => lake.indexedEnd >= total); // a process that was started anew takes in again what was not stored
    const seen: number[] = [];
    for (let next = {}; ; ) {
      const page = await lake.page({ ...ALL, order: 'oldest', limit: 500, ...next }, never);
      seen.push(...page.rows.map(({ sequence }) => sequence));
      if (!page.next) break;
      next = { after: page.next };
    }
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, i) => i));
    await until(() => {
      const listed = manifest(directory).files.map(({ path }) => path);
      return JSON.stringify(stored(directory).sort()) === JSON.stringify(listed.sort());
    });
  }

  const steps = ['written', 'named', 'listed', 'merged'] as const;
  test.each(steps.flatMap((step) => [1, 6].map((time) => ({ step, time }))))(
    'killed when a file is $step (time $time), it neither loses nor doubles an event',
    { timeout: 180_000 },
    async ({ step, time }) => {
      const both = await openBoth({ flushRowsMax: 50, flushAgeMs: 1e9, dieAt: { step, time } });
      try {
        for (let i = 0; i < 480; i += 60) await both.append(Array.from({ length: 60 }, (_, k) => scattered(i + k)));
        await until(() => both.lake.storedEnd >= 420);
        await expectAll(both, 480);
      } finally {
        await both.close();
      }
    },
  );

  test('who asks after a death is answered when all is there again that was there before', async () => {
    const rest = { flushRowsMax: 100, flushAgeMs: 1e9, dieAt: { step: 'written', time: 1 } } as const;
    const both = await openBoth(rest);
    try {
      await both.append(Array.from({ length: 90 }, (_, i) => scattered(i)));
      const inFlight = both.log.append(Array.from({ length: 60 }, (_, i) => scattered(90 + i)));
      await until(() => both.lake.indexedEnd === 0);
      expect(await both.lake.count({ ...ALL, upTo: 90 }, never)).toBe(90);
      await inFlight;
      await expectAll(both, 150);
    } finally {
      await both.close();
    }
  }, 300_000);

  test('what a crash left behind is deleted, and a lake that has lost a file is built anew', async () => {
    const both = await openBoth({ flushRowsMax: 50, flushAgeMs: 1e9 });
    try {
      for (let i = 0; i < 300; i += 60) await both.append(Array.from({ length: 60 }, (_, k) => scattered(i + k)));
      await until(() => both.lake.storedEnd >= 250);
      const lake = join(both.directory, 'lake');
      await both.reopen(() => {
        writeFileSync(join(lake, 'stray.parquet'), 'x');
        writeFileSync(join(lake, 'manifest.json.tmp'), 'x');
      });
      await expectAll(both, 300);
      await both.reopen(() => rmSync(join(lake, manifest(both.directory).files[0]!.path)));
      await expectAll(both, 300);
      await both.reopen(() => writeFileSync(join(lake, 'manifest.json'), '{"version":'));
      await expectAll(both, 300);
      await both.reopen(() => rmSync(lake, { recursive: true }));
      await expectAll(both, 300);
    } finally {
      await both.close();
    }
  });

  test('what no database would take goes in all the same', async () => {
    const both = await openBoth({ flushRowsMax: 10, flushAgeMs: 1e9 });
    const deep = (n: number) => `${'['.repeat(n)}${']'.repeat(n)}`;
    const plain = JSON.stringify(record(0));
    const hostile = [
      ...[
        '"\\ud800"',
        '"a\\u0000b"',
        '1e999',
        '-0',
        deep(5_000),
        `"${'x'.repeat(900_000)}"`,
        '{"":{"":[[{}]]}}',
        '"\\\\ud800"',
      ],
      ...[
        '"\\uD83E\\uDD86"',
        '12345678901234567890123',
        '{"a":1,"a":2}',
        '"\u001f,\u001f"',
        '"\\u001f"'.replace('\u001f', '\\u001f'),
      ],
    ].map((value) =>
      plain.replace('}', `,"requestParameters":${value},"errorCode":${value},"userIdentity":{"type":${value}}}`),
    );
    const taken = hostile.flatMap((text) => {
      const made = eventFromBytes(Buffer.from(text), { fallbackAccountId: '000000000000' });
      return 'event' in made ? [made.event] : [];
    });
    try {
      expect(taken.length).toBeGreaterThan(10);
      await both.append([...taken, eventOf(record(1))]);
      for (const event of taken) await both.append([event]);
      await until(() => both.lake.storedEnd > 10);
      const page = await both.lake.page({ ...ALL, order: 'oldest', limit: 1000 }, never);
      expect(page.rows.map(({ sequence, json }) => [sequence, `${json}`]).sort()).toEqual(
        [...taken, eventOf(record(1)), ...taken].map(({ json }, i) => [i, `${json}`]).sort(),
      );
      for (const filter of ["a' OR 1=1 --", 'a\u0000b', "a') --", '\u0000', '"', '\ud800', "\\'"])
        expect(
          await both.lake.count(
            { ...ALL, filter: { field: `requestParameters.${JSON.stringify(filter)}`, op: '=', value: filter } },
            never,
          ),
        ).toBe(0);
      expect(both.lake.trouble).toBeUndefined();
    } finally {
      await both.close();
    }
  });

  test('without room on the disk it waits, says so, and goes on', async () => {
    let shortage: string | undefined = 'disk full: 3 MiB are free';
    const both = await openBoth({ flushRowsMax: 50, flushAgeMs: 1e9, shortage: () => shortage });
    try {
      await both.append(Array.from({ length: 200 }, (_, i) => scattered(i)));
      await until(() => both.lake.trouble !== undefined);
      expect(both.lake.trouble).toContain('disk full');
      expect(both.lake.storedEnd).toBe(0);
      expect(await both.lake.count(ALL, never)).toBe(200);
      shortage = undefined;
      await until(() => both.lake.storedEnd >= 200 && both.lake.trouble === undefined);
      await expectAll(both, 200);
    } finally {
      await both.close();
    }
  });

  test('lets go what the log has let go', async () => {
    const both = await openBoth({ flushRowsMax: 50, flushAgeMs: 1e9 });
    const history = await openHistory({ ...base, log: both.log });
    try {
      for (let i = 0; i < 800; i += 50) await both.append(Array.from({ length: 50 }, (_, k) => scattered(i + k)));
      await until(() => both.log.complete.length === 0 && both.lake.storedEnd >= 700);
      const start = await both.log.retain({ beforeSequence: 500, floor: both.log.end });
      expect(start).toBeGreaterThan(100);
      await until(async () => (await both.lake.count(ALL, never)) === 800 - start);
    } finally {
      await history.close();
      await both.close();
    }
  });

  test('a question whose asker has gone stops, and others go on', async () => {
    const both = await openBoth();
    try {
      await both.append([eventOf(record(0))]);
      const gone = AbortSignal.abort(new Error('gone'));
      await expect(both.lake.count(ALL, gone)).rejects.toThrow('gone');
      const controller = new AbortController();
      const asked = both.lake.page({ ...ALL, order: 'newest', limit: 5 }, controller.signal);
      controller.abort(new Error('gone'));
      await expect(asked).rejects.toThrow('gone');
      expect(await both.lake.count(ALL, never)).toBe(1);
      const bad = { ...ALL, filter: { field: 'nonsense', op: 'exists' as const } };
      await expect(both.lake.count(bad, never)).rejects.toThrow(PatternError);
    } finally {
      await both.close();
    }
  });
});

test('exports what is found, in every format and in order', async () => {
  const both = await openBoth({ flushRowsMax: 100, flushAgeMs: 1e9 });
  const text = async (query: Partial<LakeExport>) => {
    const pieces = [];
    const asked = { ...ALL, order: 'newest' as const, format: 'ndjson' as const, ...query };
    for await (const piece of both.lake.export(asked, never)) pieces.push(piece);
    return Buffer.concat(pieces);
  };
  try {
    const more = {
      userAgent: '=1+1',
      resources: [
        { type: 'T', ARN: 'arn:a,b' },
        { type: 'T', ARN: 'arn:c' },
      ],
    };
    for (let i = 0; i < 250; i += 50)
      await both.append(Array.from({ length: 50 }, (_, k) => eventOf(record(i + k, more))));
    await until(() => both.lake.storedEnd >= 200);
    const lines = `${await text({})}`.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).eventID)).toEqual(
      Array.from({ length: 250 }, (_, i) => `id-${249 - i}`),
    );
    expect(JSON.parse(`${await text({ format: 'json', limit: 3, order: 'oldest' })}`).Records).toHaveLength(3);
    const columns = ['eventTime', 'eventName', 'resourceName', 'userAgent', 'errorCode'];
    expect(`${await text({ format: 'csv', columns, limit: 1 })}`).toBe(
      'Event time,Event name,Resource name,User agent,Error code\r\n2026-01-01T04:09:00Z,GetObject,"arn:a,b, arn:c",\'=1+1,\r\n',
    );
    expect(`${await text({ columns: ['eventName', 'resourceType'], limit: 1 })}`).toBe(
      '{"eventName":"GetObject","resourceType":["T"]}\n',
    );
    expect((await text({ format: 'parquet' })).subarray(0, 4).toString()).toBe('PAR1');
    expect((await text({ format: 'parquet', columns, limit: 1 })).subarray(0, 4).toString()).toBe('PAR1');
    expect(`${await text({ startMs: 0, endMs: 1 })}`).toBe('');
    for await (const _ of both.lake.export({ ...ALL, order: 'newest', format: 'ndjson' }, never)) break;
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
