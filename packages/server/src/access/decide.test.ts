import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMs } from '../testing/cpu-ms.ts';
import { decide, type PolicySet } from './decide.ts';
import { parsePolicy } from './parse-policy.ts';
import { evaluate, type Policy, type PolicyRequest } from './policy.ts';

const ACCOUNT = '123456789012';
const ALICE = `arn:aws:iam::${ACCOUNT}:user/alice`;
const ADMIN = `arn:aws:iam::${ACCOUNT}:role/admin`;
const policyOf = (statements: readonly object[], principal: 'required' | 'refused'): Policy => {
  const parsed = parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }), { principal });
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed.policy;
};

const condition = fc.constantFrom(
  {},
  { Bool: { 'aws:SecureTransport': 'true' } },
  { StringNotEquals: { 'aws:RequestedRegion': 'us-east-1' } },
  { Null: { 'aws:TokenIssueTime': 'true' } },
  { 'ForAllValues:StringLike': { 'aws:TagKeys': ['a*'] } },
);
const statement = fc.record({
  Effect: fc.constantFrom('Allow', 'Deny'),
  Action: fc.constantFrom('*', 's3:*', 's3:GetObject', 's3:Put*', ['s3:ListBucket', 'ec2:*']),
  Resource: fc.constantFrom('*', 'arn:aws:s3:::logs/*', 'arn:aws:s3:::logs/a', 'arn:aws:s3:::l?gs'),
  Condition: condition,
});
const principal = fc.constantFrom(
  '*',
  { AWS: ACCOUNT },
  { AWS: ALICE },
  { AWS: ADMIN },
  { Service: 'x.amazonaws.com' },
);
const identityStatements = fc.array(statement, { minLength: 1, maxLength: 4 });
const resourceStatements = fc.array(
  fc.tuple(statement, principal).map(([s, Principal]) => ({ ...s, Principal })),
  { minLength: 1, maxLength: 3 },
);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** The statements of a whole set, so that one can be added to any of them. */
const sources = fc.record({
  identity: fc.array(identityStatements, { maxLength: 3 }),
  boundary: optional(identityStatements),
  session: optional(fc.array(identityStatements, { maxLength: 2 })),
  serviceControl: fc.array(fc.array(identityStatements, { minLength: 1, maxLength: 2 }), { maxLength: 2 }),
  resource: optional(resourceStatements),
  owner: fc.constantFrom(ACCOUNT, '999999999999'),
  decides: fc.boolean(),
});
type Sources = typeof sources extends fc.Arbitrary<infer T> ? T : never;

function setOf({ identity, boundary, session, serviceControl, resource, owner, decides }: Sources): PolicySet {
  const own = (statements: readonly object[]) => policyOf(statements, 'refused');
  return {
    identity: identity.map(own),
    ...(boundary && { boundary: own(boundary) }),
    ...(session && { session: session.map(own) }),
    serviceControl: serviceControl.map((level) => level.map(own)),
    resource: { ...(resource && { policy: policyOf(resource, 'required') }), accountId: owner, decides },
  };
}

const request: fc.Arbitrary<PolicyRequest> = fc.record({
  principal: fc.constantFrom<PolicyRequest['principal']>(
    { kind: 'aws', accountId: ACCOUNT, arn: ALICE },
    {
      kind: 'aws',
      accountId: ACCOUNT,
      arn: `arn:aws:sts::${ACCOUNT}:assumed-role/admin/me`,
      roleArn: ADMIN,
    },
    { kind: 'service', service: 'x.amazonaws.com' },
    { kind: 'anonymous' },
  ),
  action: fc.constantFrom('s3:GetObject', 's3:PutObject', 's3:ListBucket', 'ec2:RunInstances'),
  resource: fc.constantFrom('arn:aws:s3:::logs/a', 'arn:aws:s3:::logs/b', 'arn:aws:s3:::logs', '*'),
  context: fc.constantFrom<PolicyRequest['context']>(
    { 'aws:SecureTransport': 'true', 'aws:RequestedRegion': 'us-east-1' },
    { 'aws:SecureTransport': 'false', 'aws:TagKeys': ['ab', 'c'], 'aws:TokenIssueTime': '2026-01-01T00:00:00Z' },
  ),
});

const runs = { numRuns: 1_000 };
const withMore = (s: Sources, kind: keyof Sources, more: object): Sources => {
  const list = s[kind];
  if (kind === 'identity') return { ...s, identity: [...s.identity, [more as never]] };
  if (kind === 'serviceControl') return { ...s, serviceControl: s.serviceControl.map((l) => [...l, [more as never]]) };
  if (kind === 'session') return { ...s, session: s.session && [...s.session, [more as never]] };
  return { ...s, [kind]: list && [...(list as object[]), more] };
};
const KINDS = ['identity', 'boundary', 'session', 'serviceControl', 'resource'] as const;
const added = (kind: (typeof KINDS)[number], s: object) => (kind === 'resource' ? { ...s, Principal: '*' } : s);

