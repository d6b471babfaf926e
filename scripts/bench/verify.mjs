import { clientOf } from './client.mjs';
import { clientEnv, opentrail, run } from './command.mjs';
import { createPool } from './load.mjs';
import { eventually, median, round } from './measure.mjs';
import { REGION, startServer } from './server.mjs';

const LOG_FILES = 1_500;
const LOG_FILE_EVENTS = 80;
const TRAIL = 'bench';
const TARGET = 10;
const ROUNDS = 3;
/** Files are cut by size, so that they are many at once; 100 KB is a busy trail's five minutes. */
const FLAGS = { 'log-file-bytes-max': 100_000, 'delivery-interval-seconds': 1, 'digest-interval-seconds': 5 };

/** `opentrail verify` against `aws cloudtrail validate-logs`, on the same bucket of the same server. */
export async function verify({ newFolder, say }) {
  const server = await startServer({ dataDir: newFolder(), flags: FLAGS });
  const { arn, logFiles, startTime } = await makeBucket(server, say);
  say(`verifying ${logFiles} log files`);
  const ours = [];
  for (let i = 0; i < ROUNDS; i++) ours.push(await timeOurs(server, arn, logFiles));
  const theirs = await timeTheirs(server, arn, logFiles, startTime, say);
  await server.stop();
  const seconds = median(ours);
  const ratio = theirs && round(theirs.seconds / seconds);
  const name = `opentrail verify, ${logFiles} log files`;
  return {
    figures: [
      ...(theirs ? [{ name: `aws cloudtrail validate-logs, the same`, value: round(theirs.seconds), unit: 's' }] : []),
      theirs
        ? {
            name,
            value: round(seconds),
            unit: 's',
            ratio,
            ratioTo: 'validate-logs',
            target: TARGET,
            met: ratio >= TARGET,
          }
        : { name, value: round(seconds), unit: 's', skipped: NO_CLI },
    ],
    details: { logFiles, secondsOfRounds: ours.map(round), aws: theirs ?? NO_CLI },
  };
}

/** A bucket with that many log files, all in digests, and a trail that is over. */
async function makeBucket(server, say) {
  const client = clientOf(server);
  const startTime = new Date(Date.now() - 3_600_000).toISOString();
  const arn = await client.makeTrail(TRAIL);
  const count = async (kind) => (await server.metrics()).delivered(kind);
  await eventually('the first digest', async () => (await count('digest')) >= 1);
  say(`making a bucket with ${LOG_FILES} log files`);
  const pool = createPool({ seed: 3 });
  for (let sent = 0; sent < LOG_FILES * LOG_FILE_EVENTS; sent += pool.batchEvents) await client.putRecords(pool.take());
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

async function timeTheirs(server, arn, expected, startTime, say) {
  if (!(await cliReadsEndpoint())) {
    say(NO_CLI);
    return undefined;
  }
  const args = ['cloudtrail', 'validate-logs', '--trail-arn', arn, '--start-time', startTime, '--region', REGION];
  const { code, stdout, stderr, seconds } = await run('aws', args, clientEnv(server));
  const [, valid] = /(\d+)\/\d+ log files valid/.exec(stdout) ?? [];
  if (code !== 0 || Number(valid) !== expected) {
    throw new Error(`validate-logs ended with ${code}, expected ${expected} log files:\n${stdout}${stderr}`);
  }
  return { seconds: round(seconds), version: (await run('aws', ['--version'], process.env)).stdout.trim() };
}

async function cliReadsEndpoint() {
  const { stdout } = await run('aws', ['--version'], process.env).catch(() => ({ stdout: '' }));
  const [, major, minor] = /aws-cli\/(\d+)\.(\d+)/.exec(stdout) ?? [];
  return major === '1' ? Number(minor) >= 29 : Number(major) > 2 || (major === '2' && Number(minor) >= 13);
}
