import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { QuickReader } from './quick-read.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'opentrail-quick-'));
  path = join(directory, 'file');
  writeFileSync(path, 'content');
});
afterEach(() => rmSync(directory, { recursive: true }));

test('reads a file, or its beginning, and leaves what is wrong to others', () => {
  const reader = new QuickReader(new FakeClock());
  expect(reader.read(path, 100)?.toString()).toBe('content');
  expect(reader.read(path, 3)?.toString()).toBe('con');
  expect(reader.read(join(directory, 'none'), 100)).toBeUndefined();
});

test('buffers that were given back are used again, none that is still in use', () => {
  writeFileSync(join(directory, 'other'), 'another');
  const reader = new QuickReader(new FakeClock());
  const [one, two] = [reader.read(path, 100)!, reader.read(join(directory, 'other'), 100)!];
  reader.giveBack(one);
  const three = reader.read(path, 5)!;
  expect(three.buffer).toBe(one.buffer);
  expect([two, three].map(String)).toEqual(['another', 'conte']);
  const large = reader.read(path, 1 << 20)!;
  reader.giveBack(large);
  expect(reader.read(path, 1 << 20)!.buffer).not.toBe(large.buffer);
});

test('stops for a while when the disk is slow, not for one read that took long', () => {
  const time = { ms: 0, readMs: 0 };
  const reader = new QuickReader(Object.assign(new FakeClock(), { monotonicMs: () => (time.ms += time.readMs) }));
  const reads = (count: number) => Array.from({ length: count }, () => reader.read(path, 100) !== undefined);
  time.readMs = 50;
  expect(reads(1)).toEqual([true]);
  time.readMs = 0.05;
  expect(reads(20)).not.toContain(false);
  time.readMs = 10;
  expect(reads(10)).toContain(false);
  time.ms += 1_000;
  time.readMs = 0.05;
  expect(reads(20)).not.toContain(false);
});
