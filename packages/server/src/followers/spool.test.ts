import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { directorySpool } from './spool.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'spool-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

it('keeps files in a directory that it makes itself', async () => {
  const spool = directorySpool(join(directory, 'a', 'b'));
  expect(await spool.list()).toEqual([]);
  expect(await spool.read('x.gz')).toBeUndefined();
  await spool.write('x.gz', [Buffer.from('one'), Buffer.alloc(0), Buffer.from('two')]);
  await spool.write('x.gz', [Buffer.from('o'), Buffer.from('k')]);
  await spool.sync();
  expect(await spool.list()).toEqual(['x.gz']);
  expect((await spool.read('x.gz'))?.toString()).toBe('ok');
  await spool.remove('x.gz');
  await spool.remove('x.gz');
  expect(await spool.list()).toEqual([]);
});
