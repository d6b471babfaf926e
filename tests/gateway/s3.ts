import { expect } from 'vitest';
import type { Answer, Caller, CallOptions, Expected, Scenario } from './harness.ts';

/**
 * S3: buckets by management events, objects by data events. What a call is asked by its URL and headers shows as it was
 * there; `Host` is the gateway's, because these clients address buckets by path.
 */
const bucketName = 'case-bucket';
const Host = expect.stringMatching(/^127\.0\.0\.1:\d+$/);
const XMLNS = 'http://s3.amazonaws.com/doc/2006-03-01/';
const arn = `arn:aws:s3:::${bucketName}`;
const BUCKET = { accountId: '123456789012', type: 'AWS::S3::Bucket', ARN: arn };
const object = (key: string) => [{ type: 'AWS::S3::Object', ARN: `${arn}/${key}` }, BUCKET];
const objectsUnder = (prefix: string) => [{ type: 'AWS::S3::Object', ARNPrefix: `${arn}/${prefix}` }, BUCKET];
const TRANSFER = {
  SignatureVersion: 'SigV4',
  AuthenticationMethod: 'AuthHeader',
  bytesTransferredIn: expect.any(Number),
  bytesTransferredOut: expect.any(Number),
};

type Rest = Partial<Expected> & { readonly request: Readonly<Record<string, unknown>> };
const aboutBucket = (readOnly: boolean, { request, ...rest }: Rest): Expected => ({
  source: 's3',
  readOnly,
  request: { bucketName, Host, ...request },
  resources: [BUCKET],
  additional: TRANSFER,
  ...rest,
});
const aboutObject = (readOnly: boolean, key: string, { request, ...rest }: Rest): Expected => ({
  ...aboutBucket(readOnly, { request: { key, ...request }, resources: object(key), ...rest }),
  data: true,
});

/** All S3 calls of these scenarios go through here: all have a bucket. */
const calls =
  (t: Caller) =>
  (operation: string, params: object, expected: Expected | ((a: Answer) => Expected), options?: CallOptions) =>
    t.call('s3', operation, { Bucket: bucketName, ...params }, expected, options);

