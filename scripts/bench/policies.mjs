import { ACCOUNT } from './server.mjs';

/** As many as a user or role can have. */
const POLICIES = 10;

/** Teams' policies of the kind that the guides show: actions by list and pattern, ARNs, tags, networks, times. */
export const policies = () => Array.from({ length: POLICIES }, (_, team) => document(team));

const document = (team) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Read',
        Effect: 'Allow',
        Action: ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket', 's3:GetBucketLocation', 'kms:Decrypt'],
        Resource: [`arn:aws:s3:::team-${team}`, `arn:aws:s3:::team-${team}/*`, `arn:aws:kms:*:${ACCOUNT}:key/*`],
      },
      {
        Sid: 'Home',
        Effect: 'Allow',
        Action: 's3:*',
        Resource: [`arn:aws:s3:::home-${team}/\${aws:username}`, `arn:aws:s3:::home-${team}/\${aws:username}/*`],
        Condition: { Bool: { 'aws:SecureTransport': 'true' } },
      },
      {
        Sid: 'Trails',
        Effect: 'Allow',
        Action: ['cloudtrail:Get*', 'cloudtrail:List*', 'cloudtrail:Describe*', 'cloudtrail:LookupEvents'],
        Resource: '*',
        Condition: {
          IpAddress: { 'aws:SourceIp': [`10.${team}.0.0/16`, `192.0.2.${team}/32`] },
          StringEquals: { 'aws:PrincipalTag/team': [`team-${team}`] },
        },
      },
      {
        Sid: 'Keep',
        Effect: 'Deny',
        Action: ['cloudtrail:DeleteTrail', 'cloudtrail:StopLogging', 'cloudtrail:UpdateTrail'],
        Resource: `arn:aws:cloudtrail:*:${ACCOUNT}:trail/org-*`,
        Condition: { ArnNotLike: { 'aws:PrincipalArn': `arn:aws:iam::${ACCOUNT}:role/admin-${team}` } },
      },
      {
        Sid: 'Regions',
        Effect: 'Deny',
        NotAction: ['iam:*', 'sts:*', 'organizations:*', 'support:*', 's3:ListAllMyBuckets'],
        Resource: '*',
        Condition: { StringNotEquals: { 'aws:RequestedRegion': ['eu-west-1', 'eu-central-1', 'us-east-1'] } },
      },
    ],
  });
