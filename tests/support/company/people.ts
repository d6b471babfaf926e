import type { Next } from '../random.ts';
import { pick } from '../random.ts';

export const ACCOUNT = '123456789012';
export const HOME = 'eu-central-1';
/** IAM, STS and sign-in of the console record there. */
export const GLOBAL = 'us-east-1';

/** A call as a person or machine of the company makes it; what it does not say is as usual. */
export interface Doing {
  readonly service: string;
  readonly name: string;
  readonly readOnly?: true;
  readonly request?: object | null;
  readonly response?: object | null;
  readonly resources?: readonly object[];
  readonly global?: true;
}

/** Somebody who does things: a user, or sessions of a role. Names and addresses are made up (RFC 5737). */
export interface Actor {
  readonly name: string;
  /** Acts in a session of this role, which the user (or the service `trustedBy`) assumes once a day. */
  readonly role?: string;
  readonly trustedBy?: string;
  readonly address: string;
  readonly agent: string;
  /** Share of all calls. */
  readonly weight: number;
  /** Works by day, Monday to Friday. */
  readonly person?: true;
  readonly regions: readonly string[];
  /** One of so many of its calls is denied. */
  readonly deniedOneIn: number;
  readonly does: readonly ((next: Next) => Doing)[];
}

const CLI = 'aws-cli/2.17.4 md/awscrt#0.20.11 ua/2.0 os/linux#6.1.97 lang/python#3.11.8 md/pyimpl#CPython';
const BOTO = 'Boto3/1.34.131 md/Botocore#1.34.131 ua/2.0 os/linux#6.1.97 lang/python#3.12.4';
const TERRAFORM = 'APN/1.0 HashiCorp/1.0 Terraform/1.9.1 (+https://www.terraform.io) terraform-provider-aws/5.58.0';
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const JAVA = 'aws-sdk-java/2.26.7 Linux/6.1.97 OpenJDK_64-Bit_Server_VM/21.0.3 Java/21.0.3';

const number = (next: Next, below: number) => Math.floor(next() * below);
const hex = (next: Next, digits: number) =>
  Array.from({ length: digits }, () => number(next, 16).toString(16)).join('');

const BUCKETS = ['customer-exports', 'order-archive', 'static-web', 'build-artifacts', 'invoices-2026', 'audit-logs'];
const TABLES = ['orders', 'customers', 'carts', 'stock'];
const FUNCTIONS = ['send-invoice', 'resize-images', 'nightly-report'];
const SECRETS = ['prod/orders/database', 'prod/payments/api-key', 'ci/registry'];
const ROLES = ['app-orders', 'deploy', 'backup'];
const USERS = ['lea.brandt', 'tom.fischer', 'build-bot'];
const KEYS = ['0f3c1a52-7d1e-4c7b-9a55-2f1f6b0c9d11', '7be0a6d4-90d2-4f8e-8a63-5cc1e4d7aa02'];
const instance = (next: Next) => `i-0${hex(next, 3)}8a51c0de42f7`;

const read = (service: string, name: string, request: object | null = null): Doing => ({
  service,
  name,
  readOnly: true,
  request,
});
const bucketCall = (next: Next, name: string, readOnly: boolean, more: object = {}): Doing => {
  const bucketName = pick(next, BUCKETS);
  return {
    service: 's3',
    name,
    ...(readOnly && { readOnly }),
    request: { bucketName, Host: `${bucketName}.s3.${HOME}.amazonaws.com`, ...more },
    resources: [{ accountId: ACCOUNT, type: 'AWS::S3::Bucket', ARN: `arn:aws:s3:::${bucketName}` }],
  };
};
const keyCall = (next: Next, name: string): Doing => {
  const ARN = `arn:aws:kms:${HOME}:${ACCOUNT}:key/${pick(next, KEYS)}`;
  const request = { keyId: ARN, encryptionContext: { 'aws:s3:arn': `arn:aws:s3:::${pick(next, BUCKETS)}` } };
  return {
    service: 'kms',
    name,
    readOnly: true,
    request,
    resources: [{ accountId: ACCOUNT, type: 'AWS::KMS::Key', ARN }],
  };
};
const iamCall = (name: string, request: object, response: object | null = null): Doing => ({
  service: 'iam',
  name,
  request,
  response,
  global: true,
});

/** What looks around does, most of all calls in any account. */
const LOOKS: Actor['does'] = [
  () => read('ec2', 'DescribeInstances', { instancesSet: {}, filterSet: {} }),
  () => read('ec2', 'DescribeSecurityGroups', { securityGroupSet: {}, filterSet: {} }),
  () => read('cloudwatch', 'DescribeAlarms', { maxRecords: 100 }),
  () => ({ ...read('s3', 'ListBuckets', { Host: 's3.amazonaws.com' }), global: true }),
  (next) => bucketCall(next, 'GetBucketPolicy', true, { policy: '' }),
  (next) => ({ ...read('iam', 'GetRole', { roleName: pick(next, ROLES) }), global: true }),
  () => read('sts', 'GetCallerIdentity'),
  (next) => read('dynamodb', 'DescribeTable', { tableName: pick(next, TABLES) }),
  () => read('cloudtrail', 'DescribeTrails'),
];

