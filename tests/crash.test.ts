import { randomUUID } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { AddTagsCommand, type CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { afterAll, expect, test } from 'vitest';
import { awsRaw, eventually, has, run } from './support/clients.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { random } from './support/random.ts';
import { cloudTrail, readBucket, s3, signedFetch } from './support/sdk.ts';
import { ACCOUNT, allowDelivery, makeTrail } from './support/trail.ts';

/**
 * kill -9 at random moments while clients write. Afterwards every acknowledged event is in history and in exactly one
 * log file of each trail that selects it, nothing is there twice, and the chains of digests verify. In some rounds the
 * bucket refuses log files. `npm run crash` does 300 rounds; the suite does 20.
 */
const ROUNDS = Number(process.env.OPENTRAIL_CRASH_ROUNDS ?? 20);
const SEED = Number(process.env.OPENTRAIL_CRASH_SEED ?? Date.now() % 1_000_000);
const REGIONS = ['us-east-1', 'eu-west-1'];
const BUCKET = 'crash-logs';
const ROUND_MS_MAX = 900;

afterAll(cleanUp);

/** What clients know: events that were acknowledged, and those whose answer never came. */
interface Ledger {
  /** eventID → Region */
  readonly acknowledged: Map<string, string>;
  readonly sent: Set<string>;
  /** Request ids of acknowledged calls. */
  readonly calls: Set<string>;
}

const record = (region: string, eventID: string) =>
  JSON.stringify({
    eventVersion: '1.08',
    userIdentity: {
      type: 'IAMUser',
      principalId: 'AIDAEXAMPLE',
      arn: `arn:aws:iam::${ACCOUNT}:user/alice`,
      accountId: ACCOUNT,
      userName: 'alice',
    },
    eventTime: `${new Date().toISOString().slice(0, 19)}Z`,
    eventSource: 'ec2.amazonaws.com',
    eventName: 'RunInstances',
    awsRegion: region,
    sourceIPAddress: '192.0.2.1',
    userAgent: 'crash-test',
    requestParameters: null,
    responseElements: null,
    requestID: randomUUID(),
    eventID,
    readOnly: false,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    eventCategory: 'Management',
  });

/** Sends batches until the server is gone. */
async function writer(
  server: RunningOpenTrail,
  ledger: Ledger,
  next: () => number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const region = REGIONS[Math.floor(next() * REGIONS.length)]!;
    const ids = Array.from({ length: 1 + Math.floor(next() * 60) }, () => randomUUID());
    for (const id of ids) ledger.sent.add(id);
    try {
      const body = ids.map((id) => record(region, id)).join('\n');
      const answer = await signedFetch(server, 'POST', '/opentrail/v1/records?deduplicate=true', body, { signal });
      if (answer.status !== 200) continue;
      const { Results } = (await answer.json()) as { Results: { Status: string; EventId: string }[] };
      for (const r of Results) if (r.Status === 'ACCEPTED') ledger.acknowledged.set(r.EventId, region);
    } catch {
      // The server was killed under us: what it had taken is unknown, and may be there once or not at all.
    }
  }
}

/** Makes real calls; their own records are part of the trail. */
async function caller(client: CloudTrailClient, arn: string, ledger: Ledger, signal: AbortSignal): Promise<void> {
  for (let i = 0; !signal.aborted; i++) {
    const answer = client.send(
      new AddTagsCommand({ ResourceId: arn, TagsList: [{ Key: `k${i % 5}`, Value: String(i) }] }),
      { abortSignal: signal },
    );
    await answer.then((a) => ledger.calls.add(a.$metadata.requestId!)).catch(() => undefined);
  }
}

const FLAGS = {
  'delivery-interval-seconds': 1,
  'digest-interval-seconds': 2,
  regions: REGIONS.join(','),
  'segment-events-max': 500,
  'log-level': 'warn',
};

async function round(dataDir: string, number: number, ledger: Ledger, next: () => number, arn: string): Promise<void> {
  const server = await startOpenTrail({ dataDir, flags: FLAGS });
  if (number % 7 === 3) await allowDelivery(s3(server), BUCKET, true);
  if (number % 7 === 5) await allowDelivery(s3(server), BUCKET, false);
  const over = new AbortController();
  const work = [
    writer(server, ledger, next, over.signal),
    writer(server, ledger, next, over.signal),
    caller(cloudTrail(server), arn, ledger, over.signal),
  ];
  await new Promise((resume) => setTimeout(resume, 20 + next() * ROUND_MS_MAX)); // the moment of death is what is random
  await server.kill();
  over.abort();
  await Promise.all(work);
}

interface Seen {
  readonly eventID: string;
  readonly requestID: string;
  readonly key: string;
}

async function deliveredBy(server: RunningOpenTrail, prefix: string): Promise<Seen[]> {
  const objects = await readBucket(s3(server), BUCKET, `${prefix}/AWSLogs/${ACCOUNT}/CloudTrail/`);
  return [...objects]
    .filter(([key]) => key.endsWith('.json.gz'))
    .flatMap(([key, body]) => (JSON.parse(gunzipSync(body).toString()).Records as Seen[]).map((r) => ({ ...r, key })));
}

