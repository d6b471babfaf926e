import { describe, expect, test } from 'vitest';
import { parsePolicy } from '../../access/parse-policy.ts';
import { ACCOUNT, alice, arnOf, HOME, harness, OTHER, user } from './testing/harness.ts';

const bob = user('bob');
const eve = user('eve', OTHER);
const root = `arn:aws:iam::${ACCOUNT}:root`;
const plain = { Plaintext: Buffer.from('x') };

const statement = (Principal: unknown, Action: string | string[], Condition?: object, Effect = 'Allow') => ({
  Effect,
  Principal,
  Action,
  Resource: '*',
  ...(Condition && { Condition }),
});
const policy = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const account = statement({ AWS: root }, 'kms:*');

test('every operation says what it needs', () => {
  const { service } = harness();
  expect(Object.keys(service.permissions!).sort()).toEqual(Object.keys(service.operations).sort());
  const unknown = Object.keys(service.operations).filter((name) => !Object.hasOwn(service.schema.operations, name));
  expect(unknown).toEqual([]);
});

describe('key policies', () => {
  test('let in whom they name, and nobody else where they do not name the account', async () => {
    const kms = harness();
    const Policy = policy(statement({ AWS: alice.arn }, ['kms:*']));
    const KeyId = await kms.newKey({ Policy });
    expect(await kms.codeOf('Encrypt', { KeyId, ...plain }, alice)).toBe('ok');
    expect(await kms.codeOf('Encrypt', { KeyId, ...plain }, bob)).toBe('AccessDeniedException');
    expect(await kms.codeOf('DescribeKey', { KeyId }, user('root'))).toBe('AccessDeniedException');
  });

  test('deny whatever else allows', async () => {
    const kms = harness();
    const KeyId = await kms.newKey({
      Policy: policy(account, statement({ AWS: bob.arn }, 'kms:Decrypt', undefined, 'Deny')),
    });
    const { CiphertextBlob } = await kms.call('Encrypt', { KeyId, ...plain }, bob);
    expect(await kms.codeOf('Decrypt', { CiphertextBlob }, bob)).toBe('AccessDeniedException');
    await kms.call('CreateGrant', { KeyId, GranteePrincipal: bob.arn, Operations: ['Decrypt'] });
    expect(await kms.codeOf('Decrypt', { CiphertextBlob }, bob)).toBe('AccessDeniedException');
    expect(await kms.codeOf('Decrypt', { CiphertextBlob }, alice)).toBe('ok');
  });

  test('ask for the encryption context', async () => {
    const kms = harness();
    const mine = { StringEquals: { 'kms:EncryptionContext:team': 'audit' } };
    const keysOnly = { 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['team'] } };
    const Policy = policy(
      statement({ AWS: alice.arn }, 'kms:*'),
      statement({ AWS: bob.arn }, 'kms:Encrypt', { ...mine, ...keysOnly }),
    );
    const KeyId = await kms.newKey({ Policy });
    const encrypt = (EncryptionContext?: Record<string, string>) =>
      kms.codeOf('Encrypt', { KeyId, ...plain, ...(EncryptionContext && { EncryptionContext }) }, bob);
    expect(await encrypt({ team: 'audit' })).toBe('ok');
    expect(await encrypt({ team: 'other' })).toBe('AccessDeniedException');
    expect(await encrypt()).toBe('AccessDeniedException');
    expect(await encrypt({ team: 'audit', more: 'x' })).toBe('AccessDeniedException');
  });

  test('ask for aliases and tags of the key', async () => {
    const kms = harness();
    const Policy = policy(
      statement({ AWS: alice.arn }, 'kms:*'),
      statement({ AWS: bob.arn }, 'kms:Encrypt', { StringEquals: { 'kms:RequestAlias': 'alias/app' } }),
      statement({ AWS: bob.arn }, 'kms:Decrypt', { StringEquals: { 'aws:ResourceTag/team': 'audit' } }),
    );
    const KeyId = await kms.newKey({ Policy });
    await kms.call('CreateAlias', { AliasName: 'alias/app', TargetKeyId: KeyId });
    expect(await kms.codeOf('Encrypt', { KeyId, ...plain }, bob)).toBe('AccessDeniedException');
    const { CiphertextBlob } = await kms.call('Encrypt', { KeyId: 'alias/app', ...plain }, bob);
    expect(await kms.codeOf('Decrypt', { CiphertextBlob }, bob)).toBe('AccessDeniedException');
    await kms.call('TagResource', { KeyId, Tags: [{ TagKey: 'team', TagValue: 'audit' }] });
    expect(await kms.codeOf('Decrypt', { CiphertextBlob }, bob)).toBe('ok');
  });

  test('must leave their author the right to change them, unless told otherwise', async () => {
    const kms = harness();
    const KeyId = await kms.newKey();
    const locked = { KeyId, Policy: policy(statement({ AWS: bob.arn }, 'kms:*')) };
    expect(await kms.codeOf('PutKeyPolicy', locked)).toBe('MalformedPolicyDocumentException');
    expect(await kms.codeOf('CreateKey', { Policy: locked.Policy })).toBe('MalformedPolicyDocumentException');
    expect(await kms.codeOf('PutKeyPolicy', { ...locked, BypassPolicyLockoutSafetyCheck: true })).toBe('ok');
    expect(await kms.codeOf('GetKeyPolicy', { KeyId })).toBe('AccessDeniedException');
    expect((await kms.call('GetKeyPolicy', { KeyId }, bob)).Policy).toBe(locked.Policy);
  });

  test('leave the rest to identity policies where they name the account', async () => {
    for (const [Effect, forAlice, forBob] of [
      ['Allow', 'ok', 'ok'],
      ['none', 'ok', 'AccessDeniedException'],
      ['Deny', 'AccessDeniedException', 'AccessDeniedException'],
    ] as const) {
      const json = policy({
        Effect: Effect === 'none' ? 'Allow' : Effect,
        Action: Effect === 'none' ? 's3:*' : 'kms:Encrypt',
        Resource: '*',
      });
      const parsed = parsePolicy(json, { principal: 'refused' });
      const identity = 'policy' in parsed ? [parsed.policy] : [];
      const kms = harness('kms', { policiesOf: async () => ({ identity, tags: {} }) });
      const Policy = policy(account, statement({ AWS: alice.arn }, 'kms:Encrypt'));
      const KeyId = await kms.newKey({ Policy }, user('root'));
      const codes = [alice, bob].map((caller) => kms.codeOf('Encrypt', { KeyId, ...plain }, caller));
      expect([Effect, ...(await Promise.all(codes))]).toEqual([Effect, forAlice, forBob]);
    }
  });
});

