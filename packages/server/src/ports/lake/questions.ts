import { join } from 'node:path';
import type { LakeBucket, LakeCursor, LakeFacet, LakePage, LakePageQuery, LakeQuery, LakeRow } from '../lake.ts';
import type { Sequence } from '../log.ts';
import { LIST_MARK } from './columns.ts';
import { areCounted, countsSql } from './counts.ts';
import { type Engine, statement } from './engine.ts';
import { type Bind, fieldSql, literal, timeLiteral } from './filter-sql.ts';
import type { Finds, Found } from './finds.ts';
import type { LakeFile } from './manifest.ts';
import { filesWithin, readsRecords, scanOf, windowEdge } from './scan.ts';
import { Moved, type SeekDeps, seek, testedInLog } from './seek.ts';
import { SequenceSet } from './sequence-set.ts';
import { narrowed } from './sketch.ts';
import type { LakeStore, Snapshot } from './store.ts';

export interface QuestionDeps extends SeekDeps {
  readonly directory: string;
  readonly store: LakeStore;
  readonly engine: Engine;
  readonly finds: Finds;
  /** The record, if it can be had without the lake. */
  readonly recordOf: (sequence: Sequence) => Buffer | undefined;
}

/** Events that a search through whole records looks at first, and how many times as many each time that was too few. */
const WINDOW_ROWS = 30_000;
const WINDOW_GROWTH = 10;
/** Of these, so many are looked at by themselves; if they were not enough, all is, for other questions of this filter too. */
const WINDOWS_ALONE = 2;
/** Events to look at first where it is known which are found: a page or more, though their times are but guessed at. */
const WINDOW_FOUND = 1_000;

/** One page. Keys first, then the records of those alone. */
export function page(deps: QuestionDeps, query: LakePageQuery, signal: AbortSignal) {
  return deps.store.question(async (all): Promise<LakePage> => {
    const snapshot = await narrowed(deps.engine, deps.directory, all, query.filter);
    const keys = await keysOf(deps, snapshot, query, signal);
    const rows = await withRecords(deps, snapshot, keys, signal);
    const last = rows.at(-1);
    if (rows.length < query.limit || !last) return { rows };
    return { rows, next: { timeMs: last.timeMs, sequence: last.sequence } };
  });
}

/** Of a page: what has been looked at so far gave these, and this is left to look at, if any. */
interface Looked {
  readonly keys: readonly Key[];
  readonly rest?: LakePageQuery;
}

async function keysOf(
  deps: QuestionDeps,
  snapshot: Snapshot,
  query: LakePageQuery,
  signal: AbortSignal,
): Promise<readonly Key[]> {
  const { directory, finds } = deps;
  const look = (found: Found, before: Looked, windows: Windows) =>
    lookIn(deps, snapshot, found, before, windows, signal);
  const nothing: Looked = { keys: [], rest: query };
  const all: Found = { from: (window, bind) => scanOf(directory, snapshot, window, bind) };
  const known = finds.known(query, snapshot);
  if (known) return (await look(known, nothing, { rows: WINDOW_FOUND })).keys;
  const isNew = readsRecords(query.filter) && !finds.has(query);
  const sought = isNew ? await soughtKeys(deps, snapshot, query, signal) : undefined;
  if (sought) return sought;
  const newest = isNew ? await look(all, nothing, { rows: WINDOW_ROWS, most: WINDOWS_ALONE }) : nothing;
  if (!newest.rest) return newest.keys;
  return finds.with(query, [], signal, async (found = all) => {
    const rows = found.events ? WINDOW_FOUND : Number.POSITIVE_INFINITY;
    return (await look(found, newest, { rows })).keys;
  });
}

interface Windows {
  /** Events to look at first. */
  readonly rows: number;
  /** So many windows are looked at, and no more. */
  readonly most?: number;
}

/** Looks for a page's events in one window after the other. */
async function lookIn(
  deps: QuestionDeps,
  snapshot: Snapshot,
  found: Found,
  before: Looked,
  { rows, most = Number.POSITIVE_INFINITY }: Windows,
  signal: AbortSignal,
): Promise<Looked> {
  const keys = [...before.keys];
  let windows = 0;
  for (const { part, rest } of before.rest ? windowsOf(snapshot, before.rest, rows, found.events) : []) {
    const limit = part.limit - keys.length;
    keys.push(...(await firstFound(deps, found, { ...part, limit }, signal)));
    if (keys.length >= part.limit || !rest) break;
    if (++windows === most) return { keys, rest };
  }
  return { keys };
}

