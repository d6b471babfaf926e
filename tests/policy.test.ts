import { CreateTrailCommand, DescribeTrailsCommand } from '@aws-sdk/client-cloudtrail';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, expect, test } from 'vitest';
import { run } from './support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { cloudTrail, s3 } from './support/sdk.ts';

afterAll(cleanUp);

const COMMAND = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;
const opentrail = (server: RunningOpenTrail, ...args: string[]) =>
  run(process.execPath, [COMMAND, ...args, '--data-dir', server.dataDir], server.env);

test('policy prints the least policy that covers what a user did, data events too; tail shows it since a time', async () => {
  const server = await startOpenTrail();
  const [ct, store] = [cloudTrail(server), s3(server)];
  await store.send(new CreateBucketCommand({ Bucket: 'things' }));
  await store.send(new PutObjectCommand({ Bucket: 'things', Key: 'a/b', Body: 'x' }));
  await store.send(new GetObjectCommand({ Bucket: 'things', Key: 'a/b' }));
  await store.send(new ListObjectsV2Command({ Bucket: 'things', Prefix: 'a/' }));
  await ct.send(new DescribeTrailsCommand({}));
  // No policy lets CloudTrail in: a failure, but not for want of a permission of the caller's.
  await ct.send(new CreateTrailCommand({ Name: 'main', S3BucketName: 'things' })).catch(() => undefined);

  const printed = await opentrail(server, 'policy', '--user', 'opentrail', '--since', '1h');
  expect(printed.stderr).toBe('');
  expect(JSON.parse(printed.stdout)).toEqual({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['cloudtrail:CreateTrail', 'cloudtrail:DescribeTrails', 's3:CreateBucket'],
        Resource: ['*'],
      },
      { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: ['arn:aws:s3:::things/a/b'] },
      { Effect: 'Allow', Action: ['s3:ListBucket'], Resource: ['arn:aws:s3:::things'] },
    ],
  });

  const nobody = await opentrail(server, 'policy', '--role', 'nobody');
  expect(nobody.stderr).toMatch(/^No calls of nobody were found/);
  expect(JSON.parse(nobody.stdout).Statement).toEqual([]);
  const both = await opentrail(server, 'policy', '--user', 'a', '--role', 'b');
  expect([both.code, both.stderr]).toEqual([1, expect.stringMatching(/one of --user, --role and --access-key/)]);

  const shown = await opentrail(server, 'tail', '--since', '1h', '--event-name', 'PutObject');
  expect(shown.stdout.trim().split('\n')).toHaveLength(1);
  const none = await opentrail(server, 'tail', '--since', '2099-01-01');
  expect(none.stdout).toBe('');
  await server.stop();
});
