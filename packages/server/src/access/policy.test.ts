// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how policies write their variables
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Caller } from './caller.ts';
import { callerContext, principalOf, serviceContext } from './context.ts';
import { type PolicyRules, parsePolicy } from './parse-policy.ts';
import { evaluate, missingStatement, type Policy, type PolicyRequest, type RequestPrincipal } from './policy.ts';

const BUCKET = 'arn:aws:s3:::logs';
const TRAIL = 'arn:aws:cloudtrail:us-east-1:123456789012:trail/main';
const USER: Caller = {
  anonymous: false,
  accountId: '123456789012',
  arn: 'arn:aws:iam::123456789012:user/alice',
  identity: { type: 'IAMUser', principalId: 'AIDAEXAMPLEALICE00000', accountId: '123456789012', userName: 'alice' },
  principal: { kind: 'user', name: 'alice' },
};
const ANYONE: Caller = {
  anonymous: true,
  accountId: 'anonymous',
  arn: '*',
  identity: { principalId: '' },
  principal: { kind: 'anonymous' },
};
const FACTS = { timeMs: Date.UTC(2026, 0, 2), sourceIp: '203.0.113.7', userAgent: 'aws-cli/2', secureTransport: false };

const policyOf = (document: unknown, rules?: PolicyRules): Policy => {
  const parsed = parsePolicy(typeof document === 'string' ? document : JSON.stringify(document), rules);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed.policy;
};
const problemOf = (document: unknown, rules?: PolicyRules): string => {
  const parsed = parsePolicy(typeof document === 'string' ? document : JSON.stringify(document), rules);
  return 'problem' in parsed ? parsed.problem : 'none';
};
const statement = (over: object = {}) => ({
  Effect: 'Allow',
  Principal: '*',
  Action: 's3:GetObject',
  Resource: `${BUCKET}/*`,
  ...over,
});
const version = '2012-10-17';
const one = (over: object) => policyOf({ Version: version, Statement: statement(over) });
const request = (over: Partial<PolicyRequest> = {}, caller = USER): PolicyRequest => ({
  principal: principalOf(caller),
  action: 's3:GetObject',
  resource: `${BUCKET}/home/alice/x`,
  context: callerContext(caller, FACTS),
  ...over,
});
const verdict = (over: object, asked = request()) => evaluate(one(over), asked);

/** As CloudTrail asks, with the bucket policy that its documentation prescribes. */
const delivery = (action: string, resource: string, more: object = {}): PolicyRequest => ({
  principal: { kind: 'service', service: 'cloudtrail.amazonaws.com' },
  action,
  resource,
  context: {
    ...serviceContext(
      { service: 'cloudtrail.amazonaws.com', sourceArn: TRAIL, sourceAccount: '123456789012' },
      FACTS.timeMs,
    ),
    ...more,
  },
});
const CLOUDTRAIL = { Service: 'cloudtrail.amazonaws.com' };
const DELIVERY_POLICY = {
  Version: version,
  Statement: [
    {
      Sid: 'AWSCloudTrailAclCheck20150319',
      Effect: 'Allow',
      Principal: CLOUDTRAIL,
      Action: 's3:GetBucketAcl',
      Resource: BUCKET,
      Condition: { StringEquals: { 'aws:SourceArn': TRAIL } },
    },
    {
      Sid: 'AWSCloudTrailWrite20150319',
      Effect: 'Allow',
      Principal: CLOUDTRAIL,
      Action: 's3:PutObject',
      Resource: `${BUCKET}/AWSLogs/123456789012/*`,
      Condition: { StringEquals: { 's3:x-amz-acl': 'bucket-owner-full-control', 'aws:SourceArn': TRAIL } },
    },
  ],
};
const PUT = delivery('s3:PutObject', `${BUCKET}/AWSLogs/123456789012/CloudTrail/`, {
  's3:x-amz-acl': 'bucket-owner-full-control',
});

