import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { contentOf, FileProblem, findFiles } from './files.ts';

const dir = mkdtempSync(join(tmpdir(), 'opentrail-files-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function read(path: string): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of contentOf(path)) parts.push(part);
  return Buffer.concat(parts).toString();
}

test('links to files are files, and those that lead nowhere or to folders are none', async () => {
  const folder = join(dir, 'links');
  mkdirSync(folder);
  writeFileSync(join(dir, 'elsewhere'), '{}');
  symlinkSync(join(dir, 'elsewhere'), join(folder, 'link.json'));
  symlinkSync(join(dir, 'nowhere'), join(folder, 'dangling.json'));
  symlinkSync(folder, join(folder, 'round.json'));
  expect((await findFiles([folder])).map((file) => file.path)).toEqual([join(folder, 'link.json')]);
  rmSync(folder, { recursive: true });
});

test('a file that is gone or broken is a problem of that file alone', async () => {
  const path = (name: string) => join(dir, name);
  mkdirSync(path('folder.json'));
  const whole = gzipSync('{"Records":[]}');
  writeFileSync(path('whole.json.gz'), whole);
  writeFileSync(path('cut.json.gz'), whole.subarray(0, -9));
  writeFileSync(path('gone.json'), '{}');
  const found = (await findFiles([dir])).map((file) => file.path);
  expect(found).toEqual([path('cut.json.gz'), path('gone.json'), path('whole.json.gz')]);
  rmSync(path('gone.json'));
  expect(await read(path('whole.json.gz'))).toBe('{"Records":[]}');
  const problem = (name: string) => read(path(name)).catch((error) => error instanceof FileProblem && error.code);
  expect(await problem('gone.json')).toBe('Unreadable');
  expect(await problem('folder.json')).toBe('Unreadable');
  expect(await problem('cut.json.gz')).toBe('InvalidGzip');
});
