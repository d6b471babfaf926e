import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadCatalogue } from '../schema/catalogue.ts';
import type { HttpRequest } from '../wire/request.ts';
import { createRecogniser } from './recognise.ts';

const options = { hostSuffixes: ['gateway.test', 's3.gateway.test'], defaultRegion: 'eu-north-1' };
const recogniser = createRecogniser(loadCatalogue(), options);

const V4 = (service: string, region = 'eu-west-1') =>
  `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20240101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`;

interface Sketch {
  readonly sign?: string;
  readonly host?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

function request(line: string, { sign, host = '127.0.0.1:4566', headers = {} }: Sketch = {}): HttpRequest {
  const [method = '', target = ''] = line.split(' ');
  const [rawPath = '', rawQuery = ''] = target.split('?');
  const signed = sign === undefined ? headers : { authorization: V4(sign), ...headers };
  return {
    method,
    rawPath,
    rawQuery,
    query: [...new URLSearchParams(rawQuery)],
    headers: { host, ...signed },
    host,
    sourceIp: '127.0.0.1',
  };
}

function found(line: string, sketch: Sketch = {}): string | undefined {
  const http = request(line, sketch);
  const { detected } =
    sketch.body === undefined ? recogniser.head(http) : recogniser.whole(http, Buffer.from(sketch.body));
  return (
    detected && `${detected.schema.id} ${detected.protocol} ${detected.operation ?? `? ${detected.unknownOperation}`}`
  );
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
const JSON_1_0 = { 'content-type': 'application/x-amz-json-1.0' };
const CBOR = { 'smithy-protocol': 'rpc-v2-cbor' };
const CBOR_PATH = '/service/GraniteServiceVersion20100801/operation/PutMetricData';
const ACCOUNT = { 'x-amz-account-id': '123456789012' };

describe('the operation', () => {
  it.each<[string, string, Sketch]>([
    [
      'cloudtrail awsJson1_1 LookupEvents',
      'POST /',
      { sign: 'cloudtrail', headers: { 'x-amz-target': 'CloudTrail_20131101.LookupEvents' } },
    ],
    [
      'cloudtrail awsJson1_1 LookupEvents',
      'POST /',
      {
        sign: 'cloudtrail',
        headers: { 'x-amz-target': 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents' },
      },
    ],
    [
      'cloudwatch awsJson1_0 PutMetricData',
      'POST /',
      { sign: 'monitoring', headers: { ...JSON_1_0, 'x-amz-target': 'GraniteServiceVersion20100801.PutMetricData' } },
    ],
    ['cloudwatch rpcv2Cbor PutMetricData', `POST ${CBOR_PATH}`, { sign: 'monitoring', headers: CBOR }],
    [
      'cloudwatch awsQuery PutMetricData',
      'POST /',
      { sign: 'monitoring', headers: FORM, body: 'Action=PutMetricData&Version=2010-08-01' },
    ],
    [
      'sqs awsQuery SendMessage',
      'POST /123456789012/q',
      { sign: 'sqs', headers: FORM, body: 'MessageBody=x&%41ction=SendMessage' },
    ],
    [
      'sqs awsJson1_0 SendMessage',
      'POST /',
      { sign: 'sqs', headers: { ...JSON_1_0, 'x-amz-target': 'AmazonSQS.SendMessage' } },
    ],
    [
      'elastic-load-balancing awsQuery DescribeTags',
      'POST /',
      { sign: 'elasticloadbalancing', headers: FORM, body: 'Action=DescribeTags&Version=2012-06-01' },
    ],
    [
      'elastic-load-balancing-v2 awsQuery DescribeTags',
      'POST /',
      { sign: 'elasticloadbalancing', headers: FORM, body: 'Action=DescribeTags&Version=2015-12-01' },
    ],
    [
      'rds awsQuery CreateDBCluster',
      'POST /',
      { sign: 'rds', headers: FORM, body: 'Action=CreateDBCluster&Version=2014-10-31' },
    ],
    ['ec2 ec2Query DescribeInstances', 'GET /?Action=DescribeInstances&Version=2016-11-15', { sign: 'ec2' }],
    ['ec2 ec2Query ? Nonsense', 'POST /', { sign: 'ec2', headers: FORM, body: 'Action=Nonsense' }],
    ['ses awsQuery SendEmail', 'POST /', { sign: 'ses', headers: FORM, body: 'Action=SendEmail&Version=2010-12-01' }],
    ['sesv2 restJson1 SendEmail', 'POST /v2/email/outbound-emails', { sign: 'ses' }],
    ['lambda restJson1 Invoke', 'POST /2015-03-31/functions/f/invocations', { sign: 'lambda' }],
    ['lambda restJson1 ? GET /nowhere', 'GET /nowhere', { sign: 'lambda' }],
    ['eks restJson1 CreateCluster', 'POST /clusters', { sign: 'eks' }],
    ['efs restJson1 DescribeFileSystems', 'GET /2015-02-01/file-systems', { sign: 'elasticfilesystem' }],
    ['bedrock-runtime restJson1 InvokeModel', 'POST /model/anthropic.x%3A0/invoke', { sign: 'bedrock' }],
    ['bedrock restJson1 ListFoundationModels', 'GET /foundation-models', { sign: 'bedrock' }],
    ['route-53 restXml CreateHostedZone', 'POST /2013-04-01/hostedzone', { sign: 'route53' }],
    [
      'ec2-instance-connect awsJson1_1 SendSSHPublicKey',
      'POST /',
      { sign: 'ec2-instance-connect', headers: { 'x-amz-target': 'AWSEC2InstanceConnectService.SendSSHPublicKey' } },
    ],
    ['s3 restXml GetObject', 'GET /bucket/key', { sign: 's3' }],
    ['s3 restXml GetObject', 'GET /key', { sign: 's3', host: 'bucket.s3.eu-west-1.amazonaws.com' }],
    ['s3 restXml ListDirectoryBuckets', 'GET /', { sign: 's3express' }],
    ['s3 restXml ListBuckets', 'GET /', { sign: 's3' }],
    ['s3 restXml PutObject', 'PUT /v20180820/key', { sign: 's3' }],
    [
      's3-control restXml GetPublicAccessBlock',
      'GET /v20180820/configuration/publicAccessBlock',
      { sign: 's3', headers: ACCOUNT },
    ],
    [
      's3-control restXml ListJobs',
      'GET /v20180820/jobs',
      { sign: 's3', host: '123456789012.s3-control.eu-west-1.amazonaws.com' },
    ],
    ['s3-control restXml ? GET /nowhere', 'GET /nowhere', { sign: 's3', host: '1.s3-control.eu-west-1.amazonaws.com' }],
    ['s3 restXml WriteGetObjectResponse', 'POST /WriteGetObjectResponse', { sign: 's3-object-lambda' }],
    ['s3outposts restJson1 ListEndpoints', 'GET /S3Outposts/ListEndpoints', { sign: 's3-outposts' }],
    ['s3tables restJson1 ListTableBuckets', 'GET /buckets', { sign: 's3tables' }],
  ])('is %s of %s', (expected, line, sketch) => {
    expect(found(line, sketch)).toBe(expected);
  });

  it.each<[string, string, Sketch]>([
    [
      'cognito-identity-provider awsJson1_1 InitiateAuth',
      'POST /',
      { headers: { 'x-amz-target': 'AWSCognitoIdentityProviderService.InitiateAuth' } },
    ],
    ['cognito-identity awsJson1_1 GetId', 'POST /', { headers: { 'x-amz-target': 'AWSCognitoIdentityService.GetId' } }],
    [
      'sts awsQuery AssumeRoleWithWebIdentity',
      'POST /',
      { headers: FORM, body: 'Action=AssumeRoleWithWebIdentity&Version=2011-06-15' },
    ],
    ['sts awsQuery ? undefined', 'POST /', { headers: FORM }],
    ['sso-oidc restJson1 CreateToken', 'POST /token', { headers: { 'content-type': 'application/json' } }],
    [
      'sso restJson1 GetRoleCredentials',
      'GET /federation/credentials?role_name=r&account_id=1',
      { headers: { 'x-amz-sso_bearer_token': 't' } },
    ],
    ['s3 restXml GetObject', 'GET /bucket/key', {}],
    ['s3 restXml ListObjects', 'GET /', { host: 'logs.gateway.test' }],
    ['lambda restJson1 ListFunctions', 'GET /2015-03-31/functions', { host: 'lambda.gateway.test' }],
    ['kms awsJson1_1 ? GET /x', 'GET /x', { host: 'kms.eu-west-1.amazonaws.com' }],
    [
      'sqs awsQuery SendMessage',
      'POST /1/q',
      { host: 'eu-west-1.queue.amazonaws.com', headers: FORM, body: 'Action=SendMessage' },
    ],
    ['s3 restXml GetObject', 'GET /k', { host: 'b.s3.localhost.localstack.cloud:4566' }],
  ])('of an unsigned request is %s', (expected, line, sketch) => {
    expect(found(line, sketch)).toBe(expected);
  });

  it.each<[string, string, Sketch]>([
    ['a service that nobody knows', 'GET /', { sign: 'nothing-known' }],
    ['a target that nobody knows', 'POST /', { headers: { 'x-amz-target': 'Nothing.Known' } }],
    ['a path that is not UTF-8', 'GET /b/%ff', { sign: 's3' }],
    ['a label that is not UTF-8', 'GET /2015-03-31/functions/%zz', { sign: 'lambda' }],
  ])('is not found for %s', (_what, line, sketch) => {
    expect(found(line, sketch)).toBeUndefined();
  });
});

describe('who calls', () => {
  const of = (line: string, sketch: Sketch = {}) => {
    const { detected: _, ...rest } = recogniser.whole(request(line, sketch), Buffer.from(sketch.body ?? ''));
    return rest;
  };

  it('is in the header', () => {
    expect(of('GET /', { sign: 'kms' })).toEqual({
      signingName: 'kms',
      region: 'eu-west-1',
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      authentication: 'AuthHeader',
    });
  });

  it('is in a presigned query', () => {
    const credential = 'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIAX/20240101/us-west-2/sts/aws4_request';
    expect(of(`GET /?Action=GetCallerIdentity&Version=2011-06-15&${credential}`)).toEqual({
      signingName: 'sts',
      region: 'us-west-2',
      accessKeyId: 'ASIAX',
      authentication: 'QueryString',
    });
  });

  it('is in Signature Version 4a, which has the Region elsewhere', () => {
    const authorization =
      'AWS4-ECDSA-P256-SHA256 Credential=AKIAX/20240101/s3/aws4_request, SignedHeaders=host, Signature=0';
    const at = (set: string, host = 'x') => of('GET /b', { host, headers: { authorization, 'x-amz-region-set': set } });
    expect(at('us-east-1,us-west-2')).toMatchObject({ signingName: 's3', region: 'us-east-1', accessKeyId: 'AKIAX' });
    expect(at('*')).toMatchObject({ region: 'eu-north-1' });
    expect(at('*', 's3.ap-south-1.amazonaws.com')).toMatchObject({ region: 'ap-south-1' });
  });

  it('is in the older signatures', () => {
    expect(of('GET /b/k', { headers: { authorization: 'AWS AKIAX:c2ln' } })).toMatchObject({
      signingName: 's3',
      accessKeyId: 'AKIAX',
      authentication: 'AuthHeader',
    });
    expect(of('GET /b/k?AWSAccessKeyId=AKIAX&Expires=1&Signature=x')).toMatchObject({
      signingName: 's3',
      accessKeyId: 'AKIAX',
      authentication: 'QueryString',
    });
    const body = 'AWSAccessKeyId=AKIAX&Action=ListDomains&Version=2009-04-15&SignatureVersion=2';
    expect(of('POST /', { headers: FORM, body })).toMatchObject({ signingName: 'sdb', accessKeyId: 'AKIAX' });
  });

  it('is nobody when there is no signature', () => {
    const nobody = { signingName: 's3', region: 'eu-north-1', accessKeyId: undefined, authentication: 'None' };
    expect(of('GET /b/k')).toEqual(nobody);
    expect(of('GET /b/k', { headers: { authorization: 'AWS4-HMAC-SHA256 nonsense' } })).toMatchObject({
      accessKeyId: undefined,
    });
  });
});

it('never throws, whatever the request', () => {
  const hostile = fc.oneof(
    fc.string(),
    fc.constantFrom('%', '%ff', '//', '/..', '__proto__', 'constructor', '=', '&Action'),
  );
  const part = fc.oneof(
    hostile,
    fc.constantFrom('s3', 'lambda', 'kms', 'Action', 'Version', '2011-06-15', 'AmazonSQS.X'),
  );
  const pairs = fc.array(fc.tuple(part, part), { maxLength: 4 });
  const names = fc.constantFrom(
    'authorization',
    'x-amz-target',
    'content-type',
    'smithy-protocol',
    'x-amz-account-id',
    '__proto__',
  );
  const header = fc.oneof(
    part,
    part.map((p) => V4(p)),
    fc.constantFrom(...Object.values(FORM), 'rpc-v2-cbor'),
  );
  const headers = fc.array(fc.tuple(names, header), { maxLength: 5 });
  const heads = fc.record({
    method: part,
    path: fc.array(part),
    query: pairs,
    headers,
    host: fc.array(part),
    body: part,
  });
  fc.assert(
    fc.property(heads, ({ method, path, query, headers: entries, host, body }) => {
      const http: HttpRequest = {
        method,
        rawPath: `/${path.join('/')}`,
        rawQuery: '',
        query,
        headers: Object.fromEntries(entries),
        host: host.join('.'),
        sourceIp: '::1',
      };
      const { detected } = recogniser.whole(http, Buffer.from(body));
      expect(recogniser.head(http).authentication).toMatch(/^(AuthHeader|QueryString|None)$/);
      if (detected?.operation !== undefined) expect(detected.schema.operations).toHaveProperty(detected.operation);
    }),
    { numRuns: 2_000 },
  );
});
