import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../base/logger.ts';
import type { KeyEvent } from './deps.ts';
import { startKeySweep } from './sweep.ts';
import { arnOf, harness, user } from './testing/harness.ts';

const DAY_MS = 86_400_000;
const plain = { Plaintext: Buffer.from('x') };

function sweeping() {
  const kms = harness();
  const events: KeyEvent[] = [];
  const stop = startKeySweep({ ...kms, logger: silentLogger, onEvent: async (event) => void events.push(event) });
  return { kms, events, stop };
}

describe('deletion', () => {
  test('comes when it is due, with aliases and grants, and is told', async () => {
    const { kms, events, stop } = sweeping();
    const KeyId = await kms.newKey();
    await kms.call('CreateAlias', { AliasName: 'alias/gone', TargetKeyId: KeyId });
    const bob = user('bob');
    await kms.call('CreateGrant', {
      KeyId,
      GranteePrincipal: bob.arn,
      RetiringPrincipal: bob.arn,
      Operations: ['Encrypt'],
    });
    const { CiphertextBlob } = await kms.call('Encrypt', { KeyId, ...plain });
    const scheduled = await kms.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    expect(scheduled).toEqual({
      KeyId: arnOf(KeyId),
      DeletionDate: new Date(kms.clock.now() + 7 * DAY_MS),
      KeyState: 'PendingDeletion',
      PendingWindowInDays: 7,
    });
    expect(await kms.codeOf('ScheduleKeyDeletion', { KeyId })).toBe('KMSInvalidStateException');
    await kms.clock.advance(7 * DAY_MS - 1);
    expect((await kms.call('DescribeKey', { KeyId })).KeyMetadata.KeyState).toBe('PendingDeletion');
    await kms.clock.advance(DAY_MS);
    expect(await kms.codeOf('DescribeKey', { KeyId })).toBe('NotFoundException');
    expect(await kms.codeOf('Decrypt', { CiphertextBlob })).toBe('AccessDeniedException');
    expect(await kms.state.list('kms/')).toEqual([]);
    expect(events).toMatchObject([{ eventName: 'DeleteKey', keyArn: arnOf(KeyId) }]);
    await stop();
  });

  test('does not come after it was cancelled, nor to a clock that leaps', async () => {
    const { kms, stop } = sweeping();
    const [cancelled, leapt] = [await kms.newKey(), await kms.newKey()];
    await kms.call('ScheduleKeyDeletion', { KeyId: cancelled, PendingWindowInDays: 7 });
    await kms.call('ScheduleKeyDeletion', { KeyId: leapt, PendingWindowInDays: 7 });
    await kms.clock.advance(6 * DAY_MS);
    await kms.call('CancelKeyDeletion', { KeyId: cancelled });
    expect(await kms.codeOf('CancelKeyDeletion', { KeyId: cancelled })).toBe('KMSInvalidStateException');
    kms.clock.jump(400 * DAY_MS);
    await kms.clock.advance(DAY_MS / 2);
    expect((await kms.call('DescribeKey', { KeyId: leapt })).KeyMetadata.KeyState).toBe('PendingDeletion');
    await kms.clock.advance(DAY_MS);
    expect(await kms.codeOf('DescribeKey', { KeyId: leapt })).toBe('NotFoundException');
    expect((await kms.call('DescribeKey', { KeyId: cancelled })).KeyMetadata.KeyState).toBe('Disabled');
    await stop();
  });

  test('does not come by a clock that was wrong at the start and is set right within the hour', async () => {
    const kms = harness();
    const KeyId = await kms.newKey();
    await kms.call('ScheduleKeyDeletion', { KeyId });
    kms.clock.jump(400 * DAY_MS);
    const stop = startKeySweep({ ...kms, logger: silentLogger });
    await kms.clock.advance(DAY_MS / 48);
    kms.clock.jump(-400 * DAY_MS);
    await kms.clock.advance(DAY_MS);
    expect((await kms.call('DescribeKey', { KeyId })).KeyMetadata.KeyState).toBe('PendingDeletion');
    await stop();
  });

  test('takes 7 to 30 days', async () => {
    const kms = harness();
    const KeyId = await kms.newKey();
    for (const PendingWindowInDays of [6, 31]) {
      expect(await kms.codeOf('ScheduleKeyDeletion', { KeyId, PendingWindowInDays })).toBe('ValidationException');
    }
    expect((await kms.call('ScheduleKeyDeletion', { KeyId })).PendingWindowInDays).toBe(30);
  });

  test('forbids to change the key, and not to look at it', async () => {
    const kms = harness();
    const KeyId = await kms.newKey();
    await kms.call('CreateAlias', { AliasName: 'alias/a', TargetKeyId: KeyId });
    await kms.call('EnableKeyRotation', { KeyId });
    await kms.call('ScheduleKeyDeletion', { KeyId });
    const invalid = [
      kms.codeOf('EnableKey', { KeyId }),
      kms.codeOf('DisableKey', { KeyId }),
      kms.codeOf('EnableKeyRotation', { KeyId }),
      kms.codeOf('RotateKeyOnDemand', { KeyId }),
      kms.codeOf('TagResource', { KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] }),
      kms.codeOf('UntagResource', { KeyId, TagKeys: ['a'] }),
      kms.codeOf('UpdateKeyDescription', { KeyId, Description: 'x' }),
      kms.codeOf('CreateAlias', { AliasName: 'alias/b', TargetKeyId: KeyId }),
      kms.codeOf('CreateGrant', { KeyId, GranteePrincipal: user('bob').arn, Operations: ['Encrypt'] }),
    ];
    expect(new Set(await Promise.all(invalid))).toEqual(new Set(['KMSInvalidStateException']));
    const looks = [
      'GetKeyPolicy',
      'ListKeyRotations',
      'ListKeyPolicies',
      'ListResourceTags',
      'ListGrants',
      'GetKeyRotationStatus',
    ];
    for (const operation of looks) expect(await kms.codeOf(operation, { KeyId })).toBe('ok');
    expect((await kms.call('GetKeyRotationStatus', { KeyId })).KeyRotationEnabled).toBe(false);
    const other = await kms.newKey();
    expect(await kms.codeOf('UpdateAlias', { AliasName: 'alias/a', TargetKeyId: other })).toBe('ok');
    await kms.call('CancelKeyDeletion', { KeyId });
    expect((await kms.call('GetKeyRotationStatus', { KeyId })).KeyRotationEnabled).toBe(true);
  });
});

