import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import { ACCOUNT, arnOf, HOME, harness } from './testing/harness.ts';

test('CreateKey makes what DescribeKey shows', async () => {
  const kms = harness();
  const Tags = [{ TagKey: 'team', TagValue: '' }];
  const { KeyMetadata } = await kms.call('CreateKey', { Description: 'd', Tags });
  expect(KeyMetadata).toEqual({
    AWSAccountId: ACCOUNT,
    KeyId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    Arn: arnOf(KeyMetadata.KeyId),
    CreationDate: new Date(kms.clock.now()),
    Enabled: true,
    Description: 'd',
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: 'Enabled',
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    KeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    MultiRegion: false,
    CurrentKeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect((await kms.call('DescribeKey', { KeyId: KeyMetadata.Arn })).KeyMetadata).toEqual(KeyMetadata);
  expect((await kms.call('ListResourceTags', { KeyId: KeyMetadata.KeyId })).Tags).toEqual(Tags);
  await kms.call('UpdateKeyDescription', { KeyId: KeyMetadata.KeyId, Description: 'other' });
  expect((await kms.call('DescribeKey', { KeyId: KeyMetadata.KeyId })).KeyMetadata.Description).toBe('other');
});

test('what State holds of a key opens only with the master key', async () => {
  const kms = harness();
  const KeyId = await kms.newKey();
  const stored = JSON.stringify(await kms.state.list('kms/'));
  const { createVault } = await import('./vault.ts');
  const { kmsService } = await import('./index.ts');
  const thief = kmsService({ ...kms, vault: createVault(Buffer.alloc(32, 8), kms.random) });
  const input = { KeyId, Plaintext: Buffer.from('x') };
  await expect(thief.operations.Encrypt!(kms.context('Encrypt'), input)).rejects.toMatchObject({
    code: 'KeyUnavailableException',
    status: 500,
  });
  expect(stored).toContain('sealed');
});

describe('names of keys', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['DescribeKey', 'no key', 'NotFoundException'],
    ['DescribeKey', 'alias/', 'NotFoundException'],
    ['DescribeKey', '../../account', 'NotFoundException'],
    ['DescribeKey', 'arn:aws:kms:us-east-1:123456789012:key', 'InvalidArnException'],
    ['DescribeKey', 'arn:aws:s3:::bucket', 'InvalidArnException'],
    ['DescribeKey', 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555', 'NotFoundException'],
    ['DescribeKey', '11111111-2222-3333-4444-555555555555', 'NotFoundException'],
    ['Encrypt', 'arn:aws:s3:::bucket', 'NotFoundException'],
    ['EnableKey', 'alias/app', 'NotFoundException'],
    ['EnableKey', 'arn:aws:kms:us-east-1:123456789012:alias/app', 'InvalidArnException'],
    ['DescribeKey', '', 'ValidationException'],
    ['DescribeKey', 'x'.repeat(2049), 'ValidationException'],
  ];
  test.each(cases)('%s of %s: %s', async (operation, KeyId, code) => {
    const kms = harness();
    await kms.call('CreateAlias', { AliasName: 'alias/app', TargetKeyId: await kms.newKey() });
    expect(await kms.codeOf(operation, { KeyId, Plaintext: Buffer.from('x') })).toBe(code);
  });

  test('of any kind never make a fault of ours', async () => {
    const kms = harness();
    const text = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.stringMatching(/^(arn:aws:kms:|alias\/|key\/|[a-f0-9-]{30})[ -~]{0,40}$/),
    );
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.constantFrom('DescribeKey', 'GetKeyPolicy', 'ListGrants', 'Encrypt'),
        async (KeyId, op) => {
          expect(await kms.codeOf(op, { KeyId, Plaintext: Buffer.from('x') })).not.toBe('ok');
        },
      ),
    );
  });
});

describe('aliases', () => {
  test('name a key, move to another and go', async () => {
    const kms = harness();
    const [one, two] = [await kms.newKey(), await kms.newKey()];
    const target = async () => (await kms.call('DescribeKey', { KeyId: 'alias/a/b_c-1' })).KeyMetadata.KeyId;
    await kms.call('CreateAlias', { AliasName: 'alias/a/b_c-1', TargetKeyId: arnOf(one) });
    expect(await target()).toBe(one);
    const createdMs = kms.clock.now();
    kms.clock.jump(1000);
    await kms.call('UpdateAlias', { AliasName: 'alias/a/b_c-1', TargetKeyId: two });
    expect(await target()).toBe(two);
    expect((await kms.call('ListAliases', { KeyId: one })).Aliases).toEqual([]);
    expect((await kms.call('ListAliases', { KeyId: two })).Aliases).toEqual([
      {
        AliasName: 'alias/a/b_c-1',
        AliasArn: `arn:aws:kms:${HOME}:${ACCOUNT}:alias/a/b_c-1`,
        TargetKeyId: two,
        CreationDate: new Date(createdMs),
        LastUpdatedDate: new Date(createdMs + 1000),
      },
    ]);
    await kms.call('DeleteAlias', { AliasName: 'alias/a/b_c-1' });
    expect(await kms.codeOf('DeleteAlias', { AliasName: 'alias/a/b_c-1' })).toBe('NotFoundException');
    expect(await kms.codeOf('UpdateAlias', { AliasName: 'alias/a/b_c-1', TargetKeyId: two })).toBe('NotFoundException');
  });

  test('are given once, also to many at once, and 50 to a key', async () => {
    const kms = harness();
    const TargetKeyId = await kms.newKey();
    const codes = await Promise.all(
      Array.from({ length: 5 }, () => kms.codeOf('CreateAlias', { AliasName: 'alias/x', TargetKeyId })),
    );
    expect(codes.sort()).toEqual([...Array(4).fill('AlreadyExistsException'), 'ok']);
    for (let i = 1; i < 50; i++) await kms.call('CreateAlias', { AliasName: `alias/${i}`, TargetKeyId });
    expect(await kms.codeOf('CreateAlias', { AliasName: 'alias/more', TargetKeyId })).toBe('LimitExceededException');
  });

  test.each([
    ['name', 'ValidationException'],
    ['alias/a:b', 'ValidationException'],
    ['alias/a b', 'ValidationException'],
    ['alias/', 'InvalidAliasNameException'],
    ['alias/aws/mine', 'NotAuthorizedException'],
  ])('are not called %s: %s', async (AliasName, code) => {
    const kms = harness();
    expect(await kms.codeOf('CreateAlias', { AliasName, TargetKeyId: await kms.newKey() })).toBe(code);
  });

  test('point to keys, not to aliases', async () => {
    const kms = harness();
    await kms.call('CreateAlias', { AliasName: 'alias/a', TargetKeyId: await kms.newKey() });
    expect(await kms.codeOf('CreateAlias', { AliasName: 'alias/b', TargetKeyId: 'alias/a' })).toBe(
      'ValidationException',
    );
  });
});

