import { clientOf } from './client.mjs';
import { clientEnv, opentrail, run } from './command.mjs';
import { createPool } from './load.mjs';
import { eventually, median, round } from './measure.mjs';
import { REGION, startServer } from './server.mjs';

/** A busy trail's five minutes, and a quiet one's. Files are cut by size, so that they are many at once. */
const BUCKETS = [
  { kilobytes: 100, files: 1_500 },
  { kilobytes: 10, files: 5_000 },
];
/** Of the load generator's, for as many files as are wanted. */
const EVENTS_PER_KILOBYTE = 0.8;
const TRAIL = 'bench';
const TARGET = 10;
const ROUNDS = 3;
const FLAGS = { 'delivery-interval-seconds': 1, 'digest-interval-seconds': 5 };

/** `opentrail verify` against `aws cloudtrail validate-logs`, on the same bucket of the same server, for each size. */
export async function verify({ newFolder, say }) {
  const results = [];
  for (const bucket of BUCKETS) results.push(await verifyBucket(bucket, newFolder(), say));
  return {
    figures: results.flatMap(({ figures }) => figures),
    details: Object.fromEntries(results.map(({ name, details }) => [name, details])),
  };
}

async function verifyBucket({ kilobytes, files }, dataDir, say) {
  const server = await startServer({ dataDir, flags: { ...FLAGS, 'log-file-bytes-max': kilobytes * 1000 } });
  const { arn, logFiles, startTime } = await makeBucket(server, files, files * kilobytes * EVENTS_PER_KILOBYTE, say);
  say(`verifying ${logFiles} log files of ${kilobytes} KB`);
  const [ours, theirs] = [[], []];
  const compared = await cliReadsEndpoint();
  if (!compared) say(NO_CLI);
  // By turns: what else the machine does comes and goes.
  for (let i = 0; i < ROUNDS; i++) {
    ours.push(await timeOurs(server, arn, logFiles));
    if (compared) theirs.push(await timeTheirs(server, arn, logFiles, startTime));
  }
  await server.stop();
  const seconds = median(ours);
  const name = `${logFiles} log files of ${kilobytes} KB`;
  const figure = { name: `opentrail verify, ${name}`, value: round(seconds), unit: 's' };
  const ratio = compared && round(median(theirs) / seconds);
  return {
    name,
    figures: compared
      ? [
          { name: `aws cloudtrail validate-logs, ${name}`, value: round(median(theirs)), unit: 's' },
          { ...figure, ratio, ratioTo: 'validate-logs', target: TARGET, met: ratio >= TARGET },
        ]
      : [{ ...figure, skipped: NO_CLI }],
    details: {
      ourSeconds: ours.map(round),
      theirSeconds: theirs.map(round),
      aws: compared ? (await run('aws', ['--version'], process.env)).stdout.trim() : NO_CLI,
    },
  };
}

/** A bucket with that many log files, all in digests, and a trail that is over. */
async function makeBucket(server, files, events, say) {
  const client = clientOf(server);
  const startTime = new Date(Date.now() - 3_600_000).toISOString();
  const arn = await client.makeTrail(TRAIL);
  const count = async (kind) => (await server.metrics()).delivered(kind);
  await eventually('the first digest', async () => (await count('digest')) >= 1);
  say(`making a bucket with ${files} log files`);
  const pool = createPool({ seed: 3 });
  for (let sent = 0; sent < events; sent += pool.batchEvents) await client.putRecords(pool.take());
  await client.stopLogging(TRAIL);
  let [digests, same] = [0, 0];
  await eventually(
    'the final digest',
    async () => {
      const [now, lag] = [await count('digest'), (await server.metrics()).lag('trails')];
      same = now === digests && lag === 0 ? same + 1 : 0;
      digests = now;
      return same >= QUIET_POLLS && digests > 1;
    },
    { everyMs: 500 },
  );
  client.close();
  return { arn, startTime, logFiles: await count('log') };
}

/** The trail owes no digest any more when none has come for twice its interval. */
const QUIET_POLLS = 20;

async function timeOurs(server, arn, expected) {
  const { code, stdout, stderr, seconds } = await opentrail(server, 'verify', arn, '--json', '--quiet');
  if (code !== 0) throw new Error(`opentrail verify ended with ${code}:\n${stdout.slice(0, 2000)}${stderr}`);
  const { valid } = JSON.parse(stdout).logFiles;
  if (valid !== expected) throw new Error(`opentrail verify saw ${valid} valid log files of ${expected}`);
  return seconds;
}

const NO_CLI = 'SKIPPED: no AWS CLI that reads AWS_ENDPOINT_URL (1.29, 2.13 or later) on this machine';

async function timeTheirs(server, arn, expected, startTime) {
  const args = ['cloudtrail', 'validate-logs', '--trail-arn', arn, '--start-time', startTime, '--region', REGION];
  const { code, stdout, stderr, seconds } = await run('aws', args, clientEnv(server));
  const [, valid] = /(\d+)\/\d+ log files valid/.exec(stdout) ?? [];
  if (code !== 0 || Number(valid) !== expected) {
    throw new Error(`validate-logs ended with ${code}, expected ${expected} log files:\n${stdout}${stderr}`);
  }
  return seconds;
}

async function cliReadsEndpoint() {
  const { stdout } = await run('aws', ['--version'], process.env).catch(() => ({ stdout: '' }));
  const [, major, minor] = /aws-cli\/(\d+)\.(\d+)/.exec(stdout) ?? [];
  return major === '1' ? Number(minor) >= 29 : Number(major) > 2 || (major === '2' && Number(minor) >= 13);
}
