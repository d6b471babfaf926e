import { spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CreateTrailCommand, GetTrailStatusCommand, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { CreateBucketCommand, DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, expect, test } from 'vitest';
import { eventually, run, testWith } from './support/clients.ts';
import { allDigested, DeliveredFiles, expectOnce, historyOf, trailArn, verifyChain } from './support/crash/checks.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { cloudTrail, s3, signedFetch } from './support/sdk.ts';
import { canMakeSmallDisk, makeSmallDisk, type SmallDisk } from './support/small-disk.ts';
import { ACCOUNT, makeTrail } from './support/trail.ts';

/**
 * A disk that fills while clients write: all at once, slowly up to the reserve, and to the last byte, over a restart.
 * What is refused is refused in AWS's words and was not taken; what was acknowledged is delivered once in the end.
 * Where this process may not mount, it runs itself in a namespace in which it may, if the machine allows that.
 */
const DISK_MEBIBYTES = 256;
const RESERVE_BYTES = (DISK_MEBIBYTES << 20) / 10;
const LOGS = 'full-logs';
const DATA = 'full-data';
const USER = 'filler';
const FLAGS = {
  'delivery-interval-seconds': 1,
  'digest-interval-seconds': 2,
  regions: 'us-east-1',
  'segment-events-max': 2000,
};

let disk: SmallDisk | undefined;
afterAll(async () => {
  await cleanUp();
  disk?.remove();
});

const record = (eventID: string) =>
  JSON.stringify({
    eventVersion: '1.08',
    userIdentity: { type: 'IAMUser', principalId: 'AIDAEXAMPLE', accountId: ACCOUNT, userName: USER },
    eventTime: `${new Date().toISOString().slice(0, 19)}Z`,
    eventSource: 'ec2.amazonaws.com',
    eventName: 'RunInstances',
    awsRegion: 'us-east-1',
    sourceIPAddress: '192.0.2.1',
    userAgent: 'disk-full-test',
    requestParameters: { ballast: randomBytes(400).toString('base64') }, // what no compression makes small
    responseElements: null,
    requestID: randomUUID(),
    eventID,
    readOnly: false,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    eventCategory: 'Management',
  });

/** Writes a batch. @returns whether it was taken; a refusal is AWS's */
async function write(server: RunningOpenTrail, acknowledged: Set<string>, count = 100): Promise<boolean> {
  const ids = Array.from({ length: count }, () => randomUUID());
  const answer = await signedFetch(server, 'POST', '/opentrail/v1/records', ids.map(record).join('\n'));
  const body = (await answer.json()) as { AcceptedCount?: number; message?: string };
  if (answer.status === 200) {
    expect(body.AcceptedCount).toBe(count);
    for (const id of ids) acknowledged.add(id);
    return true;
  }
  expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([503, 'ServiceUnavailable']);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  return false;
}

/** Writes until nothing was taken for a while. */
async function writeUntilRefused(server: RunningOpenTrail, acknowledged: Set<string>, quietMs: number) {
  for (let lastTaken = performance.now(); performance.now() - lastTaken < quietMs; ) {
    if (await write(server, acknowledged)) lastTaken = performance.now();
    else await new Promise((resume) => setTimeout(resume, 50));
  }
}

const readiness = async (server: RunningOpenTrail) => {
  const answer = await fetch(`${server.endpoint}/readyz`);
  const { troubles } = (await answer.json()) as { troubles: string[] };
  return { status: answer.status, troubles };
};
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => 'taken',
    (error) => error.name,
  );
const lookUp = (server: RunningOpenTrail) => cloudTrail(server).send(new LookupEventsCommand({ MaxResults: 5 }));
const putObject = (server: RunningOpenTrail, key: string) =>
  s3(server).send(new PutObjectCommand({ Bucket: DATA, Key: key, Body: `body of ${key}` }));
const createTrail = (server: RunningOpenTrail) =>
  cloudTrail(server).send(new CreateTrailCommand({ Name: 'refused', S3BucketName: LOGS }));

async function deliverAll(server: RunningOpenTrail, acknowledged: ReadonlySet<string>): Promise<DeliveredFiles> {
  const files = new DeliveredFiles(server, LOGS);
  await eventually(async () => {
    await files.refresh();
    const seen = new Set(files.events('full').map((e) => e.eventID));
    return [...acknowledged].every((id) => seen.has(id));
  }, 'all acknowledged events in log files');
  return files;
}

