import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { readAll } from './log.suite.ts';
import { openLog } from './segment-log.ts';

const dist = (path: string) => new URL(path, import.meta.url.replace('/src/', '/dist/')).href;

/** Appends from eight sides at once, and tells each acknowledgement: sequence, number of the first event, how many. */
const CHILD = `
import { writeSync } from 'node:fs';
const [{ openLog }, { sampleEvent }, { systemClock }, { silentLogger }] = await Promise.all(
  JSON.parse(process.argv[1]).map((url) => import(url)),
);
const log = await openLog({ directory: process.argv[2], clock: systemClock, logger: silentLogger, segmentEventsMax: 2000 });
let next = Number(process.argv[3]);
async function client(id) {
  for (let i = 0; ; i++) {
    const count = 1 + ((i * 7 + id) % 40);
    const from = next;
    next += count;
    const events = Array.from({ length: count }, (_, k) => sampleEvent(from + k, 200 + ((i * 131) % 2000)));
    writeSync(1, [await log.append(events), from, count].join(' ') + '\\n');
  }
}
await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(client));
`;

it('everything acknowledged is there after kill -9, at any moment', async () => {
  const modules = ['./segment-log.js', './sample.js', '../../base/clock.js', '../../base/logger.js'].map(dist);
  expect(existsSync(fileURLToPath(modules[0]!)), 'run `npm run build` first').toBe(true);
  const directory = mkdtempSync(join(tmpdir(), 'log-'));
  const acknowledged = new Map<number, number>();
  for (const round of [0, 1, 2, 3, 4, 5]) {
    const first = round * 1_000_000;
    const child = spawn(
      process.execPath,
      ['--input-type=module', '-e', CHILD, JSON.stringify(modules), directory, `${first}`],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const killAfter = Math.floor(Math.random() * 400); // acknowledgements
    let lines = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const [sequence, from, count] = line.split(' ').map(Number) as [number, number, number];
      for (let k = 0; k < count; k++) acknowledged.set(sequence + k, from + k);
      if (++lines === killAfter + 1) child.kill('SIGKILL');
    }
    const log = await openLog({ directory, clock: systemClock, logger: silentLogger });
    const found = (await readAll(log, 0, 1 << 20)).map((e) => Number(e.header.eventId.slice(-12)));
    await log.close();
    expect(lines).toBeGreaterThan(killAfter);
    for (const [sequence, n] of acknowledged)
      if (found[sequence] !== n) expect.fail(`event ${n} is not at ${sequence}`);
    expect(new Set(found).size).toBe(found.length);
  }
  rmSync(directory, { recursive: true });
});
