import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CloudTrailClient,
  GetTrailStatusCommand,
  LookupEventsCommand,
  StopLoggingCommand,
} from '@aws-sdk/client-cloudtrail';
import { afterAll, expect, test } from 'vitest';
import { eventually, run } from './support/clients.ts';
import { allDigested, DeliveredFiles, expectOnce, trailArn } from './support/crash/checks.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { clientConfig } from './support/sdk.ts';
import { makeTrail } from './support/trail.ts';

/** A server whose wall clock is set forward and back while it runs, and over restarts. */
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const JUMPS_MS = [0, -2 * HOUR_MS, 400 * DAY_MS, -DAY_MS, 0];
const FLAGS = { 'delivery-interval-seconds': 1, 'digest-interval-seconds': 2, regions: 'us-east-1' };
const LOGS = 'jump-logs';
const CLOCK = new URL('./support/jumping-clock.cjs', import.meta.url).pathname;

afterAll(cleanUp);

const clientAt = (server: RunningOpenTrail, systemClockOffset: number) =>
  new CloudTrailClient({ ...clientConfig(server), systemClockOffset });

test('whatever the clock does, calls are taken, recorded, found and delivered once', { timeout: 300_000 }, async () => {
  const folder = newFolder('clock');
  const file = join(folder, 'offset');
  const set = (offsetMs: number) => {
    writeFileSync(`${file}.new`, String(offsetMs));
    renameSync(`${file}.new`, file);
  };
  set(0);
  const env = { OPENTRAIL_TEST_CLOCK: file, NODE_OPTIONS: `--require=${CLOCK}` };
  const start = () => startOpenTrail({ dataDir: join(folder, 'data'), flags: FLAGS, env });
  let server = await start();
  await makeTrail(server, { Name: 'jump', S3BucketName: LOGS, S3KeyPrefix: 'jump' });
  const requestIds: string[] = [];
  let wrongTime = 0;

  /** One more call, by a client whose clock goes with the server's. */
  const call = async (offsetMs: number) => {
    const answer = await clientAt(server, offsetMs).send(new GetTrailStatusCommand({ Name: 'jump' }));
    requestIds.push(answer.$metadata.requestId!);
    return answer;
  };
  const lookUp = async (offsetMs: number, NextToken?: string) => {
    const LookupAttributes = [{ AttributeKey: 'EventName' as const, AttributeValue: 'GetTrailStatus' }];
    return clientAt(server, offsetMs).send(new LookupEventsCommand({ LookupAttributes, MaxResults: 1, NextToken }));
  };
  await call(0);
  await call(0);

  for (const [i, offsetMs] of JUMPS_MS.entries()) {
    const token = i === 0 ? undefined : (await eventually(() => lookUp(JUMPS_MS[i - 1]!), 'a page')).NextToken;
    set(offsetMs);
    await eventually(() => call(offsetMs).catch(() => undefined), `calls at ${offsetMs} ms`);
    if (offsetMs !== 0) {
      const late = await clientAt(server, 0)
        .send(new GetTrailStatusCommand({ Name: 'jump' }))
        .catch((e) => e);
      expect(late.name).toBe('InvalidSignatureException');
      wrongTime++;
    }
    if (token !== undefined) await lookUp(offsetMs, token); // a token from before the jump
    // The newest by event time that is within the last 90 days is found at once.
    const own = requestIds.at(-1)!;
    const found = async () => {
      const { Events = [] } = await clientAt(server, offsetMs).send(
        new LookupEventsCommand({
          LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'GetTrailStatus' }],
        }),
      );
      return Events.some((e) => e.CloudTrailEvent!.includes(own));
    };
    await eventually(found, `the call at ${offsetMs} ms in history`);
    const files = new DeliveredFiles(server, LOGS);
    const delivered = async () => {
      await files.refresh();
      return files.events('jump').some((e) => e.requestID === own);
    };
    if (offsetMs === 0) await eventually(delivered, `the call at ${offsetMs} ms in a log file`);
    if (i % 2 === 1) {
      if (i % 4 === 1) await server.kill();
      else expect(await server.stop()).toBe(0);
      server = await start();
      await call(offsetMs);
    }
  }
  expect(wrongTime).toBe(3);

  const files = new DeliveredFiles(server, LOGS);
  const all = async () => {
    await files.refresh();
    const seen = new Set(files.events('jump').map((e) => e.requestID));
    return requestIds.every((id) => seen.has(id));
  };
  await eventually(all, 'all calls in log files');
  const seen = files.events('jump').map((e) => e.requestID);
  expectOnce(
    seen.filter((id) => requestIds.includes(id)),
    requestIds,
    'log files',
  );
  // To verify is to call, and those calls would be delivered too: nothing is excused for being new where there are digests
  // of the future.
  const { $metadata: stop } = await clientAt(server, 0).send(new StopLoggingCommand({ Name: 'jump' }));
  const stopped = async () => {
    await files.refresh();
    return files.events('jump').some((e) => e.requestID === stop.requestId);
  };
  await eventually(stopped, 'the stop in a log file');
  await allDigested(files, 'jump');
  const command = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;
  const report = await run(
    process.execPath,
    [command, 'verify', trailArn('jump'), '--json', '--data-dir', server.dataDir],
    server.env,
  );
  const { findings } = JSON.parse(report.stdout) as { findings: { severity: string }[] };
  expect(findings.filter((f) => f.severity === 'invalid')).toEqual([]);
  expect(await server.stop()).toBe(0);
});
