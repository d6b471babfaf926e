import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  AddTagsCommand,
  GetTrailStatusCommand,
  StopLoggingCommand,
  UpdateTrailCommand,
} from '@aws-sdk/client-cloudtrail';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, expect, test } from 'vitest';
import { aws, awsRaw, eventually, run, testWith } from './support/clients.ts';
import { startFlakyFront } from './support/flaky-front.ts';
import { freePort, startMoto, stopMotos } from './support/moto.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { cloudTrail, readBucket, s3 } from './support/sdk.ts';
import { ACCOUNT } from './support/trail.ts';
import { blockOf, typeAsWritten } from './support/walk.ts';

afterAll(async () => {
  stopMotos();
  await cleanUp();
});

const COMMAND = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;
const PAGE = readFileSync(join(dirname(import.meta.dirname), 'docs/outside-s3.md'), 'utf8');
const BUCKET = 'outside-logs';
const SECRET = 'the-secret-of-the-store-outside';
const FAST = { 'delivery-interval-seconds': 1, 'digest-interval-seconds': 1 };

/** A call of its own, by the value of its tag. */
async function work(server: RunningOpenTrail, arn: string, value: string): Promise<void> {
  await cloudTrail(server).send(new AddTagsCommand({ ResourceId: arn, TagsList: [{ Key: 'work', Value: value }] }));
}

interface LogRecord {
  readonly eventName: string;
  readonly eventID: string;
  readonly requestParameters?: { readonly tagsList?: readonly { readonly value: string }[] };
}

const recordsIn = (objects: ReadonlyMap<string, Buffer>): LogRecord[] =>
  [...objects]
    .filter(([key]) => key.includes('/CloudTrail/') && key.endsWith('.gz'))
    .flatMap(([, body]) => (JSON.parse(gunzipSync(body).toString()) as { Records: LogRecord[] }).Records);

const valuesIn = (records: readonly LogRecord[]): string[] =>
  records.flatMap((r) => r.requestParameters?.tagsList?.map(({ value }) => value) ?? []);

const validated = (env: Readonly<Record<string, string>>, arn: string, startTime: string) =>
  awsRaw(env, 'cloudtrail', 'validate-logs', '--trail-arn', arn, '--start-time', startTime);

testWith(
  ['moto', 'aws', 'aws-endpoint-env'],
  'trails deliver to another S3 with its own keys, and validate-logs finds all valid there',
  async () => {
    const moto = await startMoto();
    const server = await startOpenTrail({
      flags: { ...FAST, 'objects-endpoint': moto.endpoint },
      env: { AWS_ACCESS_KEY_ID: 'AKIAOUTSIDE', AWS_SECRET_ACCESS_KEY: SECRET },
    });
    const env = { ...server.env, AWS_ENDPOINT_URL_S3: moto.endpoint };
    const startTime = new Date(Date.now() - 60_000).toISOString();
    const trail = (...args: string[]) => awsRaw(env, 'cloudtrail', ...args, '--name', 'main');

    expect((await trail('create-trail', '--s3-bucket-name', BUCKET)).stderr).toContain('S3BucketDoesNotExistException');
    const cwd = newFolder('outside');
    const followed = await typeAsWritten(blockOf(PAGE, 'outside: a trail'), { ...server, env }, cwd);
    expect(followed.code, followed.stderr).toBe(0);
    const arn = `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/main`;

    const store = s3({ ...server, endpoint: moto.endpoint });
    const delivered = (kind: string) => readBucket(store, BUCKET, `AWSLogs/${ACCOUNT}/${kind}/`);
    await eventually(async () => {
      await work(server, arn, String(Date.now()));
      return (await delivered('CloudTrail-Digest')).size > 4 && (await delivered('CloudTrail')).size > 3;
    }, 'log files and digests outside');
    const key = await aws<{ KeyMetadata: { Arn: string } }>(env, 'kms', 'create-key', '--endpoint-url', moto.endpoint);
    const encrypted = await trail('update-trail', '--kms-key-id', key.KeyMetadata.Arn);
    expect(encrypted.code, encrypted.stderr).toBe(0);
    await work(server, arn, 'under the key');
    const isLater = (file: Map<string, Buffer>) => valuesIn(recordsIn(file)).includes('under the key');
    const later = await eventually(async () => {
      const files = [...(await delivered('CloudTrail'))];
      return files.find((file) => isLater(new Map([file])))?.[0];
    }, 'a log file under the key');
    const head = await aws(env, 's3api', 'head-object', '--bucket', BUCKET, '--key', later);
    expect(head).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key.KeyMetadata.Arn });
    expect(head).toMatchObject({ ContentType: 'application/json', ContentEncoding: 'gzip' });

    await cloudTrail(server).send(new StopLoggingCommand({ Name: arn }));
    const valid = await eventually(async () => {
      const done = await validated(env, arn, startTime);
      return /(\d+)\/\1 digest files valid[\s\S]*?(\d+)\/\2 log files valid/.test(done.stdout) && done;
    }, 'all valid');
    expect(valid.code, valid.stdout).toBe(0);

    // The S3 of this server goes on serving, and knows nothing of that bucket.
    await aws(server.env, 's3api', 'create-bucket', '--bucket', 'inside');
    expect((await aws<{ Buckets: { Name: string }[] }>(server.env, 's3api', 'list-buckets')).Buckets).toMatchObject([
      { Name: 'inside' },
    ]);
    expect(await server.stop()).toBe(0);
    const files = readdirSync(server.dataDir, { recursive: true, withFileTypes: true }).filter((f) => f.isFile());
    const texts = files.map((f) => readFileSync(join(f.parentPath, f.name), 'latin1'));
    expect([server.log(), ...texts].filter((text) => text.includes(SECRET))).toEqual([]);
    await moto.stop();
  },
  300_000,
);

