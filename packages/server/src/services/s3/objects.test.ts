import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  b,
  caller,
  code,
  type Harness,
  headers,
  type Input,
  type Output,
  OWNER,
  openHarness,
  refused,
  textOf,
} from './testing/harness.ts';

let s3: Harness;
let call: Harness['call'];
let put: Harness['put'];
let get: Harness['get'];
beforeEach(async () => {
  s3 = await openHarness();
  ({ call, put, get } = s3);
});
afterEach(() => s3.close());

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
    expect(s3.notes.last).toEqual({ resourceAccountId: OWNER });
    const output = await call('GetObject', b({ Key: 'k', ResponseContentType: 'x/y' }));
    expect(output.ContentType).toBe('x/y');
  });

  test('take no metadata that no answer could carry', async () => {
    for (const name of ['a b', 'a\r\nset-cookie', 'é☃', 'a:b']) {
      expect(await code(put('k', 'x', { Metadata: { [name]: 'v' } }))).toBe('InvalidArgument');
    }
    await put('k', 'x', { Metadata: { "a.b_c-d!#$%&'*+^`|~": 'v', '': 'w' } });
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
    const later = new Date(s3.clock.now() + 5000);
    const toCome = new Date(s3.clock.now() + 86_400_000);
    expect(await get('k', { IfMatch: ETag })).toBe('hello');
    expect(await get('k', { IfMatch: ETag, IfUnmodifiedSince: new Date(0) })).toBe('hello');
    expect(await code(call('GetObject', b({ Key: 'k', IfMatch: '"no"' })))).toBe('PreconditionFailed');
    const unchanged = await refused(call('GetObject', b({ Key: 'k', IfNoneMatch: ETag })));
    expect([unchanged.status, unchanged.headers.etag]).toEqual([304, ETag]);
    expect(await get('k', { IfModifiedSince: toCome })).toBe('hello'); // nobody can know that yet
    await s3.clock.advance(5000);
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
    expect(await code(put('k', 'x', { ServerSideEncryption: 'aws:kms:dsse' }))).toBe('NotImplemented');
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
    expect(await code(complete(id, []))).toBe('InvalidRequest');
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
