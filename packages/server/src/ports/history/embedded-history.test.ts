import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import type { HistoryQuery } from '../history.ts';
import { sampleEvent } from '../log/sample.ts';
import { openSealed, writeSealed } from '../log/sealed.ts';
import { openLog } from '../log/segment-log.ts';
import type { SegmentLog } from '../log/types.ts';
import { type HistoryLog, openHistory } from './embedded-history.ts';
import { reindexSegment } from './seal.ts';
import { SegmentIndex } from './segment-index.ts';
import { type HistoryHarness, historySuite } from './suite.ts';
import { encodeRankedIndex } from './testing/encode-ranked-index.ts';

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

const options = { logger: silentLogger, clock: systemClock };

/** A log with segments of about `segmentEventsMax` events. */
function openLogIn(directory: string, segmentEventsMax: number): Promise<SegmentLog> {
  return openLog({ ...options, directory, segmentEventsMax });
}

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'opentrail-history-'));
  directories.push(directory);
  return directory;
}

/** Waits, turn by turn of the event loop, for what another thread brings about. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

async function openWithWorkers(): Promise<HistoryHarness> {
  const directory = newDirectory();
  let log = await openLogIn(directory, 25);
  let history = await openHistory({ ...options, log });
  return {
    get history() {
      return history;
    },
    get logStart() {
      return log.start;
    },
    append: async (events) => void (await log.append(events)),
    rotate: async () => {}, // the log does so by itself
    seal: () => until(() => log.complete.length === 0),
    async dropOldest() {
      await log.retain({ beforeSequence: log.start + 100, floor: log.end });
    },
    async reopen() {
      await history.close();
      await log.close();
      log = await openLogIn(directory, 25);
      history = await openHistory({ ...options, log });
    },
    async close() {
      await history.close();
      await log.close();
    },
  };
}

describe('with workers, over the embedded Log', () => historySuite(openWithWorkers, 12));

const QUERY: HistoryQuery = {
  accountId: '123456789012',
  region: 'us-east-1',
  category: 'Management',
  startMs: 0,
  endMs: Number.MAX_SAFE_INTEGER,
  limit: 50,
};

const samples = (from: number, count: number) => Array.from({ length: count }, (_, i) => sampleEvent(from + i));

/** A log of 300 events in sealed segments of 100, and 50 in a raw one. */
async function sealedLog(directory: string) {
  const log = await openLogIn(directory, 100);
  const history = await openHistory({ ...options, log });
  for (let from = 0; from < 300; from += 50) await log.append(samples(from, 50));
  await log.append(samples(300, 50));
  await until(() => log.complete.length === 0);
  return { log, history };
}

const files = (directory: string, ending: string) =>
  readdirSync(directory)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(directory, name));

/** The sequences of all events, page by page. */
async function allSequences(history: Awaited<ReturnType<typeof openHistory>>): Promise<number[]> {
  const found: number[] = [];
  let page = await history.lookup(QUERY);
  for (;;) {
    found.push(...page.hits.map((hit) => hit.sequence));
    if (!page.next) return found;
    page = await history.lookup({ ...QUERY, after: page.next });
  }
}

const NEWEST_350 = Array.from({ length: 350 }, (_, i) => 349 - i);

