import { existsSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from './folders.ts';

const fresh = () => mkdtempSync(join(tmpdir(), 'opentrail-folders-'));

test('a folder is made with those that it stands in, and may be there already', () => {
  const path = join(fresh(), 'a/b/c');
  makeFolder(path, 0o700);
  makeFolder(path, 0o700);
  for (const each of [path, join(path, '..')]) expect(statSync(each).mode & 0o777).toBe(0o700);
});

test('what stands in the way is told', () => {
  const file = join(fresh(), 'file');
  writeFileSync(file, '');
  expect(() => makeFolder(file)).toThrow(/EEXIST/);
  expect(() => makeFolder(join(file, 'a/b'))).toThrow(/ENOTDIR/);
});

test.skipIf(!existsSync('/proc/self'))('where nothing can be made, it says so', () => {
  expect(() => makeFolder('/proc/opentrail')).toThrow(/ENOENT/);
  expect(() => makeFolder('/proc/opentrail/a/b')).toThrow(/ENOENT/);
});
