import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { Pushback } from '../base/errors.ts';
import { createLogger, silentLogger } from '../base/logger.ts';
import { seededRandom } from '../base/random.ts';
import { openState } from '../ports/state/journal.ts';
import { memoryState } from '../ports/state/memory.ts';
import type { State } from '../ports/state.ts';
import { type DirectoryOptions, openDirectory } from './directory.ts';
import type { KeyOwner, KeySession, KnownKey } from './known-keys.ts';
import type { LearnedFact } from './learned-facts.ts';

const dirs: string[] = [];
const newDir = () => {
  dirs.push(mkdtempSync(join(tmpdir(), 'opentrail-directory-')));
  return dirs.at(-1)!;
};
afterAll(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
});

const HOUR = 3_600_000;
const A = '111111111111';
const B = '222222222222';

async function open(options: Partial<DirectoryOptions> = {}) {
  const clock = new FakeClock();
  const state = options.state ?? memoryState();
  const directory = await openDirectory({
    state,
    clock,
    random: seededRandom('directory'),
    logger: silentLogger,
    sealingKey: Buffer.alloc(32, 9),
    unknownAccountId: '000000000000',
    ...options,
  });
  return { directory, clock: (options.clock ?? clock) as FakeClock, state };
}

const user = (accountId: string, userName: string, userId: string): LearnedFact => ({
  fact: 'user',
  accountId,
  userName,
  user: { userId, arn: `arn:aws:iam::${accountId}:user/team/${userName}` },
});
const key = (accessKeyId: string, accountId: string, owner: KeyOwner, extra: Partial<KnownKey> = {}): LearnedFact => ({
  fact: 'key',
  accessKeyId,
  key: { accountId, owner, source: 'issued', active: true, ...extra },
});
const session = (accessKeyId: string, expiresMs: number, extra: Partial<KeySession> = {}): LearnedFact =>
  key(
    accessKeyId,
    A,
    { kind: 'role', roleName: 'R', roleId: 'AROAR', principalId: 'AROAR:s', arn: `arn:aws:sts::${A}:assumed-role/R/s` },
    { secretAccessKey: 'sessionsecret', session: { expiresMs, createdMs: 0, ...extra } },
  );
const bob: KeyOwner = { kind: 'user', userName: 'bob' };

test('a user of the same name in two accounts is two users', async () => {
  const { directory } = await open();
  await directory.learn(user(A, 'bob', 'AIDAA'), user(B, 'bob', 'AIDAB'), key('AKIAA', A, bob), key('AKIAB', B, bob));
  expect(directory.find('AKIAA')?.identity).toEqual({
    type: 'IAMUser',
    principalId: 'AIDAA',
    arn: `arn:aws:iam::${A}:user/team/bob`,
    accountId: A,
    accessKeyId: 'AKIAA',
    userName: 'bob',
  });
  expect(directory.find('AKIAB')).toMatchObject({ accountId: B, identity: { principalId: 'AIDAB' } });
  await directory.learn({ fact: 'user-gone', accountId: A, userName: 'BOB' });
  expect(directory.find('AKIAA')).toBeUndefined();
  expect(directory.find('AKIAB')).toBeDefined();
});

test('a renamed user keeps keys and id', async () => {
  const { directory } = await open();
  await directory.learn(key('AKIAA', A, bob), user(A, 'bob', 'AIDAA'));
  await directory.learn({ fact: 'user-renamed', accountId: A, userName: 'bob', newUserName: 'rob' });
  const arn = `arn:aws:iam::${A}:user/team/rob`;
  expect(directory.find('AKIAA')?.identity).toMatchObject({ principalId: 'AIDAA', userName: 'rob', arn });
  await directory.learn(user(A, 'bob', 'AIDANEW'));
  expect(directory.find('AKIAA')?.identity).toMatchObject({ principalId: 'AIDAA', userName: 'rob', arn });
});

describe('who may change what is known of a key', () => {
  const seen = { source: 'seen' as const };
  const mallory: KeyOwner = { kind: 'user', userName: 'mallory' };

  test('what an answer merely tells changes neither account nor owner of a key that was handed out', async () => {
    const { directory } = await open();
    await directory.learn(key('AKIAA', A, bob));
    await directory.learn(key('AKIAA', B, bob, seen), key('AKIAA', A, mallory, seen));
    expect(directory.find('AKIAA')).toMatchObject({ accountId: A, owner: bob });
    await directory.learn(key('AKIAX', A, bob, seen));
    await directory.learn(key('AKIAX', B, mallory, seen));
    expect(directory.find('AKIAX')).toMatchObject({ accountId: A, owner: bob });
    await directory.learn(key('AKIAX', B, mallory));
    expect(directory.find('AKIAX')).toMatchObject({ accountId: B, owner: mallory });
  });

  test('a session never takes the place of a long-term key', async () => {
    const { directory, clock } = await open();
    await directory.learn(key('AKIAA', A, bob, { secretAccessKey: 'x' }));
    await directory.learn(session('AKIAA', clock.now() + HOUR));
    expect(directory.find('AKIAA')).toMatchObject({ owner: bob, secretAccessKey: 'x' });
  });

  test('status and deletion hold in the key’s own account, for its own user', async () => {
    const { directory } = await open();
    await directory.learn(key('AKIAA', A, bob));
    const wrong = [
      { accessKeyId: 'AKIAA', accountId: B, owner: bob },
      { accessKeyId: 'AKIAA', accountId: A, owner: mallory },
    ];
    for (const of of wrong) {
      await directory.learn({ fact: 'key-status', ...of, active: false }, { fact: 'key-gone', ...of });
    }
    expect(directory.find('AKIAA')?.active).toBe(true);
    await directory.learn({ fact: 'key-status', accessKeyId: 'AKIAA', accountId: A, owner: bob, active: false });
    expect(directory.find('AKIAA')?.active).toBe(false);
    await directory.learn({ fact: 'key-gone', accessKeyId: 'AKIAA', accountId: A, owner: undefined });
    expect(directory.find('AKIAA')).toBeUndefined();
  });
});

