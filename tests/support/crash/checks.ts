import { gunzipSync } from 'node:zlib';
import { LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { awsRaw, eventually, has, run } from '../clients.ts';
import type { RunningOpenTrail } from '../opentrail.ts';
import { cloudTrail, s3 } from '../sdk.ts';
import { ACCOUNT } from '../trail.ts';

export interface Delivered {
  readonly eventID: string;
  readonly requestID: string;
}

const LOG_FILE = /\/CloudTrail\/.*\.json\.gz$/;
const DIGEST = /\/CloudTrail-Digest\/.*\.json\.gz$/;
const GETS_AT_ONCE = 8;

/** What trails have put into a bucket. Log files and digests never change, so each is read once. */
export class DeliveredFiles {
  readonly #server: RunningOpenTrail;
  readonly #bucket: string;
  readonly #read = new Map<string, unknown>();

  constructor(server: RunningOpenTrail, bucket: string) {
    this.#server = server;
    this.#bucket = bucket;
  }

  /** Takes in what has come since. */
  async refresh(): Promise<void> {
    const client = s3(this.#server);
    const fresh: string[] = [];
    for (let token: string | undefined, more = true; more; more = token !== undefined) {
      const page = await client.send(new ListObjectsV2Command({ Bucket: this.#bucket, ContinuationToken: token }));
      for (const { Key } of page.Contents ?? []) if (Key!.endsWith('.gz') && !this.#read.has(Key!)) fresh.push(Key!);
      token = page.NextContinuationToken;
    }
    const take = async () => {
      for (let key = fresh.pop(); key !== undefined; key = fresh.pop()) {
        const object = await client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
        const bytes = Buffer.from(await object.Body!.transformToByteArray());
        // The client may have unpacked it already, by its Content-Encoding.
        const json = bytes[0] === 0x1f ? gunzipSync(bytes) : bytes;
        this.#read.set(key, JSON.parse(json.toString()));
      }
    };
    await Promise.all(Array.from({ length: GETS_AT_ONCE }, take));
  }

  /** By the trail's key prefix. */
  events(prefix: string): Delivered[] {
    return this.logFiles(prefix).flatMap((key) => (this.#read.get(key) as { Records: Delivered[] }).Records);
  }

  logFiles(prefix: string): string[] {
    return [...this.#read.keys()].filter((key) => key.startsWith(`${prefix}/`) && LOG_FILE.test(key));
  }

  /** Keys that the digests of a trail name. */
  digested(prefix: string): Set<string> {
    const digests = [...this.#read].filter(([key]) => key.startsWith(`${prefix}/`) && DIGEST.test(key));
    return new Set(
      digests.flatMap(([, d]) => (d as { logFiles: { s3Object: string }[] }).logFiles.map((f) => f.s3Object)),
    );
  }
}

/** Ids of all events of a user, page by page. */
export async function historyOf(server: RunningOpenTrail, region: string, user: string): Promise<string[]> {
  const client = cloudTrail(server, region);
  const ids: string[] = [];
  for (let token: string | undefined, more = true; more; more = token !== undefined) {
    const page = await client.send(
      new LookupEventsCommand({
        NextToken: token,
        LookupAttributes: [{ AttributeKey: 'Username', AttributeValue: user }],
      }),
    );
    ids.push(...(page.Events ?? []).map((e) => e.EventId!));
    token = page.NextToken;
  }
  return ids;
}

/** All that is wanted was seen, and nothing was seen twice. */
export function expectOnce(seen: readonly string[], wanted: Iterable<string>, where: string): void {
  const counts = new Map<string, number>();
  for (const id of seen) counts.set(id, (counts.get(id) ?? 0) + 1);
  const missing = [...wanted].filter((id) => !counts.has(id));
  const repeated = [...counts].filter(([, count]) => count > 1).map(([id]) => id);
  const found = { where, missing: missing.length, repeated: repeated.length, first: missing[0] ?? repeated[0] };
  expect(found).toEqual({ where, missing: 0, repeated: 0, first: undefined });
}

/** Waits until every log file that a trail has delivered until now stands in one of its digests. */
export async function allDigested(files: DeliveredFiles, prefix: string): Promise<void> {
  const wanted = files.logFiles(prefix);
  const missing = () => {
    const digested = files.digested(prefix);
    return wanted.filter((key) => !digested.has(key));
  };
  const all = async () => {
    await files.refresh();
    return missing().length === 0;
  };
  await eventually(all, `digests of the log files of ${prefix}`).catch(() => undefined);
  expect(missing(), `log files of ${prefix} in no digest`).toEqual([]);
}

/** Runs OpenTrail's verifier and AWS's own. */
export async function verifyChain(server: RunningOpenTrail, arn: string, regions: readonly string[]): Promise<void> {
  const command = new URL('../../../packages/server/bin/opentrail.js', import.meta.url).pathname;
  const args = ['verify', arn, '--json', '--data-dir', server.dataDir];
  const report = await run(process.execPath, [command, ...args], server.env);
  expect(report.stderr).toBe('');
  const { findings } = JSON.parse(report.stdout) as { findings: { severity: string }[] };
  expect(findings.filter((f) => f.severity === 'invalid')).toEqual([]);
  if (!has('aws-endpoint-env')) return;
  const start = new Date(Date.now() - 86_400_000).toISOString();
  for (const region of regions) {
    const validate = ['cloudtrail', 'validate-logs', '--trail-arn', arn, '--start-time', start];
    const cli = await awsRaw(server.env, '--region', region, ...validate);
    const complaints = cli.stderr.replaceAll(/No log files were delivered.*\n?/g, '').trim();
    expect([cli.code, complaints], cli.stdout).toEqual([0, '']);
    expect(cli.stdout).toMatch(/(\d+)\/\1 digest files valid/);
    expect(cli.stdout).toMatch(/(\d+)\/\1 log files valid/);
  }
}

export const trailArn = (name: string) => `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/${name}`;
