import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import { silentLogger } from '../../base/logger.ts';
import { seededRandom } from '../../base/random.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { openObjectStore } from '../../ports/objects/store.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import type { CallContext, Caller, Service } from '../../wire/service.ts';
import { objectsPort, s3Service, startLifecycle } from './index.ts';

const OWNER = '111111111111';
const OTHER = '222222222222';
const caller = (accountId: string, type = 'IAMUser'): Caller => ({
  anonymous: false,
  accountId,
  arn: type === 'Root' ? `arn:aws:iam::${accountId}:root` : `arn:aws:iam::${accountId}:user/alice`,
  identity: { type, principalId: 'AIDAEXAMPLE', accountId },
});
const ANONYMOUS: Caller = { anonymous: true, accountId: 'anonymous', arn: '*', identity: { type: 'AWSAccount' } };

let directory: string;
let store: ObjectStore;
let service: Service;
let clock: FakeClock;
let lastNotes: CallContext['notes'];

type Input = Record<string, unknown>;
// biome-ignore lint/suspicious/noExplicitAny: answers of many operations
type Output = any;

/** One call as the pipeline makes it. */
async function call(operation: string, input: Input = {}, as: Caller = caller(OWNER), more: Partial<CallContext> = {}) {
  const context: CallContext = {
    operation,
    caller: as,
    region: 'us-east-1',
    requestId: 'R',
    timeMs: clock.now(),
    sourceIp: '10.0.0.1',
    userAgent: 'test',
    http: { method: 'GET', host: 'localhost:8080', rawPath: '/', query: [], headers: {} },
    notes: {},
    signal: new AbortController().signal,
    ...more,
  };
  lastNotes = context.notes;
  await service.authorize!(context, input);
  const handler = service.operations[operation];
  if (!handler) throw service.notImplemented!(operation);
  return handler(context, input) as Promise<Output>;
}
const b = (input: Input = {}): Input => ({ Bucket: 'logs', ...input });
const put = (Key: string, text: string, more: Input = {}, as?: Caller) =>
  call('PutObject', b({ Key, Body: Readable.from([Buffer.from(text)], { objectMode: false }), ...more }), as);
const textOf = async (output: Output): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of output.Body) parts.push(part);
  return Buffer.concat(parts).toString();
};
const get = async (Key: string, more: Input = {}, as?: Caller) =>
  textOf(await call('GetObject', b({ Key, ...more }), as));
const refused = async (outcome: Promise<unknown>): Promise<AwsError> => {
  const error = await outcome.then(
    () => undefined,
    (e) => e,
  );
  expect(error).toBeInstanceOf(AwsError);
  return error;
};
const code = async (outcome: Promise<unknown>) => (await refused(outcome)).code;
const policy = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const headers = (h: Record<string, string>): Partial<CallContext> => ({
  http: { method: 'POST', host: 'h', rawPath: '/', query: [], headers: h },
});

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'opentrail-s3-'));
  clock = new FakeClock();
  store = await openObjectStore({ directory, clock, random: seededRandom('s3'), logger: silentLogger });
  service = s3Service({ schema: { id: 's3' } as ServiceSchema, store, clock, random: seededRandom('x') });
  await call('CreateBucket', b());
});
afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

