import { describe, expect, test } from 'vitest';
import { totpCode, totpStep } from '../../access/totp.ts';
import { seededRandom } from '../../base/random.ts';
import { ACCOUNT, arnOfRole, arnOfUser, harness, mfaOf, OTHER, SEED, trusting } from './testing/harness.ts';

const AS = { RoleSessionName: 'session' };
const ROOT_OF = (accountId: string) => ({ AWS: `arn:aws:iam::${accountId}:root` });

describe('AssumeRole', () => {
  test('whom the trust policy names itself needs no other permission in its account', async () => {
    const sts = harness();
    const RoleArn = sts.role('auditor', trusting({ AWS: arnOfUser('alice') }));
    const made = await sts.call(sts.user('alice'), 'AssumeRole', { RoleArn, ...AS });
    expect(made).toEqual({
      Credentials: {
        AccessKeyId: expect.stringMatching(/^ASIA/),
        SecretAccessKey: expect.any(String),
        SessionToken: expect.any(String),
        Expiration: new Date(sts.clock.now() + 3_600_000),
      },
      AssumedRoleUser: {
        AssumedRoleId: 'AROAAUDITOR:session',
        Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/auditor/session`,
      },
    });
    expect(await sts.call(await sts.callerOf(made), 'GetCallerIdentity')).toEqual({
      UserId: 'AROAAUDITOR:session',
      Account: ACCOUNT,
      Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/auditor/session`,
    });
  });

  test("where it names the account, or the caller is another account's, the caller needs permission too", async () => {
    const sts = harness();
    const RoleArn = sts.role('auditor', trusting(ROOT_OF(ACCOUNT)));
    const foreign = sts.role('foreign', trusting({ AWS: arnOfUser('alice') }), { accountId: OTHER });
    const alice = sts.user('alice');
    for (const arn of [RoleArn, foreign]) {
      expect(await sts.refused(alice, 'AssumeRole', { RoleArn: arn, ...AS })).toMatch(
        /^AccessDenied: User: arn:aws:iam::123456789012:user\/alice is not authorized to perform: sts:AssumeRole on resource: arn/,
      );
    }
    const gone = arnOfRole('gone', OTHER);
    const saidOf = async (arn: string) =>
      (await sts.refused(alice, 'AssumeRole', { RoleArn: arn, ...AS })).replace(arn, '');
    expect(await saidOf(foreign)).toBe(await saidOf(gone)); // nobody learns what another account has
    sts.allow(arnOfUser('alice'), 'sts:AssumeRole');
    await sts.call(alice, 'AssumeRole', { RoleArn, ...AS });
    await sts.call(alice, 'AssumeRole', { RoleArn: foreign, ...AS });
  });

  test('permission alone opens no role', async () => {
    const sts = harness();
    const RoleArn = sts.role('auditor', trusting({ AWS: arnOfUser('bob') }));
    sts.allow(arnOfUser('alice'), '*');
    expect(await sts.refused(sts.user('alice'), 'AssumeRole', { RoleArn, ...AS })).toContain('AccessDenied');
  });

  test('roles that are not there, other paths, root and federated users are refused alike', async () => {
    const sts = harness();
    sts.allow(arnOfUser('alice'), '*');
    const RoleArn = sts.role('auditor', trusting({ AWS: '*' }));
    for (const arn of [arnOfRole('nobody'), RoleArn.replace('role/', 'role/ops/'), 'arn:aws:iam::x:role/strange']) {
      expect(await sts.refused(sts.user('alice'), 'AssumeRole', { RoleArn: arn, ...AS })).toBe(
        `AccessDenied: User: ${arnOfUser('alice')} is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
      );
    }
    expect(await sts.refused(sts.root(), 'AssumeRole', { RoleArn, ...AS })).toBe(
      'AccessDenied: Roles may not be assumed by root accounts.',
    );
    const federated = await sts.callerOf(await sts.call(sts.user('alice'), 'GetFederationToken', { Name: 'guest' }));
    expect(await sts.refused(federated, 'AssumeRole', { RoleArn, ...AS })).toContain('AccessDenied');
  });

  test.each([
    ['sts:ExternalId', { ExternalId: 'right' }, { ExternalId: 'wrong' }],
    ['sts:RoleSessionName', { RoleSessionName: 'right' }, { RoleSessionName: 'wrong' }],
    ['sts:SourceIdentity', { SourceIdentity: 'right' }, {}],
    [
      'aws:RequestTag/Project',
      { Tags: [{ Key: 'Project', Value: 'right' }] },
      { Tags: [{ Key: 'Project', Value: 'x' }] },
    ],
    ['aws:TagKeys', { Tags: [{ Key: 'right', Value: '' }] }, { Tags: [{ Key: 'wrong', Value: '' }] }],
    [
      'sts:TransitiveTagKeys',
      { Tags: [{ Key: 'right', Value: '' }], TransitiveTagKeys: ['right'] },
      { Tags: [{ Key: 'right', Value: '' }] },
    ],
  ])('a trust policy may ask for %s', async (key, right, wrong) => {
    const sts = harness();
    const Condition = { 'ForAnyValue:StringEquals': { [key]: 'right' } };
    const RoleArn = sts.role('auditor', trusting({ AWS: arnOfUser('alice') }, { Condition }));
    await sts.call(sts.user('alice'), 'AssumeRole', { RoleArn, ...AS, ...right });
    expect(await sts.refused(sts.user('alice'), 'AssumeRole', { RoleArn, ...AS, ...wrong })).toContain('AccessDenied');
  });

  test('tags and source identity need the trust policy to allow them by name', async () => {
    const sts = harness();
    const RoleArn = sts.role('plain', trusting({ AWS: arnOfUser('alice') }, { Action: 'sts:AssumeRole' }));
    await sts.call(sts.user('alice'), 'AssumeRole', { RoleArn, ...AS });
    const tagged = { RoleArn, ...AS, Tags: [{ Key: 'a', Value: 'b' }] };
    expect(await sts.refused(sts.user('alice'), 'AssumeRole', tagged)).toContain('perform: sts:TagSession on');
    const named = { RoleArn, ...AS, SourceIdentity: 'alice' };
    expect(await sts.refused(sts.user('alice'), 'AssumeRole', named)).toContain('perform: sts:SetSourceIdentity on');
  });

  test('a chain lasts an hour, keeps source identity and transitive tags, and lets nobody change them', async () => {
    const sts = harness();
    const first = sts.role('first', trusting({ AWS: arnOfUser('alice') }), { maxSessionSeconds: 43_200 });
    const RoleArn = sts.role('second', trusting({ AWS: first }), { maxSessionSeconds: 43_200 });
    const session = await sts.callerOf(
      await sts.call(sts.user('alice'), 'AssumeRole', {
        RoleArn: first,
        ...AS,
        DurationSeconds: 43_200,
        SourceIdentity: 'alice',
        Tags: [
          { Key: 'Team', Value: 'red' },
          { Key: 'Floor', Value: '3' },
        ],
        TransitiveTagKeys: ['team'],
      }),
    );
    const chained = await sts.callerOf(
      await sts.call(session, 'AssumeRole', { RoleArn, ...AS, Tags: [{ Key: 'Floor', Value: '4' }] }),
    );
    expect(chained.principal.session).toMatchObject({
      tags: { Team: 'red', Floor: '4' },
      transitiveTagKeys: ['team'],
      sourceIdentity: 'alice',
      chained: true,
      expiresMs: sts.clock.now() + 3_600_000,
    });
    const refused = (more: object) => sts.refused(session, 'AssumeRole', { RoleArn, ...AS, ...more });
    expect(await refused({ DurationSeconds: 3601 })).toBe(
      'ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
    expect(await refused({ SourceIdentity: 'bob' })).toBe(
      'ValidationError: The source identity is already set for this assume role session',
    );
    expect(await refused({ Tags: [{ Key: 'TEAM', Value: 'blue' }] })).toMatch(
      /^InvalidParameterValue: .*conflicts with/,
    );
    await sts.call(session, 'AssumeRole', { RoleArn, ...AS, SourceIdentity: 'alice' });
  });

  test('no longer than the role allows', async () => {
    const sts = harness();
    const RoleArn = sts.role('auditor', trusting({ AWS: '*' }), { maxSessionSeconds: 7200 });
    const assume = (DurationSeconds?: number) => ({ RoleArn, ...AS, ...(DurationSeconds && { DurationSeconds }) });
    const { Credentials } = await sts.call(sts.user('alice'), 'AssumeRole', assume(7200));
    expect(Credentials.Expiration).toEqual(new Date(sts.clock.now() + 7_200_000));
    expect(await sts.refused(sts.user('alice'), 'AssumeRole', assume(7201))).toBe(
      'ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
    expect(await sts.refused(sts.user('alice'), 'AssumeRole', assume(899))).toBe(
      "ValidationError: 1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    );
  });

  test('session policies: what is none, what is unknown, and what takes too much room is refused', async () => {
    const sts = harness();
    const RoleArn = sts.role('auditor', trusting({ AWS: '*' }));
    const refused = (more: object) => sts.refused(sts.user('alice'), 'AssumeRole', { RoleArn, ...AS, ...more });
    expect(await refused({ Policy: '{"Version":' })).toMatch(/^MalformedPolicyDocument: /);
    expect(await refused({ Policy: JSON.stringify({ Statement: [] }) })).toMatch(/^MalformedPolicyDocument: /);
    expect(await refused({ Policy: 'x'.repeat(2049) })).toMatch(/^ValidationError: .*'policy'.*2048/);
    const arn = `arn:aws:iam::${ACCOUNT}:policy/gone`;
    expect(await refused({ PolicyArns: [{ arn }] })).toMatch(/^ValidationError: The specified policy ARN/);
    expect(await refused({ PolicyArns: Array.from({ length: 11 }, () => ({ arn })) })).toMatch(
      /^ValidationError: .*10/,
    );
    const random = seededRandom('tags');
    const Tags = Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: random.bytes(48).toString('base64') }));
    expect(await refused({ Tags })).toMatch(/^PackedPolicyTooLarge: Packed size of session tags consumes \d{3}% of/);
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Action: '*', Resource: '*' },
    });
    expect(await refused({ Policy, Tags })).toMatch(/^PackedPolicyTooLarge: Packed policy consumes \d{3}% of/);
    const made = await sts.call(sts.user('alice'), 'AssumeRole', { RoleArn, ...AS, Policy, Tags: Tags.slice(0, 3) });
    expect(made.PackedPolicySize).toBeGreaterThan(0);
    expect((await sts.callerOf(made)).principal.session?.policies).toEqual([Policy]);
  });

  test.each([
    [
      {
        Tags: [
          { Key: 'a', Value: '' },
          { Key: 'A', Value: '' },
        ],
      },
      'InvalidParameterValue: Duplicate tag keys',
    ],
    [{ Tags: [{ Key: 'a', Value: '' }], TransitiveTagKeys: ['b'] }, 'InvalidParameterValue: The specified transitive'],
    [{ Tags: [{ Key: 'aws:x', Value: '' }] }, 'InvalidParameterValue: '],
    [
      { Tags: [{ Key: 'a{', Value: '' }] },
      "ValidationError: 1 validation error detected: Value 'a{' at 'tags.1.member.key'",
    ],
    [{ Tags: [{ Key: 'a' }] }, "ValidationError: 1 validation error detected: Value null at 'tags.1.member.value'"],
    [{ RoleSessionName: 'with space' }, 'ValidationError: 1 validation error'],
    [{ RoleSessionName: undefined }, "ValidationError: 1 validation error detected: Value null at 'roleSessionName'"],
    [{ ExternalId: 'x', SourceIdentity: '/' }, 'ValidationError: 2 validation errors'],
  ])('refuses %j', async (more, start) => {
    const sts = harness();
    const RoleArn = sts.role('auditor', trusting({ AWS: '*' }));
    const said = await sts.refused(sts.user('alice'), 'AssumeRole', { RoleArn, ...AS, ...more });
    expect(said.slice(0, start.length)).toBe(start);
  });
});

describe('MFA', () => {
  const SerialNumber = mfaOf('alice');
  const codeAt = (timeMs: number) => totpCode(SEED, totpStep(timeMs));
  const started = () => {
    const sts = harness();
    sts.mfaDevice(SerialNumber, { userName: 'alice', seed: SEED });
    const Condition = { Bool: { 'aws:MultiFactorAuthPresent': 'true' } };
    const RoleArn = sts.role('careful', trusting({ AWS: [arnOfUser('alice'), arnOfUser('bob')] }, { Condition }));
    return { sts, RoleArn, code: () => codeAt(sts.clock.now()) };
  };

  test('a code opens a role that asks for one, and marks the session; without it the role stays shut', async () => {
    const { sts, RoleArn, code } = started();
    const alice = sts.user('alice');
    expect(await sts.refused(alice, 'AssumeRole', { RoleArn, ...AS })).toContain('AccessDenied: User');
    const made = await sts.call(alice, 'AssumeRole', { RoleArn, ...AS, SerialNumber, TokenCode: code() });
    const { identity } = await sts.callerOf(made);
    expect(identity.sessionContext?.attributes).toMatchObject({ mfaAuthenticated: 'true' });
  });

  test('a session of GetSessionToken with a code opens it too', async () => {
    const { sts, RoleArn, code } = started();
    const own = await sts.call(sts.user('alice'), 'GetSessionToken', { SerialNumber, TokenCode: code() });
    await sts.call(await sts.callerOf(own), 'AssumeRole', { RoleArn, ...AS });
    const without = await sts.callerOf(await sts.call(sts.user('alice'), 'GetSessionToken'));
    expect(await sts.refused(without, 'AssumeRole', { RoleArn, ...AS })).toContain('AccessDenied');
  });

  test('a code is taken once, also of two at the same time', async () => {
    const { sts, code } = started();
    const ask = { SerialNumber, TokenCode: code() };
    const tries = await Promise.allSettled([1, 2, 3].map(() => sts.call(sts.user('alice'), 'GetSessionToken', ask)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await sts.refused(sts.user('alice'), 'GetSessionToken', ask)).toBe(
      'AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code. ',
    );
    const spelled = {
      SerialNumber: SerialNumber.toUpperCase().replace(/^.*:MFA/, 'arn:aws:iam::123456789012:mfa'),
      TokenCode: code(),
    };
    expect(await sts.refused(sts.user('alice'), 'GetSessionToken', spelled)).toContain('invalid MFA');
    sts.clock.jump(30_000);
    await sts.call(sts.user('alice'), 'GetSessionToken', { SerialNumber, TokenCode: code() });
    sts.clock.jump(-86_400_000); // set back: the device still works
    await sts.call(sts.user('alice'), 'GetSessionToken', { SerialNumber, TokenCode: code() });
  });

  test('devices of others, unknown ones and half a proof are refused', async () => {
    const { sts, code } = started();
    const refused = (who: string, input: object) => sts.refused(sts.user(who), 'GetSessionToken', input);
    const unable =
      'MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number';
    expect(await refused('bob', { SerialNumber, TokenCode: code() })).toContain(unable);
    expect(await refused('alice', { SerialNumber: mfaOf('gone'), TokenCode: code() })).toContain(unable);
    expect(await refused('alice', { SerialNumber })).toContain('must provide both MFA serial number');
    expect(await refused('alice', { TokenCode: code() })).toContain('must provide both MFA serial number');
    expect(await refused('alice', { SerialNumber, TokenCode: 'abcdef' })).not.toContain('abcdef');
  });

  test('guessing ends after ten wrong codes, and may go on after a while', async () => {
    const { sts, code } = started();
    const refused = (TokenCode: string) =>
      sts.refused(sts.user('alice'), 'GetSessionToken', { SerialNumber, TokenCode });
    for (let i = 0; i < 10; i++) expect(await refused('000000')).toContain('invalid MFA one time');
    expect(await refused(code())).toContain('too many wrong codes');
    sts.clock.jump(16 * 60_000);
    await sts.call(sts.user('alice'), 'GetSessionToken', { SerialNumber, TokenCode: code() });
  });
});

describe("sessions of one's own", () => {
  test('GetSessionToken needs no permission, and gives twelve hours, to root one', async () => {
    const sts = harness();
    const hours = async (caller: Parameters<typeof sts.call>[0], DurationSeconds?: number) => {
      const made = await sts.call(caller, 'GetSessionToken', DurationSeconds ? { DurationSeconds } : {});
      return (made.Credentials.Expiration.getTime() - sts.clock.now()) / 3_600_000;
    };
    expect(await hours(sts.user('alice'))).toBe(12);
    expect(await hours(sts.user('alice'), 129_600)).toBe(36);
    expect(await hours(sts.root(), 129_600)).toBe(1);
    expect(await sts.refused(sts.user('alice'), 'GetSessionToken', { DurationSeconds: 129_601 })).toContain('129600');
  });

  test('sessions make no further ones of this kind', async () => {
    const sts = harness();
    const session = await sts.callerOf(await sts.call(sts.root(), 'GetSessionToken'));
    expect(await sts.refused(session, 'GetSessionToken')).toBe(
      'AccessDenied: Cannot call GetSessionToken with session credentials',
    );
    expect(await sts.refused(session, 'GetFederationToken', { Name: 'guest' })).toBe(
      'AccessDenied: Cannot call GetFederationToken with session credentials',
    );
  });

  test('GetFederationToken', async () => {
    const sts = harness();
    const input = { Name: 'guest', Tags: [{ Key: 'Team', Value: 'red' }] };
    expect(await sts.refused(sts.user('alice'), 'GetFederationToken', input)).toContain(
      'not authorized to perform: sts:GetFederationToken on resource: arn:aws:sts::123456789012:federated-user/guest',
    );
    sts.allow(arnOfUser('alice'), 'sts:GetFederationToken');
    expect(await sts.refused(sts.user('alice'), 'GetFederationToken', input)).toContain('perform: sts:TagSession');
    sts.allow(arnOfUser('alice'), 'sts:*');
    const made = await sts.call(sts.user('alice'), 'GetFederationToken', input);
    expect(made.FederatedUser).toEqual({
      FederatedUserId: `${ACCOUNT}:guest`,
      Arn: `arn:aws:sts::${ACCOUNT}:federated-user/guest`,
    });
    const { principal } = await sts.callerOf(made);
    expect(principal).toMatchObject({ kind: 'federated', name: 'alice', session: { tags: { Team: 'red' } } });
  });
});

describe('questions', () => {
  test('GetAccessKeyInfo tells the account of keys, temporary ones too', async () => {
    const sts = harness();
    const { Credentials } = await sts.call(sts.root(OTHER), 'GetSessionToken');
    for (const AccessKeyId of ['AKIAIOSFODNN7EXAMPLE', Credentials.AccessKeyId]) {
      expect(await sts.call(sts.root(), 'GetAccessKeyInfo', { AccessKeyId })).toEqual({ Account: OTHER });
    }
    expect(await sts.refused(sts.root(), 'GetAccessKeyInfo', { AccessKeyId: 'AKIAUNKNOWNUNKNOWN00' })).toContain(
      'Validation',
    );
    expect(await sts.refused(sts.user('alice'), 'GetAccessKeyInfo', { AccessKeyId: 'AKIAIOSFODNN7EXAMPLE' })).toContain(
      'not authorized to perform: sts:GetAccessKeyInfo',
    );
  });

  test('DecodeAuthorizationMessage tells why a call was denied, to who may know', async () => {
    const sts = harness();
    const alice = sts.user('alice');
    const EncodedMessage = await sts.denialOf(alice, 'GetFederationToken', { Name: 'guest' });
    expect(await sts.refused(alice, 'DecodeAuthorizationMessage', { EncodedMessage })).toContain('AccessDenied');
    const { DecodedMessage } = await sts.call(sts.root(), 'DecodeAuthorizationMessage', { EncodedMessage });
    expect(JSON.parse(DecodedMessage)).toMatchObject({
      allowed: false,
      context: { action: 'sts:GetFederationToken', principal: { arn: arnOfUser('alice') } },
    });
    for (const [caller, message] of [
      [sts.root(OTHER), EncodedMessage],
      [sts.root(), 'nonsense'],
    ] as const) {
      expect(await sts.refused(caller, 'DecodeAuthorizationMessage', { EncodedMessage: message })).toContain(
        'InvalidAuthorizationMessageException',
      );
    }
  });

  test('unsigned calls reach nothing but web identities', async () => {
    const sts = harness();
    for (const operation of Object.keys(sts.service.operations).filter((o) => o !== 'AssumeRoleWithWebIdentity')) {
      expect(await sts.refused(sts.anonymous, operation)).toContain('MissingAuthenticationToken');
    }
  });

  test('the rest is refused by name', () => {
    expect(harness().service.notImplemented!('AssumeRoot')).toMatchObject({
      code: 'InvalidAction',
      message: expect.stringMatching(/^The action AssumeRoot is not valid for this endpoint/),
    });
  });

  test('all that is built says what permission it needs', () => {
    const { service } = harness();
    expect(Object.keys(service.permissions!)).toEqual(expect.arrayContaining(Object.keys(service.operations)));
  });
});
