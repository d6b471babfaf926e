// Calls as AWS's SDKs write them, signed, and what their services answer: the mix that the gateway is measured with.
import { dist } from '../dist.mjs';

const { signRequest } = await dist('wire/sigv4/index.js');

const FORM = 'application/x-www-form-urlencoded; charset=utf-8';
const JSON_1_0 = 'application/x-amz-json-1.0';
const ID = '4442587f-bb71-4e3c-9e2f-0a1b2c3d4e5f';
const ITEM = {
  pk: { S: 'customer#1001' },
  sk: { S: 'order#2026-01-01' },
  total: { N: '129.95' },
  lines: { L: Array.from({ length: 6 }, (_, i) => ({ M: { sku: { S: `sku-${i}` }, count: { N: '2' } } })) },
};
const INSTANCE = `<item><instanceId>i-0123456789abcdef0</instanceId><imageId>ami-0abcdef1234567890</imageId><instanceState><code>16</code>
<name>running</name></instanceState><privateDnsName>ip-10-0-0-12.ec2.internal</privateDnsName><instanceType>m5.large</instanceType>
<launchTime>2026-01-01T00:00:00.000Z</launchTime><subnetId>subnet-0123</subnetId><vpcId>vpc-0123</vpcId></item>`;

/** By signing name, as often as they stand here. */
const MIX = [
  {
    service: 'dynamodb',
    method: 'POST',
    headers: { 'content-type': JSON_1_0, 'x-amz-target': 'DynamoDB_20120810.GetItem' },
    body: JSON.stringify({ TableName: 'orders', Key: { pk: ITEM.pk, sk: ITEM.sk }, ConsistentRead: true }),
    answer: { type: JSON_1_0, body: JSON.stringify({ Item: ITEM }) },
  },
  {
    service: 's3',
    method: 'GET',
    path: '/objects/folder/report%20of%202026.json?x-id=GetObject',
    answer: { type: 'application/json', body: JSON.stringify(Array(20).fill(ITEM)), headers: { etag: `"${ID}"` } },
  },
  {
    service: 'ec2',
    method: 'POST',
    headers: { 'content-type': FORM },
    body: 'Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=instance-state-name&Filter.1.Value.1=running&MaxResults=50',
    answer: {
      type: 'text/xml;charset=UTF-8',
      body: `<?xml version="1.0" encoding="UTF-8"?>\n<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>${ID}</requestId><reservationSet>${`<item><reservationId>r-1</reservationId><instancesSet>${INSTANCE}</instancesSet></item>`.repeat(8)}</reservationSet></DescribeInstancesResponse>`,
    },
  },
  {
    service: 'sqs',
    method: 'POST',
    headers: { 'content-type': JSON_1_0, 'x-amz-target': 'AmazonSQS.SendMessage' },
    body: JSON.stringify({
      QueueUrl: 'https://sqs.us-east-1.amazonaws.com/123456789012/orders',
      MessageBody: 'x'.repeat(500),
    }),
    answer: { type: JSON_1_0, body: JSON.stringify({ MD5OfMessageBody: '0'.repeat(32), MessageId: ID }) },
  },
  {
    service: 'sts',
    method: 'POST',
    headers: { 'content-type': FORM },
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
    answer: {
      type: 'text/xml',
      body: `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/bench</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>${ID}</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
    },
  },
];

/** What goes over the wire. */
export const CALLS = MIX.map(({ service, method, path = '/', headers = {}, body = '' }) => {
  const signed = signRequest({
    method,
    url: new URL(path, `https://${service}.us-east-1.amazonaws.com`),
    headers: {
      ...headers,
      'user-agent': 'Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.18 md/arch#x86_64 lang/python#3.11.7',
      'amz-sdk-invocation-id': ID,
      'amz-sdk-request': 'attempt=1',
    },
    body: Buffer.from(body),
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
    region: 'us-east-1',
    service,
    nowMs: 1_767_225_600_000,
  });
  const { host: _host, ...sent } = signed.headers;
  const all = {
    host: `${service}.us-east-1.amazonaws.com`,
    ...sent,
    ...(body !== '' && { 'content-length': Buffer.byteLength(body) }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
});

/** What the upstream answers, by signing name. */
export const ANSWERS = new Map(
  MIX.map(({ service, answer: { type, body, headers } }) => [
    service,
    {
      headers: { 'content-type': type, 'content-length': Buffer.byteLength(body), 'x-amzn-requestid': ID, ...headers },
      body: Buffer.from(body),
    },
  ]),
);
