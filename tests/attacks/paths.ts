import * as calls from './calls.ts';
import { attempts, denied, type Refusal, type Row } from './row.ts';
import { type Call, type Credentials, signed } from './wire.ts';
import { A, type World } from './world.ts';

/** CloudTrail as somebody's deputy: trails that would write where their owner may not. */
export function deputyRows(world: World): Row[] {
  const { a, b } = world;
  const insufficient: Refusal = [400, 'InsufficientS3BucketPolicyException'];
  const create = (input: Readonly<Record<string, unknown>>) =>
    calls.cloudTrail('CreateTrail', { Name: 'deputy', ...input });
  const row = (what: string, as: Credentials, call: Call, refusal = insufficient): Row =>
    denied(`confused deputy: ${what}`, call, () => signed(call, as), refusal);
  return [
    row("B's trail into A's bucket, which names A's trail alone", b, create({ S3BucketName: 'a-logs' })),
    row(
      "B's trail of the same name as A's",
      b,
      calls.cloudTrail('CreateTrail', { Name: 'main-a', S3BucketName: 'a-logs' }),
    ),
    row("B's trail with A's folder for a prefix", b, create({ S3BucketName: 'a-logs', S3KeyPrefix: `AWSLogs/${A}` }), [
      400,
      'InvalidS3PrefixException',
    ]),
    row(
      "B's trail, moved into A's bucket",
      b,
      calls.cloudTrail('UpdateTrail', { Name: 'main-b', S3BucketName: 'a-logs' }),
    ),
    row("B's trail into A's bucket without any policy", b, create({ S3BucketName: 'a-private' })),
    row("B's trail with digests", b, create({ S3BucketName: 'a-logs', EnableLogFileValidation: true })),
    row("A's own trail that the bucket does not name", a, create({ S3BucketName: 'a-logs' })),
    row(
      "A's own trail, of another Region",
      a,
      calls.cloudTrail('CreateTrail', { Name: 'main-a-2', S3BucketName: 'a-logs' }),
    ),
    row(
      "A's trail, moved into B's bucket",
      a,
      calls.cloudTrail('UpdateTrail', { Name: 'main-a', S3BucketName: 'b-logs' }),
    ),
    row(
      "A's trail, moved to a prefix that the policy does not cover",
      a,
      calls.cloudTrail('UpdateTrail', { Name: 'main-a', S3KeyPrefix: 'elsewhere' }),
    ),
    row('a bucket that is not there', b, create({ S3BucketName: 'not-there-at-all' }), [
      400,
      'S3BucketDoesNotExistException',
    ]),
    row('a prefix that climbs', a, create({ S3BucketName: 'a-logs', S3KeyPrefix: '../b-logs' })),
  ];
}

/** Another account's key, by way of services that encrypt. */
export function foreignKeyRows({ b, keyOfA, ciphertextOfA }: World): Row[] {
  const insufficient: Refusal = [400, 'InsufficientEncryptionPolicyException'];
  const sse = { 'x-amz-server-side-encryption': 'aws:kms', 'x-amz-server-side-encryption-aws-kms-key-id': keyOfA };
  const trails = [keyOfA, `arn:aws:kms:us-east-1:${A}:alias/of-a`].map((KmsKeyId) =>
    calls.cloudTrail('UpdateTrail', { Name: 'main-b', KmsKeyId }),
  );
  const objects = [
    calls.s3('PutObject', 'PUT', '/b-private/stolen', 'x', sse),
    calls.s3('CreateMultipartUpload', 'POST', '/b-private/stolen?uploads', '', sse),
    calls.s3('CopyObject', 'PUT', '/b-private/stolen', '', { ...sse, 'x-amz-copy-source': '/b-private/doc.txt' }),
  ];
  const own = calls.kms('Decrypt', { CiphertextBlob: ciphertextOfA });
  return [
    ...attempts("another account's key", b, trails, insufficient),
    ...attempts("another account's key", b, objects),
    ...attempts("another account's ciphertext", b, [own]),
  ];
}

/** Ways out of a bucket, to the server's own files and other buckets. */
export function pathRows(world: World): Row[] {
  const { a, b } = world;
  const noKey: Refusal = [404, 'NoSuchKey'];
  const noBucket: Refusal = [404, 'NoSuchBucket'];
  const badName: Refusal = [400, 'InvalidBucketName'];
  const files = ['sealing-key', 'credentials', 'state/journal', 'log', 'layout.json', 'objects', 'spool'];
  const climbs = [
    '../',
    '../../',
    '..%2f',
    '..%2F..%2F',
    '%2e%2e/',
    '%2e%2e%2f',
    './',
    '//',
    '%2f',
    '..%5c',
    '%00/',
    '..%00/',
    '....//',
    '%252e%252e%252f',
    '..;/',
  ];
  const get = (path: string) => calls.s3('GetObject', 'GET', path);
  const fromBucket = climbs.flatMap((climb) =>
    [`${climb}credentials`, `${climb}sealing-key`, `${climb}b-private/doc.txt`].map((rest) =>
      denied(
        'path',
        get(`/a-private/${climb === '//' ? '/' : climb}${rest.slice(climb.length)}`),
        () => signed(get(`/a-private/${climb === '//' ? '/' : climb}${rest.slice(climb.length)}`), a),
        noKey,
        `of ${climb}${rest.slice(climb.length)}`,
      ),
    ),
  );
  const asBucket = files.map((file) => {
    const call = get(`/${file.split('/')[0]}/${file.split('/')[1] ?? 'x'}`);
    return denied('path', call, () => signed(call, a), noBucket, `a folder of the server for a bucket: ${file}`);
  });
  const buckets = [
    '..',
    '.',
    '%2e%2e',
    '..%2fobjects',
    'a-private%2f..',
    'A-PRIVATE',
    'a_private',
    '127.0.0.1',
    'xn--a',
  ].map((name) => {
    const call = calls.s3('CreateBucket', 'PUT', `/${name}`);
    return denied('path', call, () => signed(call, a), badName, `a bucket of the name ${name}`);
  });
  const copies = [
    '/../credentials',
    '/a-private/../../credentials',
    '/a-private/..%2f..%2fsealing-key',
    '/b-private/doc.txt',
    'b-private/doc.txt',
    '/b-private/doc.txt?versionId=null',
  ].map((source) => {
    const call = calls.s3('CopyObject', 'PUT', '/a-private/stolen', '', { 'x-amz-copy-source': source });
    const refusal: Refusal = source.includes('b-private')
      ? [403, 'AccessDenied']
      : source.startsWith('/..')
        ? noBucket
        : noKey;
    return denied('path', call, () => signed(call, a), refusal, `copy source ${source}`);
  });
  const climbing = [
    `/a-logs/../a-private/doc.txt`,
    '/b-private/../a-private/doc.txt',
    '/b-private/%2e%2e/a-private/doc.txt',
    '/b-private/..%2fa-private%2fdoc.txt',
  ].map((path) =>
    denied(
      'path',
      get(path),
      () => signed(get(path), b),
      path.startsWith('/a-logs') ? [403, 'AccessDenied'] : noKey,
      `from B's bucket: ${path}`,
    ),
  );
  return [...fromBucket, ...asBucket, ...buckets, ...copies, ...climbing];
}
