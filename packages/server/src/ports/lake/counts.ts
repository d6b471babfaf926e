import { SEARCH_FIELDS } from '../../event/search/index.ts';
import { type Engine, statement } from './engine.ts';
import { finishFile, unfinished } from './files.ts';
import { fieldSql, literal } from './filter-sql.ts';

/**
 * Beside each Parquet file: how many of its events have which value, of the fields that are worth counting. What is asked for
 * without a filter, as when the console is opened, is then a sum over files, where a scan would read eight columns of all
 * events. (Other fields to count make another version of the lake: see `manifest.ts`.)
 */
export const countsOf = (parquet: string): string => `${parquet}.counts`;

const COUNTED: readonly string[] = SEARCH_FIELDS.filter(({ facet }) => facet).map(({ name }) => fieldSql(name).sql);

/** Whether all of these are counted, none twice. @throws PatternError when a field names nothing */
export function areCounted(fields: readonly string[]): boolean {
  const columns = fields.map((field) => fieldSql(field).sql);
  return columns.every((column) => COUNTED.includes(column)) && new Set(columns).size === columns.length;
}

/** Writes the counts of a Parquet file. Durable when it returns. @throws when the disk refuses */
export async function writeCounts(engine: Engine, parquet: string): Promise<void> {
  const file = `read_parquet(${literal(parquet)})`;
  const each = COUNTED.map(
    (column) =>
      `SELECT ${literal(column)} AS field, ${column} AS value, count(*) AS n FROM ${file} WHERE ${column} IS NOT NULL GROUP BY value`,
  );
  const path = countsOf(parquet);
  await engine.rows(
    statement(
      () => `COPY (${each.join(' UNION ALL ')}) TO ${literal(unfinished(path))} (FORMAT parquet, COMPRESSION zstd)`,
    ),
  );
  finishFile(path);
}

/** SQL: the values of a field and how many events have each, a row for each of these files that has it. @param parquet at least one */
export function countsSql(parquet: readonly string[], which: ReadonlyMap<string, number>): string {
  const fields = [...which].map(([field, number]) => `WHEN ${literal(fieldSql(field).sql)} THEN ${number}`);
  const files = parquet.map((path) => literal(countsOf(path)));
  return `SELECT CASE field ${fields.join(' ')} END AS which, value, n FROM read_parquet([${files.join(', ')}]) WHERE which IS NOT NULL`;
}
