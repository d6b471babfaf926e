import * as cloudtrail from '@aws-sdk/client-cloudtrail';
import * as cloudwatch from '@aws-sdk/client-cloudwatch';
import * as dynamodb from '@aws-sdk/client-dynamodb';
import * as ec2 from '@aws-sdk/client-ec2';
import * as iam from '@aws-sdk/client-iam';
import * as lambda from '@aws-sdk/client-lambda';
import * as sqs from '@aws-sdk/client-sqs';
import * as sts from '@aws-sdk/client-sts';
import { AwsSmithyRpcV2CborProtocol } from '@aws-sdk/core/protocols';
import { expect, it } from 'vitest';
import { schemaFromClient } from '../../../../../scripts/schema-from-client.mjs';
import { loadSchema } from '../../schema/load.ts';
import {
  BYTES,
  type Case,
  clientOf,
  describeService,
  exchange,
  plain,
  type Spoken,
  usingServer,
  WHEN,
  WHEN_MS,
  wire,
} from './sdk-exchange.suite.ts';

const fromClient = (id: string) => schemaFromClient(`@aws-sdk/client-${id}`, { id, fractional: 'all' });
usingServer([
  loadSchema('cloudtrail'),
  loadSchema('sts'),
  ...['dynamodb', 'ec2', 'iam', 'lambda', 'sqs'].map(fromClient),
  {
    ...schemaFromClient('@aws-sdk/client-cloudwatch', { id: 'cloudwatch', fractional: 'all' }),
    protocols: ['awsJson1_0', 'awsQuery', 'rpcv2Cbor'],
  },
]);

const CLOUDTRAIL: Case[] = [
  [
    'LookupEvents',
    {
      LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'Ü\u2028"<' }],
      StartTime: WHEN_MS,
      MaxResults: 5,
    },
    {
      Events: [{ EventId: 'e', EventTime: WHEN_MS, Resources: [{ ResourceType: 't' }], ReadOnly: 'true' }],
      NextToken: 'n',
    },
  ],
  [
    'CreateTrail',
    { Name: 'n', S3BucketName: 'b', IsMultiRegionTrail: true, TagsList: [{ Key: 'k' }] },
    { Name: 'n', IsOrganizationTrail: false },
  ],
  [
    'ListPublicKeys',
    { StartTime: WHEN },
    { PublicKeyList: [{ Value: BYTES, ValidityStartTime: WHEN, Fingerprint: 'f' }] },
  ],
  ['AddTags', { ResourceId: 'r', TagsList: [] }, {}],
  [
    'ListInsightsMetricData',
    { EventSource: 's', EventName: 'n', InsightType: 'i' },
    { Timestamps: [WHEN], Values: [0.5, -1e300, 3] },
  ],
  ['GetQueryResults', { QueryId: 'q' }, { QueryResultRows: [[{ a: 'b' }, { __proto__x: 'c' }]] }],
];

const STS: Case[] = [
  [
    'AssumeRole',
    {
      RoleArn: 'arn',
      RoleSessionName: 's=&+ü',
      Tags: [{ Key: 'k', Value: '' }],
      TransitiveTagKeys: ['k'],
      DurationSeconds: 900,
    },
    {
      Credentials: { AccessKeyId: 'A', SecretAccessKey: 'S', SessionToken: 'T', Expiration: WHEN },
      AssumedRoleUser: { AssumedRoleId: 'i', Arn: 'a' },
      PackedPolicySize: 6,
    },
  ],
  ['GetCallerIdentity', {}, { UserId: 'u', Account: '123456789012', Arn: 'a' }],
];

const IAM: Case[] = [
  [
    'CreateUser',
    { UserName: 'u', Tags: [{ Key: 'k', Value: 'v' }] },
    { User: { UserName: 'u', Path: '/', UserId: 'i', Arn: 'a', CreateDate: WHEN } },
  ],
  ['ListUsers', { MaxItems: 3 }, { Users: [], IsTruncated: false }],
  ['DeleteUser', { UserName: 'u' }, {}],
  [
    'SimulatePrincipalPolicy',
    { PolicySourceArn: 'a', ActionNames: ['x:y'] },
    {
      EvaluationResults: [
        {
          EvalActionName: 'x:y',
          EvalDecision: 'allowed',
          EvalDecisionDetails: { a: 'allowed' },
          MatchedStatements: [{ StartPosition: { Line: 1, Column: 2 } }],
        },
      ],
    },
  ],
];