testWith(
  ['aws', 'aws-endpoint-env'],
  'an outage, lost answers, and kill -9 on both sides: nothing is lost or twice, each key has one content',
  async () => {
    // Two servers of the same keys, so that validate-logs, which has one pair, can ask both.
    const twin = await startOpenTrail();
    await twin.stop();
    const [insideDir, outsideDir] = [newFolder('inside'), newFolder('outside')];
    for (const dir of [insideDir, outsideDir]) cpSync(twin.dataDir, dir, { recursive: true });

    const outsidePort = await freePort();
    const startOutside = () => startOpenTrail({ dataDir: outsideDir, flags: { port: outsidePort } });
    let outside = await startOutside();
    const front = await startFlakyFront(outside.endpoint);
    const startInside = () =>
      startOpenTrail({
        dataDir: insideDir,
        flags: { ...FAST, 'objects-endpoint': front.endpoint, 'objects-profile': 'opentrail' },
        env: { AWS_SHARED_CREDENTIALS_FILE: join(outsideDir, 'credentials') },
      });
    let inside = await startInside();
    const startTime = new Date(Date.now() - 60_000).toISOString();
    await s3(outside).send(new CreateBucketCommand({ Bucket: BUCKET }));
    await aws(
      inside.env,
      'cloudtrail',
      'create-trail',
      '--name',
      'main',
      '--s3-bucket-name',
      BUCKET,
      '--enable-log-file-validation',
    );
    const arn = `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/main`;
    await aws(inside.env, 'cloudtrail', 'start-logging', '--name', 'main');

    const done: string[] = [];
    const works = async (times: number) => {
      for (let i = 0; i < times; i++) {
        const value = `call-${done.length}`;
        await work(inside, arn, value);
        done.push(value);
      }
    };
    const mend = () => cloudTrail(inside).send(new UpdateTrailCommand({ Name: arn })); // is tried at once, not after a pause
    const status = () => cloudTrail(inside).send(new GetTrailStatusCommand({ Name: arn }));
    const failing = async (mode: 'refuse' | 'cut', attempts: number) => {
      front.mode = mode;
      const until = front.failed + attempts;
      await eventually(async () => {
        await works(1);
        return front.failed >= until;
      }, `${attempts} puts that fail`);
    };

    await works(3);
    await eventually(async () => (await status()).LatestDeliveryTime !== undefined, 'a first delivery');
    const key = await aws<{ KeyMetadata: { Arn: string } }>(outside.env, 'kms', 'create-key');
    await aws(inside.env, 'cloudtrail', 'update-trail', '--name', 'main', '--kms-key-id', key.KeyMetadata.Arn);
    await failing('refuse', 2);
    await eventually(async () => {
      await works(1);
      return (await status()).LatestDeliveryError === 'SlowDown';
    }, "the store's own code in the status");
    await inside.kill();
    inside = await startInside();
    await failing('refuse', 2);
    await outside.kill();
    front.mode = 'pass'; // and nobody behind it
    await works(2);
    outside = await startOutside();
    await failing('cut', 3); // stored, but nobody here knows
    await inside.kill();
    inside = await startInside();
    front.mode = 'pass';
    await works(2);
    await mend();
    await eventually(async () => (await status()).LatestDeliveryError === undefined, 'deliveries again');
    await cloudTrail(inside).send(new StopLoggingCommand({ Name: arn }));

    const env = { ...inside.env, AWS_ENDPOINT_URL_S3: outside.endpoint };
    const bucket = () => readBucket(s3(outside), BUCKET, 'AWSLogs/');
    const records = await eventually(async () => {
      const found = recordsIn(await bucket());
      const values = new Set(valuesIn(found));
      return done.every((value) => values.has(value)) && found;
    }, 'all calls in log files');
    expect(new Set(records.map((r) => r.eventID)).size).toBe(records.length);
    await eventually(async () => {
      const { stdout } = await validated(env, arn, startTime);
      return /(\d+)\/\1 digest files valid[\s\S]*?(\d+)\/\2 log files valid/.test(stdout);
    }, 'all valid');

    // The file of the last call: names of one minute come in any order, and the first files are of before there was a key.
    const isLast = (file: Map<string, Buffer>) => recordsIn(file).some(({ eventName }) => eventName === 'StopLogging');
    const [last] = [...(await bucket())].find(([name, bytes]) => isLast(new Map([[name, bytes]])))!;
    const head = await aws(outside.env, 's3api', 'head-object', '--bucket', BUCKET, '--key', last);
    expect(head).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key.KeyMetadata.Arn });
    const used = await aws<{ Events: { CloudTrailEvent: string }[] }>(
      ...([outside.env, 'cloudtrail', 'lookup-events', '--lookup-attributes'] as const),
      'AttributeKey=EventName,AttributeValue=GenerateDataKey',
    );
    const { requestParameters } = JSON.parse(used.Events[0]!.CloudTrailEvent);
    expect(requestParameters.encryptionContext).toMatchObject({ 'aws:cloudtrail:arn': arn });

    const hashes = [...front.puts].map(([path, bodies]) => [path, bodies.size]);
    expect(hashes.filter(([, bodies]) => bodies !== 1)).toEqual([]);
    for (const [key, body] of await bucket()) {
      const put = front.puts.get(`/${BUCKET}/${key}`);
      expect([...(put ?? [])], key).toEqual([createHash('sha256').update(body).digest('hex')]);
    }

    const byName = await run(process.execPath, [COMMAND, 'verify', 'main'], env);
    expect(byName.code, byName.stdout + byName.stderr).toBe(0);
    // Whoever has the keys of that store alone verifies with the public keys in a file.
    const cwd = newFolder('verify');
    const keys = await aws(inside.env, 'cloudtrail', 'list-public-keys', '--start-time', startTime);
    writeFileSync(join(cwd, 'keys.json'), JSON.stringify(keys));
    const verified = await run(
      process.execPath,
      [COMMAND, 'verify', `s3://${BUCKET}`, '--keys', join(cwd, 'keys.json')],
      outside.env,
    );
    expect(verified.code, verified.stdout + verified.stderr).toBe(0);

    await Promise.all([inside.stop(), outside.stop(), front.stop()]);
  },
  300_000,
);

test('without keys for the store it does not start, and says what to do', async () => {
  const start = startOpenTrail({
    flags: { 'objects-endpoint': 'http://127.0.0.1:1' },
    env: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' },
  });
  await expect(start).rejects.toThrow(/--objects-endpoint needs keys.*--objects-profile/);
});
