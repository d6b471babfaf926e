import { gunzipSync } from 'node:zlib';
import {
  AddTagsCommand,
  DeleteTrailCommand,
  StartLoggingCommand,
  StopLoggingCommand,
  UpdateTrailCommand,
} from '@aws-sdk/client-cloudtrail';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, expect } from 'vitest';
import { awsRaw, eventually, run, testWith } from './support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { cloudTrail, readBucket, s3 } from './support/sdk.ts';
import { ACCOUNT, allowDelivery, makeTrail } from './support/trail.ts';

afterAll(cleanUp);

const COMMAND = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;
const ARN = `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/main`;
const [FIRST, SECOND] = ['first-evidence', 'second-evidence'];
const FLAGS = { 'delivery-interval-seconds': 1, 'digest-interval-seconds': 1 };

/** Log files and digests of the home Region in all buckets so far. */
async function kept(server: RunningOpenTrail) {
  const objects = new Map<string, Buffer>();
  for (const bucket of [FIRST, SECOND])
    for (const [key, body] of await readBucket(s3(server), bucket, '')) objects.set(`${bucket}/${key}`, body);
  const of = (kind: string) =>
    [...objects.keys()].filter((key) => key.includes(`/${kind}/us-east-1/`) && key.endsWith('.gz'));
  const text = (key: string) => gunzipSync(objects.get(key)!).toString();
  return { logs: of('CloudTrail'), digests: of('CloudTrail-Digest'), text };
}

/** The last record of a trail is that of the call that ended it; the digest that lists its file is the final one. */
async function ended(server: RunningOpenTrail, call: 'StopLogging' | 'DeleteTrail', times: number): Promise<void> {
  await eventually(async () => {
    const { logs, digests, text } = await kept(server);
    const lists = digests.map(text);
    const last = logs.filter((key) => text(key).includes(`"${call}"`)).map((key) => key.slice(key.indexOf('/') + 1));
    return last.filter((key) => lists.some((list) => list.includes(key))).length === times;
  }, 'the final digest');
}

/** Works until there are that many more digests, with log files among them. */
async function work(server: RunningOpenTrail, digests: number): Promise<void> {
  const before = await kept(server);
  await eventually(async () => {
    const tag = { Key: 'at', Value: String(Date.now()) };
    await cloudTrail(server).send(new AddTagsCommand({ ResourceId: ARN, TagsList: [tag] }));
    const now = await kept(server);
    return now.digests.length >= before.digests.length + digests && now.logs.length > before.logs.length;
  }, `${digests} more digests`);
}

/** Both verifiers agree that everything is there and as it was. */
async function expectValid(server: RunningOpenTrail, startMs: number): Promise<void> {
  const start = new Date(startMs).toISOString();
  const { logs, digests } = await kept(server);
  const ourArgs = [COMMAND, 'verify', ARN, '--json', '--start-time', start, '--data-dir', server.dataDir];
  const ours = await run(process.execPath, ourArgs, server.env);
  const cli = await awsRaw(server.env, 'cloudtrail', 'validate-logs', '--trail-arn', ARN, '--start-time', start);
  const { findings } = JSON.parse(ours.stdout) as { findings: { severity: string }[] };
  expect(findings.filter((f) => f.severity === 'invalid')).toEqual([]);
  // Between two sessions nothing was to be delivered, and the CLI says so without calling it wrong.
  expect([cli.code, cli.stderr.replaceAll(/No log files were delivered.*\n?/g, '').trim()]).toEqual([0, '']);
  expect(cli.stdout).toContain(`${digests.length}/${digests.length} digest files valid`);
  expect(cli.stdout).toContain(`${logs.length}/${logs.length} log files valid`);
}

testWith(
  ['aws', 'aws-endpoint-env'],
  'validate-logs follows the digests to another bucket, over a stop and a start, a deletion and a new beginning',
  async () => {
    const startMs = Date.now() - 3_600_000;
    const server = await startOpenTrail({ flags: FLAGS });
    const [ct, store] = [cloudTrail(server), s3(server)];
    await store.send(new CreateBucketCommand({ Bucket: SECOND }));
    await allowDelivery(store, SECOND);
    await makeTrail(server, { Name: 'main', S3BucketName: FIRST, IsMultiRegionTrail: false });
    await work(server, 2);
    await ct.send(new UpdateTrailCommand({ Name: 'main', S3BucketName: SECOND, S3KeyPrefix: 'moved' }));
    await work(server, 3);
    const moved = await kept(server);
    expect(moved.logs.filter((key) => key.startsWith(SECOND)).length).toBeGreaterThan(0);
    await ct.send(new StopLoggingCommand({ Name: 'main' }));
    await ended(server, 'StopLogging', 1);
    await expectValid(server, startMs);

    await ct.send(new StartLoggingCommand({ Name: 'main' }));
    await work(server, 2);
    await ct.send(new StopLoggingCommand({ Name: 'main' }));
    await ended(server, 'StopLogging', 2);
    await expectValid(server, startMs);

    await ct.send(new StartLoggingCommand({ Name: 'main' }));
    await work(server, 2);
    await ct.send(new DeleteTrailCommand({ Name: 'main' }));
    await ended(server, 'DeleteTrail', 1); // else the two would overlap, which validate-logs cannot follow
    const again = { S3BucketName: SECOND, S3KeyPrefix: 'moved', IsMultiRegionTrail: false };
    await makeTrail(server, { Name: 'main', ...again });
    await work(server, 2);
    await ct.send(new StopLoggingCommand({ Name: 'main' }));
    await ended(server, 'StopLogging', 3);
    await expectValid(server, startMs);
    await server.stop();
  },
  360_000,
);
