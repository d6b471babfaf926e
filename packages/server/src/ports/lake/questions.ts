import type { LakeBucket, LakeCursor, LakeFacet, LakePage, LakePageQuery, LakeQuery, LakeRow } from '../lake.ts';
import type { Sequence } from '../log.ts';
import { LIST_MARK } from './columns.ts';
import { type Engine, statement } from './engine.ts';
import { type Bind, fieldSql, literal, timeLiteral } from './filter-sql.ts';
import type { Finds } from './finds.ts';
import { readsRecords, scanOf, windowEdge, withinTime } from './scan.ts';
import { narrowed } from './sketch.ts';
import type { LakeStore, Snapshot } from './store.ts';

export interface QuestionDeps {
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

async function keysOf(
  deps: QuestionDeps,
  snapshot: Snapshot,
  query: LakePageQuery,
  signal: AbortSignal,
): Promise<readonly Key[]> {
  const { directory, finds } = deps;
  const keys: Key[] = [];
  let alone = finds.has(query) ? 0 : WINDOWS_ALONE;
  for (const { part, rest } of windowsOf(snapshot, query)) {
    const next = { ...query, limit: query.limit - keys.length };
    const look = async (found?: string) => {
      const source = (bind: Bind) =>
        found ? `${found} WHERE ${withinTime(rest)}` : scanOf(directory, snapshot, part, bind);
      keys.push(...(await firstKeys(deps, source, next, signal)));
      return found !== undefined;
    };
    const isAll = alone-- > 0 ? await look() : await finds.with(query, signal, look);
    if (isAll || keys.length >= query.limit) break;
  }
  return keys;
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
 * The times to look at one after the other, each with all that is left then: all at once, unless the filter reads whole
 * records.
 */
function* windowsOf(
  snapshot: Snapshot,
  query: LakePageQuery,
): Generator<{ readonly part: LakePageQuery; readonly rest: LakePageQuery }> {
  const { order, after } = query;
  const newest = order === 'newest';
  let { startMs, endMs } = query;
  if (after)
    [startMs, endMs] = newest ? [startMs, Math.min(endMs, after.timeMs)] : [Math.max(startMs, after.timeMs), endMs];
  if (readsRecords(query.filter)) {
    for (let rows = WINDOW_ROWS; startMs <= endMs; rows *= WINDOW_GROWTH) {
      const edge = windowEdge(snapshot, order, newest ? endMs : startMs, rows);
      if (edge === undefined || (newest ? edge <= startMs : edge >= endMs)) break;
      const rest = { ...query, startMs, endMs };
      yield { part: newest ? { ...rest, startMs: edge } : { ...rest, endMs: edge }, rest };
      if (newest) endMs = edge - 1;
      else startMs = edge + 1;
    }
  }
  const rest = { ...query, startMs, endMs };
  if (startMs <= endMs) yield { part: rest, rest };
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
  return over(deps, query, signal, async (source) => {
    const [row] = await deps.engine.rows<[bigint]>(
      statement((bind) => `SELECT count(*) FROM ${source(bind)}`),
      signal,
    );
    return Number(row![0]);
  });
}

/** Runs a question over what there is now, or over what others have found of it. @param columns whether finds have all that it needs */
function over<R>(
  deps: QuestionDeps,
  query: LakeQuery,
  signal: AbortSignal,
  ask: (source: (bind: Bind) => string) => Promise<R>,
  columns = true,
): Promise<R> {
  const { directory, engine, store, finds } = deps;
  const all = () =>
    store.question(async (snapshot) => {
      const seen = await narrowed(engine, directory, snapshot, query.filter);
      return ask((bind) => scanOf(directory, seen, query, bind));
    });
  return columns ? finds.with(query, signal, (found) => (found === undefined ? all() : ask(() => found))) : all();
}

export function histogram(deps: QuestionDeps, query: LakeQuery, intervalMs: number, signal: AbortSignal) {
  return over(deps, query, signal, async (source): Promise<readonly LakeBucket[]> => {
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
  const read = async (source: (bind: Bind) => string): Promise<readonly LakeFacet[]> => {
    const counted = statement((bind) => facetsSql(fields, source(bind), valuesMax));
    const rows = await deps.engine.rows<[bigint, string, bigint, bigint]>(counted, signal);
    return fields.map((field, i) => {
      const own = rows.filter(([set]) => Number(set) === setOf(i, fields.length));
      const values = own.map(([, value, count]) => ({ value, count: Number(count) }));
      return { field, values, distinctCount: Number(own[0]?.[3] ?? 0) };
    });
  };
  return over(
    deps,
    query,
    signal,
    read,
    fields.every((field) => deps.finds.keeps(field)),
  );
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
  const counted = `SELECT grouping(${names.join(', ')}) AS which, coalesce(${names.join(', ')}, NULL) AS value, count(*) AS n FROM (${found}) AS found GROUP BY GROUPING SETS (${sets})`;
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
