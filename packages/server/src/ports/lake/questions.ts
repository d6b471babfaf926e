import type { LakeBucket, LakeCursor, LakeFacet, LakePage, LakePageQuery, LakeQuery, LakeRow } from '../lake.ts';
import type { Sequence } from '../log.ts';
import { LIST_MARK } from './columns.ts';
import type { Engine } from './engine.ts';
import { fieldSql, literal, timeLiteral } from './filter-sql.ts';
import { readsRecords, scanOf, windowEdge } from './scan.ts';
import type { LakeStore, Snapshot } from './store.ts';

export interface QuestionDeps {
  readonly directory: string;
  readonly store: LakeStore;
  readonly engine: Engine;
  /** The record, if it can be had without the lake. */
  readonly recordOf: (sequence: Sequence) => Buffer | undefined;
}

/** Events that a search through whole records looks at first, and how many times as many each time that was too few. */
const WINDOW_ROWS = 30_000;
const WINDOW_GROWTH = 10;
/** Facets counted at a time: each uses all threads as far as it can, and others have questions too. */
const FACETS_AT_ONCE = 2;

/** One page. Keys first, then the records of those alone. */
export function page({ directory, store, engine, recordOf }: QuestionDeps, query: LakePageQuery, signal: AbortSignal) {
  return store.question(async (snapshot): Promise<LakePage> => {
    const keys: Key[] = [];
    for (const part of windowsOf(snapshot, query)) {
      const from = scanOf(directory, snapshot, part);
      const direction = query.order === 'newest' ? 'DESC' : 'ASC';
      const rows = await engine.rows<[bigint, bigint, string | null]>(
        `SELECT epoch_ms(event_time), sequence, account_id FROM (SELECT * FROM ${from}) AS found${afterSql(query)} ORDER BY event_time ${direction}, sequence ${direction} LIMIT ${query.limit - keys.length}`,
        signal,
      );
      for (const [timeMs, sequence, accountId] of rows)
        keys.push({ timeMs: Number(timeMs), sequence: Number(sequence), accountId: accountId ?? '' });
      if (keys.length >= query.limit) break;
    }
    const rows = await withRecords({ directory, engine, recordOf }, snapshot, keys, signal);
    const last = rows.at(-1);
    if (rows.length < query.limit || !last) return { rows };
    return { rows, next: { timeMs: last.timeMs, sequence: last.sequence } };
  });
}

interface Key extends LakeCursor {
  readonly accountId: string;
}

/** The times to look at one after the other: all at once, unless the filter reads whole records. */
function* windowsOf(snapshot: Snapshot, query: LakePageQuery): Generator<LakePageQuery> {
  const { order, after } = query;
  const newest = order === 'newest';
  let { startMs, endMs } = query;
  if (after)
    [startMs, endMs] = newest ? [startMs, Math.min(endMs, after.timeMs)] : [Math.max(startMs, after.timeMs), endMs];
  if (readsRecords(query.filter)) {
    for (let rows = WINDOW_ROWS; startMs <= endMs; rows *= WINDOW_GROWTH) {
      const edge = windowEdge(snapshot, order, newest ? endMs : startMs, rows);
      if (edge === undefined || (newest ? edge <= startMs : edge >= endMs)) break;
      yield newest ? { ...query, startMs: edge, endMs } : { ...query, startMs, endMs: edge };
      if (newest) endMs = edge - 1;
      else startMs = edge + 1;
    }
  }
  if (startMs <= endMs) yield { ...query, startMs, endMs };
}

function afterSql({ after, order }: LakePageQuery): string {
  if (!after) return '';
  const sign = order === 'newest' ? '<' : '>';
  const time = timeLiteral(after.timeMs);
  return ` WHERE event_time ${sign} ${time} OR (event_time = ${time} AND sequence ${sign} ${after.sequence})`;
}