/** The first events of what was found. */
async function firstFound(
  deps: QuestionDeps,
  { from, candidates }: Found,
  query: LakePageQuery,
  signal: AbortSignal,
): Promise<readonly Key[]> {
  const keys: Key[] = [];
  let next = query;
  while (candidates) {
    const some = await firstKeys(deps, (bind) => candidates.from(query, bind), next, signal);
    const isTrue = await testOf(deps, candidates.doubted, some, query, signal);
    if (!isTrue) break;
    keys.push(...some.filter(isTrue));
    const last = some.at(-1);
    if (!last || keys.length >= query.limit || some.length < next.limit) return keys.slice(0, query.limit);
    next = { ...next, limit: next.limit * WINDOW_GROWTH, after: last };
  }
  return firstKeys(deps, (bind) => from(query, bind), query, signal);
}

/**
 * Reads what is doubted among some keys in the Log: of a Parquet file, the records around each would be unpacked with it.
 * @returns undefined when the Log moves meanwhile
 */
async function testOf(
  { records }: QuestionDeps,
  doubted: SequenceSet,
  keys: readonly Key[],
  query: LakePageQuery,
  signal: AbortSignal,
): Promise<((key: Key) => boolean) | undefined> {
  const doubts = keys.map(({ sequence }) => sequence).filter((sequence) => doubted.has(sequence));
  if (doubts.length === 0) return () => true;
  const among = new SequenceSet();
  for (const sequence of doubts) among.add(sequence);
  const span = { from: Math.min(...doubts), upTo: Math.max(...doubts) + 1 };
  const found = await testedInLog(records, { ...query, ...span }, among, signal);
  return found && (({ sequence }) => found.has(sequence) || !among.has(sequence));
}

