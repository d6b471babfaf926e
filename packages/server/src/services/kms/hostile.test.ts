import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import type { Member, ServiceSchema } from '../../schema/types.ts';
import { harness, user } from './testing/harness.ts';

/** Anything that could come decoded off the wire for a member of the schema, with a liking for what exists. */
function anything(schema: ServiceSchema, { shape: name }: Member, likely: readonly unknown[]): fc.Arbitrary<unknown> {
  const shape = schema.shapes[name]!;
  const each = (member: Member) => anything(schema, member, likely);
  switch (shape.type) {
    case 'structure':
    case 'union':
      return fc.record(Object.fromEntries(Object.entries(shape.members).map(([key, member]) => [key, each(member)])), {
        requiredKeys: [],
      });
    case 'list':
      return fc.array(each(shape.member), { maxLength: 3 });
    case 'map':
      return fc.dictionary(fc.string({ maxLength: 9 }), each(shape.value), { maxKeys: 3 });
    case 'boolean':
      return fc.constantFrom(true, false);
    case 'double':
      return fc.oneof(fc.integer({ min: -1, max: 400 }), fc.integer(), fc.double());
    case 'blob': {
      const blobs = likely.filter((one) => Buffer.isBuffer(one));
      const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
      return fc.oneof(fc.constantFrom(...blobs), noise);
    }
    default: {
      const texts = likely.filter((one) => typeof one === 'string');
      return fc.oneof(fc.constantFrom(...texts), fc.string({ maxLength: 40, unit: 'binary' }));
    }
  }
}

test('whatever is sent ends well or with an error of KMS’s, and never with a fault of ours', async () => {
  const kms = harness();
  const KeyId = await kms.newKey();
  await kms.call('CreateAlias', { AliasName: 'alias/a', TargetKeyId: KeyId });
  const { CiphertextBlob } = await kms.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') });
  const bob = user('bob');
  const grant = await kms.call('CreateGrant', { KeyId, GranteePrincipal: bob.arn, Operations: ['Decrypt'] });
  const { Policy } = await kms.call('GetKeyPolicy', { KeyId });
  const likely = [
    ...[KeyId, 'alias/a', 'alias/aws/s3', 'alias/b', CiphertextBlob, grant.GrantId, grant.GrantToken, bob.arn, Policy],
    ...['default', 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', 'AWS_KMS', 'AES_256', 'Encrypt', 'Decrypt', 'CreateGrant'],
    ...['__proto__', 'constructor', '', '\ud800', '*', '{}', '{"Statement":[]}'],
  ];
  for (const operation of Object.keys(kms.service.operations)) {
    const { input } = kms.schema.operations[operation]!;
    await fc.assert(
      fc.asyncProperty(
        anything(kms.schema, { shape: input! }, likely),
        fc.constantFrom(undefined, bob),
        async (given, as) => {
          try {
            await kms.call(operation, given as object, as);
          } catch (error) {
            if (!(error instanceof AwsError) || error.status !== 400) throw error;
            expect(error.code).toMatch(/Exception$/);
          }
        },
      ),
      { numRuns: 150 },
    );
  }
});
