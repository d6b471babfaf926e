import { clientOf } from './client.mjs';
import { filledFolder } from './fill.mjs';
import { createPool, sendSteadily } from './load.mjs';
import { eventually, quantiles, round, timesOf } from './measure.mjs';
import { startServer } from './server.mjs';

/** Of each kind: enough that one stray pause of the machine is not the 99th percentile. */
const FIRST_PAGES = 300;
const WALKS = 15;
const WALK_PAGES = 100;
/** Of a walk, these pages up to the hundredth are measured. */
const WALK_LAST = 20;
const INGEST_PER_SECOND = 5_000;
const AT_REST_MS = 20;
const UNDER_LOAD_MS = 50;
const RSS_MB = 1_500;
const DAY_MS = 86_400_000;
/** Of CPU, in a second; the lake pauses between the things it has to do. */
const REST_CPU_SECONDS = 0.05;
const REST_SECONDS = 10;
const START_MS_MAX = 600_000;

/**
 * LookupEvents over a filled folder: every attribute with rare and frequent values, first and hundredth page, from
 * anywhere in time; at rest, when the server has started and answered some, and while events come in. One question at a time, as one user asks.
 */
export async function lookup(options) {
  const { profileDir, say } = options;
  const filled = await filledFolder(options);
  const server = await startServer({ dataDir: filled.dataDir, profileDir });
  const client = clientOf(server);
  const events = (await server.metrics()).value('opentrail_log_end_sequence');
  await eventually('the server at rest after its start', restsWhen(server), {
    timeoutMs: START_MS_MAX,
    everyMs: 1_000,
  });
  // What V8 has not made fast yet is told by `startup`, if by anything.
  await timesOf(endTimes(filled.span).map((EndTime) => () => client.lookupEvents({ EndTime })));
  say(`looking up in ${events} events, at rest`);
  const atRest = await measureAll(client, filled);
  say(`looking up while ${INGEST_PER_SECOND} events/s come in`);
  const ingestClient = clientOf(server);
  const ingest = sendSteadily(INGEST_PER_SECOND, { client: ingestClient, pool: createPool() });
  const underLoad = await measureAll(client, filled);
  const ingestPerSecond = await ingest.stop();
  const peakRssMb = Math.max(filled.load.peakRssMb, Math.round(server.peakRssMb()));
  for (const c of [client, ingestClient]) c.close();
  await server.stop();

  const below = (name, value, unit, target) => ({ name, value, unit, atMost: target, met: value <= target });
  const worst = (figures) => Math.max(...Object.values(figures).map((f) => f.p99Ms));
  const kept = ingestPerSecond >= 0.95 * INGEST_PER_SECOND;
  const loaded = below(`the same under ${ingestPerSecond} events/s`, worst(underLoad), 'ms', UNDER_LOAD_MS);
  return {
    figures: [
      { name: 'filling, through PutRecords', value: filled.load.eventsPerSecond, unit: 'events/s' },
      below(`LookupEvents, ${events} events, worst p99 of all questions`, worst(atRest), 'ms', AT_REST_MS),
      { ...loaded, met: loaded.met && kept },
      below('memory of the server, peak resident', peakRssMb, 'MB', RSS_MB),
      { name: 'disk, all of the Log with its index', value: filled.load.bytesPerEvent, unit: 'bytes/event' },
    ],
    details: { events, load: filled.load, ingestPerSecond, atRest, underLoad },
  };
}

/** Whether the server and its lake did next to nothing each of the last times, a second apart, that this was asked. */
function restsWhen(server) {
  let [before, rested] = [Number.NEGATIVE_INFINITY, 0];
  return () => {
    const { server: own, lake } = server.cpuSeconds();
    rested = own + lake - before < REST_CPU_SECONDS ? rested + 1 : 0;
    before = own + lake;
    return rested >= REST_SECONDS;
  };
}

/** Quantiles by question: `ResourceName, rare, first page`. */
async function measureAll(client, { questions, span }) {
  const figures = {};
  for (const [key, { frequent, rare, times }] of Object.entries({ none: {}, ...questions })) {
    const ask = (value) =>
      value === undefined ? {} : { LookupAttributes: [{ AttributeKey: key, AttributeValue: value }] };
    if (rare?.length > 0) {
      const values = Array.from({ length: FIRST_PAGES }, (_, i) => rare[i % rare.length]);
      const calls = values.map((value) => () => client.lookupEvents(ask(value)));
      figures[`${key}, rare, first page`] = quantiles(await timesOf(calls));
    }
    if (times === 1) continue;
    const ends = endTimes(span);
    const first = ends.map((EndTime) => () => client.lookupEvents({ ...ask(frequent), EndTime }));
    figures[`${key}, frequent, first page`] = quantiles(await timesOf(first));
    const walks = ends.slice(0, FIRST_PAGES / 2).filter((_, i) => i % (FIRST_PAGES / 2 / WALKS) === 0);
    const deep = [];
    for (const EndTime of walks) deep.push(...(await walk(client, { ...ask(frequent), EndTime })));
    if (deep.length > 0) figures[`${key}, frequent, hundredth page`] = quantiles(deep);
  }
  return figures;
}

/** Epoch seconds, from now back to the oldest event: of what lies before it a page can be full. */
function endTimes({ oldestMs, newestMs }) {
  const seconds = (ms) => Math.round(ms / 1000);
  const step = (newestMs - oldestMs) / FIRST_PAGES;
  return Array.from({ length: FIRST_PAGES }, (_, i) => seconds(newestMs + (i === 0 ? DAY_MS : 0) - i * step));
}

/** Follows NextToken. @returns milliseconds of the last pages, when there are a hundred */
async function walk(client, input) {
  const times = [];
  let NextToken;
  for (let page = 1; page <= WALK_PAGES; page++) {
    const start = performance.now();
    const body = await client.lookupEvents({ ...input, ...(NextToken && { NextToken }) });
    if (page > WALK_PAGES - WALK_LAST) times.push(round(performance.now() - start));
    NextToken = JSON.parse(body.toString('utf8')).NextToken;
    if (NextToken === undefined) return [];
  }
  return times;
}