describe('delivery to a bucket', () => {
  it('is allowed by the policy that CloudTrail prescribes, and by nothing less', () => {
    const policy = policyOf(DELIVERY_POLICY);
    expect(evaluate(policy, delivery('s3:GetBucketAcl', BUCKET))).toBe('allow');
    expect(evaluate(policy, PUT)).toBe('allow');
    expect(evaluate(policy, { ...PUT, resource: `${BUCKET}/AWSLogs/999999999999/CloudTrail/` })).toBe('none');
    expect(evaluate(policy, { ...PUT, context: { ...PUT.context, 's3:x-amz-acl': 'private' } })).toBe('none');
    expect(evaluate(policy, { ...PUT, context: { ...PUT.context, 'aws:SourceArn': `${TRAIL}2` } })).toBe('none');
    expect(evaluate(policy, { ...PUT, principal: { kind: 'service', service: 'config.amazonaws.com' } })).toBe('none');
    expect(evaluate(policy, { ...PUT, principal: principalOf(USER) })).toBe('none');
  });

  it('can be told which statement is missing', () => {
    const missing = missingStatement(undefined, PUT, `${BUCKET}/AWSLogs/123456789012/*`);
    expect(JSON.parse(missing!)).toEqual({ ...DELIVERY_POLICY.Statement[1], Sid: undefined });
    const withIt = { Version: version, Statement: [...DELIVERY_POLICY.Statement, JSON.parse(missing!)] };
    expect(evaluate(policyOf(withIt), PUT)).toBe('allow');
    expect(missingStatement(policyOf(withIt), PUT)).toBeUndefined();
    const deny = { ...DELIVERY_POLICY.Statement[1], Sid: 'No', Effect: 'Deny' };
    expect(missingStatement(policyOf({ ...DELIVERY_POLICY, Statement: deny }), PUT)).toBeUndefined();
  });

  it('names the statement for other callers too', () => {
    const put = { action: 's3:PutObject', resource: `${BUCKET}/k` };
    expect(missingStatement(undefined, request(put))).toBe(
      `{"Effect":"Allow","Principal":{"AWS":"${USER.arn}"},"Action":"s3:PutObject","Resource":"${BUCKET}/k"}`,
    );
    expect(missingStatement(undefined, request(put, ANYONE))).toContain('"Principal":"*"');
  });
});

