import { describe, expect, test } from 'vitest';
import {
  ACCOUNT,
  allow,
  type Case,
  decisionOf,
  deny,
  OTHER,
  root,
  service,
  to,
  user,
  when,
} from './testing/decisions.ts';

/**
 * Who trusts whom: roles, keys, organizations, services. See decisions.test.ts.
 */
type Row = readonly [expected: string, title: string, given: Case];
const table = (source: string, rows: readonly Row[]) =>
  describe(source, () =>
    test.each(rows)('%s: %s', async (expected, _, given) => expect(await decisionOf(given)).toBe(expected)),
  );

const BUCKET = 'arn:aws:s3:::logs';
const read = { do: 's3:GetObject', on: `${BUCKET}/key`, owner: ACCOUNT };
const reads = (more = {}) => allow('s3:GetObject', `${BUCKET}/*`, more);
const ALICE = `arn:aws:iam::${ACCOUNT}:user/alice`;
const ACCOUNT_ROOT = `arn:aws:iam::${ACCOUNT}:root`;
const all = [allow('*')];
const assume = { do: 'sts:AssumeRole', on: `arn:aws:iam::${ACCOUNT}:role/ops`, owner: ACCOUNT, decides: true };
const trusts = (Principal: unknown, more = {}) => [allow('sts:AssumeRole', '*', to(Principal, more))];
table('IAM: How permissions work with role trust policies; KMS: Key policies', [
  [
    'resource-based',
    'without trust even the administrator may not',
    { ...assume, identity: all, resource: trusts({ AWS: OTHER }) },
  ],
  ['allowed', 'a user that is trusted by name needs nothing more', { ...assume, resource: trusts({ AWS: ALICE }) }],
  ['identity-based', 'trust in the account leaves it to IAM', { ...assume, resource: trusts({ AWS: ACCOUNT_ROOT }) }],
  [
    'allowed',
    'which may allow',
    {
      ...assume,
      identity: [allow('sts:AssumeRole', `arn:aws:iam::${ACCOUNT}:role/ops`)],
      resource: trusts({ AWS: ACCOUNT_ROOT }),
    },
  ],
  [
    'identity-based',
    'from another account both are needed',
    { ...assume, as: user('eve', OTHER), resource: trusts({ AWS: `arn:aws:iam::${OTHER}:user/eve` }) },
  ],
  [
    'allowed',
    'and suffice',
    { ...assume, as: user('eve', OTHER), identity: [allow('sts:AssumeRole')], resource: trusts({ AWS: OTHER }) },
  ],
  [
    'resource-based',
    'the external id is missing',
    {
      ...assume,
      as: user('eve', OTHER),
      identity: all,
      resource: trusts({ AWS: OTHER }, when({ StringEquals: { 'sts:ExternalId': '12345' } })),
    },
  ],
  [
    'resource-based',
    'it is another one',
    {
      ...assume,
      as: user('eve', OTHER),
      identity: all,
      with: { 'sts:ExternalId': '1' },
      resource: trusts({ AWS: OTHER }, when({ StringEquals: { 'sts:ExternalId': '12345' } })),
    },
  ],
  [
    'allowed',
    'it is the one',
    {
      ...assume,
      as: user('eve', OTHER),
      identity: all,
      with: { 'sts:ExternalId': '12345' },
      resource: trusts({ AWS: OTHER }, when({ StringEquals: { 'sts:ExternalId': '12345' } })),
    },
  ],
  [
    'resource-based',
    'a key that does not name the account shuts out its administrator',
    {
      do: 'kms:Decrypt',
      owner: ACCOUNT,
      decides: true,
      identity: all,
      resource: [allow('kms:*', '*', to({ AWS: `arn:aws:iam::${ACCOUNT}:role/keys` }))],
    },
  ],
  [
    'resource-based',
    'and its root',
    {
      do: 'kms:Decrypt',
      owner: ACCOUNT,
      decides: true,
      as: root(),
      resource: [allow('kms:*', '*', to({ AWS: `arn:aws:iam::${ACCOUNT}:role/keys` }))],
    },
  ],
  [
    'allowed',
    'the default key policy enables IAM policies',
    {
      do: 'kms:Decrypt',
      owner: ACCOUNT,
      decides: true,
      identity: [allow('kms:Decrypt')],
      resource: [allow('kms:*', '*', to({ AWS: ACCOUNT_ROOT }))],
    },
  ],
  [
    'allowed',
    'a grant needs no policy',
    {
      do: 'kms:Decrypt',
      owner: ACCOUNT,
      decides: true,
      granted: true,
      resource: [allow('kms:*', '*', to({ AWS: ACCOUNT_ROOT }))],
    },
  ],
]);

