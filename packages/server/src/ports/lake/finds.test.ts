import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { eventFromBytes } from '../../event/accept.ts';
import { parseSearchFilter } from '../../event/search/index.ts';
import type { LakeQuery } from '../lake.ts';
import type { StoredEvent } from '../log.ts';
import { Engine, statement } from './engine.ts';
import { Finds } from './finds.ts';
import { LakeStore } from './store.ts';

const FOUND_MAX = 20;
const START_MS = Date.UTC(2026, 10, 21);
const never = new AbortController().signal;

let directory: string;
let engine: Engine;
let store: LakeStore;
let finds: Finds;
let sequence: number;
/** Statements that read whole records. */
let readings: number;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'opentrail-finds-'));
  engine = await Engine.open({ directory, temporary: join(directory, 'tmp'), threads: 1, memoryBytes: 1 << 28 });
  store = await LakeStore.open({ directory, engine, start: 0, end: 0 });
  finds = new Finds({ directory, engine, store, foundMax: FOUND_MAX });
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
  const events = Array.from({ length: count }, (): StoredEvent => {
    const eventTime = new Date(START_MS + sequence * 1000).toISOString();
    const userAgent = sequence % 2 === 0 ? 'a Needle' : 'hay';
    const json = JSON.stringify({ eventTime, eventName: 'N', eventSource: 's', userAgent });
    const made = eventFromBytes(Buffer.from(json), { fallbackAccountId: '123456789012' });
    if (!('event' in made)) throw new Error(made.refused.message);
    return { ...made.event, sequence: sequence++, acceptedMs: 0 };
  });
  await store.add(events, 0);
}

const query = (text: string, more: Partial<LakeQuery> = {}): LakeQuery => ({
  ...{ startMs: START_MS, endMs: START_MS + 1e9, filter: parseSearchFilter(text)! },
  ...more,
});

/** How many events are found among those kept; undefined when none are. */
const found = (asked: LakeQuery, signal = never) =>
  finds.with(asked, signal, async (from) => {
    if (from === undefined) return undefined;
    const [row] = await engine.rows<[bigint]>(
      statement(() => `SELECT count(DISTINCT sequence) * 1000 + count(*) FROM ${from}`),
    );
    return Number(row![0]);
  });
/** As `found` has it: so many, none twice. */
const once = (count: number) => count * 1000 + count;

describe('what was found in records', () => {
  test('is read once for all that is asked of it', async () => {
    await add(20);
    const asked = query('needle');
    expect(finds.has(asked)).toBe(false);
    expect(await Promise.all([found(asked), found(asked), found(asked)])).toEqual([once(10), once(10), once(10)]);
    expect(await found({ ...asked, upTo: 5 })).toBe(once(3));
    expect(await found({ ...asked, from: 3, upTo: 5 })).toBe(once(1));
    expect(finds.has(asked)).toBe(true);
    expect(readings).toBe(1);
    expect(await found(query('hay'))).toBe(once(10));
    expect(await found(query('userAgent = hay'))).toBeUndefined(); // a column
    expect(readings).toBe(2);
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

  test('is kept of a few questions, and not of too many events', async () => {
    await add(4);
    for (let i = 0; i < 12; i++) expect(await found(query('needle', { endMs: START_MS + 1e9 + i }))).toBe(once(2));
    const tables = await engine.rows(statement(() => "SELECT 1 FROM duckdb_tables() WHERE table_name LIKE 'found_%'"));
    expect(tables.length).toBeLessThanOrEqual(7);
    expect(finds.has(query('needle', { endMs: START_MS + 1e9 }))).toBe(false);
    await add(2 * FOUND_MAX);
    const many = query('needle');
    expect(await found(many)).toBeUndefined();
    expect(finds.has(many)).toBe(false);
    const under = query('needle', { endMs: START_MS + 5e8, upTo: 4 });
    const both = await finds.with(under, never, async (from) => {
      expect(await found({ ...under, upTo: sequence })).toBeUndefined(); // too many by now
      return (await engine.rows(statement(() => `SELECT 1 FROM ${from}`))).length;
    });
    expect(both).toBe(2); // and not taken from him who reads it
    const before = readings;
    expect(await found(many)).toBeUndefined();
    expect(readings).toBe(before);
  });
});
