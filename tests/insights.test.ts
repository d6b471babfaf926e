import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, expect } from 'vitest';
import { aws, eventually, testWith } from './support/clients.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { clientConfig, readBucket, s3, signedFetch } from './support/sdk.ts';
import { ACCOUNT, makeTrail } from './support/trail.ts';

/** Unusual activity is found and told once, by minutes of a server whose clock the test sets forward. */
const CLOCK = new URL('./support/jumping-clock.cjs', import.meta.url).pathname;
const MINUTE_MS = 60_000;
/** Signatures hold for fifteen minutes either way. */
const BEGIN_MINUTES = -8;
const SESSION_SECONDS = 3_600;
const REGION = 'eu-west-1';
const SELECTORS = '[{"InsightType":"ApiCallRateInsight"},{"InsightType":"ApiErrorRateInsight"}]';

interface Insight {
  readonly eventID: string;
  readonly sharedEventID: string;
  readonly eventTime: string;
  readonly insightDetails: {
    readonly state: string;
    readonly insightType: string;
    readonly eventName: string;
    readonly errorCode?: string;
    readonly insightContext: { readonly attributions: readonly { attribute: string; insight: unknown }[] };
  };
}

afterAll(cleanUp);

/** As many calls that were denied, at the server's time. */
async function burst(server: RunningOpenTrail, calls: number, atMs: number): Promise<void> {
  const records = Array.from({ length: calls }, (_, i) => ({
    eventVersion: '1.11',
    userIdentity: { type: 'IAMUser', arn: `arn:aws:iam::${ACCOUNT}:user/eve`, userName: 'eve' },
    eventTime: `${new Date(atMs).toISOString().slice(0, 19)}Z`,
    eventSource: 'ec2.amazonaws.com',
    eventName: 'TerminateInstances',
    awsRegion: REGION,
    userAgent: 'aws-cli/2.0',
    errorCode: 'Client.UnauthorizedOperation',
    eventID: `burst-${i}`,
    readOnly: false,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    eventCategory: 'Management',
  }));
  const body = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  const answer = await signedFetch(server, 'POST', `/opentrail/v1/records?account=${ACCOUNT}`, body);
  expect(await answer.json()).toMatchObject({ AcceptedCount: calls });
}

testWith(
  ['aws', 'aws-endpoint-env'],
  'aws: a burst of calls and errors is told at its start and its end, over kill -9, and reaches the trail',
  async () => {
    const folder = newFolder('insights');
    const file = join(folder, 'offset');
    let offsetMs = BEGIN_MINUTES * MINUTE_MS;
    const set = () => {
      writeFileSync(`${file}.new`, String(offsetMs));
      renameSync(`${file}.new`, file);
    };
    set();
    const start = () =>
      startOpenTrail({
        dataDir: join(folder, 'data'),
        flags: { 'insights-warm-up-seconds': 60, 'insights-lateness-seconds': 60, 'delivery-interval-seconds': 1 },
        env: { OPENTRAIL_TEST_CLOCK: file, NODE_OPTIONS: `--require=${CLOCK}` },
      });
    let server = await start();
    /** A call that says what time it is there, and by whose record the time goes on for whoever follows the Log. */
    const serverMs = async () => {
      const command = new GetSessionTokenCommand({ DurationSeconds: SESSION_SECONDS });
      const { Credentials } = await new STSClient(clientConfig(server)).send(command);
      return Credentials!.Expiration!.getTime() - SESSION_SECONDS * 1_000;
    };
    const nextMinute = async () => {
      const beforeMs = Date.now() + offsetMs;
      offsetMs += MINUTE_MS;
      set();
      // Whole seconds.
      await eventually(async () => (await serverMs()) >= beforeMs + MINUTE_MS - 1_000, 'the next minute');
    };
    const found = async () => {
      const { Events = [] } = await aws<{ Events?: { CloudTrailEvent: string }[] }>(
        server.env,
        ...['cloudtrail', 'lookup-events', '--event-category', 'insight', '--region', REGION],
      );
      return Events.map(({ CloudTrailEvent }) => JSON.parse(CloudTrailEvent) as Insight);
    };
    const told = async (count: number) => {
      const insights = await eventually(async () => {
        const all = await found();
        return all.length >= count && all;
      }, `${count} Insights`);
      return insights.map(({ insightDetails: { state, insightType, eventName, errorCode = '' } }) =>
        [state, insightType, eventName, errorCode].join(' ').trim(),
      );
    };

    await makeTrail(server, { Name: 'main', S3BucketName: 'logs' });
    await aws(
      server.env,
      'cloudtrail',
      'put-insight-selectors',
      '--trail-name',
      'main',
      '--insight-selectors',
      SELECTORS,
    );
    await nextMinute();
    await nextMinute();
    await burst(server, 60, Date.now() + offsetMs);
    await nextMinute();
    const starts = [
      'Start ApiCallRateInsight TerminateInstances',
      'Start ApiErrorRateInsight TerminateInstances Client.UnauthorizedOperation',
    ];
    expect((await told(2)).sort()).toEqual(starts);

    await server.kill();
    server = await start();
    for (let i = 0; i < 5; i++) await nextMinute();
    expect((await told(4)).sort()).toEqual([...starts.map((text) => text.replace('Start', 'End')), ...starts]);
    const insights = await found();
    expect(insights).toHaveLength(4);
    expect(new Set(insights.map(({ eventID }) => eventID)).size).toBe(4);
    expect(new Set(insights.map(({ sharedEventID }) => sharedEventID)).size).toBe(2);
    for (const { insightDetails } of insights) {
      expect(insightDetails.insightContext.attributions[0]).toMatchObject({
        attribute: 'userIdentityArn',
        insight: [{ value: `arn:aws:iam::${ACCOUNT}:user/eve` }],
      });
    }

    const delivered = async () => {
      const files = await readBucket(s3(server), 'logs', `AWSLogs/${ACCOUNT}/CloudTrail-Insight/${REGION}/`);
      const records = [...files.values()].flatMap(
        (body) => JSON.parse(gunzipSync(body).toString()).Records as Insight[],
      );
      return records.length >= 4 && records;
    };
    const inFiles = await eventually(delivered, 'the Insights in log files');
    expect(inFiles.map(({ eventID }) => eventID).sort()).toEqual(insights.map(({ eventID }) => eventID).sort());
    expect(await server.stop()).toBe(0);
  },
  180_000,
);