const within = { do: 's3:GetObject', on: `${BUCKET}/key`, owner: ACCOUNT, identity: all };
table('Organizations: SCP evaluation', [
  ['allowed', 'FullAWSAccess at each level', { ...within, scp: [[all], [all], [all]] }],
  ['service control', 'one level says nothing', { ...within, scp: [[all], [[allow('ec2:*')]], [all]] }],
  ['service control', 'a level without any policy', { ...within, scp: [[all], []] }],
  ['allowed', 'policies of one level add up', { ...within, scp: [[all], [[allow('ec2:*')], [allow('s3:*')]]] }],
  ['deny: service control', 'a deny anywhere', { ...within, scp: [[all], [all, [deny('s3:*')]], [all]] }],
  ['identity-based', 'an SCP gives nothing', { ...read, scp: [[all]] }],
  [
    'deny: service control',
    'root is held',
    {
      ...read,
      as: root(),
      scp: [[all, [deny('s3:*', '*', when({ StringLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:root' } }))]]],
    },
  ],
  [
    'service control',
    'a user that the resource names is held',
    { ...read, scp: [[[allow('ec2:*')]]], resource: [reads(to({ AWS: ALICE }))] },
  ],
  ['allowed', 'no policies at all: the management account', { ...within, scp: [] }],
  [
    'deny: service control',
    'leaving the organization (example SCP)',
    { do: 'organizations:LeaveOrganization', identity: all, scp: [[all, [deny('organizations:LeaveOrganization')]]] },
  ],
  [
    'deny: service control',
    'other Regions (example SCP)',
    {
      do: 'ec2:RunInstances',
      identity: all,
      facts: { region: 'ap-south-1' },
      scp: [
        [
          all,
          [
            {
              Effect: 'Deny',
              NotAction: ['iam:*', 'sts:*'],
              Resource: '*',
              Condition: { StringNotEquals: { 'aws:RequestedRegion': ['eu-central-1', 'eu-west-1'] } },
            },
          ],
        ],
      ],
    },
  ],
  [
    'allowed',
    'global services are exempt from it',
    {
      do: 'iam:GetUser',
      identity: all,
      facts: { region: 'us-east-1' },
      scp: [
        [
          all,
          [
            {
              Effect: 'Deny',
              NotAction: ['iam:*', 'sts:*'],
              Resource: '*',
              Condition: { StringNotEquals: { 'aws:RequestedRegion': ['eu-central-1', 'eu-west-1'] } },
            },
          ],
        ],
      ],
    },
  ],
  [
    'deny: service control',
    'stopping CloudTrail (example SCP)',
    {
      do: 'cloudtrail:StopLogging',
      identity: all,
      scp: [[all, [deny(['cloudtrail:StopLogging', 'cloudtrail:DeleteTrail'])]]],
    },
  ],
]);

const TRAIL = `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/main`;
const deliver = { as: service('cloudtrail.amazonaws.com'), do: 's3:PutObject', on: `${BUCKET}/AWSLogs/${ACCOUNT}/x` };
const delivers = (Condition = {}) => [
  allow('s3:PutObject', `${BUCKET}/AWSLogs/*`, to({ Service: 'cloudtrail.amazonaws.com' }, when(Condition))),
];
table('IAM: The confused deputy problem; CloudTrail: bucket policy', [
  ['allowed', 'the service by name', { ...deliver, resource: delivers() }],
  ['resource-based', 'a service has nothing but the resource’s policy', { ...deliver }],
  ['resource-based', 'another service', { ...deliver, as: service('config.amazonaws.com'), resource: delivers() }],
  [
    'allowed',
    'for the trail that is meant',
    { ...deliver, with: { 'aws:SourceArn': TRAIL }, resource: delivers({ StringEquals: { 'aws:SourceArn': TRAIL } }) },
  ],
  [
    'resource-based',
    'for another one',
    {
      ...deliver,
      with: { 'aws:SourceArn': `${TRAIL}2` },
      resource: delivers({ StringEquals: { 'aws:SourceArn': TRAIL } }),
    },
  ],
  [
    'resource-based',
    'for none at all',
    { ...deliver, resource: delivers({ StringEquals: { 'aws:SourceArn': TRAIL } }) },
  ],
  [
    'allowed',
    'by account',
    {
      ...deliver,
      with: { 'aws:SourceAccount': ACCOUNT },
      resource: delivers({ StringEquals: { 'aws:SourceAccount': ACCOUNT } }),
    },
  ],
  [
    'allowed',
    'by pattern',
    {
      ...deliver,
      with: { 'aws:SourceArn': TRAIL },
      resource: delivers({ ArnLike: { 'aws:SourceArn': `arn:aws:cloudtrail:*:${ACCOUNT}:trail/*` } }),
    },
  ],
  [
    'resource-based',
    'by organization',
    {
      ...deliver,
      with: { 'aws:SourceOrgID': 'o-other' },
      resource: delivers({ StringEquals: { 'aws:SourceOrgID': 'o-example' } }),
    },
  ],
  [
    'resource-based',
    'a user is no service',
    { ...deliver, as: user('eve', OTHER), owner: ACCOUNT, identity: all, resource: delivers() },
  ],
]);
