// How fast the embedded Log takes events, and what a worker needs to seal them. Run after `npm run build`:
//     node scripts/bench/log.mjs [directory=the system's temporary one] [events=200000]
// Prints one JSON object. Directories on a real disk measure its sync; on tmpfs, our own work.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const dist = (path) => import(new URL(`../../packages/server/dist/${path}`, import.meta.url).href);
const [
  { openLog },
  { sampleEvent },
  { writeSealed, openSealed },
  { systemClock },
  { silentLogger },
  { createMetrics },
] = await Promise.all(
  [
    'ports/log/segment-log.js',
    'ports/log/sample.js',
    'ports/log/sealed.js',
    'base/clock.js',
    'base/logger.js',
    'base/metrics.js',
  ].map(dist),
);

const JSON_BYTES = 1200;
const [parent = tmpdir(), eventsArgument = '200000'] = process.argv.slice(2);
const total = Number(eventsArgument);
const directory = mkdtempSync(join(parent, 'bench-log-'));
const options = { clock: systemClock, logger: silentLogger, metrics: createMetrics() };

/** `clients` append batches one after the other, `total` events in all. */
async function measure(name, clients, batchEvents, total) {
  const batches = Array.from({ length: 50 }, (_, b) =>
    Array.from({ length: batchEvents }, (_, i) => sampleEvent(b * batchEvents + i, JSON_BYTES)),
  );
  const log = await openLog({ ...options, directory: join(directory, name) });
  const times = [];
  let left = Math.floor(total / batchEvents);
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (left-- > 0) {
        const at = performance.now();
        await log.append(batches[left % batches.length]);
        times.push(performance.now() - at);
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const complete = log.complete;
  const read = await readAll(log);
  await log.close();
  times.sort((a, b) => a - b);
  const at = (q) => Number(times[Math.floor(q * (times.length - 1))].toFixed(2));
  return {
    complete,
    figures: {
      clients,
      batchEvents,
      eventsPerSecond: Math.round((times.length * batchEvents) / seconds),
      appendsPerSecond: Math.round(times.length / seconds),
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      cpuMicrosPerEvent: Number(((user + system) / (times.length * batchEvents)).toFixed(2)),
      readEventsPerSecond: read,
    },
  };
}

async function readAll(log) {
  const start = performance.now();
  let at = log.start;
  while (at < log.end) at += (await log.read(at, 1 << 20)).length;
  return Math.round((1000 * log.end) / (performance.now() - start));
}

async function sealing({ path, bytes, count }) {
  const segPath = join(directory, 'bench.seg');
  const start = performance.now();
  writeSealed(path, segPath, bytes);
  const seconds = (performance.now() - start) / 1000;
  const sealed = openSealed(segPath);
  const readStart = performance.now();
  for (let i = 0; i < 1000; i++) await sealed.readAt(sealed.first + ((i * 7919) % count));
  const readAtMicros = performance.now() - readStart;
  sealed.close();
  return {
    eventsPerSecond: Math.round(count / seconds),
    readAtMicros: Math.round(readAtMicros),
  };
}

try {
  const batches = await measure('batches', 16, 100, total);
  const one = await measure('one-client', 1, 100, total / 4);
  const singles = await measure('singles', 64, 1, total / 8);
  const seal = batches.complete[0] ? await sealing(batches.complete[0]) : undefined;
  console.log(
    JSON.stringify(
      {
        directory: parent,
        jsonBytes: JSON_BYTES,
        batches: batches.figures,
        oneClient: one.figures,
        singles: singles.figures,
        seal,
      },
      null,
      2,
    ),
  );
} finally {
  rmSync(directory, { recursive: true });
}
