import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { silentLogger } from '../../base/logger.ts';
import { systemRandom } from '../../base/random.ts';
import { openMailboxes } from './embedded.ts';

const dist = (path: string) => new URL(path, import.meta.url.replace('/src/', '/dist/')).href;

/** Eight sides put and remove at once, in small files, and tell each acknowledgement. */
const CHILD = `
const [{ openMailboxes }, { systemRandom }, { silentLogger }] = await Promise.all(
  JSON.parse(process.argv[1]).map((url) => import(url)),
);
const mailboxes = await openMailboxes({
  directory: process.argv[2], random: systemRandom, logger: silentLogger, limits: { segmentBytesMin: 30_000 },
});
// Told before anything else happens, however slowly the parent reads.
const tell = (what) => new Promise((told) => process.stdout.write(JSON.stringify(what) + '\\n', told));
async function client(box) {
  const mine = [...mailboxes.entries(box)].map(({ id }) => id);
  for (let i = 0; ; i++) {
    const bodies = Array.from({ length: 1 + (i % 5) }, (_, k) => process.argv[3] + ' ' + i + ' ' + k + 'x'.repeat((i * 131) % 900));
    const ids = await mailboxes.put(bodies.map((body) => ({ box, body: Buffer.from(body) })));
    await tell({ box, put: ids.map((id, k) => [id, bodies[k]]) });
    mine.push(...ids);
    const going = mine.splice(0, Math.max(0, mine.length - 10));
    await tell({ box, going });
    await mailboxes.remove(box, going);
    await tell({ box, gone: going });
  }
}
await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(client));
`;

it('all that was acknowledged is there after kill -9, at any moment, and what was removed is not', async () => {
  const modules = ['./embedded.js', '../../base/random.js', '../../base/logger.js'].map(dist);
  expect(existsSync(fileURLToPath(modules[0]!)), 'run `npm run build` first').toBe(true);
  const directory = mkdtempSync(join(tmpdir(), 'mailboxes-'));
  const there = new Map<string, string>();
  const doubtful = new Set<string>();
  for (const round of [0, 1, 2, 3, 4]) {
    const args = ['--input-type=module', '-e', CHILD, JSON.stringify(modules), directory, `${round}`];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const killAfter = Math.floor(Math.random() * 1500);
    let lines = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.endsWith('}')) break; // killed in the middle of a word: so nothing came after it
      const { box, put = [], going = [], gone = [] } = JSON.parse(line);
      for (const [id, body] of put) there.set(`${box} ${id}`, body);
      for (const id of going) doubtful.add(`${box} ${id}`);
      for (const id of gone) {
        there.delete(`${box} ${id}`);
        doubtful.delete(`${box} ${id}`);
      }
      if (++lines === killAfter + 1) child.kill('SIGKILL');
    }
    expect(lines).toBeGreaterThan(killAfter);
    const mailboxes = await openMailboxes({ directory, random: systemRandom, logger: silentLogger });
    const found = new Map<string, string>();
    for (const box of mailboxes.boxes('')) {
      for (const { id } of mailboxes.entries(box)) found.set(`${box} ${id}`, String(await mailboxes.body(box, id)));
    }
    await mailboxes.close();
    for (const [id, body] of there) {
      if (!found.has(id) && doubtful.has(id)) continue;
      if (found.get(id) !== body) expect.fail(`message ${id} is lost or changed`);
    }
    const unexplained = [...found].filter(([id, body]) => !there.has(id) && !body.startsWith(`${round} `));
    expect(unexplained).toEqual([]);
    there.clear();
    doubtful.clear();
    for (const [id, body] of found) there.set(id, body);
  }
  rmSync(directory, { recursive: true });
});
