import type { DuckDBBitValue } from '@duckdb/node-api';
import {
  type Condition,
  type FieldReference,
  foldCase,
  NUMBER,
  type PathStep,
  resolveField,
  type SearchField,
  type SearchFilter,
  textNeedles,
  timeOf,
} from '../../event/search/index.ts';
import { JSON_COLUMNS, LIST_MARK, LIST_MARK_STANDS_FOR, TEXT_COLUMNS } from './columns.ts';

/**
 * Search filters as SQL over the lake's columns: TRUE exactly where `compileSearchFilter` holds, FALSE or NULL elsewhere
 * (so that the simplest conditions stay simple enough for DuckDB to skip what cannot hold them).
 * `filter-sql.test.ts` compares both on random records.
 *
 * Known to differ: numbers that JavaScript writes in another way than the record does (1.0, 1e3) are compared as the
 * record has them; of a member that a record repeats, the first counts here and the last there.
 * @throws PatternError when it names nothing
 */
export function filterSql(filter: SearchFilter, bind: Bind): string {
  if ('and' in filter) return `(${filter.and.map((part) => filterSql(part, bind)).join(' AND ')})`;
  if ('or' in filter) return `(${filter.or.map((part) => filterSql(part, bind)).join(' OR ')})`;
  if ('not' in filter) return isNotTrue(filterSql(filter.not, bind));
  return conditionSql(filter, bind);
}

const isNotTrue = (sql: string) => `((${sql}) IS NOT TRUE)`;

/** What a statement's parameter stands for. */
export type BoundValue = string | DuckDBBitValue;

/** Makes a value a parameter of the statement. @returns what stands for it in SQL */
export type Bind = (value: BoundValue) => string;

/** Text as SQL has it: for names of files and paths into records. What people look for is bound instead. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** What a condition is applied to: a text, a text of several between marks, a list of texts, or the event's time. */
export interface FieldSql {
  readonly kind: 'text' | 'marked' | 'list' | 'time';
  /** NULL where an event has no value. */
  readonly sql: string;
  /** Where it has to be read out of JSON: what that text holds wherever there is a value. */
  readonly within?: JsonText;
}

/** Columns are written anew from records, each text in the one shortest way: a record itself may spell a letter `\u0061`. */
interface JsonText {
  readonly column: string;
  /** The name of the member, unless that might be escaped. */
  readonly name: string | undefined;
  /** Whether the value is that member's own, and no part of it: it stands behind the name. */
  readonly isMember: boolean;
}

/** @throws PatternError when it names nothing */
export function fieldSql(name: string): FieldSql {
  const reference = resolveField(name);
  return 'field' in reference ? columnSql(reference.field) : pathSql(reference);
}

/** Fields whose column is not their name in lower case. */
const COLUMN_OF: Readonly<Record<string, string>> = {
  accountId: 'account_id',
  resourceType: 'resourcetypes',
  resourceName: 'resourcenames',
};

function columnSql({ name, kind, list }: SearchField): FieldSql {
  if (kind === 'time') return { kind: 'time', sql: 'event_time' };
  const column = COLUMN_OF[name] ?? name.toLowerCase();
  return { kind: list ? 'marked' : 'text', sql: column };
}

/** Of a member that has a column of its own, that column: a record is much longer. */
const COLUMN_OF_MEMBER = new Map(Object.entries(JSON_COLUMNS).map(([column, member]) => [member, column]));
const COLUMN_OF_PATH = new Map(Object.entries(TEXT_COLUMNS).map(([column, path]) => [path as string, column]));

