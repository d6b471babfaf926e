import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LakeFile, Partition } from './manifest.ts';
import { dayOf, folderOf, followEachOther, nextMerge, partitionsOf, spanOf } from './partitions.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 21, 12);

let number = 0;
function fileOf(partition: Partition, rows: number, minMs = spanOf(partition.period).startMs): LakeFile {
  const path = `${folderOf(partition)}/${number++}.parquet`;
  return { path, rows, bytes: rows * 1_300, largeBytes: 0, minMs, maxMs: minMs, first: 0, last: 0, partition };
}

/** Merges until nothing is worth it. @returns the files, and how often an event was rewritten on average */
function settle(start: readonly LakeFile[], nowMs: number): { files: readonly LakeFile[]; rewritten: number } {
  let files = start;
  let rewritten = 0;
  for (let merge = nextMerge(files, nowMs); merge; merge = nextMerge(files, nowMs)) {
    const { inputs, into } = merge;
    const rows = inputs.reduce((sum, file) => sum + file.rows, 0);
    rewritten += rows;
    files = [
      ...files.filter((file) => !inputs.includes(file)),
      fileOf(into, rows, Math.min(...inputs.map((f) => f.minMs))),
    ];
    expect(rows).toBeLessThan(1_000_000);
  }
  return { files, rewritten };
}

const place = { accountId: '111111111111', region: 'us-east-1' };
const days = (count: number, rows: number, lastMs = NOW_MS) =>
  Array.from({ length: count }, (_, i) => fileOf({ ...place, period: dayOf(lastMs - i * DAY_MS) }, rows));

test('periods span what they say', () => {
  expect(spanOf('2024-02-29')).toEqual({ startMs: Date.UTC(2024, 1, 29), endMs: Date.UTC(2024, 2, 1) });
  expect(spanOf('2024-12')).toEqual({ startMs: Date.UTC(2024, 11, 1), endMs: Date.UTC(2025, 0, 1) });
  expect(spanOf('2024')).toEqual({ startMs: Date.UTC(2024, 0, 1), endMs: Date.UTC(2025, 0, 1) });
});

describe('merging', () => {
  test('ninety days of a busy account become months, each about a file; the last days stay days', () => {
    const { files } = settle(days(90, 14_000), NOW_MS);
    expect(files.length).toBeLessThan(20);
    expect(files.some((file) => file.partition?.period === dayOf(NOW_MS))).toBe(true);
    expect(files.filter((file) => file.partition?.period === '2026-09')).toHaveLength(1);
  });

  test('days of many events stay days', () => {
    const { files } = settle(days(30, 500_000), NOW_MS);
    expect(files).toHaveLength(30);
  });

  test('years of a few events a day become a file or two a year', () => {
    const { files } = settle(days(3650, 3), NOW_MS);
    expect(files.length).toBeLessThan(30);
  });

  test('a day of many small files becomes few, and no event is rewritten often', () => {
    let files: readonly LakeFile[] = [];
    let rewritten = 0;
    for (let i = 0; i < 400; i++) {
      const next = settle([...files, fileOf({ ...place, period: dayOf(NOW_MS) }, 5_000)], NOW_MS);
      files = next.files;
      rewritten += next.rewritten;
    }
    expect(files.length).toBeLessThan(16);
    expect(rewritten / (400 * 5_000)).toBeLessThan(5);
  });

  test('whatever files there are, it ends, keeps each event in its place and time, and repeats itself not', () => {
    const files = fc.array(
      fc.record({
        region: fc.constantFrom('us-east-1', 'eu-west-1'),
        back: fc.integer({ min: 0, max: 900 }),
        unit: fc.constantFrom(10, 7, 4),
        rows: fc.oneof(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 1_000, max: 700_000 })),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(files, (list) => {
        const start = list.map(({ region, back, unit, rows }) => {
          const minMs = NOW_MS - back * DAY_MS;
          return fileOf({ ...place, region, period: dayOf(minMs).slice(0, unit) }, rows, minMs);
        });
        const { files } = settle(start, NOW_MS);
        const sum = (all: readonly LakeFile[]) => all.reduce((rows, file) => rows + file.rows, 0);
        expect(sum(files)).toBe(sum(start));
        for (const { minMs, partition } of files) {
          const { startMs, endMs } = spanOf(partition!.period);
          expect(minMs >= startMs && minMs < endMs).toBe(true);
        }
      }),
    );
  });
});

test('a batch goes to days where these are recent or have many events of it, else to months and years', () => {
  const day = (day: string, rows: number) => ({ ...place, day, rows });
  const periods = partitionsOf(
    [
      day(dayOf(NOW_MS), 1),
      day('2020-05-05', 600),
      day('2021-01-01', 300),
      day('2021-01-02', 300),
      day('2022-03-01', 1),
      day('2022-04-01', 1),
    ],
    NOW_MS,
  ).map(({ period }) => period);
  expect(periods.sort()).toEqual(['2020-05-05', '2021-01', '2022', '2026-11-21']);
});

describe('when a lake is built anew', () => {
  /** Days long past come in again, in their order, as many files each as flushes bring. */
  function rebuild(days: number, flushes: number, rows: number): { files: readonly LakeFile[]; rewritten: number } {
    let files: readonly LakeFile[] = [];
    let rewritten = 0;
    for (let i = 0; i < days * flushes; i++) {
      const period = dayOf(NOW_MS - (days + 3) * DAY_MS + Math.floor(i / flushes) * DAY_MS);
      const next = settle([...files, fileOf({ ...place, period }, rows)], NOW_MS);
      files = next.files;
      rewritten += next.rewritten;
    }
    return { files, rewritten: rewritten / (days * flushes * rows) };
  }

  test('busy days become few files, and no event is rewritten often', () => {
    const { files, rewritten } = rebuild(10, 40, 20_000);
    expect(files.length).toBeLessThan(10 * 8);
    expect(rewritten).toBeLessThan(2.5);
  });

  test('days of fewer events become months', () => {
    const { files, rewritten } = rebuild(80, 4, 12_000);
    expect(files.length).toBeLessThan(50);
    expect(rewritten).toBeLessThan(2);
  });

  test('quiet days become few files even while their month lasts', () => {
    const { files } = rebuild(12, 288, 5);
    expect(files.length).toBeLessThan(50);
  });
});

test('files are in order when each goes on where the one before it ended', () => {
  const at = (minMs: number, maxMs: number) => ({ ...fileOf({ ...place, period: '2026-11-21' }, 1, minMs), maxMs });
  expect(followEachOther([])).toBe(true);
  expect(followEachOther([at(0, 100), at(90, 200), at(195, 300)])).toBe(true);
  expect(followEachOther([at(0, 100), at(50, 150), at(60, 200)])).toBe(false);
  expect(followEachOther([at(0, 300), at(10, 20)])).toBe(true);
  expect(followEachOther([at(0, 0), at(0, 0)])).toBe(true);
});