describe('tags', () => {
  test('are merged, removed and limited', async () => {
    const kms = harness();
    const KeyId = await kms.newKey();
    const tag = (TagKey: string, TagValue = 'v') => ({ TagKey, TagValue });
    const put = (...Tags: object[]) => kms.codeOf('TagResource', { KeyId, Tags });
    expect(await put(tag('b'), tag('a', '1'))).toBe('ok');
    expect(await put(tag('a', '2'))).toBe('ok');
    await kms.call('UntagResource', { KeyId, TagKeys: ['b', 'none'] });
    expect((await kms.call('ListResourceTags', { KeyId })).Tags).toEqual([tag('a', '2')]);
    expect(await put(tag('x'), tag('x'))).toBe('TagException');
    expect(await put(tag('AWS:x'))).toBe('TagException');
    expect(await put({ TagKey: 'x' })).toBe('ValidationException');
    expect(await put(tag('x'.repeat(129)))).toBe('ValidationException');
    expect(await put(...Array.from({ length: 50 }, (_, i) => tag(`t${i}`)))).toBe('LimitExceededException');
    expect(await put(...Array.from({ length: 49 }, (_, i) => tag(`t${i}`)))).toBe('ok');
  });

  test('of two clients at once are all there', async () => {
    const kms = harness();
    const KeyId = await kms.newKey();
    const put = (i: number) => kms.call('TagResource', { KeyId, Tags: [{ TagKey: `t${i}`, TagValue: 'v' }] });
    await Promise.all(Array.from({ length: 6 }, (_, i) => put(i)));
    expect((await kms.call('ListResourceTags', { KeyId })).Tags.length).toBe(6);
  });
});

test('pages show every key once, in whatever size, and markers belong to their list', async () => {
  const kms = harness();
  const ids = new Set<string>();
  for (let i = 0; i < 17; i++) ids.add(await kms.newKey());
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 20 }), async (Limit) => {
      const seen: string[] = [];
      for (let Marker: string | undefined; ; ) {
        const page = await kms.call('ListKeys', { Limit, ...(Marker && { Marker }) });
        seen.push(...page.Keys.map((key: { KeyId: string }) => key.KeyId));
        Marker = page.NextMarker;
        if (Marker === undefined) break;
      }
      expect(seen.length).toBe(17);
      expect(new Set(seen)).toEqual(ids);
    }),
    { numRuns: 12 },
  );
  const { NextMarker } = await kms.call('ListKeys', { Limit: 3 });
  expect(await kms.codeOf('ListAliases', { Marker: NextMarker })).toBe('InvalidMarkerException');
  expect(await kms.codeOf('ListKeys', { Marker: 'made up' })).toBe('InvalidMarkerException');
});

describe('wrong input', () => {
  test('is told in AWS’s words, all of it, and secrets not at all', async () => {
    const kms = harness();
    const message = async (operation: string, input: object) => {
      const error: unknown = await kms.call(operation, input).catch((thrown) => thrown);
      if (!(error instanceof AwsError)) throw error;
      return `${error.code}: ${error.message}`;
    };
    expect(await message('Encrypt', {})).toBe(
      "ValidationException: 2 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null; Value null at 'plaintext' failed to satisfy constraint: Member must not be null",
    );
    expect(await message('ListKeys', { Limit: 1001 })).toBe(
      "ValidationException: 1 validation error detected: Value '1001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 1000",
    );
    const long = await message('Encrypt', { KeyId: 'x', Plaintext: Buffer.from('s3cret'.repeat(1000)) });
    expect(long).toContain('less than or equal to 4096');
    expect(long).not.toContain('s3cret');
    const EncryptionContext = { a: 'x'.repeat(8193) };
    expect(await message('Encrypt', { KeyId: 'x', Plaintext: Buffer.from('x'), EncryptionContext })).toMatch(
      /^ValidationException: .*'encryptionContext'/,
    );
    expect(await message('GenerateRandom', {})).toMatch(/^ValidationException/);
    expect(await message('CreateKey', { Policy: `{"a":"${'x'.repeat(33_000)}"}` })).toMatch(/^LimitExceededException/);
  });
});