describe('another account', () => {
  test('needs the key’s policy, and may only use the key', async () => {
    const kms = harness();
    const KeyId = await kms.newKey();
    const other = arnOf(KeyId);
    expect(await kms.codeOf('Encrypt', { KeyId: other, ...plain }, eve)).toBe('AccessDeniedException');
    await kms.call('PutKeyPolicy', { KeyId, Policy: policy(account, statement({ AWS: OTHER }, 'kms:*')) });
    const { CiphertextBlob } = await kms.call('Encrypt', { KeyId: other, ...plain }, eve);
    expect(await kms.codeOf('Decrypt', { CiphertextBlob }, eve)).toBe('ok');
    expect(await kms.codeOf('DescribeKey', { KeyId: other }, eve)).toBe('ok');
    expect(await kms.codeOf('DisableKey', { KeyId: other }, eve)).toBe('AccessDeniedException');
    expect(await kms.codeOf('PutKeyPolicy', { KeyId: other, Policy: policy(account) }, eve)).toBe(
      'AccessDeniedException',
    );
    expect(await kms.codeOf('Encrypt', { KeyId, ...plain }, eve)).toBe('NotFoundException');
  });

  test('does not learn which keys there are', async () => {
    const kms = harness();
    const there = arnOf(await kms.newKey());
    const absent = arnOf('11111111-2222-3333-4444-555555555555');
    for (const KeyId of [there, absent, `arn:aws:kms:${HOME}:${ACCOUNT}:alias/none`]) {
      expect(await kms.codeOf('Encrypt', { KeyId, ...plain }, eve)).toBe('AccessDeniedException');
    }
  });
});

test('records name the key behind ciphertexts and aliases, however the call ends', async () => {
  const kms = harness();
  const [one, two] = [await kms.newKey(), await kms.newKey()];
  await kms.call('CreateAlias', { AliasName: 'alias/a', TargetKeyId: one });
  const { CiphertextBlob } = await kms.call('Encrypt', { KeyId: 'alias/a', ...plain });
  const named = async (operation: string, input: object) => {
    const context = kms.context(operation);
    await kms.permit(context, input);
    return context.notes.resources?.map(({ ARN }) => ARN);
  };
  expect(await named('Encrypt', { KeyId: 'alias/a', ...plain })).toEqual([arnOf(one)]);
  expect(await named('Decrypt', { CiphertextBlob, EncryptionContext: { wrong: 'one' } })).toEqual([arnOf(one)]);
  expect(await named('ReEncrypt', { CiphertextBlob, DestinationKeyId: two })).toEqual([arnOf(one), arnOf(two)]);
  const alias = `arn:aws:kms:${HOME}:${ACCOUNT}:alias/a`;
  expect(await named('DeleteAlias', { AliasName: 'alias/a' })).toEqual([alias, arnOf(one)]);
});

describe('AWS managed keys', () => {
  test('are made at first use, once, and open to their service alone', async () => {
    const kms = harness();
    const described = await Promise.all(
      Array.from({ length: 5 }, () => kms.call('DescribeKey', { KeyId: 'alias/aws/s3' })),
    );
    const ids = new Set(described.map(({ KeyMetadata }) => KeyMetadata.KeyId));
    expect(ids.size).toBe(1);
    const [KeyId] = ids;
    expect((await kms.call('ListKeys')).Keys.length).toBe(1);
    expect(await kms.codeOf('Encrypt', { KeyId: 'alias/aws/s3', ...plain })).toBe('AccessDeniedException');
    for (const operation of ['DisableKey', 'ScheduleKeyDeletion', 'EnableKeyRotation', 'DisableKeyRotation']) {
      expect(await kms.codeOf(operation, { KeyId })).toBe('AccessDeniedException');
    }
    expect(await kms.codeOf('CreateAlias', { AliasName: 'alias/aws/mine', TargetKeyId: await kms.newKey() })).toBe(
      'NotAuthorizedException',
    );
    expect(await kms.codeOf('DescribeKey', { KeyId: 'alias/aws/nothing' })).toBe('NotFoundException');
    const asking = { service: 's3.amazonaws.com', region: HOME, onBehalfOf: kms.context('PutObject') } as const;
    const made = await kms.services.generateDataKey({ ...asking, keyId: 'alias/aws/s3', encryptionContext: {} });
    expect(made.plaintext.length).toBe(32);
  });
});
