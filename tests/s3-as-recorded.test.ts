import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect } from 'vitest';
import { aws, awsRaw, boto3, testWith } from './support/clients.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { clientConfig, s3 } from './support/sdk.ts';

/** What S3 itself was recorded to answer to boto3 (LocalStack's snapshots of AWS, 2024 to 2026), where we once did not. */
let server: RunningOpenTrail;
beforeAll(async () => {
  server = await startOpenTrail();
});
afterAll(cleanUp);

/** Runs Python that fills `out`; `refused(f, **kw)` tells code and all that S3 says besides. */
const seenBy = (python: string) =>
  boto3<Record<string, unknown>>(
    server.env,
    `
s3 = client('s3')
def refused(f, **kw):
    try:
        f(**kw); return None
    except Exception as e:
        error = dict(e.response['Error']); [error.pop(n, None) for n in ('RequestId', 'HostId', 'Resource')]
        return error
def new(name, versioning=None):
    s3.create_bucket(Bucket=name)
    if versioning: s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={'Status': versioning})
    return name
out = {}
${python}
print(json.dumps(out))
`,
  );

const PRECONDITION = 'At least one of the pre-conditions you specified did not hold';
const NOT_IMPLEMENTED = 'A header you provided implies functionality that is not implemented';

testWith(['boto3'], 'conditions that S3 does not take are refused, not passed over', async () => {
  const seen = await seenBy(`
b = new('conditions')
s3.put_object(Bucket=b, Key='k', Body=b'one')
out['match_star'] = refused(s3.put_object, Bucket=b, Key='k', Body=b'two', IfMatch='*')
out['both'] = refused(s3.put_object, Bucket=b, Key='k', Body=b'two', IfMatch='x', IfNoneMatch='*')
out['none_match'] = refused(s3.put_object, Bucket=b, Key='k', Body=b'two', IfNoneMatch='x')
out['size'] = refused(s3.delete_object, Bucket=b, Key='k', IfMatchSize=99)
out['sizes'] = s3.delete_objects(Bucket=b, Delete={'Objects': [{'Key': 'k', 'Size': 99}]})['Errors'][0]['Code']
out['still'] = s3.get_object(Bucket=b, Key='k')['Body'].read().decode()
out['source'] = refused(s3.copy_object, Bucket=b, Key='c', CopySource=b + '/k', CopySourceIfMatch='x')
out['ownership'] = refused(s3.create_bucket, Bucket='owned', ObjectOwnership='Mine')
from datetime import datetime, timedelta, timezone
tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
out['tomorrow'] = refused(s3.get_object, Bucket=b, Key='k', IfModifiedSince=tomorrow)
out['owner'] = refused(s3.get_bucket_policy, Bucket=b, ExpectedBucketOwner='abcd')
`);
  const notTaken = (Header: string) => ({
    Code: 'NotImplemented',
    Message: NOT_IMPLEMENTED,
    Header,
    additionalMessage: `We don't accept the provided value of ${Header} header for this API`,
  });
  expect(seen).toEqual({
    match_star: notTaken('If-Match'),
    both: {
      ...notTaken('If-Match,If-None-Match'),
      additionalMessage: 'Multiple conditional request headers present in the request',
    },
    none_match: notTaken('If-None-Match'),
    size: { Code: 'NotImplemented', Message: NOT_IMPLEMENTED, Header: 'x-amz-if-match-size' },
    sizes: 'NotImplemented',
    still: 'one',
    source: { Code: 'PreconditionFailed', Message: PRECONDITION, Condition: 'x-amz-copy-source-If-Match' },
    ownership: {
      Code: 'InvalidArgument',
      Message: 'Invalid x-amz-object-ownership header: Mine',
      ArgumentName: 'x-amz-object-ownership',
      ArgumentValue: 'Mine',
    },
    tomorrow: null,
    owner: {
      Code: 'InvalidBucketOwnerAWSAccountID',
      Message: 'The value of the expected bucket owner parameter must be an AWS Account ID... [abcd]',
    },
  });
});

