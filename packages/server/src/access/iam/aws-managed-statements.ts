import { READ_ONLY_ACTIONS, SECURITY_AUDIT_ACTIONS } from './aws-managed-reads.ts';

/**
 * What the AWS managed policies that matter here grant (spec: access §2; AWS managed policy reference guide, 2026-04):
 * those of CloudTrail, its readers and its administrators. `version` is AWS's number of the version whose grants these are.
 */
const allow = (actions: readonly string[], resource: string | readonly string[] = '*', condition?: object) => ({
  Effect: 'Allow',
  Action: actions,
  Resource: resource,
  ...(condition && { Condition: condition }),
});
const of = (service: string, ...names: readonly string[]): string[] => names.map((name) => `${service}:${name}`);

const TRAIL_TOPICS = 'arn:aws:sns:*:*:aws-cloudtrail-logs*';
const TRAIL_BUCKETS = 'arn:aws:s3:::aws-cloudtrail-logs*';
const TRAIL_LOG_GROUPS = 'arn:aws:logs:*:*:log-group:aws-cloudtrail-logs*';
const PASSED_TO_CLOUDTRAIL = { StringEquals: { 'iam:PassedToService': 'cloudtrail.amazonaws.com' } };
// biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
const IN_OWN_ACCOUNT = { StringEquals: { 'aws:ResourceAccount': '${aws:PrincipalAccount}' } };

