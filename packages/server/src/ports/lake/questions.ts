import type { LakeBucket, LakeFacet, LakePage, LakePageQuery, LakeQuery, LakeRow } from '../lake.ts';
import type { Sequence } from '../log.ts';
import { codedField } from './coded-fields.ts';
import { LIST_MARK } from './columns.ts';
import { type Engine, statement } from './engine.ts';
import { type Bind, fieldSql, literal, timeLiteral } from './filter-sql.ts';
import type { Finds } from './finds.ts';
import { Moved } from './log-test.ts';
import { FirstKeys, type Key, type WalkDeps, type Walked, walk } from './page-walk.ts';
import { readsRecords, scanOf, windowEdge } from './scan.ts';
import { type Tally, tally } from './selection.ts';
import type { SequenceSet, Span } from './sequence-set.ts';
import type { LakeStore, Snapshot } from './store.ts';
import { BucketCounts, EventCount, FacetCounts } from './tallies.ts';
import type { Turns } from './turns.ts';

export interface QuestionDeps extends WalkDeps {
  readonly directory: string;
  readonly store: LakeStore;
  readonly engine: Engine;
  readonly finds: Finds;
  readonly turns: Turns;
  /** The record, if it can be had without the lake. */
  readonly recordOf: (sequence: Sequence) => Buffer | undefined;
}

/** Events that a search that must look at each of them looks at first, and how many times as many each time that was too few. */
const WINDOW_ROWS = 30_000;
const WINDOW_GROWTH = 10;
/** Of these, so many are looked at by themselves; if they were not enough, all is, for other questions of this filter too. */
const WINDOWS_ALONE = 2;
/** Events that no group knows, of which a page looks at all: of more, as while the index is made anew, at the newest first. */
const REST_MAX = 100_000;

/** One page. Keys first, then the records of those alone. */
export function page(deps: QuestionDeps, query: LakePageQuery, signal: AbortSignal): Promise<LakePage> {
  return deps.store.question((snapshot) =>
    deps.turns.first(async (letGo): Promise<LakePage> => {
      const asked = { ...query, ...spanOf(deps, snapshot, query) };
      const rows = await withRecords(deps, snapshot, await keysOf(deps, snapshot, asked, letGo, signal), signal);
      const last = rows.at(-1);
      if (rows.length < query.limit || !last) return { rows };
      return { rows, next: { timeMs: last.timeMs, sequence: last.sequence } };
    }),
  );
}

/** What is asked about of what there is. */
const spanOf = ({ store }: QuestionDeps, { start }: Snapshot, { from = 0, upTo }: LakeQuery): Span => ({
  from: Math.max(start, from),
  upTo: Math.min(upTo ?? store.indexedEnd, store.indexedEnd),
});

type PageQuery = LakePageQuery & Span;

async function keysOf(
  deps: QuestionDeps,
  snapshot: Snapshot,
  query: PageQuery,
  letGo: () => void,
  signal: AbortSignal,
): Promise<readonly Key[]> {
  const { filter } = query;
  const reads = readsRecords(filter);
  const walked = await walkedUnlessMoved(deps, query, deps.finds.known(query), signal);
  if (walked && !(reads && walked.rest.count() > REST_MAX)) return withRest(deps, snapshot, query, walked, signal);
  letGo();
  // Of a filter that little is known of, all events are looked at, for all questions of it: the newest first, if that takes long.
  const newest: Looked = reads ? await lookIn(deps, snapshot, query, signal) : { keys: [], rest: query };
  if (!newest.rest) return newest.keys;
  const rest = { ...newest.rest, limit: query.limit - newest.keys.length };
  const found = await deps.finds.of({ ...query, filter: filter! }, signal);
  const more = await walk(deps, rest, found, signal);
  return [...newest.keys, ...(await withRest(deps, snapshot, rest, more!, signal))];
}

async function walkedUnlessMoved(
  deps: QuestionDeps,
  query: PageQuery,
  found: SequenceSet | undefined,
  signal: AbortSignal,
): Promise<Walked | undefined> {
  try {
    return await walk(deps, query, found, signal);
  } catch (error) {
    if (error instanceof Moved) return undefined;
    throw error;
  }
}

