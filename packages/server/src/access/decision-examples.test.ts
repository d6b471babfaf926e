// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how policies write their variables
import { describe, expect, test } from 'vitest';
import { ACCOUNT, allow, type Case, decisionOf, deny, nobody, role, to, user, when } from './testing/decisions.ts';

/** Policies in the manner of AWS's examples, and what they say to requests; each block names the page. See decisions.test.ts. */
type Row = readonly [expected: string, title: string, given: Case];
const table = (source: string, rows: readonly Row[]) =>
  describe(source, () =>
    test.each(rows)('%s: %s', async (expected, _, given) => expect(await decisionOf(given)).toBe(expected)),
  );

const HOME = ['arn:aws:s3:::home/${aws:username}', 'arn:aws:s3:::home/${aws:username}/*'];
table('IAM: Policy variables and tags', [
  [
    'allowed',
    'a home folder by user name',
    { do: 's3:GetObject', on: 'arn:aws:s3:::home/alice/x', identity: [allow('s3:*', HOME)] },
  ],
  [
    'identity-based',
    'another’s',
    { do: 's3:GetObject', on: 'arn:aws:s3:::home/bob/x', identity: [allow('s3:*', HOME)] },
  ],
  [
    'identity-based',
    'a role has no user name',
    { do: 's3:GetObject', on: 'arn:aws:s3:::home//x', as: role(), identity: [allow('s3:*', HOME)] },
  ],
  [
    'allowed',
    'a default value',
    {
      do: 's3:GetObject',
      on: 'arn:aws:s3:::company-wide/x',
      identity: [allow('s3:*', "arn:aws:s3:::${aws:PrincipalTag/team, 'company-wide'}/*")],
    },
  ],
  [
    'allowed',
    'not where there is a value',
    {
      do: 's3:GetObject',
      on: 'arn:aws:s3:::yellow/x',
      tags: { team: 'yellow' },
      identity: [allow('s3:*', "arn:aws:s3:::${aws:PrincipalTag/team, 'company-wide'}/*")],
    },
  ],
  [
    'identity-based',
    'a value’s own wildcards are none',
    {
      do: 's3:GetObject',
      on: 'arn:aws:s3:::yellow/x',
      tags: { team: '*' },
      identity: [allow('s3:*', 'arn:aws:s3:::${aws:PrincipalTag/team}/*')],
    },
  ],
  [
    'allowed',
    '${*} is an asterisk',
    { do: 's3:GetObject', on: 'arn:aws:s3:::b/*.txt', identity: [allow('s3:*', 'arn:aws:s3:::b/${*}.txt')] },
  ],
  [
    'identity-based',
    'and nothing else',
    { do: 's3:GetObject', on: 'arn:aws:s3:::b/a.txt', identity: [allow('s3:*', 'arn:aws:s3:::b/${*}.txt')] },
  ],
  [
    'allowed',
    'tags that match (ABAC)',
    {
      do: 'cloudtrail:GetTrail',
      tags: { team: 'a' },
      with: { 'aws:ResourceTag/team': 'a' },
      identity: [
        allow('cloudtrail:*', '*', when({ StringEquals: { 'aws:ResourceTag/team': '${aws:PrincipalTag/team}' } })),
      ],
    },
  ],
  [
    'identity-based',
    'tags that do not',
    {
      do: 'cloudtrail:GetTrail',
      tags: { team: 'a' },
      with: { 'aws:ResourceTag/team': 'b' },
      identity: [
        allow('cloudtrail:*', '*', when({ StringEquals: { 'aws:ResourceTag/team': '${aws:PrincipalTag/team}' } })),
      ],
    },
  ],
  [
    'identity-based',
    'no tag at all on either side',
    {
      do: 'cloudtrail:GetTrail',
      identity: [
        allow('cloudtrail:*', '*', when({ StringEquals: { 'aws:ResourceTag/team': '${aws:PrincipalTag/team}' } })),
      ],
    },
  ],
]);

