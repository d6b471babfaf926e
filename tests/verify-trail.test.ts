import { gunzipSync, gzipSync } from 'node:zlib';
import { AddTagsCommand, StopLoggingCommand } from '@aws-sdk/client-cloudtrail';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, run } from './support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { clientConfig, cloudTrail, readBucket, s3, signedFetch } from './support/sdk.ts';
import { ACCOUNT, makeTrail } from './support/trail.ts';

const COMMAND = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;
/** Digests come every second, on a machine that may have much else to do. */
const PATIENCE_MS = 120_000;
const BUCKET = 'evidence';
const DIGESTS = `AWSLogs/${ACCOUNT}/CloudTrail-Digest/us-east-1/`;
const LOGS = `AWSLogs/${ACCOUNT}/CloudTrail/us-east-1/`;

type Signer = Parameters<typeof signedFetch>[0];
type Line = Readonly<Record<string, unknown>> & { readonly Type: string };

let server: RunningOpenTrail;
let arn: string;
let digests: readonly string[];
let logs: readonly string[];

beforeAll(async () => {
  server = await startOpenTrail({ flags: { 'delivery-interval-seconds': 1, 'digest-interval-seconds': 1 } });
  arn = await makeTrail(server, { Name: 'main', S3BucketName: BUCKET, IsMultiRegionTrail: false });
  const ct = cloudTrail(server);
  const read = (prefix: string) => readBucket(s3(server), BUCKET, prefix);
  const keys = async (prefix: string) => [...(await read(prefix)).keys()].sort();
  await eventually(
    async () => {
      await ct.send(new AddTagsCommand({ ResourceId: arn, TagsList: [{ Key: 'now', Value: String(Date.now()) }] }));
      [digests, logs] = [await keys(DIGESTS), await keys(LOGS)];
      return digests.length >= 5 && logs.length >= 3;
    },
    'five digests and three log files',
    PATIENCE_MS,
  );
  await ct.send(new StopLoggingCommand({ Name: 'main' }));
  // The last record is that of the stop; the digest that lists its file is the final one.
  const isLast = (logFile: Buffer) => gunzipSync(logFile).includes('"StopLogging"');
  await eventually(async () => [...(await read(LOGS)).values()].some(isLast), 'the last log file', PATIENCE_MS);
  await eventually(async () => (await report()).Findings.length === 0, 'the final digest', PATIENCE_MS);
  [digests, logs] = [await keys(DIGESTS), await keys(LOGS)];
}, 3 * PATIENCE_MS);
afterAll(cleanUp);

const ask = (input: object, as: Signer = server, signal?: AbortSignal) =>
  signedFetch(as, 'POST', '/opentrail/v1/verify', JSON.stringify(input), {
    service: 'opentrail',
    headers: { 'content-type': 'application/json' },
    ...(signal && { signal }),
  });

async function verify(input: object = { Trail: arn }, as: Signer = server): Promise<Line[]> {
  const answer = await ask(input, as);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
  const lines = (await answer.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Line);
}

const report = async () =>
  (await verify()).at(-1) as unknown as { Result: string; Findings: { Code: string; Object: string }[] };
const statesOf = (lines: readonly Line[], type: string) =>
  Object.fromEntries(lines.filter(({ Type }) => Type === type).map(({ Key, State }) => [Key, State]));
const not = (state: string) => (entry: readonly [string, unknown]) => entry[1] !== state;

