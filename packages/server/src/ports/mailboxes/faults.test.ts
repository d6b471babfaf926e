import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Pushback } from '../../base/errors.ts';
import { silentLogger } from '../../base/logger.ts';
import { seededRandom } from '../../base/random.ts';
import { FaultyDisk } from '../log/faulty-disk.suite.ts';
import type { Mailboxes } from '../mailboxes.ts';
import { type MailboxLimits, openMailboxes } from './embedded.ts';
import { contents, text } from './suite.ts';

let directory: string;
let disk: FaultyDisk;
let mailboxes: Mailboxes;
let random = seededRandom('faults');
let shortage: string | undefined;

const open = (limits: Partial<MailboxLimits> = {}) =>
  openMailboxes({ directory, random, logger: silentLogger, fileSystem: disk, shortage: () => shortage, limits });
const message = (body: string, box = 'a') => ({ box, body: text(body) });
const folderBytes = () => readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
const bodies = async (box = 'a') => (await contents(mailboxes, box)).map((found) => (found as string[])[2]);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mailboxes-'));
  disk = new FaultyDisk();
  shortage = undefined;
  random = seededRandom('faults');
});
afterEach(async () => {
  disk.fault = () => undefined;
  await mailboxes.close();
  rmSync(directory, { recursive: true });
});

describe('a full disk', () => {
  it('is overload, keeps nothing, and is over when it is over', async () => {
    mailboxes = await open();
    const [first] = await mailboxes.put([message('first')]);
    disk.fault = (operation) => (operation === 'write' ? 'ENOSPC' : undefined);
    await expect(mailboxes.put([message('second')])).rejects.toThrow(Pushback);
    await expect(mailboxes.remove('a', [first!])).rejects.toThrow(Pushback);
    expect(await bodies()).toEqual(['first']);
    disk.fault = () => undefined;
    const [third] = await mailboxes.put([message('third')]);
    expect(third).toBeGreaterThan(first!);
    await mailboxes.close();
    mailboxes = await open();
    expect(await bodies()).toEqual(['first', 'third']);
  });

  it('that does not even take a cut is tried again before the next write', async () => {
    mailboxes = await open();
    await mailboxes.put([message('first')]);
    disk.fault = (operation) => (operation === 'datasync' || operation === 'truncate' ? 'EIO' : undefined);
    await expect(mailboxes.put([message('lost')])).rejects.toThrow('EIO');
    await expect(mailboxes.put([message('lost too')])).rejects.toThrow('EIO');
    disk.fault = () => undefined;
    await mailboxes.put([message('second')]);
    await mailboxes.close();
    mailboxes = await open();
    expect(await bodies()).toEqual(['first', 'second']);
  });

  it('leaves room for removing', async () => {
    mailboxes = await open();
    const [id] = await mailboxes.put([message('first')]);
    shortage = 'disk full: 3 MiB are free';
    await expect(mailboxes.put([message('second')])).rejects.toThrow('3 MiB');
    await mailboxes.remove('a', [id!]);
    expect(await bodies()).toEqual([]);
  });
});

it('there are limits of messages and bytes', async () => {
  mailboxes = await open({ messagesMax: 3, bytesMax: 100 });
  const [id] = await mailboxes.put([message('x'.repeat(60)), message('y')]);
  await expect(mailboxes.put([message('x'.repeat(40))])).rejects.toThrow('61 bytes of messages wait');
  await expect(mailboxes.put([message(''), message('')])).rejects.toThrow('2 messages wait');
  const both = await Promise.allSettled([mailboxes.put([message('')]), mailboxes.put([message('')])]);
  expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  await mailboxes.remove('a', [id!]);
  await mailboxes.put([message('x'.repeat(40))]);
});