describe('evaluate', () => {
  it('lets a Deny win, wherever it stands', () => {
    const deny = statement({ Effect: 'Deny', Resource: `${BUCKET}/home/*` });
    for (const Statement of [
      [statement(), deny],
      [deny, statement()],
    ]) {
      expect(evaluate(policyOf({ Version: version, Statement }), request())).toBe('deny');
      expect(evaluate(policyOf({ Version: version, Statement }), request({ resource: `${BUCKET}/x` }))).toBe('allow');
    }
  });

  it.each<[unknown, Caller, string]>([
    ['*', ANYONE, 'allow'],
    [{ AWS: '*' }, ANYONE, 'allow'],
    [{ AWS: '123456789012' }, USER, 'allow'],
    [{ AWS: '123456789012' }, ANYONE, 'none'],
    [{ AWS: ['arn:aws:iam::999999999999:root', 'arn:aws:iam::123456789012:root'] }, USER, 'allow'],
    [{ AWS: 'arn:aws:iam::123456789012:user/alice' }, USER, 'allow'],
    [{ AWS: 'arn:aws:iam::123456789012:user/bob' }, USER, 'none'],
    [{ AWS: 'AIDAEXAMPLEALICE00000' }, USER, 'allow'],
    [{ Service: 'cloudtrail.amazonaws.com' }, USER, 'none'],
    [{ CanonicalUser: (principalOf(USER) as { canonicalUserId: string }).canonicalUserId }, USER, 'allow'],
    [{ CanonicalUser: '0'.repeat(64) }, USER, 'none'],
  ])('finds the principal in %j', (Principal, caller, expected) => {
    expect(verdict({ Principal }, request({}, caller))).toBe(expected);
    const turned = verdict({ Principal: undefined, NotPrincipal: Principal }, request({}, caller));
    expect(turned).toBe(expected === 'allow' ? 'none' : 'allow');
  });

  it('spares from a Deny by NotPrincipal only whoever is named with the account, and a session with its role', () => {
    const account = 'arn:aws:iam::123456789012:root';
    const roleArn = 'arn:aws:iam::123456789012:role/admin';
    const user = principalOf(USER) as Extract<RequestPrincipal, { kind: 'aws' }>;
    const session = {
      ...user,
      arn: 'arn:aws:sts::123456789012:assumed-role/admin/me',
      roleArn,
      uniqueId: 'AROAEXAMPLE0000000000',
    };
    const root = { kind: 'aws', accountId: '123456789012', arn: account } as const;
    const cases: [readonly string[], RequestPrincipal, string][] = [
      [[user.arn], user, 'deny'],
      [[account], user, 'deny'],
      [[user.arn, account], user, 'none'],
      [[user.arn, '123456789012'], user, 'none'],
      [[user.arn, account], { ...user, bounded: true }, 'deny'],
      [[user.arn, account], session, 'deny'],
      [[roleArn, account], session, 'deny'],
      [[session.arn, account], session, 'deny'],
      [[session.arn, roleArn], session, 'deny'],
      [[session.arn, roleArn, account], session, 'none'],
      [[account], root, 'none'],
      [[account], { kind: 'anonymous' }, 'deny'],
      [[account], { kind: 'service', service: 'cloudtrail.amazonaws.com' }, 'deny'],
      [['*'], { kind: 'anonymous' }, 'none'],
    ];
    for (const [AWS, principal, expected] of cases) {
      const policy = one({ Effect: 'Deny', Principal: undefined, NotPrincipal: { AWS } });
      expect([AWS, principal, evaluate(policy, { ...request(), principal })]).toEqual([AWS, principal, expected]);
    }
  });

  it('takes a session for its role', () => {
    const roleArn = 'arn:aws:iam::123456789012:role/admin';
    const session: Caller = {
      ...USER,
      arn: 'arn:aws:sts::123456789012:assumed-role/admin/me',
      principal: { kind: 'role', name: 'admin' },
      identity: {
        type: 'AssumedRole',
        principalId: 'AROAEXAMPLE0000000000:me',
        sessionContext: { sessionIssuer: { arn: roleArn } },
      },
    };
    for (const AWS of [roleArn, session.arn, 'AROAEXAMPLE0000000000']) {
      expect(verdict({ Principal: { AWS } }, request({}, session))).toBe('allow');
    }
    const Condition = { ArnEquals: { 'aws:PrincipalArn': roleArn } };
    expect(verdict({ Condition }, request({}, session))).toBe('allow');
  });

  it('compares actions without case and resources with it', () => {
    expect(verdict({ Action: 'S3:getobject' })).toBe('allow');
    expect(verdict({ Action: ['s3:Put*', 's3:Get*'] })).toBe('allow');
    expect(verdict({ Action: '*' })).toBe('allow');
    expect(verdict({ Action: undefined, NotAction: 's3:Put*' })).toBe('allow');
    expect(verdict({ Action: undefined, NotAction: 's3:Get*' })).toBe('none');
    expect(verdict({ Resource: `${BUCKET}/HOME/*` })).toBe('none');
    expect(verdict({ Resource: undefined, NotResource: `${BUCKET}/home/*` })).toBe('none');
    expect(verdict({ Resource: BUCKET })).toBe('none');
  });

  it('puts variables in, in the newer version only', () => {
    const Resource = `${BUCKET}/home/\${aws:username}/*`;
    expect(verdict({ Resource })).toBe('allow');
    expect(verdict({ Resource }, request({}, ANYONE))).toBe('none');
    expect(evaluate(policyOf({ Version: '2008-10-17', Statement: statement({ Resource }) }), request())).toBe('none');
  });
});

