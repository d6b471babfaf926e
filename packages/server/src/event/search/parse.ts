import { PatternError } from '../pattern-error.ts';
import { FIELD, type FieldReference, readQuotes, resolveField } from './field-path.ts';
import type { FieldKind } from './fields.ts';
import {
  CONDITIONS_MAX,
  type Condition,
  FILTER_CHARS_MAX,
  IN_VALUES_MAX,
  NESTING_MAX,
  NUMBER,
  refuse,
  SEARCH_OPS,
  type SearchFilter,
  type SearchOp,
  timeOf,
} from './filter.ts';

/** A place in the text, and what has been read so far. */
interface Reader {
  readonly text: string;
  at: number;
  conditions: number;
}

/**
 * Reads a search filter: `eventName = DeleteBucket and (userName != bob or errorCode ^ Access) "free text"`.
 * `and` may be left out and binds closer than `or`. Linear in the text.
 * @returns undefined for '' and blanks: every event
 * @throws PatternError with what was expected where; services answer it as ValidationException
 */
export function parseSearchFilter(text: string): SearchFilter | undefined {
  if (text.length > FILTER_CHARS_MAX) refuse(`a filter may have ${FILTER_CHARS_MAX} characters`, FILTER_CHARS_MAX);
  const reader: Reader = { text, at: 0, conditions: 0 };
  skipBlanks(reader);
  if (reader.at === text.length) return undefined;
  const filter = readOr(reader, 0);
  if (reader.at < text.length) expected(reader, "'and', 'or' or a condition");
  return filter;
}

function readOr(reader: Reader, depth: number): SearchFilter {
  const parts: SearchFilter[] = [];
  do {
    const part = readAnd(reader, depth);
    parts.push(...('or' in part ? part.or : [part]));
  } while (takeWord(reader, 'or'));
  return parts.length === 1 ? parts[0]! : { or: parts };
}

function readAnd(reader: Reader, depth: number): SearchFilter {
  const parts: SearchFilter[] = [];
  do {
    const part = readPrimary(reader, depth);
    parts.push(...('and' in part ? part.and : [part]));
  } while (takeWord(reader, 'and') || beginsCondition(reader));
  return parts.length === 1 ? parts[0]! : { and: parts };
}

/** Whether what stands here is joined by an `and` that was left out. */
function beginsCondition(reader: Reader): boolean {
  const next = reader.text[reader.at];
  return next !== undefined && next !== ')' && !isWord(reader, 'or');
}

function readPrimary(reader: Reader, depth: number): SearchFilter {
  if (depth > NESTING_MAX) refuse(`parentheses and 'not' nest more than ${NESTING_MAX} deep`, reader.at);
  if (takeWord(reader, 'not')) return { not: readPrimary(reader, depth + 1) };
  if (!take(reader, '(')) return readCondition(reader);
  skipBlanks(reader);
  const inner = readOr(reader, depth + 1);
  if (!take(reader, ')')) expected(reader, "')', 'and', 'or' or a condition");
  skipBlanks(reader);
  return inner;
}

/** What people look for as it stands though it holds colons: names of resources, addresses, times of day. */
const NO_FIELD = /arn:|\d/iy;

function readCondition(reader: Reader): Condition {
  const begin = reader.at;
  if (++reader.conditions > CONDITIONS_MAX) refuse(`a filter may have ${CONDITIONS_MAX} conditions`, begin);
  const keyword = KEYWORDS.find((word) => isWord(reader, word));
  if (keyword !== undefined) expected(reader, `a condition (the word '${keyword}' itself stands in double quotes)`);
  const name = takeMatch(reader, NO_FIELD) === undefined ? takeMatch(reader, FIELD) : undefined;
  if (name !== undefined) {
    const condition = readRest(reader, name, begin);
    if (condition) return condition;
  }
  reader.at = begin;
  const text = reader.text[begin] === '"' ? readQuoted(reader) : takeMatch(reader, TEXT);
  if (text === undefined) return expected(reader, 'a field or text');
  if (text === '') refuse('there is nothing between the quotes', begin);
  skipBlanks(reader);
  return { text };
}

/** What follows the name of a field; undefined when it is none, but text. */
function readRest(reader: Reader, name: string, begin: number): Condition | undefined {
  skipBlanks(reader);
  const op = SEARCH_OPS.find((one) => take(reader, one));
  if (op !== undefined) {
    const reference = resolveField(name, begin);
    skipBlanks(reader);
    const valueAt = reader.at;
    const value = checkedValue(reference, op, readValue(reader), valueAt);
    return { field: reference.name, op, value };
  }
  if (takeWord(reader, 'exists')) return { field: resolveField(name, begin).name, op: 'exists' };
  const inAt = reader.at;
  if (!takeWord(reader, 'in')) return undefined;
  if (!take(reader, '(')) expected(reader, "'(' after 'in' (the word itself stands in double quotes)");
  const reference = resolveField(name, begin);
  checkOperator(reference, 'in', inAt);
  return { field: reference.name, op: 'in', values: readList(reader) };
}

