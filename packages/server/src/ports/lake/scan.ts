import { join } from 'node:path';
import type { SearchFilter } from '../../event/search/index.ts';
import type { LakeQuery } from '../lake.ts';
import { type Bind, filterSql, literal, timeLiteral } from './filter-sql.ts';
import type { LakeFile } from './manifest.ts';
import type { SequenceSet } from './sequence-set.ts';
import { isOneOf } from './set-sql.ts';
import type { FreshTable, Snapshot } from './store.ts';

/** An empty table of the lake's columns: what is looked at when nothing else is. */
export const NOTHING = 'nothing';

/**
 * What a question looks at, to stand after FROM: `(SELECT …) AS events WHERE …`. Chooses files and tables by what the
 * manifest knows of them, and says the rest in SQL. Files that lie in the asked time and account as a whole go without
 * conditions, so that DuckDB need not even read those columns; so do those of which all events are among those asked for.
 * @param among looks at no others
 * @throws PatternError when the filter names no field
 */
export function scanOf(
  directory: string,
  snapshot: Snapshot,
  query: LakeQuery,
  bind: Bind,
  among?: SequenceSet,
): string {
  const bounds = boundsOf(snapshot, query);
  const isAsked = (span: Span) =>
    touches(span, query, bounds) && (among === undefined || among.count(span.first, span.last + 1) > 0);
  const files = snapshot.files.filter(isAsked);
  const tables = snapshot.fresh.filter((table) => table.rows > 0 && isAsked(spanOfTable(table)));
  const selects: string[] = [];
  const read = (from: string, spans: readonly Span[], isWhole: boolean) => {
    const conditions = isWhole ? [] : [conditionsOf(query, bounds, bind)];
    if (among && !spans.every((span) => hasAllOf(among, span))) {
      const first = Math.min(...spans.map(({ first }) => first));
      const end = Math.max(...spans.map(({ last }) => last)) + 1;
      conditions.push(isOneOf(among, first, end, bind));
    }
    selects.push(`SELECT * FROM ${from}${conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : ''}`);
  };
  for (const [isWhole, isFull] of KINDS) {
    const own = files.filter(
      (file) => isWithin(file, query, bounds) === isWhole && (among === undefined || hasAllOf(among, file)) === isFull,
    );
    // The newest first: what is looked for is mostly there, and the rest of a page's scan can then be left out.
    const paths = newestFirst(own).map(({ path }) => literal(join(directory, path)));
    if (own.length > 0) read(`read_parquet([${paths.join(', ')}])`, own, isWhole);
  }
  for (const table of tables) read(table.name, [spanOfTable(table)], false);
  const filter = query.filter === undefined ? '' : ` WHERE ${filterSql(query.filter, bind)}`;
  return `(${selects.join(' UNION ALL ') || `SELECT * FROM ${NOTHING}`}) AS events${filter}`;
}

/** Of files: whether all of one is in the asked time and account, and whether all of its events are among those asked for. */
const KINDS = [
  [true, true],
  [true, false],
  [false, true],
  [false, false],
] as const;

const hasAllOf = (set: SequenceSet, { first, last }: Span): boolean => set.count(first, last + 1) === last + 1 - first;

interface Bounds {
  readonly first: number;
  readonly end: number;
}

const boundsOf = (snapshot: Snapshot, { from = 0, upTo }: LakeQuery): Bounds => ({
  first: Math.max(snapshot.start, from),
  end: upTo ?? Number.MAX_SAFE_INTEGER,
});

type Span = Pick<LakeFile, 'minMs' | 'maxMs' | 'first' | 'last' | 'partition'>;

const spanOfTable = ({ minMs, maxMs, first, end }: FreshTable): Span => ({ minMs, maxMs, first, last: end - 1 });

function touches({ minMs, maxMs, first, last, partition }: Span, query: LakeQuery, bounds: Bounds): boolean {
  const isAsked =
    query.accounts === undefined ||
    (partition ? query.accounts.includes(partition.accountId) : query.accounts.length > 0);
  return isAsked && minMs <= query.endMs && maxMs >= query.startMs && first < bounds.end && last >= bounds.first;
}

function isWithin({ minMs, maxMs, first, last, partition }: Span, query: LakeQuery, bounds: Bounds): boolean {
  const isSure = query.accounts === undefined || partition !== undefined;
  return isSure && minMs >= query.startMs && maxMs <= query.endMs && first >= bounds.first && last < bounds.end;
}

const withinTime = ({ startMs, endMs }: Pick<LakeQuery, 'startMs' | 'endMs'>): string =>
  `event_time >= ${timeLiteral(Math.max(startMs, TIME_MIN_MS))} AND event_time <= ${timeLiteral(Math.min(endMs, TIME_MAX_MS))}`;

function conditionsOf({ accounts, startMs, endMs }: LakeQuery, { first, end }: Bounds, bind: Bind): string {
  const conditions = [
    withinTime({ startMs, endMs }),
    `sequence >= ${first}`,
    `sequence < ${Math.min(end, Number.MAX_SAFE_INTEGER)}`,
  ];
  if (accounts) conditions.push(`account_id IN (${accounts.map(bind).join(', ')})`);
  return conditions.join(' AND ');
}

/** Years that a timestamp of DuckDB has, generously for eventTime: from 1900 to 9999. */
const TIME_MIN_MS = Date.UTC(1900, 0);
const TIME_MAX_MS = Date.UTC(10_000, 0);

const newestFirst = (files: readonly LakeFile[]) => [...files].sort((a, b) => b.maxMs - a.maxMs);

/** Whether a filter has to read the records themselves, or columns of JSON: many times more than others. */
export function readsRecords(filter: SearchFilter | undefined): 'records' | 'columns' | undefined {
  const sql = filter === undefined ? '' : filterSql(filter, String);
  if (sql.includes('eventjson')) return 'records';
  return sql.includes('json_extract') ? 'columns' : undefined;
}

/**
 * The time from which on the newest (or until which the oldest) about `rows` events before `edgeMs` lie, as if each file's
 * were spread evenly over its time. undefined when no more than that are left.
 */
export function windowEdge(
  snapshot: Snapshot,
  order: 'newest' | 'oldest',
  edgeMs: number,
  rows: number,
): number | undefined {
  const sign = order === 'newest' ? 1 : -1;
  const all = [...snapshot.files, ...snapshot.fresh.map((table) => ({ ...spanOfTable(table), rows: table.rows }))];
  const spans = all.map(({ minMs, maxMs, rows }) =>
    sign > 0 ? { from: minMs, to: maxMs, rows } : { from: -maxMs, to: -minMs, rows },
  );
  const edge = sign * edgeMs;
  const between = (start: number) =>
    spans.reduce((sum, { from, to, rows: all }) => {
      const covered = Math.min(to, edge) - Math.max(from, start);
      return covered < 0 ? sum : sum + all * Math.min(1, (covered + 1) / (to - from + 1));
    }, 0);
  let low = Math.min(...spans.map(({ from }) => from), edge);
  if (between(low) <= rows) return undefined;
  for (let high = edge; high - low > 1; ) {
    const middle = Math.floor((low + high) / 2);
    if (between(middle) > rows) low = middle;
    else high = middle;
  }
  return sign * low;
}