describe('conditions', () => {
  const context = {
    'aws:SourceIp': '203.0.113.7',
    'aws:SecureTransport': 'false',
    'aws:CurrentTime': '2026-01-02T00:00:00.000Z',
    'aws:SourceArn': TRAIL,
    'aws:username': 'alice',
    's3:max-keys': '100',
    's3:prefix': 'home/alice/',
    'aws:TagKeys': ['a', 'b'],
    'k:binary': 'aGVsbG8=',
  };
  it.each<[string, string, unknown, boolean]>([
    ['StringEquals', 's3:prefix', ['x', 'home/alice/'], true],
    ['StringEquals', 'S3:Prefix', 'home/alice/', true],
    ['StringEquals', 's3:prefix', 'home/*', false],
    ['StringEquals', 's3:prefix', 'home/${aws:username}/', true],
    ['StringEquals', 's3:absent', 'x', false],
    ['StringEqualsIfExists', 's3:absent', 'x', true],
    ['StringEqualsIgnoreCase', 's3:prefix', 'HOME/${aws:username}/', true],
    ['StringNotEquals', 's3:prefix', ['x', 'y'], true],
    ['StringNotEquals', 's3:prefix', ['x', 'home/alice/'], false],
    ['StringNotEquals', 's3:absent', 'x', true],
    ['StringNotEqualsIgnoreCase', 's3:prefix', 'HOME/ALICE/', false],
    ['StringLike', 's3:prefix', 'home/*', true],
    ['StringNotLike', 's3:prefix', 'home/*', false],
    ['StringLike', 's3:prefix', 'home/?lice/', true],
    ['NumericLessThanEquals', 's3:max-keys', 100, true],
    ['NumericLessThan', 's3:max-keys', '100', false],
    ['NumericGreaterThan', 's3:max-keys', '1e1', true],
    ['NumericGreaterThanEquals', 's3:max-keys', '100.5', false],
    ['NumericEquals', 's3:max-keys', '100.0', true],
    ['NumericNotEquals', 's3:max-keys', '100.0', false],
    ['NumericEquals', 's3:prefix', '1', false],
    ['DateGreaterThan', 'aws:CurrentTime', '2026-01-01T00:00:00Z', true],
    ['DateLessThan', 'aws:CurrentTime', '2026-01-01', false],
    ['DateLessThanEquals', 'aws:CurrentTime', '1767312000', true],
    ['DateEquals', 'aws:CurrentTime', '2026-01-02T01:00:00+01:00', true],
    ['DateNotEquals', 'aws:CurrentTime', '2026-01-02', false],
    ['DateGreaterThanEquals', 'aws:CurrentTime', '2027', false],
    ['Bool', 'aws:SecureTransport', 'false', true],
    ['Bool', 'aws:SecureTransport', true, false],
    ['Bool', 'aws:MultiFactorAuthPresent', 'true', false],
    ['BoolIfExists', 'aws:MultiFactorAuthPresent', 'true', true],
    ['BinaryEquals', 'k:binary', 'aGVsbG8', true],
    ['IpAddress', 'aws:SourceIp', ['10.0.0.0/8', '203.0.113.0/24'], true],
    ['IpAddress', 'aws:SourceIp', '203.0.113.7', true],
    ['IpAddress', 'aws:SourceIp', '2001:db8::/32', false],
    ['IpAddress', 'aws:SourceIp', '0.0.0.0/0', true],
    ['NotIpAddress', 'aws:SourceIp', '203.0.113.0/24', false],
    ['NotIpAddress', 'aws:absent', '203.0.113.0/24', true],
    ['ArnLike', 'aws:SourceArn', 'arn:aws:cloudtrail:*:123456789012:trail/*', true],
    ['ArnEquals', 'aws:SourceArn', 'arn:aws:cloudtrail:*:123456789012:trail/*', true],
    ['ArnNotLike', 'aws:SourceArn', 'arn:aws:cloudtrail:*:*:trail/*', false],
    ['ArnNotEquals', 'aws:SourceArn', 'arn:aws:cloudtrail:*:9*:trail/*', true],
    ['Null', 'aws:absent', 'true', true],
    ['Null', 's3:prefix', 'true', false],
    ['Null', 's3:prefix', false, true],
    ['ForAllValues:StringEquals', 'aws:TagKeys', ['a', 'b', 'c'], true],
    ['ForAllValues:StringEquals', 'aws:TagKeys', 'a', false],
    ['ForAllValues:StringEquals', 'aws:absent', 'a', true],
    ['ForAnyValue:StringEquals', 'aws:TagKeys', 'b', true],
    ['ForAnyValue:StringEquals', 'aws:absent', 'b', false],
    ['ForAnyValue:StringNotEquals', 'aws:TagKeys', 'b', true],
    ['ForAllValues:StringNotLike', 'aws:TagKeys', ['c*', 'b'], false],
    ['ForAnyValue:StringLikeIfExists', 'aws:absent', 'b', true],
  ])('%s %s %j → %s', (operator, key, value, expected) => {
    const asked = request({ context });
    expect(verdict({ Condition: { [operator]: { [key]: value } } }, asked)).toBe(expected ? 'allow' : 'none');
  });

  it('must all hold', () => {
    const Condition = { Bool: { 'aws:SecureTransport': 'false' }, StringEquals: { 'aws:username': 'bob' } };
    expect(verdict({ Condition })).toBe('none');
  });
});

