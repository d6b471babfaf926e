import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { Pushback } from '../../base/errors.ts';
import { silentLogger } from '../../base/logger.ts';
import { FaultyDisk } from '../log/faulty-disk.suite.ts';
import type { LogGroupStore, LogRange, StoredLogEvent } from '../log-groups.ts';
import { openLogGroups } from './embedded-log-groups.ts';

const made: string[] = [];
afterEach(async () => {
  for (const path of made.splice(0)) await rm(path, { recursive: true, force: true });
});

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'log-groups-'));
  made.push(path);
  return path;
}

const SMALL = { bytesMax: 2_000, eventsMax: 40 };
const open = (directory: string, fs?: FaultyDisk, limits = SMALL) =>
  openLogGroups({ directory, logger: silentLogger, limits, ...(fs && { fs }) });

async function all(store: LogGroupStore, range: LogRange = {}, group = 'g'): Promise<StoredLogEvent[]> {
  const events: StoredLogEvent[] = [];
  for await (const page of store.read(group, range)) events.push(...page);
  return events;
}

async function ingested(store: LogGroupStore, from = 0, bytesMax = 500): Promise<StoredLogEvent[]> {
  const events: StoredLogEvent[] = [];
  for (let next = from; ; next = events.at(-1)!.sequence + 1) {
    const page = await store.readIngested('g', next, bytesMax);
    if (page.length === 0) return events;
    events.push(...page);
  }
}

const byTime = (a: StoredLogEvent, b: StoredLogEvent) => a.timestampMs - b.timestampMs || a.sequence - b.sequence;

const batches = fc.array(
  fc.record({
    stream: fc.integer({ min: 1, max: 4 }),
    times: fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 12 }),
  }),
  { maxLength: 40 },
);

