import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const COMMAND = new URL('../../packages/server/bin/opentrail.js', import.meta.url).pathname;
/** The same with each module in a file of its own, so that one can be replaced. */
const IN_MODULES = new URL('../../packages/server/dist/main.js', import.meta.url).pathname;
export const ACCOUNT = '123456789012';
export const REGION = 'us-east-1';
const STDERR_CHARS_MAX = 10_000;

const running = new Set();

/** Ends every server that this process has started: for the way out. */
export function killServers() {
  for (const child of running) child.kill('SIGKILL');
}

/**
 * Starts `opentrail serve` as a process of its own, the way a user does.
 * @param profileDir V8 writes a CPU profile of the main thread here when the server ends
 * @param inModules not from the bundle
 * @param preload a module that Node loads first
 */
export async function startServer({ dataDir, flags = {}, profileDir, port = 0, inModules = false, preload }) {
  const given = { port, 'console-port': 0, 'log-level': 'warn', ...flags, 'data-dir': dataDir };
  const args = Object.entries(given).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const profile = profileDir ? ['--cpu-prof', `--cpu-prof-dir=${profileDir}`] : [];
  const loaded = preload ? ['--import', preload] : [];
  const child = spawn(process.execPath, [...profile, ...loaded, inModules ? IN_MODULES : COMMAND, 'serve', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr = (stderr + text).slice(-STDERR_CHARS_MAX);
  });
  const ended = new Promise((resolve) => {
    child.once('close', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  let gateway;
  let webConsole;
  const endpoint = await new Promise((resolve, reject) => {
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      const url = /serves (http:\S+)/.exec(stdout)?.[1];
      gateway = /capture gateway (http:\S+)/.exec(stdout)?.[1];
      webConsole = /Console: (http:\S+)/.exec(stdout)?.[1];
      if (url && stdout.includes('Data and credentials')) resolve(url);
    });
    ended.then((code) => reject(new Error(`opentrail serve ended with ${code} before it served:\n${stderr}`)));
  });
  const end = async (signal) => {
    child.kill(signal);
    const code = await ended;
    if (signal === 'SIGTERM' && code !== 0) throw new Error(`opentrail serve ended with ${code}:\n${stderr}`);
  };

  return {
    endpoint,
    /** The capture gateway, when it has an upstream. */
    gateway,
    /** Where browsers reach it. */
    webConsole,
    pid: child.pid,
    dataDir,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    metrics: async () => parseMetrics(await (await fetch(`${endpoint}/metrics`)).text()),
    /** The most memory that the process (all its threads) has had resident. */
    peakRssMb: () => statusField(child.pid, 'VmHWM') / 1024,
    /** CPU seconds used so far: of all threads, of the main one alone, and of the lake's process. */
    cpuSeconds: () => ({
      server: cpuSeconds(`/proc/${child.pid}/stat`),
      mainThread: cpuSeconds(`/proc/${child.pid}/task/${child.pid}/stat`),
      lake: childrenOf(child.pid).reduce((sum, pid) => sum + cpuSeconds(`/proc/${pid}/stat`), 0),
    }),
  };
}

/** A port that is free now: for who must know it before the server has said anything. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .once('error', reject)
      .listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => resolve(port));
      });
  });
}

/** Samples by name with labels, as Prometheus text has them: `opentrail_follower_lag_events{follower="trails"}`. */
function parseMetrics(text) {
  const samples = new Map();
  for (const line of text.split('\n')) {
    const [, name, value] = /^([^#\s].*) (\S+)$/.exec(line) ?? [];
    if (name) samples.set(name, Number(value));
  }
  return {
    value: (name) => samples.get(name) ?? 0,
    /** The most that any follower is behind. */
    lagMax: () =>
      Math.max(
        0,
        ...[...samples].filter(([name]) => name.startsWith('opentrail_follower_lag_events')).map(([, n]) => n),
      ),
    lag: (follower) => samples.get(`opentrail_follower_lag_events{follower="${follower}"}`) ?? 0,
    delivered: (kind) => samples.get(`opentrail_deliveries_total{kind="${kind}",outcome="delivered"}`) ?? 0,
  };
}

const statusField = (pid, name) =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

const childrenOf = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);

/** Fields 14 and 15, in ticks of 10 ms; the name in field 2 may hold spaces. */
export function cpuSeconds(statFile) {
  const fields = readFileSync(statFile, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Bytes of all files below a folder. */
export function bytesBelow(directory) {
  let bytes = 0;
  for (const name of readdirSync(directory, { recursive: true })) {
    const stats = statSync(join(directory, name), { throwIfNoEntry: false });
    if (stats?.isFile()) bytes += stats.size;
  }
  return bytes;
}
