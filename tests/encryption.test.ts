import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect } from 'vitest';
import { aws, awsRaw, boto3, eventually, run, testWith } from './support/clients.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { ACCOUNT, bucketPolicy, KEY_ADMINISTRATORS, KEY_DELIVERY } from './support/trail.ts';

afterAll(cleanUp);

const COMMAND = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;

async function createKey(server: RunningOpenTrail, ...statements: object[]): Promise<string> {
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [KEY_ADMINISTRATORS, ...statements] });
  const made = await aws<{ KeyMetadata: { Arn: string } }>(server.env, 'kms', 'create-key', '--policy', policy);
  return made.KeyMetadata.Arn;
}

/** Files below a folder that hold these bytes. */
const holding = (directory: string, bytes: string) =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile() && readFileSync(path).includes(bytes));

testWith(
  ['aws', 'boto3'],
  'objects under a key of KMS: put, get, ranges, copies and parts; not without the key, and nothing on the disk',
  async () => {
    let server = await startOpenTrail();
    const s3api = <T = Record<string, unknown>>(...args: string[]) => aws<T>(server.env, 's3api', ...args);
    const refused = async (...args: string[]) => (await awsRaw(server.env, ...args)).stderr;
    const key = await createKey(server);
    await s3api('create-bucket', '--bucket', 'vault');
    const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key } };
    const rules = JSON.stringify({ Rules: [rule] });
    await s3api('put-bucket-encryption', '--bucket', 'vault', '--server-side-encryption-configuration', rules);
    expect(await s3api('get-bucket-encryption', '--bucket', 'vault')).toEqual({
      ServerSideEncryptionConfiguration: { Rules: [{ ...rule, BucketKeyEnabled: false }] },
    });

    const folder = newFolder('sse');
    const secret = 'a secret that must not be found on the disk';
    const file = join(folder, 'file');
    writeFileSync(file, secret);
    await aws(server.env, 's3', 'cp', file, 's3://vault/one');
    await aws(server.env, 's3', 'cp', file, 's3://vault/managed', '--sse', 'aws:kms');
    await aws(server.env, 's3', 'cp', file, 's3://vault/plain', '--sse', 'AES256');
    const head = (name: string) => s3api('head-object', '--bucket', 'vault', '--key', name);
    expect(await head('one')).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key });
    expect((await head('managed')).SSEKMSKeyId).not.toBe(key);
    expect(await head('plain')).not.toHaveProperty('SSEKMSKeyId');
    const get = (name: string, ...more: string[]) =>
      awsRaw(server.env, 's3api', 'get-object', '--bucket', 'vault', '--key', name, ...more, `${file}.out`);
    const text = async (name: string, ...more: string[]) => {
      const done = await get(name, ...more);
      expect(done.code, done.stderr).toBe(0);
      return readFileSync(`${file}.out`, 'utf8');
    };
    for (const name of ['one', 'managed', 'plain']) expect(await text(name)).toBe(secret);
    expect(await text('one', '--range', 'bytes=2-7')).toBe('secret');
    await aws(server.env, 's3', 'cp', 's3://vault/plain', 's3://vault/copy');
    expect(await head('copy')).toMatchObject({ SSEKMSKeyId: key });
    const large = await boto3<{ whole: boolean; ranges: boolean; kms: string; etag: string }>(
      server.env,
      `
import io
from boto3.s3.transfer import TransferConfig
s3 = client('s3', config=Config(s3={'addressing_style': 'path'}))
data = bytes((i * 7 + (i >> 9)) & 255 for i in range(13 * 1024 * 1024 + 12345))
s3.upload_fileobj(io.BytesIO(data), 'vault', 'large', Config=TransferConfig(multipart_threshold=6 << 20, multipart_chunksize=6 << 20))
def read(r=None):
    return s3.get_object(Bucket='vault', Key='large', **({'Range': 'bytes=%d-%d' % r} if r else {}))['Body'].read()
spans = [(0, 0), (65535, 65536), ((6 << 20) - 1, 6 << 20), ((6 << 20) + 65530, (12 << 20) + 70000), (len(data) - 5, len(data) - 1)]
h = s3.head_object(Bucket='vault', Key='large')
print(json.dumps({'whole': read() == data, 'ranges': all(read(r) == data[r[0]:r[1] + 1] for r in spans), 'kms': h['SSEKMSKeyId'], 'etag': h['ETag']}))
`,
    );
    expect(large).toMatchObject({ whole: true, ranges: true, kms: key, etag: expect.stringMatching(/-3"$/) });

    await aws(server.env, 'kms', 'disable-key', '--key-id', key);
    expect((await get('one')).stderr).toContain('(KMS.DisabledException)');
    expect(await refused('s3api', 'head-object', '--bucket', 'vault', '--key', 'one')).toContain('(400)');
    expect(await refused('s3', 'cp', file, 's3://vault/two')).toContain('KMS.DisabledException');
    expect(await text('plain')).toBe(secret);
    await aws(server.env, 'kms', 'enable-key', '--key-id', key);
    expect(await text('one')).toBe(secret);

    // Whoever may not use the key may not read, whatever the bucket says; and what was done with the key is recorded.
    const deny = { Effect: 'Deny', Principal: '*', Action: 'kms:Decrypt', Resource: '*' };
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: [KEY_ADMINISTRATORS, deny] });
    await aws(server.env, 'kms', 'put-key-policy', '--key-id', key, '--policy', policy);
    expect((await get('one')).stderr).toMatch(/\(AccessDenied\).*kms:Decrypt/);
    const opened = JSON.stringify({ Version: '2012-10-17', Statement: [KEY_ADMINISTRATORS] });
    await aws(server.env, 'kms', 'put-key-policy', '--key-id', key, '--policy', opened);
    const record = await eventually(async () => {
      const found = await aws<{ Events: { CloudTrailEvent: string }[] }>(
        server.env,
        ...['cloudtrail', 'lookup-events', '--lookup-attributes'],
        'AttributeKey=EventName,AttributeValue=GenerateDataKey',
      );
      return found.Events.map((e) => JSON.parse(e.CloudTrailEvent)).find((r) => r.requestParameters.keyId === key);
    }, 'the record of a data key');
    expect(record).toMatchObject({ userIdentity: { invokedBy: 's3.amazonaws.com' } });

    await server.stop();
    expect(holding(server.dataDir, secret)).toEqual([]);
    server = await startOpenTrail({ dataDir: server.dataDir });
    expect(await text('one')).toBe(secret);
    expect(await text('plain')).toBe(secret);
    await server.stop();
  },
  300_000,
);