async function historyOf(server: RunningOpenTrail, region: string): Promise<string[]> {
  const client = cloudTrail(server, region);
  const ids: string[] = [];
  for (let token: string | undefined, more = true; more; more = token !== undefined) {
    const page = await client.send(
      new LookupEventsCommand({
        NextToken: token,
        LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'RunInstances' }],
      }),
    );
    ids.push(...(page.Events ?? []).map((e) => e.EventId!));
    token = page.NextToken;
  }
  return ids;
}

function expectOnce(seen: readonly string[], wanted: Iterable<string>, sent: ReadonlySet<string>, where: string): void {
  const counts = new Map<string, number>();
  for (const id of seen) counts.set(id, (counts.get(id) ?? 0) + 1);
  const missing = [...wanted].filter((id) => !counts.has(id));
  const repeated = [...counts].filter(([id, count]) => count > 1 && sent.has(id));
  expect({ where, missing: missing.length, repeated: repeated.length, first: missing[0] ?? repeated[0] }).toEqual({
    where,
    missing: 0,
    repeated: 0,
    first: undefined,
  });
}

test(`${ROUNDS} kills lose nothing and repeat nothing (seed ${SEED})`, {
  timeout: 120_000 + ROUNDS * 10_000,
}, async () => {
  const next = random(SEED);
  const dataDir = newFolder('crash');
  const ledger: Ledger = { acknowledged: new Map(), sent: new Set(), calls: new Set() };
  const first = await startOpenTrail({ dataDir, flags: FLAGS });
  const arn = await makeTrail(first, { Name: 'all', S3BucketName: BUCKET, S3KeyPrefix: 'all' });
  await makeTrail(first, { Name: 'home', S3BucketName: BUCKET, S3KeyPrefix: 'home', IsMultiRegionTrail: false });
  await first.kill();
  for (let i = 0; i < ROUNDS; i++) await round(dataDir, i, ledger, next, arn);

  const server = await startOpenTrail({ dataDir, flags: FLAGS });
  await allowDelivery(s3(server), BUCKET, false);
  expect(ledger.acknowledged.size).toBeGreaterThan(ROUNDS * 10);
  expect(ledger.calls.size).toBeGreaterThan(ROUNDS / 2);
  const { acknowledged, sent, calls } = ledger;
  const idsOf = (region: string) => [...acknowledged].filter(([, r]) => r === region).map(([id]) => id);
  for (const region of REGIONS)
    expectOnce(await historyOf(server, region), idsOf(region), sent, `history of ${region}`);

  let all: Seen[] = [];
  let home: Seen[] = [];
  await eventually(
    async () => {
      [all, home] = [await deliveredBy(server, 'all'), await deliveredBy(server, 'home')];
      return (
        all.filter((s) => acknowledged.has(s.eventID)).length >= acknowledged.size &&
        home.filter((s) => acknowledged.has(s.eventID)).length >= idsOf('us-east-1').length
      );
    },
    'all acknowledged events in log files',
    120_000,
  );
  expectOnce(
    all.map((s) => s.eventID),
    acknowledged.keys(),
    new Set(all.map((s) => s.eventID)),
    'log files of trail all',
  );
  expectOnce(
    home.map((s) => s.eventID),
    idsOf('us-east-1'),
    new Set(home.map((s) => s.eventID)),
    'log files of trail home',
  );
  expectOnce(
    all.map((s) => s.requestID),
    calls,
    calls,
    'own calls in log files',
  );
  await verifyChains(server, arn, dataDir);
  expect(await server.stop()).toBe(0);
});

/** Both verifiers, once every log file has its digest. */
async function verifyChains(server: RunningOpenTrail, arn: string, dataDir: string): Promise<void> {
  const command = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;
  const verify = () =>
    run(process.execPath, [command, 'verify', arn, '--json', '--data-dir', dataDir], { ...server.env });
  const done = await eventually(async () => {
    const report = await verify();
    return report.code === 3 || report.stdout.includes('log-files-not-covered-yet') ? undefined : report;
  }, 'digests of all log files');
  const invalid = (JSON.parse(done.stdout).findings as { severity: string }[]).filter((f) => f.severity === 'invalid');
  expect(invalid).toEqual([]);
  if (!has('aws-endpoint-env')) return;
  for (const region of REGIONS) {
    const start = new Date(Date.now() - 86_400_000).toISOString();
    const cli = await awsRaw(
      server.env,
      '--region',
      region,
      'cloudtrail',
      'validate-logs',
      '--trail-arn',
      arn,
      '--start-time',
      start,
    );
    expect([cli.code, cli.stderr.replaceAll(/No log files were delivered.*\n?/g, '').trim()], cli.stdout).toEqual([
      0,
      '',
    ]);
    expect(cli.stdout).toMatch(/(\d+)\/\1 digest files valid/);
    expect(cli.stdout).toMatch(/(\d+)\/\1 log files valid/);
  }
}
