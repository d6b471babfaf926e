import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededRandom } from '../../base/random.ts';
import type { ObjectAttributes } from './model.ts';
import { createObjectKeys } from './object-keys.ts';
import { ANONYMOUS, b, code, type Harness, openHarness, policy, refused } from './testing/harness.ts';

let s3: Harness;
beforeEach(async () => {
  s3 = await openHarness();
});
afterEach(() => s3.close());

const SECRET = 'a text that nobody may read on the disk';
const KMS = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'alias/mine' };

const filesIn = (directory: string) =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile());
const isOnDisk = (text: string) => filesIn(s3.directory).some((path) => readFileSync(path).includes(text));

test('by default objects are encrypted with keys of the server', async () => {
  expect(await s3.put('k', SECRET)).toMatchObject({ ServerSideEncryption: 'AES256' });
  expect(isOnDisk(SECRET)).toBe(false);
  expect(await s3.get('k')).toBe(SECRET);
  expect(await s3.get('k', { Range: 'bytes=2-5' })).toBe(SECRET.slice(2, 6));
});

test('objects of before there was encryption are read', async () => {
  await s3.store.put({ bucket: 'logs', key: 'old', body: Buffer.from(SECRET), describe: () => ({ attributes: {} }) });
  expect(isOnDisk(SECRET)).toBe(true);
  expect(await s3.get('old')).toBe(SECRET);
  await s3.call('CopyObject', b({ Key: 'new', CopySource: 'logs/old' }));
  expect(await s3.get('new')).toBe(SECRET);
});

test('where it is left to the disk, only what has a key of KMS is encrypted, and the rest is read as ever', async () => {
  await s3.put('before', SECRET);
  const random = seededRandom('later');
  const keys = createObjectKeys({ rootKey: Buffer.alloc(32, 7), kms: s3.kms, random, encryptsAll: false });
  const place = { bucket: s3.store.bucket('logs')!, key: 'k' };
  const service = { service: 'cloudtrail.amazonaws.com', sourceArn: 'arn', sourceAccount: '1' };
  expect(await keys.make({ service }, place, { kind: 'AES256' })).toEqual({});
  const chosen = { kind: 'aws:kms', keyId: 'alias/mine', bucketKey: false, context: {} } as const;
  expect(await keys.make({ service }, place, chosen)).toMatchObject({ encryption: { kind: 'aws:kms' } });
  const { attributes } = (await s3.store.open('logs', 'before'))!;
  const encryption = (attributes as ObjectAttributes).encryption!;
  expect(await keys.open({ service }, { ...place, key: 'before' }, encryption)).toHaveLength(32);
  // A data key is good for its own object alone.
  await expect(keys.open({ service }, place, encryption)).rejects.toThrow(/another object's, or damaged/);
});

test('what was changed on the disk is found, not given out; an empty object is an object', async () => {
  await s3.put('empty', '', KMS);
  expect(await s3.get('empty')).toBe('');
  await s3.put('k', SECRET);
  const file = filesIn(join(s3.directory, 'files')).find((path) => readFileSync(path).includes('"key":"k"'))!;
  const bytes = readFileSync(file);
  bytes[3]! ^= 1;
  writeFileSync(file, bytes);
  await expect(s3.get('k')).rejects.toThrow(/not what was written/);
});

test('with keys of KMS: headers, an ETag that tells nothing, and no reading without the key', async () => {
  const context = Buffer.from('{"team":"audit"}').toString('base64');
  const shown = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: expect.stringContaining(':key/1') };
  const put = await s3.put('k', SECRET, { ...KMS, SSEKMSEncryptionContext: context });
  expect(put).toMatchObject({ ...shown, SSEKMSEncryptionContext: context });
  expect(put.ETag).not.toBe((await s3.put('plain', SECRET)).ETag);
  expect(await s3.call('HeadObject', b({ Key: 'k' }))).toMatchObject({ ...shown, ETag: put.ETag });
  expect(await s3.get('k')).toBe(SECRET);
  expect(isOnDisk(SECRET)).toBe(false);
  s3.kms.refusal = 'DisabledException';
  for (const operation of ['GetObject', 'HeadObject', 'GetObjectAttributes']) {
    expect(await code(s3.call(operation, b({ Key: 'k', ObjectAttributes: ['ETag'] })))).toBe('KMS.DisabledException');
  }
  s3.kms.refusal = 'AccessDeniedException';
  expect(await refused(s3.get('k'))).toMatchObject({ code: 'AccessDenied', status: 403 });
  expect(await code(s3.put('k2', 'x', KMS))).toBe('AccessDenied');
  expect(await code(s3.call('CopyObject', b({ Key: 'c', CopySource: 'logs/k' })))).toBe('AccessDenied');
  expect(await s3.get('plain')).toBe(SECRET);
});

