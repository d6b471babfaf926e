import { describe, expect, test } from 'vitest';
import {
  ACCOUNT,
  allow,
  type Case,
  decisionOf,
  deny,
  federated,
  nobody,
  OTHER,
  role,
  root,
  to,
  user,
  when,
} from './testing/decisions.ts';

/**
 * How several policies decide together. Each block names the page of AWS's documentation whose rules or examples it holds
 * the evaluator to; the rest of the table is in decision-examples.test.ts and condition-examples.test.ts.
 */
type Row = readonly [expected: string, title: string, given: Case];
const table = (source: string, rows: readonly Row[]) =>
  describe(source, () =>
    test.each(rows)('%s: %s', async (expected, _, given) => expect(await decisionOf(given)).toBe(expected)),
  );

const BUCKET = 'arn:aws:s3:::logs';
const OBJECT = `${BUCKET}/key`;
const read = { do: 's3:GetObject', on: OBJECT, owner: ACCOUNT };
const reads = (more = {}) => allow('s3:GetObject', `${BUCKET}/*`, more);
const ALICE = `arn:aws:iam::${ACCOUNT}:user/alice`;
const ADMIN = `arn:aws:iam::${ACCOUNT}:role/admin`;
const ADMIN_SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/admin/me`;
const BOB = `arn:aws:sts::${ACCOUNT}:federated-user/bob`;
const ACCOUNT_ROOT = `arn:aws:iam::${ACCOUNT}:root`;
const all = [allow('*')];

table('IAM: Policy evaluation logic, requests within a single account', [
  ['identity-based', 'by default all requests are denied', { ...read }],
  ['allowed', 'an explicit allow overrides that default', { ...read, identity: [reads()] }],
  ['deny: identity-based', 'an explicit deny overrides any allow', { ...read, identity: [reads(), deny('s3:*')] }],
  ['deny: identity-based', 'also one that stands before it', { ...read, identity: [deny('s3:*'), reads()] }],
  ['allowed', 'the root user needs no policy', { ...read, as: root() }],
  [
    'deny: resource-based',
    'the root user meets the resource’s deny',
    { ...read, as: root(), resource: [deny('s3:*', OBJECT, to('*'))] },
  ],
  ['allowed', 'either side may allow: the resource names the user', { ...read, resource: [reads(to({ AWS: ALICE }))] }],
  [
    'allowed',
    'either side may allow: identity, and a policy for others',
    { ...read, identity: [reads()], resource: [reads(to({ AWS: OTHER }))] },
  ],
  [
    'identity-based',
    'the account as principal leaves it to IAM',
    { ...read, resource: [reads(to({ AWS: ACCOUNT_ROOT }))] },
  ],
  ['identity-based', 'so does its number', { ...read, resource: [reads(to({ AWS: ACCOUNT }))] }],
  ['allowed', 'and IAM may then allow', { ...read, resource: [reads(to({ AWS: ACCOUNT }))], identity: [reads()] }],
  ['allowed', 'everybody means whoever asks', { ...read, resource: [reads(to('*'))] }],
  [
    'deny: resource-based',
    'the resource’s deny beats identity',
    { ...read, identity: all, resource: [deny('s3:GetObject', OBJECT, to({ AWS: ALICE }))] },
  ],
  [
    'deny: resource-based',
    'a deny for the account means all of it',
    { ...read, identity: all, resource: [deny('s3:GetObject', OBJECT, to({ AWS: ACCOUNT }))] },
  ],
  [
    'deny: identity-based',
    'identity’s deny beats the resource’s allow',
    { ...read, identity: [deny('s3:GetObject')], resource: [reads(to({ AWS: ALICE }))] },
  ],
  ['allowed', 'an anonymous request by a policy for everybody', { ...read, as: nobody, resource: [reads(to('*'))] }],
  [
    'resource-based',
    'an anonymous request by no other',
    { ...read, as: nobody, resource: [reads(to({ AWS: ACCOUNT }))] },
  ],
  ['identity-based', 'actions are separate', { ...read, identity: [allow('s3:PutObject')] }],
  ['allowed', 'actions have no case', { ...read, identity: [allow('S3:getobject')] }],
  ['identity-based', 'resources have', { ...read, identity: [allow('s3:GetObject', 'arn:aws:s3:::Logs/*')] }],
]);

table('IAM: Evaluating identity-based policies with resource-based policies and boundaries', [
  [
    'allowed',
    'a user that the resource names is not held by a boundary',
    { ...read, boundary: [allow('ec2:*')], resource: [reads(to({ AWS: ALICE }))] },
  ],
  [
    'deny: permissions boundary',
    'but by its deny',
    { ...read, boundary: [deny('s3:*')], resource: [reads(to({ AWS: ALICE }))] },
  ],
  [
    'permissions boundary',
    'a role that the resource names is held',
    { ...read, as: role(), boundary: [allow('ec2:*')], resource: [reads(to({ AWS: ADMIN }))] },
  ],
  [
    'allowed',
    'within the boundary the role needs no identity policy',
    { ...read, as: role(), boundary: [allow('s3:*')], resource: [reads(to({ AWS: ADMIN }))] },
  ],
  [
    'session',
    'a role that the resource names is held by session policies',
    { ...read, as: role(), session: [[allow('ec2:*')]], resource: [reads(to({ AWS: ADMIN }))] },
  ],
  [
    'allowed',
    'a session that the resource names is held by neither',
    {
      ...read,
      as: role(),
      boundary: [allow('ec2:*')],
      session: [[allow('ec2:*')]],
      resource: [reads(to({ AWS: ADMIN_SESSION }))],
    },
  ],
  [
    'deny: session',
    'but by their deny',
    { ...read, as: role(), session: [[deny('s3:*')]], resource: [reads(to({ AWS: ADMIN_SESSION }))] },
  ],
  [
    'identity-based',
    'another session is another',
    { ...read, as: role(), resource: [reads(to({ AWS: `${ADMIN_SESSION}2` }))] },
  ],
  [
    'allowed',
    'everybody with aws:PrincipalArn is held by neither',
    {
      ...read,
      as: role(),
      boundary: [allow('ec2:*')],
      resource: [reads(to('*', when({ ArnEquals: { 'aws:PrincipalArn': ADMIN } })))],
    },
  ],
  [
    'allowed',
    'the role’s unique id names it too',
    { ...read, as: role('admin0000000000'), resource: [reads(to({ AWS: 'AROAADMIN0000000000' }))] },
  ],
  [
    'session',
    'a federated user is held where the user is named',
    { ...read, as: federated(), session: [[allow('ec2:*')]], resource: [reads(to({ AWS: ALICE }))] },
  ],
  [
    'allowed',
    'a federated user that is named itself is not',
    { ...read, as: federated(), session: [[allow('ec2:*')]], resource: [reads(to({ AWS: BOB }))] },
  ],
]);

table('IAM: Permissions boundaries for IAM entities', [
  [
    'allowed',
    'what policy and boundary both allow',
    { do: 's3:ListBucket', identity: [allow('s3:*')], boundary: [allow(['s3:*', 'cloudwatch:*', 'ec2:*'])] },
  ],
  [
    'permissions boundary',
    'not what the boundary leaves out',
    { do: 'iam:CreateUser', identity: [allow('iam:CreateUser')], boundary: [allow(['s3:*', 'cloudwatch:*', 'ec2:*'])] },
  ],
  ['identity-based', 'a boundary gives nothing', { do: 's3:ListBucket', boundary: [allow('s3:*')] }],
  [
    'deny: permissions boundary',
    'its deny wins',
    { do: 's3:ListBucket', identity: all, boundary: [allow('*'), deny('s3:*')] },
  ],
  ['identity-based', 'no policy at all', { do: 's3:ListBucket' }],
  [
    'allowed',
    'the administrator may make users with the boundary',
    {
      do: 'iam:CreateUser',
      with: { 'iam:PermissionsBoundary': `arn:aws:iam::${ACCOUNT}:policy/XCompanyBoundaries` },
      identity: [
        allow(
          'iam:CreateUser',
          '*',
          when({ StringEquals: { 'iam:PermissionsBoundary': `arn:aws:iam::${ACCOUNT}:policy/XCompanyBoundaries` } }),
        ),
      ],
    },
  ],
  [
    'identity-based',
    'and none without',
    {
      do: 'iam:CreateUser',
      identity: [
        allow(
          'iam:CreateUser',
          '*',
          when({ StringEquals: { 'iam:PermissionsBoundary': `arn:aws:iam::${ACCOUNT}:policy/XCompanyBoundaries` } }),
        ),
      ],
    },
  ],
  [
    'deny: resource-based',
    'NotPrincipal denies whoever has a boundary',
    {
      ...read,
      identity: all,
      boundary: all,
      resource: [{ Effect: 'Deny', NotPrincipal: { AWS: [ALICE, ACCOUNT_ROOT] }, Action: 's3:*', Resource: OBJECT }],
    },
  ],
  [
    'allowed',
    'and spares the user without one',
    {
      ...read,
      identity: all,
      resource: [{ Effect: 'Deny', NotPrincipal: { AWS: [ALICE, ACCOUNT_ROOT] }, Action: 's3:*', Resource: OBJECT }],
    },
  ],
]);

table('IAM: Session policies', [
  ['allowed', 'no session policies: the role’s permissions', { ...read, as: role(), identity: [reads()] }],
  ['allowed', 'what both allow', { ...read, as: role(), identity: all, session: [[reads()]] }],
  [
    'session',
    'not more than the session policy',
    { ...read, do: 's3:PutObject', as: role(), identity: all, session: [[reads()]] },
  ],
  [
    'identity-based',
    'not more than the role',
    { ...read, as: role(), identity: [allow('s3:PutObject')], session: [all] },
  ],
  [
    'allowed',
    'several session policies add up',
    { ...read, as: role(), identity: all, session: [[allow('ec2:*')], [reads()]] },
  ],
  [
    'deny: session',
    'a deny in one of them wins',
    { ...read, as: role(), identity: all, session: [all, [deny('s3:*')]] },
  ],
  ['session', 'GetFederationToken without a policy gives nothing', { ...read, as: federated(), identity: all }],
  [
    'allowed',
    'with one, what the user may as well',
    { ...read, as: federated(), identity: [reads()], session: [[reads()]] },
  ],
  [
    'identity-based',
    'not more than the user may',
    { ...read, as: federated(), identity: [allow('ec2:*')], session: [[reads()]] },
  ],
  ['allowed', 'GetSessionToken: as the user', { ...read, as: user('alice', ACCOUNT, {}), identity: [reads()] }],
]);

const foreign = { ...read, owner: OTHER };
table('IAM: Cross-account policy evaluation logic', [
  ['allowed', 'both sides allow', { ...foreign, identity: [reads()], resource: [reads(to({ AWS: ACCOUNT }))] }],
  ['identity-based', 'the resource alone is not enough', { ...foreign, resource: [reads(to({ AWS: ALICE }))] }],
  ['resource-based', 'the identity alone is not enough', { ...foreign, identity: [reads()] }],
  [
    'resource-based',
    'nor with a policy for others',
    { ...foreign, identity: [reads()], resource: [reads(to({ AWS: `arn:aws:iam::${ACCOUNT}:user/carol` }))] },
  ],
  ['allowed', 'the user by name', { ...foreign, identity: [reads()], resource: [reads(to({ AWS: ALICE }))] }],
  ['identity-based', 'everybody, but the own side says nothing', { ...foreign, resource: [reads(to('*'))] }],
  [
    'deny: resource-based',
    'a deny over there',
    { ...foreign, identity: all, resource: [reads(to({ AWS: ACCOUNT })), deny('s3:*', OBJECT, to('*'))] },
  ],
  [
    'deny: identity-based',
    'a deny over here',
    { ...foreign, identity: [deny('s3:*')], resource: [reads(to({ AWS: ALICE }))] },
  ],
  [
    'permissions boundary',
    'a boundary holds even the session that is named',
    {
      ...foreign,
      as: role(),
      identity: all,
      boundary: [allow('ec2:*')],
      resource: [reads(to({ AWS: ADMIN_SESSION }))],
    },
  ],
  [
    'session',
    'session policies too',
    {
      ...foreign,
      as: role(),
      identity: all,
      session: [[allow('ec2:*')]],
      resource: [reads(to({ AWS: ADMIN_SESSION }))],
    },
  ],
  ['allowed', 'the other account’s root user', { ...foreign, as: root(), resource: [reads(to({ AWS: ACCOUNT }))] }],
  ['resource-based', 'root is nobody over there', { ...foreign, as: root() }],
  ['resource-based', 'an ACL’s grant is the resource’s side', { ...foreign, identity: all, granted: false }],
  ['allowed', 'and serves for it', { ...foreign, identity: all, granted: true }],
]);
