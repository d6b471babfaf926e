import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { Pushback } from '../base/errors.ts';
import type { ObjectStore } from './object-store.ts';
import { memoryState } from './state/memory.ts';
import { createTroubles } from './troubles.ts';
import { withReserve } from './with-reserve.ts';

test('a write that the disk refused is told until one succeeds, or for half a minute', async () => {
  const clock = new FakeClock();
  const troubles = createTroubles(clock);
  let failure: unknown;
  const memory = memoryState();
  const state = troubles.watchState({
    ...memory,
    write: async (changes) => {
      if (failure) throw failure;
      await memory.write(changes);
    },
  });
  const put = () => state.write([{ put: 'a', value: 1 }]);

  failure = new Pushback('full', 1000, { cause: Object.assign(new Error('no room'), { code: 'ENOSPC' }) });
  await expect(put()).rejects.toThrow('full');
  expect(troubles.list()).toEqual(['state could not be written (ENOSPC)']);
  failure = undefined;
  await put();
  expect(troubles.list()).toEqual([]);

  failure = Object.assign(new Error('bad disk'), { code: 'EIO' });
  await expect(put()).rejects.toThrow('bad disk');
  expect(troubles.list()).toEqual(['state could not be written (EIO)']);
  await clock.advance(30_000);
  expect(troubles.list()).toEqual([]);

  failure = Object.assign(new Error('the client went away'), { code: 'ECONNRESET' });
  await expect(put()).rejects.toThrow('went away');
  expect(troubles.list()).toEqual([]);
});

test('a store with a reserve begins nothing while there is a shortage; what makes room goes on', async () => {
  let shortage: string | undefined;
  const done = async () => 'done' as never;
  const inner = { put: done, putPart: done, createUpload: done, delete: done, completeUpload: done };
  const store = withReserve(inner as unknown as ObjectStore, () => shortage);
  expect(await store.put({} as never)).toBe('done');
  shortage = 'disk full';
  await expect(store.put({} as never)).rejects.toThrow(Pushback);
  await expect(store.putPart({} as never, 1, Buffer.alloc(0), () => ({}))).rejects.toThrow(Pushback);
  await expect(store.createUpload('b', 'k', {}, {})).rejects.toThrow(Pushback);
  expect(await store.delete('b', 'k')).toBe('done');
  expect(await store.completeUpload('b', 'k', 'u', () => ({}) as never)).toBe('done');
});