export const s3Buckets: Scenario = async (t) => {
  const s3 = calls(t);
  // A bucket that is not there yet has no owner to name.
  const { resources: _none, ...made } = aboutBucket(false, { request: { 'x-amz-acl': 'private' } });
  await s3('CreateBucket', { ACL: 'private' }, made);
  await t.cli('ListBuckets', ['s3api', 'list-buckets'], {
    source: 's3',
    readOnly: true,
    request: { Host },
    additional: TRANSFER,
  });
  await s3('HeadBucket', {}, { ...aboutBucket(true, { request: {}, resources: objectsUnder('') }), data: true });
  await s3('GetBucketLocation', {}, aboutBucket(true, { request: { location: '' } }));
  await s3('GetBucketAcl', {}, aboutBucket(true, { request: { acl: '' } }));
  await s3(
    'PutBucketAcl',
    { ACL: 'public-read' },
    aboutBucket(false, { request: { acl: '', 'x-amz-acl': 'public-read' } }),
  );

  await s3('GetBucketPolicy', {}, aboutBucket(true, { request: { policy: '' }, error: 'NoSuchBucketPolicy' }));
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: '*', Action: ['s3:GetObject'], Resource: [`${arn}/*`] }],
  };
  await s3(
    'PutBucketPolicy',
    { Policy: JSON.stringify(policy) },
    aboutBucket(false, { request: { policy: '', bucketPolicy: policy } }),
  );
  await s3('DeleteBucketPolicy', {}, aboutBucket(false, { request: { policy: '' } }));

  const Tagging = { TagSet: [{ Key: 'keep', Value: 'true' }] };
  await s3('GetBucketTagging', {}, aboutBucket(true, { request: { tagging: '' }, error: 'NoSuchTagSet' }));
  await s3(
    'PutBucketTagging',
    { Tagging },
    aboutBucket(false, {
      request: { tagging: '', Tagging: { xmlns: XMLNS, TagSet: { Tag: { Key: 'keep', Value: true } } } },
    }),
  );
  await s3('DeleteBucketTagging', {}, aboutBucket(false, { request: { tagging: '' } }));

  const rule = { ID: 'expire', Status: 'Enabled', Filter: { Prefix: 'log/' }, Expiration: { Days: 1 } };
  await s3(
    'PutBucketLifecycleConfiguration',
    { LifecycleConfiguration: { Rules: [rule] } },
    aboutBucket(false, {
      name: 'PutBucketLifecycle',
      request: { lifecycle: '', LifecycleConfiguration: { xmlns: XMLNS, Rule: rule } },
    }),
  );
  await s3(
    'GetBucketLifecycleConfiguration',
    {},
    aboutBucket(true, { name: 'GetBucketLifecycle', request: { lifecycle: '' } }),
  );
  await s3('DeleteBucketLifecycle', {}, aboutBucket(false, { request: { lifecycle: '' } }));

  const byDefault = { SSEAlgorithm: 'AES256' };
  await s3(
    'PutBucketEncryption',
    {
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: byDefault, BucketKeyEnabled: true }],
      },
    },
    aboutBucket(false, {
      request: {
        encryption: '',
        ServerSideEncryptionConfiguration: {
          xmlns: XMLNS,
          Rule: { ApplyServerSideEncryptionByDefault: byDefault, BucketKeyEnabled: true },
        },
      },
    }),
  );
  await s3('GetBucketEncryption', {}, aboutBucket(true, { request: { encryption: '' } }));
  await s3('DeleteBucketEncryption', {}, aboutBucket(false, { request: { encryption: '' } }));

  await s3(
    'PutBucketVersioning',
    { VersioningConfiguration: { Status: 'Enabled' } },
    aboutBucket(false, { request: { versioning: '', VersioningConfiguration: { xmlns: XMLNS, Status: 'Enabled' } } }),
  );
  await s3('GetBucketVersioning', {}, aboutBucket(true, { request: { versioning: '' } }));

  const block = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
  await s3(
    'GetPublicAccessBlock',
    {},
    aboutBucket(true, {
      name: 'GetBucketPublicAccessBlock',
      request: { publicAccessBlock: '' },
      error: 'NoSuchPublicAccessBlockConfiguration',
    }),
  );
  await s3(
    'PutPublicAccessBlock',
    { PublicAccessBlockConfiguration: block },
    aboutBucket(false, {
      name: 'PutBucketPublicAccessBlock',
      request: { publicAccessBlock: '', PublicAccessBlockConfiguration: { xmlns: XMLNS, ...block } },
    }),
  );
  await s3(
    'DeletePublicAccessBlock',
    {},
    aboutBucket(false, { name: 'DeleteBucketPublicAccessBlock', request: { publicAccessBlock: '' } }),
  );
  await s3('DeleteBucket', {}, aboutBucket(false, { request: {} }));
  await s3('DeleteBucket', {}, aboutBucket(false, { request: {}, error: 'NoSuchBucket' }));
};

