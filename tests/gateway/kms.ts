import { expect } from 'vitest';
import type { Scenario } from './harness.ts';

const source = 'kms';
const read = { source, readOnly: true } as const;
const write = { source, readOnly: false } as const;
const keys = 'arn:aws:kms:us-east-1:123456789012:key';
const resource = (ARN: string) => ({ accountId: '123456789012', type: 'AWS::KMS::Key', ARN });
const JAVA_TIME = expect.stringMatching(/^[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d\d:\d\d [AP]M$/);
const PLAIN = { $bytes: Buffer.from('a secret').toString('base64') };

export const kms: Scenario = async (t) => {
  const { KeyMetadata } = await t.call(
    'kms',
    'CreateKey',
    // moto's answer lacks what was not asked for.
    {
      Description: 'of cases',
      KeyUsage: 'ENCRYPT_DECRYPT',
      MultiRegion: false,
      Tags: [{ TagKey: 'team', TagValue: 'audit' }],
    },
    ({ KeyMetadata: made }) => ({
      ...write,
      request: {
        description: 'of cases',
        keyUsage: 'ENCRYPT_DECRYPT',
        customerMasterKeySpec: 'SYMMETRIC_DEFAULT',
        keySpec: 'SYMMETRIC_DEFAULT',
        origin: 'AWS_KMS',
        bypassPolicyLockoutSafetyCheck: false,
        multiRegion: false,
        tags: [{ tagKey: 'team', tagValue: 'audit' }],
      },
      response: {
        keyMetadata: expect.objectContaining({
          aWSAccountId: '123456789012',
          keyId: made.KeyId,
          arn: made.Arn,
          creationDate: JAVA_TIME,
          enabled: true,
          description: 'of cases',
          keyUsage: 'ENCRYPT_DECRYPT',
          keyState: 'Enabled',
          origin: 'AWS_KMS',
          keyManager: 'CUSTOMER',
          customerMasterKeySpec: 'SYMMETRIC_DEFAULT',
          keySpec: 'SYMMETRIC_DEFAULT',
          encryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
          multiRegion: false,
        }),
      },
      resources: [resource(made.Arn)],
    }),
  );
  const keyId = KeyMetadata.KeyId as string;
  const arn = `${keys}/${keyId}`;
  const resources = [resource(arn)];
  /** Of operations that return nothing, since December 2022. */
  const response = { keyId: arn };

  const aliasName = 'alias/cases';
  const aliasArn = 'arn:aws:kms:us-east-1:123456789012:alias/cases';
  await t.call(
    'kms',
    'CreateAlias',
    { AliasName: aliasName, TargetKeyId: keyId },
    {
      ...write,
      request: { aliasName, targetKeyId: keyId },
      response,
      resources: [resource(arn), resource(aliasArn)],
    },
  );
  await t.cli('DescribeKey', ['kms', 'describe-key', '--key-id', aliasName], {
    ...read,
    request: { keyId: aliasName },
    resources,
  });
  const encryptionContext = { 'aws:Purpose': 'case', Department: 'IT' };
  const encrypted = await t.call(
    'kms',
    'Encrypt',
    { KeyId: aliasName, Plaintext: PLAIN, EncryptionContext: encryptionContext },
    {
      ...read,
      request: { keyId: aliasName, encryptionContext, encryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
      resources,
    },
  );
  await t.call(
    'kms',
    'Decrypt',
    { CiphertextBlob: encrypted.CiphertextBlob, EncryptionContext: encryptionContext },
    { ...read, request: { encryptionContext, encryptionAlgorithm: 'SYMMETRIC_DEFAULT' }, resources },
  );
  await t.call(
    'kms',
    'Decrypt',
    { CiphertextBlob: encrypted.CiphertextBlob, EncryptionContext: { Department: 'HR' } },
    {
      ...read,
      request: { encryptionContext: { Department: 'HR' }, encryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
      error: 'InvalidCiphertextException',
    },
  );
  await t.call(
    'kms',
    'GenerateDataKey',
    { KeyId: arn, KeySpec: 'AES_256', EncryptionContext: encryptionContext },
    { ...read, request: { keyId: arn, keySpec: 'AES_256', encryptionContext }, resources },
  );
  await t.call(
    'kms',
    'GenerateDataKeyWithoutPlaintext',
    { KeyId: keyId, NumberOfBytes: 64 },
    { ...read, request: { keyId, numberOfBytes: 64 }, resources },
  );
  await t.call(
    'kms',
    'ReEncrypt',
    {
      CiphertextBlob: encrypted.CiphertextBlob,
      SourceEncryptionContext: encryptionContext,
      DestinationKeyId: keyId,
    },
    {
      ...read,
      request: {
        sourceEncryptionContext: encryptionContext,
        destinationKeyId: keyId,
        sourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        destinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      },
      resources,
    },
  );
  await t.call('kms', 'GenerateRandom', { NumberOfBytes: 16 }, { ...read, request: { numberOfBytes: 16 } });
  await t.call('kms', 'ListAliases', {}, { ...read, request: null });
  await t.call(
    'kms',
    'GetKeyPolicy',
    { KeyId: keyId, PolicyName: 'default' },
    {
      ...read,
      request: { keyId, policyName: 'default' },
      resources,
    },
  );
  await t.call('kms', 'EnableKeyRotation', { KeyId: keyId }, { ...write, request: { keyId }, response, resources });
  await t.call('kms', 'DisableKeyRotation', { KeyId: keyId }, { ...write, request: { keyId }, response, resources });
  await t.call(
    'kms',
    'TagResource',
    { KeyId: keyId, Tags: [{ TagKey: 'team', TagValue: 'ops' }] },
    { ...write, request: { keyId, tags: [{ tagKey: 'team', tagValue: 'ops' }] }, response, resources },
  );
  await t.call(
    'kms',
    'UpdateKeyDescription',
    { KeyId: keyId, Description: 'newer' },
    { ...write, request: { keyId, description: 'newer' }, response, resources },
  );
  const granteePrincipal = 'arn:aws:iam::123456789012:user/alice';
  const { GrantId } = await t.call(
    'kms',
    'CreateGrant',
    { KeyId: keyId, GranteePrincipal: granteePrincipal, Operations: ['Encrypt'] },
    (made) => ({
      ...write,
      request: { keyId, granteePrincipal, operations: ['Encrypt'] },
      // Not the grant's token.
      response: { keyId: arn, grantId: made.GrantId },
      resources,
    }),
  );
  await t.call(
    'kms',
    'RevokeGrant',
    { KeyId: keyId, GrantId },
    {
      ...write,
      request: { keyId, grantId: GrantId },
      response,
      resources,
    },
  );
  await t.call('kms', 'DisableKey', { KeyId: keyId }, { ...write, request: { keyId }, response, resources });
  await t.call('kms', 'EnableKey', { KeyId: keyId }, { ...write, request: { keyId }, response, resources });
  await t.call(
    'kms',
    'DeleteAlias',
    { AliasName: aliasName },
    {
      ...write,
      request: { aliasName },
      // AWS names the key too, here and in the response; here only the alias is known.
      resources: [resource(aliasArn)],
    },
  );
  await t.cli(
    'ScheduleKeyDeletion',
    ['kms', 'schedule-key-deletion', '--key-id', keyId, '--pending-window-in-days', '7'],
    (made) => ({
      ...write,
      request: { keyId, pendingWindowInDays: 7 },
      response: expect.objectContaining({ keyId: made.KeyId, deletionDate: JAVA_TIME }),
      resources,
    }),
  );
  await t.call('kms', 'CancelKeyDeletion', { KeyId: keyId }, (made) => ({
    ...write,
    request: { keyId },
    response: { keyId: made.KeyId },
    resources,
  }));
  const unknown = '00000000-0000-4000-8000-000000000000';
  await t.call(
    'kms',
    'DescribeKey',
    { KeyId: unknown },
    {
      ...read,
      request: { keyId: unknown },
      error: 'NotFoundException',
      resources: [resource(`${keys}/${unknown}`)],
    },
  );
};