describe('room', () => {
  const BODY = 'x'.repeat(1000);

  it('comes back as messages go, and a stuck one pins little', async () => {
    mailboxes = await open({ segmentBytesMin: 50_000 });
    const [stuck] = await mailboxes.put([message('stuck')]);
    for (let i = 0; i < 100; i++) {
      const ids = await mailboxes.put(Array.from({ length: 20 }, () => message(BODY)));
      await mailboxes.update('a', [{ id: stuck!, meta: { round: i } }]);
      await mailboxes.remove('a', ids);
    }
    await mailboxes.close();
    expect(folderBytes()).toBeLessThan(250_000);
    mailboxes = await open({ segmentBytesMin: 50_000 });
    expect(await contents(mailboxes, 'a')).toEqual([[stuck, { round: 99 }, 'stuck']]);
    const [next] = await mailboxes.put([message('next')]);
    expect(next).toBe(stuck! + 100 * 20 + 1);
  });

  it('comes back while messages are read, removed and changed', async () => {
    mailboxes = await open({ segmentBytesMin: 20_000 });
    const alive = new Map<number, string>();
    for (let i = 0; i < 60; i++) {
      const made = Array.from({ length: 10 }, (_, k) => `${i} ${k} ${BODY}`);
      const ids = await mailboxes.put(made.map((body) => message(body)));
      for (const [k, id] of ids.entries()) alive.set(id, made[k]!);
      const some = [...alive.keys()].filter((id) => (id * 7 + i) % 3 === 0).slice(0, 8);
      await Promise.all([
        mailboxes.remove('a', some),
        ...[...alive].slice(0, 5).map(async ([id, body]) => {
          expect([undefined, body]).toContain((await mailboxes.body('a', id))?.toString());
        }),
      ]);
      for (const id of some) alive.delete(id);
    }
    expect(await bodies()).toEqual([...alive.values()]);
    await mailboxes.close();
    mailboxes = await open({ segmentBytesMin: 20_000 });
    expect(await bodies()).toEqual([...alive.values()]);
  });

  it('is freed although a body is damaged: the file is put aside, and nothing else is lost', async () => {
    mailboxes = await open({ segmentBytesMin: 10_000 });
    await mailboxes.put([message('rotten')]);
    const [well] = await mailboxes.put([message('well')]);
    const path = join(directory, readdirSync(directory)[0]!);
    const file = readFileSync(path);
    file[file.indexOf('rotten')]! ^= 1;
    writeFileSync(path, file);
    await expect(mailboxes.body('a', well! - 1)).rejects.toThrow('fails its check');
    for (let i = 0; i < 10; i++) {
      await mailboxes.put([message('y'.repeat(9_000), 'b')]);
      await mailboxes.drop('b');
    }
    await mailboxes.close();
    expect(readdirSync(directory).filter((name) => name.endsWith('.damaged'))).toHaveLength(1);
    mailboxes = await open({ segmentBytesMin: 10_000 });
    expect(await bodies()).toEqual(['well']);
  });

  it('is looked for again, but not at each write, when the disk refuses', async () => {
    mailboxes = await open({ segmentBytesMin: 10_000 });
    await mailboxes.put([message('stuck')]);
    let refused = 0;
    let renamed = false;
    disk.fault = (operation) => {
      // Of names in the folder, those that are taken away: a new file is renamed just before.
      const refuses = operation === 'syncDirectory' && !renamed;
      renamed = operation === 'rename';
      if (refuses) refused++;
      return refuses ? 'EIO' : undefined;
    };
    const cycle = async (times: number) => {
      for (let i = 0; i < times; i++) {
        const ids = await mailboxes.put([message('y'.repeat(900), 'b')]);
        await mailboxes.remove('b', ids);
      }
    };
    await cycle(200);
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(50); // not at each of 400 writes
    disk.fault = () => undefined;
    await cycle(100);
    await mailboxes.close();
    expect(folderBytes()).toBeLessThan(100_000);
    mailboxes = await open({ segmentBytesMin: 10_000 });
    expect(await bodies()).toEqual(['stuck']);
  });
});

