import { readdirSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { clientOf } from './client.mjs';
import { filledFolder } from './fill.mjs';
import { createPool, sendFor } from './load.mjs';
import { median, pause, round } from './measure.mjs';
import { freePort, startServer } from './server.mjs';

const ROUNDS = 3;
/** Long enough to fill several segments of the Log, so that some are not sealed yet. */
const LOAD_SECONDS = 12;
const CONNECTIONS = 16;
const TARGET_SECONDS = 3;
const POLL_MS = 5;
const GIVE_UP_MS = 120_000;

/**
 * From the start of the process until /readyz first answers 200, on a filled folder: after a stop, after kill -9, and after
 * kill -9 in the middle of full load, when most is left to be made good.
 */
export async function startup(options) {
  const { dataDir } = await filledFolder(options);
  options.say('starting up');
  const seconds = { stopped: [], killed: [], killedUnderLoad: [] };
  await startUp(dataDir, 'stop'); // whatever came before, the first one measured follows a clean stop
  for (let i = 1; i <= ROUNDS; i++) seconds.stopped.push(await startUp(dataDir, i < ROUNDS ? 'stop' : 'kill'));
  for (let i = 1; i <= ROUNDS; i++) seconds.killed.push(await startUp(dataDir, i < ROUNDS ? 'kill' : 'stop'));
  const [unsealed, pool] = [[], createPool()];
  for (let i = 1; i <= ROUNDS; i++) {
    await killUnderLoad(dataDir, pool);
    unsealed.push(readdirSync(join(dataDir, 'log')).filter((name) => name.endsWith('.wal')).length);
    seconds.killedUnderLoad.push(await startUp(dataDir, 'stop'));
  }
  const figure = (name, value) => ({
    name,
    value: round(value),
    unit: 's',
    atMost: TARGET_SECONDS,
    met: value <= TARGET_SECONDS,
  });
  return {
    figures: [
      figure('start-up, after a clean stop', median(seconds.stopped)),
      figure('start-up, after kill -9', median(seconds.killed)),
      figure('start-up, after kill -9 under full load, the worst', Math.max(...seconds.killedUnderLoad)),
    ],
    details: { seconds, unsealedSegments: unsealed },
  };
}

async function startUp(dataDir, end) {
  const port = await freePort();
  const start = performance.now();
  const starting = startServer({ dataDir, port });
  const ready = untilReady(port, start).then(() => (performance.now() - start) / 1000);
  const [server, seconds] = await Promise.all([starting, ready]);
  await server[end]();
  return round(seconds);
}

async function killUnderLoad(dataDir, pool) {
  const server = await startServer({ dataDir });
  const client = clientOf(server, { connections: CONNECTIONS });
  const sending = sendFor(2 * LOAD_SECONDS, { client, pool, connections: CONNECTIONS }).catch(() => {}); // cut off
  await pause(1000 * LOAD_SECONDS);
  await server.kill();
  await sending;
  client.close();
}

async function untilReady(port, start) {
  while (performance.now() - start < GIVE_UP_MS) {
    if (await isReady(port)) return;
    await pause(POLL_MS);
  }
  throw new Error(`not ready within ${GIVE_UP_MS / 1000} s`);
}

const isReady = (port) =>
  new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path: '/readyz', agent: false }, (res) => {
      res.resume();
      resolve(res.statusCode === 200);
    }).once('error', () => resolve(false));
  });
