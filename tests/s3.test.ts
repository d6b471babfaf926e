import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, expect, test } from 'vitest';
import { aws, awsRaw, boto3, testWith } from './support/clients.ts';
import { cleanUp, newFolder, startOpenTrail } from './support/opentrail.ts';
import { clientConfig, s3 } from './support/sdk.ts';

afterAll(cleanUp);

const fileHash = async (path: string) => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
};

/** Resident memory of the server, bytes. */
const residentBytes = (pid: number) =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

testWith(
  ['aws'],
  'aws s3 cp, sync, ls and rm work, also for 200 MB in bounded memory',
  async () => {
    const server = await startOpenTrail();
    const dir = newFolder('s3');
    await aws(server.env, 's3', 'mb', 's3://files');
    for (const name of ['a.txt', 'sub/b c.txt', 'sub/deep/ü.txt']) {
      mkdirSync(join(dir, 'tree', name, '..'), { recursive: true });
      writeFileSync(join(dir, 'tree', name), `content of ${name}`);
      // S3 tells whole seconds: a file of this very second would look newer than its copy, and be sent again.
      utimesSync(join(dir, 'tree', name), 1_700_000_000, 1_700_000_000);
    }
    await aws(server.env, 's3', 'sync', join(dir, 'tree'), 's3://files/tree');
    const listed = await awsRaw(server.env, 's3', 'ls', '--recursive', 's3://files/tree/');
    expect(listed.stdout).toContain('tree/sub/deep/ü.txt');
    expect((await awsRaw(server.env, 's3', 'sync', join(dir, 'tree'), 's3://files/tree')).stdout).toBe('');
    await aws(server.env, 's3', 'sync', 's3://files/tree', join(dir, 'back'));
    expect(readdirSync(join(dir, 'back'), { recursive: true }).length).toBe(5);
    expect(readFileSync(join(dir, 'back/sub/b c.txt'), 'utf8')).toBe('content of sub/b c.txt');

    const big = join(dir, 'big');
    const block = randomBytes(4 << 20);
    writeFileSync(big, '');
    for (let i = 0; i < 50; i++) writeFileSync(big, block, { flag: 'a' });
    const pid = Number(readFileSync(join(server.dataDir, 'owner'), 'utf8'));
    const before = residentBytes(pid);
    await aws(server.env, 's3', 'cp', big, 's3://files/big');
    await aws(server.env, 's3', 'cp', 's3://files/big', join(dir, 'big-back'));
    expect(await fileHash(join(dir, 'big-back'))).toBe(await fileHash(big));
    expect(residentBytes(pid) - before).toBeLessThan(150 << 20);

    await aws(server.env, 's3', 'rm', '--recursive', 's3://files/');
    expect((await awsRaw(server.env, 's3', 'ls', '--recursive', 's3://files/')).stdout).toBe('');
    await aws(server.env, 's3', 'rb', 's3://files');
    await server.stop();
  },
  300_000,
);

testWith(
  ['aws'],
  'lifecycle rules with storage classes are given back as they were, and refused as by S3',
  async () => {
    const server = await startOpenTrail();
    await aws(server.env, 's3', 'mb', 's3://rules');
    const bucket = ['--bucket', 'rules'];
    const Rules = [
      {
        ID: 'logs',
        Filter: { And: { Prefix: 'AWSLogs/', Tags: [{ Key: 'kind', Value: 'log' }], ObjectSizeGreaterThan: 500 } },
        Status: 'Enabled',
        Transitions: [{ Days: 30, StorageClass: 'STANDARD_IA' }],
        NoncurrentVersionTransitions: [{ NoncurrentDays: 30, StorageClass: 'GLACIER', NewerNoncurrentVersions: 1 }],
        NoncurrentVersionExpiration: { NoncurrentDays: 60, NewerNoncurrentVersions: 1 },
      },
      { ID: 'parts', Filter: {}, Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } },
    ];
    const put = (rules: unknown) =>
      awsRaw(
        server.env,
        ...['s3api', 'put-bucket-lifecycle-configuration', ...bucket],
        ...['--lifecycle-configuration', JSON.stringify({ Rules: rules })],
      );
    expect((await put(Rules)).code).toBe(0);
    const got = await aws<{ Rules: unknown }>(server.env, 's3api', 'get-bucket-lifecycle-configuration', ...bucket);
    expect(got.Rules).toEqual(Rules);
    const early = await put([{ ...Rules[0], Transitions: [{ Days: 29, StorageClass: 'STANDARD_IA' }] }]);
    expect(early.stderr).toContain('InvalidArgument');
    expect(early.stderr).toContain("greater than or equal to 30 for storageClass 'STANDARD_IA'");
    await server.stop();
  },
);