test('the bucket decides where the request does not; copies are encrypted anew', async () => {
  const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' }, BucketKeyEnabled: true }];
  await s3.call('PutBucketEncryption', b({ ServerSideEncryptionConfiguration: { Rules } }));
  expect(await s3.put('k', SECRET)).toMatchObject({ ServerSideEncryption: 'aws:kms', BucketKeyEnabled: true });
  expect(await s3.put('k', SECRET, { BucketKeyEnabled: false })).not.toHaveProperty('BucketKeyEnabled');
  expect(await s3.put('k', SECRET, { ServerSideEncryption: 'AES256' })).not.toHaveProperty('SSEKMSKeyId');
  const copy = await s3.call('CopyObject', b({ Key: 'c', CopySource: 'logs/k' }));
  expect(copy).toMatchObject({ ServerSideEncryption: 'aws:kms' });
  expect(await s3.get('c')).toBe(SECRET);
});

test('the parts of an upload have one key, and every range is found', async () => {
  const { UploadId, ...begun } = await s3.call('CreateMultipartUpload', b({ Key: 'k', ...KMS }));
  expect(begun).toMatchObject({ ServerSideEncryption: 'aws:kms' });
  const bodies = [Buffer.alloc((5 << 20) + 70_001, 'a'), Buffer.alloc(70_000, 'b')];
  const Parts = [];
  for (const [i, Body] of bodies.entries()) {
    const part = await s3.call('UploadPart', b({ Key: 'k', UploadId, PartNumber: i + 1, Body }));
    expect(part).toMatchObject({ ServerSideEncryption: 'aws:kms' });
    Parts.push({ PartNumber: i + 1, ETag: part.ETag });
  }
  const done = await s3.call('CompleteMultipartUpload', b({ Key: 'k', UploadId, MultipartUpload: { Parts } }));
  expect(done).toMatchObject({ ServerSideEncryption: 'aws:kms', ETag: expect.stringMatching(/-2"$/) });
  const whole = Buffer.concat(bodies).toString();
  expect(await s3.get('k')).toBe(whole);
  const [start, end] = [(5 << 20) - 5, (5 << 20) + 70_010];
  expect(await s3.get('k', { Range: `bytes=${start}-${end}` })).toBe(whole.slice(start, end + 1));
  expect(isOnDisk('aaaaaaaaaaaaaaaa')).toBe(false);
});

test.each([
  [{ SSEKMSKeyId: 'x' }, 'InvalidArgument'],
  [{ ServerSideEncryption: 'AES256', SSEKMSKeyId: 'x' }, 'InvalidArgument'],
  [{ ServerSideEncryption: 'ROT13' }, 'InvalidArgument'],
  [{ ServerSideEncryption: 'aws:kms:dsse' }, 'NotImplemented'],
  [{ ...KMS, SSEKMSEncryptionContext: 'e30x' }, 'InvalidArgument'],
  [{ ...KMS, SSEKMSEncryptionContext: Buffer.from('{"a":1}').toString('base64') }, 'InvalidArgument'],
  [{ ...KMS, SSEKMSEncryptionContext: Buffer.from('{"aws:s3:arn":"x"}').toString('base64') }, 'InvalidArgument'],
])('%j is refused with %s', async (input, expected) => {
  expect(await code(s3.put('k', 'x', input))).toBe(expected);
});

test('nobody in particular has no key', async () => {
  await s3.put('k', SECRET, KMS);
  await s3.call('DeletePublicAccessBlock', b());
  const open = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::logs/*' };
  await s3.call('PutBucketPolicy', b({ Policy: policy(open) }));
  expect(await code(s3.get('k', {}, ANONYMOUS))).toBe('InvalidArgument');
});
