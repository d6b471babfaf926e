import { createReadStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { columnTitle, csvLine, LIST_SEPARATOR } from '../../event/search/index.ts';
import type { LakeExport } from '../lake.ts';
import { COLUMNS, LIST_MARK } from './columns.ts';
import { statement } from './engine.ts';
import { type Bind, fieldSql, literal } from './filter-sql.ts';
import type { Key } from './page-walk.ts';
import { afterSql, ISO_TIME, type QuestionDeps, withRecords } from './questions.ts';
import { scanOf, windowEdge } from './scan.ts';
import { narrowed } from './sketch.ts';
import { type Snapshot, TEMPORARY } from './store.ts';

/** Events looked for at a time: times and sequences, and what CSV has of them, though not whole records. */
const BATCH_ROWS = 20_000;
/** Whole records held at a time, of a megabyte at most each. */
const RECORDS_AT_ONCE = 64;
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
    columns ? JSON.stringify(Object.fromEntries(columns.map((column, i) => [column, row[i]]))) : (row[0] as string);
  if (format === 'ndjson') return { head: '', line: (row) => `${oneLine(object(row))}\n`, between: '', tail: '' };
  return { head: '{"Records":[', line: (row) => `\n${object(row)}`, between: ',', tail: '\n]}\n' };
}

/** JSON holds line breaks between its members alone, where a blank does as well. */
const oneLine = (json: string) => json.replace(/[\r\n]/g, ' ');

async function* rowsOf(deps: ExportDeps, query: LakeExport, signal: AbortSignal): AsyncGenerator<readonly Cell[]> {
  const { snapshot: all, end } = deps.store.hold();
  try {
    const snapshot = await narrowed(deps.engine, deps.directory, all, query.filter);
    for await (const batch of batchesOf(deps, snapshot, query, signal)) {
      if (query.columns) {
        for (const [, , , ...cells] of batch) yield cells;
        continue;
      }
      for (let from = 0; from < batch.length; from += RECORDS_AT_ONCE) {
        const keys = batch.slice(from, from + RECORDS_AT_ONCE).map(keyOf);
        for (const { json } of await withRecords(deps, snapshot, keys, signal)) yield [json.toString()];
      }
    }
  } finally {
    end();
  }
}

type Found = readonly [timeMs: bigint, sequence: bigint, accountId: string | null, ...cells: Cell[]];

const keyOf = ([timeMs, sequence, accountId]: Found): Key => ({
  timeMs: Number(timeMs),
  sequence: Number(sequence),
  accountId: accountId ?? '',
});

/** Sorted within windows of time, one after the other, so that no export has to be sorted as a whole. */
async function* batchesOf(
  { directory, engine }: ExportDeps,
  snapshot: Snapshot,
  query: LakeExport,
  signal: AbortSignal,
): AsyncGenerator<readonly Found[]> {
  const { order, columns = [] } = query;
  const newest = order === 'newest';
  const direction = newest ? 'DESC' : 'ASC';
  const cells = ['epoch_ms(event_time)', 'sequence', 'account_id', ...columns.map(cellSql)].join(', ');
  let left = query.limit ?? Number.POSITIVE_INFINITY;
  let after: Key | undefined;
  for (let { startMs, endMs } = query; startMs <= endMs && left > 0; ) {
    const edge = windowEdge(snapshot, order, newest ? endMs : startMs, BATCH_ROWS);
    const part = newest
      ? { ...query, startMs: Math.max(startMs, edge ?? startMs), endMs }
      : { ...query, startMs, endMs: Math.min(endMs, edge ?? endMs) };
    for (let isFull = true; isFull && left > 0; ) {
      const limit = Math.min(left, BATCH_ROWS);
      const place = afterSql({ order, ...(after && { after }) });
      const found = statement((bind) => {
        const events = `(SELECT * FROM ${scanOf(directory, snapshot, part, bind)}) AS found${place}`;
        return `SELECT ${cells} FROM ${events} ORDER BY event_time ${direction}, sequence ${direction} LIMIT ${limit}`;
      });
      const rows = await engine.rows<Found>(found, signal);
      yield rows;
      left -= rows.length;
      isFull = rows.length === limit;
      if (rows.length > 0) after = keyOf(rows.at(-1)!);
    }
    if (newest) endMs = part.startMs - 1;
    else startMs = part.endMs + 1;
  }
}

/** A field as people read it. */
function cellSql(field: string): string {
  const { kind, sql } = fieldSql(field);
  if (kind === 'time') return ISO_TIME;
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
      const snapshot = await narrowed(engine, directory, held.snapshot, query.filter);
      const cells =
        query.columns?.map(
          (column) => `${textSql(column)} AS "${column.replaceAll('\0', '').replaceAll('"', '""')}"`,
        ) ?? COLUMNS;
      const direction = query.order === 'newest' ? 'DESC' : 'ASC';
      // All of a lake is not sorted for a file that whoever reads it sorts as they like.
      const sorted = ` ORDER BY event_time ${direction}, sequence ${direction} LIMIT ${query.limit}`;
      const rows = (bind: Bind) =>
        `SELECT ${cells.join(', ')} FROM ${scanOf(directory, snapshot, query, bind)}${query.limit === undefined ? '' : sorted}`;
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
