// How fast Event history answers, for every attribute, over as many events as are asked for. Run after `npm run build`:
//     node scripts/bench/history.mjs [events=300000] [directory=the system's temporary one]
// Prints one JSON object; `runHistoryBench` gives the same to whoever imports it. Loading goes through the Log, as in
// the product; ten million events take some minutes and 4 GB of disk.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const dist = (path) => import(new URL(`../../packages/server/dist/${path}`, import.meta.url).href);

const BATCH_EVENTS = 500;
const APPENDERS = 8;
const FIRST_PAGES = 200;
const WALKS = 5;
const WALK_PAGES = 100;
/** Of a walk, the pages measured: up to and with the hundredth. */
const WALK_LAST = 10;
const INGEST_PER_SECOND = 5_000;
const INGEST_EVERY_MS = 10;
const PARTITION = { accountId: '111122223333', region: 'us-east-1', category: 'Management' };

/** Each attribute's values in a header. */
const VALUES = {
  EventName: (h) => [h.eventName],
  EventSource: (h) => [h.eventSource],
  Username: (h) => [h.username],
  AccessKeyId: (h) => [h.accessKeyId],
  ReadOnly: (h) => [String(h.readOnly)],
  ResourceType: (h) => h.resources.map(([type]) => type),
  ResourceName: (h) => h.resources.map(([, name]) => name),
};

