import { expect, test } from 'vitest';
import { createSealer } from '../access/sealed-secrets.ts';
import { FakeClock } from '../base/clock.ts';
import { Pushback } from '../base/errors.ts';
import { seededRandom } from '../base/random.ts';
import { memoryState } from '../ports/state/memory.ts';
import type { State, StateChange } from '../ports/state.ts';
import { csrfToken, type NewSession, openConsoleSessions, SESSION_MS } from './sessions.ts';

const HOUR = 3_600_000;

async function world() {
  const state = memoryState();
  const clock = new FakeClock();
  const random = seededRandom('sessions');
  const sealer = createSealer(Buffer.alloc(32, 7), random);
  const open = (given = { state, sealer, clock, random }) => openConsoleSessions(given);
  const begun = (owner = 'bob'): NewSession => ({
    owner,
    credentials: { accessKeyId: 'ASIASECRETKEYID', sessionToken: 'the-token' },
    ground: { kind: 'key', accessKeyId: 'AKIAONE' },
    expiresMs: clock.now() + SESSION_MS,
  });
  return { state, clock, random, sealer, open, begun };
}

test('a session is found by its cookie until its time is over, also by another process', async () => {
  const { open, clock, begun } = await world();
  const sessions = await open();
  const cookie = await sessions.start(begun());
  expect(cookie).toMatch(/^[\w-]{43}$/);
  expect(sessions.find(cookie)).toMatchObject({ owner: 'bob' });
  expect((await open()).find(cookie)).toMatchObject({ owner: 'bob', ground: { accessKeyId: 'AKIAONE' } });
  await clock.advance(SESSION_MS - 1);
  expect(sessions.find(cookie)).toBeDefined();
  await clock.advance(1);
  expect(sessions.find(cookie)).toBeUndefined();
  expect((await open()).find(cookie)).toBeUndefined();
});

test('State holds neither the cookie nor the credentials', async () => {
  const { open, state, begun } = await world();
  const cookie = await (await open()).start(begun());
  const kept = JSON.stringify(await state.list(''));
  expect(kept).toContain('console-session/');
  for (const secret of [cookie, 'ASIASECRETKEYID', 'the-token', 'bob']) expect(kept).not.toContain(secret);
});

test('a copy of one entry under the name of another opens nothing', async () => {
  const { open, state, begun } = await world();
  const sessions = await open();
  const [mine, victims] = [await sessions.start(begun('mallory')), await sessions.start(begun('root'))];
  const entries = await state.list('console-session/');
  const sealed = new Map(entries.map(({ key, value }) => [key, value]));
  const [one, other] = [...sealed.keys()];
  await state.write([
    { put: one!, value: sealed.get(other!) },
    { put: other!, value: sealed.get(one!) },
  ]);
  const again = await open();
  expect(again.find(mine)).toBeUndefined();
  expect(again.find(victims)).toBeUndefined();
  expect(await state.list('console-session/')).toEqual([]); // what does not open is dropped
});

test('no jump of the clock makes a session last', async () => {
  const { open, clock, begun } = await world();
  const sessions = await open();
  const back = await sessions.start(begun());
  await clock.advance(6 * HOUR);
  clock.jump(-5 * HOUR); // still after its beginning
  expect(sessions.find(back)).toBeDefined();
  await clock.advance(6 * HOUR); // 12 hours in all, though the clock says 7
  expect(sessions.find(back)).toBeUndefined();

  const second = await sessions.start(begun());
  clock.jump(-HOUR); // before its beginning
  expect(sessions.find(second)).toBeUndefined();
  expect((await open()).find(second)).toBeUndefined();
  clock.jump(HOUR);
  clock.jump(20 * HOUR);
  expect(sessions.find(second)).toBeUndefined();
});

test('an ended session stays ended, also after a restart', async () => {
  const { open, begun } = await world();
  const sessions = await open();
  const cookie = await sessions.start(begun());
  const session = sessions.find(cookie)!;
  await sessions.end(session);
  expect(sessions.find(cookie)).toBeUndefined();
  expect(await sessions.setRole(session, undefined)).toBeUndefined();
  expect((await open()).find(cookie)).toBeUndefined();
});

test('a switch of roles gives another CSRF token, and of two at once one is told', async () => {
  const { open, begun, clock } = await world();
  const sessions = await open();
  const cookie = await sessions.start(begun());
  const before = sessions.find(cookie)!;
  const role = {
    credentials: { accessKeyId: 'ASIAROLE', sessionToken: 't' },
    roleArn: 'arn:aws:iam::123456789012:role/a',
    expiresMs: clock.now() + HOUR,
  };
  const after = (await sessions.setRole(before, role))!;
  expect(csrfToken(cookie, after)).not.toBe(csrfToken(cookie, before));
  expect(sessions.isCurrent(before)).toBe(false);
  expect(sessions.isCurrent(after)).toBe(true);
  expect(await sessions.setRole(before, undefined)).toBeUndefined();
  expect((await open()).find(cookie)).toMatchObject({ role: { roleArn: role.roleArn } });
  await sessions.setRole(after, undefined);
  expect((await open()).find(cookie)!.role).toBeUndefined();
});

test('one person has 25 sessions: the oldest makes room', async () => {
  const { open, begun, clock, state } = await world();
  const sessions = await open();
  const others = await sessions.start(begun('alice'));
  const cookies: string[] = [];
  for (let i = 0; i < 30; i++) {
    await clock.advance(1);
    cookies.push(await sessions.start(begun()));
  }
  expect(cookies.map((cookie) => sessions.find(cookie) !== undefined)).toEqual([
    ...Array(5).fill(false),
    ...Array(25).fill(true),
  ]);
  expect(sessions.find(others)).toBeDefined();
  expect(await state.list('console-session/')).toHaveLength(26);
  const again = await open();
  await again.start(begun());
  expect(again.find(cookies[5]!)).toBeUndefined();
  expect(again.find(cookies[6]!)).toBeDefined();
});

test('what is over is cleaned away', async () => {
  const { open, begun, clock, state } = await world();
  const sessions = await open();
  await sessions.start(begun());
  await clock.advance(SESSION_MS + HOUR);
  expect(await state.list('console-session/')).toEqual([]);
  sessions.close();
});

test('a session that ends while the disk is full stays ended, and is gone from State when there is room', async () => {
  const { open, begun, clock, state, sealer, random } = await world();
  let isFull = false;
  const write = (changes: readonly StateChange[]) =>
    isFull ? Promise.reject(new Pushback('the disk is full')) : state.write(changes);
  const full: State = { ...state, write };
  const sessions = await open({ state: full, sealer, clock, random });
  const cookie = await sessions.start(begun());
  isFull = true;
  await expect(sessions.end(sessions.find(cookie)!)).rejects.toThrow('full');
  expect(sessions.find(cookie)).toBeUndefined();
  await expect(sessions.start(begun())).rejects.toThrow('full');
  isFull = false;
  await clock.advance(HOUR);
  expect(await state.list('console-session/')).toEqual([]);
});
