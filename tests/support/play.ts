import { type GenerateOptions, generateEvents } from '../../packages/server/src/testing/generate.ts';
import { eventually } from './clients.ts';
import { companyRecords } from './company/records.ts';
import type { RunningOpenTrail } from './opentrail.ts';
import { signedFetch } from './sdk.ts';
import { ACCOUNT } from './trail.ts';

/** As many as keep both sides busy; more would only wait. */
const SENDERS = 4;
const BATCH_RECORDS = 1_000;

/**
 * Sends records through PutRecords, each filed under the account that it names.
 * @param records JSON, one each
 * @returns how many
 * @throws Error when one is refused
 */
export async function putRecords(server: RunningOpenTrail, records: Iterable<string | Buffer>): Promise<number> {
  const source = records[Symbol.iterator]();
  let sent = 0;
  const takeBatch = () => {
    const batch: (string | Buffer)[] = [];
    for (let i = 0; i < BATCH_RECORDS; i++) {
      const { value, done } = source.next();
      if (done) break;
      batch.push(value, '\n');
    }
    return batch;
  };
  const send = async () => {
    for (let batch = takeBatch(); batch.length > 0; batch = takeBatch()) {
      const body = Buffer.concat(batch.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
      const accepted = await putBatch(server, body);
      sent += accepted;
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, send));
  return sent;
}

/** One PutRecords; waits where the server asks to (a Log that is sealed slower than it is written). */
async function putBatch(server: RunningOpenTrail, body: Buffer): Promise<number> {
  const answer = await eventually(async () => {
    const response = await signedFetch(server, 'POST', '/opentrail/v1/records', body);
    const text = await response.text();
    if (response.status === 429 || response.status === 503 || text.includes('Throttling')) return undefined;
    if (!response.ok) throw new Error(`PutRecords: ${response.status} ${text}`);
    return JSON.parse(text) as { AcceptedCount: number; RefusedCount: number; Results: readonly object[] };
  }, 'records are taken');
  if (answer.RefusedCount > 0) throw new Error(`refused: ${JSON.stringify(answer.Results).slice(0, 2_000)}`);
  return answer.AcceptedCount;
}

/** The records of `companyRecords`, up to now: for pages that people look at. @returns what was sent */
export async function playCompany(server: RunningOpenTrail, count = 5_000, seed = 1) {
  const records = companyRecords({ count, endMs: Date.now() - 60_000, seed });
  await putRecords(
    server,
    records.map((record) => JSON.stringify(record)),
  );
  return records;
}

const DAY_MS = 86_400_000;
/** All within the 90 days that history reaches back. */
const SPREAD_DAYS = 89;
const REGIONS = ['us-east-1', 'eu-central-1', 'eu-west-1', 'ap-southeast-1'];

/**
 * Many realistic records of two accounts and four Regions over the last 89 days, for pages that must stay quick: a million
 * take half a minute.
 */
export function playMany(server: RunningOpenTrail, count: number, options: GenerateOptions = {}): Promise<number> {
  const events = generateEvents(count, {
    accounts: [ACCOUNT, '210987654321'],
    regions: REGIONS,
    identities: 500,
    startMs: Date.now() - SPREAD_DAYS * DAY_MS,
    stepMs: (SPREAD_DAYS * DAY_MS) / count,
    ...options,
  });
  return putRecords(server, jsonOf(events));
}

function* jsonOf(events: Iterable<{ readonly json: Buffer }>): Generator<Buffer> {
  for (const { json } of events) yield json;
}

/** Waits until all that was accepted is in Event history and, where there is one, in the lake. */
export async function untilSearchable(server: RunningOpenTrail, timeoutMs = 120_000): Promise<void> {
  await eventually(
    async () => {
      const metrics = await (await fetch(`${server.endpoint}/metrics`)).text();
      const lags = metrics.matchAll(/^opentrail_follower_lag_events\{follower="(?:history|lake)"\} (\S+)$/gm);
      return [...lags].every(([, lag]) => Number(lag) === 0);
    },
    'all is searchable',
    timeoutMs,
  );
}
