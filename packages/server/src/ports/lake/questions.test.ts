import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { compileSearchFilter, type SearchFilter, searchableEvent } from '../../event/search/index.ts';
import type { Lake } from '../lake.ts';
import type { StoredEvent } from '../log.ts';
import { Engine } from './engine.ts';
import { Finds } from './finds.ts';
import { GramIndex } from './gram-index.ts';
import { count, facets, histogram, page } from './questions.ts';
import { readsRecords } from './scan.ts';
import { type FilterIndex, SequenceSet } from './sequence-set.ts';
import { LakeStore } from './store.ts';
import { type LakeHarness, lakeSuite } from './suite.ts';

const FLUSH_ROWS = 40;

/** Knows what is true, and tells it as an index may: in part for sure, with doubts where there need be none. */
function indexOf(events: readonly StoredEvent[]): FilterIndex {
  const holding = (filter: SearchFilter) => {
    const holds = compileSearchFilter(filter);
    return ({ header, json }: StoredEvent) => holds(searchableEvent(header, json));
  };
  return {
    found(filter) {
      const isParted = 'and' in filter;
      const rest = isParted ? filter.and.filter((part) => !readsRecords(part)) : [];
      const text = isParted ? { and: filter.and.filter(readsRecords) } : filter;
      const [hasText, holds] = [holding(text), holding(filter)];
      const [sure, maybe] = [new SequenceSet(), new SequenceSet()];
      for (const event of events) {
        const kind = (event.sequence * 7) % 5;
        if (kind < 2 && hasText(event)) sure.add(event.sequence);
        else if (kind === 3 || holds(event)) maybe.add(event.sequence);
      }
      return { sure, maybe, ...(rest.length > 0 && { rest: { and: rest } }) };
    },
  };
}

/** The lake's questions within this process, with limits that make the least of events many. */
async function openQuestions(): Promise<LakeHarness> {
  const directory = mkdtempSync(join(tmpdir(), 'opentrail-questions-'));
  const engine = await Engine.open({ directory, temporary: join(directory, 'tmp'), threads: 1, memoryBytes: 1 << 28 });
  const store = await LakeStore.open({ directory, engine, start: 0, end: 0 });
  const grams = new GramIndex(directory, 0, 0);
  const events: StoredEvent[] = [];
  const records = { readSome: (from: number, to: number) => events.slice(from, to) };
  const deps = { directory, engine, store, grams, records, recordOf: (sequence: number) => events[sequence]?.json };
  const index = indexOf(events);
  let finds = new Finds({ ...deps, index, columnsMax: 5, readMax: 2 });
  const lake: Pick<Lake, 'page' | 'count' | 'facets' | 'histogram'> = {
    page: (query, signal) => page({ ...deps, finds }, query, signal),
    count: (query, signal) => count({ ...deps, finds }, query, signal),
    facets: (query, fields, valuesMax, signal) => facets({ ...deps, finds }, query, fields, valuesMax, signal),
    histogram: (query, intervalMs, signal) => histogram({ ...deps, finds }, query, intervalMs, signal),
  };
  return {
    lake: lake as Lake,
    async append(added) {
      const stored = added.map((event, i) => ({ ...event, sequence: events.length + i, acceptedMs: 0 }));
      events.push(...stored);
      await store.add(stored, 0);
      grams.add(stored);
      if (store.freshRows > FLUSH_ROWS) await store.flush();
    },
    async reopen() {
      for (const table of await engine.rows<[string]>(TABLES)) await engine.run(`DROP TABLE ${table[0]}`);
      finds = new Finds({ ...deps, index, columnsMax: 5, readMax: 2 });
    },
    async close() {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Of what was found. */
const TABLES = { sql: "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'found_%'", values: [] };

describe('with an index that knows most', () => lakeSuite(openQuestions, 12));