export const AWS_MANAGED_STATEMENTS = {
  AdministratorAccess: {
    version: 1,
    created: '2015-02-06T18:39:46Z',
    updated: '2015-02-06T18:39:46Z',
    description: 'Provides full access to AWS services and resources.',
    statements: [allow(['*'])],
  },
  PowerUserAccess: {
    version: 6,
    created: '2015-02-06T18:39:47Z',
    updated: '2023-10-25T15:52:00Z',
    description:
      'Provides full access to AWS services and resources, but does not allow management of Users and groups.',
    statements: [
      { Effect: 'Allow', NotAction: ['iam:*', 'organizations:*', 'account:*'], Resource: '*' },
      allow([
        ...of('account', 'GetAccountInformation', 'GetGovCloudAccountInformation', 'GetPrimaryEmail', 'ListRegions'),
        ...of('iam', 'CreateServiceLinkedRole', 'DeleteServiceLinkedRole', 'ListRoles'),
        'organizations:DescribeOrganization',
      ]),
    ],
  },
  ReadOnlyAccess: {
    version: 120,
    created: '2015-02-06T18:39:48Z',
    updated: '2024-11-01T15:00:00Z',
    description: 'Provides read-only access to AWS services and resources.',
    statements: [allow(READ_ONLY_ACTIONS)],
  },
  SecurityAudit: {
    version: 50,
    path: '/',
    created: '2015-02-06T18:41:01Z',
    updated: '2024-11-01T15:00:00Z',
    description:
      'The security audit template grants access to read security configuration metadata. It is useful for software that audits the configuration of an AWS account.',
    statements: [allow(SECURITY_AUDIT_ACTIONS)],
  },
  IAMFullAccess: {
    version: 2,
    created: '2015-02-06T18:40:38Z',
    updated: '2019-06-21T19:40:00Z',
    description: 'Provides full access to IAM via the AWS Management Console.',
    statements: [
      allow([
        'iam:*',
        ...of(
          'organizations',
          'DescribeAccount',
          'DescribeOrganization',
          'DescribeOrganizationalUnit',
          'DescribePolicy',
        ),
        ...of('organizations', 'ListChildren', 'ListParents', 'ListPoliciesForTarget', 'ListRoots', 'ListPolicies'),
        'organizations:ListTargetsForPolicy',
      ]),
    ],
  },
  IAMUserChangePassword: {
    version: 2,
    created: '2016-11-15T00:25:16Z',
    updated: '2016-11-15T23:18:55Z',
    description: 'Provides the ability for an IAM user to change their own password.',
    statements: [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
      allow(['iam:ChangePassword'], ['arn:aws:iam::*:user/${aws:username}']),
      allow(['iam:GetAccountPasswordPolicy']),
    ],
  },
  AmazonS3FullAccess: {
    version: 2,
    created: '2015-02-06T18:40:58Z',
    updated: '2021-09-27T20:16:37Z',
    description: 'Provides full access to all buckets via the AWS Management Console.',
    statements: [allow(['s3:*', 's3-object-lambda:*'])],
  },
  AmazonS3ReadOnlyAccess: {
    version: 3,
    created: '2015-02-06T18:40:59Z',
    updated: '2023-08-10T21:31:39Z',
    description: 'Provides read only access to all buckets via the AWS Management Console.',
    statements: [allow([...of('s3', 'Get*', 'List*', 'Describe*'), ...of('s3-object-lambda', 'Get*', 'List*')])],
  },
  AWSCloudTrail_FullAccess: {
    version: 3,
    created: '2020-02-06T23:34:49Z',
    updated: '2023-05-24T20:00:00Z',
    description: 'Provides full access to AWS CloudTrail.',
    statements: [
      allow(of('sns', 'AddPermission', 'CreateTopic', 'SetTopicAttributes', 'GetTopicAttributes'), [TRAIL_TOPICS]),
      allow(['sns:ListTopics']),
      allow(of('s3', 'CreateBucket', 'PutBucketPolicy', 'PutBucketPublicAccessBlock'), [TRAIL_BUCKETS]),
      allow(of('s3', 'ListAllMyBuckets', 'GetBucketLocation', 'GetBucketPolicy')),
      allow(['cloudtrail:*']),
      allow(['logs:CreateLogGroup'], [TRAIL_LOG_GROUPS]),
      allow(of('iam', 'ListRoles', 'GetRolePolicy', 'GetUser')),
      allow(['iam:PassRole'], '*', PASSED_TO_CLOUDTRAIL),
      allow(of('kms', 'CreateKey', 'CreateAlias', 'ListKeys', 'ListAliases')),
      allow(['lambda:ListFunctions']),
      allow(of('dynamodb', 'ListGlobalTables', 'ListTables')),
    ],
  },
  AWSCloudTrail_ReadOnlyAccess: {
    version: 1,
    created: '2022-06-14T17:19:00Z',
    updated: '2022-06-14T17:19:00Z',
    description: 'Provides read only access to AWS CloudTrail.',
    statements: [allow(of('cloudtrail', 'Get*', 'Describe*', 'List*', 'LookupEvents'))],
  },
  AWSCloudTrailFullAccess: {
    version: 8,
    created: '2015-02-06T18:39:58Z',
    updated: '2019-12-04T18:40:00Z',
    description: 'Provides full access to AWS CloudTrail.',
    statements: [
      allow(
        of(
          'sns',
          'AddPermission',
          'CreateTopic',
          'DeleteTopic',
          'ListTopics',
          'SetTopicAttributes',
          'GetTopicAttributes',
        ),
      ),
      allow(of('s3', 'CreateBucket', 'DeleteBucket', 'ListAllMyBuckets', 'PutBucketPolicy', 'ListBucket', 'GetObject')),
      allow(of('s3', 'GetBucketLocation', 'GetBucketPolicy')),
      allow(['cloudtrail:*']),
      allow(['logs:CreateLogGroup']),
      allow(of('iam', 'PassRole', 'ListRoles', 'GetRolePolicy', 'GetUser')),
      allow(of('kms', 'ListKeys', 'ListAliases')),
      allow(['lambda:ListFunctions']),
    ],
  },
  AWSCloudTrailReadOnlyAccess: {
    version: 8,
    created: '2015-02-06T18:39:59Z',
    updated: '2019-12-04T18:40:00Z',
    description: 'Provides read only access to AWS CloudTrail.',
    statements: [
      allow(of('s3', 'GetObject', 'GetBucketLocation', 'ListAllMyBuckets')),
      allow([
        ...of('cloudtrail', 'GetTrail', 'GetTrailStatus', 'DescribeTrails', 'ListTrails', 'LookupEvents', 'ListTags'),
        ...of('cloudtrail', 'ListPublicKeys', 'GetEventSelectors', 'GetInsightSelectors'),
        'kms:ListAliases',
        'lambda:ListFunctions',
      ]),
    ],
  },
  CloudTrailServiceRolePolicy: {
    version: 3,
    path: '/aws-service-role/',
    created: '2018-10-24T21:21:44Z',
    updated: '2023-11-26T00:00:00Z',
    description: 'Permission policy for CloudTrail ServiceLinkedRole',
    statements: [
      allow(['cloudtrail:*']),
      allow([
        ...of('organizations', 'DescribeAccount', 'DescribeOrganization', 'ListAccounts'),
        'organizations:ListAWSServiceAccessForOrganization',
      ]),
      allow(['organizations:ListDelegatedAdministrators'], '*', {
        StringEquals: { 'organizations:ServicePrincipal': ['cloudtrail.amazonaws.com'] },
      }),
      allow(['glue:DeleteTable'], 'arn:*:glue:*:*:table/*', IN_OWN_ACCOUNT),
      allow(['lakeformation:DeregisterResource'], '*', IN_OWN_ACCOUNT),
    ],
  },
} satisfies Readonly<
  Record<
    string,
    {
      readonly statements: readonly object[];
      readonly path?: string;
      readonly version: number;
      readonly created: string;
      readonly updated: string;
      readonly description: string;
    }
  >
>;