describe('buckets', () => {
  test.each([
    ['ab', 'InvalidBucketName'],
    ['Upper', 'InvalidBucketName'],
    ['a..b', 'InvalidBucketName'],
    ['192.168.0.1', 'InvalidBucketName'],
    ['xn--abc', 'InvalidBucketName'],
    ['metrics', 'InvalidBucketName'],
    ['healthz', 'InvalidBucketName'],
    ['opentrail', 'InvalidBucketName'],
  ])('the name %s is refused', async (Bucket, expected) => {
    expect(await code(call('CreateBucket', { Bucket }))).toBe(expected);
  });

  test('a name is taken once', async () => {
    expect(await code(call('CreateBucket', b(), caller(OTHER)))).toBe('BucketAlreadyExists');
    expect(await call('CreateBucket', b())).toMatchObject({ Location: '/logs' }); // us-east-1 alone says yes
    const eu = { CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } };
    await call('CreateBucket', { Bucket: 'eu-logs', ...eu });
    expect(await code(call('CreateBucket', { Bucket: 'eu-logs', ...eu }))).toBe('BucketAlreadyOwnedByYou');
    expect(await call('GetBucketLocation', { Bucket: 'eu-logs' })).toEqual({ LocationConstraint: 'eu-west-1' });
    expect(await call('GetBucketLocation', b())).toEqual({});
    expect((await call('HeadBucket', { Bucket: 'eu-logs' })).BucketRegion).toBe('eu-west-1');
  });

  test('the constraint must fit the endpoint', async () => {
    const eu = { region: 'eu-west-1' };
    const of = (LocationConstraint: string) => ({ Bucket: 'new', CreateBucketConfiguration: { LocationConstraint } });
    expect(await code(call('CreateBucket', { Bucket: 'new' }, caller(OWNER), eu))).toBe(
      'IllegalLocationConstraintException',
    );
    expect(await code(call('CreateBucket', of('us-west-2'), caller(OWNER), eu))).toBe(
      'IllegalLocationConstraintException',
    );
    expect(await code(call('CreateBucket', of('us-east-1')))).toBe('InvalidLocationConstraint');
    await call('CreateBucket', of('EU'), caller(OWNER), eu);
  });

  test('only an empty one is deleted; lists are one account’s', async () => {
    await put('k', 'x');
    expect(await code(call('DeleteBucket', b()))).toBe('BucketNotEmpty');
    await call('DeleteObject', b({ Key: 'k' }));
    expect((await call('ListBuckets')).Buckets.map((x: Output) => x.Name)).toEqual(['logs']);
    expect((await call('ListBuckets', {}, caller(OTHER))).Buckets).toEqual([]);
    expect(await code(call('ListBuckets', {}, ANONYMOUS))).toBe('AccessDenied');
    await call('DeleteBucket', b());
    expect(await code(call('HeadBucket', b()))).toBe('NoSuchBucket');
    expect(lastNotes.resourceAccountId).toBeUndefined();
  });

  test('answers what Terraform asks of a bucket', async () => {
    const expected: Record<string, string | object> = {
      GetBucketPolicy: 'NoSuchBucketPolicy',
      GetBucketCors: 'NoSuchCORSConfiguration',
      GetBucketWebsite: 'NoSuchWebsiteConfiguration',
      GetBucketVersioning: {},
      GetBucketAccelerateConfiguration: {},
      GetBucketRequestPayment: { Payer: 'BucketOwner' },
      GetBucketLogging: {},
      GetBucketLifecycleConfiguration: 'NoSuchLifecycleConfiguration',
      GetBucketReplication: 'ReplicationConfigurationNotFoundError',
      GetObjectLockConfiguration: 'ObjectLockConfigurationNotFoundError',
      GetBucketTagging: 'NoSuchTagSet',
    };
    for (const [operation, answer] of Object.entries(expected)) {
      if (typeof answer === 'string') expect(await code(call(operation, b()))).toBe(answer);
      else expect(await call(operation, b())).toEqual(answer);
    }
    expect((await call('GetBucketAcl', b())).Grants).toHaveLength(1);
    expect((await call('GetPublicAccessBlock', b())).PublicAccessBlockConfiguration.BlockPublicPolicy).toBe(true);
    expect(await code(call('PutBucketCors', b()))).toBe('NotImplemented');
    expect(await code(call('PutBucketLogging', b({ BucketLoggingStatus: { LoggingEnabled: {} } })))).toBe(
      'NotImplemented',
    );
  });

  test('tags, encryption, ownership and versioning are kept', async () => {
    const TagSet = [{ Key: 'team', Value: 'audit' }];
    await call('PutBucketTagging', b({ Tagging: { TagSet } }));
    expect(await call('GetBucketTagging', b())).toEqual({ TagSet });
    await call('DeleteBucketTagging', b());
    expect(await code(call('GetBucketTagging', b()))).toBe('NoSuchTagSet');
    await call(
      'PutBucketOwnershipControls',
      b({ OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerPreferred' }] } }),
    );
    await call('PutBucketAcl', b({ ACL: 'log-delivery-write' }));
    expect((await call('GetBucketAcl', b())).Grants).toHaveLength(3);
    expect(await code(call('PutBucketAcl', b({ ACL: 'public-read' })))).toBe('AccessDenied');
    const kms = { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } }] };
    expect(await code(call('PutBucketEncryption', b({ ServerSideEncryptionConfiguration: kms })))).toBe(
      'NotImplemented',
    );
    await call('PutBucketVersioning', b({ VersioningConfiguration: { Status: 'Enabled' } }));
    expect(await call('GetBucketVersioning', b())).toEqual({ Status: 'Enabled' });
  });

  test('ACLs are disabled by default', async () => {
    expect(await code(call('PutBucketAcl', b({ ACL: 'public-read' })))).toBe('AccessControlListNotSupported');
    expect(await code(put('k', 'x', { ACL: 'public-read' }))).toBe('AccessControlListNotSupported');
    await put('k', 'x', { ACL: 'bucket-owner-full-control' });
  });
});