/** @returns undefined when they must be found otherwise */
async function soughtKeys(
  deps: QuestionDeps,
  snapshot: Snapshot,
  query: LakePageQuery,
  signal: AbortSignal,
): Promise<readonly Key[] | undefined> {
  const { indexedEnd } = deps.store;
  const [from, upTo] = [Math.max(snapshot.start, query.from ?? 0), Math.min(indexedEnd, query.upTo ?? indexedEnd)];
  const pieces = seek(deps, { ...query, from, upTo }, query, signal);
  if (!pieces) return undefined;
  const keys: Key[] = [];
  try {
    for await (const piece of pieces)
      for (const { sequence, header } of piece)
        keys.push({ timeMs: header.timeMs, sequence, accountId: header.accountId });
  } catch (error) {
    if (error instanceof Moved) return undefined;
    throw error;
  }
  const sign = query.order === 'newest' ? -1 : 1;
  return keys.sort((a, b) => sign * (a.timeMs - b.timeMs || a.sequence - b.sequence)).slice(0, query.limit);
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

export interface Key extends LakeCursor {
  readonly accountId: string;
}

/**
 * The times to look at one after the other, each with what is left then; the last one is all that is left.
 * @param rows events of the first one @param among of these alone
 */
function* windowsOf(
  snapshot: Snapshot,
  query: LakePageQuery,
  rows: number,
  among: SequenceSet | undefined,
): Generator<{ readonly part: LakePageQuery; readonly rest?: LakePageQuery }> {
  const { order, after } = query;
  const newest = order === 'newest';
  let { startMs, endMs } = query;
  if (after)
    [startMs, endMs] = newest ? [startMs, Math.min(endMs, after.timeMs)] : [Math.max(startMs, after.timeMs), endMs];
  for (let window = rows; startMs <= endMs; window *= WINDOW_GROWTH) {
    const edge = windowEdge(snapshot, order, newest ? endMs : startMs, window, among);
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

export function count(deps: QuestionDeps, query: LakeQuery, signal: AbortSignal) {
  return over(deps, query, [], signal, async (source) => {
    const [row] = await deps.engine.rows<[bigint]>(
      statement((bind) => `SELECT count(*) FROM ${source(bind)}`),
      signal,
    );
    return Number(row![0]);
  });
}

/** Runs a question over what there is now, or over what others have found of it. @param fields that it reads */
function over<R>(
  deps: QuestionDeps,
  query: LakeQuery,
  fields: readonly string[],
  signal: AbortSignal,
  ask: (source: (bind: Bind) => string) => Promise<R>,
): Promise<R> {
  const { directory, engine, store, finds } = deps;
  const all = () =>
    store.question(async (snapshot) => {
      const seen = await narrowed(engine, directory, snapshot, query.filter);
      return ask((bind) => scanOf(directory, seen, query, bind));
    });
  return finds.with(query, fields, signal, (found) => (found ? ask((bind) => found.from(query, bind)) : all()));
}

export function histogram(deps: QuestionDeps, query: LakeQuery, intervalMs: number, signal: AbortSignal) {
  return over(deps, query, ['errorCode'], signal, async (source): Promise<readonly LakeBucket[]> => {
    const rows = await deps.engine.rows<[bigint, bigint, bigint]>(
      statement(
        (bind) =>
          `SELECT epoch_ms(event_time) // ${Math.trunc(intervalMs)} AS bucket, count(*), count(errorcode) FROM ${source(bind)} GROUP BY bucket ORDER BY bucket`,
      ),
      signal,
    );
    return rows.map(([bucket, count, errors]) => ({
      startMs: Number(bucket) * intervalMs,
      count: Number(count),
      errorCount: Number(errors),
    }));
  });
}

/** All fields in one scan: whatever the filter has to read is read once. */
export function facets(
  deps: QuestionDeps,
  query: LakeQuery,
  fields: readonly string[],
  valuesMax: number,
  signal: AbortSignal,
) {
  const read = async (source: (bind: Bind) => string, counted: readonly LakeFile[] = []) => {
    const asked = statement((bind) => facetsSql(fields, source(bind), countedSql(deps, counted, fields), valuesMax));
    const rows = await deps.engine.rows<[bigint, string, bigint, bigint]>(asked, signal);
    return fields.map((field, i): LakeFacet => {
      const own = rows.filter(([set]) => Number(set) === setOf(i, fields.length));
      const values = own.map(([, value, count]) => ({ value, count: Number(count) }));
      return { field, values, distinctCount: Number(own[0]?.[3] ?? 0) };
    });
  };
  if (query.filter !== undefined || !areCounted(fields)) return over(deps, query, fields, signal, read);
  return deps.store.question((snapshot) => {
    const counted = filesWithin(snapshot, query).filter(({ path }) => deps.store.hasCounts(path));
    const rest = { ...snapshot, files: snapshot.files.filter((file) => !counted.includes(file)) };
    return read((bind) => scanOf(deps.directory, rest, query, bind), counted);
  });
}

/** What stands beside these files, as `facetsSql` counts the others. */
function countedSql(
  { directory }: QuestionDeps,
  files: readonly LakeFile[],
  fields: readonly string[],
): string | undefined {
  if (files.length === 0) return undefined;
  const which = new Map(fields.map((field, i) => [field, setOf(i, fields.length)]));
  return countsSql(
    files.map(({ path }) => join(directory, path)),
    which,
  );
}

/** What `grouping` says of rows grouped by the i'th of so many columns: a bit for each that they are not grouped by. */
const setOf = (i: number, columns: number) => 2 ** columns - 1 - 2 ** (columns - 1 - i);

/** Lists are taken apart once for each combination that occurs, not once for each event. */
function facetsSql(fields: readonly string[], from: string, more: string | undefined, valuesMax: number): string {
  const sources = fields.map(facetSource);
  const names = fields.map((_, i) => `f${i}`);
  const lists = sources.flatMap(({ isList }, i) => (isList ? [setOf(i, fields.length)] : []));
  const found = `SELECT ${sources.map(({ sql }, i) => `${sql} AS f${i}`).join(', ')} FROM ${from}`;
  const sets = names.map((name) => `(${name})`).join(', ');
  const scanned = `SELECT grouping(${names.join(', ')}) AS which, coalesce(${names.join(', ')}, NULL) AS value, count(*) AS n FROM (${found}) AS found GROUP BY GROUPING SETS (${sets})`;
  const counted = more === undefined ? scanned : `${scanned} UNION ALL ${more}`;
  const parts = `CASE WHEN which IN (${lists.join(', ') || 'NULL'}) THEN list_distinct(string_split(value, ${literal(LIST_MARK)})) ELSE [value] END`;
  const each = `SELECT which, unnest(${parts}) AS value, n FROM (${counted}) AS counted WHERE value IS NOT NULL`;
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
