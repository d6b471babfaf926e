import { createReadStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { columnTitle, csvLine, LIST_SEPARATOR } from '../../event/search/index.ts';
import type { LakeExport } from '../lake.ts';
import { COLUMNS, LIST_MARK } from './columns.ts';
import { statement } from './engine.ts';
import { type Bind, fieldSql, literal } from './filter-sql.ts';
import { ISO_TIME, type QuestionDeps } from './questions.ts';
import { scanOf, windowEdge } from './scan.ts';
import { TEMPORARY } from './store.ts';

/** Events sorted at a time. */
const WINDOW_ROWS = 50_000;
/** Pieces are about so large: few messages, and little memory for each reader. */
const PIECE_BYTES = 256 << 10;

export interface ExportDeps extends QuestionDeps {
  /** Makes names of temporary files. */
  readonly number: () => number;
}

/** The file of an export, piece by piece. The events are those of the moment when it begins. */
export function exportEvents(deps: ExportDeps, query: LakeExport, signal: AbortSignal): AsyncGenerator<Buffer> {
  return query.format === 'parquet' ? parquet(deps, query, signal) : text(deps, query, signal);
}

async function* text(deps: ExportDeps, query: LakeExport, signal: AbortSignal): AsyncGenerator<Buffer> {
  const { head, line, between, tail } = writerOf(query);
  let piece = head;
  let isFirst = true;
  for await (const row of rowsOf(deps, query, signal)) {
    piece += (isFirst ? '' : between) + line(row);
    isFirst = false;
    if (piece.length < PIECE_BYTES) continue;
    yield Buffer.from(piece);
    piece = '';
  }
  yield Buffer.from(piece + tail);
}

type Cell = string | readonly string[] | null;

interface Writer {
  readonly head: string;
  line(row: readonly Cell[]): string;
  readonly between: string;
  readonly tail: string;
}

function writerOf({ format, columns }: LakeExport): Writer {
  if (format === 'csv') {
    const line = (row: readonly Cell[]) =>
      csvLine(row.map((cell) => (typeof cell === 'string' ? cell : (cell?.join(LIST_SEPARATOR) ?? ''))));
    return { head: csvLine((columns ?? []).map(columnTitle)), line, between: '', tail: '' };
  }
  const object = (row: readonly Cell[]) =>
    columns
      ? JSON.stringify(Object.fromEntries(columns.map((column, i) => [column, row[i]])))
      : oneLine(row[0] as string);
  if (format === 'ndjson') return { head: '', line: (row) => `${object(row)}\n`, between: '', tail: '' };
  return { head: '{"Records":[', line: (row) => `\n${object(row)}`, between: ',', tail: '\n]}\n' };
}

/** JSON holds line breaks between its members alone, where a blank does as well. */
const oneLine = (json: string) => json.replace(/[\r\n]/g, ' ');

/** Sorted within windows of time, one after the other, so that no export has to be sorted as a whole. */
async function* rowsOf(
  { directory, store, engine }: ExportDeps,
  query: LakeExport,
  signal: AbortSignal,
): AsyncGenerator<readonly Cell[]> {
  const { snapshot, end } = store.hold();
  try {
    const newest = query.order === 'newest';
    const cells = query.columns ? query.columns.map(cellSql) : ['eventjson'];
    let left = query.limit ?? Number.POSITIVE_INFINITY;
    for (let { startMs, endMs } = query; startMs <= endMs && left > 0; ) {
      const edge = windowEdge(snapshot, query.order, newest ? endMs : startMs, WINDOW_ROWS);
      const part = newest
        ? { ...query, startMs: Math.max(startMs, edge ?? startMs), endMs }
        : { ...query, startMs, endMs: Math.min(endMs, edge ?? endMs) };
      const direction = newest ? 'DESC' : 'ASC';
      const limit = Number.isFinite(left) ? ` LIMIT ${left}` : '';
      const found = statement(
        (bind) =>
          `SELECT ${cells.join(', ')} FROM ${scanOf(directory, snapshot, part, bind)} ORDER BY event_time ${direction}, sequence ${direction}${limit}`,
      );
      for (const row of await engine.rows<readonly Cell[]>(found, signal)) {
        left--;
        yield row;
      }
      if (newest) endMs = part.startMs - 1;
      else startMs = part.endMs + 1;
    }
  } finally {
    end();
  }
}

/** A field as people read it. */
function cellSql(field: string): string {
  const { kind, sql } = fieldSql(field);
  if (kind === 'time') return `strftime(event_time, '${ISO_TIME}')`;
  if (kind === 'marked') return `list_filter(string_split(${sql}, ${literal(LIST_MARK)}), lambda one: one <> '')`;
  return kind === 'list' ? `list_filter(${sql}, lambda one: one <> '')` : sql;
}

/** Written to a file first: Parquet begins with its end. */
async function* parquet(
  { directory, store, engine, number }: ExportDeps,
  query: LakeExport,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const path = join(directory, TEMPORARY, `export-${number()}.parquet`);
  mkdirSync(join(directory, TEMPORARY), { recursive: true });
  try {
    const held = store.hold();
    try {
      const cells =
        query.columns?.map(
          (column) => `${textSql(column)} AS "${column.replaceAll('\0', '').replaceAll('"', '""')}"`,
        ) ?? COLUMNS;
      const direction = query.order === 'newest' ? 'DESC' : 'ASC';
      // All of a lake is not sorted for a file that whoever reads it sorts as they like.
      const sorted = ` ORDER BY event_time ${direction}, sequence ${direction} LIMIT ${query.limit}`;
      const rows = (bind: Bind) =>
        `SELECT ${cells.join(', ')} FROM ${scanOf(directory, held.snapshot, query, bind)}${query.limit === undefined ? '' : sorted}`;
      await engine.rows(
        statement((bind) => `COPY (${rows(bind)}) TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd)`),
        signal,
      );
    } finally {
      held.end();
    }
    for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES })) yield piece as Buffer;
  } finally {
    rmSync(path, { force: true });
  }
}

function textSql(field: string): string {
  const { kind } = fieldSql(field);
  return kind === 'marked' || kind === 'list'
    ? `array_to_string(${cellSql(field)}, ${literal(LIST_SEPARATOR)})`
    : cellSql(field);
}