testWith(['boto3'], 'tags are refused in S3’s words, and an empty set of a bucket is none', async () => {
  const seen = await seenBy(`
b = new('tags')
tags = lambda n: [{'Key': 'k%d' % i, 'Value': 'v'} for i in range(n)]
s3.put_object(Bucket=b, Key='k', Body=b'')
put = lambda t: refused(s3.put_object_tagging, Bucket=b, Key='k', Tagging={'TagSet': t})
out['eleven'] = put(tags(11))
out['header'] = refused(s3.put_object, Bucket=b, Key='k', Body=b'', Tagging='&'.join('k%d=v' % i for i in range(11)))
out['reserved'] = put([{'Key': 'aws:x', 'Value': 'v'}])
out['value'] = put([{'Key': 'k', 'Value': 'a,b'}])
out['bucket_reserved'] = refused(s3.put_bucket_tagging, Bucket=b, Tagging={'TagSet': [{'Key': 'aws:x', 'Value': 'v'}]})
s3.put_bucket_tagging(Bucket=b, Tagging={'TagSet': tags(50)})
s3.put_bucket_tagging(Bucket=b, Tagging={'TagSet': []})
out['emptied'] = refused(s3.get_bucket_tagging, Bucket=b)['Code']
out['with_tags_again'] = refused(s3.create_bucket, Bucket=b, CreateBucketConfiguration={'Tags': tags(1)})['Code']
out['again'] = refused(s3.create_bucket, Bucket=b)
`);
  expect(seen).toEqual({
    eleven: { Code: 'BadRequest', Message: 'Object tags cannot be greater than 10' },
    header: { Code: 'BadRequest', Message: 'Object tags cannot be greater than 10' },
    reserved: { Code: 'InvalidTag', Message: 'Your TagKey cannot be prefixed with aws:', TagKey: 'aws:x' },
    value: { Code: 'InvalidTag', Message: 'The TagValue you have provided is invalid', TagKey: 'k', TagValue: 'a,b' },
    bucket_reserved: {
      Code: 'InvalidTag',
      Message: 'System tags cannot be added/updated by requester',
      TagKey: 'aws:x',
    },
    emptied: 'NoSuchTagSet',
    with_tags_again: 'BucketAlreadyOwnedByYou',
    again: null,
  });
});

testWith(
  ['boto3'],
  'listings go on after the whole prefix that a marker lies in; the second version does not',
  async () => {
    const seen = await seenBy(`
b = new('markers', 'Enabled')
for key in ['f/sub/1', 'f/sub/2', 'f/x', 'f/y']:
    s3.put_object(Bucket=b, Key=key, Body=b'')
    s3.create_multipart_upload(Bucket=b, Key=key)
page = dict(Bucket=b, Prefix='f/', Delimiter='/')
def shown(r, what):
    return [p['Prefix'] for p in r.get('CommonPrefixes', [])] + [k['Key'] for k in r.get(what, [])]
out['v1'] = shown(s3.list_objects(Marker='f/sub/1', **page), 'Contents')
out['versions'] = shown(s3.list_object_versions(KeyMarker='f/sub/1', **page), 'Versions')
out['uploads'] = shown(s3.list_multipart_uploads(KeyMarker='f/sub/1', **page), 'Uploads')
out['v2'] = shown(s3.list_objects_v2(StartAfter='f/sub/1', **page), 'Contents')
s3.put_object(Bucket=b, Key='f/x', Body=b'newer')
after = dict(Bucket=b, Prefix='f/x', MaxKeys=1)
first = s3.list_object_versions(**after)
s3.delete_object(Bucket=b, Key='f/x', VersionId=first['NextVersionIdMarker'])
out['latest'] = s3.list_object_versions(KeyMarker=first['NextKeyMarker'], VersionIdMarker=first['NextVersionIdMarker'], **after)['Versions'][0]['IsLatest']
out['not_empty'] = refused(s3.delete_bucket, Bucket=b)['Message']
mine = s3.list_buckets(Prefix='markers')['Buckets'][0]
out['bucket'] = [mine['BucketRegion'], mine['BucketArn']]
out['bare'] = sorted(s3.list_buckets()['Buckets'][0])
`);
    expect(seen).toEqual({
      v1: ['f/x', 'f/y'],
      versions: ['f/x', 'f/y'],
      uploads: ['f/x', 'f/y'],
      v2: ['f/sub/', 'f/x', 'f/y'],
      latest: true,
      not_empty: 'The bucket you tried to delete is not empty. You must delete all versions in the bucket.',
      bucket: ['us-east-1', 'arn:aws:s3:::markers'],
      bare: ['CreationDate', 'Name'],
    });
  },
);

