import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Pushback } from '../../base/errors.ts';
import { silentLogger } from '../../base/logger.ts';
import { type LogFile, nodeFileSystem } from '../log/file-system.ts';
import type { MetricStore } from '../metrics.ts';
import { createMemoryMetrics } from './memory.ts';
import { openMetricStore } from './store.ts';
import { BASE, metricsSuite, one, seriesOf } from './suite.ts';

const made: string[] = [];
afterAll(() => {
  for (const dir of made) rmSync(dir, { recursive: true, force: true });
});
function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'opentrail-metrics-'));
  made.push(dir);
  return dir;
}
const DAY = 86_400;

describe('in memory', () => metricsSuite(async () => ({ open: async () => createMemoryMetrics() })));

describe('in files', () => {
  metricsSuite(async () => {
    const directory = folder();
    const open = () => openMetricStore({ directory, logger: silentLogger, hotPointsMax: 5 });
    return {
      open,
      async reopen(store) {
        await store.close(); // nothing is written at closing that was not before: as good as a crash
        return open();
      },
    };
  });

  test('points become coarser with age, and go in the end; sums stay', async () => {
    const directory = folder();
    const store = await openMetricStore({ directory, logger: silentLogger });
    for (let i = 0; i < 120; i++) {
      const causes = [{ message: `m${i}`, timestampMs: (BASE + i * 30) * 1000 }];
      await store.put([{ series: seriesOf('m'), point: one(BASE + i * 30, i), causes }]);
    }
    const { id } = store.series('123456789012', 'us-east-1')[0]!;
    const at = async (days: number) => {
      await store.maintain((BASE + days * DAY) * 1000);
      await store.maintain((BASE + days * DAY + 3600) * 1000);
      const points = await store.read(id, BASE - DAY, BASE + DAY);
      const { length: causes } = await store.causes(id, BASE, BASE + DAY);
      return [points.length, points.reduce((sum, point) => sum + point.sum, 0), causes];
    };
    expect(await at(0)).toEqual([120, 7140, 120]);
    expect(await at(1)).toEqual([60, 7140, 120]);
    expect(await at(18)).toEqual([12, 7140, 0]);
    expect(await at(80)).toEqual([1, 7140, 0]);
    expect(readdirSync(join(directory, 'chunks'))).toHaveLength(1);
    expect(await at(480)).toEqual([0, 0, 0]);
    expect(readdirSync(join(directory, 'chunks'))).toHaveLength(0);
    await store.close();
  });

  test('what a crash leaves between two steps counts once', async () => {
    const directory = folder();
    const open = () => openMetricStore({ directory, logger: silentLogger });
    const sum = async (store: MetricStore) => {
      const { id } = store.series('123456789012', 'us-east-1')[0]!;
      return (await store.read(id, BASE, BASE + 60)).map((point) => point.sum);
    };
    const copyOf = (dir: string) =>
      readdirSync(dir).flatMap((name) => {
        const path = join(dir, name);
        return statSync(path).isFile() ? [{ path, bytes: readFileSync(path) }] : [];
      });
    const restore = (files: ReturnType<typeof copyOf>) => {
      for (const { path, bytes } of files) writeFileSync(path, bytes);
    };

    let store = await open();
    await store.put([{ series: seriesOf('m'), point: one(BASE, 1) }]);
    await store.close();
    const wal = copyOf(directory);
    store = await open(); // moves the WAL to a chunk
    await store.close();
    restore(wal.filter(({ path }) => path.endsWith('.wal'))); // as if it had died before it deleted the WAL
    store = await open();
    expect(await sum(store)).toEqual([1]);

    await store.put([{ series: seriesOf('m'), point: one(BASE, 10) }]);
    await store.close();
    store = await open();
    await store.maintain(BASE * 1000); // what was in the WAL is in a chunk now
    const before = copyOf(join(directory, 'chunks'));
    expect(before.length).toBe(2);
    await store.maintain((BASE + 5 * 3600) * 1000);
    await store.close();
    expect(readdirSync(join(directory, 'chunks'))).toHaveLength(1);
    restore(before); // as if it had died before it deleted what was joined
    store = await open();
    expect(await sum(store)).toEqual([11]);
    await store.close();
  });

  test('a damaged file is said, not passed over', async () => {
    const directory = folder();
    let store = await openMetricStore({ directory, logger: silentLogger });
    await store.put([{ series: seriesOf('m'), point: one(BASE, 1) }]);
    await store.close();
    store = await openMetricStore({ directory, logger: silentLogger });
    await store.close();
    const [name] = readdirSync(join(directory, 'chunks'));
    const path = join(directory, 'chunks', name!);
    const bytes = readFileSync(path);
    bytes[3]! ^= 0xff;
    writeFileSync(path, bytes);
    store = await openMetricStore({ directory, logger: silentLogger });
    const { id } = store.series('123456789012', 'us-east-1')[0]!;
    await expect(store.read(id, BASE, BASE + 60)).rejects.toThrow('is damaged');
    await store.close();
    writeFileSync(path, bytes.subarray(0, bytes.length - 1));
    await expect(openMetricStore({ directory, logger: silentLogger })).rejects.toThrow('is damaged');
  });

  test('a full disk is pushback, and what was refused is not there later', async () => {
    const directory = folder();
    let full = false;
    const fs = {
      ...nodeFileSystem,
      async open(path: string, flags: 'r+' | 'w+'): Promise<LogFile> {
        const file = await nodeFileSystem.open(path, flags);
        return {
          ...(file.writesThrough && { writesThrough: true }),
          read: file.read.bind(file),
          datasync: file.datasync.bind(file),
          truncate: file.truncate.bind(file),
          close: file.close.bind(file),
          async write(bytes, offset, length, position) {
            if (!full) return file.write(bytes, offset, length, position);
            await file.write(bytes, offset, Math.floor(length / 2), position);
            throw Object.assign(new Error('full'), { code: 'ENOSPC' });
          },
        };
      },
    };
    let store = await openMetricStore({ directory, logger: silentLogger, fs });
    const put = (value: number) => store.put([{ series: seriesOf('m'), point: one(BASE, value) }]);
    await put(1);
    full = true;
    await expect(put(10)).rejects.toBeInstanceOf(Pushback);
    full = false;
    await put(100);
    store = await openMetricStore({ directory, logger: silentLogger }); // as after kill -9
    const { id } = store.series('123456789012', 'us-east-1')[0]!;
    expect(await store.read(id, BASE, BASE + 1)).toMatchObject([{ sum: 101, count: 2 }]);
    await store.close();
  });
});
