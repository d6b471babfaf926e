import { describe, expect, test } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import { ACCOUNT, alice, arnOf, HOME, harness, user } from './testing/harness.ts';

const TRAIL = `arn:aws:cloudtrail:${HOME}:${ACCOUNT}:trail/audit`;
const trail = { service: 'cloudtrail.amazonaws.com', region: HOME, sourceArn: TRAIL } as const;
const CONTEXT = { 'aws:cloudtrail:arn': TRAIL, 'aws:s3:arn': 'arn:aws:s3:::logs/AWSLogs/1.json.gz' };

/** As CloudTrail's guide has it (spec: delivery §3). */
const trailPolicy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' },
    {
      Effect: 'Allow',
      Principal: { Service: 'cloudtrail.amazonaws.com' },
      Action: 'kms:GenerateDataKey*',
      Resource: '*',
      Condition: {
        StringEquals: { 'aws:SourceArn': TRAIL },
        StringLike: { 'kms:EncryptionContext:aws:cloudtrail:arn': `arn:aws:cloudtrail:*:${ACCOUNT}:trail/*` },
      },
    },
    { Effect: 'Allow', Principal: { Service: 'cloudtrail.amazonaws.com' }, Action: 'kms:DescribeKey', Resource: '*' },
  ],
});

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'ok',
    (error: unknown) => {
      if (error instanceof AwsError) return error.code;
      throw error;
    },
  );

