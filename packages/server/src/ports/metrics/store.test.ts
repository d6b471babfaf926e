import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Pushback } from '../../base/errors.ts';
import { silentLogger } from '../../base/logger.ts';
import { type LogFile, nodeFileSystem } from '../log/file-system.ts';
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