describe('whatever the policies', () => {
  test('a Deny more never allows, and one that fits denies', () => {
    fc.assert(
      fc.property(sources, request, fc.constantFrom(...KINDS), statement, (s, r, kind, one) => {
        const before = decide(setOf(s), r).allowed;
        const after = decide(setOf(withMore(s, kind, added(kind, { ...one, Effect: 'Deny' }))), r);
        if (!before) expect(after.allowed).toBe(false);
        const all = added(kind, { Effect: 'Deny', Action: '*', Resource: '*' });
        const denied = withMore(s, kind, all);
        const said = kind === 'resource' ? denied.resource : r.principal.kind === 'aws' && denied[kind];
        if (said && (!Array.isArray(said) || said.length > 0)) {
          expect(decide(setOf(denied), r)).toMatchObject({ allowed: false, kind: 'explicit-deny' });
        }
      }),
      runs,
    );
  });

  test('an Allow more never denies', () => {
    fc.assert(
      fc.property(sources, request, fc.constantFrom(...KINDS), statement, (s, r, kind, one) => {
        if (!decide(setOf(s), r).allowed) return;
        expect(decide(setOf(withMore(s, kind, added(kind, { ...one, Effect: 'Allow' }))), r).allowed).toBe(true);
      }),
      runs,
    );
  });

  test('a boundary, session policies or an organization never give what was not there', () => {
    fc.assert(
      fc.property(sources, request, (s, r) => {
        if (!decide(setOf(s), r).allowed) return;
        const free = { ...s, boundary: undefined, session: undefined, serviceControl: [] };
        expect(decide(setOf(free), r).allowed).toBe(true);
      }),
      runs,
    );
  });

  test('neither the order of statements nor that of policies matters', () => {
    fc.assert(
      fc.property(sources, request, (s, r) => {
        const turned = {
          ...s,
          identity: s.identity.map((statements) => [...statements].reverse()).reverse(),
          boundary: s.boundary && [...s.boundary].reverse(),
          session: s.session && [...s.session].reverse(),
          serviceControl: s.serviceControl.map((level) => [...level].reverse()).reverse(),
          resource: s.resource && [...s.resource].reverse(),
        };
        expect(decide(setOf(turned), r)).toEqual(decide(setOf(s), r));
      }),
      runs,
    );
  });

  test('what is kept of a list of policies changes no answer, however many actions are asked for', () => {
    const many = Array.from({ length: 40 }, (_, i) => `s3:Get${'Object'.slice(0, i % 7)}${i % 5 === 0 ? '' : i}`);
    const actions = [...many, 's3:GetObject', 'S3:getobject', 's3:PutObject', 'ec2:RunInstances', 'x:Y'];
    fc.assert(
      fc.property(
        sources,
        fc.array(fc.tuple(request, fc.constantFrom(...actions)), { maxLength: 60 }),
        (from, asked) => {
          const kept = setOf(from);
          for (const [one, action] of asked) {
            expect(decide(kept, { ...one, action })).toEqual(decide(setOf(from), { ...one, action }));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('across accounts nothing is allowed that one side does not allow', () => {
    fc.assert(
      fc.property(sources, request, (s, r) => {
        if (r.principal.kind !== 'aws' || s.owner === ACCOUNT || !decide(setOf(s), r).allowed) return;
        expect(evaluate(policyOf(s.resource!, 'required'), r)).toBe('allow');
        expect(s.identity.some((statements) => evaluate(policyOf(statements, 'refused'), r) === 'allow')).toBe(true);
      }),
      runs,
    );
  });

  test('operators that do not exist are refused when a policy is read', () => {
    const known = /^(For(All|Any)Values?:)?(String|Numeric|Date|Bool|Binary|Ip|NotIp|Arn|Null)/;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.constantFrom(
            'StringEqual',
            'NullIfExists',
            'ForAllValues:Null',
            'BoolNotEquals',
            'ForSomeValues:StringLike',
          ),
        ),
        (operator) => {
          if (known.test(operator) && operator !== 'NullIfExists' && operator !== 'BoolNotEquals') return;
          const Statement = { Effect: 'Deny', Action: '*', Resource: '*', Condition: { [operator]: { 'aws:x': 'y' } } };
          const json = JSON.stringify({ Version: '2012-10-17', Statement });
          expect(parsePolicy(json, { principal: 'refused' })).toHaveProperty('problem');
        },
      ),
      runs,
    );
  });

  test('no policy or request is slow to decide about', () => {
    const many = Array.from({ length: 150 }, (_, i) => ({
      Effect: 'Allow',
      Action: `s3:${'*a'.repeat(12)}${i}`,
      Resource: `arn:aws:s3:::${'*a'.repeat(20)}?b`,
      Condition: { StringLike: { 's3:prefix': `${'*?a'.repeat(10)}b` } },
    }));
    const hostile = parsePolicy(JSON.stringify({ Statement: many }), { principal: 'refused', sizeBytesMax: 1 << 20 });
    if ('problem' in hostile) throw new Error(hostile.problem);
    const asked: PolicyRequest = {
      principal: { kind: 'aws', accountId: ACCOUNT, arn: ALICE },
      action: `s3:${'a'.repeat(60)}`,
      resource: `arn:aws:s3:::${'a'.repeat(1024)}`,
      context: { 's3:prefix': 'a'.repeat(1024) },
    };
    const start = cpuMs();
    for (let i = 0; i < 20; i++) decide({ identity: [hostile.policy] }, asked);
    expect((cpuMs() - start) / 20).toBeLessThan(100);
  });
});
