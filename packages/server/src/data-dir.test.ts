import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDataDir } from './data-dir.ts';

const fresh = () => join(mkdtempSync(join(tmpdir(), 'opentrail-dir-')), 'data');

test('a folder is made for its owner alone, and can be opened again once released', async () => {
  const path = fresh();
  const first = await openDataDir(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(readFileSync(join(path, 'owner'), 'utf8')).toBe(`${process.pid}\n`);
  first.release();
  (await openDataDir(path)).release();
});

test('a second holder is refused with a message that names the first', async () => {
  const path = fresh();
  const first = await openDataDir(path);
  await expect(openDataDir(path)).rejects.toThrow(new RegExp(`process ${process.pid}.*--data-dir`));
  first.release();
});

test('an owner file left by a process that died does not keep anyone out', async () => {
  const path = fresh();
  (await openDataDir(path)).release();
  writeFileSync(join(path, 'owner'), '999999999\n');
  (await openDataDir(path)).release();
});

test('a layout of another version is refused', async () => {
  const path = fresh();
  (await openDataDir(path)).release();
  writeFileSync(join(path, 'layout.json'), '{"version":99}');
  await expect(openDataDir(path)).rejects.toThrow(/layout version 99/);
});

test('a path that cannot be a folder is refused', async () => {
  for (const path of ['/dev/null', '/dev/null/x', '/proc/x', '/proc/x/y']) {
    await expect(openDataDir(path)).rejects.toThrow(/Cannot use the data folder/);
  }
});
