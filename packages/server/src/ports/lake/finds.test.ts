import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { eventFromBytes } from '../../event/accept.ts';
import { parseSearchFilter } from '../../event/search/index.ts';
import type { LakePageQuery, LakeQuery } from '../lake.ts';
import type { StoredEvent } from '../log.ts';
import { Engine, statement } from './engine.ts';
import { Finds, type Found } from './finds.ts';
import { GramIndex } from './gram-index.ts';
import { page } from './questions.ts';
import { type FoundByIndex, SequenceSet } from './sequence-set.ts';
import { LakeStore } from './store.ts';

const COLUMNS_MAX = 15;
const START_MS = Date.UTC(2026, 10, 21);
const never = new AbortController().signal;

let directory: string;
let engine: Engine;
let store: LakeStore;
let finds: Finds;
let grams: GramIndex;
let events: StoredEvent[];
let sequence: number;
/** Statements that read whole records. */
let readings: number;

/** Whether the Log can be read: if not, it is all left to DuckDB. */
let seeks = true;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'opentrail-finds-'));
  engine = await Engine.open({ directory, temporary: join(directory, 'tmp'), threads: 1, memoryBytes: 1 << 28 });
  store = await LakeStore.open({ directory, engine, start: 0, end: 0 });
  grams = new GramIndex(directory, 0, 0);
  events = [];
  const records = { readSome: (from: number, to: number) => (seeks ? events.slice(from, to) : undefined) };
  finds = new Finds({ directory, engine, store, grams, records, columnsMax: COLUMNS_MAX });
  sequence = 0;
  readings = 0;
  const { rows } = engine;
  vi.spyOn(engine, 'rows').mockImplementation((asked, signal) => {
    if (/eventjson/.test(asked.sql)) readings++;
    return rows.call(engine, asked, signal) as never;
  });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Events of which every second one holds `needle`. */
async function add(count: number): Promise<void> {
  const more = Array.from({ length: count }, (): StoredEvent => {
    const eventTime = new Date(START_MS + sequence * 1000).toISOString();
    const userAgent = sequence % 2 === 0 ? 'a Needle' : 'hay';
    const json = JSON.stringify({ eventTime, eventName: 'N', eventSource: 's', userAgent });
    const made = eventFromBytes(Buffer.from(json), { fallbackAccountId: '123456789012' });
    if (!('event' in made)) throw new Error(made.refused.message);
    return { ...made.event, sequence: sequence++, acceptedMs: 0 };
  });
  events.push(...more);
  await store.add(more, 0);
  grams.add(more);
}

const query = (text: string, more: Partial<LakeQuery> = {}): LakeQuery => ({
  ...{ startMs: START_MS, endMs: START_MS + 1e9, filter: parseSearchFilter(text)! },
  ...more,
});

/** How many events are found among those kept; undefined when none are. */
const found = (asked: LakeQuery, signal = never, fields: readonly string[] = []) =>
  finds.with(asked, fields, signal, async (found) => found && rowsIn(found, asked));

async function rowsIn(found: Found, asked: LakeQuery): Promise<number> {
  const [row] = await engine.rows<[bigint]>(
    statement((bind) => `SELECT count(DISTINCT sequence) * 1000 + count(*) FROM ${found.from(asked, bind)}`),
  );
  return Number(row![0]);
}

describe.each([true, false])('what was found in records, of the Log: %s', (inLog) => {
  beforeEach(() => {
    seeks = inLog;
  });
  /** As `found` has it: so many, none twice. */
  const once = (count: number) => count * 1000 + count;
  const read = (times: number) => expect(readings).toBe(inLog ? 0 : times);

  test('is read once for all that is asked of it', async () => {
    await add(20);
    const asked = query('needle');
    expect(finds.has(asked)).toBe(false);
    expect(await Promise.all([found(asked), found(asked), found(asked)])).toEqual([once(10), once(10), once(10)]);
    expect(await found({ ...asked, upTo: 5 })).toBe(once(3));
    expect(await found({ ...asked, from: 3, upTo: 5 })).toBe(once(1));
    expect(await found(asked, never, ['eventName', 'requestParameters.x'])).toBe(once(10)); // of which not all is kept
    expect(finds.has(asked)).toBe(true);
    read(1);
    expect(await found(query('hay'))).toBe(once(10));
    expect(await found(query('userAgent = hay'))).toBeUndefined(); // a column
    read(2);
  });

  test('grows with what comes, stored meanwhile or not, and forgets what the log lets go', async () => {
    const asked = query('needle');
    expect(await found(asked)).toBeUndefined(); // there is nothing to look at
    await add(10);
    expect(await found({ ...asked, from: 2, upTo: 4 })).toBe(once(1));
    expect(await found({ ...asked, upTo: 4 })).toBe(once(2));
    await store.flush();
    await add(10);
    expect(await found(asked)).toBe(once(10));
    await store.flush();
    expect(await found(asked)).toBe(once(10));
    store.retain(4);
    expect(await found(asked)).toBe(once(8));
  });

  test('goes on for those who still wait, and stops with the last one', async () => {
    await add(20);
    const asked = query('needle');
    const [first, second] = [new AbortController(), new AbortController()];
    const both = [found(asked, first.signal), found(asked, second.signal)];
    first.abort();
    await expect(both[0]).rejects.toThrow('aborted');
    expect(await both[1]).toBe(once(10));
    const other = query('hay');
    const alone = new AbortController();
    const stopped = found(other, alone.signal);
    alone.abort();
    await expect(stopped).rejects.toThrow('aborted');
    expect(await found(other)).toBe(once(10));
  });

  test('is kept of a few questions, and its columns not of too many events', async () => {
    await add(4);
    for (let i = 0; i < 12; i++) expect(await found(query('needle', { endMs: START_MS + 1e9 + i }))).toBe(once(2));
    const tables = statement(() => "SELECT 1 FROM duckdb_tables() WHERE table_name LIKE 'found_%'");
    // They go once nobody looks at them any more: after the answer, not before it.
    await expect.poll(async () => (await engine.rows(tables)).length).toBeLessThanOrEqual(6);
    expect(finds.has(query('needle', { endMs: START_MS + 1e9 }))).toBe(false);
    await add(4 * COLUMNS_MAX);
    const under = query('needle', { endMs: START_MS + 5e8, upTo: 4 });
    const both = await finds.with(under, [], never, async (from) => {
      expect(await found({ ...under, upTo: sequence })).toBe(once(32)); // too many columns by now
      return (await engine.rows(statement((bind) => `SELECT 1 FROM ${from!.from(under, bind)}`))).length;
    });
    expect(both).toBe(2); // and not taken from him who reads them
    const before = readings;
    for (const field of ['eventName', 'userIdentity.x'])
      expect(await found({ ...under, upTo: sequence }, never, [field])).toBe(once(32));
    expect(readings).toBe(before);
  });
});

