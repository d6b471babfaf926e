import { clientOf } from './client.mjs';
import { opentrail } from './command.mjs';
import { BATCH_EVENTS, createPool, sendFor } from './load.mjs';
import { eventually, pause, round } from './measure.mjs';
import { startServer } from './server.mjs';
import { gzipRates } from './yardstick.mjs';

export const CONNECTIONS = 16;
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
  const yardstick = [gzipRates(pool.bodies)];
  const parts = {};
  for (const name of ['withoutTrail', 'withTrail']) {
    say(`accepting for ${seconds} s, ${name === 'withTrail' ? 'one trail with validation' : 'no trail'}`);
    parts[name] = await measure({ pool, seconds, profileDir, dataDir: newFolder(), hasTrail: name === 'withTrail' });
    yardstick.push(gzipRates(pool.bodies));
  }
  const rate = (by) => yardstick.reduce((sum, rates) => sum + rates[by], 0) / yardstick.length / pool.bytesPerEvent;
  const [zlib, gzip] = [rate('zlib'), rate('gzip')];
  const against = (name, { eventsPerSecond }, target) => ({
    name: `accept and history${name}`,
    value: eventsPerSecond,
    unit: 'events/s',
    ratio: round(eventsPerSecond / (gzip || zlib)),
    ratioTo: gzip ? 'gzip -6' : 'zlib',
    ...(gzip && { ratioToZlib: round(eventsPerSecond / zlib) }),
    target,
    met: eventsPerSecond >= target * (gzip || zlib),
  });
  return {
    figures: [
      ...(gzip
        ? [{ name: 'yardstick: `gzip -6` of the same records', value: Math.round(gzip), unit: 'events/s' }]
        : []),
      { name: "level 6 by Node's zlib, a faster one", value: Math.round(zlib), unit: 'events/s' },
      against('', parts.withoutTrail, 1),
      against(', one trail with validation', parts.withTrail, 0.5),
    ],
    details: {
      seconds,
      connections: CONNECTIONS,
      batchEvents: BATCH_EVENTS,
      bytesPerEvent: Math.round(pool.bytesPerEvent),
      gzipMbPerSecond: yardstick.map(({ zlib, gzip }) => ({ zlib: round(zlib / 1e6), gzip: round(gzip / 1e6) })),
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
  const cpuBefore = cpuOf(server);
  const start = performance.now();
  const events = await sendFor(seconds, { client, pool, connections: CONNECTIONS });
  const accepted = performance.now();
  if (arn) await client.stopLogging(TRAIL);
  await caughtUp(server, arn ? 2 : 0);
  const done = performance.now();
  const cpuAfter = cpuOf(server);
  const lagEventsMax = await lags.stop();
  const figures = {
    eventsPerSecond: Math.round((1000 * events) / (done - start)),
    acceptedPerSecond: Math.round((1000 * events) / (accepted - start)),
    drainSeconds: round((done - accepted) / 1000),
    events,
    pushbacks: client.pushbacks(),
    lagEventsMax,
    cpuMicrosPerEvent: perEvent(cpuBefore, cpuAfter, events),
    peakRssMb: Math.round(server.peakRssMb()),
    ...(arn && { logFiles: (await server.metrics()).delivered('log') }),
  };
  if (arn) figures.recordsInBucket = await recordsDelivered(server, arn, events);
  client.close();
  await server.stop();
  return figures;
}

/** Seconds. What limits the rate: the server's main thread, or the cores that all of them share. */
const cpuOf = (server) => ({
  ...server.cpuSeconds(),
  loadGenerator: process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
});

const perEvent = (before, after, events) =>
  Object.fromEntries(Object.keys(after).map((who) => [who, round((1e6 * (after[who] - before[who])) / events)]));

/** Nothing lags behind the Log. The final digest of a trail that was stopped is put when all its files have been. */
export const caughtUp = (server, digests = 0) =>
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