describe('objects', () => {
  test('come back with all that was said of them', async () => {
    const out = await put('k', 'hello', {
      ContentType: 'text/plain',
      ContentEncoding: 'aws-chunked,gzip',
      Metadata: { who: 'me' },
      Tagging: 'a=1&b=2',
    });
    expect(out).toMatchObject({ ETag: '"5d41402abc4b2a76b9719d911017c592"', ServerSideEncryption: 'AES256' });
    const head = await call('HeadObject', b({ Key: 'k' }));
    expect(head).toMatchObject({
      ContentLength: 5,
      ContentType: 'text/plain',
      ContentEncoding: 'gzip',
      Metadata: { who: 'me' },
      TagCount: 2,
      ETag: out.ETag,
    });
    expect(await get('k')).toBe('hello');
    expect(lastNotes).toEqual({
      resources: [
        { type: 'AWS::S3::Object', ARN: 'arn:aws:s3:::logs/k' },
        { accountId: OWNER, type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::logs' },
      ],
      resourceAccountId: OWNER,
    });
    const output = await call('GetObject', b({ Key: 'k', ResponseContentType: 'x/y' }));
    expect(output.ContentType).toBe('x/y');
    output.Body.destroy();
  });

  test.each([
    ['bytes=1-3', 'ell', 'bytes 1-3/5'],
    ['bytes=3-', 'lo', 'bytes 3-4/5'],
    ['bytes=-2', 'lo', 'bytes 3-4/5'],
    ['bytes=0-99', 'hello', 'bytes 0-4/5'],
    ['bytes=3-1', 'hello', undefined],
    ['lines=1-2', 'hello', undefined],
    ['bytes=0-1,3-4', 'hello', undefined],
  ])('range %s gives %s', async (Range, text, ContentRange) => {
    await put('k', 'hello');
    const output = await call('GetObject', b({ Key: 'k', Range }));
    expect(output.ContentRange).toBe(ContentRange);
    expect(await textOf(output)).toBe(text);
  });

  test('a range past the end is refused', async () => {
    await put('k', 'hello');
    await put('empty', '');
    for (const [Key, Range] of [
      ['k', 'bytes=5-'],
      ['k', 'bytes=-0'],
      ['empty', 'bytes=0-'],
    ]) {
      const error = await refused(call('GetObject', b({ Key, Range })));
      expect([error.code, error.status]).toEqual(['InvalidRange', 416]);
    }
    expect(await get('empty')).toBe('');
  });

  test('conditional reads', async () => {
    const { ETag } = await put('k', 'hello');
    const later = new Date(clock.now() + 5000);
    expect(await get('k', { IfMatch: ETag })).toBe('hello');
    expect(await get('k', { IfMatch: ETag, IfUnmodifiedSince: new Date(0) })).toBe('hello');
    expect(await code(call('GetObject', b({ Key: 'k', IfMatch: '"no"' })))).toBe('PreconditionFailed');
    const unchanged = await refused(call('GetObject', b({ Key: 'k', IfNoneMatch: ETag })));
    expect([unchanged.status, unchanged.headers.etag]).toEqual([304, ETag]);
    expect((await refused(call('HeadObject', b({ Key: 'k', IfModifiedSince: later })))).status).toBe(304);
    expect(await get('k', { IfNoneMatch: '"no"', IfModifiedSince: later })).toBe('hello');
    expect(await code(call('GetObject', b({ Key: 'k', IfUnmodifiedSince: new Date(0) })))).toBe('PreconditionFailed');
  });

  test('conditional writes: of many that want to be first one is', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) => put('lock', `${i}`, { IfNoneMatch: '*' })),
    );
    expect(outcomes.filter((o) => o.status === 'fulfilled')).toHaveLength(1);
    const { ETag } = await call('HeadObject', b({ Key: 'lock' }));
    await put('lock', 'next', { IfMatch: ETag });
    expect(await code(put('lock', 'again', { IfMatch: ETag }))).toBe('PreconditionFailed');
    expect(await code(put('absent', 'x', { IfMatch: ETag }))).toBe('NoSuchKey');
  });

  test('digests are compared, limits are kept', async () => {
    const md5 = createHash('md5').update('other').digest('base64');
    expect(await code(put('k', 'hello', { ContentMD5: md5 }))).toBe('BadDigest');
    expect(await code(call('GetObject', b({ Key: 'k' })))).toBe('NoSuchKey');
    expect(await code(put('é'.repeat(513), 'x'))).toBe('KeyTooLongError');
    expect(await code(put('k', 'x', { Metadata: { m: 'x'.repeat(2048) } }))).toBe('MetadataTooLarge');
    expect(await code(put('k', 'x', { ServerSideEncryption: 'aws:kms' }))).toBe('NotImplemented');
    expect(await code(put('k', 'x', { StorageClass: 'GLACIER' }))).toBe('InvalidStorageClass');
  });

  test('versions', async () => {
    await call('PutBucketVersioning', b({ VersioningConfiguration: { Status: 'Enabled' } }));
    const one = await put('k', 'one');
    await put('k', 'two');
    expect(await get('k', { VersionId: one.VersionId })).toBe('one');
    const marker = await call('DeleteObject', b({ Key: 'k' }));
    expect(marker.DeleteMarker).toBe(true);
    const gone = await refused(call('GetObject', b({ Key: 'k' })));
    expect([gone.code, gone.headers['x-amz-delete-marker']]).toEqual(['NoSuchKey', 'true']);
    expect((await refused(call('GetObject', b({ Key: 'k', VersionId: marker.VersionId })))).status).toBe(405);
    expect(await code(call('GetObject', b({ Key: 'k', VersionId: 'nonsense' })))).toBe('InvalidArgument');
    expect(await code(call('GetObject', b({ Key: 'k', VersionId: 'a'.repeat(32) })))).toBe('NoSuchVersion');
    const list = await call('ListObjectVersions', b());
    expect([list.Versions.length, list.DeleteMarkers.length]).toEqual([2, 1]);
    expect(await code(call('DeleteBucket', b()))).toBe('BucketNotEmpty');
    expect(await call('DeleteObject', b({ Key: 'k', VersionId: marker.VersionId }))).toEqual(marker);
    expect(await get('k')).toBe('two');
  });

  test('DeleteObjects deletes what it may and tells of the rest', async () => {
    await put('a', '1');
    await put('b', '2');
    const Objects = [{ Key: 'a' }, { Key: 'b', ETag: '"no"' }, { Key: 'absent' }];
    expect(await code(call('DeleteObjects', b({ Delete: { Objects } })))).toBe('InvalidRequest');
    const out = await call('DeleteObjects', b({ Delete: { Objects } }), caller(OWNER), headers({ 'content-md5': 'x' }));
    expect(out.Deleted.map((d: Output) => d.Key)).toEqual(['a', 'absent']);
    expect(out.Errors).toMatchObject([{ Key: 'b', Code: 'PreconditionFailed' }]);
    const quiet = { Delete: { Objects: [{ Key: 'b' }], Quiet: true } };
    expect(await call('DeleteObjects', b(quiet), caller(OWNER), headers({ 'x-amz-checksum-crc32': 'x' }))).toEqual({});
    const many = { Delete: { Objects: Array.from({ length: 1001 }, (_, i) => ({ Key: `${i}` })) } };
    expect(await code(call('DeleteObjects', b(many), caller(OWNER), headers({ 'content-md5': 'x' })))).toBe(
      'MalformedXML',
    );
  });

  test('copies', async () => {
    await put('from', 'hello', { Metadata: { who: 'me' }, Tagging: 'a=1' });
    const copy = (more: Input) => call('CopyObject', b({ CopySource: '/logs/from', ...more }));
    await copy({ Key: 'to' });
    expect(await call('HeadObject', b({ Key: 'to' }))).toMatchObject({ Metadata: { who: 'me' }, TagCount: 1 });
    await copy({ Key: 'to', MetadataDirective: 'REPLACE', Metadata: { x: 'y' }, TaggingDirective: 'REPLACE' });
    expect((await call('HeadObject', b({ Key: 'to' }))).Metadata).toEqual({ x: 'y' });
    expect((await call('GetObjectTagging', b({ Key: 'to' }))).TagSet).toEqual([]);
    expect(await code(copy({ Key: 'from' }))).toBe('InvalidRequest');
    await copy({ Key: 'from', MetadataDirective: 'REPLACE' });
    expect(await get('from')).toBe('hello');
    expect(await code(copy({ Key: 'to', CopySourceIfMatch: '"no"' }))).toBe('PreconditionFailed');
    expect(await code(copy({ Key: 'to', CopySource: 'logs/absent' }))).toBe('NoSuchKey');
    expect(await code(copy({ Key: 'to', CopySource: 'nowhere' }))).toBe('InvalidArgument');
    await put('a b+c%', 'odd');
    await copy({ Key: 'to', CopySource: encodeURIComponent('logs/a b+c%') });
    expect(await get('to')).toBe('odd');
  });

  test('tags and attributes', async () => {
    await put('k', 'hello');
    await call('PutObjectTagging', b({ Key: 'k', Tagging: { TagSet: [{ Key: 'a', Value: '1' }] } }));
    expect((await call('GetObjectTagging', b({ Key: 'k' }))).TagSet).toEqual([{ Key: 'a', Value: '1' }]);
    await call('DeleteObjectTagging', b({ Key: 'k' }));
    expect((await call('GetObjectTagging', b({ Key: 'k' }))).TagSet).toEqual([]);
    const twice = {
      TagSet: [
        { Key: 'a', Value: '1' },
        { Key: 'a', Value: '2' },
      ],
    };
    expect(await code(call('PutObjectTagging', b({ Key: 'k', Tagging: twice })))).toBe('InvalidTag');
    const attributes = await call('GetObjectAttributes', b({ Key: 'k', ObjectAttributes: ['ETag', 'ObjectSize'] }));
    expect(attributes).toMatchObject({ ETag: '5d41402abc4b2a76b9719d911017c592', ObjectSize: 5 });
    expect((await call('GetObjectAcl', b({ Key: 'k' }))).Grants).toHaveLength(1);
  });
});

