/**
 * The calls that `generate.ts` makes records of, the commonest first. Strings in braces are filled in for each record
 * (`{#x}` loses its quotes, for numbers); within one record a slot has one value. The mix follows what real trails
 * hold: reads far outnumber writes, a few machines make most of the noise.
 */
export interface OperationTemplate {
  readonly service: string;
  readonly name: string;
  readonly readOnly: boolean;
  readonly data?: true;
  /** The AWS service that makes the call; without it a user or role does. */
  readonly by?: string;
  /** Recorded in us-east-1 wherever it is called from. */
  readonly global?: true;
  readonly version?: string;
  readonly request?: object;
  readonly response?: object;
  readonly additional?: object;
  readonly resources?: readonly object[];
}

const S3_HOST = { bucketName: '{bucket}', Host: '{bucket}.s3.{region}.amazonaws.com' };
const S3_FACTS = {
  SignatureVersion: 'SigV4',
  CipherSuite: 'TLS_AES_128_GCM_SHA256',
  bytesTransferredIn: 0,
  AuthenticationMethod: 'AuthHeader',
  'x-amz-id-2': '{base64}',
  bytesTransferredOut: '{#number}',
};
const BUCKET = { accountId: '{account}', type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::{bucket}' };
const OBJECT = { type: 'AWS::S3::Object', ARN: 'arn:aws:s3:::{bucket}/{key}' };
const KEY = { accountId: '{account}', type: 'AWS::KMS::Key', ARN: '{keyArn}' };
const ROLE_ARN = 'arn:aws:iam::{account}:role/{role}';
const SESSION_ARN = 'arn:aws:sts::{account}:assumed-role/{role}/{name}';

const COMMON: readonly OperationTemplate[] = [
  {
    service: 's3',
    name: 'GetObject',
    readOnly: true,
    data: true,
    request: { ...S3_HOST, key: '{key}' },
    additional: S3_FACTS,
    resources: [OBJECT, BUCKET],
  },
  {
    service: 'sts',
    name: 'AssumeRole',
    readOnly: true,
    by: 'ec2.amazonaws.com',
    version: '1.08',
    request: { roleArn: ROLE_ARN, roleSessionName: '{instance}' },
    response: {
      credentials: {
        accessKeyId: 'ASIA{id}',
        sessionToken: '{base64}{base64}',
        expiration: 'Jul 10, 2026, 5:44:36 PM',
      },
      assumedRoleUser: { assumedRoleId: 'AROA{id}:{instance}', arn: SESSION_ARN },
    },
    resources: [{ accountId: '{account}', type: 'AWS::IAM::Role', ARN: ROLE_ARN }],
  },
  {
    service: 'kms',
    name: 'Decrypt',
    readOnly: true,
    request: { encryptionContext: { 'aws:s3:arn': 'arn:aws:s3:::{bucket}' }, encryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
    resources: [KEY],
  },
  {
    service: 'ec2',
    name: 'DescribeInstances',
    readOnly: true,
    version: '1.10',
    request: {
      maxResults: 1000,
      instancesSet: {},
      filterSet: { items: [{ name: 'tag:env', valueSet: { items: [{ value: '{name}' }] } }] },
    },
  },
  {
    service: 's3',
    name: 'PutObject',
    readOnly: false,
    data: true,
    request: { ...S3_HOST, key: '{key}', 'x-amz-acl': 'bucket-owner-full-control' },
    response: { 'x-amz-server-side-encryption': 'AES256' },
    additional: S3_FACTS,
    resources: [OBJECT, BUCKET],
  },
  { service: 'ssm', name: 'GetParameter', readOnly: true, request: { name: '/{name}/{role}', withDecryption: true } },
  {
    service: 's3',
    name: 'GetBucketAcl',
    readOnly: true,
    by: 'cloudtrail.amazonaws.com',
    request: { ...S3_HOST, acl: '' },
    additional: S3_FACTS,
    resources: [BUCKET],
  },
  {
    service: 'kms',
    name: 'GenerateDataKey',
    readOnly: true,
    request: {
      keyId: '{keyArn}',
      keySpec: 'AES_256',
      encryptionContext: { 'aws:s3:arn': 'arn:aws:s3:::{bucket}/{key}' },
    },
    resources: [KEY],
  },
  {
    service: 'logs',
    name: 'CreateLogStream',
    readOnly: false,
    version: '1.09',
    request: { logStreamName: '{uuid}', logGroupName: '/aws/lambda/{name}' },
  },
  { service: 'sts', name: 'GetCallerIdentity', readOnly: true, version: '1.08' },
  {
    service: 'lambda',
    name: 'Invoke',
    readOnly: false,
    data: true,
    request: { functionName: 'arn:aws:lambda:{region}:{account}:function:{name}', invocationType: 'Event' },
    resources: [
      {
        accountId: '{account}',
        type: 'AWS::Lambda::Function',
        ARN: 'arn:aws:lambda:{region}:{account}:function:{name}',
      },
    ],
  },
  {
    service: 'secretsmanager',
    name: 'GetSecretValue',
    readOnly: true,
    version: '1.09',
    request: { secretId: 'arn:aws:secretsmanager:{region}:{account}:secret:{name}' },
  },
  {
    service: 'monitoring',
    name: 'DescribeAlarms',
    readOnly: true,
    request: { maxRecords: 100, alarmTypes: ['MetricAlarm', 'CompositeAlarm'] },
  },
  {
    service: 'ec2',
    name: 'DescribeSecurityGroups',
    readOnly: true,
    version: '1.10',
    request: { securityGroupSet: {}, securityGroupIdSet: { items: [{ groupId: 'sg-{hex}' }] }, filterSet: {} },
  },
  {
    service: 'dynamodb',
    name: 'GetItem',
    readOnly: true,
    data: true,
    request: { tableName: '{name}', key: { pk: 'HIDDEN_DUE_TO_SECURITY_REASONS' }, consistentRead: false },
    resources: [
      { accountId: '{account}', type: 'AWS::DynamoDB::Table', ARN: 'arn:aws:dynamodb:{region}:{account}:table/{name}' },
    ],
  },
  { service: 'iam', name: 'GetRole', readOnly: true, global: true, version: '1.09', request: { roleName: '{role}' } },
  {
    service: 'ssm',
    name: 'UpdateInstanceInformation',
    readOnly: false,
    request: {
      instanceId: '{instance}',
      agentVersion: '3.3.987.0',
      agentStatus: 'Active',
      platformType: 'Linux',
      platformName: 'Amazon Linux',
      platformVersion: '2023',
      iPAddress: '{ip}',
      computerName: '{instance}.{region}.compute.internal',
    },
  },
  {
    service: 'ec2',
    name: 'RunInstances',
    readOnly: false,
    version: '1.10',
    request: {
      instancesSet: { items: [{ imageId: 'ami-{hex}', minCount: 1, maxCount: 1, keyName: '{name}' }] },
      groupSet: { items: [{ groupId: 'sg-{hex}' }] },
      instanceType: 't3.medium',
      blockDeviceMapping: {},
      subnetId: 'subnet-{hex}',
      monitoring: { enabled: false },
      clientToken: '{uuid}',
    },
    response: {
      requestId: '{requestId}',
      reservationId: 'r-{hex}',
      ownerId: '{account}',
      groupSet: {},
      instancesSet: {
        items: [
          {
            instanceId: '{instance}',
            imageId: 'ami-{hex}',
            instanceState: { code: 0, name: 'pending' },
            privateIpAddress: '{ip}',
            instanceType: 't3.medium',
            subnetId: 'subnet-{hex}',
          },
        ],
      },
    },
  },
  {
    service: 'cloudtrail',
    name: 'LookupEvents',
    readOnly: true,
    request: { lookupAttributes: [{ attributeKey: 'Username', attributeValue: '{name}' }], maxResults: 50 },
  },
  {
    service: 'ec2',
    name: 'TerminateInstances',
    readOnly: false,
    version: '1.10',
    request: { instancesSet: { items: [{ instanceId: '{instance}' }] } },
    response: {
      requestId: '{requestId}',
      instancesSet: {
        items: [
          {
            instanceId: '{instance}',
            currentState: { code: 32, name: 'shutting-down' },
            previousState: { code: 16, name: 'running' },
          },
        ],
      },
    },
  },
  {
    service: 'iam',
    name: 'ListAttachedRolePolicies',
    readOnly: true,
    global: true,
    version: '1.09',
    request: { roleName: '{role}' },
  },
  {
    service: 's3',
    name: 'ListBuckets',
    readOnly: true,
    request: { Host: 's3.{region}.amazonaws.com' },
    additional: S3_FACTS,
  },
  {
    service: 'lambda',
    name: 'UpdateFunctionCode20150331v2',
    readOnly: false,
    request: { functionName: '{name}', dryRun: false, publish: true },
    response: {
      functionName: '{name}',
      functionArn: 'arn:aws:lambda:{region}:{account}:function:{name}',
      runtime: 'nodejs20.x',
      role: ROLE_ARN,
      handler: 'index.handler',
      codeSize: '{#number}',
      timeout: 30,
      memorySize: 256,
    },
  },
  {
    service: 'iam',
    name: 'CreateRole',
    readOnly: false,
    global: true,
    version: '1.09',
    request: { roleName: '{role}', assumeRolePolicyDocument: '{"Version":"2012-10-17","Statement":[]}' },
    response: {
      role: {
        path: '/',
        roleName: '{role}',
        roleId: 'AROA{id}',
        arn: ROLE_ARN,
        createDate: 'Jul 10, 2026 11:54:39 AM',
      },
    },
  },
  {
    service: 'secretsmanager',
    name: 'PutSecretValue',
    readOnly: false,
    version: '1.09',
    request: { secretId: '{name}', clientRequestToken: '{uuid}' },
    response: { arn: 'arn:aws:secretsmanager:{region}:{account}:secret:{name}' },
  },
  {
    service: 'rds',
    name: 'DescribeDBInstances',
    readOnly: true,
    version: '1.08',
    request: { dBInstanceIdentifier: '{name}' },
  },
  {
    service: 'cloudtrail',
    name: 'StopLogging',
    readOnly: false,
    request: { name: 'arn:aws:cloudtrail:{region}:{account}:trail/{name}' },
  },
  {
    service: 'iam',
    name: 'CreateAccessKey',
    readOnly: false,
    global: true,
    version: '1.09',
    request: { userName: '{name}' },
    response: {
      accessKey: {
        accessKeyId: 'AKIA{id}',
        status: 'Active',
        userName: '{name}',
        createDate: 'Jul 10, 2026 11:54:39 AM',
      },
    },
  },
];

const TAIL_SERVICES =
  'acm apigateway athena autoscaling backup batch cloudformation cloudfront codebuild config ecr ecs eks elasticache elasticfilesystem elasticloadbalancing events firehose glue guardduty kinesis organizations redshift resource-groups route53 sagemaker sns sqs states waf'.split(
    ' ',
  );
const TAIL_VERBS = 'Describe List Get Update Create Tag Put Delete Start Stop'.split(' ');
const TAIL_NOUNS =
  'Resource Configuration Cluster Policy Group Job Service Status Version Endpoint Rule Task Stack Permission'.split(
    ' ',
  );
/** Together with the common ones about as many names as a busy account shows. */
const TAIL_COUNT = 370;

/** The long tail: plain names over many services, each rare. */
const TAIL: readonly OperationTemplate[] = Array.from({ length: TAIL_COUNT }, (_, i) => {
  const verb = TAIL_VERBS[i % TAIL_VERBS.length]!;
  const noun = Math.floor(i / TAIL_VERBS.length);
  const readOnly = /^(Describe|List|Get)/.test(verb);
  const service = TAIL_SERVICES[(i * 7) % TAIL_SERVICES.length]!;
  return {
    service,
    name:
      verb +
      TAIL_NOUNS[noun % TAIL_NOUNS.length]! +
      TAIL_NOUNS[(noun * 3 + Math.floor(noun / TAIL_NOUNS.length) + 1) % TAIL_NOUNS.length]!,
    readOnly,
    version: '1.08',
    request: { name: '{name}', resourceArn: `arn:aws:${service}:{region}:{account}:resource/{name}`, maxResults: 100 },
    ...(!readOnly && {
      response: { arn: `arn:aws:${service}:{region}:{account}:resource/{name}`, status: 'ACTIVE', token: '{uuid}' },
    }),
  };
});

export const OPERATIONS: readonly OperationTemplate[] = [...COMMON, ...TAIL];
