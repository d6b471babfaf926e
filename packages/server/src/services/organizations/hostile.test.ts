import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import type { Member, ServiceSchema } from '../../schema/types.ts';
import { harness, MANAGEMENT, OTHER } from './testing/harness.ts';

/** Anything that could come decoded off the wire for a member of the schema, with a liking for what exists. */
function anything(schema: ServiceSchema, { shape: name }: Member, likely: readonly string[]): fc.Arbitrary<unknown> {
  const shape = schema.shapes[name]!;
  const each = (member: Member) => anything(schema, member, likely);
  switch (shape.type) {
    case 'structure':
      return fc.record(Object.fromEntries(Object.entries(shape.members).map(([key, member]) => [key, each(member)])), {
        requiredKeys: [],
      });
    case 'list':
      return fc.array(fc.option(each(shape.member), { freq: 9 }), { maxLength: 3 });
    case 'double':
      return fc.oneof(fc.integer({ min: -1, max: 25 }), fc.integer(), fc.double());
    default:
      return fc.oneof(fc.constantFrom(...likely), fc.string({ maxLength: 40, unit: 'binary' }));
  }
}

test('whatever is sent ends well or with an error of Organizations’, and never with a fault of ours', async () => {
  const { manage, call, service, newAccount, source } = await harness();
  await manage('CreateOrganization');
  const rootId = (await manage('ListRoots')).Roots[0].Id;
  const member = await newAccount('member');
  const unit = await manage('CreateOrganizationalUnit', { ParentId: rootId, Name: 'unit' });
  const { Handshake } = await manage('InviteAccountToOrganization', { Target: { Id: OTHER, Type: 'ACCOUNT' } });
  const content = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}';
  const likely = [
    ...[rootId, member, MANAGEMENT, OTHER, unit.OrganizationalUnit.Id, Handshake.Id, 'p-FullAWSAccess', content],
    ...['SERVICE_CONTROL_POLICY', 'TAG_POLICY', 'ACCOUNT', 'EMAIL', 'ORGANIZATIONAL_UNIT', 'ALL', 'INVITE'],
    ...['cloudtrail.amazonaws.com', 'member@example.com', '__proto__', 'constructor', '', '\ud800', '*', 'aws:x'],
  ];
  for (const operation of Object.keys(service.operations)) {
    const { input } = service.schema.operations[operation]!;
    await fc.assert(
      fc.asyncProperty(
        input === undefined ? fc.constant({}) : anything(service.schema, { shape: input }, likely),
        fc.constantFrom(MANAGEMENT, member, OTHER),
        async (given, by) => {
          try {
            await call(by, operation, given as object);
          } catch (error) {
            if (!(error instanceof AwsError) || error.status !== 400) throw error;
            expect(error.code).toMatch(/Exception$/);
          }
          // Whatever has happened, the authorizer still finds its way.
          for (const accountId of [MANAGEMENT, member, OTHER]) await source.placeOf(accountId);
        },
      ),
      { numRuns: 60 },
    );
  }
});
