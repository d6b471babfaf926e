import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clientOf } from './client.mjs';
import { dist } from './dist.mjs';
import { eventually, round } from './measure.mjs';
import { ACCOUNT, bytesBelow, REGION, startServer } from './server.mjs';
import { createTally } from './tally.mjs';

const { createGenerator } = await dist('testing/generate.js');

const BATCH_EVENTS = 500;
const CONNECTIONS = 4;
const DAY_MS = 86_400_000;
/** Event history reaches back 90 days: a folder that is used again within ten days still has all its events in it. */
const SPREAD_DAYS = 80;
const REUSE_DAYS = 9;
/** Real records come up to a quarter of an hour late. */
const JITTER_MS = 300_000;

/**
 * A data folder with that many management events of the last 80 days, two accounts and two Regions, sent through
 * PutRecords; an earlier one in the same folder when there is. @returns where it is, and what can be asked of it
 */
export async function filledFolder({ keepDir, events, profileDir, say }) {
  const dir = join(keepDir, `history-${events}`);
  const [dataDir, manifest] = [join(dir, 'data'), join(dir, 'filled.json')];
  if (existsSync(manifest)) {
    const filled = JSON.parse(readFileSync(manifest, 'utf8'));
    if (Date.now() - filled.filledMs < REUSE_DAYS * DAY_MS) return { dataDir, ...filled };
  }
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dataDir, { recursive: true });
  say(`filling a data folder with ${events} events`);
  const filled = await fill({ dataDir, events, profileDir, say });
  writeFileSync(manifest, JSON.stringify(filled));
  return { dataDir, ...filled };
}

async function fill({ dataDir, events, profileDir, say }) {
  const server = await startServer({ dataDir, profileDir });
  const client = clientOf(server, { connections: CONNECTIONS });
  const tally = createTally({ accountId: ACCOUNT, region: REGION });
  const filledMs = Date.now();
  const generate = createGenerator({
    accounts: [ACCOUNT, '210987654321'],
    dataEvents: false,
    startMs: filledMs - SPREAD_DAYS * DAY_MS,
    stepMs: (SPREAD_DAYS * DAY_MS) / events,
    jitterMs: JITTER_MS,
  });
  let left = events;
  const next = () => {
    const batch = Array.from({ length: Math.min(BATCH_EVENTS, left) }, generate);
    left -= batch.length;
    for (const { header } of batch) tally.add(header);
    if (left % 1_000_000 === 0 && left > 0) say(`${left} to go`);
    return Buffer.concat(batch.flatMap(({ json }) => [json, NEWLINE]));
  };
  const start = performance.now();
  const sender = async () => {
    while (left > 0) await client.putRecords(next());
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sender));
  await eventually('all searchable', async () => (await server.metrics()).lag('history') === 0);
  const seconds = (performance.now() - start) / 1000;
  const log = join(dataDir, 'log');
  const raw = () => readdirSync(log).filter((name) => name.endsWith('.wal')).length;
  await eventually('all full segments sealed', () => raw() <= 1, { timeoutMs: 600_000 });
  const peakRssMb = Math.round(server.peakRssMb());
  client.close();
  await server.stop();
  return {
    filledMs,
    load: {
      eventsPerSecond: Math.round(events / seconds),
      pushbacks: client.pushbacks(),
      peakRssMb,
      bytesPerEvent: round(bytesBelow(log) / events),
    },
    questions: tally.questions(),
    span: tally.span(),
  };
}

const NEWLINE = Buffer.from('\n');
