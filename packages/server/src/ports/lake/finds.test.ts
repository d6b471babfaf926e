import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { eventFromBytes } from '../../event/accept.ts';
import { parseSearchFilter } from '../../event/search/index.ts';
import type { StoredEvent } from '../log.ts';
import { Engine } from './engine.ts';
import { type Filtered, Finds } from './finds.ts';
import { GramIndex } from './gram-index.ts';
import { type FoundByIndex, SequenceSet } from './sequence-set.ts';
import { LakeStore } from './store.ts';
import { Turns } from './turns.ts';

const START_MS = Date.UTC(2026, 10, 21);
const never = new AbortController().signal;

let directory: string;
let engine: Engine;
let store: LakeStore;
let finds: Finds;
let grams: GramIndex;
let events: StoredEvent[];
/** Statements that read whole records; parts of the Log that were read, by their first event. */
let scans: number;
let reads: number[];
/** Whether the Log can be read: if not, what is doubted is left to DuckDB. */
let isLogThere: boolean;

const records = {
  readSome: (from: number, to: number) => {
    reads.push(from);
    return isLogThere ? events.slice(from, to) : undefined;
  },
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'opentrail-finds-'));
  engine = await Engine.open({ directory, temporary: join(directory, 'tmp'), threads: 1, memoryBytes: 1 << 28 });
  store = await LakeStore.open({ directory, engine, start: 0, end: 0 });
  grams = new GramIndex(directory, 0, 0);
  finds = new Finds({ directory, engine, store, turns: new Turns(systemClock), index: grams, records });
  [events, reads, scans, isLogThere] = [[], [], 0, true];
  const { rows } = engine;
  vi.spyOn(engine, 'rows').mockImplementation((asked, signal) => {
    if (/eventjson/.test(asked.sql)) scans++;
    return rows.call(engine, asked, signal) as never;
  });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Events of which every second one holds `needle`. */
async function add(count: number): Promise<void> {
  const more = Array.from({ length: count }, (_, i): StoredEvent => {
    const sequence = events.length + i;
    const eventTime = new Date(START_MS + sequence * 1000).toISOString();
    const annotation = sequence % 2 === 0 ? 'a Needle' : 'hay';
    const json = JSON.stringify({ eventTime, eventName: 'N', eventSource: 's', annotation });
    const made = eventFromBytes(Buffer.from(json), { fallbackAccountId: '123456789012' });
    if (!('event' in made)) throw new Error(made.refused.message);
    return { ...made.event, sequence, acceptedMs: 0 };
  });
  events.push(...more);
  await store.add(more, 0);
  grams.add(more);
}

const query = (text: string, more: Partial<Filtered> = {}): Filtered => ({
  ...{ startMs: START_MS, endMs: START_MS + 1e9, filter: parseSearchFilter(text)! },
  ...more,
});

const found = async (asked: Filtered, signal = never) => [...(await finds.of(asked, signal))];
const known = (asked: Filtered) => {
  const set = finds.known(asked);
  return set && [...set];
};
/** Every second one. */
const even = (to: number) => Array.from({ length: Math.ceil(to / 2) }, (_, i) => 2 * i);

