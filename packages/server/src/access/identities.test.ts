import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { memoryState } from '../ports/state/memory.ts';
import type { State } from '../ports/state.ts';
import { canonicalUserId } from './caller.ts';
import { keys } from './iam/entities.ts';
import { type AccountKeys, bootstrapAccount, createIdentities, type IdentitiesDeps } from './identities.ts';
import { createSealer } from './sealed-secrets.ts';

const ACCOUNT = '123456789012';
let state: State;
let deps: IdentitiesDeps;
beforeEach(() => {
  state = memoryState();
  const random = seededRandom('identities');
  deps = { state, random, clock: new FakeClock(), sealer: createSealer(Buffer.alloc(32, 1), random) };
});

describe('identities', () => {
  it('begin with an account, its administrator and its root', async () => {
    await bootstrapAccount(deps, ACCOUNT);
    const { findAccessKey, accountKeys } = createIdentities(deps);
    const [{ administrator, root } = {} as never] = await accountKeys();
    expect(administrator!.accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
    expect(administrator!.secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/);
    expect(await findAccessKey(administrator!.accessKeyId)).toEqual({
      active: true,
      secretAccessKey: administrator!.secretAccessKey,
      caller: {
        anonymous: false,
        accountId: ACCOUNT,
        arn: `arn:aws:iam::${ACCOUNT}:user/opentrail`,
        identity: {
          type: 'IAMUser',
          principalId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
          arn: `arn:aws:iam::${ACCOUNT}:user/opentrail`,
          accountId: ACCOUNT,
          accessKeyId: administrator!.accessKeyId,
          userName: 'opentrail',
        },
        principal: { kind: 'user', name: 'opentrail' },
      },
    });
    const known = await findAccessKey(root!.accessKeyId);
    expect(JSON.stringify(known!.caller.identity)).toBe(
      `{"type":"Root","principalId":"${ACCOUNT}","arn":"arn:aws:iam::${ACCOUNT}:root","accountId":"${ACCOUNT}","accessKeyId":"${root!.accessKeyId}"}`,
    );
  });

  it('stay as they are at every later start', async () => {
    await bootstrapAccount(deps, ACCOUNT);
    const before = await createIdentities(deps).accountKeys();
    await bootstrapAccount(deps, ACCOUNT);
    expect(await createIdentities(deps).accountKeys()).toEqual(before);
  });

  it('make an account once, whoever asks at the same time', async () => {
    const told: AccountKeys[] = [];
    const { accounts, findAccessKey } = createIdentities({ ...deps, onCreated: (keys) => void told.push(keys) });
    const made = (await Promise.all([1, 2, 3].map(() => accounts.create('999999999999')))).filter(
      (m) => m !== undefined,
    );
    expect(made).toHaveLength(1);
    expect(told).toMatchObject([{ accountId: '999999999999', administrator: { accessKeyId: made[0]!.accessKeyId } }]);
    expect((await findAccessKey(made[0]!.accessKeyId))!.caller.accountId).toBe('999999999999');
    expect(await accounts.list()).toEqual(['999999999999']);
    expect([await accounts.has('999999999999'), await accounts.has(ACCOUNT)]).toEqual([true, false]);
  });

  it('do not know a key that nobody has, or whose user is gone', async () => {
    await bootstrapAccount(deps, ACCOUNT);
    const { findAccessKey, accountKeys } = createIdentities(deps);
    expect(await findAccessKey('AKIAIOSFODNN7EXAMPLE')).toBeUndefined();
    expect(await findAccessKey('constructor')).toBeUndefined();
    const [{ administrator } = {} as never] = await accountKeys();
    await state.write([{ delete: `identity/${ACCOUNT}/user/opentrail` }]);
    expect(await findAccessKey(administrator!.accessKeyId)).toBeUndefined();
  });

  it('keep no secret in clear, and seal those of earlier builds', async () => {
    const created = { createdMs: 1, active: true, accountId: ACCOUNT };
    const old = 'A'.repeat(40);
    await state.write([
      { put: `account/${ACCOUNT}`, value: { createdMs: 1 } },
      {
        put: `identity/${ACCOUNT}/user/opentrail`,
        value: {
          userName: 'opentrail',
          userId: 'AIDAX',
          arn: `arn:aws:iam::${ACCOUNT}:user/opentrail`,
          createdMs: 1,
        },
      },
      { put: 'access-key/AKIAUSER', value: { ...created, userName: 'opentrail', secretAccessKey: old } },
      { put: 'access-key/AKIAROOT', value: { ...created, secretAccessKey: old } },
    ]);
    await bootstrapAccount(deps, ACCOUNT);
    const identities = createIdentities(deps);
    const secretAccessKey = old;
    expect(await identities.accountKeys()).toEqual([
      {
        accountId: ACCOUNT,
        administrator: { accessKeyId: 'AKIAUSER', secretAccessKey },
        root: { accessKeyId: 'AKIAROOT', secretAccessKey },
      },
    ]);
    await identities.accounts.create('999999999999');
    const all = JSON.stringify(await state.list(''));
    expect(all).not.toContain(old);
    for (const { administrator, root } of await identities.accountKeys()) {
      expect(all).not.toContain(administrator!.secretAccessKey);
      expect(all).not.toContain(root!.secretAccessKey);
    }
    const user = await state.get(keys.user(ACCOUNT, 'opentrail'));
    expect(user!.value).toMatchObject({
      userId: 'AIDAX',
      attached: ['arn:aws:iam::aws:policy/AdministratorAccess'],
      accessKeyIds: ['AKIAUSER'],
    });
    const before = await state.list('');
    await bootstrapAccount(deps, ACCOUNT);
    expect(await state.list('')).toEqual(before);
  });

  it('say so when the sealing key is another', async () => {
    await bootstrapAccount(deps, ACCOUNT);
    const other = createIdentities({ ...deps, sealer: createSealer(Buffer.alloc(32, 2), deps.random) });
    await expect(other.accountKeys()).rejects.toThrow(/sealing key is not the one/);
    const [{ root } = {} as never] = await createIdentities(deps).accountKeys();
    expect(await other.findAccessKey(root!.accessKeyId)).toBeUndefined();
  });

  it('have a canonical id for ACLs', () => {
    expect(canonicalUserId(ACCOUNT)).toMatch(/^[0-9a-f]{64}$/);
    expect(canonicalUserId(ACCOUNT)).toBe(canonicalUserId(ACCOUNT));
    expect(canonicalUserId(ACCOUNT)).not.toBe(canonicalUserId('999999999999'));
  });
});
