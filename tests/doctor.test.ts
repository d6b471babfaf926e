import { StopLoggingCommand } from '@aws-sdk/client-cloudtrail';
import { CreateBucketCommand, DeleteBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { afterAll, expect, test } from 'vitest';
import { run } from './support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { cloudTrail, s3 } from './support/sdk.ts';
import { makeTrail } from './support/trail.ts';

afterAll(cleanUp);

const COMMAND = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;
const doctor = (server: RunningOpenTrail, ...args: string[]) =>
  run(process.execPath, [COMMAND, 'doctor', ...args, '--data-dir', server.dataDir], server.env);

interface Diagnosis {
  readonly healthy: boolean;
  readonly findings: readonly {
    readonly about: string;
    readonly state: string;
    readonly fix?: { readonly policy?: object };
  }[];
}

test('doctor finds what a trail lacks, and what it prints mends it', async () => {
  const server = await startOpenTrail();
  const [ct, store] = [cloudTrail(server), s3(server)];
  const arn = await makeTrail(server, { Name: 'main', S3BucketName: 'doctored-logs', S3KeyPrefix: 'all' });
  const well = await doctor(server, 'main');
  expect([well.stderr, well.code]).toEqual(['', 0]);
  expect(well.stdout).toContain(`Trail ${arn}`);

  await store.send(new DeleteBucketPolicyCommand({ Bucket: 'doctored-logs' }));
  await ct.send(new StopLoggingCommand({ Name: 'main' }));
  const ill = await doctor(server, arn, '--json');
  expect(ill.code).toBe(1);
  const { healthy, findings } = JSON.parse(ill.stdout) as Diagnosis;
  expect(healthy).toBe(false);
  const bad = findings.filter(({ state }) => state === 'bad');
  expect(bad.map(({ about }) => about)).toEqual(expect.arrayContaining(['logging', 'bucket policy']));

  const Policy = JSON.stringify(bad.find(({ about }) => about === 'bucket policy')!.fix!.policy);
  await store.send(new PutBucketPolicyCommand({ Bucket: 'doctored-logs', Policy }));
  const mended = await doctor(server, 'main');
  expect(mended.code).toBe(1);
  expect(mended.stdout).toMatch(/BAD {2}logging .*stopped/);
  expect(mended.stdout).toMatch(/ok {3}bucket policy/);

  await store.send(new CreateBucketCommand({ Bucket: 'other' }));
  const none = await doctor(server, 'no-such-trail');
  expect([none.code, none.stdout]).toEqual([1, '']);
  expect(none.stderr).toContain('There is no trail "no-such-trail"');
  await server.stop();
});
