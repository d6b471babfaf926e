import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { compileSearchFilter, type SearchFilter, searchableEvent } from '../../event/search/index.ts';
import type { Lake } from '../lake.ts';
import type { StoredEvent } from '../log.ts';
import { Engine } from './engine.ts';
import { Finds } from './finds.ts';
import { GramIndex } from './gram-index.ts';
import { count, facets, histogram, page, type QuestionDeps } from './questions.ts';
import { type FilterIndex, SequenceSet, type Span } from './sequence-set.ts';
import { LakeStore } from './store.ts';
import { type LakeHarness, lakeSuite } from './suite.ts';
import { Turns } from './turns.ts';
import { ALL, and, NONE } from './word-bits.ts';

const FLUSH_ROWS = 40;

type Index = QuestionDeps['index'] & FilterIndex;
type IndexOf = (events: readonly StoredEvent[], index: GramIndex) => Index;

const setOf = (events: readonly StoredEvent[]): SequenceSet => {
  const set = new SequenceSet();
  for (const { sequence } of events) set.add(sequence);
  return set;
};

/** Knows what is true, and tells it as an index may: in part for sure, with doubts where there need be none; of some events, nothing. */
const doubtful: IndexOf = (events, index) => {
  const kindOf = ({ sequence }: StoredEvent) => (sequence * 7) % 5;
  const told = (filter: SearchFilter) => {
    const holds = compileSearchFilter(filter);
    const isTrue = ({ header, json }: StoredEvent) => holds(searchableEvent(header, json));
    const sure = setOf(events.filter((event) => kindOf(event) < 2 && isTrue(event)));
    const maybe = setOf(events.filter((event) => kindOf(event) === 3 || (kindOf(event) > 1 && isTrue(event))));
    return { sure, maybe };
  };
  return {
    *groups(span: Span) {
      const known = setOf(events.filter((event) => kindOf(event) !== 4));
      for (const { columns, ...group } of index.groups(span))
        yield { ...group, columns: columns && { ...columns, known: and(columns.known, known.of(group.number)) } };
    },
    asking(filter) {
      const { sure, maybe } = told(filter);
      return (group) => ({ sure: sure.of(group), may: sure.or(maybe).of(group) });
    },
    async found(filter) {
      return told(filter);
    },
  };
};

/** Knows nothing: all is left to DuckDB. */
const unknowing: IndexOf = (_, index) => ({
  *groups(span: Span) {
    for (const group of index.groups(span)) yield { ...group, columns: undefined };
  },
  asking: (filter) => {
    index.asking(filter);
    return () => ({ sure: NONE, may: ALL });
  },
  found: async (filter) => {
    compileSearchFilter(filter);
    return undefined;
  },
});

/** The lake's questions within this process. */
async function openQuestions(indexOf: IndexOf): Promise<LakeHarness> {
  const directory = mkdtempSync(join(tmpdir(), 'opentrail-questions-'));
  const engine = await Engine.open({ directory, temporary: join(directory, 'tmp'), threads: 1, memoryBytes: 1 << 28 });
  const store = await LakeStore.open({ directory, engine, start: 0, end: 0 });
  const events: StoredEvent[] = [];
  const records = { readSome: (from: number, to: number) => events.slice(from, to) };
  const grams = new GramIndex(directory, 0, 0);
  const index = indexOf(events, grams);
  const turns = new Turns(systemClock);
  const parts = {
    directory,
    engine,
    store,
    records,
    index,
    turns,
    recordOf: (sequence: number) => events[sequence]?.json,
  };
  let deps = { ...parts, finds: new Finds(parts) };
  const lake: Pick<Lake, 'page' | 'count' | 'facets' | 'histogram'> = {
    page: (query, signal) => page(deps, query, signal),
    count: (query, signal) => count(deps, query, signal),
    facets: (query, fields, valuesMax, signal) => facets(deps, query, fields, valuesMax, signal),
    histogram: (query, intervalMs, signal) => histogram(deps, query, intervalMs, signal),
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
      deps = { ...parts, finds: new Finds(parts) };
    },
    async close() {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

describe('with an index in memory', () => lakeSuite(() => openQuestions((_, index) => index), 12));
describe('with an index that knows most', () => lakeSuite(() => openQuestions(doubtful), 8));
describe('with an index that knows nothing', () => lakeSuite(() => openQuestions(unknowing), 4));
