import { clientOf } from './client.mjs';
import { opentrail } from './command.mjs';
import { BATCH_EVENTS, createPool, sendFor } from './load.mjs';
import { eventually, pause, round } from './measure.mjs';
import { startServer } from './server.mjs';
import { gzipRate } from './yardstick.mjs';

const CONNECTIONS = 4;
const WARM_UP_SECONDS = 3;
const DRAIN_MS_MAX = 300_000;
const TRAIL = 'bench';
/** Events are delivered all along, not in one heap at the end. */
const FLAGS = { 'delivery-interval-seconds': 10 };

/**
 * Accept: durable, searchable, and in the second part delivered by a trail with validation too. An event counts once
 * all of that has happened to it: the time runs until no follower lags and the trail's last digest is in the bucket.
 */
export async function accept({ newFolder, seconds, profileDir, say }) {
  const pool = createPool();
  const yardstick = [gzipRate(pool.bodies)];
  const parts = {};
  for (const name of ['withoutTrail', 'withTrail']) {
    say(`accepting for ${seconds} s, ${name === 'withTrail' ? 'one trail with validation' : 'no trail'}`);
    parts[name] = await measure({ pool, seconds, profileDir, dataDir: newFolder(), hasTrail: name === 'withTrail' });
    yardstick.push(gzipRate(pool.bodies));
  }
  const gzipBytes = yardstick.reduce((sum, rate) => sum + rate, 0) / yardstick.length;
  const gzipEvents = gzipBytes / pool.bytesPerEvent;
  const against = (name, part, target) => ({
    name: `accept and history${name}`,
    value: part.eventsPerSecond,
    unit: 'events/s',
    ratio: round(part.eventsPerSecond / gzipEvents),
    ratioTo: 'gzip -6',
    target,
    met: part.eventsPerSecond >= target * gzipEvents,
  });
  return {
    figures: [
      { name: 'yardstick: `gzip -6` of the same records, one core', value: Math.round(gzipEvents), unit: 'events/s' },
      against('', parts.withoutTrail, 1),
      against(', one trail with validation', parts.withTrail, 0.5),
    ],
    details: {
      seconds,
      connections: CONNECTIONS,
      batchEvents: BATCH_EVENTS,
      bytesPerEvent: Math.round(pool.bytesPerEvent),
      gzipMbPerSecond: yardstick.map((rate) => round(rate / 1e6)),
      ...parts,
    },
  };
}

async function measure({ pool, seconds, profileDir, dataDir, hasTrail }) {
  const server = await startServer({ dataDir, flags: FLAGS, profileDir });
  const client = clientOf(server, { connections: CONNECTIONS });
  await sendFor(Math.min(WARM_UP_SECONDS, seconds), { client, pool, connections: CONNECTIONS });
  await caughtUp(server);
  const arn = hasTrail && (await client.makeTrail(TRAIL));
  // Its chain of digests begins before its first event is read.
  if (arn) await eventually('the first digest', async () => (await server.metrics()).delivered('digest') === 1);

  const lags = watchLags(server);
  const cpuBefore = server.cpuSeconds();
  const start = performance.now();
  const events = await sendFor(seconds, { client, pool, connections: CONNECTIONS });
  const accepted = performance.now();
  if (arn) await client.stopLogging(TRAIL);
  await caughtUp(server, arn ? 2 : 0);
  const done = performance.now();
  const cpu = server.cpuSeconds() - cpuBefore;
  const lagEventsMax = await lags.stop();
  const figures = {
    eventsPerSecond: Math.round((1000 * events) / (done - start)),
    acceptedPerSecond: Math.round((1000 * events) / (accepted - start)),
    drainSeconds: round((done - accepted) / 1000),
    events,
    pushbacks: client.pushbacks(),
    lagEventsMax,
    cpuMicrosPerEvent: round((1e6 * cpu) / events),
    peakRssMb: Math.round(server.peakRssMb()),
    ...(arn && { logFiles: (await server.metrics()).delivered('log') }),
  };
  if (arn) figures.recordsInBucket = await recordsDelivered(server, arn, events);
  client.close();
  await server.stop();
  return figures;
}

/** Nothing lags behind the Log. The final digest of a trail that was stopped is put when all its files have been. */
const caughtUp = (server, digests = 0) =>
  eventually(
    'all events searchable and delivered',
    async () => {
      const m = await server.metrics();
      return m.lag('history') === 0 && m.lag('trails') === 0 && m.delivered('digest') >= digests;
    },
    { timeoutMs: DRAIN_MS_MAX },
  );

const LAG_EVERY_MS = 1_000;

function watchLags(server) {
  const most = { history: 0, trails: 0 };
  let going = true;
  const done = (async () => {
    while (going) {
      const m = await server.metrics();
      for (const follower of Object.keys(most)) most[follower] = Math.max(most[follower], m.lag(follower));
      await pause(LAG_EVERY_MS);
    }
  })();
  done.catch(() => {}); // a server that is gone fails the run elsewhere
  return {
    stop: async () => {
      going = false;
      await done;
      return most;
    },
  };
}

/** What was counted must be there: every event is in a log file, and every log file in a digest. */
async function recordsDelivered(server, arn, events) {
  const { stdout, code } = await opentrail(server, 'verify', arn, '--json', '--quiet');
  if (code !== 0) throw new Error(`the trail's log files do not verify:\n${stdout}`);
  const { records } = JSON.parse(stdout);
  if (records < events) throw new Error(`${events} events were accepted, but only ${records} delivered`);
  return records;
}