testWith(
  ['boto3'],
  'suspended versioning, copies of what is gone, and uploads that contradict themselves',
  async () => {
    const seen = await seenBy(`
b = new('uploads', 'Enabled')
first = s3.put_object(Bucket=b, Key='k', Body=b'one')['VersionId']
marker = s3.delete_object(Bucket=b, Key='k')['VersionId']
out['of_marker'] = refused(s3.copy_object, Bucket=b, Key='c', CopySource={'Bucket': b, 'Key': 'k', 'VersionId': marker})
s3.put_bucket_versioning(Bucket=b, VersioningConfiguration={'Status': 'Suspended'})
out['put'] = 'VersionId' in s3.put_object(Bucket=b, Key='k', Body=b'two')
out['get'] = s3.get_object(Bucket=b, Key='k')['VersionId']
copy = s3.copy_object(Bucket=b, Key='c', CopySource=b + '/k')
out['copy'] = [copy['VersionId'], 'CopySourceVersionId' in copy]
out['old_copy'] = s3.copy_object(Bucket=b, Key='c', CopySource={'Bucket': b, 'Key': 'k', 'VersionId': first})['CopySourceVersionId'] == first
s3.delete_object(Bucket=b, Key='k')
out['tag_marker'] = refused(s3.put_object_tagging, Bucket=b, Key='k', Tagging={'TagSet': []})
out['type_alone'] = refused(s3.create_multipart_upload, Bucket=b, Key='m', ChecksumType='COMPOSITE')
id = s3.create_multipart_upload(Bucket=b, Key='m', ChecksumAlgorithm='SHA256')['UploadId']
of = dict(Bucket=b, Key='m', UploadId=id)
out['other'] = refused(s3.upload_part, PartNumber=1, Body=b'x', ChecksumAlgorithm='CRC32', **of)
one = s3.upload_part(PartNumber=1, Body=b'x', ChecksumAlgorithm='SHA256', **of)
done = lambda *parts, **kw: refused(s3.complete_multipart_upload, MultipartUpload={'Parts': list(parts)}, **of, **kw)
whole = {'PartNumber': 1, 'ETag': one['ETag'], 'ChecksumSHA256': one['ChecksumSHA256']}
out['bare'] = done({'PartNumber': 1, 'ETag': one['ETag']})
out['mode'] = done(whole, ChecksumType='FULL_OBJECT')
out['order'] = done({**whole, 'PartNumber': 2}, whole)['Message']
out['none'] = refused(s3.complete_multipart_upload, MultipartUpload={'Parts': []}, **of)
out['done'] = done(whole)
of = s3.get_object_attributes(Bucket=b, Key='m', ObjectAttributes=['Checksum', 'ObjectParts'])
out['attributes'] = ['-' in of['Checksum']['ChecksumSHA256'], of['ObjectParts']['Parts'][0]['Size']]
`);
    const invalid = (Message: string) => ({ Code: 'InvalidRequest', Message });
    expect(seen).toEqual({
      of_marker: invalid('The source of a copy request may not specifically refer to a delete marker by version id.'),
      put: false,
      get: 'null',
      copy: ['null', false],
      old_copy: true,
      tag_marker: {
        Code: 'MethodNotAllowed',
        Message: 'The specified method is not allowed against this resource.',
        Method: 'PUT',
        ResourceType: 'DeleteMarker',
      },
      type_alone: invalid('The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.'),
      other: invalid('Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: crc32'),
      bare: invalid(
        'The upload was created using a sha256 checksum. The complete request must include the checksum for each part. It was missing for part 1 in the request.',
      ),
      mode: invalid(
        'The upload was created using the COMPOSITE checksum mode. The complete request must use the same checksum mode.',
      ),
      order: 'The list of parts was not in ascending order. Parts must be ordered by part number.',
      none: invalid('You must specify at least one part'),
      done: null,
      attributes: [false, 1],
    });
  },
);

