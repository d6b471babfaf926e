import { gunzipSync } from 'node:zlib';
import { type LookupAttributeKey, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
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
  readonly event: ReturnType<typeof toLookupEvent>;
}

/** Trails select Insight events by insight selectors only, which are not built yet (docs/parity.md). */
const isInsight = (json: Buffer) => JSON.parse(json.toString()).eventCategory === 'Insight';

describe.skipIf(!realDataDir)('real CloudTrail records', () => {
  test('go in, come out of log files byte for byte, and are found by each of their attributes', {
    timeout: 300_000,
  }, async () => {
    const server = await startOpenTrail({
      flags: { 'delivery-interval-seconds': 2, 'history-days': 36_500, 'log-level': 'warn' },
    });
    await makeTrail(server, { Name: 'real', S3BucketName: 'real-logs' });
    const sent: Stored[] = [];
    for (const { bytes } of realFiles('events', '.ndjson')) {
      const answer = await signedFetch(server, 'POST', `/opentrail/v1/records?account=${ACCOUNT}`, bytes);
      const { RefusedCount, Results } = (await answer.json()) as {
        RefusedCount: number;
        Results: { ErrorMessage?: string }[];
      };
      expect(RefusedCount, JSON.stringify(Results.find((r) => r.ErrorMessage))).toBe(0);
      for (const slice of sliceRecords(bytes)) {
        if ('refused' in slice || isInsight(slice.json)) continue;
        const json = slice.json.toString();
        sent.push({ json, region: JSON.parse(json).awsRegion, event: toLookupEvent(slice.json) });
      }
    }
    expect(sent.length).toBeGreaterThan(2_000);
    await expectDelivered(server, sent);
    await expectFound(server, sent);
    await server.stop();
  });
});

async function expectDelivered(server: RunningOpenTrail, sent: readonly Stored[]): Promise<void> {
  const ours = (json: string) =>
    json.includes('"eventSource":"cloudtrail.amazonaws.com"') && json.includes(`user/opentrail`);
  const delivered = await eventually(async () => {
    const objects = await readBucket(s3(server), 'real-logs', `AWSLogs/${ACCOUNT}/CloudTrail/`);
    const records = [...objects.values()]
      .filter((body) => body.length > 0)
      .flatMap((body) => [...sliceRecords(gunzipSync(body))].map((s) => ('json' in s ? s.json.toString() : 'refused')));
    const foreign = records.filter((json) => !ours(json));
    return foreign.length >= sent.length ? foreign : undefined;
  }, 'all records in log files');
  expect(delivered.sort()).toEqual(sent.map((s) => s.json).sort());
}

/** Asks for each value of each attribute once, and expects exactly the records that have it. */
async function expectFound(server: RunningOpenTrail, sent: readonly Stored[]): Promise<void> {
  const wanted = new Map<string, { region: string; key: LookupAttributeKey; value: string; ids: string[] }>();
  for (const { region, event } of sent) {
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
      const entry = wanted.get(id) ?? { region, key, value, ids: [] };
      entry.ids.push(event.EventId ?? '');
      wanted.set(id, entry);
    }
  }
  expect(new Set([...wanted.values()].map((w) => w.key)).size).toBe(8);
  for (const { region, key, value, ids } of wanted.values()) {
    const unique = new Set(ids);
    const found = await lookUp(server, region, key, value);
    const missing = [...unique].filter((id) => !found.has(id));
    expect({ region, key, value, missing }).toEqual({ region, key, value, missing: [] });
  }
}

async function lookUp(
  server: RunningOpenTrail,
  region: string,
  key: LookupAttributeKey,
  value: string,
): Promise<Set<string>> {
  const client = cloudTrail(server, region);
  const ids = new Set<string>();
  let token: string | undefined;
  do {
    const page = await client.send(
      new LookupEventsCommand({
        LookupAttributes: [{ AttributeKey: key, AttributeValue: value }],
        NextToken: token,
        StartTime: new Date(0),
      }),
    );
    for (const event of page.Events ?? []) ids.add(event.EventId ?? '');
    token = page.NextToken;
  } while (token !== undefined);
  return ids;
}
