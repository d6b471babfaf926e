import { get } from 'node:http';
import { filledFolder } from './fill.mjs';
import { median, pause, round } from './measure.mjs';
import { freePort, startServer } from './server.mjs';

const ROUNDS = 3;
const TARGET_SECONDS = 3;
const POLL_MS = 5;
const GIVE_UP_MS = 120_000;

/** From the start of the process until /readyz first answers 200, on a filled folder: after a stop and after kill -9. */
export async function startup(options) {
  const { dataDir } = await filledFolder(options);
  options.say('starting up');
  const seconds = { stopped: [], killed: [] };
  await startUp(dataDir, 'stop'); // whatever came before, the first one measured follows a clean stop
  for (let i = 1; i <= ROUNDS; i++) seconds.stopped.push(await startUp(dataDir, i < ROUNDS ? 'stop' : 'kill'));
  for (let i = 1; i <= ROUNDS; i++) seconds.killed.push(await startUp(dataDir, i < ROUNDS ? 'kill' : 'stop'));
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
    ],
    details: { seconds },
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
