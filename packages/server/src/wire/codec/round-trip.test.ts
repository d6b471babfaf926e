import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import * as cloudtrail from '@aws-sdk/client-cloudtrail';
import * as cloudwatch from '@aws-sdk/client-cloudwatch';
import * as dynamodb from '@aws-sdk/client-dynamodb';
import * as ec2 from '@aws-sdk/client-ec2';
import * as iam from '@aws-sdk/client-iam';
import * as lambda from '@aws-sdk/client-lambda';
import * as s3 from '@aws-sdk/client-s3';
import * as sqs from '@aws-sdk/client-sqs';
import * as sts from '@aws-sdk/client-sts';
import { AwsSmithyRpcV2CborProtocol } from '@aws-sdk/core/protocols';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { schemaFromClient } from '../../../../../scripts/schema-from-client.mjs';
import { AwsError } from '../../base/errors.ts';
import { loadSchema } from '../../schema/load.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import { detect, operationFromForm } from '../detect.ts';
import { readBody, readRequest } from '../request.ts';
import { respond } from '../respond.ts';
import { decodeInput, type EncodedResponse, encodeError, encodeOutput } from './index.ts';

/** The real SDK is the oracle: what it sends must decode to what it was given, what we encode to what it gives back. */

const fromClient = (id: string) => schemaFromClient(`@aws-sdk/client-${id}`, { id, fractional: 'all' });
const SCHEMAS: readonly ServiceSchema[] = [
  loadSchema('cloudtrail'),
  loadSchema('s3'),
  loadSchema('sts'),
  ...['dynamodb', 'ec2', 'iam', 'lambda', 'sqs'].map(fromClient),
  {
    ...schemaFromClient('@aws-sdk/client-cloudwatch', { id: 'cloudwatch', fractional: 'all' }),
    protocols: ['awsJson1_0', 'awsQuery', 'rpcv2Cbor'],
  },
];

type Data = Record<string, unknown>;
let answer: Data | AwsError = {};
let seen: { operation: string; protocol: string; input: Data } | undefined;
let sent: { status: number; headers: Record<string, string>; body: string } | undefined;

const server = createServer((req, res) => {
  void (async () => {
    const http = readRequest(req);
    const body = await readBody(req, 1e6);
    const signingName = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)/.exec(http.headers.authorization ?? '')?.[1];
    const found = detect(http, signingName, SCHEMAS, ['localhost'])!;
    const operation = found.operation ?? operationFromForm(found.schema, body, http.query)!;
    const target = { ...found, operation };
    let encoded: EncodedResponse;
    try {
      seen = { operation, protocol: found.protocol, input: decodeInput(target, http, body) };
      if (answer instanceof AwsError) throw answer;
      encoded = encodeOutput(target, answer, 'request-1');
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      encoded = encodeError(target, error, 'request-1', { hostId: 'host-1', resource: http.rawPath });
    }
    const shown = Buffer.isBuffer(encoded.body) ? encoded.body.toString() : '(stream)';
    sent = { status: encoded.status, headers: { ...encoded.headers }, body: shown };
    await respond(res, http.method, encoded);
  })().catch((error) => {
    seen = { operation: `${error.stack}`, protocol: '', input: {} };
    res.destroy();
  });
});

interface AnyClient {
  send(command: unknown): Promise<Data>;
  destroy(): void;
}
// biome-ignore lint/suspicious/noExplicitAny: nine SDKs, each with types of its own
type Sdk = Record<string, any>;

const clients = new Map<string, AnyClient>();
function clientOf(sdk: Sdk, name: string, more: Data = {}): AnyClient {
  const key = name + Object.keys(more).join();
  const known = clients.get(key);
  if (known) return known;
  const made = new sdk[name]({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
    forcePathStyle: true,
    ...more,
  }) as AnyClient;
  clients.set(key, made);
  return made;
}

beforeAll(() => new Promise<void>((done) => server.listen(0, '127.0.0.1', done)));
afterAll(() => {
  for (const client of clients.values()) client.destroy();
  server.close();
});
beforeEach(() => {
  answer = {};
  seen = sent = undefined;
});