describe('rotation', () => {
  test('by itself and on demand keeps what decrypts', async () => {
    const { kms, events, stop } = sweeping();
    const KeyId = await kms.newKey();
    const blobs: Buffer[] = [];
    const encrypt = async () => blobs.push((await kms.call('Encrypt', { KeyId, ...plain })).CiphertextBlob);
    await encrypt();
    await kms.call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 });
    expect(await kms.call('GetKeyRotationStatus', { KeyId })).toEqual({
      KeyRotationEnabled: true,
      KeyId: arnOf(KeyId),
      RotationPeriodInDays: 90,
      NextRotationDate: new Date(kms.clock.now() + 90 * DAY_MS),
    });
    await kms.clock.advance(91 * DAY_MS);
    await encrypt();
    await kms.call('RotateKeyOnDemand', { KeyId });
    await encrypt();
    await kms.call('DisableKeyRotation', { KeyId });
    await kms.clock.advance(200 * DAY_MS);
    const opened = await Promise.all(blobs.map((CiphertextBlob) => kms.call('Decrypt', { CiphertextBlob })));
    expect(opened.map(({ Plaintext }) => Plaintext.toString())).toEqual(['x', 'x', 'x']);
    expect(new Set(opened.map(({ KeyMaterialId }) => KeyMaterialId)).size).toBe(3);
    const rotations = async (IncludeKeyMaterial?: string) =>
      (await kms.call('ListKeyRotations', { KeyId, ...(IncludeKeyMaterial && { IncludeKeyMaterial }) })).Rotations;
    expect((await rotations()).map((r: { RotationType: string }) => r.RotationType)).toEqual([
      'AUTOMATIC',
      'ON_DEMAND',
    ]);
    const all: { KeyMaterialState: string }[] = await rotations('ALL_KEY_MATERIAL');
    expect(all.map((r) => r.KeyMaterialState)).toEqual(['NON_CURRENT', 'NON_CURRENT', 'CURRENT']);
    expect(events.map(({ eventName }) => eventName)).toEqual(['RotateKey']);
    await stop();
  });

  test('on demand has a limit, and waits while the key is disabled', async () => {
    const { kms, events, stop } = sweeping();
    const KeyId = await kms.newKey();
    for (let i = 0; i < 25; i++) await kms.call('RotateKeyOnDemand', { KeyId });
    expect(await kms.codeOf('RotateKeyOnDemand', { KeyId })).toBe('LimitExceededException');
    await kms.call('EnableKeyRotation', { KeyId });
    await kms.call('DisableKey', { KeyId });
    expect(await kms.codeOf('RotateKeyOnDemand', { KeyId })).toBe('DisabledException');
    await kms.clock.advance(400 * DAY_MS);
    expect(events).toEqual([]);
    await kms.call('EnableKey', { KeyId });
    await kms.clock.advance(DAY_MS);
    expect(events.length).toBe(1);
    await stop();
  });
});
