import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { watchDiskSpace } from './disk-space.ts';

const MIB = 1 << 20;

async function watch(totalBytes: number, clock = new FakeClock()) {
  const disk = { freeBytes: totalBytes, fails: false };
  const measure = async () => {
    if (disk.fails) throw new Error('no statfs here');
    return { bsize: 4096, blocks: totalBytes / 4096, bavail: disk.freeBytes / 4096 };
  };
  const space = await watchDiskSpace({ directory: '/data', clock, logger: silentLogger, measure });
  return { disk, space, look: () => clock.advance(250) };
}

test('a big disk keeps 128 MiB, and says what is missing', async () => {
  const { disk, space, look } = await watch(1024 * 1024 * MIB);
  expect([space.shortage(), space.scarcity()]).toEqual([undefined, undefined]);
  disk.freeBytes = 127 * MIB;
  await look();
  expect(space.shortage()).toBe('disk full: 127 MiB are free in /data, and 128 MiB are kept in reserve');
  expect(space.scarcity()).toBeUndefined();
  disk.freeBytes = 63 * MIB;
  await look();
  expect(space.scarcity()).toMatch(/^disk full: 63 MiB/);
  disk.freeBytes = 129 * MIB;
  await look();
  expect([space.shortage(), space.scarcity()]).toEqual([undefined, undefined]);
  await space.close();
});

test('a small disk keeps a tenth', async () => {
  const { disk, space, look } = await watch(100 * MIB);
  disk.freeBytes = 11 * MIB;
  await look();
  expect(space.shortage()).toBeUndefined();
  disk.freeBytes = 9 * MIB;
  await look();
  expect(space.shortage()).toMatch(/^disk full/);
  await space.close();
});

test('what cannot be measured is no shortage, and is looked at again', async () => {
  const { disk, space, look } = await watch(100 * MIB);
  disk.freeBytes = 0;
  disk.fails = true;
  await look();
  expect(space.shortage()).toBeUndefined();
  disk.fails = false;
  await look();
  expect(space.shortage()).toMatch(/^disk full/);
  await space.close();
  disk.freeBytes = 100 * MIB;
  await look();
  expect(space.shortage()).toMatch(/^disk full/); // closed
});