describe('lists', () => {
  beforeEach(async () => {
    for (const key of ['a/1', 'a/2', 'b', 'c/d/e', 'c/f', 'z']) await put(key, key);
  });
  const keys = (out: Output) => out.Contents.map((c: Output) => c.Key);

  test('V2 pages through keys and prefixes', async () => {
    const seen: string[] = [];
    for (let ContinuationToken: string | undefined, first = true; first || ContinuationToken; first = false) {
      const out = await call('ListObjectsV2', b({ Delimiter: '/', MaxKeys: 2, ContinuationToken }));
      expect(out.KeyCount).toBe(out.Contents.length + out.CommonPrefixes.length);
      seen.push(...keys(out), ...out.CommonPrefixes.map((p: Output) => p.Prefix));
      ContinuationToken = out.NextContinuationToken;
    }
    expect(seen.sort()).toEqual(['a/', 'b', 'c/', 'z']);
    expect(keys(await call('ListObjectsV2', b({ StartAfter: 'b' })))).toEqual(['c/d/e', 'c/f', 'z']);
    expect(keys(await call('ListObjectsV2', b({ Prefix: 'c/' })))).toEqual(['c/d/e', 'c/f']);
    expect(await call('ListObjectsV2', b({ MaxKeys: 0 }))).toMatchObject({ KeyCount: 0, IsTruncated: false });
    expect(await code(call('ListObjectsV2', b({ ContinuationToken: '!' })))).toBe('InvalidArgument');
  });

  test('V1 by marker', async () => {
    const first = await call('ListObjects', b({ Delimiter: '/', MaxKeys: 1 }));
    expect(first).toMatchObject({ IsTruncated: true, NextMarker: 'a/', CommonPrefixes: [{ Prefix: 'a/' }] });
    const rest = await call('ListObjects', b({ Delimiter: '/', Marker: 'a/' }));
    expect([keys(rest), rest.IsTruncated]).toEqual([['b', 'z'], false]);
  });
});

