import * as calls from './calls.ts';
import { denied, type Refusal, type Row } from './row.ts';
import { type Call, signed } from './wire.ts';
import { A, type World } from './world.ts';

/** Bucket policies that try to widen themselves by odd wildcards, other resources or principals that are none. */
export function policyRows({ a }: World): Row[] {
  const policy = (statement: Readonly<Record<string, unknown>>) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: A },
          Action: 's3:GetObject',
          Resource: 'arn:aws:s3:::a-private/*',
          ...statement,
        },
      ],
    });
  const ODD: readonly (readonly [what: string, text: string])[] = [
    ['part of an account as principal', policy({ Principal: { AWS: 'arn:aws:iam::1234*:root' } })],
    ['any account as principal', policy({ Principal: { AWS: 'arn:aws:iam::*:root' } })],
    ['any user of an account', policy({ Principal: { AWS: `arn:aws:iam::${A}:user/*` } })],
    ['any role of an account', policy({ Principal: { AWS: `arn:aws:iam::${A}:role/*` } })],
    ['a user with a wildcard inside', policy({ Principal: { AWS: `arn:aws:iam::${A}:user/op*` } })],
    ['any service', policy({ Principal: { Service: '*' } })],
    ['a wildcard inside a service', policy({ Principal: { Service: '*.amazonaws.com' } })],
    ['a kind of principal that is none', policy({ Principal: { Everyone: '*' } })],
    ["another bucket's objects", policy({ Resource: 'arn:aws:s3:::b-private/*' })],
    ['a bucket whose name begins like it', policy({ Resource: 'arn:aws:s3:::a-private-2/*' })],
    ['a trail', policy({ Resource: `arn:aws:cloudtrail:us-east-1:${A}:trail/main-a` })],
    ["another service's action", policy({ Action: 'cloudtrail:StopLogging' })],
    ["any service's actions by a wildcard before the colon", policy({ Action: '*:GetObject' })],
    ['no principal', policy({ Principal: undefined })],
    ['principal and its contrary', policy({ NotPrincipal: { AWS: A } })],
    ['action and its contrary', policy({ NotAction: 's3:PutObject' })],
    ['resource and its contrary', policy({ NotResource: 'arn:aws:s3:::b-private/*' })],
    ['an effect that is none', policy({ Effect: 'allow' })],
    ['an operator that is none', policy({ Condition: { StringSortOf: { 'aws:SourceArn': 'x' } } })],
    ['a condition of two maps', policy({ Condition: { StringEquals: 'x' } })],
    ['a version of the future', policy({}).replace('2012-10-17', '2032-10-17')],
    ['no statement', '{"Version":"2012-10-17"}'],
    ['an empty list of statements', '{"Version":"2012-10-17","Statement":[]}'],
    ['a string', '"*"'],
    ['no JSON', '{'],
    ['a member twice', policy({}).replace('"Effect":"Allow"', '"Effect":"Deny","Effect":"Allow"')],
  ];
  return ODD.map(([what, text]) => {
    const call = calls.s3('PutBucketPolicy', 'PUT', '/a-private?policy', text);
    return denied('a policy with', call, () => signed(call, a), [400, 'MalformedPolicy'], what);
  });
}

/** The same for policies of identities and for whom roles trust. */
export function identityPolicyRows({ a }: World): Row[] {
  const document = (statement: Readonly<Record<string, unknown>>) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*', ...statement }],
    });
  const IDENTITY: readonly (readonly [what: string, text: string])[] = [
    ['a principal', document({ Principal: '*' })],
    ['no resource', document({ Resource: undefined })],
    ['no action', document({ Action: undefined })],
    ['an action without a service', document({ Action: 'GetObject' })],
    ['a wildcard for the service', document({ Action: '*:GetObject' })],
    ['a resource that is no ARN', document({ Resource: 'a-private/*' })],
    ['an effect that is none', document({ Effect: 'ALLOW' })],
    ['an operator that is none', document({ Condition: { StringMatches: { 'aws:username': 'x' } } })],
    ['an effect twice', document({}).replace('"Effect":"Allow"', '"Effect":"Deny","Effect":"Allow"')],
    ['no statement', '{"Version":"2012-10-17"}'],
    ['a version of the future', document({}).replace('2012-10-17', '2032-10-17')],
    ['no JSON', '{'],
  ];
  const trust = (Principal: unknown, more = {}) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...more }],
    });
  const TRUST: readonly (readonly [what: string, text: string])[] = [
    ['any role of an account', trust({ AWS: `arn:aws:iam::${A}:role/*` })],
    ['any account', trust({ AWS: 'arn:aws:iam::*:root' })],
    ['part of an account', trust({ AWS: 'arn:aws:iam::1234*:root' })],
    ['any service', trust({ Service: '*' })],
    ['no principal', trust(undefined)],
    ['a resource', trust({ AWS: A }, { Resource: '*' })],
    ["another service's action", trust({ AWS: A }, { Action: 's3:GetObject' })],
  ];
  const malformed: Refusal = [400, 'MalformedPolicyDocument'];
  const row = (call: Call, what: string) => denied('a policy with', call, () => signed(call, a), malformed, what);
  return [
    ...IDENTITY.flatMap(([what, PolicyDocument]) => [
      row(calls.iam('CreatePolicy', { PolicyName: 'odd', PolicyDocument }), what),
      row(calls.iam('PutUserPolicy', { UserName: 'victim', PolicyName: 'odd', PolicyDocument }), what),
      row(
        calls.iam('CreatePolicyVersion', { PolicyArn: `arn:aws:iam::${A}:policy/victim-policy`, PolicyDocument }),
        what,
      ),
      row(
        calls.sts('AssumeRole', {
          RoleArn: `arn:aws:iam::${A}:role/victim-role`,
          RoleSessionName: 'odd',
          Policy: PolicyDocument,
        }),
        what,
      ),
    ]),
    ...TRUST.flatMap(([what, text]) => [
      row(calls.iam('CreateRole', { RoleName: 'odd', AssumeRolePolicyDocument: text }), what),
      row(calls.iam('UpdateAssumeRolePolicy', { RoleName: 'victim-role', PolicyDocument: text }), what),
    ]),
  ];
}
