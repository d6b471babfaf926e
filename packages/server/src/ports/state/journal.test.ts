import * as nodeFs from 'node:fs/promises';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { OperatorError } from '../../base/errors.ts';
import { silentLogger } from '../../base/logger.ts';
import { openState, type StateFiles } from './journal.ts';
import { stateSuite } from './suite.ts';

const dirs: string[] = [];
const newDir = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'opentrail-state-'));
  dirs.push(dir);
  return dir;
};
afterAll(() => Promise.all(dirs.map((dir) => rm(dir, { recursive: true, force: true }))));

const open = (dir: string, extra: { fs?: StateFiles; journalBytesMax?: number } = {}) =>
  openState({ dir, logger: silentLogger, ...extra });

for (const journalBytesMax of [1, 4 << 20]) {
  describe(`with snapshots after ${journalBytesMax} bytes`, () => {
    stateSuite(async () => {
      const dir = await newDir();
      return {
        open: () => open(dir, { journalBytesMax }),
        async reopen(state) {
          await state.close();
          return open(dir, { journalBytesMax });
        },
      };
    });
  });
}

async function written(): Promise<{ dir: string; journal: string }> {
  const dir = await newDir();
  const state = await open(dir);
  for (let i = 0; i < 5; i++) await state.write([{ put: `k${i}`, value: { i } }]);
  await state.close();
  const name = (await readdir(dir)).find((n) => n.endsWith('.journal'))!;
  return { dir, journal: join(dir, name) };
}

test('a torn tail is cut wherever the crash tore it, and nothing before it is lost', async () => {
  const { dir, journal } = await written();
  const whole = await readFile(journal);
  const lastFrameBytes = 12 + '[["k4",5,{"i":4}]]'.length;
  for (let bytes = whole.length - 1; bytes >= whole.length - lastFrameBytes; bytes--) {
    await writeFile(journal, whole);
    await truncate(journal, bytes);
    const state = await open(dir);
    expect((await state.list('')).map((e) => e.key)).toEqual(['k0', 'k1', 'k2', 'k3']);
    await state.close();
  }
});

test('damage before the tail is refused, naming file and offset', async () => {
  const { dir, journal } = await written();
  const whole = await readFile(journal);
  whole[40] = whole[40]! ^ 0xff;
  await writeFile(journal, whole);
  await expect(open(dir)).rejects.toThrow(OperatorError);
  await expect(open(dir)).rejects.toThrow(/journal is damaged at byte \d+/);
});

test('a write that the disk refuses changes nothing, also after a restart, and the next one is tried again', async () => {
  const dir = await newDir();
  let full = false;
  const fs: StateFiles = {
    ...nodeFs,
    async open(path, flags) {
      const file = await nodeFs.open(path, flags);
      const datasync = file.datasync.bind(file);
      file.datasync = async () => {
        if (full) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
        await datasync();
      };
      return file;
    },
  };
  const state = await open(dir, { fs });
  await state.write([{ put: 'a', value: 1 }]);
  full = true;
  await expect(state.write([{ put: 'a', value: 2 }])).rejects.toThrow('the disk is full');
  expect((await state.get<number>('a'))?.value).toBe(1);
  full = false;
  await state.write([{ put: 'b', value: 3 }]);
  await state.close();
  const again = await open(dir);
  expect((await again.list('')).map((e) => [e.key, e.value])).toEqual([
    ['a', 1],
    ['b', 3],
  ]);
  await again.close();
});