testWith(['boto3'], 'headers that are not ASCII are verified, and copies take what they say', async () => {
  const seen = await seenBy(`
b = new('headers')
name = 'attachment; filename="Prüfung — é.pdf"'
s3.put_object(Bucket=b, Key='a b', Body=b'x', ContentDisposition=name, Tagging='from=source', ChecksumAlgorithm='CRC32')
got = s3.get_object(Bucket=b, Key='a b', ChecksumMode='enabled', Range='bytes=0-9')
out['name'] = got['ContentDisposition'].encode('latin1').decode() == name
out['head'] = s3.head_object(Bucket=b, Key='a b')['ContentDisposition'] == got['ContentDisposition']
import urllib.request
signer = client('s3', config=Config(signature_version='s3v4'))
asked = lambda text: signer.generate_presigned_url('get_object', Params={'Bucket': b, 'Key': 'a b', 'ResponseContentDisposition': text})
out['override'] = urllib.request.urlopen(asked('inline; filename="é"')).headers['content-disposition']
out['beyond'] = refused(s3.get_object, Bucket=b, Key='a b', ResponseContentDisposition='—')
out['whole_range'] = [got['ContentRange'], 'ChecksumCRC32' in got]
s3.copy_object(Bucket=b, Key='copy', CopySource=b + '/a b', Tagging='from=request')
tags = lambda: s3.get_object_tagging(Bucket=b, Key='copy')['TagSet']
out['kept'] = tags()
s3.copy_object(Bucket=b, Key='copy', CopySource=b + '/a b', Tagging='from=request', TaggingDirective='REPLACE')
out['replaced'] = tags()
`);
  expect(seen).toEqual({
    name: true,
    head: true,
    override: 'inline; filename="é"',
    beyond: {
      Code: 'InvalidArgument',
      Message: 'Header value cannot be represented using ISO-8859-1.',
      ArgumentName: 'response-content-disposition',
      ArgumentValue: '—',
    },
    whole_range: ['bytes 0-0/1', true],
    kept: [{ Key: 'from', Value: 'source' }],
    replaced: [{ Key: 'from', Value: 'request' }],
  });
  // Go's encoder writes a space as a plus, which boto3 and the CLI do not.
  await s3(server).send(new CopyObjectCommand({ Bucket: 'headers', Key: 'plus', CopySource: 'headers/a+b' }));
});

testWith(['aws'], 'aws s3 sync deletes what is no longer there, on either side', async () => {
  const dir = join(newFolder('sync'), 'tree');
  await aws(server.env, 's3', 'mb', 's3://synced');
  for (const name of ['a', 'b', 'sub/c']) {
    mkdirSync(join(dir, name, '..'), { recursive: true });
    writeFileSync(join(dir, name), name);
    utimesSync(join(dir, name), 1_700_000_000, 1_700_000_000);
  }
  const sync = async (...args: string[]) => (await awsRaw(server.env, 's3', 'sync', '--no-progress', ...args)).stdout;
  const keys = async () =>
    (await awsRaw(server.env, 's3', 'ls', '--recursive', 's3://synced')).stdout.match(/\S+$/gm) ?? [];
  await sync(dir, 's3://synced');
  rmSync(join(dir, 'b'));
  expect(await sync(dir, 's3://synced', '--delete', '--dryrun')).toContain('(dryrun) delete: s3://synced/b');
  expect(await keys()).toEqual(['a', 'b', 'sub/c']);
  expect(await sync(dir, 's3://synced', '--delete', '--exclude', 'sub/*')).toMatch(/^delete: s3:\/\/synced\/b\s*$/);
  expect(await keys()).toEqual(['a', 'sub/c']);
  writeFileSync(join(dir, 'mine'), '');
  expect(await sync('s3://synced', dir, '--delete')).toMatch(/^delete: \S+mine\s*$/);
});

testWith(['aws'], 'an upload’s Location is in the style in which it was asked for', async () => {
  const { port } = new URL(server.endpoint);
  // Not every resolver knows *.localhost (RFC 6761 asks for it).
  const lookup: LookupFunction = (_name, { all }, found) =>
    all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4);
  const byHost = new S3Client({
    ...clientConfig(server),
    endpoint: `http://s3.localhost:${port}`,
    requestHandler: { httpAgent: new Agent({ lookup }) },
  });
  await aws(server.env, 's3', 'mb', 's3://located');
  const upload = async (client: S3Client) => {
    const of = { Bucket: 'located', Key: 'a b/ü' };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(of));
    const { ETag } = await client.send(new UploadPartCommand({ ...of, UploadId, PartNumber: 1, Body: 'x' }));
    const Parts = [{ PartNumber: 1, ETag }];
    const done = await client.send(new CompleteMultipartUploadCommand({ ...of, UploadId, MultipartUpload: { Parts } }));
    return done.Location;
  };
  expect(await upload(s3(server))).toBe(`${server.endpoint}/located/a%20b/%C3%BC`);
  expect(await upload(byHost)).toBe(`http://located.s3.localhost:${port}/a%20b/%C3%BC`);
});
