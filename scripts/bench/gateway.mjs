import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { callRate, latencies, transferRate } from './gateway/load.mjs';
import { median, quantiles, round } from './measure.mjs';
import { cpuSeconds, startServer } from './server.mjs';

const CONNECTIONS = 32;
/** Turn and turn about, so that what else the machine does falls on both alike. */
const ROUNDS = 5;
const LATENCY_CALLS_MAX = 2_000;
const TRANSFER_BYTES = 1 << 30;
const WARM_UP_CALLS = 3_000;

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
  const times = await inTurns([upstream, bare, proxy], ({ port }) =>
    latencies(port, Math.min(LATENCY_CALLS_MAX, seconds * 50)),
  );
  const [direct, throughBare, through] = times.map((rounds) => quantiles(rounds.flat()));
  const addedMs = round(through.p50Ms - direct.p50Ms);

  say('gateway: calls a second');
  const cpu = new Map([ours, theirs].map((one) => [one, []]));
  const rates = await inTurns([theirs, ours], async (one) => {
    const [secondsEach, before] = [seconds / (2 * ROUNDS), one.cpuSeconds()];
    const rate = await callRate(one.port, CONNECTIONS, secondsEach);
    cpu.get(one).push(Math.round((1e6 * (one.cpuSeconds() - before)) / (rate * secondsEach)));
    return rate;
  });

  const transfers = {};
  for (const direction of ['upload', 'download']) {
    say(`gateway: ${direction} of 1 GiB`);
    const before = ours.memory();
    const [bareRates, ourRates] = await inTurns([theirs, ours], ({ port }) =>
      transferRate(port, direction, TRANSFER_BYTES),
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
      latency: { direct, bare: throughBare, gateway: through, bareAddedMs: round(throughBare.p50Ms - direct.p50Ms) },
      // Of all threads: says more than calls a second where others use the machine too.
      cpuMicrosecondsPerCall: { bare: cpu.get(theirs), gateway: cpu.get(ours) },
      callsPerSecond: { bare: rates[0].map(Math.round), gateway: rates[1].map(Math.round) },
      transfers,
    },
  };
}

/** @returns for each of `who` what the rounds gave */
async function inTurns(who, measure) {
  const results = who.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, one] of who.entries()) results[i].push(await measure(one));
  }
  return results;
}

/** The real thing: `opentrail serve` with its gateway, every record decoded, made and durable before its answer. */
async function startGateway(upstreamPort, dataDir, profileDir) {
  const flags = { upstream: `*=http://127.0.0.1:${upstreamPort}`, 'gateway-port': 0 };
  const server = await startServer({ dataDir, flags, profileDir });
  const { pid, stop } = server;
  return {
    port: Number(new URL(server.gateway).port),
    memory: () => memoryOf(pid),
    cpuSeconds: () => cpuSeconds(`/proc/${pid}/stat`),
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
        cpuSeconds: () => cpuSeconds(`/proc/${child.pid}/stat`),
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

/** Resident memory of a process now, and at its peak. */
function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mb = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]) / 1024;
  return { nowMb: mb('VmRSS'), peakMb: mb('VmHWM') };
}
