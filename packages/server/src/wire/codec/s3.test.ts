import { text } from 'node:stream/consumers';
import * as s3 from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import { loadSchema } from '../../schema/load.ts';
import { decodeInput } from './index.ts';
import {
  BYTES,
  type Case,
  clientOf,
  describeService,
  exchange,
  usingServer,
  WHEN,
  WHEN_MS,
  wire,
} from './sdk-exchange.suite.ts';

usingServer([loadSchema('s3')]);

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

describeService(['s3 (restXml)', s3, 'S3Client', S3]);

describe('S3', () => {
  const client = () => clientOf(s3, 'S3Client');

  it('streams an object, whole and in part', async () => {
    const body = { Body: Buffer.from('hello'), ContentLength: 5, ContentType: 'text/x', Metadata: { a: 'b' } };
    const got = await exchange(client(), s3, 'GetObject', { Bucket: 'bbb', Key: 'k' }, { ...body, LastModified: WHEN });
    expect(await text(got.Body as never)).toBe('hello');
    expect(got).toMatchObject({ ContentType: 'text/x', Metadata: { a: 'b' }, LastModified: WHEN });
    expect(wire.sent?.status).toBe(200);
    const input = { Bucket: 'bbb', Key: 'k', Range: 'bytes=0-4' };
    await exchange(client(), s3, 'GetObject', input, { ...body, ContentRange: 'bytes 0-4/9' });
    expect(wire.sent?.status).toBe(206);
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
    expect(wire.sent?.body).toContain('<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>');
  });

  it('URL-encodes keys when asked to', async () => {
    const output = { EncodingType: 'url', Prefix: 'a/', Contents: [{ Key: 'a/b c+\u0001ü~', ETag: '"e"' }] };
    await exchange(client(), s3, 'ListObjectsV2', { Bucket: 'bbb', EncodingType: 'url' }, output);
    expect(wire.sent?.body).toContain('<Key>a/b+c%2B%01%C3%BC%7E</Key>');
    expect(wire.sent?.body).toContain('<Prefix>a/</Prefix>');
  });

  it('answers deletions with 204 and nothing', async () => {
    await exchange(client(), s3, 'DeleteObject', { Bucket: 'bbb', Key: 'k' }, { DeleteMarker: true, VersionId: 'v' });
    expect(wire.sent).toMatchObject({
      status: 204,
      body: '',
      headers: { 'x-amz-version-id': 'v', 'x-amz-delete-marker': 'true' },
    });
  });

  it('tells what an error is about, and nothing in answer to HEAD', async () => {
    const members = { Key: 'a<b', BucketName: 'bbb' };
    wire.answer = new AwsError('NoSuchKey', 'The specified key does not exist.', { status: 404, members });
    const read = client().send(new s3.GetObjectCommand({ Bucket: 'bbb', Key: 'a<b' }));
    await expect(read).rejects.toMatchObject({
      name: 'NoSuchKey',
      Key: 'a<b',
      $metadata: { extendedRequestId: 'host-1' },
    });
    const head = client().send(new s3.HeadObjectCommand({ Bucket: 'bbb', Key: 'a<b' }));
    await expect(head).rejects.toMatchObject({ name: 'NotFound' });
  });

  it('keeps the framing of a stream out of the object', () => {
    const schema = loadSchema('s3');
    const target = { schema, protocol: 'restXml', operation: 'PutObject', labels: { Bucket: 'b', Key: 'k' } } as const;
    const read = (encoding: string) => {
      const headers = { 'content-encoding': encoding, 'content-length': '99', 'x-amz-decoded-content-length': '5' };
      const http = { method: 'PUT', rawPath: '/b/k', rawQuery: '', query: [], headers, host: 'h', sourceIp: '' };
      return decodeInput(target, http, Buffer.alloc(0));
    };
    expect(read('aws-chunked')).toEqual({ Bucket: 'b', Key: 'k', ContentLength: 5 });
    expect(read('gzip,aws-chunked')).toMatchObject({ ContentEncoding: 'gzip' });
  });

  it('never breaks a header', async () => {
    const output = { Body: Buffer.from('x'), ContentDisposition: 'a\r\nSet-Cookie: b', Metadata: { a: 'ü\u4e2d' } };
    await exchange(client(), s3, 'GetObject', { Bucket: 'bbb', Key: 'k' }, output);
    expect(wire.sent?.headers['content-disposition']).toMatch(/^=\?UTF-8\?B\?/);
    expect(wire.sent?.headers['x-amz-meta-a']).toBe('=?UTF-8?B?w7zkuK0=?=');
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