/** The first ones, with those of which the walk knew nothing. */
async function withRest(
  deps: QuestionDeps,
  snapshot: Snapshot,
  query: PageQuery,
  { keys, rest }: Walked,
  signal: AbortSignal,
): Promise<readonly Key[]> {
  if (rest.count() === 0) return keys;
  const first = new FirstKeys(query);
  const others = await firstKeys(deps, (bind) => scanOf(deps.directory, snapshot, query, bind, rest), query, signal);
  for (const key of [...keys, ...others]) if (first.takes(key.timeMs, key.sequence)) first.put(key);
  return first.keys;
}

/** Of a page: what has been looked at so far gave these, and this is left to look at, if any. */
interface Looked {
  readonly keys: readonly Key[];
  readonly rest?: PageQuery;
}

/** Looks for a page's events in one window after the other. */
async function lookIn(deps: QuestionDeps, snapshot: Snapshot, query: PageQuery, signal: AbortSignal): Promise<Looked> {
  const keys: Key[] = [];
  let windows = 0;
  for (const { part, rest } of windowsOf(snapshot, query)) {
    const asked = { ...part, limit: query.limit - keys.length };
    keys.push(...(await firstKeys(deps, (bind) => scanOf(deps.directory, snapshot, asked, bind), asked, signal)));
    if (keys.length >= query.limit || !rest) break;
    if (++windows === WINDOWS_ALONE) return { keys, rest };
  }
  return { keys };
}

async function firstKeys(
  { engine }: QuestionDeps,
  source: (bind: Bind) => string,
  query: LakePageQuery,
  signal: AbortSignal,
): Promise<readonly Key[]> {
  const direction = query.order === 'newest' ? 'DESC' : 'ASC';
  const rows = await engine.rows<[bigint, bigint, string | null]>(
    statement(
      (bind) =>
        `SELECT epoch_ms(event_time), sequence, account_id FROM (SELECT * FROM ${source(bind)}) AS found${afterSql(query)} ORDER BY event_time ${direction}, sequence ${direction} LIMIT ${query.limit}`,
    ),
    signal,
  );
  return rows.map(([timeMs, sequence, accountId]) => ({
    timeMs: Number(timeMs),
    sequence: Number(sequence),
    accountId: accountId ?? '',
  }));
}

/**
 * The times to look at one after the other, each with what is left then; the last one is all that is left.
 */
function* windowsOf(
  snapshot: Snapshot,
  query: PageQuery,
): Generator<{ readonly part: PageQuery; readonly rest?: PageQuery }> {
  const { order, after } = query;
  const newest = order === 'newest';
  let { startMs, endMs } = query;
  if (after)
    [startMs, endMs] = newest ? [startMs, Math.min(endMs, after.timeMs)] : [Math.max(startMs, after.timeMs), endMs];
  for (let window = WINDOW_ROWS; startMs <= endMs; window *= WINDOW_GROWTH) {
    const edge = windowEdge(snapshot, order, newest ? endMs : startMs, window);
    if (edge === undefined || (newest ? edge <= startMs : edge >= endMs)) break;
    const part = newest ? { ...query, startMs: edge, endMs } : { ...query, startMs, endMs: edge };
    if (newest) endMs = edge - 1;
    else startMs = edge + 1;
    yield { part, rest: { ...query, startMs, endMs } };
  }
  if (startMs <= endMs) yield { part: { ...query, startMs, endMs } };
}

export function afterSql({ after, order }: Pick<LakePageQuery, 'after' | 'order'>): string {
  if (!after) return '';
  const sign = order === 'newest' ? '<' : '>';
  const time = timeLiteral(after.timeMs);
  return ` WHERE event_time ${sign} ${time} OR (event_time = ${time} AND sequence ${sign} ${after.sequence})`;
}