function readList(reader: Reader): readonly string[] {
  const values: string[] = [];
  do {
    skipBlanks(reader);
    if (values.length === IN_VALUES_MAX) refuse(`'in' may have ${IN_VALUES_MAX} values`, reader.at);
    values.push(readValue(reader));
  } while (take(reader, ','));
  if (!take(reader, ')')) expected(reader, "',' or ')'");
  skipBlanks(reader);
  return values;
}

/** What stands between blanks, commas and parentheses: `arn:aws:s3:::b`, `10.0.0.*`, `a=b`. */
const VALUE = /[^\s()",]+/y;
/** Text without quotes. What begins with an operator has lost its field. */
const TEXT = /(?![=!:^<>])[^\s()",]+/y;

function readValue(reader: Reader): string {
  const begin = reader.at;
  const value = reader.text[begin] === '"' ? readQuoted(reader) : takeMatch(reader, VALUE);
  if (value === undefined) return expected(reader, 'a value');
  if (value === '') refuse("a value is not empty: 'not userName exists' finds events without one", begin);
  skipBlanks(reader);
  return value;
}

const OPERATORS: Readonly<Record<Exclude<FieldKind, 'text'>, readonly string[]>> = {
  boolean: ['=', '!='],
  time: ['=', '!=', '>', '>=', '<', '<='],
};
const ORDERS: readonly SearchOp[] = ['>', '>=', '<', '<='];

const kindOf = (reference: FieldReference): FieldKind => ('field' in reference ? reference.field.kind : 'text');

function checkOperator(reference: FieldReference, op: SearchOp | 'in', position: number): void {
  const kind = kindOf(reference);
  if (kind === 'text' || OPERATORS[kind].includes(op)) return;
  refuse(`${reference.name} takes ${OPERATORS[kind].join(' ')} and 'exists'`, position);
}

/** @throws PatternError for a value that the field can never be compared with */
function checkedValue(reference: FieldReference, op: SearchOp, value: string, position: number): string {
  checkOperator(reference, op, position);
  const kind = kindOf(reference);
  if (kind === 'boolean') {
    if (!/^(true|false)$/i.test(value)) refuse(`${reference.name} is true or false`, position);
    return value.toLowerCase();
  }
  if (kind === 'time' && timeOf(value) === undefined) {
    refuse(`${reference.name} is a time such as 2026-01-31 or 2026-01-31T23:59:59Z`, position);
  }
  if (kind === 'text' && ORDERS.includes(op) && !NUMBER.test(value)) {
    refuse(`'${op}' takes a number (times: eventTime)`, position);
  }
  return value;
}

function readQuoted(reader: Reader): string {
  const begin = reader.at;
  const quoted = takeMatch(reader, /"(?:[^"\\]|\\[\s\S])*"/y);
  return quoted === undefined ? refuse('the quote is not closed', begin) : readQuotes(quoted, begin);
}

/** Words that mean something by themselves, in any case. */
export const KEYWORDS = ['and', 'or', 'not', 'in', 'exists'] as const;
type Keyword = (typeof KEYWORDS)[number];

/** A keyword ends where a word of text would. */
const WORDS: Readonly<Record<Keyword, RegExp>> = {
  and: /and(?![^\s()",])/iy,
  or: /or(?![^\s()",])/iy,
  not: /not(?![^\s()",])/iy,
  in: /in(?![^\s()",])/iy,
  exists: /exists(?![^\s()",])/iy,
};

function isWord({ text, at }: Reader, word: Keyword): boolean {
  WORDS[word].lastIndex = at;
  return WORDS[word].test(text);
}

function takeWord(reader: Reader, word: Keyword): boolean {
  if (!isWord(reader, word)) return false;
  reader.at += word.length;
  skipBlanks(reader);
  return true;
}

function take(reader: Reader, token: string): boolean {
  if (!reader.text.startsWith(token, reader.at)) return false;
  reader.at += token.length;
  return true;
}

function takeMatch(reader: Reader, pattern: RegExp): string | undefined {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text)?.[0];
  if (found !== undefined) reader.at += found.length;
  return found;
}

function skipBlanks(reader: Reader): void {
  takeMatch(reader, /\s*/y);
}

/** How much of the text a message shows. */
const FOUND_CHARS = 12;

function expected({ text, at }: Reader, what: string): never {
  const found = at < text.length ? JSON.stringify(text.slice(at, at + FOUND_CHARS)) : 'the end';
  throw new PatternError(`Invalid filter at position ${at}: expected ${what} but found ${found}`, at);
}