/** Bytes compare as text, whatever holds them; the SDK's streams are read by the tests that have them. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const entries = Object.entries(value).filter(([name, v]) => v !== undefined && name !== '$metadata');
  return Object.fromEntries(entries.map(([name, v]) => [name, plain(v)]));
}

async function exchange(client: AnyClient, sdk: Sdk, operation: string, input: Data, output: Data) {
  answer = output;
  const got = await client.send(new sdk[`${operation}Command`](input)).catch((error: Error) => {
    throw new Error(`${error.message}\nseen: ${JSON.stringify(seen)}\nsent: ${sent?.body}`);
  });
  expect(seen?.operation).toBe(operation);
  return got;
}

const WHEN = new Date('2026-01-02T03:04:05Z');
const WHEN_MS = new Date('2026-01-02T03:04:05.678Z');
const BYTES = new Uint8Array([0, 1, 254, 255]);

type Case = [operation: string, input: Data, output: Data, more?: Data];

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

const S3: Case[] = [
  [
    'CreateBucket',
    { Bucket: 'bbb', CreateBucketConfiguration: { LocationConstraint: 'eu-west-1', Tags: [{ Key: 'a', Value: 'b' }] } },
    { Location: '/bbb' },
  ],
  ['ListBuckets', { Prefix: 'x' }, { Buckets: [{ Name: 'bbb', CreationDate: WHEN_MS }], Owner: { ID: 'o' } }],
  ['PutBucketTagging', { Bucket: 'bbb', Tagging: { TagSet: [{ Key: 'k<&>"\'', Value: ' v\r\n' }] } }, {}],
  ['GetBucketTagging', { Bucket: 'bbb' }, { TagSet: [{ Key: 'k<&>"\'', Value: ' v\r\n\u0001' }] }],
  [
    'DeleteObjects',
    { Bucket: 'bbb', Delete: { Objects: [{ Key: 'a b+c' }, { Key: 'ü', VersionId: 'v' }], Quiet: true } },
    { Deleted: [{ Key: 'a b+c' }], Errors: [{ Key: 'x', Code: 'AccessDenied' }] },
  ],
  [
    'PutBucketAcl',
    {
      Bucket: 'bbb',
      AccessControlPolicy: {
        Owner: { ID: 'o' },
        Grants: [{ Grantee: { Type: 'CanonicalUser', ID: 'g' }, Permission: 'READ' }],
      },
    },
    {},
  ],
  [
    'GetBucketAcl',
    { Bucket: 'bbb' },
    { Owner: { ID: 'o' }, Grants: [{ Grantee: { Type: 'Group', URI: 'u' }, Permission: 'READ' }] },
  ],
  [
    'PutBucketLifecycleConfiguration',
    {
      Bucket: 'bbb',
      LifecycleConfiguration: {
        Rules: [
          { ID: 'r', Status: 'Enabled', Filter: { Prefix: 'p/' }, Expiration: { Days: 3 } },
          { Status: 'Disabled', Expiration: { Date: WHEN } },
        ],
      },
    },
    {},
  ],
  [
    'PutPublicAccessBlock',
    { Bucket: 'bbb', PublicAccessBlockConfiguration: { BlockPublicAcls: true, IgnorePublicAcls: false } },
    {},
  ],
  ['PutBucketPolicy', { Bucket: 'bbb', Policy: '{"Version":"2012-10-17"}' }, {}],
  ['GetBucketPolicy', { Bucket: 'bbb' }, { Policy: '{"ü":1}' }],
  [
    'PutObject',
    {
      Bucket: 'bbb',
      Key: "a/b c+ü'!*().txt",
      Body: BYTES,
      Metadata: { x: 'y' },
      ContentType: 'text/plain',
      ObjectLockRetainUntilDate: WHEN,
    },
    { ETag: '"e"', VersionId: 'v' },
  ],
  [
    'CopyObject',
    { Bucket: 'bbb', Key: 'k', CopySource: 'a/b%20c', MetadataDirective: 'REPLACE' },
    { CopyObjectResult: { ETag: '"e"', LastModified: WHEN }, VersionId: 'v' },
  ],
  [
    'HeadObject',
    { Bucket: 'bbb', Key: 'k', IfModifiedSince: WHEN },
    { ContentLength: 17, ETag: '"e"', LastModified: WHEN, Metadata: { a: 'b' }, AcceptRanges: 'bytes' },
  ],
  [
    'ListObjectsV2',
    { Bucket: 'bbb', Prefix: 'p/', MaxKeys: 10, OptionalObjectAttributes: ['RestoreStatus'] },
    {
      Contents: [{ Key: 'p/1', Size: 5_000_000_000, LastModified: WHEN_MS, ETag: '"e"' }, { Key: 'p/2' }],
      IsTruncated: false,
      KeyCount: 2,
      CommonPrefixes: [{ Prefix: 'p/x/' }],
      Prefix: 'p/',
    },
  ],
  [
    'ListObjectVersions',
    { Bucket: 'bbb' },
    { Versions: [{ Key: 'k', VersionId: 'v', IsLatest: true }], DeleteMarkers: [{ Key: 'd' }], IsTruncated: true },
  ],
  ['CreateMultipartUpload', { Bucket: 'bbb', Key: 'k' }, { Bucket: 'bbb', Key: 'k', UploadId: 'u' }],
  ['UploadPart', { Bucket: 'bbb', Key: 'k', PartNumber: 3, UploadId: 'u', Body: BYTES }, { ETag: '"e"' }],
  [
    'UploadPartCopy',
    { Bucket: 'bbb', Key: 'k', PartNumber: 3, UploadId: 'u', CopySource: 'a/b' },
    { CopyPartResult: { ETag: '"e"' } },
  ],
  [
    'CompleteMultipartUpload',
    {
      Bucket: 'bbb',
      Key: 'k',
      UploadId: 'u',
      MultipartUpload: {
        Parts: [
          { ETag: '"1"', PartNumber: 1 },
          { ETag: '"2"', PartNumber: 2 },
        ],
      },
    },
    { Bucket: 'bbb', Key: 'k', ETag: '"x-2"', Location: 'http://x/' },
  ],
  [
    'ListParts',
    { Bucket: 'bbb', Key: 'k', UploadId: 'u' },
    { Parts: [{ PartNumber: 1, Size: 7 }], Initiator: { ID: 'i' } },
  ],
  [
    'GetObjectAttributes',
    { Bucket: 'bbb', Key: 'k', ObjectAttributes: ['ETag', 'ObjectSize'] },
    { ETag: 'e', ObjectSize: 5, LastModified: WHEN },
  ],
  [
    'PutBucketNotificationConfiguration',
    {
      Bucket: 'bbb',
      NotificationConfiguration: {
        QueueConfigurations: [
          {
            QueueArn: 'q',
            Events: ['s3:ObjectCreated:*'],
            Filter: { Key: { FilterRules: [{ Name: 'prefix', Value: 'x' }] } },
          },
        ],
      },
    },
    {},
  ],
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

const SERVICES: [name: string, sdk: Sdk, client: string, cases: Case[], options?: Data][] = [
  ['cloudtrail (awsJson1_1)', cloudtrail, 'CloudTrailClient', CLOUDTRAIL],
  ['cloudtrail (rpcv2Cbor)', cloudtrail, 'CloudTrailClient', CLOUDTRAIL, { protocol: AwsSmithyRpcV2CborProtocol }],
  ['s3 (restXml)', s3, 'S3Client', S3],
  ['sts (awsQuery)', sts, 'STSClient', STS],
  ['iam (awsQuery)', iam, 'IAMClient', IAM],
  ['ec2 (ec2Query)', ec2, 'EC2Client', EC2],
  ['lambda (restJson1)', lambda, 'LambdaClient', LAMBDA],
  ['dynamodb (awsJson1_0)', dynamodb, 'DynamoDBClient', DYNAMODB],
  ['sqs (awsJson1_0)', sqs, 'SQSClient', SQS, { md5: false }],
  ['cloudwatch (awsJson1_0)', cloudwatch, 'CloudWatchClient', CLOUDWATCH],
  ['cloudwatch (rpcv2Cbor)', cloudwatch, 'CloudWatchClient', CLOUDWATCH, { protocol: AwsSmithyRpcV2CborProtocol }],
];

describe.each(SERVICES)('%s', (name, sdk, clientName, cases, options) => {
  it.each(cases)('%s', async (operation, input, output) => {
    const got = await exchange(clientOf(sdk, clientName, options), sdk, operation, input, output);
    expect(name).toContain(seen!.protocol);
    expect(plain(seen!.input)).toMatchObject(plain(input) as object);
    expect(plain(got)).toEqual(plain(output));
  });

  it('gives an error its name, message and status', async () => {
    answer = new AwsError('TestFailureException', 'a "message" <b>', { status: 418, headers: { 'Retry-After': '3' } });
    const [operation, input] = cases[0]!;
    const error = await clientOf(sdk, clientName, options)
      .send(new sdk[`${operation}Command`](input))
      .catch((e: Error) => e);
    expect(error).toMatchObject({ name: 'TestFailureException', message: 'a "message" <b>' });
    expect(error).toMatchObject({ $metadata: { httpStatusCode: 418, requestId: 'request-1' } });
    expect(sent?.headers['retry-after']).toBe('3');
  });
});

describe('S3', () => {
  const client = () => clientOf(s3, 'S3Client');

  it('streams an object, whole and in part', async () => {
    const body = { Body: Buffer.from('hello'), ContentLength: 5, ContentType: 'text/x', Metadata: { a: 'b' } };
    const got = await exchange(client(), s3, 'GetObject', { Bucket: 'bbb', Key: 'k' }, { ...body, LastModified: WHEN });
    expect(await text(got.Body as never)).toBe('hello');
    expect(got).toMatchObject({ ContentType: 'text/x', Metadata: { a: 'b' }, LastModified: WHEN });
    expect(sent?.status).toBe(200);
    const input = { Bucket: 'bbb', Key: 'k', Range: 'bytes=0-4' };
    await exchange(client(), s3, 'GetObject', input, { ...body, ContentRange: 'bytes 0-4/9' });
    expect(sent?.status).toBe(206);
  });

  it('says where a bucket is, without a wrapper', async () => {
    const got = await exchange(
      client(),
      s3,
      'GetBucketLocation',
      { Bucket: 'bbb' },
      { LocationConstraint: 'eu-west-1' },
    );
    expect(got).toMatchObject({ LocationConstraint: 'eu-west-1' });
    await exchange(client(), s3, 'GetBucketLocation', { Bucket: 'bbb' }, {});
    expect(sent?.body).toContain('<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>');
  });

  it('URL-encodes keys when asked to', async () => {
    const output = { EncodingType: 'url', Prefix: 'a/', Contents: [{ Key: 'a/b c+\u0001ü~', ETag: '"e"' }] };
    await exchange(client(), s3, 'ListObjectsV2', { Bucket: 'bbb', EncodingType: 'url' }, output);
    expect(sent?.body).toContain('<Key>a/b+c%2B%01%C3%BC%7E</Key>');
    expect(sent?.body).toContain('<Prefix>a/</Prefix>');
  });

  it('answers deletions with 204 and nothing', async () => {
    await exchange(client(), s3, 'DeleteObject', { Bucket: 'bbb', Key: 'k' }, { DeleteMarker: true, VersionId: 'v' });
    expect(sent).toMatchObject({
      status: 204,
      body: '',
      headers: { 'x-amz-version-id': 'v', 'x-amz-delete-marker': 'true' },
    });
  });

  it('tells what an error is about, and nothing in answer to HEAD', async () => {
    const members = { Key: 'a<b', BucketName: 'bbb' };
    answer = new AwsError('NoSuchKey', 'The specified key does not exist.', { status: 404, members });
    const read = client().send(new s3.GetObjectCommand({ Bucket: 'bbb', Key: 'a<b' }));
    await expect(read).rejects.toMatchObject({
      name: 'NoSuchKey',
      Key: 'a<b',
      $metadata: { extendedRequestId: 'host-1' },
    });
    const head = client().send(new s3.HeadObjectCommand({ Bucket: 'bbb', Key: 'a<b' }));
    await expect(head).rejects.toMatchObject({ name: 'NotFound' });
  });

  it('takes headers that a presigner moved into the query', () => {
    const schema = loadSchema('s3');
    const query: [string, string][] = [
      ['X-Amz-Acl', 'private'],
      ['x-amz-meta-a', 'b'],
      ['X-Amz-Signature', 's'],
    ];
    const http = { method: 'PUT', rawPath: '/b/k', rawQuery: '', query, headers: {}, host: 'h', sourceIp: '' };
    const target = { schema, protocol: 'restXml', operation: 'PutObject', labels: { Bucket: 'b', Key: 'k' } } as const;
    expect(decodeInput(target, http, Buffer.alloc(0))).toEqual({
      Bucket: 'b',
      Key: 'k',
      ACL: 'private',
      Metadata: { a: 'b' },
    });
  });
});

it('keeps what a Lambda function takes and gives as bytes', async () => {
  const input = { FunctionName: 'f', Payload: BYTES, InvocationType: 'RequestResponse' };
  const output = { StatusCode: 202, Payload: Buffer.from('x'), FunctionError: 'Unhandled' };
  const got = await exchange(clientOf(lambda, 'LambdaClient'), lambda, 'Invoke', input, output);
  expect(plain(seen!.input)).toMatchObject(plain(input) as object);
  expect(plain(got)).toEqual(plain(output));
});
