import { expect, test } from 'vitest';
import { createAuthorizer, denialOf } from './authorizer.ts';
import type { Caller } from './caller.ts';
import { ACCOUNT, federated, nobody, OTHER, role, root, service, user } from './testing/decisions.ts';
import { unlimitedPolicies } from './testing/unlimited.ts';

const FACTS = { timeMs: 0, sourceIp: '192.0.2.1', userAgent: 'test', secureTransport: true };
const nothing = createAuthorizer({ policies: { policiesOf: async () => undefined } });
const trail = `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/main`;
const request = { action: 'cloudtrail:GetTrail', resource: trail };

test('says why in AWS’s words', async () => {
  expect((await nothing.decide(user(), FACTS, request)).message).toBe(
    `User: arn:aws:iam::${ACCOUNT}:user/alice is not authorized to perform: cloudtrail:GetTrail on resource: ${trail} because no identity-based policy allows the cloudtrail:GetTrail action`,
  );
  const foreign = await nothing.decide(root(), FACTS, { ...request, resourceAccountId: OTHER });
  expect(foreign.message).toContain('because no resource-based policy allows the cloudtrail:GetTrail action');
  const trust = { action: 'sts:AssumeRole', resource: 'arn:aws:iam::1:role/x', resourceDecides: true };
  const untrusted = await nothing.decide(user(), FACTS, trust);
  expect(untrusted.message).toMatch(/because no role trust policy allows the sts:AssumeRole action$/);
});

test('spells refusals as each protocol does', async () => {
  const code = (action: string) =>
    nothing.require(user(), FACTS, { action, resource: '*' }).catch((e) => [e.code, e.status]);
  expect(await code('s3:ListBucket')).toEqual(['AccessDenied', 403]);
  expect(await code('iam:GetUser')).toEqual(['AccessDenied', 403]);
  expect(await code('kms:Encrypt')).toEqual(['AccessDeniedException', 400]);
  expect(denialOf({ protocols: ['restJson1'] })).toEqual({ code: 'AccessDeniedException', status: 403 });
  expect(denialOf({ protocols: ['ec2Query'] })).toEqual({ code: 'UnauthorizedOperation', status: 403 });
  await createAuthorizer({ policies: unlimitedPolicies }).require(user(), FACTS, request);
});

test('only root is allowed everything without a policy: who has lost user, role or name is not', async () => {
  const nameless = ({ principal: { name: _, ...principal }, ...caller }: Caller): Caller => ({ ...caller, principal });
  const allowed = async (caller: Caller) => (await nothing.decide(caller, FACTS, request)).allowed;
  expect(await allowed(root())).toBe(true);
  for (const caller of [user(), role(), federated(), service('x.amazonaws.com'), nobody])
    for (const one of [caller, nameless(caller)]) expect(await allowed(one)).toBe(false);
});

test('a session policy that cannot be read allows nothing', async () => {
  const everything = createAuthorizer({ policies: unlimitedPolicies });
  const session = role('admin', ACCOUNT, { policies: ['{"Statement":'] });
  expect(await everything.decide(session, FACTS, request)).toMatchObject({ allowed: false, by: 'session' });
});
