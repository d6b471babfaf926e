import { describe, expect, test } from 'vitest';
import { ACCOUNT, alice, arnOf, harness, OTHER, user } from './testing/harness.ts';

const bob = user('bob');
const carol = user('carol');
const eve = user('eve', OTHER);
const plain = { Plaintext: Buffer.from('x') };
const closed = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: alice.arn }, Action: 'kms:*', Resource: '*' }],
});

async function closedKey() {
  const kms = harness();
  const KeyId = await kms.newKey({ Policy: closed });
  const grant = (input: object, caller = alice) =>
    kms.call('CreateGrant', { KeyId, GranteePrincipal: bob.arn, Operations: ['Encrypt'], ...input }, caller);
  const encrypt = (caller = bob, EncryptionContext?: Record<string, string>) =>
    kms.codeOf('Encrypt', { KeyId: arnOf(KeyId), ...plain, ...(EncryptionContext && { EncryptionContext }) }, caller);
  return { kms, KeyId, grant, encrypt };
}

describe('a grant', () => {
  test('allows its operations to its grantee, also of another account, until it is revoked', async () => {
    const { kms, KeyId, grant, encrypt } = await closedKey();
    expect(await encrypt()).toBe('AccessDeniedException');
    const { GrantId } = await grant({});
    expect(await encrypt()).toBe('ok');
    expect(await encrypt(carol)).toBe('AccessDeniedException');
    expect(await kms.codeOf('GenerateDataKey', { KeyId, KeySpec: 'AES_256' }, bob)).toBe('AccessDeniedException');
    await grant({ GranteePrincipal: eve.arn });
    expect(await encrypt(eve)).toBe('ok');
    await kms.call('RevokeGrant', { KeyId, GrantId });
    expect(await encrypt()).toBe('AccessDeniedException');
    expect(await kms.codeOf('RevokeGrant', { KeyId, GrantId })).toBe('NotFoundException');
    expect(await kms.codeOf('RevokeGrant', { KeyId, GrantId: 'x/../y' })).toBe('InvalidGrantIdException');
  });

  test('holds to its constraints', async () => {
    const { grant, encrypt } = await closedKey();
    await grant({ Constraints: { EncryptionContextSubset: { a: '1' } } });
    await grant({ GranteePrincipal: carol.arn, Constraints: { EncryptionContextEquals: { a: '1' } } });
    expect(await encrypt(bob, { a: '1', b: '2' })).toBe('ok');
    expect(await encrypt(bob, { b: '2' })).toBe('AccessDeniedException');
    expect(await encrypt(bob)).toBe('AccessDeniedException');
    expect(await encrypt(carol, { a: '1' })).toBe('ok');
    expect(await encrypt(carol, { a: '1', b: '2' })).toBe('AccessDeniedException');
  });

  test('may be handed on, never wider', async () => {
    const { kms, KeyId, grant } = await closedKey();
    const Constraints = { EncryptionContextSubset: { a: '1' } };
    await grant({ Operations: ['Encrypt', 'CreateGrant'], Constraints });
    const hand = (input: object) =>
      kms.codeOf('CreateGrant', { KeyId, GranteePrincipal: carol.arn, Operations: ['Encrypt'], ...input }, bob);
    expect(await hand({ Constraints })).toBe('ok');
    expect(await hand({ Constraints: { EncryptionContextEquals: { a: '1', b: '2' } } })).toBe('ok');
    expect(await hand({})).toBe('AccessDeniedException');
    expect(await hand({ Constraints: { EncryptionContextSubset: { a: '2' } } })).toBe('AccessDeniedException');
    expect(await hand({ Constraints, Operations: ['Decrypt'] })).toBe('AccessDeniedException');
  });

  test('is retired by whom it names, by token or by id', async () => {
    const { kms, KeyId, grant, encrypt } = await closedKey();
    const { GrantToken } = await grant({ RetiringPrincipal: carol.arn });
    expect((await kms.call('ListRetirableGrants', { RetiringPrincipal: carol.arn }, carol)).Grants.length).toBe(1);
    expect(await kms.codeOf('RetireGrant', { GrantToken }, bob)).toBe('AccessDeniedException');
    expect(await kms.codeOf('RetireGrant', { GrantToken: `x${GrantToken.slice(1)}` }, carol)).toBe(
      'InvalidGrantTokenException',
    );
    await kms.call('RetireGrant', { GrantToken }, carol);
    expect(await encrypt()).toBe('AccessDeniedException');
    expect((await kms.call('ListRetirableGrants', { RetiringPrincipal: carol.arn }, carol)).Grants).toEqual([]);
    const { GrantId } = await grant({ Operations: ['Encrypt', 'RetireGrant'] });
    expect(await kms.codeOf('RetireGrant', { KeyId: arnOf(KeyId), GrantId }, bob)).toBe('ok');
    expect(await kms.codeOf('RetireGrant', { GrantId }, bob)).toBe('ValidationException');
  });

  test('with a name is made once, however often and at once it is asked for', async () => {
    const { kms, KeyId, grant } = await closedKey();
    const made = await Promise.all(Array.from({ length: 6 }, () => grant({ Name: 'once' })));
    expect(new Set(made.map(({ GrantId }) => GrantId)).size).toBe(1);
    expect(new Set(made.map(({ GrantToken }) => GrantToken)).size).toBe(6);
    expect((await grant({ Name: 'once', Operations: ['Decrypt'] })).GrantId).not.toBe(made[0].GrantId);
    expect((await kms.call('ListGrants', { KeyId })).Grants.length).toBe(2);
  });

  test('is listed by page, grantee and id', async () => {
    const { kms, KeyId, grant } = await closedKey();
    for (let i = 0; i < 7; i++) await grant({ GranteePrincipal: `arn:aws:iam::${ACCOUNT}:role/r${i}` });
    const { GrantId } = await grant({ Name: 'mine', Constraints: { EncryptionContextEquals: { a: 'b' } } });
    const ids: string[] = [];
    for (let Marker: string | undefined; ; ) {
      const page = await kms.call('ListGrants', { KeyId, Limit: 3, ...(Marker && { Marker }) });
      ids.push(...page.Grants.map((one: { GrantId: string }) => one.GrantId));
      Marker = page.NextMarker;
      expect(page.Truncated).toBe(Marker !== undefined);
      if (Marker === undefined) break;
    }
    expect(new Set(ids).size).toBe(8);
    const byGrantee = await kms.call('ListGrants', { KeyId, GranteePrincipal: bob.arn });
    expect(byGrantee.Grants).toEqual([
      {
        KeyId: arnOf(KeyId),
        GrantId,
        Name: 'mine',
        CreationDate: new Date(kms.clock.now()),
        GranteePrincipal: bob.arn,
        IssuingAccount: `arn:aws:iam::${ACCOUNT}:root`,
        Operations: ['Encrypt'],
        Constraints: { EncryptionContextEquals: { a: 'b' } },
      },
    ]);
    expect((await kms.call('ListGrants', { KeyId, GrantId })).Grants.length).toBe(1);
  });

  test('is refused when it makes no sense', async () => {
    const { kms, KeyId } = await closedKey();
    const code = (input: object) =>
      kms.codeOf('CreateGrant', { KeyId, GranteePrincipal: bob.arn, Operations: ['Encrypt'], ...input });
    expect(await code({ GranteePrincipal: 'bob' })).toBe('InvalidArnException');
    expect(await code({ GranteePrincipal: arnOf(KeyId) })).toBe('InvalidArnException');
    expect(await code({ Operations: [] })).toBe('ValidationException');
    expect(await code({ Operations: ['Sign'] })).toBe('ValidationException');
    expect(await code({ Operations: ['Delete'] })).toBe('ValidationException');
    expect(await code({ DryRun: true })).toBe('DryRunOperationException');
    await kms.call('DisableKey', { KeyId });
    expect(await code({})).toBe('DisabledException');
  });
});