export const ACTORS: readonly Actor[] = [
  {
    name: 'i-0aa18a51c0de42f7',
    role: 'app-orders',
    trustedBy: 'ec2.amazonaws.com',
    address: '10.0.14.22',
    agent: JAVA,
    weight: 40,
    regions: [HOME],
    deniedOneIn: 180,
    does: [
      (next) => read('secretsmanager', 'GetSecretValue', { secretId: pick(next, SECRETS) }),
      (next) => keyCall(next, 'Decrypt'),
      (next) => keyCall(next, 'GenerateDataKey'),
      (next) => read('dynamodb', 'DescribeTable', { tableName: pick(next, TABLES) }),
      (next) => read('ssm', 'GetParameter', { name: `/orders/${pick(next, ['limits', 'features', 'locale'])}` }),
    ],
  },
  {
    name: 'pipeline',
    role: 'deploy',
    trustedBy: 'codebuild.amazonaws.com',
    address: '203.0.113.40',
    agent: TERRAFORM,
    weight: 22,
    regions: [HOME, 'eu-west-1'],
    deniedOneIn: 60,
    does: [
      ...LOOKS,
      (next) => ({
        service: 'lambda',
        name: 'UpdateFunctionCode20150331v2',
        request: { functionName: pick(next, FUNCTIONS), publish: true, dryRun: false },
        response: { runtime: 'nodejs20.x', state: 'Active', version: String(number(next, 90)) },
      }),
      (next) => ({
        service: 'ec2',
        name: 'RunInstances',
        request: {
          instancesSet: { items: [{ imageId: 'ami-0abc1234def567890', minCount: 1, maxCount: 1 }] },
          instanceType: 't3.large',
        },
        response: {
          instancesSet: { items: [{ instanceId: instance(next), instanceState: { code: 0, name: 'pending' } }] },
        },
      }),
      (next) => ({
        service: 'ec2',
        name: 'TerminateInstances',
        request: { instancesSet: { items: [{ instanceId: instance(next) }] } },
        response: {
          instancesSet: { items: [{ instanceId: instance(next), currentState: { code: 32, name: 'shutting-down' } }] },
        },
      }),
    ],
  },
  {
    name: 'nightly',
    role: 'backup',
    trustedBy: 'lambda.amazonaws.com',
    address: '10.0.3.9',
    agent: BOTO,
    weight: 10,
    regions: [HOME],
    deniedOneIn: 90,
    does: [
      () => read('rds', 'DescribeDBInstances', { filters: [] }),
      (next) => ({
        service: 'rds',
        name: 'CreateDBSnapshot',
        request: { dBInstanceIdentifier: 'orders-1', dBSnapshotIdentifier: `nightly-${hex(next, 6)}` },
      }),
      (next) => bucketCall(next, 'GetBucketVersioning', true),
    ],
  },
  {
    name: 'build-bot',
    address: '203.0.113.41',
    agent: BOTO,
    weight: 8,
    regions: [HOME],
    deniedOneIn: 25,
    does: [
      () => read('ecr', 'GetAuthorizationToken'),
      () => read('ecr', 'DescribeRepositories', {}),
      ...LOOKS.slice(0, 3),
    ],
  },
  {
    name: 'mira.koch',
    address: '203.0.113.17',
    agent: CLI,
    weight: 9,
    person: true,
    regions: [HOME, GLOBAL],
    deniedOneIn: 80,
    does: [
      ...LOOKS,
      () => read('cloudtrail', 'LookupEvents', { maxResults: 50 }),
      () => read('cloudtrail', 'GetTrailStatus', { name: 'main' }),
      () => ({ ...read('iam', 'ListUsers', { maxItems: 100 }), global: true }),
      (next) =>
        iamCall('AttachRolePolicy', {
          roleName: pick(next, ROLES),
          policyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess',
        }),
      (next) =>
        iamCall('UpdateAccessKey', {
          userName: pick(next, USERS),
          accessKeyId: 'AKIAEXAMPLEOLDKEY001',
          status: 'Inactive',
        }),
    ],
  },
  {
    name: 'jonas.weber',
    role: 'Administrator',
    address: '203.0.113.23',
    agent: BROWSER,
    weight: 8,
    person: true,
    regions: [HOME, GLOBAL],
    deniedOneIn: 120,
    does: [
      ...LOOKS,
      (next) =>
        bucketCall(next, 'PutBucketLifecycle', false, { LifecycleConfiguration: { Rule: { Status: 'Enabled' } } }),
      (next) =>
        iamCall(
          'CreateAccessKey',
          { userName: pick(next, USERS) },
          { accessKey: { userName: 'build-bot', status: 'Active' } },
        ),
      () => ({
        service: 'ec2',
        name: 'AuthorizeSecurityGroupIngress',
        request: {
          groupId: 'sg-0a1b2c3d4e5f60718',
          ipPermissions: {
            items: [
              { ipProtocol: 'tcp', fromPort: 443, toPort: 443, ipRanges: { items: [{ cidrIp: '203.0.113.0/24' }] } },
            ],
          },
        },
        response: { _return: true },
      }),
    ],
  },
  {
    name: 'lea.brandt',
    address: '203.0.113.29',
    agent: BROWSER,
    weight: 7,
    person: true,
    regions: [HOME, 'eu-west-1'],
    deniedOneIn: 14,
    does: [
      ...LOOKS,
      (next) => read('lambda', 'GetFunction20150331v2', { functionName: pick(next, FUNCTIONS) }),
      (next) => ({
        service: 'lambda',
        name: 'UpdateFunctionConfiguration20150331v2',
        request: { functionName: pick(next, FUNCTIONS), timeout: 30 },
      }),
      (next) => read('secretsmanager', 'GetSecretValue', { secretId: pick(next, SECRETS) }),
    ],
  },
  {
    name: 'tom.fischer',
    address: '198.51.100.77',
    agent: CLI,
    weight: 2,
    person: true,
    regions: [HOME],
    deniedOneIn: 6,
    does: [...LOOKS, (next) => bucketCall(next, 'GetBucketAcl', true)],
  },
];