describe('for a service', () => {
  test('the key’s policy decides, by source and context', async () => {
    const kms = harness();
    const keyId = arnOf(await kms.newKey({ Policy: trailPolicy }));
    const ask = (change: object = {}) =>
      codeOf(kms.services.generateDataKey({ ...trail, keyId, encryptionContext: CONTEXT, ...change }));
    expect(await ask()).toBe('ok');
    expect(await ask({ sourceArn: `${TRAIL}2` })).toBe('AccessDeniedException');
    expect(await ask({ encryptionContext: {} })).toBe('AccessDeniedException');
    expect(await ask({ service: 's3.amazonaws.com' })).toBe('AccessDeniedException');
    expect(await ask({ keyId: arnOf(await kms.newKey()) })).toBe('AccessDeniedException');
    expect(await ask({ region: 'eu-west-1' })).toBe('NotFoundException');
    expect((await kms.services.describe({ ...trail, keyId })).state).toBe('Enabled');
    await kms.call('DisableKey', { KeyId: keyId });
    expect(await ask()).toBe('DisabledException');
    expect((await kms.services.describe({ ...trail, keyId })).state).toBe('Disabled');
  });

  test('the key’s policy may ask for the organization of the trail, or of the key', async () => {
    const place = { organizationId: 'o-example', path: 'o-example/r-1/ou-1/', managementAccountId: ACCOUNT };
    const places = new Map([[ACCOUNT, { ...place, serviceControl: [] }]]);
    const kms = harness('kms', undefined, { placeOf: async (accountId) => places.get(accountId) });
    const wanting = async (Condition: object) => {
      const policy = JSON.parse(trailPolicy);
      policy.Statement[1].Condition = Condition;
      const keyId = arnOf(await kms.newKey({ Policy: JSON.stringify(policy) }));
      return codeOf(kms.services.generateDataKey({ ...trail, keyId, encryptionContext: CONTEXT }));
    };
    const ours = [
      { StringEquals: { 'aws:SourceOrgID': 'o-example' } },
      { 'ForAnyValue:StringLike': { 'aws:SourceOrgPaths': 'o-example/r-1/*' } },
      { StringEquals: { 'aws:ResourceOrgID': 'o-example' } },
    ];
    for (const condition of ours) expect(await wanting(condition)).toBe('ok');
    expect(await wanting({ StringEquals: { 'aws:SourceOrgID': 'o-other' } })).toBe('AccessDeniedException');
    places.clear();
    for (const condition of ours) expect(await wanting(condition)).toBe('AccessDeniedException');
  });

  test('readers open what it encrypted, and each use is told without secrets', async () => {
    const kms = harness();
    const KeyId = await kms.newKey({ Policy: trailPolicy });
    await kms.call('CreateAlias', { AliasName: 'alias/logs', TargetKeyId: KeyId });
    const made = await kms.services.generateDataKey({ ...trail, keyId: 'alias/logs', encryptionContext: CONTEXT });
    expect([made.keyArn, made.plaintext.length]).toEqual([arnOf(KeyId), 32]);
    const reader = { service: 's3.amazonaws.com', region: HOME, onBehalfOf: kms.context('GetObject') } as const;
    const { ciphertext } = made;
    const opened = await kms.services.decrypt({ ...reader, ciphertext, encryptionContext: CONTEXT });
    expect(opened.plaintext.equals(made.plaintext)).toBe(true);
    expect(await codeOf(kms.services.decrypt({ ...trail, ciphertext, encryptionContext: CONTEXT }))).toBe(
      'AccessDeniedException',
    );
    expect(kms.uses).toMatchObject([
      {
        operation: 'GenerateDataKey',
        asking: trail,
        input: { KeyId: 'alias/logs', KeySpec: 'AES_256', EncryptionContext: CONTEXT },
        output: { KeyId: arnOf(KeyId) },
        key: { keyArn: arnOf(KeyId), accountId: ACCOUNT },
      },
      { operation: 'Decrypt', asking: { onBehalfOf: { caller: alice } }, input: { EncryptionContext: CONTEXT } },
      { operation: 'Decrypt', error: { code: 'AccessDeniedException' }, key: { keyArn: arnOf(KeyId) } },
    ]);
    const said = JSON.stringify(kms.uses);
    for (const secret of [made.plaintext, ciphertext]) {
      expect(said).not.toContain(secret.toString('base64'));
      expect(said).not.toContain(JSON.stringify(secret).slice(0, 80));
    }
  });

  test('on behalf of a caller that caller’s rights count, and by which service it comes', async () => {
    const kms = harness();
    const bob = user('bob');
    const via = (service: string) => ({ StringEquals: { 'kms:ViaService': service } });
    const allow = (arn: string, Action: string, Condition?: object) => ({
      ...{ Effect: 'Allow', Principal: { AWS: arn }, Action, Resource: '*' },
      ...(Condition && { Condition }),
    });
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [allow(alice.arn, 'kms:*'), allow(bob.arn, 'kms:GenerateDataKey', via(`s3.${HOME}.amazonaws.com`))],
    });
    const KeyId = await kms.newKey({ Policy });
    const asking = { service: 's3.amazonaws.com', region: HOME, onBehalfOf: kms.context('PutObject', bob) } as const;
    const request = { ...asking, keyId: KeyId, encryptionContext: {} };
    expect(await codeOf(kms.services.generateDataKey(request))).toBe('ok');
    expect(await codeOf(kms.services.generateDataKey({ ...request, service: 'cloudtrail.amazonaws.com' }))).toBe(
      'AccessDeniedException',
    );
    expect(await kms.codeOf('GenerateDataKey', { KeyId, KeySpec: 'AES_256' }, bob)).toBe('AccessDeniedException');
  });

  test('a hook that fails fails the use', async () => {
    const kms = harness();
    const KeyId = await kms.newKey();
    const { createKmsForServices } = await import('./for-services.ts');
    const services = createKmsForServices({
      ...kms,
      onUse: async () => {
        throw new Error('no room for the record');
      },
    });
    const asking = { service: 's3.amazonaws.com', region: HOME, onBehalfOf: kms.context('PutObject') } as const;
    await expect(services.generateDataKey({ ...asking, keyId: KeyId, encryptionContext: {} })).rejects.toThrow(
      /no room/,
    );
  });
});
