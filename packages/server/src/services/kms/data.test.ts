import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACCOUNT, arnOf, HOME, harness } from './testing/harness.ts';

const contexts = fc.dictionary(fc.string({ minLength: 1, maxLength: 30 }), fc.string({ maxLength: 30 }), {
  maxKeys: 8,
});
const bytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));

describe('Encrypt and Decrypt', () => {
  test('give back what was encrypted, under the same context in any order', async () => {
    const kms = harness();
    const KeyId = await kms.newKey();
    await fc.assert(
      fc.asyncProperty(bytes(1, 4096), contexts, async (Plaintext, EncryptionContext) => {
        const { CiphertextBlob, ...rest } = await kms.call('Encrypt', { KeyId, Plaintext, EncryptionContext });
        expect(rest).toEqual({ KeyId: arnOf(KeyId), EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' });
        expect(CiphertextBlob.length).toBeLessThanOrEqual(6144);
        if (Plaintext.length > 8) expect(CiphertextBlob.includes(Plaintext)).toBe(false);
        const reversed = Object.fromEntries(Object.entries(EncryptionContext).reverse());
        const decrypted = await kms.call('Decrypt', { CiphertextBlob, EncryptionContext: reversed });
        expect(decrypted.Plaintext.equals(Plaintext)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('refuse another context', async () => {
    const kms = harness();
    const KeyId = await kms.newKey();
    await fc.assert(
      fc.asyncProperty(contexts, contexts, async (EncryptionContext, other) => {
        fc.pre(
          JSON.stringify(Object.entries(EncryptionContext).sort()) !== JSON.stringify(Object.entries(other).sort()),
        );
        const { CiphertextBlob } = await kms.call('Encrypt', { KeyId, Plaintext: Buffer.from('x'), EncryptionContext });
        expect(await kms.codeOf('Decrypt', { CiphertextBlob, EncryptionContext: other })).toBe(
          'InvalidCiphertextException',
        );
      }),
      { numRuns: 60 },
    );
  });

  test('refuse a blob of which any bit is changed, or that is cut', async () => {
    const kms = harness();
    const KeyId = await kms.newKey();
    const { CiphertextBlob } = await kms.call('Encrypt', { KeyId, Plaintext: Buffer.from('secret') });
    for (let bit = 0; bit < CiphertextBlob.length * 8; bit += 3) {
      const changed = Buffer.from(CiphertextBlob);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(['InvalidCiphertextException', 'AccessDeniedException']).toContain(
        await kms.codeOf('Decrypt', { CiphertextBlob: changed }),
      );
    }
    for (let length = 1; length < CiphertextBlob.length; length++) {
      const cut = CiphertextBlob.subarray(0, length);
      expect(await kms.codeOf('Decrypt', { CiphertextBlob: cut })).toBe('InvalidCiphertextException');
    }
    await fc.assert(
      fc.asyncProperty(bytes(1, 300), async (noise) => {
        expect(await kms.codeOf('Decrypt', { CiphertextBlob: noise })).toBe('InvalidCiphertextException');
      }),
    );
  });

  test('hold a ciphertext to its key, its Region and the key that the request names', async () => {
    const kms = harness();
    const [one, two] = [await kms.newKey(), await kms.newKey()];
    await kms.call('CreateAlias', { AliasName: 'alias/one', TargetKeyId: one });
    const { CiphertextBlob } = await kms.call('Encrypt', { KeyId: 'alias/one', Plaintext: Buffer.from('x') });
    const decrypt = (KeyId?: string, region = HOME) =>
      kms.codeOf('Decrypt', { CiphertextBlob, ...(KeyId !== undefined && { KeyId }) }, undefined, region);
    expect(await decrypt()).toBe('ok');
    for (const name of [one, arnOf(one), 'alias/one', `arn:aws:kms:${HOME}:${ACCOUNT}:alias/one`]) {
      expect(await decrypt(name)).toBe('ok');
    }
    expect(await decrypt(two)).toBe('IncorrectKeyException');
    expect(await decrypt(undefined, 'eu-west-1')).toBe('AccessDeniedException');
  });

  test('never make the same ciphertext twice', async () => {
    const kms = harness();
    const KeyId = await kms.newKey();
    const make = async () => (await kms.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') })).CiphertextBlob;
    const made = await Promise.all(Array.from({ length: 50 }, make));
    expect(new Set(made.map((blob) => blob.toString('hex'))).size).toBe(50);
  });
});

describe('data keys', () => {
  test('come in the length asked for, and open again', async () => {
    const kms = harness();
    const KeyId = await kms.newKey();
    const EncryptionContext = { for: 'test' };
    for (const [asked, length] of [
      [{ KeySpec: 'AES_256' }, 32],
      [{ KeySpec: 'AES_128' }, 16],
      [{ NumberOfBytes: 1024 }, 1024],
    ] as const) {
      const made = await kms.call('GenerateDataKey', { KeyId, EncryptionContext, ...asked });
      expect(made.Plaintext.length).toBe(length);
      expect(made.KeyId).toBe(arnOf(KeyId));
      const opened = await kms.call('Decrypt', { CiphertextBlob: made.CiphertextBlob, EncryptionContext });
      expect(opened.Plaintext.equals(made.Plaintext)).toBe(true);
      expect(opened.KeyMaterialId).toBe(made.KeyMaterialId);
    }
    const without = await kms.call('GenerateDataKeyWithoutPlaintext', { KeyId, KeySpec: 'AES_256' });
    expect(Object.keys(without).sort()).toEqual(['CiphertextBlob', 'KeyId', 'KeyMaterialId']);
    const opened = await kms.call('Decrypt', { CiphertextBlob: without.CiphertextBlob });
    expect(opened.Plaintext.some((byte: number) => byte !== 0)).toBe(true);
  });

  test('are asked for in one way', async () => {
    const kms = harness();
    const KeyId = await kms.newKey();
    expect(await kms.codeOf('GenerateDataKey', { KeyId })).toBe('ValidationException');
    expect(await kms.codeOf('GenerateDataKey', { KeyId, KeySpec: 'AES_256', NumberOfBytes: 3 })).toBe(
      'ValidationException',
    );
    expect(await kms.codeOf('GenerateDataKey', { KeyId, NumberOfBytes: 1025 })).toBe('ValidationException');
  });
});

test('ReEncrypt moves a ciphertext to another key and context', async () => {
  const kms = harness();
  const [from, to] = [await kms.newKey(), await kms.newKey()];
  const { CiphertextBlob } = await kms.call('Encrypt', {
    KeyId: from,
    Plaintext: Buffer.from('moved'),
    EncryptionContext: { a: '1' },
  });
  const moving = { CiphertextBlob, DestinationKeyId: to, DestinationEncryptionContext: { b: '2' } };
  expect(await kms.codeOf('ReEncrypt', moving)).toBe('InvalidCiphertextException');
  expect(await kms.codeOf('ReEncrypt', { ...moving, SourceKeyId: to, SourceEncryptionContext: { a: '1' } })).toBe(
    'IncorrectKeyException',
  );
  const moved = await kms.call('ReEncrypt', { ...moving, SourceKeyId: from, SourceEncryptionContext: { a: '1' } });
  expect([moved.SourceKeyId, moved.KeyId]).toEqual([arnOf(from), arnOf(to)]);
  const opened = await kms.call('Decrypt', { CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { b: '2' } });
  expect(opened.Plaintext.toString()).toBe('moved');
});

test('what a key may do depends on its state', async () => {
  const kms = harness();
  const KeyId = await kms.newKey();
  const { CiphertextBlob } = await kms.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') });
  const all = async () => [
    await kms.codeOf('Encrypt', { KeyId, Plaintext: Buffer.from('x') }),
    await kms.codeOf('Decrypt', { CiphertextBlob }),
    await kms.codeOf('GenerateDataKey', { KeyId, KeySpec: 'AES_256' }),
    await kms.codeOf('ReEncrypt', { CiphertextBlob, DestinationKeyId: KeyId }),
  ];
  expect(new Set(await all())).toEqual(new Set(['ok']));
  await kms.call('DisableKey', { KeyId });
  expect(new Set(await all())).toEqual(new Set(['DisabledException']));
  await kms.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
  expect(new Set(await all())).toEqual(new Set(['KMSInvalidStateException']));
  await kms.call('CancelKeyDeletion', { KeyId });
  expect(new Set(await all())).toEqual(new Set(['DisabledException']));
  await kms.call('EnableKey', { KeyId });
  expect(new Set(await all())).toEqual(new Set(['ok']));
});

test('a dry run says that all was well, and does nothing', async () => {
  const kms = harness();
  const KeyId = await kms.newKey();
  const dry = { KeyId, DryRun: true };
  expect(await kms.codeOf('Encrypt', { ...dry, Plaintext: Buffer.from('x') })).toBe('DryRunOperationException');
  expect(await kms.codeOf('GenerateDataKey', { ...dry, KeySpec: 'AES_256' })).toBe('DryRunOperationException');
  await kms.call('DisableKey', { KeyId });
  expect(await kms.codeOf('Encrypt', { ...dry, Plaintext: Buffer.from('x') })).toBe('DisabledException');
});

test('what is left out is refused by name, never ignored', async () => {
  const kms = harness();
  const KeyId = await kms.newKey();
  const refused = [
    kms.codeOf('CreateKey', { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }),
    kms.codeOf('CreateKey', { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }),
    kms.codeOf('CreateKey', { MultiRegion: true }),
    kms.codeOf('CreateKey', { Origin: 'EXTERNAL' }),
    kms.codeOf('Sign', { KeyId }),
    kms.codeOf('GenerateMac', { KeyId }),
    kms.codeOf('GetPublicKey', { KeyId }),
    kms.codeOf('GenerateDataKey', { KeyId, KeySpec: 'AES_256', Recipient: {} }),
  ];
  expect(new Set(await Promise.all(refused))).toEqual(new Set(['UnsupportedOperationException']));
  expect(await kms.codeOf('CreateKey', { KeyUsage: 'SIGN_VERIFY' })).toBe('ValidationException');
});