const MINE = `arn:aws:iam::${ACCOUNT}:user/alice`;
const withoutMfa = { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } };
const manageOwn = [
  allow(['iam:ListUsers', 'iam:GetAccountSummary']),
  allow(['iam:CreateAccessKey', 'iam:DeleteAccessKey', 'iam:ListAccessKeys'], 'arn:aws:iam::*:user/${aws:username}'),
  {
    Effect: 'Deny',
    NotAction: ['iam:ListUsers', 'iam:CreateVirtualMFADevice', 'sts:GetSessionToken'],
    Resource: '*',
    Condition: withoutMfa,
  },
];
table('IAM: Example identity-based policies', [
  [
    'allowed',
    'dates: within',
    {
      do: 'service-prefix:action',
      identity: [
        allow(
          'service-prefix:action',
          '*',
          when({
            DateGreaterThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' },
            DateLessThan: { 'aws:CurrentTime': '2026-06-30T23:59:59Z' },
          }),
        ),
      ],
    },
  ],
  [
    'identity-based',
    'dates: after',
    {
      do: 'service-prefix:action',
      identity: [
        allow('service-prefix:action', '*', when({ DateLessThan: { 'aws:CurrentTime': '2025-06-30T23:59:59Z' } })),
      ],
    },
  ],
  [
    'deny: identity-based',
    'source IP: from elsewhere',
    {
      do: 'ec2:RunInstances',
      identity: [
        allow('*'),
        deny(
          '*',
          '*',
          when({
            NotIpAddress: { 'aws:SourceIp': ['192.0.2.0/24', '198.51.100.0/24'] },
            Bool: { 'aws:ViaAWSService': 'false' },
          }),
        ),
      ],
    },
  ],
  [
    'allowed',
    'source IP: by way of a service',
    {
      do: 'ec2:RunInstances',
      facts: { calledVia: ['cloudformation.amazonaws.com'] },
      identity: [
        allow('*'),
        deny(
          '*',
          '*',
          when({ NotIpAddress: { 'aws:SourceIp': ['192.0.2.0/24'] }, Bool: { 'aws:ViaAWSService': 'false' } }),
        ),
      ],
    },
  ],
  [
    'deny: identity-based',
    'Regions: another',
    {
      do: 'ec2:RunInstances',
      facts: { region: 'sa-east-1' },
      identity: [
        allow('*'),
        {
          Effect: 'Deny',
          NotAction: ['cloudfront:*', 'iam:*', 'sts:*'],
          Resource: '*',
          Condition: { StringNotEquals: { 'aws:RequestedRegion': ['eu-central-1'] } },
        },
      ],
    },
  ],
  ['allowed', 'own credentials: a list', { do: 'iam:ListUsers', identity: manageOwn }],
  [
    'deny: identity-based',
    'own credentials: nothing else without MFA',
    { do: 'iam:ListAccessKeys', on: MINE, identity: manageOwn },
  ],
  [
    'allowed',
    'own credentials: with MFA',
    { do: 'iam:ListAccessKeys', on: MINE, as: user('alice', ACCOUNT, { mfa: true }), identity: manageOwn },
  ],
  [
    'identity-based',
    'own credentials: not another’s',
    {
      do: 'iam:ListAccessKeys',
      on: `arn:aws:iam::${ACCOUNT}:user/bob`,
      as: user('alice', ACCOUNT, { mfa: true }),
      identity: manageOwn,
    },
  ],
  [
    'allowed',
    'PassRole: to the service that is meant',
    {
      do: 'iam:PassRole',
      on: `arn:aws:iam::${ACCOUNT}:role/logs`,
      with: { 'iam:PassedToService': 'cloudtrail.amazonaws.com' },
      identity: [
        allow('iam:PassRole', '*', when({ StringEquals: { 'iam:PassedToService': 'cloudtrail.amazonaws.com' } })),
      ],
    },
  ],
  [
    'identity-based',
    'PassRole: to another',
    {
      do: 'iam:PassRole',
      on: `arn:aws:iam::${ACCOUNT}:role/logs`,
      with: { 'iam:PassedToService': 'ec2.amazonaws.com' },
      identity: [
        allow('iam:PassRole', '*', when({ StringEquals: { 'iam:PassedToService': 'cloudtrail.amazonaws.com' } })),
      ],
    },
  ],
  [
    'allowed',
    'everything but IAM',
    { do: 's3:ListBucket', identity: [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }] },
  ],
  [
    'identity-based',
    'IAM',
    { do: 'iam:ListUsers', identity: [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }] },
  ],
  [
    'allowed',
    'NotResource: elsewhere',
    {
      do: 's3:GetObject',
      on: 'arn:aws:s3:::other/x',
      identity: [allow('s3:*'), { Effect: 'Deny', Action: 's3:*', NotResource: 'arn:aws:s3:::other/*' }],
    },
  ],
  [
    'deny: identity-based',
    'NotResource: what is left',
    {
      do: 's3:GetObject',
      on: 'arn:aws:s3:::logs/x',
      identity: [allow('s3:*'), { Effect: 'Deny', Action: 's3:*', NotResource: 'arn:aws:s3:::other/*' }],
    },
  ],
  [
    'allowed',
    'CloudTrail: one trail',
    {
      do: 'cloudtrail:StopLogging',
      on: `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/main`,
      identity: [allow('cloudtrail:StopLogging', `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/main`)],
    },
  ],
  [
    'identity-based',
    'CloudTrail: another one',
    {
      do: 'cloudtrail:StopLogging',
      on: `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/other`,
      identity: [allow('cloudtrail:StopLogging', `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/main`)],
    },
  ],
  [
    'identity-based',
    'CloudTrail: a list is not of one trail',
    {
      do: 'cloudtrail:LookupEvents',
      identity: [allow('cloudtrail:*', `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/main`)],
    },
  ],
]);