describe('log groups', () => {
  test('give back what was stored in order of time and in order of coming, by stream and range, from any place, after a restart', async () => {
    await fc.assert(
      fc.asyncProperty(
        batches,
        fc.record({
          streams: fc.subarray([1, 2, 3, 4], { minLength: 1 }),
          startMs: fc.integer({ min: -1, max: 51 }),
          endMs: fc.integer({ min: -1, max: 51 }),
          backward: fc.boolean(),
          cut: fc.nat(),
        }),
        async (input, asked) => {
          const directory = await folder();
          let store = await open(directory);
          const model: StoredLogEvent[] = [];
          for (const { stream, times } of input) {
            const sorted = times.sort((a, b) => a - b);
            const events = sorted.map((timestampMs, i) => ({ timestampMs, message: `ü${model.length + i}` }));
            const sequence = model.length;
            model.push(...events.map((event, i) => ({ ...event, stream, ingestedMs: 7, sequence: sequence + i })));
            await store.append('g', stream, events, 7);
          }
          for (let restart = 0; restart < 2; restart++) {
            expect(await ingested(store)).toEqual(model);
            const range = { ...asked, streams: new Set(asked.streams) };
            let wanted = model
              .filter(
                ({ stream, timestampMs: ms }) => range.streams.has(stream) && ms >= asked.startMs && ms < asked.endMs,
              )
              .sort(byTime);
            if (asked.backward) wanted.reverse();
            expect(await all(store, range)).toEqual(wanted);
            const after = wanted[asked.cut % (wanted.length + 1)];
            if (after) wanted = wanted.slice(wanted.indexOf(after) + 1);
            if (after) expect(await all(store, { ...range, after })).toEqual(wanted);
            expect(await store.end('g')).toBe(model.length);
            const figures = await store.figures('g');
            for (const [stream, { count, firstMs, lastMs }] of figures) {
              const times = model.filter((event) => event.stream === stream).map(({ timestampMs }) => timestampMs);
              expect([count, firstMs, lastMs]).toEqual([times.length, Math.min(...times), Math.max(...times)]);
            }
            await store.close();
            store = await open(directory);
          }
          await store.close();
        },
      ),
      { numRuns: 30 },
    );
  });

  test('compress what is complete, and readers go on while it is replaced', async () => {
    const directory = await folder();
    const store = await open(directory);
    for (let i = 0; i < 300; i++) await store.append('g', 1, [{ timestampMs: i, message: 'x'.repeat(200) }], 0);
    const reading = store.read('g', {})[Symbol.asyncIterator]();
    await store.append('g', 1, [{ timestampMs: 300, message: 'last' }], 0);
    let seen = 0;
    for (let page = await reading.next(); !page.done; page = await reading.next()) seen += page.value.length;
    expect(seen).toBeGreaterThanOrEqual(300);
    await store.close();
    const kinds = readdirSync(join(directory, 'g')).map((name) => name.split('.').at(-1));
    expect(kinds.filter((kind) => kind === 'seg').length).toBeGreaterThan(10);
    const again = await open(directory);
    expect((await all(again)).length).toBe(301);
    await again.close();
  });

  test('cut a torn tail and refuse damage', async () => {
    const directory = await folder();
    let store = await open(directory, undefined, { bytesMax: 1 << 20, eventsMax: 1000 });
    for (let i = 0; i < 3; i++) await store.append('g', 1, [{ timestampMs: i, message: `m${i}` }], 0);
    await store.close();
    const file = join(directory, 'g', readdirSync(join(directory, 'g'))[0]!);
    truncateSync(file, statSync(file).size - 1);
    store = await open(directory);
    expect((await all(store)).map(({ message }) => message)).toEqual(['m0', 'm1']);
    await store.append('g', 1, [{ timestampMs: 9, message: 'next' }], 0);
    await store.close();
    const bytes = readFileSync(file);
    bytes[30]! ^= 1;
    writeFileSync(file, bytes);
    store = await open(directory);
    await expect(all(store)).rejects.toThrow('damaged');
    await store.close();
  });

  test('push back when the disk is full, keeping nothing, and go on when there is room', async () => {
    const directory = await folder();
    const disk = new FaultyDisk();
    let store = await open(directory, disk);
    await store.append('g', 1, [{ timestampMs: 1, message: 'a' }], 0);
    disk.fault = (operation) => (operation === 'write' ? 'ENOSPC' : undefined);
    await expect(store.append('g', 1, [{ timestampMs: 2, message: 'lost' }], 0)).rejects.toThrow(Pushback);
    disk.fault = () => undefined;
    await store.append('g', 1, [{ timestampMs: 3, message: 'b' }], 0);
    for (let restart = 0; restart < 2; restart++) {
      expect((await all(store)).map(({ message, sequence }) => [message, sequence])).toEqual([
        ['a', 0],
        ['b', 1],
      ]);
      await store.close();
      store = await open(directory);
    }
    await store.close();
  });

  test('are closed when others are used, and opened again; who reads goes on', async () => {
    const directory = await folder();
    const store = await openLogGroups({ directory, logger: silentLogger, limits: SMALL, openMax: 2 });
    const names = ['a', 'b', 'c', 'd'];
    const reading: AsyncIterator<readonly StoredLogEvent[]>[] = [];
    for (let i = 0; i < 600; i++) await store.append('a', 1, [{ timestampMs: i, message: 'x' }], 0);
    reading.push(store.read('a', {})[Symbol.asyncIterator]());
    const first = await reading[0]!.next();
    await Promise.all(
      Array.from({ length: 80 }, (_, i) => store.append(names[i % 4]!, 1, [{ timestampMs: i, message: 'y' }], 0)),
    );
    const rest = await reading[0]!.next();
    expect(first.value.length + rest.value.length).toBe(600);
    await reading[0]!.return?.();
    for (const name of names.slice(1)) expect((await all(store, {}, name)).length).toBe(20);
    expect((await all(store, {}, 'a')).length).toBe(620);
    await store.close();
  });

  test('lose nothing that was acknowledged when the disk fails, and power with it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('ok', 'write', 'datasync', 'open', 'crash'), { maxLength: 40 }),
        async (steps) => {
          const directory = await folder();
          const disk = new FaultyDisk();
          let store = await open(directory, disk);
          const acknowledged: string[] = [];
          const tried: string[] = [];
          for (const [i, step] of steps.entries()) {
            if (step === 'crash') {
              disk.fault = () => undefined;
              await store.close();
              disk.crash(() => true);
              store = await open(directory, disk);
              continue;
            }
            disk.fault = (operation) => (operation === step ? 'ENOSPC' : undefined);
            const messages = [`${i}a`, `${i}b`];
            tried.push(...messages);
            const events = messages.map((message) => ({ timestampMs: i, message: message.padEnd(200) }));
            await store.append('g', 1, events, 0).then(
              () => acknowledged.push(...messages),
              (error) => expect(error).toBeInstanceOf(Pushback),
            );
          }
          disk.fault = () => undefined;
          const found = (await all(store)).map(({ message }) => message.trim());
          expect(found.filter((message) => acknowledged.includes(message))).toEqual(acknowledged);
          expect(new Set(found).size).toBe(found.length);
          expect(tried).toEqual(expect.arrayContaining(found));
          await store.close();
        },
      ),
      { numRuns: 40 },
    );
  });

  test('retention deletes old segments whole, never past the floor; sequences go on', async () => {
    const directory = await folder();
    let store = await open(directory);
    for (let i = 0; i < 200; i++) await store.append('g', 1, [{ timestampMs: i, message: 'x' }], 0);
    await store.retain('g', 100, 50);
    expect((await ingested(store))[0]!.sequence).toBeLessThanOrEqual(50);
    expect((await ingested(store))[0]!.sequence).toBeGreaterThan(0);
    await store.retain('g', 10_000, 10_000);
    expect(await all(store)).toEqual([]);
    expect((await store.figures('g')).size).toBe(0);
    await store.close();
    store = await open(directory);
    expect(await store.end('g')).toBe(200);
    await store.append('g', 1, [{ timestampMs: 5, message: 'new' }], 0);
    expect((await ingested(store)).map(({ sequence }) => sequence)).toEqual([200]);
    await store.drop('g');
    expect([await all(store), await store.groups(), await store.end('g')]).toEqual([[], [], 0]);
    await store.close();
  });
});