describe('uploads in parts', () => {
  const MB5 = Buffer.alloc(5 * 1024 * 1024, 'a');
  const start = async (more: Input = {}) => (await call('CreateMultipartUpload', b({ Key: 'big', ...more }))).UploadId;
  const part = (UploadId: string, PartNumber: number, Body: Buffer) =>
    call('UploadPart', b({ Key: 'big', UploadId, PartNumber, Body }));
  const complete = (UploadId: string, Parts: Input[], more: Input = {}) =>
    call('CompleteMultipartUpload', b({ Key: 'big', UploadId, MultipartUpload: { Parts }, ...more }));

  test('become one object', async () => {
    const id = await start({ ContentType: 'x/y', ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' });
    const two = await part(id, 2, Buffer.from('the end'));
    const one = await part(id, 1, MB5);
    await part(id, 7, Buffer.from('unused'));
    expect((await call('ListParts', b({ Key: 'big', UploadId: id, MaxParts: 2 }))).IsTruncated).toBe(true);
    expect((await call('ListMultipartUploads', b())).Uploads).toMatchObject([{ Key: 'big', UploadId: id }]);
    const Parts = [
      { PartNumber: 1, ...one },
      { PartNumber: 2, ...two },
    ];
    const out = await complete(id, Parts);
    const md5 = createHash('md5');
    for (const p of [one, two]) md5.update(Buffer.from(p.ETag.slice(1, -1), 'hex'));
    expect(out.ETag).toBe(`"${md5.digest('hex')}-2"`);
    expect(out.ChecksumType).toBe('FULL_OBJECT');
    const head = await call('HeadObject', b({ Key: 'big', ChecksumMode: 'ENABLED' }));
    expect(head).toMatchObject({ ContentLength: MB5.length + 7, ContentType: 'x/y', ChecksumCRC32: out.ChecksumCRC32 });
    expect(await get('big', { Range: `bytes=${MB5.length - 1}-${MB5.length + 2}` })).toBe('athe');
    const second = await call('GetObject', b({ Key: 'big', PartNumber: 2 }));
    expect(second).toMatchObject({
      PartsCount: 2,
      ContentRange: `bytes ${MB5.length}-${MB5.length + 6}/${MB5.length + 7}`,
    });
    expect(await textOf(second)).toBe('the end');
    expect(await code(call('GetObject', b({ Key: 'big', PartNumber: 3 })))).toBe('InvalidPartNumber');
    expect(await code(complete(id, Parts))).toBe('NoSuchUpload');
    expect((await call('ListMultipartUploads', b())).Uploads).toEqual([]);
    await call('CopyObject', b({ Key: 'copy', CopySource: 'logs/big' }));
    expect((await call('HeadObject', b({ Key: 'copy' }))).ETag).not.toContain('-');
  });

  test('are refused when the list is not right, and stand', async () => {
    const id = await start();
    const one = { PartNumber: 1, ...(await part(id, 1, Buffer.from('small'))) };
    const two = { PartNumber: 2, ...(await part(id, 2, Buffer.from('small'))) };
    expect(await code(complete(id, [two, one]))).toBe('InvalidPartOrder');
    expect(await code(complete(id, [one, two]))).toBe('EntityTooSmall');
    expect(await code(complete(id, [{ PartNumber: 1, ETag: '"no"' }]))).toBe('InvalidPart');
    expect(await code(complete(id, [{ PartNumber: 3, ETag: one.ETag }]))).toBe('InvalidPart');
    expect(await code(complete(id, []))).toBe('MalformedXML');
    expect(await code(part(id, 10_001, Buffer.from('x')))).toBe('InvalidArgument');
    expect(await code(part('x'.repeat(32), 1, Buffer.from('x')))).toBe('NoSuchUpload');
    await complete(id, [two]);
    expect(await get('big')).toBe('small');
  });

  test('copy ranges, and abort', async () => {
    await put('src', 'hello world');
    const id = await start();
    const copied = await call(
      'UploadPartCopy',
      b({ Key: 'big', UploadId: id, PartNumber: 1, CopySource: 'logs/src', CopySourceRange: 'bytes=6-10' }),
    );
    await complete(id, [{ PartNumber: 1, ETag: copied.CopyPartResult.ETag }]);
    expect(await get('big')).toBe('world');
    const other = await start();
    await call('AbortMultipartUpload', b({ Key: 'big', UploadId: other }));
    expect(await code(call('AbortMultipartUpload', b({ Key: 'big', UploadId: other })))).toBe('NoSuchUpload');
  });
});

describe('who may do what', () => {
  const setPolicy = (...statements: object[]) => call('PutBucketPolicy', b({ Policy: policy(...statements) }));
  const allow = (more: object) => ({
    Effect: 'Allow',
    Action: 's3:GetObject',
    Resource: 'arn:aws:s3:::logs/*',
    ...more,
  });

  test('strangers get nothing, and are told so in AWS’s words', async () => {
    await put('k', 'x');
    expect((await refused(get('k', {}, caller(OTHER)))).message).toBe(
      `User: arn:aws:iam::${OTHER}:user/alice is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::logs/k" because no resource-based policy allows the s3:GetObject action`,
    );
    expect((await refused(get('k', {}, ANONYMOUS))).message).toBe('Access Denied');
    expect(await code(call('HeadBucket', b({ ExpectedBucketOwner: OTHER })))).toBe('AccessDenied');
  });

  test('a policy lets another account in; what is not there stays hidden', async () => {
    await put('k', 'x');
    await setPolicy(allow({ Principal: { AWS: OTHER } }));
    expect(await get('k', {}, caller(OTHER))).toBe('x');
    expect(await code(get('absent', {}, caller(OTHER)))).toBe('AccessDenied');
    expect(await code(put('k', 'y', {}, caller(OTHER)))).toBe('AccessDenied');
    expect(await code(call('DeleteBucketPolicy', b(), caller(OTHER)))).toBe('AccessDenied');
    const Delete = { Objects: [{ Key: 'k' }] };
    const out = await call('DeleteObjects', b({ Delete }), caller(OTHER), headers({ 'content-md5': 'x' }));
    expect(out.Errors).toMatchObject([{ Key: 'k', Code: 'AccessDenied' }]);
  });

  test('a policy for everyone is blocked until it is unblocked', async () => {
    await put('k', 'x');
    expect(await code(setPolicy(allow({ Principal: '*' })))).toBe('AccessDenied');
    await call('PutPublicAccessBlock', b({ PublicAccessBlockConfiguration: {} }));
    await setPolicy(allow({ Principal: '*' }));
    expect((await call('GetBucketPolicyStatus', b())).PolicyStatus.IsPublic).toBe(true);
    expect(await get('k', {}, ANONYMOUS)).toBe('x');
    await call('PutPublicAccessBlock', b({ PublicAccessBlockConfiguration: { RestrictPublicBuckets: true } }));
    expect(await code(get('k', {}, ANONYMOUS))).toBe('AccessDenied');
  });

  test('a deny binds the owner too, but root can mend it', async () => {
    await setPolicy({
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: ['arn:aws:s3:::logs', 'arn:aws:s3:::logs/*'],
    });
    expect((await refused(put('k', 'x'))).message).toContain('with an explicit deny in a resource-based policy');
    expect(await code(call('DeleteBucketPolicy', b()))).toBe('AccessDenied');
    await call('DeleteBucketPolicy', b(), caller(OWNER, 'Root'));
    await put('k', 'x');
  });

  test('a policy that is none is refused', async () => {
    expect(await code(call('PutBucketPolicy', b({ Policy: 'no' })))).toBe('MalformedPolicy');
    expect(await code(setPolicy(allow({ Principal: '*', Resource: 'arn:aws:s3:::other/*' })))).toBe('MalformedPolicy');
  });

  test('copying needs the right to read the source', async () => {
    await put('k', 'x');
    await call('CreateBucket', { Bucket: 'theirs' }, caller(OTHER));
    const copy = call('CopyObject', { Bucket: 'theirs', Key: 'k', CopySource: 'logs/k' }, caller(OTHER));
    expect(await code(copy)).toBe('AccessDenied');
  });

  test('public ACLs count where they are enabled and not ignored', async () => {
    await call(
      'PutBucketOwnershipControls',
      b({ OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] } }),
    );
    await call('DeletePublicAccessBlock', b());
    await put('k', 'x', { ACL: 'public-read' });
    await put('private', 'x');
    expect(await get('k', {}, ANONYMOUS)).toBe('x');
    expect(await code(get('private', {}, ANONYMOUS))).toBe('AccessDenied');
    await call('PutPublicAccessBlock', b({ PublicAccessBlockConfiguration: { IgnorePublicAcls: true } }));
    expect(await code(get('k', {}, ANONYMOUS))).toBe('AccessDenied');
  });
});

