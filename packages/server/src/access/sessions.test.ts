import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { createSessionKeys, mayCallIam } from './session-keys.ts';
import { accountOfSessionKey, createSessions, packedBytes, type SessionGrant } from './sessions.ts';

const KEY = Buffer.alloc(32, 9);
const ACCOUNT = '123456789012';
const clock = new FakeClock();
const sessions = createSessions(KEY, seededRandom('sessions'));
const HOUR_MS = 3_600_000;

const ROLE = {
  kind: 'role',
  roleName: 'auditor',
  roleId: 'AROAEXAMPLEEXAMPLE123',
  roleArn: `arn:aws:iam::${ACCOUNT}:role/ops/auditor`,
  sessionName: 'alice',
} as const;
const grantOf = (more: Partial<SessionGrant> = {}): SessionGrant => ({
  accountId: ACCOUNT,
  owner: ROLE,
  issuedMs: clock.now(),
  expiresMs: clock.now() + HOUR_MS,
  mfa: false,
  ...more,
});

describe('tokens', () => {
  const grants = fc.record({
    accountId: fc.stringMatching(/^\d{12}$/),
    owner: fc.constant(ROLE),
    issuedMs: fc.nat(),
    expiresMs: fc.nat(),
    mfa: fc.boolean(),
    policies: fc.array(fc.string({ maxLength: 300 }), { maxLength: 2 }),
    tags: fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), fc.string({ maxLength: 50 }), { maxKeys: 10 }),
    sourceIdentity: fc.string(),
  });

  test('give back what was granted, by any instance with the same key, and with the same secret', () => {
    fc.assert(
      fc.property(grants, (grant) => {
        const made = sessions.issue(grant);
        expect(made.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
        expect(made.secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/);
        expect(accountOfSessionKey(made.accessKeyId)).toBe(grant.accountId);
        const opened = createSessions(KEY, seededRandom('other')).open(made.accessKeyId, made.sessionToken);
        expect(opened?.grant).toEqual(JSON.parse(JSON.stringify(grant)));
        expect(opened?.secretAccessKey).toBe(made.secretAccessKey);
      }),
    );
  });

  test('are refused when changed in any character, shortened, lengthened or spelled otherwise', () => {
    const { accessKeyId, sessionToken } = sessions.issue(grantOf());
    const chars = [...'ABCabc019+/=-_ \n'];
    fc.assert(
      fc.property(fc.nat(sessionToken.length - 1), fc.constantFrom(...chars), (at, char) => {
        const changed = sessionToken.slice(0, at) + char + sessionToken.slice(at + 1);
        fc.pre(changed !== sessionToken);
        expect(sessions.open(accessKeyId, changed)).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.nat(sessionToken.length - 1), (length) => {
        expect(sessions.open(accessKeyId, sessionToken.slice(0, length))).toBeUndefined();
      }),
    );
    for (const changed of [`${sessionToken}A`, `${sessionToken}=`, ` ${sessionToken}`, 'x'.repeat(100_000)]) {
      expect(sessions.open(accessKeyId, changed)).toBeUndefined();
    }
  });

  test('open for their own access key id and under their own key alone', () => {
    const [a, b] = [sessions.issue(grantOf()), sessions.issue(grantOf())];
    expect(sessions.open(a.accessKeyId, b.sessionToken)).toBeUndefined();
    expect(sessions.open('', a.sessionToken)).toBeUndefined();
    expect(createSessions(Buffer.alloc(32, 8), seededRandom('x')).open(a.accessKeyId, a.sessionToken)).toBeUndefined();
    expect(sessions.open(a.accessKeyId, a.sessionToken)).toBeDefined();
  });

  test('stay short enough for a header with as much as may be packed into them', () => {
    const random = seededRandom('incompressible');
    const policies = [random.bytes(1000).toString('base64')];
    expect(packedBytes({ policies })).toBeLessThan(1500);
    expect(sessions.issue(grantOf({ policies })).sessionToken.length).toBeLessThan(4096);
  });

  test('carry two sessions of one id apart: the secret depends on the token', () => {
    const stuck = { bytes: (count: number) => Buffer.alloc(count, 1) };
    let salt = 0;
    const salted = { bytes: (count: number) => Buffer.alloc(count, count === 16 ? salt++ : 1) };
    const [a, b] = [createSessions(KEY, stuck).issue(grantOf()), createSessions(KEY, salted).issue(grantOf())];
    expect(a.accessKeyId).toBe(b.accessKeyId);
    expect(a.secretAccessKey).not.toBe(b.secretAccessKey);
  });
});