function pathSql({ path }: Extract<FieldReference, { readonly path: unknown }>): FieldSql {
  const own = COLUMN_OF_PATH.get(jsonPath(path));
  if (own !== undefined) return { kind: 'text', sql: own };
  const column = 'name' in path[0]! ? COLUMN_OF_MEMBER.get(path[0].name) : undefined;
  const steps = column === undefined ? path : path.slice(1);
  // A record with half a character is JSON to JavaScript, but not to DuckDB; its columns are of a mended copy.
  const isList = steps.some((step) => 'each' in step);
  const place = jsonPath(steps);
  // A statement ends where a NUL stands.
  if (place.includes('\0'))
    return isList ? { kind: 'list', sql: 'NULL::VARCHAR[]' } : { kind: 'text', sql: 'NULL::VARCHAR' };
  const found = `TRY(json_extract_string(${column ?? 'eventjson'}, ${literal(place)}))`;
  const last = steps.findLast((step) => 'name' in step);
  const name = MAY_BE_ESCAPED.test(last?.name ?? '') ? undefined : last?.name;
  const within = column === undefined ? {} : { within: { column, name, isMember: last === steps.at(-1) } };
  if (isList) return { kind: 'list', sql: found, ...within };
  return { kind: 'text', sql: `nullif(${found}, '')`, ...within };
}

/** As DuckDB reads paths. It takes a star for a wildcard even in quotes, and no empty name: those go as a JSON pointer. */
function jsonPath(path: readonly PathStep[]): string {
  const names = path.map((step) => ('name' in step ? step.name : undefined));
  if (names.some((name) => name === '' || name?.includes('*')) && !names.includes(undefined))
    return names.map((name) => `/${name!.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  const steps = path.map((step) => {
    if ('each' in step) return '[*]';
    if ('index' in step) return `[${step.index}]`;
    return /^\w+$/.test(step.name) ? `.${step.name}` : `."${step.name.replace(/["\\]/g, '\\$&')}"`;
  });
  return `$${steps.join('')}`;
}

function conditionSql(condition: Condition, bind: Bind): string {
  if ('text' in condition)
    return `(${textNeedles(condition.text)
      .map((needle) => inRecord(needle, bind))
      .join(' OR ')})`;
  const field = fieldSql(condition.field);
  if (field.kind === 'time') return timeSql(condition);
  if (condition.op === 'exists') return exists(field);
  if (condition.op === 'in')
    return `(${condition.values.map((value) => test(field, '=', value, bind)).join(' OR ') || 'FALSE'})`;
  const { op, value } = condition;
  return op.startsWith('!')
    ? isNotTrue(test(field, op.slice(1) as Operator, value, bind))
    : test(field, op as Operator, value, bind);
}

function inRecord(needle: string, bind: Bind): string {
  // Without letters there is nothing to fold.
  if (/^[\u0020-\u0040]*$/.test(needle)) return `contains(eventjson, ${bind(needle)})`;
  const found = `contains(lower(eventjson), ${bind(needle)})`;
  if (!PLAIN.test(needle)) return found;
  // A record in lower case takes as long to make as the record to read. As a literal a pattern is prepared but once.
  return `CASE WHEN regexp_matches(eventjson, ${literal(pattern(needle))}, 'i') THEN ${found} ELSE FALSE END`;
}

type Operator = '=' | ':' | '^' | '>' | '>=' | '<' | '<=';

function exists(field: FieldSql): string {
  const { kind, sql } = field;
  return whereNamed(field, kind === 'list' ? some(sql, "value <> ''") : `(${sql}) IS NOT NULL`);
}

const some = (list: string, condition: string) => `len(list_filter(${list}, lambda value: ${condition})) > 0`;

function test(field: FieldSql, op: Operator, value: string, bind: Bind): string {
  const tested = testValue(field, op, value, bind);
  if (!field.within || isComparison(op) || MAY_BE_ESCAPED.test(value)) return whereNamed(field, tested);
  return whereNamed(field, tested, ` AND ${holdsWithin(field.within, op, value, bind)}`);
}

/** What the JSON holds where the value passes the test: told soon, of most that does not. */
function holdsWithin({ column, name, isMember }: JsonText, op: Operator, value: string, bind: Bind): string {
  if (op === '=') return `contains(${column}, ${bind(value)})`;
  if (op === '^' && name !== undefined && isMember && PLAIN.test(value)) {
    const begins = `${pattern(`"${name}":`)}"?(?i:${pattern(value.slice(0, PATTERN_CHARS))})`;
    return `regexp_matches(${column}, ${literal(begins)})`;
  }
  return `contains(lower(${column}), ${bind(foldCase(value))})`;
}

