import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDoneList } from './done-list.ts';

const file = { path: '/logs/a.json.gz', sizeBytes: 10, mtimeMs: 1 };

test('finished files are noted for the next time, until they change', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'opentrail-done-')), 'state/list');
  const notes: string[] = [];
  const list = openDoneList(path, (line) => notes.push(line));
  expect(list.has(file)).toBe(false);
  list.add(file);
  const next = openDoneList(path, (line) => notes.push(line));
  expect([next.has(file), next.has({ ...file, mtimeMs: 2 }), notes]).toEqual([true, false, []]);
});

test.skipIf(!existsSync('/dev/null'))('where no list can be kept, that is said once, and the import goes on', () => {
  const notes: string[] = [];
  const list = openDoneList('/dev/null/opentrail/list', (line) => notes.push(line));
  list.add(file);
  expect(list.has(file)).toBe(false);
  expect(notes).toEqual([expect.stringMatching(/ENOTDIR.*read again/)]);
});
