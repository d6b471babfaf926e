import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { eventually, testWith } from './support/clients.ts';
import { cleanUp, newFolder, startOpenTrail } from './support/opentrail.ts';
import { blockOf, typeAsWritten } from './support/walk.ts';

afterAll(cleanUp);

const ROOT = dirname(import.meta.dirname);
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

const block = (title: string) => blockOf(README, title);
const type = typeAsWritten;

testWith(['aws', 'aws-endpoint-env'], 'what the README tells a person to type works as written', async () => {
  const server = await startOpenTrail({ flags: { 'delivery-interval-seconds': 1, 'digest-interval-seconds': 3 } });
  const cwd = newFolder('walk');
  const first = await type(block('walk-through'), server, cwd);
  expect(first.code, first.stderr + first.stdout).toBe(0);
  const history = JSON.parse(first.stdout.slice(first.stdout.indexOf('{\n    "Events"'))) as {
    Events: { EventName: string; CloudTrailEvent: string }[];
  };
  expect(history.Events.map((e) => e.EventName)).toEqual(['CreateTrail']);
  expect(JSON.parse(history.Events[0]!.CloudTrailEvent)).toMatchObject({
    eventSource: 'cloudtrail.amazonaws.com',
    userIdentity: { type: 'IAMUser', userName: 'opentrail' },
    requestParameters: { name: 'main', s3BucketName: 'my-logs', isMultiRegionTrail: true },
    responseElements: { trailARN: 'arn:aws:cloudtrail:us-east-1:123456789012:trail/main' },
  });

  const listDigests = 'aws s3 ls --recursive s3://my-logs/AWSLogs/123456789012/CloudTrail-Digest/us-east-1/';
  await eventually(async () => (await type(listDigests, server, cwd)).stdout.includes('.json.gz'), 'a first digest');
  const second = await type(block('walk-through: after the first digest'), server, cwd);
  expect(second.code, second.stderr + second.stdout).toBe(0);
  expect(second.stdout).toMatch(/(\d+)\/\1 digest files valid/);
  expect(second.stdout).toMatch(/"IsLogging": true/);
  expect(await server.stop()).toBe(0);
});