describe.each([true, false])('what was found of a filter, with the Log at hand: %s', (inLog) => {
  beforeEach(() => {
    isLogThere = inLog;
  });

  test('is looked for once, for all that is asked of it', async () => {
    await add(40);
    const asked = query('needle');
    expect(known(asked)).toBeUndefined();
    expect(await Promise.all([found(asked), found(asked), found(asked)])).toEqual([even(40), even(40), even(40)]);
    const looks = () => [reads.length, scans];
    const once = looks();
    expect(once).toEqual(inLog ? [3, 0] : [1, 1]);
    expect(await found({ ...asked, from: 10, upTo: 30 })).toEqual(even(40)); // who asks takes what he asks about
    expect(known({ ...asked, upTo: 5 })).toEqual(even(40));
    expect(looks()).toEqual(once);
    expect(await found(query('hay'))).toEqual(even(40).map((i) => i + 1));
    expect(looks()).not.toEqual(once);
  });

  test('grows with what comes, of which alone it looks, stored meanwhile or not', async () => {
    const asked = query('needle');
    expect(await found(asked)).toEqual([]);
    await add(20);
    expect(known(asked)).toBeUndefined();
    expect(await found({ ...asked, upTo: 4 })).toEqual(even(4));
    expect([known({ ...asked, upTo: 4 }), known({ ...asked, upTo: 5 })]).toEqual([even(4), undefined]);
    await store.flush();
    await add(20);
    reads = [];
    expect(await found(asked)).toEqual(even(40));
    expect(reads[0]).toBe(4);
    expect(known(asked)).toEqual(even(40));
    store.retain(6);
    expect(await found(query('needle', { endMs: START_MS + 9_000 }))).toEqual(expect.arrayContaining([6, 8]));
    expect((await found(query('NEEDLE'))).filter((i) => i < 6)).toEqual([]);
  });

  test('goes on for those who still wait, and stops with the last one', async () => {
    await add(20);
    const asked = query('needle');
    const looks = vi.spyOn(grams, 'found');
    const [first, second] = [new AbortController(), new AbortController()];
    const both = [found(asked, first.signal), found(asked, second.signal)];
    first.abort();
    await expect(both[0]).rejects.toThrow('aborted');
    expect(await both[1]).toEqual(even(20));
    expect(looks).toHaveBeenCalledTimes(1);
    const other = query('a Needle');
    const alone = new AbortController();
    const stopped = found(other, alone.signal);
    alone.abort();
    await expect(stopped).rejects.toThrow('aborted');
    expect(known(other)).toBeUndefined();
    expect(await found(other)).toEqual(even(20));
    await expect(found(other, alone.signal)).rejects.toThrow('aborted');
  });
});

test('finds are kept of a few questions', async () => {
  await add(4);
  const asked = (i: number) => query('needle', { endMs: START_MS + 1e9 + i });
  for (let i = 0; i < 8; i++) expect(await found(i === 6 ? asked(0) : asked(i))).toEqual([0, 2]);
  expect([0, 1, 2, 3, 4, 5, 7].map((i) => known(asked(i)) !== undefined)).toEqual([
    true,
    false,
    true,
    true,
    true,
    true,
    true,
  ]);
});

test('a filter that names nothing is told of, and leaves nothing behind', async () => {
  await add(4);
  const asked = { ...query('needle'), filter: { field: 'nonsense', op: 'exists' } } as const;
  await expect(found(asked)).rejects.toThrow('nonsense');
  expect(known(asked)).toBeUndefined();
});

describe('what an index says', () => {
  const setOf = (list: readonly number[]) => {
    const set = new SequenceSet();
    for (const one of list) set.add(one);
    return set;
  };
  const indexed = (sure: readonly number[], maybe?: readonly number[]) =>
    withIndex({ sure: setOf(sure), ...(maybe && { maybe: setOf(maybe) }) });
  const withIndex = (given: FoundByIndex | undefined) => {
    finds = new Finds({
      directory,
      engine,
      store,
      turns: new Turns(systemClock),
      records,
      index: { found: async () => given },
    });
  };

  test('is believed, and what it is not sure of is looked at alone', async () => {
    await add(20);
    await store.flush();
    await add(20);
    scans = 0;
    indexed([0, 2, 12, 13]);
    expect(await found(query('needle'))).toEqual([0, 2, 12, 13]); // though 13 is not: it is never looked at
    expect([reads, scans]).toEqual([[], 0]);
    indexed([0, 2], [3, 4, 38]);
    expect(await found(query('needle'))).toEqual([0, 2, 4, 38]);
    expect([reads, scans]).toEqual([[0, 32], 0]);
    isLogThere = false;
    indexed([0, 2], [3, 4, 38]);
    expect(await found(query('needle'))).toEqual([0, 2, 4, 38]);
    expect(scans).toBe(1);
    indexed([0, 2], [3, 4, 38]);
    expect(await found(query('needle', { upTo: 30 }))).toEqual([0, 2, 4]);
  });

  test('may be nothing: all that is asked about is looked at then', async () => {
    await add(20);
    withIndex(undefined);
    expect(await found(query('needle', { upTo: 12 }))).toEqual(even(12));
    expect(await found(query('needle', { endMs: START_MS + 6_000 }))).toEqual(even(7));
    expect(await found(query('needle', { accounts: ['210987654321'] }))).toEqual([]);
    expect([reads, scans]).toEqual([[], 3]);
  });
});