describe('what a crash leaves', () => {
  it('is cut where the last write is torn, wherever that is', async () => {
    mailboxes = await open();
    await mailboxes.put([message('first'), message('second')]);
    const path = join(directory, readdirSync(directory)[0]!);
    const before = statSync(path).size;
    await mailboxes.put([message('third'), message('fourth')]);
    await mailboxes.close();
    const whole = readFileSync(path);
    for (let bytes = before; bytes < whole.length; bytes++) {
      writeFileSync(path, whole.subarray(0, bytes));
      mailboxes = await open();
      expect(await bodies()).toEqual(['first', 'second']);
      await mailboxes.close();
      expect(statSync(path).size).toBe(before);
    }
    mailboxes = await open();
  });

  it('is found in the file before one that could not be begun', async () => {
    mailboxes = await open({ segmentBytesMin: 100 });
    await mailboxes.put([message('first'.padEnd(100))]);
    const [first] = readdirSync(directory);
    disk.fault = (operation) => (operation === 'syncDirectory' ? 'EIO' : undefined);
    disk.remove = async () => {
      throw new Error('refused');
    };
    await mailboxes.put([message('second')]);
    await mailboxes.close();
    expect(readdirSync(directory)).toHaveLength(2);
    const path = join(directory, first!);
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from('torn')]));
    disk = new FaultyDisk();
    mailboxes = await open({ segmentBytesMin: 100 });
    await mailboxes.put([message('third')]);
    expect(await bodies()).toEqual(['first'.padEnd(100), 'second', 'third']);
  });

  it('is told from damage: what was durable is not cut', async () => {
    mailboxes = await open();
    for (const body of ['first', 'second', 'third']) await mailboxes.put([message(body)]);
    await mailboxes.close();
    const path = join(directory, readdirSync(directory)[0]!);
    const whole = readFileSync(path);
    for (const at of [3, 30, whole.indexOf('second')]) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 0xff;
      writeFileSync(path, damaged);
      await expect(open()).rejects.toThrow(/damaged at byte/);
      expect(readFileSync(path).equals(damaged)).toBe(true);
    }
    writeFileSync(path, whole);
    mailboxes = await open();
  });

  it('never costs what was acknowledged, also after a loss of power', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 5, maxLength: 60 }),
        fc.integer(),
        fc.boolean(),
        async (steps, seed, writesThrough) => {
          const folder = mkdtempSync(join(tmpdir(), 'mailboxes-'));
          const power = new FaultyDisk({ writesThrough });
          const options = {
            directory: folder,
            random,
            logger: silentLogger,
            fileSystem: power,
            limits: { segmentBytesMin: 3000 },
          };
          let store = await openMailboxes(options);
          const alive = new Map<number, string>();
          const doubtful = new Set<string>();
          let n = seed >>> 1;
          const chance = () => {
            n = (n * 1_103_515_245 + 12_345) & 0x7fffffff;
            return (n >>> 8) % 100;
          };
          for (const step of steps) {
            if (step < 6) {
              const body = `${alive.size} ${step} ${'x'.repeat(step * 100)}`;
              if (chance() < 10)
                power.fault = (operation) => (operation === 'write' || operation === 'datasync' ? 'ENOSPC' : undefined);
              const [id] = await store.put([message(body)]).catch(() => []);
              power.fault = () => undefined;
              if (id === undefined) doubtful.add(body);
              else alive.set(id, body);
            } else if (step < 9) {
              const id = [...alive.keys()][chance() % Math.max(1, alive.size)];
              if (id === undefined) continue;
              await store.remove('a', [id]);
              alive.delete(id);
            } else {
              // The power goes while a write is under way.
              const unanswered = `${chance()} unanswered`;
              doubtful.add(unanswered);
              let written = false;
              const never = {
                // biome-ignore lint/suspicious/noThenProperty: whoever awaits it has written, and waits for good
                then: () => {
                  written = true;
                },
              };
              power.gate = never as unknown as Promise<void>;
              void store.put([message(unanswered)]).catch(() => {});
              while (!written) await new Promise((resolve) => setImmediate(resolve));
              power.crash(() => chance() < 50);
              power.gate = Promise.resolve();
              store = await openMailboxes(options);
              for (const { id } of store.entries('a')) {
                const body = String(await store.body('a', id));
                if (!alive.has(id)) expect(doubtful).toContain(body);
                alive.set(id, body);
              }
            }
            const found: [number, string][] = [];
            for (const { id } of store.entries('a')) found.push([id, String(await store.body('a', id))]);
            expect(found).toEqual([...alive].sort(([a], [b]) => a - b));
          }
          await store.close();
          rmSync(folder, { recursive: true });
        },
      ),
      { numRuns: 60 },
    );
    mailboxes = await open();
  });
});