export const s3Objects: Scenario = async (t) => {
  const s3 = calls(t);
  const { resources: _none, ...made } = aboutBucket(false, { request: {} });
  await s3('CreateBucket', {}, made);
  const Body = { $bytes: Buffer.from('hello').toString('base64') };
  /** As the caller asked; of the bucket's default encryption moto says nothing. */
  const encrypted = {
    response: { 'x-amz-server-side-encryption': 'AES256' },
    additional: { ...TRANSFER, SSEApplied: 'SSE_S3' },
  };
  const byDefault = { ...encrypted, additional: { ...TRANSFER, SSEApplied: 'Default_SSE_S3' } };
  const asked = { 'x-amz-server-side-encryption': 'AES256' };
  await s3(
    'PutObject',
    { Key: 'dir/a b.txt', Body, Metadata: { secret: 'hunter2' }, ServerSideEncryption: 'AES256' },
    aboutObject(false, 'dir/a b.txt', {
      request: asked,
      ...encrypted,
      additional: { ...encrypted.additional, bytesTransferredIn: 5 },
    }),
  );
  await s3(
    'GetObject',
    { Key: 'dir/a b.txt' },
    aboutObject(true, 'dir/a b.txt', { request: {}, additional: { ...TRANSFER, bytesTransferredOut: 5 } }),
  );
  await s3('HeadObject', { Key: 'dir/a b.txt' }, aboutObject(true, 'dir/a b.txt', { request: {} }));
  await s3('HeadObject', { Key: 'none' }, aboutObject(true, 'none', { request: {}, error: 'NoSuchKey' }));
  await s3('GetObject', { Key: 'none' }, aboutObject(true, 'none', { request: {}, error: 'NoSuchKey' }));
  await s3(
    'CopyObject',
    { Key: 'copy', CopySource: { Bucket: bucketName, Key: 'dir/a b.txt' } },
    aboutObject(false, 'copy', { request: { 'x-amz-copy-source': `${bucketName}/dir/a%20b.txt` } }),
  );
  await t.cli('ListObjectsV2', ['s3api', 'list-objects-v2', '--bucket', bucketName, '--prefix', 'dir/'], {
    ...aboutBucket(true, {
      name: 'ListObjects',
      request: { 'list-type': '2', prefix: 'dir/', 'encoding-type': 'url' },
      resources: objectsUnder('dir/'),
    }),
    data: true,
  });
  await s3('GetObjectAcl', { Key: 'copy' }, aboutObject(true, 'copy', { request: { acl: '' } }));
  await s3(
    'PutObjectAcl',
    { Key: 'copy', ACL: 'public-read' },
    aboutObject(false, 'copy', { request: { acl: '', 'x-amz-acl': 'public-read' } }),
  );
  await s3(
    'PutObjectTagging',
    { Key: 'copy', Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } },
    aboutObject(false, 'copy', {
      request: { tagging: '', Tagging: { xmlns: XMLNS, TagSet: { Tag: { Key: 'a', Value: 'b' } } } },
    }),
  );

  const { UploadId: uploadId } = await s3(
    'CreateMultipartUpload',
    { Key: 'big', ServerSideEncryption: 'AES256' },
    aboutObject(false, 'big', { request: { uploads: '', ...asked }, ...encrypted }),
  );
  const part = await s3(
    'UploadPart',
    { Key: 'big', UploadId: uploadId, PartNumber: 1, Body },
    // That it was asked for at the beginning, this call does not say.
    aboutObject(false, 'big', { request: { uploadId, partNumber: '1' }, ...byDefault }),
  );
  await s3('ListParts', { Key: 'big', UploadId: uploadId }, aboutObject(true, 'big', { request: { uploadId } }));
  await s3(
    'CompleteMultipartUpload',
    { Key: 'big', UploadId: uploadId, MultipartUpload: { Parts: [{ ETag: part.ETag, PartNumber: 1 }] } },
    aboutObject(false, 'big', {
      request: {
        uploadId,
        CompleteMultipartUpload: { xmlns: XMLNS, Part: { ETag: part.ETag, PartNumber: 1 } },
      },
      ...byDefault,
      // moto says so of buckets without versions too.
      response: { ...byDefault.response, 'x-amz-version-id': 'null' },
    }),
  );
  const second = await s3(
    'CreateMultipartUpload',
    { Key: 'big' },
    aboutObject(false, 'big', { request: { uploads: '' } }),
  );
  await s3(
    'AbortMultipartUpload',
    { Key: 'big', UploadId: second.UploadId },
    aboutObject(false, 'big', { request: { uploadId: second.UploadId } }),
  );
  await s3(
    'DeleteObjects',
    { Delete: { Objects: [{ Key: 'copy' }, { Key: 'big' }] } },
    // Which objects, CloudTrail does not say here.
    { ...aboutBucket(false, { request: { delete: '' }, resources: objectsUnder('') }), data: true },
  );
  await t.cli('DeleteObject', ['s3api', 'delete-object', '--bucket', bucketName, '--key', 'dir/a b.txt'], {
    ...aboutObject(false, 'dir/a b.txt', { request: {} }),
  });
  await s3('DeleteBucket', {}, aboutBucket(false, { request: {} }));
};

export const s3Control: Scenario = async (t) => {
  const AccountId = '123456789012';
  const Host = expect.stringMatching(/^123456789012\.127\.0\.0\.1:\d+$/);
  const block = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
  const about = (readOnly: boolean, name: string): Expected => ({
    source: 's3',
    name,
    readOnly,
    request: { Host, 'x-amz-account-id': AccountId },
    additional: TRANSFER,
  });
  await t.call(
    's3control',
    'GetPublicAccessBlock',
    { AccountId },
    {
      ...about(true, 'GetAccountPublicAccessBlock'),
      error: 'NoSuchPublicAccessBlockConfiguration',
    },
  );
  await t.call(
    's3control',
    'PutPublicAccessBlock',
    { AccountId, PublicAccessBlockConfiguration: block },
    {
      ...about(false, 'PutAccountPublicAccessBlock'),
      request: {
        Host,
        'x-amz-account-id': AccountId,
        PublicAccessBlockConfiguration: { xmlns: 'http://awss3control.amazonaws.com/doc/2018-08-20/', ...block },
      },
    },
  );
  await t.call('s3control', 'GetPublicAccessBlock', { AccountId }, about(true, 'GetAccountPublicAccessBlock'));
  await t.call('s3control', 'DeletePublicAccessBlock', { AccountId }, about(false, 'DeleteAccountPublicAccessBlock'));
};