const QUEUE = `arn:aws:sqs:eu-west-1:${ACCOUNT}:jobs`;
table('IAM: IAM identifiers, wildcards in ARNs', [
  [
    'allowed',
    'an incomplete ARN means all that begins so',
    { do: 'sqs:SendMessage', on: QUEUE, identity: [allow('sqs:*', 'arn:aws:sqs')] },
  ],
  [
    'identity-based',
    'of that service',
    { do: 'sqs:SendMessage', on: QUEUE, identity: [allow('sqs:*', 'arn:aws:sns')] },
  ],
  [
    'identity-based',
    'and Region',
    { do: 'sqs:SendMessage', on: QUEUE, identity: [allow('sqs:*', 'arn:aws:sqs:us-east-1')] },
  ],
  [
    'identity-based',
    'a complete one does not',
    { do: 'sqs:SendMessage', on: QUEUE, identity: [allow('sqs:*', `arn:aws:sqs:eu-west-1:${ACCOUNT}:job`)] },
  ],
  [
    'allowed',
    'a wildcard at the end of a part reaches past it',
    { do: 'sqs:SendMessage', on: QUEUE, identity: [allow('sqs:*', 'arn:aws:sqs:*:jobs')] },
  ],
  [
    'resource-based',
    'resource policies have no incomplete ones',
    { do: 'sqs:SendMessage', on: QUEUE, as: nobody, resource: [allow('sqs:*', 'arn:aws:sqs', to('*'))] },
  ],
]);

const LOGS = ['arn:aws:s3:::logs', 'arn:aws:s3:::logs/*'];
const get = { do: 's3:GetObject', on: 'arn:aws:s3:::logs/x', owner: ACCOUNT };
table('S3: Bucket policy examples', [
  [
    'deny: resource-based',
    'plain HTTP is refused',
    {
      ...get,
      identity: [allow('s3:*')],
      facts: { secureTransport: false },
      resource: [deny('s3:*', LOGS, to('*', when({ Bool: { 'aws:SecureTransport': 'false' } })))],
    },
  ],
  [
    'allowed',
    'HTTPS is not',
    {
      ...get,
      identity: [allow('s3:*')],
      resource: [deny('s3:*', LOGS, to('*', when({ Bool: { 'aws:SecureTransport': 'false' } })))],
    },
  ],
  [
    'deny: resource-based',
    'other networks are refused',
    {
      ...get,
      identity: [allow('s3:*')],
      resource: [deny('s3:*', LOGS, to('*', when({ NotIpAddress: { 'aws:SourceIp': '192.0.2.0/24' } })))],
    },
  ],
  [
    'deny: resource-based',
    'MFA: a long-term key has none',
    {
      ...get,
      identity: [allow('s3:*')],
      resource: [deny('s3:*', LOGS, to('*', when({ Null: { 'aws:MultiFactorAuthAge': 'true' } })))],
    },
  ],
  [
    'allowed',
    'MFA: fresh enough',
    {
      ...get,
      as: user('alice', ACCOUNT, { mfa: true }),
      identity: [allow('s3:*')],
      resource: [deny('s3:*', LOGS, to('*', when({ NumericGreaterThan: { 'aws:MultiFactorAuthAge': '3600' } })))],
    },
  ],
  [
    'allowed',
    'anyone of the organization',
    {
      ...get,
      owner: '111111111111',
      identity: [allow('s3:*')],
      place: { organizationId: 'o-a', serviceControl: [] },
      resource: [allow('s3:GetObject', LOGS, to('*', when({ StringEquals: { 'aws:PrincipalOrgID': 'o-a' } })))],
    },
  ],
  [
    'resource-based',
    'nobody else',
    {
      ...get,
      owner: '111111111111',
      identity: [allow('s3:*')],
      resource: [allow('s3:GetObject', LOGS, to('*', when({ StringEquals: { 'aws:PrincipalOrgID': 'o-a' } })))],
    },
  ],
  [
    'allowed',
    'a referer',
    {
      ...get,
      as: nobody,
      facts: { referer: 'https://www.example.com/p' },
      resource: [
        allow('s3:GetObject', LOGS, to('*', when({ StringLike: { 'aws:Referer': ['https://www.example.com/*'] } }))),
      ],
    },
  ],
]);