describe('what an index says', () => {
  const sets = (sure: number[], maybe?: number[]): FoundByIndex => {
    const of = (list: number[]) =>
      list.reduce((set, one) => set.or(SequenceSet.range(one, one + 1)), new SequenceSet());
    return { sure: of(sure), ...(maybe && { maybe: of(maybe) }) };
  };
  const indexed = (given: FoundByIndex | undefined, readMax = 0) => {
    const records = { readSome: () => undefined };
    const index = { found: () => given };
    finds = new Finds({ directory, engine, store, grams, records, index, columnsMax: COLUMNS_MAX, readMax });
  };

  test('is found without a look at records, what it is not sure of by the filter, within what is asked', async () => {
    await add(10);
    await store.flush();
    await add(10);
    readings = 0;
    indexed(sets([0, 2, 12, 13]));
    expect(await found(query('needle'))).toBe(4004); // though 13 is not: it is never looked at
    expect(readings).toBe(0);
    indexed(sets([0, 2, 12], [13, 14]));
    expect(await found(query('needle'))).toBe(4004);
    expect(readings).toBe(1);
    expect(await found(query('needle', { upTo: 12, from: 1 }))).toBe(1001);
    expect(await found(query('needle', { endMs: START_MS + 2000 }))).toBe(2002);
    expect(await found(query('needle', { accounts: ['210987654321'] }))).toBe(0);
    const given = { ...sets([0, 2, 12], [14]), rest: parseSearchFilter('eventName = N and userAgent : needle')! };
    indexed(given);
    expect(await found(query('needle and eventName = N'))).toBe(4004);
    indexed({ ...given, rest: parseSearchFilter('eventName = M')! });
    expect(await found(query('needle and eventName = M'))).toBe(0);
    indexed(undefined);
    expect(await found(query('needle'))).toBe(10_010);
    // What it says of other events than it was asked about is nothing.
    indexed(sets([0, 11]));
    expect(await found(query('needle', { upTo: 10 }))).toBe(1001);
    indexed(sets([0, 2]));
    expect(await found(query('needle'))).toBe(2002);
  });

  test.each([true, false])('makes a page of what is true of what it is not sure of, in the Log: %s', async (inLog) => {
    await add(40);
    await store.flush();
    await add(10);
    const [sure, maybe] = [[2, 12, 42], Array.from({ length: 50 }, (_, i) => i).filter((i) => i % 10 !== 2)];
    indexed(sets(sure, maybe.slice(2)));
    const records = { readSome: (from: number, to: number) => (inLog ? events.slice(from, to) : undefined) };
    const recordOf = (at: number) => events[at]!.json;
    const ask = async (more: Partial<LakePageQuery>) => {
      const asked = { ...query('needle'), order: 'newest', limit: 3, ...more } as const;
      const found = await page({ directory, store, engine, recordOf, finds, grams, records }, asked, never);
      return found.rows.map(({ sequence }) => sequence);
    };
    expect(await ask({})).toEqual([48, 46, 44]);
    expect(await ask({ upTo: 44, from: 30 })).toEqual([42, 40, 38]);
    expect(await ask({ after: { timeMs: START_MS + 40_000, sequence: 40 }, limit: 2 })).toEqual([38, 36]);
    expect(await ask({ order: 'oldest', limit: 4 })).toEqual([2, 4, 6, 8]);
    expect(await ask({ accounts: ['210987654321'] })).toEqual([]);
    const all = await ask({ limit: 100 });
    expect(all).toEqual(
      events
        .map(({ sequence }) => sequence)
        .filter((i) => i > 0 && i % 2 === 0 && (i % 10 !== 2 || sure.includes(i)))
        .reverse(),
    );
  });

  test('is known at once, and what was found before, too', async () => {
    await add(20);
    const known = (asked: LakeQuery) => {
      const given = finds.known(asked, store.hold().snapshot);
      return given && rowsIn(given, asked);
    };
    const asked = query('needle');
    indexed(sets([0, 2], [3, 4]));
    expect(await known(asked)).toBe(3003);
    expect(await known(query('userAgent = "a Needle"'))).toBeUndefined(); // a column
    indexed({ ...sets([0, 1, 2], [3, 4]), rest: parseSearchFilter('userAgent : needle')! });
    expect(await known(asked)).toBe(3003);
    indexed(sets([0, 2], [3, 4]), 4);
    expect(known(asked)).toBeUndefined(); // as soon read
    indexed(undefined);
    expect(known(asked)).toBeUndefined();
    expect(await found(asked)).toBe(10_010);
    await add(10);
    expect(await known(asked)).toBe(15_015);
  });
});