/** Loads `events` events, then measures opening, look-ups at rest and look-ups while events come in. */
export async function runHistoryBench({ events = 300_000, directory: parent = tmpdir() } = {}) {
  const [{ openLog }, { openHistory }, { createGenerator }, { systemClock }, { silentLogger }] = await Promise.all(
    [
      'ports/log/segment-log.js',
      'ports/history/embedded-history.js',
      'testing/generate.js',
      'base/clock.js',
      'base/logger.js',
    ].map(dist),
  );
  const directory = mkdtempSync(join(parent, 'bench-history-'));
  const options = { clock: systemClock, logger: silentLogger };
  const generate = createGenerator({ dataEvents: false, stepMs: 100, jitterMs: 300_000 });
  try {
    let log = await openLog({ ...options, directory });
    let history = await openHistory({ ...options, log });
    const seen = createTally();
    const load = await measureLoad({ log, history, generate, seen, events });
    await history.close();
    await log.close();

    const logStart = performance.now();
    log = await openLog({ ...options, directory });
    const historyStart = performance.now();
    history = await openHistory({ ...options, log });
    const opened = performance.now();

    const questions = seen.questions();
    const atRest = await measureLookups(history, questions, seen.span());
    const held = await measureHolds(history, seen);
    const stop = ingest(log, generate);
    const whileEventsCome = await measureLookups(history, questions, seen.span());
    const appended = await measureFresh(log, history, generate);
    await stop();
    const rssMb = Math.round(process.memoryUsage.rss() / 2 ** 20);
    await history.close();
    await log.close();
    return {
      events,
      load,
      openLogMs: Math.round(historyStart - logStart),
      openHistoryMs: Math.round(opened - historyStart),
      atRest,
      whileEventsCome: { eventsPerSecond: INGEST_PER_SECOND, ...whileEventsCome },
      appendAndFindMs: appended,
      holdsEventIdMicros: held,
      rssMb,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureLoad({ log, history, generate, seen, events }) {
  const start = performance.now();
  let left = events;
  await Promise.all(
    Array.from({ length: APPENDERS }, async () => {
      while (left > 0) {
        const batch = Array.from({ length: Math.min(BATCH_EVENTS, left) }, generate);
        left -= batch.length;
        for (const event of batch) seen.add(event.header);
        await log.append(batch);
        while (history.pressure()) await pause(20);
      }
    }),
  );
  const accepted = performance.now();
  await history.holdsEventIds(PARTITION.accountId, ['none']); // answered when all is indexed
  const indexed = performance.now();
  while (log.complete.length > 0) await pause(20);
  const sealed = performance.now();
  const bytes = (ending) =>
    readdirSync(log.directory)
      .filter((name) => name.endsWith(ending))
      .reduce((sum, name) => sum + statSync(join(log.directory, name)).size, 0);
  const segments = readdirSync(log.directory).filter((name) => name.endsWith('.idx')).length;
  const sealedEvents = log.durable.segmentFirst;
  const perEvent = (n) => (sealedEvents > 0 ? Math.round(n / sealedEvents) : undefined);
  return {
    eventsPerSecond: Math.round((1000 * events) / (accepted - start)),
    indexedAfterMs: Math.round(indexed - accepted),
    sealedAfterMs: Math.round(sealed - accepted),
    segments,
    segBytesPerEvent: perEvent(bytes('.seg')),
    idxBytesPerEvent: perEvent(bytes('.idx')),
    rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
  };
}

/** What was loaded: which values are frequent, which are rare, and a sample of eventIDs. */
function createTally() {
  const counts = Object.fromEntries(Object.keys(VALUES).map((key) => [key, new Map()]));
  const eventIds = [];
  let [oldest, newest, n] = [Number.POSITIVE_INFINITY, 0, 0];
  return {
    add(header) {
      oldest = Math.min(oldest, header.timeMs);
      newest = Math.max(newest, header.timeMs);
      if (header.accountId !== PARTITION.accountId || header.region !== PARTITION.region) return;
      if (n++ % 997 === 0) eventIds.push(header.eventId);
      for (const [key, valuesOf] of Object.entries(VALUES)) {
        for (const value of valuesOf(header)) counts[key].set(value, (counts[key].get(value) ?? 0) + 1);
      }
    },
    span: () => ({ oldest, newest }),
    eventIds,
    /** For each attribute its most frequent value, and up to `FIRST_PAGES` of its rarest. */
    questions() {
      const all = { any: { frequent: [undefined], rare: [] }, EventId: { frequent: [], rare: spread(eventIds) } };
      for (const [key, byValue] of Object.entries(counts)) {
        const sorted = [...byValue].filter(([value]) => value !== '').sort(([, a], [, b]) => b - a);
        const rarest = sorted.slice(1).slice(-20 * FIRST_PAGES);
        all[key] = { frequent: [sorted[0][0]], rare: spread(rarest.map(([value]) => value)) };
      }
      return all;
    },
  };
}

/** Up to `FIRST_PAGES` of a list, evenly taken. */
const spread = (list) => {
  const step = Math.max(1, list.length / FIRST_PAGES);
  return Array.from({ length: Math.min(FIRST_PAGES, list.length) }, (_, i) => list[Math.floor(i * step)]);
};

/** For each attribute, milliseconds of first pages (from anywhere in time, for frequent values) and hundredth ones. */
async function measureLookups(history, questions, { oldest, newest }) {
  const figures = {};
  let worst = 0;
  for (const [key, { frequent, rare }] of Object.entries(questions)) {
    const query = (value, endMs = newest) => ({
      ...PARTITION,
      startMs: 0,
      endMs,
      limit: 50,
      ...(value === undefined ? {} : { attribute: { key, value } }),
    });
    const figure = {};
    if (rare.length > 0) {
      figure.rareFirstPage = quantiles(await timesOf(rare.map((value) => () => history.lookup(query(value)))));
    }
    if (frequent.length > 0) {
      const ends = Array.from({ length: FIRST_PAGES }, (_, i) => newest - (i * (newest - oldest)) / FIRST_PAGES);
      const lookups = ends.map((endMs) => () => history.lookup(query(frequent[0], endMs)));
      figure.frequentFirstPage = quantiles(await timesOf(lookups));
      figure.hundredthPage = quantiles(await walkTimes(history, (i) => query(frequent[0], ends[i * 17])));
    }
    figures[key] = figure;
    worst = Math.max(worst, ...Object.values(figure).map((f) => f.p99Ms));
  }
  return { worstP99Ms: worst, ...figures };
}

async function walkTimes(history, queryOf) {
  const times = [];
  for (let walk = 0; walk < WALKS; walk++) {
    let after;
    for (let page = 0; page < WALK_PAGES; page++) {
      const start = performance.now();
      const { next } = await history.lookup({ ...queryOf(walk), ...(after ? { after } : {}) });
      if (page >= WALK_PAGES - WALK_LAST) times.push(performance.now() - start);
      if (!next) break;
      after = next;
    }
  }
  return times;
}

async function timesOf(calls) {
  const times = [];
  for (const call of calls) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  }
  return times;
}

/** An importer's question, a hundred eventIDs at a time: half of them there. */
async function measureHolds(history, { eventIds }) {
  const half = eventIds.slice(0, 2_000);
  const ids = half.flatMap((id) => [id, `${id}-not`]);
  const start = performance.now();
  for (let i = 0; i < ids.length; i += 100) {
    await history.holdsEventIds(PARTITION.accountId, ids.slice(i, i + 100));
  }
  return Number(((1000 * (performance.now() - start)) / ids.length).toFixed(1));
}

/** Appends at a steady rate until stopped. */
function ingest(log, generate) {
  let going = true;
  const done = (async () => {
    const start = performance.now();
    for (let sent = 0; going; ) {
      const due = Math.floor(((performance.now() - start) / 1000) * INGEST_PER_SECOND) - sent;
      if (due > 0) await log.append(Array.from({ length: due }, generate));
      sent += Math.max(0, due);
      await pause(INGEST_EVERY_MS);
    }
  })();
  return () => {
    going = false;
    return done;
  };
}

/** From handing an event to the Log until a look-up has found it. */
async function measureFresh(log, history, generate) {
  const times = [];
  for (let i = 0; i < 100; i++) {
    const event = generate();
    const { accountId, region, category, eventId } = event.header;
    const start = performance.now();
    await log.append([event]);
    const attribute = { key: 'EventId', value: eventId };
    const query = { accountId, region, category, attribute, startMs: 0, endMs: Number.MAX_SAFE_INTEGER, limit: 1 };
    while ((await history.lookup(query)).hits.length === 0);
    times.push(performance.now() - start);
  }
  return quantiles(times);
}

function quantiles(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (q) => Number((sorted[Math.floor(q * (sorted.length - 1))] ?? 0).toFixed(2));
  return { p50Ms: at(0.5), p99Ms: at(0.99), samples: sorted.length };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [events, directory] = process.argv.slice(2);
  const figures = await runHistoryBench({ events: Number(events ?? 300_000), ...(directory ? { directory } : {}) });
  console.log(JSON.stringify(figures, null, 2));
}