describe('lifecycle', () => {
  const DAY = 86_400_000;
  const rules = (...Rules: object[]) =>
    call('PutBucketLifecycleConfiguration', b({ LifecycleConfiguration: { Rules } }));
  const sweep = async () => {
    const lifecycle = startLifecycle({ store, clock, logger: silentLogger });
    const count = await lifecycle.sweep();
    await lifecycle.close();
    return count;
  };

  test('expires by prefix and age', async () => {
    await rules({ ID: 'r', Status: 'Enabled', Filter: { Prefix: 'AWSLogs/' }, Expiration: { Days: 2 } });
    const out = await put('AWSLogs/x', 'x');
    expect(out.Expiration).toBe('expiry-date="Sat, 03 Jan 2026 00:00:00 GMT", rule-id="r"');
    await put('kept', 'x');
    clock.jump(2 * DAY - 1);
    expect(await sweep()).toBe(0);
    clock.jump(DAY);
    expect(await sweep()).toBe(1);
    expect((await call('ListObjectsV2', b())).Contents.map((c: Output) => c.Key)).toEqual(['kept']);
  });

  test('noncurrent versions, lone markers and forgotten uploads go', async () => {
    await call('PutBucketVersioning', b({ VersioningConfiguration: { Status: 'Enabled' } }));
    for (const text of ['1', '2', '3']) await put('k', text);
    await call('DeleteObject', b({ Key: 'k' }));
    await call('CreateMultipartUpload', b({ Key: 'u' }));
    await rules({
      Status: 'Enabled',
      Filter: {},
      Expiration: { ExpiredObjectDeleteMarker: true },
      NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 1 },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
    });
    expect(await sweep()).toBe(0);
    clock.jump(3 * DAY);
    expect(await sweep()).toBe(3);
    const left = await call('ListObjectVersions', b());
    expect([left.Versions.length, left.DeleteMarkers.length]).toEqual([1, 1]);
    await call('DeleteObject', b({ Key: 'k', VersionId: left.Versions[0].VersionId }));
    expect(await sweep()).toBe(1);
    await call('DeleteBucket', b());
  });

  test('what cannot be done is refused', async () => {
    const Expiration = { Days: 1 };
    expect(await code(rules({ Status: 'Enabled', Filter: {}, Transitions: [{}] }))).toBe('NotImplemented');
    expect(await code(rules({ Status: 'Enabled', Filter: { Tag: {} }, Expiration }))).toBe('NotImplemented');
    expect(await code(rules({ Status: 'Enabled', Filter: {} }))).toBe('InvalidRequest');
    expect(await code(rules({ Status: 'On', Filter: {}, Expiration }))).toBe('MalformedXML');
    const twice = { ID: 'x', Status: 'Enabled', Filter: {}, Expiration };
    expect(await code(rules(twice, twice))).toBe('InvalidArgument');
  });
});