describe('callers', () => {
  const users = new Map([['alice', { userId: 'AIDAALICE', arn: `arn:aws:iam::${ACCOUNT}:user/team/alice` }]]);
  const roles = new Map([['auditor', { roleId: ROLE.roleId }]]);
  const policies = new Map([['arn:aws:iam::aws:policy/SecurityAudit', '{"Version":"2012-10-17"}']]);
  const find = createSessionKeys({
    sessions,
    clock,
    directory: {
      user: async (_account, name) => users.get(name),
      role: async (_account, name) => roles.get(name),
      managedPolicy: async (arn) => policies.get(arn),
    },
  });
  const callerOf = async (more: Partial<SessionGrant>) => {
    const { accessKeyId, sessionToken } = sessions.issue(grantOf(more));
    const key = await find(accessKeyId, sessionToken);
    if (typeof key === 'string') throw new Error(key);
    return { caller: key.caller, accessKeyId };
  };
  const session = { issuedMs: clock.now(), expiresMs: clock.now() + HOUR_MS, mfa: false, policies: [], tags: {} };

  test('of a role', async () => {
    const web = { federatedProvider: 'arn:aws:iam::123456789012:oidc-provider/idp.example', attributes: {} };
    const { caller, accessKeyId } = await callerOf({ sourceIdentity: 'alice', webIdFederationData: web, mfa: true });
    expect(caller).toEqual({
      anonymous: false,
      accountId: ACCOUNT,
      arn: `arn:aws:sts::${ACCOUNT}:assumed-role/auditor/alice`,
      identity: {
        type: 'AssumedRole',
        principalId: `${ROLE.roleId}:alice`,
        arn: `arn:aws:sts::${ACCOUNT}:assumed-role/auditor/alice`,
        accountId: ACCOUNT,
        accessKeyId,
        sessionContext: {
          sessionIssuer: {
            type: 'Role',
            principalId: ROLE.roleId,
            arn: ROLE.roleArn,
            accountId: ACCOUNT,
            userName: 'auditor',
          },
          webIdFederationData: web,
          attributes: { creationDate: '2026-01-01T00:00:00Z', mfaAuthenticated: 'true' },
          sourceIdentity: 'alice',
        },
      },
      principal: {
        kind: 'role',
        name: 'auditor',
        session: {
          ...session,
          mfa: true,
          sourceIdentity: 'alice',
          externalProvider: web.federatedProvider,
          sessionName: 'alice',
        },
      },
    });
  });

  test('of a user, of root, and of a federated user', async () => {
    const user = { kind: 'user', userName: 'alice', userId: 'AIDAALICE' } as const;
    const own = await callerOf({ owner: user });
    expect(own.caller.identity).toMatchObject({ type: 'IAMUser', arn: users.get('alice')!.arn, userName: 'alice' });
    expect(own.caller.identity.sessionContext).toEqual({
      attributes: { creationDate: '2026-01-01T00:00:00Z', mfaAuthenticated: 'false' },
    });
    expect(own.caller.principal).toEqual({ kind: 'user', name: 'alice', session });

    const root = await callerOf({ owner: { kind: 'root' } });
    expect(root.caller.identity).toMatchObject({ type: 'Root', principalId: ACCOUNT });
    expect(root.caller.principal).toEqual({ kind: 'root', session });

    const federated = await callerOf({ owner: { kind: 'federated', name: 'bob', issuer: user } });
    expect(federated.caller.identity).toMatchObject({
      type: 'FederatedUser',
      principalId: `${ACCOUNT}:bob`,
      arn: `arn:aws:sts::${ACCOUNT}:federated-user/bob`,
      sessionContext: { sessionIssuer: { type: 'IAMUser', principalId: 'AIDAALICE', userName: 'alice' } },
    });
    expect(federated.caller.principal).toMatchObject({ kind: 'federated', name: 'alice' });
    expect(federated.caller.principal.session!.policies).toEqual([expect.stringContaining('"NotAction":"*"')]);
  });

  test('whose role or user is gone, or has been made anew, may do nothing', async () => {
    const gone = await callerOf({ owner: { ...ROLE, roleName: 'gone' } });
    const other = await callerOf({ owner: { ...ROLE, roleId: 'AROAOTHER' } });
    const user = await callerOf({ owner: { kind: 'user', userName: 'alice', userId: 'AIDAFORMER' } });
    for (const { caller } of [gone, other, user]) expect(caller.principal).toMatchObject({ name: '', gone: true });
    expect(user.caller.identity.principalId).toBe('AIDAFORMER');
  });

  test('may call IAM as roles, or with a second factor', async () => {
    const user = { kind: 'user', userName: 'alice', userId: 'AIDAALICE' } as const;
    const may = async (more: Partial<SessionGrant>) => mayCallIam((await callerOf(more)).caller.principal);
    expect(await may({})).toBe(true);
    expect(await may({ owner: user })).toBe(false);
    expect(await may({ owner: user, mfa: true })).toBe(true);
    expect(await may({ owner: { kind: 'root' } })).toBe(false);
    expect(await may({ owner: { kind: 'federated', name: 'bob', issuer: user }, mfa: true })).toBe(false);
    expect(mayCallIam({ kind: 'user', name: 'alice' })).toBe(true);
  });

  test('are limited by managed policies as they are now, and by one that is gone to nothing', async () => {
    const arns = ['arn:aws:iam::aws:policy/SecurityAudit', `arn:aws:iam::${ACCOUNT}:policy/gone`];
    const { caller } = await callerOf({ policies: ['{}'], policyArns: arns });
    expect(caller.principal.session!.policies).toEqual([
      '{}',
      '{"Version":"2012-10-17"}',
      expect.stringContaining('"NotAction":"*"'),
    ]);
  });

  test('are refused without their token, with another, and from the moment they expire on', async () => {
    const [a, b] = [sessions.issue(grantOf()), sessions.issue(grantOf())];
    expect(await find(a.accessKeyId, undefined)).toBe('unknown-key');
    expect(await find(a.accessKeyId, b.sessionToken)).toBe('bad-token');
    await clock.advance(HOUR_MS - 1);
    expect(await find(a.accessKeyId, a.sessionToken)).toMatchObject({ active: true });
    await clock.advance(1);
    expect(await find(a.accessKeyId, a.sessionToken)).toBe('expired-token');
    clock.jump(-HOUR_MS); // for the others
  });
});