/** A user who may do this and nothing else. */
async function userWho(name: string, ...Action: string[]): Promise<Signer> {
  const iam = new IAMClient(clientConfig(server));
  await iam.send(new CreateUserCommand({ UserName: name }));
  const { AccessKey: key } = await iam.send(new CreateAccessKeyCommand({ UserName: name }));
  const statement = { Effect: 'Allow', Action, Resource: '*' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await iam.send(new PutUserPolicyCommand({ UserName: name, PolicyName: 'p', PolicyDocument }));
  return { ...server, accessKeyId: key!.AccessKeyId!, secretAccessKey: key!.SecretAccessKey! };
}

describe('VerifyTrail', () => {
  test('tells how far it is, what each object is worth with its time, and in the end the report', async () => {
    const lines = await verify({ Trail: 'main' });
    expect(lines[0]).toMatchObject({ Type: 'trail', TrailARN: arn, S3BucketName: BUCKET });
    expect(new Set(lines.filter(({ Type }) => Type === 'progress').map(({ Phase }) => Phase))).toEqual(
      new Set(['listing', 'digests', 'log files']),
    );
    const digestStates = statesOf(lines, 'digest');
    expect(Object.keys(digestStates).sort()).toEqual(digests);
    expect(Object.keys(statesOf(lines, 'log-file')).sort()).toEqual(logs);
    expect(Object.values(digestStates).filter((state) => state !== 'valid')).toEqual([]);
    for (const line of lines.filter(({ Type }) => Type === 'digest')) {
      expect(line).toMatchObject({ AccountId: ACCOUNT, Region: 'us-east-1' });
      expect(Date.parse(String(line.StartTime))).toBeLessThan(Date.parse(String(line.Time)));
    }
    expect(lines.at(-1)).toMatchObject({
      Type: 'report',
      Result: 'valid',
      Digests: { Checked: digests.length, Valid: digests.length },
      LogFiles: { Checked: logs.length, Valid: logs.length },
      Findings: [],
    });
  });

  test('finds what the command finds, object by object', async () => {
    const store = s3(server);
    const before = await readBucket(store, BUCKET, LOGS);
    const [changed, missing] = logs as readonly [string, string];
    await store.send(new PutObjectCommand({ Bucket: BUCKET, Key: changed, Body: gzipSync('{"Records":[]}') }));
    await store.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: missing }));
    const lines = await verify();
    expect(Object.entries(statesOf(lines, 'log-file')).filter(not('valid')).sort()).toEqual(
      [
        [changed, 'changed'],
        [missing, 'missing'],
      ].sort(),
    );
    expect(lines.find(({ Key }) => Key === changed)).toMatchObject({ Findings: ['log-file-hash-mismatch'] });
    const ours = lines.at(-1) as unknown as { Result: string; Findings: { Code: string; Object: string }[] };
    expect(ours.Result).toBe('invalid');
    const command = await run(
      process.execPath,
      [COMMAND, 'verify', arn, '--json', '--quiet', '--data-dir', server.dataDir],
      server.env,
    );
    const theirs = (JSON.parse(command.stdout) as { findings: { code: string; object: string }[] }).findings;
    const sorted = (pairs: (readonly [string, string])[]) => pairs.map(String).sort();
    expect(sorted(ours.Findings.map((f) => [f.Code, f.Object]))).toEqual(sorted(theirs.map((f) => [f.code, f.object])));
    for (const [Key, Body] of before) await store.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
  });

  test('shows a digest that is gone where it was', async () => {
    const store = s3(server);
    const gone = digests[1]!;
    const saved = (await readBucket(store, BUCKET, gone)).get(gone)!;
    await store.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: gone }));
    const lines = await verify();
    expect(Object.entries(statesOf(lines, 'digest')).filter(not('valid'))).toEqual([[gone, 'missing']]);
    await store.send(new PutObjectCommand({ Bucket: BUCKET, Key: gone, Body: saved }));
    // Its signature was metadata, and stands in its successor too.
    expect(statesOf(await verify(), 'digest')[gone]).toBe('valid');
  });

  test('reads as the caller, who must be allowed to', async () => {
    const names = ['cloudtrail:DescribeTrails', 'cloudtrail:GetTrailStatus', 'cloudtrail:ListPublicKeys'];
    const nobody = await userWho('nobody', 'opentrail:TailRecords');
    const refused = await ask({ Trail: arn }, nobody);
    expect([refused.status, refused.headers.get('x-amzn-errortype')]).toEqual([403, 'AccessDeniedException']);
    const lister = await userWho('lister', 'opentrail:VerifyTrail', 's3:ListBucket', ...names);
    expect((await verify({ Trail: arn }, lister)).at(-1)).toMatchObject({ Type: 'error', Code: 'AccessDenied' });
    const reader = await userWho('reader', 'opentrail:VerifyTrail', 's3:ListBucket', 's3:GetObject', ...names);
    expect((await verify({ Trail: arn }, reader)).at(-1)).toMatchObject({ Type: 'report' });
    const tail = await signedFetch(server, 'GET', '/opentrail/v1/tail?username=reader&follow=false&last=1000', '', {
      service: 'opentrail',
    });
    const called = (await tail.text()).split('\n').filter((line) => line !== '');
    expect(new Set(called.map((line) => (JSON.parse(line) as { eventName: string }).eventName))).toEqual(
      new Set(['VerifyTrail', 'DescribeTrails', 'GetTrailStatus', 'ListObjects', 'ListPublicKeys', 'GetObject']),
    );
  });

  test('says what is wrong with a question', async () => {
    const cases: [object, number, string, RegExp][] = [
      [{ Trail: 'absent' }, 404, 'TrailNotFoundException', /Unknown trail: absent\. Trails: main/],
      [{ Trail: '' }, 400, 'ValidationException', /name or the ARN/],
      [
        { Trail: arn, StartTime: '2026-01-02T00:00:00Z', EndTime: '2026-01-01T00:00:00Z' },
        400,
        'ValidationException',
        /StartTime/,
      ],
    ];
    for (const [input, status, code, message] of cases) {
      const answer = await ask(input);
      expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([status, code]);
      expect(((await answer.json()) as { message: string }).message).toMatch(message);
    }
    const nothing = await verify({ Trail: arn, StartTime: '2020-01-01T00:00:00Z', EndTime: '2020-01-02T00:00:00Z' });
    expect(nothing.at(-1)).toMatchObject({ Type: 'report', Result: 'nothing-found' });
  });

  test('ends when its client leaves, and leaves the place to others', async () => {
    for (let i = 0; i < 6; i++) {
      const leave = new AbortController();
      const asked = ask({ Trail: arn }, server, leave.signal);
      await asked.then((answer) => answer.body!.getReader().read());
      leave.abort();
    }
    await eventually(async () => (await ask({ Trail: arn })).status === 200, 'a place');
  });
});
