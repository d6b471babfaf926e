// npm run bench: how fast OpenTrail is, beside what was promised. See docs/benchmarks.md.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { accept } from './accept.mjs';
import { authorize } from './authorize.mjs';
import { webConsole } from './console.mjs';
import { dist } from './dist.mjs';
import { gateway } from './gateway.mjs';
import { lake } from './lake.mjs';
import { lookup } from './lookup.mjs';
import { describeMachine } from './machine.mjs';
import { patterns } from './patterns.mjs';
import { machineLine, reductionLine, table, writeDocs } from './report.mjs';
import { search } from './search.mjs';
import { killServers } from './server.mjs';
import { startup } from './startup.mjs';
import { verify } from './verify.mjs';
import { watching } from './watching.mjs';

const [{ leaveRoomForGarbage }, { systemClock }] = await Promise.all(['base/garbage.js', 'base/clock.js'].map(dist));

const SCENARIOS = {
  accept,
  authorize,
  patterns,
  lookup,
  search,
  verify,
  startup,
  lake,
  gateway,
  watching,
  console: webConsole,
};
const FULL = { events: 10_000_000, seconds: 60, only: Object.keys(SCENARIOS) };
const USAGE = `npm run bench -- [--only ${FULL.only.join(',')}] [--events ${FULL.events}] [--seconds ${FULL.seconds}]
    [--json FILE]     the figures and all their details
    [--keep DIR]      a folder on the disk to measure, where the filled data folder stays for the next run (4 GB)
    [--profile DIR]   CPU profiles of the servers' main threads
    [--docs]          write the table into docs/benchmarks.md`;

/** A full run takes half an hour on the machine it is meant for; one that takes this long has hung, or is starved. */
const RUN_MS_MAX = 3 * 3_600_000;

const options = parseOptions();
// Else this process, the load generator, is collected several times a second, and its helping threads want both processors.
leaveRoomForGarbage(systemClock);
const root = mkdtempSync(join(options.keepDir ?? tmpdir(), 'opentrail-bench-'));
const cleanUp = () => {
  killServers();
  rmSync(root, { recursive: true, force: true, maxRetries: 10 });
};
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    cleanUp();
    process.exit(130);
  });
}
setTimeout(() => {
  console.error(`not done after ${RUN_MS_MAX / 3_600_000} hours`);
  cleanUp();
  process.exit(1);
}, RUN_MS_MAX).unref();

try {
  await main();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  cleanUp();
}

async function main() {
  const machine = describeMachine(root);
  console.log(machineLine(machine));
  const context = {
    ...options,
    newFolder: () => mkdtempSync(join(root, 'data-')),
    // Look-ups and start-up share one folder, which is worth filling once.
    keepDir: options.keepDir ?? root,
    say: (text) => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`),
  };
  const results = {};
  for (const name of options.only) results[name] = await SCENARIOS[name](context);

  const figures = Object.values(results).flatMap((result) => result.figures);
  const reduced = reductionLine(options, FULL);
  const text = [...(reduced ? [`A reduced run: ${reduced}.`] : []), `${machineLine(machine)}.`, table(figures)].join(
    '\n\n',
  );
  console.log(`\n${text}`);
  const details = Object.fromEntries(Object.entries(results).map(([name, result]) => [name, result.details]));
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ machine, reduced, figures, details }, null, 2)}\n`);
  if (options.docs) writeDocs(text);
}

function parseOptions() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', default: FULL.only.join(',') },
        events: { type: 'string', default: String(FULL.events) },
        seconds: { type: 'string', default: String(FULL.seconds) },
        json: { type: 'string' },
        keep: { type: 'string' },
        profile: { type: 'string' },
        docs: { type: 'boolean', default: false },
      },
    });
    const only = values.only.split(',');
    const unknown = only.find((name) => !Object.hasOwn(SCENARIOS, name));
    if (unknown !== undefined) throw new Error(`There is no part "${unknown}".`);
    const count = (name, max) => {
      const n = Number(values[name]);
      if (Number.isInteger(n) && n >= 1 && n <= max) return n;
      throw new Error(`--${name} must be a whole number from 1 to ${max}.`);
    };
    const folder = (path) => {
      if (path === undefined) return undefined;
      mkdirSync(path, { recursive: true });
      return resolve(path);
    };
    return {
      only,
      events: count('events', 100_000_000),
      seconds: count('seconds', 3_600),
      json: values.json,
      docs: values.docs,
      keepDir: folder(values.keep),
      profileDir: folder(values.profile),
    };
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}