describe('after trouble', () => {
  test('an index that is missing, cut short or spoilt at the end is made anew when opening', async () => {
    const directory = newDirectory();
    const { log, history } = await sealedLog(directory);
    await history.close();
    await log.close();
    const [a, b, c] = files(directory, '.idx');
    rmSync(a!);
    writeFileSync(b!, readFileSync(b!).subarray(0, 1000));
    const spoilt = readFileSync(c!);
    spoilt[spoilt.length - 100]! ^= 1;
    writeFileSync(c!, spoilt);
    const again = await openLogIn(directory, 100);
    const opened = await openHistory({ ...options, log: again });
    expect(await allSequences(opened)).toEqual(NEWEST_350);
    await opened.close();
    await again.close();
  });

  test('an index that is spoilt inside is made anew when it is read', async () => {
    const directory = newDirectory();
    const { log, history } = await sealedLog(directory);
    await history.close();
    await log.close();
    for (const path of files(directory, '.idx')) {
      const spoilt = readFileSync(path);
      spoilt[10]! ^= 1;
      writeFileSync(path, spoilt);
    }
    const again = await openLogIn(directory, 100);
    const opened = await openHistory({ ...options, log: again });
    const [all, held] = await Promise.all([
      allSequences(opened),
      opened.holdsEventIds('123456789012', [sampleEvent(5).header.eventId, 'absent']),
    ]);
    expect(all).toEqual(NEWEST_350);
    expect(held).toEqual([true, false]);
    await opened.close();
    await again.close();
  });

  test('an index that older code wrote answers, and is made anew meanwhile', async () => {
    const directory = newDirectory();
    const { log, history } = await sealedLog(directory);
    await history.close();
    await log.close();
    const written = files(directory, '.idx').map((path) => readFileSync(path));
    files(directory, '.seg').forEach((path) => {
      const sealed = openSealed(path);
      const index = new SegmentIndex(sealed.first);
      for (let block = 0; block < sealed.blocks.length; block++) {
        for (const { header } of sealed.readBlockSync(block)) index.add(header, 0, header.length);
      }
      sealed.close();
      writeFileSync(path.replace('.seg', '.idx'), Buffer.concat(encodeRankedIndex(index.columns())));
    });
    const again = await openLogIn(directory, 100);
    const opened = await openHistory({ ...options, log: again });
    const isNew = (path: string, i: number) => readFileSync(path).equals(written[i]!);
    expect(await allSequences(opened)).toEqual(NEWEST_350);
    await until(() => files(directory, '.idx').every(isNew));
    expect(await allSequences(opened)).toEqual(NEWEST_350);
    await opened.close();
    await again.close();
  });

  test('segments that a crash left half sealed are sealed when opening', async () => {
    const directory = newDirectory();
    const log = await openLogIn(directory, 100);
    for (let from = 0; from < 350; from += 50) await log.append(samples(from, 50));
    for (const { first, path, bytes } of log.complete.slice(0, 2)) {
      writeSealed(path, path.replace('.wal', '.seg'), bytes);
      reindexSegment(directory, first); // and the crash came before the log was told
    }
    rmSync(files(directory, '.idx')[1]!); // or before the index was there
    writeFileSync(`${files(directory, '.idx')[0]!}.tmp`, 'half');
    await log.close();
    const again = await openLogIn(directory, 100);
    const opened = await openHistory({ ...options, log: again });
    expect(await allSequences(opened)).toEqual(NEWEST_350);
    await until(() => again.complete.length === 0);
    expect(await allSequences(opened)).toEqual(NEWEST_350);
    await until(() => files(directory, '.wal').length === 1); // once nobody reads them any more
    await opened.close();
    await again.close();
  });

  test('what cannot be read is told, and stays told', async () => {
    const directory = newDirectory();
    const { log, history } = await sealedLog(directory);
    await history.close();
    const segment = files(directory, '.seg')[0]!;
    const spoilt = readFileSync(segment);
    spoilt[20]! ^= 1;
    writeFileSync(segment, spoilt);
    rmSync(files(directory, '.idx')[0]!);
    await expect(openHistory({ ...options, log })).rejects.toThrow(/\.seg is damaged at byte 8/);
    await log.close();
  });
});

test('when the worker dies, what was asked is put to another, and refused if that dies of it too', async () => {
  const directory = newDirectory();
  const log = await openLogIn(directory, 1000);
  await log.append(samples(0, 50));
  let missing = 0;
  const lying: HistoryLog = {
    directory,
    start: 0,
    complete: [],
    get end() {
      return log.end;
    },
    get durable() {
      const { bytes, end, ...rest } = log.durable;
      return { ...rest, bytes: bytes + missing, end: end + missing };
    },
    onCommit: (listener) => log.onCommit(listener),
    onRotate: (listener) => log.onRotate(listener),
    sealed: (first) => log.sealed(first),
  };
  const history = await openHistory({ ...options, log: lying });
  missing = 1; // an event is promised that is not there: the worker cannot go on
  await expect(history.lookup(QUERY)).rejects.toThrow(/\.wal is damaged/);
  const waiting = history.holdsEventIds('123456789012', [sampleEvent(7).header.eventId]);
  missing = 0;
  expect(await waiting).toEqual([true]);
  expect((await history.lookup(QUERY)).hits).toHaveLength(50);
  await history.close();
  await log.close();
});

test('an event is found right after it was appended, by each of many at once', async () => {
  const directory = newDirectory();
  const log = await openLogIn(directory, 1000);
  const history = await openHistory({ ...options, log });
  const one = async (n: number) => {
    const event = sampleEvent(n);
    await log.append([event]);
    const attribute = { key: 'EventId', value: event.header.eventId } as const;
    const { hits } = await history.lookup({ ...QUERY, attribute });
    expect(hits.map((hit) => `${hit.json}`)).toEqual([`${event.json}`]);
  };
  await Promise.all(Array.from({ length: 300 }, (_, n) => one(n)));
  expect(history.indexedEnd).toBe(300);
  expect(history.pressure()).toBeUndefined();
  await history.close();
  await expect(history.lookup(QUERY)).rejects.toThrow('closed');
  await log.close();
});

test('after a start, look-ups wait until all that was accepted before is indexed, however long that takes', async () => {
  const directory = newDirectory();
  const before = await openLogIn(directory, 1_000_000);
  // Indexing as many takes several times as long as look-ups wait for events of a running server.
  for (let at = 0; at < 150_000; at += 5_000) await before.append(samples(at, 5_000));
  await before.close();

  const log = await openLogIn(directory, 1_000_000);
  const history = await openHistory({ ...options, log });
  const { hits } = await history.lookup(QUERY);
  expect(hits[0]?.sequence).toBe(log.end - 1);
  await history.close();
  await log.close();
});