describe('trail delivery', () => {
  const trail = `arn:aws:cloudtrail:us-east-1:${OWNER}:trail/main`;
  const service = { service: 'cloudtrail.amazonaws.com', sourceArn: trail, sourceAccount: OWNER };
  const object = {
    bucket: 'logs',
    key: `AWSLogs/${OWNER}/CloudTrail/us-east-1/2026/01/01/x.json.gz`,
    body: Buffer.from('log'),
    contentType: 'application/json',
    contentEncoding: 'gzip',
    acl: 'bucket-owner-full-control' as const,
  };

  test('needs the bucket’s policy, says what it lacks, and repeats harmlessly', async () => {
    const port = objectsPort(store, clock);
    const error = await port.put(service, object).catch((e) => e);
    expect(error).toMatchObject({ name: 'ObjectsError', code: 'AccessDenied' });
    const write = JSON.parse(error.missing);
    expect(write.Resource).toBe(`arn:aws:s3:::logs/AWSLogs/${OWNER}/*`);
    const aclError = await port.checkBucketAcl(service, 'logs').catch((e) => e);
    await call('PutBucketPolicy', b({ Policy: policy(write, JSON.parse(aclError.missing)) }));
    await call('PutBucketVersioning', b({ VersioningConfiguration: { Status: 'Enabled' } }));
    await port.checkBucketAcl(service, 'logs');
    await port.put(service, object);
    await port.put(service, object);
    expect((await call('ListObjectVersions', b())).Versions).toHaveLength(1);
    expect((await call('HeadObject', b({ Key: object.key }))).ContentEncoding).toBe('gzip');
    await expect(port.put({ ...service, sourceArn: `${trail}2` }, object)).rejects.toMatchObject({
      code: 'AccessDenied',
    });
    await expect(port.put(service, { ...object, bucket: 'none' })).rejects.toMatchObject({ code: 'NoSuchBucket' });
  });
});
