import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { memoryState } from '../../ports/state/memory.ts';
import type { State, StateChange } from '../../ports/state.ts';
import { keys, type StateKey } from './entities.ts';
import { createIamData } from './iam-data.ts';
import { createLastUsed } from './last-used.ts';

const ACCOUNT = '123456789012';
const counter: StateKey<number> = 'test/counter';

describe('changes of an account', () => {
  it('are made one after the other, also by several servers on one State', async () => {
    const state = memoryState();
    const servers = [createIamData(state), createIamData(state)];
    const increase = (data: (typeof servers)[number]) =>
      data.change(ACCOUNT, async (change) => {
        const before = (await change.get(counter)) ?? 0;
        await new Promise((resolve) => setImmediate(resolve));
        change.put(counter, before + 1);
      });
    await Promise.all(servers.flatMap((data) => Array.from({ length: 4 }, () => increase(data))));
    expect(await servers[0]!.get(counter)).toBe(8);
    expect(await servers[0]!.version(ACCOUNT)).toBe((await state.get(keys.version(ACCOUNT)))!.version);
  });

  it('read what they wrote, and leave nothing of what they threw', async () => {
    const data = createIamData(memoryState());
    await expect(
      data.change(ACCOUNT, async (change) => {
        change.put(counter, 1);
        expect(await change.get(counter)).toBe(1);
        change.remove(counter);
        expect(await change.get(counter)).toBeUndefined();
        change.put(counter, 2);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await data.get(counter)).toBeUndefined();
    expect(await data.version(ACCOUNT)).toBe(0);
    await data.change(ACCOUNT, async (change) => change.put(counter, 3)); // the next is not held up
    expect(await data.get(counter)).toBe(3);
  });

  it('of two accounts that claim the same, one gets it', async () => {
    const data = createIamData(memoryState());
    const claim = (accountId: string) =>
      data.change(accountId, async (change) => {
        if ((await change.get(keys.alias('a'))) !== undefined) return 'taken';
        await new Promise((resolve) => setImmediate(resolve));
        change.claim(keys.alias('a'), accountId);
        return 'mine';
      });
    const ends = await Promise.all([claim(ACCOUNT), claim('210987654321')]);
    expect(ends.sort()).toEqual(['mine', 'taken']);
  });

  it('are refused when another server is always first', async () => {
    const state = memoryState();
    const data = createIamData(state);
    const vain = data.change(ACCOUNT, async (change) => {
      await state.write([{ put: keys.version(ACCOUNT), value: 0 }]);
      change.put(counter, 1);
    });
    await expect(vain).rejects.toMatchObject({ code: 'ConcurrentModification', status: 409 });
  });
});

describe('last uses', () => {
  function setup(refuse = { now: false }) {
    const memory = memoryState();
    const writes: (readonly StateChange[])[] = [];
    const state: State = {
      ...memory,
      get: (key) => memory.get(key),
      list: (prefix) => memory.list(prefix),
      close: () => memory.close(),
      async write(changes) {
        if (refuse.now) throw new Error('full');
        writes.push(changes);
        await memory.write(changes);
      },
    };
    const clock = new FakeClock();
    return { memory, state, writes, clock, uses: createLastUsed({ state, clock, logger: silentLogger }) };
  }

  it('are known at once and written together, once a minute', async () => {
    const { memory, writes, clock, uses } = setup();
    await memory.write([{ put: keys.accessKey('AKIA1'), value: {} }]);
    for (let i = 0; i < 1000; i++) uses.keyUsed('AKIA1', { service: 's3', region: 'eu-west-1' });
    uses.keyUsed('AKIAGONE', { service: 's3', region: 'eu-west-1' });
    const use = { usedMs: clock.now(), service: 's3', region: 'eu-west-1' };
    expect(await uses.useOfKey('AKIA1')).toEqual(use);
    expect(writes).toEqual([]);
    await clock.advance(60_000);
    await uses.close();
    expect(writes).toEqual([[{ put: keys.keyUse('AKIA1'), value: use }]]);
    expect(await uses.useOfKey('AKIA1')).toEqual(use);
    expect(await uses.useOfKey('AKIAGONE')).toBeUndefined();
  });

  it('that could not be written are written later', async () => {
    const refuse = { now: true };
    const { memory, clock, uses } = setup(refuse);
    await memory.write([{ put: keys.role(ACCOUNT, 'R'), value: {} }]);
    uses.roleUsed(ACCOUNT, 'r', 'us-east-1');
    await clock.advance(60_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await uses.useOfRole(ACCOUNT, 'R')).toMatchObject({ region: 'us-east-1' });
    expect(await memory.get(keys.roleUse(ACCOUNT, 'R'))).toBeUndefined();
    refuse.now = false;
    await uses.close();
    expect((await memory.get(keys.roleUse(ACCOUNT, 'R')))!.value).toMatchObject({ region: 'us-east-1' });
  });
});