/** The records of keys: from the Log where it can give single ones, else from tables and files. */
export async function withRecords(
  { directory, engine, recordOf }: Pick<QuestionDeps, 'directory' | 'engine' | 'recordOf'>,
  snapshot: Snapshot,
  keys: readonly Key[],
  signal: AbortSignal,
): Promise<readonly LakeRow[]> {
  const found = new Map<Sequence, Buffer>();
  const lacking: Key[] = [];
  for (const key of keys) {
    const json = recordOf(key.sequence);
    if (json) found.set(key.sequence, json);
    else lacking.push(key);
  }
  if (lacking.length > 0) {
    const sequences = lacking.map(({ sequence }) => sequence);
    const times = lacking.map(({ timeMs }) => timeMs);
    const [startMs, endMs] = [Math.min(...times), Math.max(...times)];
    const upTo = Math.max(...sequences) + 1;
    const near = { ...snapshot, files: snapshot.files.filter(({ last }) => last >= Math.min(...sequences)) };
    const rows = await engine.rows<[bigint, string]>(
      statement(
        (bind) =>
          `SELECT sequence, eventjson FROM (SELECT * FROM ${scanOf(directory, near, { startMs, endMs, upTo }, bind)}) AS found WHERE sequence IN (${sequences.join(', ')})`,
      ),
      signal,
    );
    for (const [sequence, json] of rows) found.set(Number(sequence), Buffer.from(json));
  }
  return keys.map((key) => ({ ...key, json: found.get(key.sequence)! }));
}

/** All that a question is about but the events themselves. */
interface Summed {
  readonly snapshot: Snapshot;
  readonly query: LakeQuery;
  /** Those found by its filter; undefined without one. */
  readonly found: SequenceSet | undefined;
}

/** Sums something up over what was found. */
async function summed<R>(
  deps: QuestionDeps,
  query: LakeQuery,
  signal: AbortSignal,
  ask: (summed: Summed) => Promise<R>,
): Promise<R> {
  const { filter } = query;
  const found = filter && (await deps.finds.of({ ...query, filter }, signal));
  const { filter: _, ...all } = query;
  return deps.store.question((snapshot) => ask({ snapshot, query: all, found }));
}

/** Adds up what columns know. @returns SQL that stands after FROM, of the others; undefined when there are none */
async function tallied(
  deps: QuestionDeps,
  { snapshot, query, found }: Summed,
  into: Tally,
  signal: AbortSignal,
): Promise<((bind: Bind) => string) | undefined> {
  const span = spanOf(deps, snapshot, query);
  const rest = await tally(deps.index, { ...query, ...span }, found, into, deps.turns.pauses(signal));
  if (rest.count() === 0) return undefined;
  return (bind) => scanOf(deps.directory, snapshot, { ...query, ...span }, bind, rest);
}

export function count(deps: QuestionDeps, query: LakeQuery, signal: AbortSignal): Promise<number> {
  return summed(deps, query, signal, async (all) => {
    const events = new EventCount();
    const rest = await tallied(deps, all, events, signal);
    if (!rest) return events.count;
    const [row] = await deps.engine.rows<[bigint]>(
      statement((bind) => `SELECT count(*) FROM ${rest(bind)}`),
      signal,
    );
    return events.count + Number(row![0]);
  });
}

export function histogram(
  deps: QuestionDeps,
  query: LakeQuery,
  intervalMs: number,
  signal: AbortSignal,
): Promise<readonly LakeBucket[]> {
  return summed(deps, query, signal, async (all) => {
    const buckets = new BucketCounts(intervalMs);
    const rest = await tallied(deps, all, buckets, signal);
    const rows = rest
      ? await deps.engine.rows<[bigint, bigint, bigint]>(
          statement(
            (bind) =>
              `SELECT epoch_ms(event_time) // ${Math.trunc(intervalMs)} AS bucket, count(*), count(errorcode) FROM ${rest(bind)} GROUP BY bucket`,
          ),
          signal,
        )
      : [];
    for (const [bucket, count, errors] of rows)
      buckets.addBucket({ startMs: Number(bucket) * intervalMs, count: Number(count), errorCount: Number(errors) });
    return buckets.buckets;
  });
}