/** The records of keys: from the Log where it can give single ones, else from tables and files. */
async function withRecords(
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
    const from = scanOf(directory, near, { startMs, endMs, upTo });
    const rows = await engine.rows<[bigint, string]>(
      `SELECT sequence, eventjson FROM (SELECT * FROM ${from}) AS found WHERE sequence IN (${sequences.join(', ')})`,
      signal,
    );
    for (const [sequence, json] of rows) found.set(Number(sequence), Buffer.from(json));
  }
  return keys.map((key) => ({ ...key, json: found.get(key.sequence)! }));
}

export function count({ directory, store, engine }: QuestionDeps, query: LakeQuery, signal: AbortSignal) {
  return store.question(async (snapshot) => {
    const from = scanOf(directory, snapshot, query);
    const [row] = await engine.rows<[bigint]>(`SELECT count(*) FROM ${from}`, signal);
    return Number(row![0]);
  });
}

export function histogram(
  { directory, store, engine }: QuestionDeps,
  query: LakeQuery,
  intervalMs: number,
  signal: AbortSignal,
) {
  return store.question(async (snapshot): Promise<readonly LakeBucket[]> => {
    const from = scanOf(directory, snapshot, query);
    const rows = await engine.rows<[bigint, bigint, bigint]>(
      `SELECT epoch_ms(event_time) // ${Math.trunc(intervalMs)} AS bucket, count(*), count(errorcode) FROM ${from} GROUP BY bucket ORDER BY bucket`,
      signal,
    );
    return rows.map(([bucket, count, errors]) => ({
      startMs: Number(bucket) * intervalMs,
      count: Number(count),
      errorCount: Number(errors),
    }));
  });
}

/** Each field is a scan of its own, of hardly more than its column; of a filter that reads whole records, one scan is for all. */
export function facets(
  { directory, store, engine }: QuestionDeps,
  query: LakeQuery,
  fields: readonly string[],
  valuesMax: number,
  signal: AbortSignal,
) {
  return store.question(async (snapshot): Promise<readonly LakeFacet[]> => {
    const from = scanOf(directory, snapshot, query);
    const ask = (statement: string) => engine.rows<[string, bigint, bigint]>(statement, signal);
    const found = new Map<string, LakeFacet>();
    const waiting = [...new Set(fields)];
    const next = async (): Promise<void> => {
      for (let field = waiting.shift(); field !== undefined; field = waiting.shift())
        found.set(field, facetOf(field, await ask(facetSql(field, from, valuesMax))));
    };
    await Promise.all(Array.from({ length: FACETS_AT_ONCE }, next));
    return fields.map((field) => found.get(field)!);
  });
}

const facetOf = (field: string, rows: readonly (readonly [string, bigint, bigint])[]): LakeFacet => ({
  field,
  values: rows.map(([value, count]) => ({ value, count: Number(count) })),
  distinctCount: Number(rows[0]?.[2] ?? 0),
});

function facetSql(field: string, from: string, valuesMax: number): string {
  const counted = `SELECT value, sum(n)::BIGINT AS events, count(*) OVER () FROM (${valuesSql(field, from)}) AS each_value WHERE value IS NOT NULL AND value <> '' GROUP BY value`;
  return `${counted} ORDER BY events DESC, value LIMIT ${valuesMax}`;
}

/** Lists are taken apart once for each combination that occurs, not once for each event. */
function valuesSql(field: string, from: string): string {
  const { kind, sql } = fieldSql(field);
  if (kind === 'list') return `SELECT unnest(list_distinct(${sql})) AS value, 1 AS n FROM ${from}`;
  if (kind === 'time')
    return `SELECT strftime(event_time, '${ISO_TIME}') AS value, count(*) AS n FROM ${from} GROUP BY 1`;
  const grouped = `SELECT ${sql} AS value, count(*) AS n FROM ${from} GROUP BY 1`;
  if (kind === 'text') return grouped;
  const values = `unnest(list_distinct(string_split(value, ${literal(LIST_MARK)})))`;
  return `SELECT ${values} AS value, n FROM (${grouped}) AS combinations`;
}

/** As JavaScript writes times. */
export const ISO_TIME = '%Y-%m-%dT%H:%M:%S.%gZ';