testWith(['boto3'], 'boto3 uploads in parts, reads ranges, copies, deletes many and is told of mistakes', async () => {
  const server = await startOpenTrail();
  const seen = await boto3<Record<string, unknown>>(
    server.env,
    `
from boto3.s3.transfer import TransferConfig
import io
s3 = client('s3')
s3.create_bucket(Bucket='py-files')
s3.upload_fileobj(io.BytesIO(b'0123456789' * 2_000_000), 'py-files', 'big', Config=TransferConfig(multipart_threshold=6_000_000, multipart_chunksize=6_000_000))
out = {}
out['etag_parts'] = s3.head_object(Bucket='py-files', Key='big')['ETag'].strip('"').split('-')[1]
out['range'] = s3.get_object(Bucket='py-files', Key='big', Range='bytes=5999995-6000004')['Body'].read().decode()
s3.copy_object(Bucket='py-files', Key='copy', CopySource={'Bucket': 'py-files', 'Key': 'big'})
out['same'] = s3.get_object(Bucket='py-files', Key='copy')['Body'].read() == b'0123456789' * 2_000_000
out['deleted'] = len(s3.delete_objects(Bucket='py-files', Delete={'Objects': [{'Key': 'big'}, {'Key': 'copy'}, {'Key': 'never'}]})['Deleted'])
def code(f):
    try:
        f(); return None
    except Exception as e:
        return e.response['Error']['Code']
out['no_key'] = code(lambda: s3.get_object(Bucket='py-files', Key='big'))
out['no_bucket'] = code(lambda: s3.list_objects_v2(Bucket='nowhere'))
out['bad_name'] = code(lambda: s3.create_bucket(Bucket='xn--bad'))
print(json.dumps(out))
`,
  );
  expect(seen).toEqual({
    etag_parts: '4',
    range: '5678901234',
    same: true,
    deleted: 3,
    no_key: 'NoSuchKey',
    no_bucket: 'NoSuchBucket',
    bad_name: 'InvalidBucketName',
  });
  await server.stop();
});

test('the SDK for JavaScript works by virtual host, with trailing checksums, odd keys and presigned URLs', async () => {
  const server = await startOpenTrail();
  const byPath = s3(server);
  const { port } = new URL(server.endpoint);
  const byHost = new S3Client({ ...clientConfig(server), endpoint: `http://s3.localhost:${port}` });
  const { CreateBucketCommand } = await import('@aws-sdk/client-s3');
  await byHost.send(new CreateBucketCommand({ Bucket: 'hosted' })).catch((error) => {
    if (error.code !== 'ENOTFOUND') throw error; // a resolver without *.localhost (RFC 6761 asks for it)
    return byPath.send(new CreateBucketCommand({ Bucket: 'hosted' }));
  });
  for (const Key of ['plain', 'a/../b', '//x//', 'sp ace+plus%25', 'ü/𐍈', `${'k'.repeat(1024)}`]) {
    const Body = `body of ${Key}`;
    await byPath.send(
      new PutObjectCommand({ Bucket: 'hosted', Key, Body, ChecksumAlgorithm: 'CRC64NVME', Metadata: { who: 'me' } }),
    );
    const got = await byPath.send(new GetObjectCommand({ Bucket: 'hosted', Key, ChecksumMode: 'ENABLED' }));
    expect([await got.Body!.transformToString(), got.Metadata]).toEqual([Body, { who: 'me' }]);
  }
  const once = () => byPath.send(new PutObjectCommand({ Bucket: 'hosted', Key: 'once', Body: '1', IfNoneMatch: '*' }));
  await once();
  await expect(once()).rejects.toMatchObject({ name: 'PreconditionFailed' });
  const url = await getSignedUrl(byPath, new GetObjectCommand({ Bucket: 'hosted', Key: 'plain' }), { expiresIn: 60 });
  expect(await (await fetch(url)).text()).toBe('body of plain');
  const forged = await fetch(url.replace('hosted/plain', 'hosted/other'));
  expect([forged.status, await forged.text()]).toEqual([
    403,
    expect.stringContaining('<Code>SignatureDoesNotMatch</Code>'),
  ]);
  const unsigned = await fetch(`${server.endpoint}/hosted/plain`);
  expect([unsigned.status, await unsigned.text()]).toEqual([403, expect.stringContaining('<Code>AccessDenied</Code>')]);
  await server.stop();
});