/** Fields that columns know are counted there, all others in one scan. */
export function facets(
  deps: QuestionDeps,
  query: LakeQuery,
  fields: readonly string[],
  valuesMax: number,
  signal: AbortSignal,
): Promise<readonly LakeFacet[]> {
  const coded = fields.filter((field) => codedField(field) >= 0);
  const others = fields.filter((field) => codedField(field) < 0);
  return summed(deps, query, signal, async (all) => {
    const counts = new FacetCounts(coded.map(codedField));
    const rest = coded.length > 0 ? await tallied(deps, all, counts, signal) : undefined;
    if (rest)
      for (const [i, { values }] of (await scanned(deps, coded, rest, Number.MAX_SAFE_INTEGER, signal)).entries())
        for (const { value, count } of values) counts.addValue(i, value, count);
    const scan = (bind: Bind) => scanOf(deps.directory, all.snapshot, all.query, bind, all.found);
    const more = others.length > 0 ? await scanned(deps, others, scan, valuesMax, signal) : [];
    return fields.map((field) =>
      codedField(field) < 0 ? more[others.indexOf(field)]! : counts.facet(coded.indexOf(field), field, valuesMax),
    );
  });
}

/** All fields in one scan. */
async function scanned(
  { engine }: QuestionDeps,
  fields: readonly string[],
  source: (bind: Bind) => string,
  valuesMax: number,
  signal: AbortSignal,
): Promise<readonly LakeFacet[]> {
  const asked = statement((bind) => facetsSql(fields, source(bind), valuesMax));
  const rows = await engine.rows<[bigint, string, bigint, bigint]>(asked, signal);
  return fields.map((field, i): LakeFacet => {
    const own = rows.filter(([set]) => Number(set) === setOf(i, fields.length));
    const values = own.map(([, value, count]) => ({ value, count: Number(count) }));
    return { field, values, distinctCount: Number(own[0]?.[3] ?? 0) };
  });
}

/** What `grouping` says of rows grouped by the i'th of so many columns: a bit for each that they are not grouped by. */
const setOf = (i: number, columns: number) => 2 ** columns - 1 - 2 ** (columns - 1 - i);

/** Lists are taken apart once for each combination that occurs, not once for each event. */
function facetsSql(fields: readonly string[], from: string, valuesMax: number): string {
  const sources = fields.map(facetSource);
  const names = fields.map((_, i) => `f${i}`);
  const lists = sources.flatMap(({ isList }, i) => (isList ? [setOf(i, fields.length)] : []));
  const found = `SELECT ${sources.map(({ sql }, i) => `${sql} AS f${i}`).join(', ')} FROM ${from}`;
  const sets = names.map((name) => `(${name})`).join(', ');
  const scanned = `SELECT grouping(${names.join(', ')}) AS which, coalesce(${names.join(', ')}, NULL) AS value, count(*) AS n FROM (${found}) AS found GROUP BY GROUPING SETS (${sets})`;
  const parts = `CASE WHEN which IN (${lists.join(', ') || 'NULL'}) THEN list_distinct(string_split(value, ${literal(LIST_MARK)})) ELSE [value] END`;
  const each = `SELECT which, unnest(${parts}) AS value, n FROM (${scanned}) AS scanned WHERE value IS NOT NULL`;
  const summed = `SELECT which, value, sum(n)::BIGINT AS events FROM (${each}) AS each_value WHERE value <> '' GROUP BY which, value`;
  const place = 'row_number() OVER (PARTITION BY which ORDER BY events DESC, value)';
  return `SELECT which, value, events, count(*) OVER (PARTITION BY which) FROM (${summed}) AS summed QUALIFY ${place} <= ${valuesMax} ORDER BY which, events DESC, value`;
}

/** A field as one text; several values between marks, as columns of lists have them. */
function facetSource(field: string): { readonly sql: string; readonly isList: boolean } {
  const { kind, sql } = fieldSql(field);
  if (kind === 'time') return { sql: ISO_TIME, isList: false };
  return { sql: kind === 'list' ? `array_to_string(${sql}, ${literal(LIST_MARK)})` : sql, isList: kind !== 'text' };
}

/** An event's time as records write it; with milliseconds only where there are any. */
export const ISO_TIME = "replace(strftime(event_time, '%Y-%m-%dT%H:%M:%S.%gZ'), '.000Z', 'Z')";