/** Of what a pattern looks for, the rest is left to who looks again. */
const PATTERN_CHARS = 64;
/** What a pattern finds in any case, wherever it is found in lower case. */
const PLAIN = /^[\u0020-\u007e]+$/;

/** This very text, as patterns have it. */
const pattern = (text: string): string => text.replace(/[^a-zA-Z0-9\u0080-\uffff]/g, '\\$&');

/** To find a text in another one costs a tenth of reading that as JSON, and most events are done with then. */
function whereNamed({ within }: FieldSql, tested: string, more = ''): string {
  if (!within || (within.name === undefined && more === '')) return tested;
  const named = within.name === undefined ? 'TRUE' : `contains(${within.column}, ${literal(`"${within.name}":`)})`;
  return `CASE WHEN ${named}${more} THEN ${tested} ELSE FALSE END`;
}

/** What JSON does not write as it is; halves of characters are written in more than one way. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes them
const MAY_BE_ESCAPED = /[\u0000-\u001f"\\\u007f\ud800-\udfff]/;

function testValue({ kind, sql }: FieldSql, op: Operator, value: string, bind: Bind): string {
  if (kind === 'list') return some(sql, `value <> '' AND ${testText('value', op, value, bind)}`);
  if (kind === 'text') return testText(sql, op, value, bind);
  if (!isComparison(op)) return testMarked(sql, op, value, bind);
  return some(`string_split(${sql}, ${literal(LIST_MARK)})`, testText('value', op, value, bind));
}

const isComparison = (op: Operator): op is '>' | '>=' | '<' | '<=' => op[0] === '>' || op[0] === '<';

function testText(sql: string, op: Operator, value: string, bind: Bind): string {
  if (op === '=') return `${sql} = ${bind(value)}`;
  if (op === ':') return `contains(lower(${sql}), ${bind(foldCase(value))})`;
  if (op === '^') return `starts_with(lower(${sql}), ${bind(foldCase(value))})`;
  const bound = Number(value);
  if (!Number.isFinite(bound)) return 'FALSE';
  return `CASE WHEN regexp_full_match(${sql}, ${literal(NUMBER.source.slice(1, -1))}) THEN TRY_CAST(${sql} AS DOUBLE) ${op} ${bound}::DOUBLE ELSE FALSE END`;
}

/** Values stand between marks, so what begins one follows a mark, and what is one whole is between two. */
function testMarked(sql: string, op: '=' | ':' | '^', value: string, bind: Bind): string {
  const wanted = value.replaceAll(LIST_MARK, LIST_MARK_STANDS_FOR);
  if (op === '=') return value === '' ? 'FALSE' : `contains(${sql}, ${bind(LIST_MARK + wanted + LIST_MARK)})`;
  return `contains(lower(${sql}), ${bind((op === '^' ? LIST_MARK : '') + foldCase(wanted))})`;
}

function timeSql(condition: Exclude<Condition, { readonly text: string }>): string {
  if (condition.op === 'exists') return 'TRUE';
  if (condition.op === 'in')
    return `(${condition.values.map((value) => timeSql({ ...condition, op: '=', value })).join(' OR ') || 'FALSE'})`;
  const ms = timeOf(condition.value);
  if (ms === undefined || !TIME_OPS.has(condition.op)) return 'FALSE';
  return `event_time ${condition.op === '!=' ? '<>' : condition.op} ${timeLiteral(ms)}`;
}

const TIME_OPS: ReadonlySet<string> = new Set(['=', '!=', '>', '>=', '<', '<=']);

/** `event_time` as SQL has it. */
export const timeLiteral = (ms: number): string => `make_timestamp_ms(${Math.trunc(ms)})`;
