import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { memoryState } from '../ports/state/memory.ts';
import type { State } from '../ports/state.ts';
import { canonicalUserId } from './caller.ts';
import { type AccountKeys, bootstrapAccount, createIdentities, type IdentitiesDeps } from './identities.ts';

const ACCOUNT = '123456789012';
let state: State;
let deps: IdentitiesDeps;
beforeEach(() => {
  state = memoryState();
  deps = { state, random: seededRandom('identities'), clock: new FakeClock() };
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

  it('have a canonical id for ACLs', () => {
    expect(canonicalUserId(ACCOUNT)).toMatch(/^[0-9a-f]{64}$/);
    expect(canonicalUserId(ACCOUNT)).toBe(canonicalUserId(ACCOUNT));
    expect(canonicalUserId(ACCOUNT)).not.toBe(canonicalUserId('999999999999'));
  });
});
