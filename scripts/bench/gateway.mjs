import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { callRate, latencies, transferRate } from './gateway/load.mjs';
import { median, quantiles, round } from './measure.mjs';
import { cpuSeconds, startServer } from './server.mjs';

const CONNECTIONS = 32;
/** Turn and turn about, so that what else the machine does falls on both alike; an odd number, for medians. */
const ROUNDS = 9;
/** Where its memory happens to lie makes a process faster or slower for all its life: each of these has a bare proxy of its own. */
const TRANSFER_ROUNDS = 7;
const LATENCY_CALLS_MAX = 2_000;
const TRANSFER_BYTES = 1 << 30;
const WARM_UP_CALLS = 3_000;
const WARM_UP_BYTES = 1 << 28;

/**
 * The capture gateway before a trivial upstream that answers a mix of real calls, beside a bare `node:http` proxy: added latency, calls a second with
 * every record durable before its answer, and large transfers with the memory that they take.
 */
export async function gateway({ newFolder, seconds, profileDir, say }) {
  const upstream = await start('upstream.mjs', []);
  const bare = await start('bare-proxy.mjs', [upstream.port]);
  const proxy = await startGateway(upstream.port, newFolder(), profileDir);
  const [ours, theirs] = [proxy, bare];
  for (const { port } of [upstream, bare, proxy]) await latencies(port, WARM_UP_CALLS);

  say('gateway: latency');
  const times = await inTurns(ROUNDS, [upstream, bare, proxy], ({ port }) =>
    latencies(port, Math.min(LATENCY_CALLS_MAX, seconds * 50)),
  );
  const [direct, throughBare, through] = times.map((rounds) => quantiles(rounds.flat()));
  const addedMs = round(through.p50Ms - direct.p50Ms);

  say('gateway: calls a second');
  const cpu = { bare: [], gateway: [] };
  const rates = await inTurns(ROUNDS, [theirs, ours], async (one) => {
    const [secondsEach, before] = [seconds / (2 * ROUNDS), one.cpuSeconds()];
    const rate = await callRate(one.port, CONNECTIONS, secondsEach);
    const used = one.cpuSeconds();
    const perCall = (thread) => Math.round((1e6 * (used[thread] - before[thread])) / (rate * secondsEach));
    cpu[one === ours ? 'gateway' : 'bare'].push({ all: perCall('all'), mainThread: perCall('mainThread') });
    return rate;
  });

  const transfers = {};
  for (const direction of ['upload', 'download']) {
    say(`gateway: ${direction} of 1 GiB`);
    const before = ours.memory();
    const [bareRates, ourRates] = await inTurns(TRANSFER_ROUNDS, ['bare', 'gateway'], (which) =>
      which === 'gateway'
        ? transferRate(ours.port, direction, TRANSFER_BYTES)
        : withFresh('bare-proxy.mjs', [upstream.port], async ({ port }) => {
            await transferRate(port, direction, WARM_UP_BYTES);
            return transferRate(port, direction, TRANSFER_BYTES);
          }),
    );
    transfers[direction] = { bareRates, ourRates, grownMb: (ours.memory().peakMb - before.nowMb) | 0 };
  }
  for (const process of [proxy, bare, upstream]) await process.stop();

  const against = (name, [bareRates, ourRates], unit, target, scale = 1) => {
    const ratio = median(ourRates.map((rate, i) => rate / bareRates[i]));
    return {
      name,
      value: Math.round(median(ourRates) / scale),
      unit,
      ratio: round(ratio),
      ratioTo: 'bare proxy',
      target,
      met: ratio >= target,
    };
  };
  const atMost = (name, value, unit, limit) => ({ name, value, unit, atMost: limit, met: value <= limit });
  return {
    figures: [
      atMost('gateway, median latency added', addedMs, 'ms', 1),
      against('gateway, calls with before-answer records', rates, 'calls/s', 0.5),
      ...Object.entries(transfers).flatMap(([direction, { bareRates, ourRates, grownMb }]) => [
        against(`gateway, 1 GiB ${direction}`, [bareRates, ourRates], 'MB/s', 0.8, 1e6),
        atMost(`gateway, memory grown by it`, grownMb, 'MB', 100),
      ]),
    ],
    details: {
      connections: CONNECTIONS,
      rounds: ROUNDS,
      transferRounds: TRANSFER_ROUNDS,
      latency: { direct, bare: throughBare, gateway: through, bareAddedMs: round(throughBare.p50Ms - direct.p50Ms) },
      // Says more than calls a second where others use the machine too.
      cpuMicrosecondsPerCall: cpu,
      callsPerSecond: { bare: rates[0].map(Math.round), gateway: rates[1].map(Math.round) },
      transfers,
    },
  };
}

/**
 * The first goes first in every other round, so that what speeds up or slows down on the way favours none.
 * @returns for each of `who` what the rounds gave
 */
async function inTurns(rounds, who, measure) {
  const results = who.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const order = [...who.entries()];
    for (const [i, one] of round % 2 === 0 ? order : order.reverse()) results[i].push(await measure(one));
  }
  return results;
}

async function withFresh(file, args, measure) {
  const process = await start(file, args);
  try {
    return await measure(process);
  } finally {
    await process.stop();
  }
}

/** The real thing: `opentrail serve` with its gateway, every record decoded, made and durable before its answer. */
async function startGateway(upstreamPort, dataDir, profileDir) {
  const flags = { upstream: `*=http://127.0.0.1:${upstreamPort}`, 'gateway-port': 0 };
  const server = await startServer({ dataDir, flags, profileDir });
  const { pid, stop } = server;
  return {
    port: Number(new URL(server.gateway).port),
    memory: () => memoryOf(pid),
    cpuSeconds: () => cpuOf(pid),
    stop,
  };
}

/** Each as a process of its own; it says its port and ends when it is told anything. */
function start(file, args) {
  const path = new URL(`./gateway/${file}`, import.meta.url).pathname;
  const child = fork(path, args.map(String));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return new Promise((fulfil, reject) => {
    child.once('message', ({ port }) =>
      fulfil({
        port,
        memory: () => memoryOf(child.pid),
        cpuSeconds: () => cpuOf(child.pid),
        async stop() {
          child.send('stop');
          await ended;
          process.off('exit', kill);
        },
      }),
    );
    ended.then((code) => reject(new Error(`${file} ended with ${code} before it served`)));
  });
}

const cpuOf = (pid) => ({
  all: cpuSeconds(`/proc/${pid}/stat`),
  mainThread: cpuSeconds(`/proc/${pid}/task/${pid}/stat`),
});

/** Resident memory of a process now, and at its peak. */
function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mb = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]) / 1024;
  return { nowMb: mb('VmRSS'), peakMb: mb('VmHWM') };
}
