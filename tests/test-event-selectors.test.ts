import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { GetEventSelectorsCommand, PutEventSelectorsCommand } from '@aws-sdk/client-cloudtrail';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, run } from './support/clients.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { cloudTrail, readBucket, s3, signedFetch } from './support/sdk.ts';
import { ACCOUNT, makeTrail } from './support/trail.ts';

const COMMAND = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;
let server: RunningOpenTrail;
beforeAll(async () => {
  server = await startOpenTrail({ flags: { 'delivery-interval-seconds': 1 } });
  await putRecords(3000);
});
afterAll(cleanUp);

const SOURCES = ['ec2', 'iam', 'kms'];
const REGIONS = ['us-east-1', 'eu-west-1'];

/** `count` management calls, by turns of three services, two Regions, reads and writes. */
async function putRecords(count: number, accountId = ACCOUNT) {
  const records = Array.from({ length: count }, (_, i) =>
    JSON.stringify({
      eventVersion: '1.11',
      userIdentity: { type: 'IAMUser', accountId, userName: 'alice' },
      eventTime: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, ''),
      eventSource: `${SOURCES[i % 3]}.amazonaws.com`,
      eventName: 'Something',
      awsRegion: REGIONS[i % 2],
      readOnly: i % 4 < 2,
      eventID: `${accountId.slice(0, 8)}-0000-4000-8000-${String(i).padStart(12, '0')}`,
      eventType: 'AwsApiCall',
      managementEvent: true,
      eventCategory: 'Management',
      recipientAccountId: accountId,
    }),
  );
  const answer = await native('/opentrail/v1/records', records.join('\n'), 'application/x-ndjson');
  expect(await answer.json()).toMatchObject({ AcceptedCount: count });
}

const native = (
  path: string,
  body: string,
  type = 'application/json',
  as: Parameters<typeof signedFetch>[0] = server,
) => signedFetch(as, 'POST', path, body, { service: 'opentrail', headers: { 'content-type': type } });

async function ask(input: object, as?: Parameters<typeof signedFetch>[0]) {
  const answer = await native('/opentrail/v1/selectors/test', JSON.stringify(input), undefined, as);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Record<string, number> & {
    Complete: boolean;
    BySource: { EventSource: string; EventCount: number; Bytes: number }[];
  };
}

const of = (tested: Awaited<ReturnType<typeof ask>>) =>
  Object.fromEntries(tested.BySource.map(({ EventSource, EventCount }) => [EventSource.split('.')[0], EventCount]));

describe('TestEventSelectors', () => {
  test('counts what selectors and Regions select, of the own account alone', async () => {
    await native('/opentrail/v1/accounts', JSON.stringify({ AccountId: '210987654321' }));
    await putRecords(50, '210987654321');
    const all = await ask({ IsMultiRegionTrail: true });
    expect(all.Complete).toBe(true);
    expect(of(all)).toMatchObject({ ec2: 1000, iam: 1000, kms: 1000 });
    expect(all.Bytes).toBeGreaterThan(3000 * 300);
    expect(all.GzipBytes).toBeGreaterThan(0);
    expect(all.GzipBytes).toBeLessThan(all.Bytes! / 5);
    expect(all.AccountEventCount).toBeGreaterThanOrEqual(all.EventCount!);

    expect(of(await ask({ HomeRegion: 'eu-west-1' }))).toEqual({ ec2: 500, iam: 500, kms: 500 });
    expect(of(await ask({ IncludeGlobalServiceEvents: false }))).toMatchObject({ ec2: 500, kms: 500 });
    expect(of(await ask({ IncludeGlobalServiceEvents: false })).iam).toBeUndefined();
    const reads = [
      {
        ReadWriteType: 'ReadOnly',
        IncludeManagementEvents: true,
        ExcludeManagementEventSources: ['kms.amazonaws.com'],
      },
    ];
    expect(of(await ask({ EventSelectors: reads, HomeRegion: 'eu-west-1' }))).toEqual({ ec2: 250, iam: 250 });
    expect(
      of(await ask({ IsMultiRegionTrail: true, StartTime: '2020-01-01T00:00:00Z', EndTime: '2020-02-01T00:00:00Z' })),
    ).toEqual({});
  });

  test('says as much as a trail with these selectors logs', async () => {
    const store = s3(server);
    const Name = 'selected';
    await makeTrail(server, { Name, S3BucketName: 'logs', IsMultiRegionTrail: true });
    const AdvancedEventSelectors = [
      {
        FieldSelectors: [
          { Field: 'eventCategory', Equals: ['Data'] },
          { Field: 'resources.type', Equals: ['AWS::S3::Object'] },
          { Field: 'eventName', StartsWith: ['Put'] },
          { Field: 'resources.ARN', StartsWith: ['arn:aws:s3:::mine/a'] },
        ],
      },
    ];
    await cloudTrail(server).send(new PutEventSelectorsCommand({ TrailName: Name, AdvancedEventSelectors }));
    await store.send(new CreateBucketCommand({ Bucket: 'mine' }));
    for (const Key of ['a1', 'b1', 'a2', 'a3'])
      await store.send(new PutObjectCommand({ Bucket: 'mine', Key, Body: Key }));
    const tested = await ask({ AdvancedEventSelectors, IsMultiRegionTrail: true });
    expect([tested.EventCount, of(tested)]).toEqual([3, { s3: 3 }]);
    const delivered = await eventually(async () => {
      const files = [...(await readBucket(store, 'logs', `AWSLogs/${ACCOUNT}/CloudTrail/`))].map(([, body]) => body);
      const records = files
        .filter((body) => body.length > 0)
        .flatMap((body) => (JSON.parse(gunzipSync(body).toString()) as { Records: { eventName: string }[] }).Records)
        .filter(({ eventName }) => eventName === 'PutObject');
      return records.length === tested.EventCount && records;
    }, 'three records');
    expect(delivered).toHaveLength(3);

    const command = async (...args: string[]) => {
      const done = await run(
        process.execPath,
        [COMMAND, 'selectors', 'test', ...args, '--data-dir', server.dataDir],
        server.env,
      );
      expect(done.stderr).toBe('');
      return done.stdout;
    };
    expect(await command(Name)).toMatch(
      /^3 of \d+ events, [\d.]+ kB, in log files some [\d.]+ k?B\n {2}s3\.amazonaws\.com +3 /,
    );
    const file = join(newFolder('selectors'), 'selectors.json');
    const got = await cloudTrail(server).send(new GetEventSelectorsCommand({ TrailName: Name }));
    writeFileSync(file, JSON.stringify(got.AdvancedEventSelectors));
    expect(JSON.parse(await command(file, '--json'))).toMatchObject({ EventCount: 3, Complete: true });
  });

  test('refuses what PutEventSelectors refuses, and whom policies refuse', async () => {
    const cases: [object, number, string][] = [
      [{ EventSelectors: [] }, 400, 'InvalidEventSelectorsException'],
      [
        { AdvancedEventSelectors: [{ FieldSelectors: [{ Field: 'x', Equals: ['y'] }] }] },
        400,
        'InvalidEventSelectorsException',
      ],
      [{ StartTime: '2026-01-02T00:00:00Z', EndTime: '2026-01-01T00:00:00Z' }, 400, 'ValidationException'],
      [{ IsOrganizationTrail: true }, 400, 'OrganizationsNotInUseException'],
    ];
    for (const [input, status, code] of cases) {
      const answer = await native('/opentrail/v1/selectors/test', JSON.stringify(input));
      expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([status, code]);
    }
  });
});
