import { gunzipSync } from 'node:zlib';
import { type LookupAttributeKey, LookupEventsCommand, PutInsightSelectorsCommand } from '@aws-sdk/client-cloudtrail';
import { afterAll, describe, expect, test } from 'vitest';
import { toLookupEvent } from '../packages/server/src/event/lookup-event.ts';
import { sliceRecords } from '../packages/server/src/event/slice.ts';
import { realDataDir, realFiles } from '../packages/server/src/testing/real-data.ts';
import { eventually } from './support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { cloudTrail, readBucket, s3, signedFetch } from './support/sdk.ts';
import { ACCOUNT, makeTrail } from './support/trail.ts';

afterAll(cleanUp);

if (!realDataDir)
  process.stderr.write('LEFT OUT, because the real records are not beside this checkout: tests/real-records.test.ts\n');

interface Stored {
  readonly json: string;
  readonly region: string;
  readonly isInsight: boolean;
  readonly event: ReturnType<typeof toLookupEvent>;
}

const isInsight = (json: Buffer) => JSON.parse(json.toString()).eventCategory === 'Insight';

describe.skipIf(!realDataDir)('real CloudTrail records', () => {
  test('go in, come out of log files byte for byte, and are found by each of their attributes', {
    timeout: 300_000,
  }, async () => {
    const server = await startOpenTrail({
      flags: { 'delivery-interval-seconds': 2, 'history-days': 36_500, 'log-level': 'warn' },
    });
    await makeTrail(server, { Name: 'real', S3BucketName: 'real-logs' });
    const InsightSelectors = (['ApiCallRateInsight', 'ApiErrorRateInsight'] as const).map((InsightType) => ({
      InsightType,
    }));
    await cloudTrail(server).send(new PutInsightSelectorsCommand({ TrailName: 'real', InsightSelectors }));
    const sent: Stored[] = [];
    for (const { bytes } of realFiles('events', '.ndjson')) {
      const answer = await signedFetch(server, 'POST', `/opentrail/v1/records?account=${ACCOUNT}`, bytes);
      const { RefusedCount, Results } = (await answer.json()) as {
        RefusedCount: number;
        Results: { ErrorMessage?: string }[];
      };
      expect(RefusedCount, JSON.stringify(Results.find((r) => r.ErrorMessage))).toBe(0);
      for (const slice of sliceRecords(bytes)) {
        if ('refused' in slice) continue;
        const json = slice.json.toString();
        const region = JSON.parse(json).awsRegion;
        sent.push({ json, region, isInsight: isInsight(slice.json), event: toLookupEvent(slice.json) });
      }
    }
    expect(sent.length).toBeGreaterThan(2_000);
    const insights = sent.filter((stored) => stored.isInsight);
    const others = sent.filter((stored) => !stored.isInsight);
    expect(insights.length).toBeGreaterThan(0);
    await expectDelivered(server, 'CloudTrail', others);
    await expectDelivered(server, 'CloudTrail-Insight', insights);
    expect(await expectFound(server, others)).toBe(8);
    expect(await expectFound(server, insights)).toBe(3);
    await server.stop();
  });
});

async function expectDelivered(server: RunningOpenTrail, folder: string, sent: readonly Stored[]): Promise<void> {
  const ours = (json: string) =>
    json.includes('"eventSource":"cloudtrail.amazonaws.com"') && json.includes(`user/opentrail`);
  const delivered = await eventually(async () => {
    const objects = await readBucket(s3(server), 'real-logs', `AWSLogs/${ACCOUNT}/${folder}/`);
    const records = [...objects.values()]
      .filter((body) => body.length > 0)
      .flatMap((body) => [...sliceRecords(gunzipSync(body))].map((s) => ('json' in s ? s.json.toString() : 'refused')));
    const foreign = records.filter((json) => !ours(json));
    return foreign.length >= sent.length ? foreign : undefined;
  }, 'all records in log files');
  expect(delivered.sort()).toEqual(sent.map((s) => s.json).sort());
}

interface Wanted {
  readonly region: string;
  readonly isInsight: boolean;
  readonly key: LookupAttributeKey;
  readonly value: string;
  readonly ids: string[];
}

/** Asks for each value of each attribute once, and expects exactly the records that have it. @returns how many attributes */
async function expectFound(server: RunningOpenTrail, sent: readonly Stored[]): Promise<number> {
  const wanted = new Map<string, Wanted>();
  for (const { region, isInsight, event } of sent) {
    const pairs: [LookupAttributeKey, string | undefined][] = [
      ['EventId', event.EventId],
      ['EventName', event.EventName],
      ['ReadOnly', event.ReadOnly],
      ['Username', event.Username],
      ['EventSource', event.EventSource],
      ['AccessKeyId', event.AccessKeyId],
      ...(event.Resources ?? []).flatMap((r): [LookupAttributeKey, string | undefined][] => [
        ['ResourceType', r.ResourceType],
        ['ResourceName', r.ResourceName],
      ]),
    ];
    for (const [key, value] of pairs) {
      if (!value) continue;
      const id = JSON.stringify([region, key, value]);
      const entry = wanted.get(id) ?? { region, isInsight, key, value, ids: [] };
      entry.ids.push(event.EventId ?? '');
      wanted.set(id, entry);
    }
  }
  for (const one of wanted.values()) {
    const { region, key, value, ids } = one;
    const unique = new Set(ids);
    const found = await lookUp(server, one);
    const missing = [...unique].filter((id) => !found.has(id));
    expect({ region, key, value, missing }).toEqual({ region, key, value, missing: [] });
  }
  return new Set([...wanted.values()].map((w) => w.key)).size;
}

async function lookUp(server: RunningOpenTrail, { region, isInsight, key, value }: Wanted): Promise<Set<string>> {
  const client = cloudTrail(server, region);
  const ids = new Set<string>();
  let token: string | undefined;
  do {
    const page = await client.send(
      new LookupEventsCommand({
        LookupAttributes: [{ AttributeKey: key, AttributeValue: value }],
        ...(isInsight && { EventCategory: 'insight' }),
        NextToken: token,
        StartTime: new Date(0),
      }),
    );
    for (const event of page.Events ?? []) ids.add(event.EventId ?? '');
    token = page.NextToken;
  } while (token !== undefined);
  return ids;
}
