import { setMaxListeners } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  CloudTrailClient,
  PutEventSelectorsCommand,
  StartLoggingCommand,
  StopLoggingCommand,
} from '@aws-sdk/client-cloudtrail';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, expect, test } from 'vitest';
import { eventually } from './support/clients.ts';
import { allDigested, DeliveredFiles, expectOnce, historyOf, trailArn, verifyChain } from './support/crash/checks.ts';
import { idsOf, type Ledger, newLedger } from './support/crash/ledger.ts';
import { ModelledBucket } from './support/crash/objects.ts';
import { callApi, REGIONS, SOURCES, USER, writeEvents } from './support/crash/writers.ts';
import { cleanUp, killDuringStart, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { type Next, random } from './support/random.ts';
import { clientConfig, cloudTrail, s3 } from './support/sdk.ts';
import { allowDelivery, makeTrail } from './support/trail.ts';

/**
 * kill -9 at random moments while clients write, also while OpenTrail starts; SIGTERM at times. Meanwhile the bucket
 * refuses log files, and a trail is stopped, started and given other selectors. Afterwards every acknowledged event is
 * in history and in exactly one log file of each trail that selects it, nothing is there twice, the chains of digests
 * verify, and users' objects hold what was acknowledged. `npm run crash` does 300 rounds; the suite does 20.
 */
const ROUNDS = Number(process.env.OPENTRAIL_CRASH_ROUNDS ?? 20);
const SEED = Number(process.env.OPENTRAIL_CRASH_SEED ?? Date.now() % 1_000_000);
const LOGS = 'crash-logs';
const DATA = 'crash-data';
const ROUND_MS_MAX = 700;
/** As many are acknowledged first, however slow the machine: what a round shows depends on what was written. */
const ROUND_EVENTS_MAX = 80;
/** Longer than a start takes, so that some of the killed ones are through. */
const START_MS_MAX = 1_500;

const FLAGS = {
  'delivery-interval-seconds': 1,
  'digest-interval-seconds': 2,
  regions: REGIONS.join(','),
  'segment-events-max': 500,
  'log-level': 'warn',
};

afterAll(cleanUp);

interface World {
  readonly dataDir: string;
  readonly ledger: Ledger;
  readonly objects: ModelledBucket;
  readonly next: Next;
  readonly counts: { kills: number; killedStarts: number; terms: number };
}

/** Clients that try again when they are told to come back, for what a round must get done. */
const patient = (server: RunningOpenTrail) => ({
  trails: new CloudTrailClient(clientConfig(server, 'us-east-1', 10)),
  store: new S3Client({ ...clientConfig(server, 'us-east-1', 10), forcePathStyle: true }),
});

/** What is changed before anything is written. */
async function prepare(server: RunningOpenTrail, number: number, { ledger, objects }: World): Promise<void> {
  const { trails, store } = patient(server);
  await objects.check(store);
  if (number % 7 === 3) await allowDelivery(store, LOGS, true);
  if (number % 7 === 5) await allowDelivery(store, LOGS, false);
  if (number % 10 === 4) {
    await trails.send(new StopLoggingCommand({ Name: 'home' }));
    ledger.stoppedRounds.add(number);
  }
  if (number % 10 === 5) await trails.send(new StartLoggingCommand({ Name: 'home' }));
}

/** Changes what `home` selects, while events are being written. */
async function select(server: RunningOpenTrail, excluded: readonly string[]): Promise<void> {
  const EventSelectors = [{ ReadWriteType: 'All' as const, ExcludeManagementEventSources: [...excluded] }];
  await cloudTrail(server)
    .send(new PutEventSelectorsCommand({ TrailName: 'home', EventSelectors }))
    .catch(() => undefined);
}

async function round(number: number, world: World): Promise<void> {
  const { dataDir, ledger, objects, next, counts } = world;
  if (number % 4 === 0) {
    await killDuringStart({ dataDir, flags: FLAGS }, next() * START_MS_MAX);
    counts.killedStarts++;
  }
  const server = await startOpenTrail({ dataDir, flags: FLAGS });
  await prepare(server, number, world);
  const wanted = ledger.acknowledged.size + next() * ROUND_EVENTS_MAX;
  const over = new AbortController();
  const { signal } = over;
  setMaxListeners(0, signal); // the SDK leaves one behind for each call
  const work = [
    writeEvents(server, ledger, number, next, signal),
    writeEvents(server, ledger, number, next, signal),
    callApi(cloudTrail(server), trailArn('all'), ledger, signal),
    objects.write(s3(server), next, { i: 0, of: 2 }, signal),
    objects.write(s3(server), next, { i: 1, of: 2 }, signal),
  ];
  if (number % 5 === 2) work.push(select(server, number % 2 === 0 ? [SOURCES[1]!] : []));
  await new Promise((resume) => setTimeout(resume, 20 + next() * ROUND_MS_MAX)); // the moment of death is what is random
  await eventually(async () => ledger.acknowledged.size >= wanted, `${wanted} events acknowledged`);
  if (number % 6 === 1) {
    expect(await server.stop(), server.log()).toBe(0);
    counts.terms++;
  } else {
    await server.kill();
    counts.kills++;
  }
  over.abort();
  await Promise.all(work);
}

test(`${ROUNDS} kills lose nothing and repeat nothing (seed ${SEED})`, {
  timeout: 300_000 + ROUNDS * 10_000,
}, async () => {
  const next = random(SEED);
  const dataDir = newFolder('crash');
  const counts = { kills: 1, killedStarts: 0, terms: 0 };
  const world: World = { dataDir, ledger: newLedger(), objects: new ModelledBucket(DATA, 12), next, counts };
  const first = await startOpenTrail({ dataDir, flags: FLAGS });
  await makeTrail(first, { Name: 'all', S3BucketName: LOGS, S3KeyPrefix: 'all' });
  await makeTrail(first, { Name: 'home', S3BucketName: LOGS, S3KeyPrefix: 'home', IsMultiRegionTrail: false });
  await s3(first).send(new CreateBucketCommand({ Bucket: DATA }));
  await first.kill();
  const began = performance.now();
  for (let i = 0; i < ROUNDS; i++) await round(i, world);
  const killed = performance.now();

  const server = await startOpenTrail({ dataDir, flags: FLAGS });
  await world.objects.check(s3(server));
  await allowDelivery(s3(server), LOGS, false);
  await checkEvents(server, world);
  expect(await server.stop()).toBe(0);
  const { acknowledged, calls } = world.ledger;
  const said = {
    ...counts,
    ...timesOf(began, killed),
    events: acknowledged.size,
    calls: calls.size,
    objectWrites: world.objects.acknowledged,
  };
  process.stderr.write(
    `crash test, seed ${SEED}: ${JSON.stringify({ rounds: ROUNDS, ...said, ...filesOf(dataDir) })}\n`,
  );
});

const timesOf = (began: number, killed: number) => ({
  roundsSeconds: Math.round((killed - began) / 1000),
  checksSeconds: Math.round((performance.now() - killed) / 1000),
});

/** That what the rounds were to exercise did happen. */
function filesOf(dataDir: string) {
  const sealedSegments = readdirSync(join(dataDir, 'log')).filter((name) => name.endsWith('.seg')).length;
  const generation = (folder: string) =>
    Number(
      readdirSync(join(dataDir, folder))
        .find((name) => name.endsWith('.snapshot'))
        ?.slice(0, 12) ?? 0,
    );
  return { sealedSegments, stateSnapshots: generation('state'), objectSnapshots: generation('objects/index') };
}

async function checkEvents(server: RunningOpenTrail, { ledger, dataDir }: World): Promise<void> {
  expect(ledger.acknowledged.size).toBeGreaterThan(ROUNDS * 10);
  expect(ledger.calls.size).toBeGreaterThan(ROUNDS / 2);
  for (const region of REGIONS) {
    const acknowledged = idsOf(ledger, (e) => e.region === region);
    expectOnce(await historyOf(server, region, USER), acknowledged, `history of ${region}`);
  }
  const all = idsOf(ledger, () => true);
  const atHome = (e: { region: string; round: number }) =>
    e.region === 'us-east-1' && !ledger.stoppedRounds.has(e.round);
  const home = idsOf(ledger, (e) => atHome(e) && e.source === SOURCES[0]);
  const files = new DeliveredFiles(server, LOGS);
  const holds = (prefix: string, wanted: readonly string[]) => {
    const seen = new Set(files.events(prefix).map((e) => e.eventID));
    return wanted.every((id) => seen.has(id));
  };
  const came = async () => {
    await files.refresh();
    return holds('all', all) && holds('home', home);
  };
  // What is missing is told by the comparisons below, better than by running out of time.
  await eventually(came, 'all acknowledged events in log files', 120_000).catch(() => undefined);
  const ids = (prefix: string) => files.events(prefix).map((e) => e.eventID);
  expectOnce(ids('all'), all, 'log files of trail all');
  expectOnce(ids('home'), home, 'log files of trail home');
  const strangers = new Set(idsOf(ledger, (e) => !atHome(e)));
  expect(
    ids('home').filter((id) => strangers.has(id)),
    'of other Regions, or while it was stopped',
  ).toEqual([]);
  const requestIds = files.events('all').map((e) => e.requestID);
  expectOnce(
    requestIds.filter((id) => ledger.calls.has(id)),
    ledger.calls,
    'own calls in log files',
  );
  for (const [name, regions] of [
    ['all', REGIONS],
    ['home', ['us-east-1']],
  ] as const) {
    await allDigested(files, name);
    await verifyChain(server, trailArn(name), regions);
  }
  await eventually(async () => filesOf(dataDir).sealedSegments > 0, 'a sealed segment');
}