const EC2: Case[] = [
  [
    'RunInstances',
    {
      ImageId: 'ami',
      MinCount: 1,
      MaxCount: 2,
      SecurityGroupIds: ['sg-1', 'sg-2'],
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'x' }] }],
      EbsOptimized: true,
      ClientToken: 't',
    },
    {
      Instances: [
        {
          InstanceId: 'i-1',
          LaunchTime: WHEN_MS,
          State: { Code: 0, Name: 'pending' },
          Tags: [{ Key: 'a', Value: 'b' }],
        },
      ],
      OwnerId: 'o',
    },
  ],
  [
    'DescribeInstances',
    { Filters: [{ Name: 'n', Values: ['a', 'b'] }], InstanceIds: ['i-1'] },
    { Reservations: [{ ReservationId: 'r', Instances: [] }], NextToken: 'n' },
  ],
  ['DeleteVpc', { VpcId: 'v' }, {}],
];

const LAMBDA: Case[] = [
  [
    'CreateFunction',
    {
      FunctionName: 'f',
      Role: 'r',
      Code: { ZipFile: BYTES },
      Environment: { Variables: { A: 'b', constructor: 'c' } },
      Timeout: 3,
    },
    { FunctionName: 'f', CodeSize: 5, Environment: { Variables: { A: 'b' } } },
  ],
  ['ListFunctions', { MaxItems: 3, FunctionVersion: 'ALL' }, { Functions: [{ FunctionName: 'f' }] }],
  ['ListTags', { Resource: 'arn:aws:lambda:us-east-1:1:function:f/x' }, { Tags: { a: 'b' } }],
  ['UntagResource', { Resource: 'arn', TagKeys: ['a', 'b c'] }, {}],
];

const DYNAMODB: Case[] = [
  [
    'PutItem',
    {
      TableName: 't',
      Item: {
        a: { S: 'x' },
        b: { B: BYTES },
        c: { L: [{ N: '1' }, { M: { d: { NULL: true } } }] },
        s: { BS: [BYTES] },
      },
    },
    { Attributes: { a: { BOOL: false } } },
  ],
  ['DescribeTable', { TableName: 't' }, { Table: { TableName: 't', CreationDateTime: WHEN_MS, ItemCount: 7 } }],
];

const SQS: Case[] = [
  [
    'SendMessage',
    { QueueUrl: 'http://q', MessageBody: 'b', MessageAttributes: { a: { DataType: 'Binary', BinaryValue: BYTES } } },
    { MessageId: 'm' },
  ],
  ['DeleteMessage', { QueueUrl: 'http://q', ReceiptHandle: 'r' }, {}],
];

const CLOUDWATCH: Case[] = [
  [
    'PutMetricData',
    {
      Namespace: 'n',
      MetricData: [{ MetricName: 'm', Value: 1.5, Timestamp: WHEN_MS, Dimensions: [{ Name: 'd', Value: 'e' }] }],
    },
    {},
  ],
  [
    'GetMetricData',
    { StartTime: WHEN, EndTime: WHEN_MS, MetricDataQueries: [{ Id: 'a', ReturnData: true }] },
    { MetricDataResults: [{ Id: 'a', Timestamps: [WHEN], Values: [0.1, 2, 4_294_967_296] }] },
  ],
  ['GetMetricWidgetImage', { MetricWidget: '{}' }, { MetricWidgetImage: BYTES }],
];

const SERVICES: Spoken[] = [
  ['cloudtrail (awsJson1_1)', cloudtrail, 'CloudTrailClient', CLOUDTRAIL],
  ['cloudtrail (rpcv2Cbor)', cloudtrail, 'CloudTrailClient', CLOUDTRAIL, { protocol: AwsSmithyRpcV2CborProtocol }],
  ['sts (awsQuery)', sts, 'STSClient', STS],
  ['iam (awsQuery)', iam, 'IAMClient', IAM],
  ['ec2 (ec2Query)', ec2, 'EC2Client', EC2],
  ['lambda (restJson1)', lambda, 'LambdaClient', LAMBDA],
  ['dynamodb (awsJson1_0)', dynamodb, 'DynamoDBClient', DYNAMODB],
  ['sqs (awsJson1_0)', sqs, 'SQSClient', SQS, { md5: false }],
  ['cloudwatch (awsJson1_0)', cloudwatch, 'CloudWatchClient', CLOUDWATCH],
  ['cloudwatch (rpcv2Cbor)', cloudwatch, 'CloudWatchClient', CLOUDWATCH, { protocol: AwsSmithyRpcV2CborProtocol }],
];

for (const service of SERVICES) describeService(service);

it('keeps what a Lambda function takes and gives as bytes', async () => {
  const input = { FunctionName: 'f', Payload: BYTES, InvocationType: 'RequestResponse' };
  const output = { StatusCode: 202, Payload: Buffer.from('x'), FunctionError: 'Unhandled' };
  const got = await exchange(clientOf(lambda, 'LambdaClient'), lambda, 'Invoke', input, output);
  expect(plain(wire.seen!.input)).toMatchObject(plain(input) as object);
  expect(plain(got)).toEqual(plain(output));
});