async function fillDisk(): Promise<void> {
  disk = makeSmallDisk(DISK_MEBIBYTES);
  const dataDir = join(disk.path, 'data');
  const acknowledged = new Set<string>();
  let server = await startOpenTrail({ dataDir, flags: FLAGS });
  await makeTrail(server, { Name: 'full', S3BucketName: LOGS, S3KeyPrefix: 'full' });
  await s3(server).send(new CreateBucketCommand({ Bucket: DATA }));
  await putObject(server, 'early');
  await putObject(server, 'doomed');

  // All at once, under writers: every write anywhere may fail.
  const over = new AbortController();
  const writers = [0, 1].map(async () => {
    while (!over.signal.aborted) await write(server, acknowledged);
  });
  await eventually(async () => acknowledged.size > 500, 'the first events');
  disk.fill(0);
  await eventually(async () => (await readiness(server)).status === 503, 'trouble');
  // Deliveries, digests and sealing fall due meanwhile.
  await eventually(async () => server.log().split('ENOSPC: no space').length > 4, 'some refusals of the disk');
  disk.empty();
  const before = acknowledged.size;
  await eventually(async () => acknowledged.size > before + 500, 'events again, by itself');
  over.abort();
  await Promise.all(writers);

  // Slowly, by what is written: everything under way is finished out of the reserve.
  disk.fill(36 << 20);
  await writeUntilRefused(server, acknowledged, 3_000);
  await deliverAll(server, acknowledged);
  const unsealed = () => readdirSync(join(dataDir, 'log')).filter((name) => name.endsWith('.wal')).length;
  await eventually(async () => unsealed() === 1, 'all complete segments sealed');
  disk.fill(RESERVE_BYTES * 0.75);
  await eventually(async () => (await readiness(server)).status === 503, 'refusal for want of space');
  expect((await readiness(server)).troubles.join()).toMatch(/disk full: .* MiB are free/);
  expect(await write(server, acknowledged)).toBe(false);
  expect(await refusal(putObject(server, 'late'))).toBe('SlowDown');
  expect(await refusal(createTrail(server))).toBe('ThrottlingException');
  expect((await lookUp(server)).Events).toHaveLength(5);
  expect((await cloudTrail(server).send(new GetTrailStatusCommand({ Name: 'full' }))).IsLogging).toBe(true);
  const early = await s3(server).send(new GetObjectCommand({ Bucket: DATA, Key: 'early' }));
  expect(await early.Body!.transformToString()).toBe('body of early');
  await s3(server).send(new DeleteObjectCommand({ Bucket: DATA, Key: 'doomed' }));

  // To the last byte, over starts and stops.
  for (const end of ['kill', 'stop', 'kill'] as const) {
    disk.fill(0);
    await eventually(async () => (await readiness(server)).status === 503, 'trouble at the last byte');
    expect(await write(server, acknowledged)).toBe(false);
    expect(await refusal(putObject(server, 'late'))).toBe('SlowDown');
    expect(await refusal(createTrail(server))).toBe('ThrottlingException');
    await server[end]();
    server = await startOpenTrail({ dataDir, flags: FLAGS });
  }
  disk.empty();
  await eventually(async () => write(server, acknowledged), 'events again, by itself');
  await eventually(async () => (await readiness(server)).status === 200, 'ready again');
  await putObject(server, 'late');

  expectOnce(await historyOf(server, 'us-east-1', USER), acknowledged, 'history');
  const files = await deliverAll(server, acknowledged);
  expectOnce(
    files.events('full').map((e) => e.eventID),
    acknowledged,
    'log files',
  );
  await allDigested(files, 'full');
  await verifyChain(server, trailArn('full'), ['us-east-1']);
  expect(await server.stop()).toBe(0);
  process.stderr.write(`disk-full test: ${acknowledged.size} events acknowledged on ${DISK_MEBIBYTES} MiB\n`);
}

const NAME = 'a disk that fills refuses, keeps all it took, and goes on when there is room';
const TIMEOUT_MS = 300_000;
const UNSHARE = ['-Urm', process.execPath];
const inNamespace = !canMakeSmallDisk() && spawnSync('unshare', [...UNSHARE, '-e', '']).status === 0;
if (inNamespace) {
  test(`${NAME} (in a namespace)`, { timeout: TIMEOUT_MS }, async () => {
    const vitest = new URL('../node_modules/vitest/vitest.mjs', import.meta.url).pathname;
    const done = await run('unshare', [...UNSHARE, vitest, 'run', import.meta.filename], {});
    expect(done.code, done.stdout + done.stderr).toBe(0);
  });
} else {
  testWith(['small-disk'], NAME, fillDisk, TIMEOUT_MS);
}