describe('parsePolicy', () => {
  it.each<[string, unknown, RegExp]>([
    ['nothing', '', /first byte/],
    ['a list', '[]', /first byte/],
    ['no JSON', '{"Version"', /invalid Json/],
    ['an unknown version', { Version: '2020-01-01', Statement: [statement()] }, /version string/],
    ['no statement', { Version: version }, /Missing required field Statement/],
    ['empty statements', { Statement: [] }, /empty/],
    ['a text', { Statement: 'x' }, /must be an object/],
    ['an unknown field', { Statement: statement({ Resources: 'x' }) }, /Unknown field Resources/],
    ['no effect', { Statement: statement({ Effect: undefined }) }, /Missing required field Effect/],
    ['a wrong effect', { Statement: statement({ Effect: 'allow' }) }, /Invalid effect: allow/],
    ['no principal', { Statement: statement({ Principal: undefined }) }, /Missing required field Principal/],
    ['a text principal', { Statement: statement({ Principal: 'me' }) }, /must be an object/],
    ['an empty principal', { Statement: statement({ Principal: {} }) }, /Invalid principal/],
    ['a wrong principal', { Statement: statement({ Principal: { AWS: 'alice' } }) }, /Invalid principal.*alice/],
    [
      'a wildcard principal',
      { Statement: statement({ Principal: { AWS: 'arn:aws:iam::123456789012:user/*' } }) },
      /Invalid principal/,
    ],
    ['an unknown principal', { Statement: statement({ Principal: { Aws: '*' } }) }, /Unknown field Aws/],
    ['both', { Statement: statement({ NotAction: 's3:*' }) }, /both Action and NotAction/],
    ['no action', { Statement: statement({ Action: undefined }) }, /Missing required field Action/],
    ['an empty action', { Statement: statement({ Action: [] }) }, /Action must be/],
    ['a wrong action', { Statement: statement({ Action: 'GetObject' }) }, /invalid action: GetObject/],
    ['a number', { Statement: statement({ Resource: 1 }) }, /Resource must be/],
    ['a wrong resource', { Statement: statement({ Resource: 'logs/*' }) }, /invalid resource: logs/],
    [
      'an unknown operator',
      { Statement: statement({ Condition: { StringIs: { 'a:b': 'x' } } }) },
      /Invalid Condition type : StringIs/,
    ],
    [
      'Null for all',
      { Statement: statement({ Condition: { 'ForAllValues:Null': { 'a:b': 'true' } } }) },
      /Invalid Condition type/,
    ],
    ['a wrong key', { Statement: statement({ Condition: { Bool: { secure: 'true' } } }) }, /condition key: secure/],
    [
      'a wrong value',
      { Statement: statement({ Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/33' } } }) },
      /Invalid value "10.0.0.0\/33"/,
    ],
    ['an object as value', { Statement: statement({ Condition: { Bool: { 'a:b': {} } } }) }, /Bool of a:b/],
    ['the same Sid twice', { Statement: [statement({ Sid: 'a' }), statement({ Sid: 'a' })] }, /must be unique/],
    ['too much', { Statement: statement({ Resource: `arn:${'x'.repeat(21_000)}` }) }, /too large/],
  ])('refuses %s', (_name, document, problem) => {
    expect(problemOf(document)).toMatch(problem);
  });

  it("applies a service's own rules", () => {
    const rules: PolicyRules = {
      action: (pattern) => pattern === '*' || pattern.toLowerCase().startsWith('s3:'),
      resource: (pattern) => pattern === BUCKET || pattern.startsWith(`${BUCKET}/`),
    };
    expect(problemOf({ Statement: statement() }, rules)).toBe('none');
    expect(problemOf({ Statement: statement({ Action: 'sns:Publish' }) }, rules)).toMatch(/invalid action/);
    expect(problemOf({ Statement: statement({ Resource: 'arn:aws:s3:::other/*' }) }, rules)).toMatch(
      /invalid resource/,
    );
    expect(problemOf({ Statement: statement() }, { principal: 'refused' })).toMatch(/should not specify a principal/);
    const { Principal: _, ...nameless } = statement();
    expect(evaluate(policyOf({ Version: version, Statement: nameless }, { principal: 'refused' }), request())).toBe(
      'allow',
    );
  });

  it('never throws and never lets a strange document evaluate to an error', () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('*', 'Allow', 's3:*', 'arn:aws:s3:::logs/*', '${', '${aws:username}', '__proto__', 'toString'),
    );
    const field = fc.constantFrom(
      'Effect',
      'Principal',
      'Action',
      'NotAction',
      'Resource',
      'Condition',
      'Sid',
      '__proto__',
    );
    fc.assert(
      fc.property(fc.dictionary(field, value), fc.boolean(), (fields, whole) => {
        const document = { Version: version, Statement: whole ? { ...statement(), ...fields } : fields };
        const parsed = parsePolicy(JSON.stringify(document));
        if ('policy' in parsed) expect(['allow', 'deny', 'none']).toContain(evaluate(parsed.policy, request()));
        else expect(parsed.problem).not.toBe('');
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(problemOf(text)).not.toBe('none');
      }),
    );
  });
});