test('everything is there after a restart, and no secret is on disk in clear', async () => {
  const dir = newDir();
  const clock = new FakeClock();
  const state = await openState({ dir, logger: silentLogger });
  const { directory } = await open({ state, clock });
  const secretAccessKey = 'wJalrXUtnFEMIbPxRfiCYSECRETKEY';
  await directory.learn(
    user(A, 'bob', 'AIDAA'),
    key('AKIAA', A, bob, { secretAccessKey }),
    session('ASIAA', clock.now() + HOUR, { tokenSha256: 'abcd', sourceIdentity: 'carol' }),
  );
  const before = [directory.find('AKIAA'), directory.find('ASIAA')];
  expect(before.every(Boolean)).toBe(true);
  await directory.close();
  await state.close();

  const bytes = readdirSync(dir)
    .map((name) => readFileSync(join(dir, name), 'latin1'))
    .join('');
  for (const secret of [secretAccessKey, 'sessionsecret', Buffer.from(secretAccessKey).toString('base64'), 'carol']) {
    expect(bytes).not.toContain(secret);
  }
  const again = await openState({ dir, logger: silentLogger });
  const { directory: second } = await open({ state: again, clock });
  expect([second.find('AKIAA'), second.find('ASIAA')]).toEqual(before);
  await second.close();
  await expect(open({ state: again, sealingKey: Buffer.alloc(32, 1) })).rejects.toThrow(/sealed with another key/);
  const { directory: third } = await open({ state: again, sealingKey: Buffer.alloc(32, 1), forgetUnreadable: true });
  expect(third.find('AKIAA')).toBeUndefined();
  await third.close();
  await open({ state: again, sealingKey: Buffer.alloc(32, 1) });
  await again.close();
});

test('a session is shown for an hour after its end, then forgotten, in State as well', async () => {
  const { directory, clock, state } = await open();
  await directory.learn(session('ASIAA', clock.now() + HOUR), session('ASIAB', clock.now() + 1000 * HOUR));
  await clock.advance(1.9 * HOUR);
  expect(directory.find('ASIAA')).toBeDefined();
  await clock.advance(0.2 * HOUR);
  expect(directory.find('ASIAA')).toBeUndefined();
  await clock.advance(38 * HOUR); // none lasts longer than STS gives
  expect(directory.find('ASIAB')).toBeUndefined();
  expect(await state.list('gateway/session/')).toEqual([]);
  await directory.close();
});

test('a clock that leaps ahead forgets nobody', async () => {
  const { directory, clock } = await open();
  await directory.learn(session('ASIAA', clock.now() + HOUR));
  clock.jump(1000 * HOUR);
  await clock.advance(61_000);
  expect(directory.find('ASIAA')).toBeDefined();
});

test('there are never more sessions than the limit: the one that ends first goes', async () => {
  const { directory, clock, state } = await open({ sessionsMax: 3 });
  const hours = [4, 1, 3, 2, 5];
  for (const h of hours) await directory.learn(session(`ASIA${h}`, clock.now() + h * HOUR));
  expect(hours.filter((h) => directory.find(`ASIA${h}`)).sort()).toEqual([3, 4, 5]);
  expect(await state.list('gateway/session/')).toHaveLength(3);
});

test('what a full disk refused is known, told to the caller, and written with the next fact', async () => {
  const inner = memoryState();
  let full = true;
  let writes = 0;
  const state: State = {
    ...inner,
    write: async (changes) => {
      if (full) throw new Pushback('the disk is full');
      writes++;
      await inner.write(changes);
    },
  };
  const { directory } = await open({ state });
  await expect(directory.learn(key('AKIAA', A, bob))).rejects.toThrow(Pushback);
  expect(directory.find('AKIAA')).toBeDefined();
  full = false;
  await directory.learn(key('AKIAB', A, bob));
  expect((await inner.list('gateway/key/')).map((e) => e.key)).toEqual(['gateway/key/AKIAA', 'gateway/key/AKIAB']);
  const before = writes;
  await directory.learn(key('AKIAB', A, bob)); // nothing new, nothing to write
  expect(writes).toBe(before);
});

test('log lines about keys hold no secret', async () => {
  const lines: string[] = [];
  const logger = createLogger('debug', { write: (line: string) => void lines.push(line) });
  const { directory } = await open({ logger });
  await directory.learn(key('AKIAA', A, bob, { secretAccessKey: 'topsecret' }));
  await directory.learn(key('AKIAA', B, bob, { source: 'seen', secretAccessKey: 'topsecret2' }));
  expect(lines.join('')).toMatch(/contradicts/);
  expect(lines.join('')).not.toMatch(/topsecret/);
});

test('names that are too long to be any are left out, and harm no others', async () => {
  const { directory } = await open();
  await directory.learn(user(A, 'x'.repeat(600), 'AIDAX'), user(A, 'bob', 'AIDAA'), key('AKIAA', A, bob));
  expect(directory.find('AKIAA')?.identity.principalId).toBe('AIDAA');
});