interface Status {
  readonly LatestDeliveryError?: string;
  readonly LatestDeliveryTime?: string;
}

testWith(
  ['aws', 'aws-endpoint-env'],
  'a trail with a key: its files are read and validated by who may decrypt; a disabled key holds them up, and loses none',
  async () => {
    const server = await startOpenTrail({ flags: { 'delivery-interval-seconds': 1, 'digest-interval-seconds': 2 } });
    const cloudtrail = <T = Record<string, unknown>>(...args: string[]) => aws<T>(server.env, 'cloudtrail', ...args);
    const create = (key: string) => [
      ...['create-trail', '--name', 'sealed', '--s3-bucket-name', 'evidence', '--kms-key-id', key],
      '--enable-log-file-validation',
    ];
    const refused = async (key: string) => (await awsRaw(server.env, 'cloudtrail', ...create(key))).stderr;
    await aws(server.env, 's3api', 'create-bucket', '--bucket', 'evidence');
    const policy = bucketPolicy('evidence');
    await aws(server.env, 's3api', 'put-bucket-policy', '--bucket', 'evidence', '--policy', policy);

    expect(await refused('no key')).toContain('(InvalidKmsKeyIdException)');
    expect(await refused('alias/nothing')).toContain('(InsufficientEncryptionPolicyException)');
    expect(await refused(`arn:aws:kms:eu-west-1:${ACCOUNT}:alias/x`)).toContain('(KmsKeyNotFoundException)');
    expect(await refused(await createKey(server))).toContain('(InsufficientEncryptionPolicyException)');
    const key = await createKey(server, KEY_DELIVERY);
    await aws(server.env, 'kms', 'create-alias', '--alias-name', 'alias/trail', '--target-key-id', key);
    const trail = await cloudtrail<{ KmsKeyId: string; TrailARN: string }>(...create('alias/trail'));
    expect(trail.KmsKeyId).toBe(key);
    expect((await cloudtrail('describe-trails')).trailList).toMatchObject([{ KmsKeyId: key }]);
    await cloudtrail('start-logging', '--name', 'sealed');

    const status = () => cloudtrail<Status>('get-trail-status', '--name', 'sealed');
    const objects = async () => {
      const args = ['list-objects-v2', '--bucket', 'evidence', '--prefix', `AWSLogs/${ACCOUNT}/CloudTrail/`];
      const { Contents } = await aws<{ Contents: { Key: string }[] }>(server.env, 's3api', ...args);
      return Contents.map((o) => o.Key).filter((name) => name.endsWith('.gz'));
    };
    await eventually(async () => (await status()).LatestDeliveryTime, 'the first delivery');
    const [first] = await objects();
    const head = await aws(server.env, 's3api', 'head-object', '--bucket', 'evidence', '--key', first!);
    expect(head).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key });
    const copy = join(newFolder('sealed'), 'log.gz');
    await aws(server.env, 's3', 'cp', `s3://evidence/${first}`, copy);
    expect(JSON.parse(gunzipSync(readFileSync(copy)).toString()).Records.length).toBeGreaterThan(0);

    await aws(server.env, 'kms', 'disable-key', '--key-id', key);
    const failing = await eventually(async () => {
      const now = await status();
      return now.LatestDeliveryError !== undefined && now;
    }, 'the error in the status');
    expect(failing.LatestDeliveryError).toBe('KMS.DisabledException');
    expect((await awsRaw(server.env, 'cloudtrail', 'update-trail', '--name', 'sealed')).stderr).toContain(
      '(KmsException)',
    );
    await aws(server.env, 'kms', 'enable-key', '--key-id', key);
    await eventually(async () => (await status()).LatestDeliveryError === undefined, 'delivery again');
    await cloudtrail('stop-logging', '--name', 'sealed');
    const recorded = async () => {
      const all = newFolder('all');
      await aws(server.env, 's3', 'sync', 's3://evidence', all, '--only-show-errors');
      const paths = holding(join(all, 'AWSLogs', ACCOUNT, 'CloudTrail'), '').filter((path) => path.endsWith('.gz'));
      return paths.flatMap((path) => {
        const { Records } = JSON.parse(gunzipSync(readFileSync(path)).toString());
        return Records.map((record: { eventName: string }) => record.eventName) as string[];
      });
    };
    await eventually(async () => (await recorded()).includes('StopLogging'), 'the last log file');

    // Everything is in the files, also what happened while the key was off; and the chain is whole.
    const start = new Date(Date.now() - 3_600_000).toISOString();
    const validate = (env = server.env) =>
      awsRaw(env, 'cloudtrail', 'validate-logs', '--trail-arn', trail.TrailARN, '--start-time', start);
    const verify = () =>
      run(process.execPath, [COMMAND, 'verify', trail.TrailARN, '--json', '--data-dir', server.dataDir], server.env);
    await eventually(async () => (await verify()).code === 0, 'a chain that is whole');
    const valid = await validate();
    expect(valid.code, valid.stdout + valid.stderr).toBe(0);
    expect(valid.stdout).toMatch(/log files valid/);
    const names = await recorded();
    for (const name of ['StartLogging', 'DisableKey', 'EnableKey', 'StopLogging']) expect(names).toContain(name);
    expect(names.filter((name) => name === 'StopLogging')).toHaveLength(1);

    const deny = { Effect: 'Deny', Principal: '*', Action: 'kms:Decrypt', Resource: '*' };
    const closed = JSON.stringify({ Version: '2012-10-17', Statement: [KEY_ADMINISTRATORS, KEY_DELIVERY, deny] });
    await aws(server.env, 'kms', 'put-key-policy', '--key-id', key, '--policy', closed);
    const unread = await validate();
    expect(unread.code).not.toBe(0);
    expect(unread.stdout + unread.stderr).toMatch(/AccessDenied/);
    await server.stop();
  },
  300_000,
);

testWith(
  ['aws'],
  'a trail with a key feeds on nothing of its own: when all is quiet there are no more files',
  async () => {
    const server = await startOpenTrail({ flags: { 'delivery-interval-seconds': 1 } });
    await aws(server.env, 's3api', 'create-bucket', '--bucket', 'evidence');
    const policy = bucketPolicy('evidence');
    await aws(server.env, 's3api', 'put-bucket-policy', '--bucket', 'evidence', '--policy', policy);
    const key = await createKey(server, KEY_DELIVERY);
    const create = ['create-trail', '--name', 'quiet', '--s3-bucket-name', 'evidence', '--kms-key-id', key];
    await aws(server.env, 'cloudtrail', ...create);
    await aws(server.env, 'cloudtrail', 'start-logging', '--name', 'quiet');
    // Counted on the disk: to ask would be to make records.
    const files = () => readdirSync(join(server.dataDir, 'objects', 'files'), { recursive: true }).length;
    let last = -1;
    let calmSince = Date.now();
    await eventually(async () => {
      if (files() !== last) calmSince = Date.now();
      last = files();
      return last > 1 && Date.now() - calmSince > 5_000;
    }, 'five quiet seconds');
    await server.stop();
  },
  300_000,
);
