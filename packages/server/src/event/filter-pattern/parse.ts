import { PatternError } from '../pattern-error.ts';
import {
  type Comparison,
  type Expression,
  type Field,
  type FieldsPattern,
  type FilterPattern,
  type JsonCondition,
  PATTERN_CHARS_MAX,
  PATTERN_WILDCARDS_MAX,
  REGEXES_MAX,
  type Selector,
  type Term,
} from './pattern.ts';
import {
  expected,
  type Reader,
  readComparison,
  readExpression,
  readQuoted,
  readRegex,
  refuse,
  skipBlanks,
  take,
  takeMatch,
} from './reader.ts';
import { readSelector, wildcardsOf } from './selector.ts';

/**
 * Reads a filter pattern of CloudWatch Logs. `''` and blanks match everything.
 * @throws PatternError with what was expected where; services answer it as InvalidParameterException
 */
export function parseFilterPattern(text: string): FilterPattern {
  if (text.length > PATTERN_CHARS_MAX) refuse(`a pattern may have ${PATTERN_CHARS_MAX} characters`, PATTERN_CHARS_MAX);
  const reader: Reader = { text, at: 0 };
  skipBlanks(reader);
  const first = text[reader.at];
  if (first === undefined) return { family: 'all' };
  if (first === '{') return readJson(reader);
  return first === '[' ? readFields(reader) : readTerms(reader);
}

/** Every leaf of an expression, from left to right. */
export function leavesOf<Leaf>(expression: Expression<Leaf>): readonly Leaf[] {
  return expression.kind === 'leaf' ? [expression.leaf] : expression.parts.flatMap(leavesOf);
}

function readJson(reader: Reader): FilterPattern {
  take(reader, '{');
  const where = readExpression(reader, readCondition);
  if (!take(reader, '}')) expected(reader, "'&&', '||' or '}'");
  atEnd(reader, "nothing after '}'");
  const conditions = leavesOf(where);
  checkRegexes(conditions);
  const wildcards = conditions.reduce((sum, { selector }) => sum + wildcardsOf(selector), 0);
  if (wildcards > PATTERN_WILDCARDS_MAX) refuse(`a pattern may have ${PATTERN_WILDCARDS_MAX} wildcard selectors`, 0);
  return { family: 'json', where };
}

const IS = { NULL: 'null', TRUE: 'true', FALSE: 'false' } as const;

/** The keywords are taken in any case: AWS's page shows them in capitals and does not say that they must be. */
function readCondition(reader: Reader): JsonCondition {
  const selector = readSelector(reader);
  skipBlanks(reader);
  const word = takeMatch(reader, /(is|not)\b/iy)?.toUpperCase();
  if (word === undefined) return { selector, ...readComparison(reader) };
  skipBlanks(reader);
  if (word === 'NOT') {
    if (takeMatch(reader, /exists\b/iy) === undefined) expected(reader, 'EXISTS after NOT');
    return { selector, kind: 'missing' };
  }
  const state = takeMatch(reader, /(null|true|false)\b/iy)?.toUpperCase() as keyof typeof IS | undefined;
  return { selector, kind: state === undefined ? expected(reader, 'NULL, TRUE or FALSE after IS') : IS[state] };
}

const FIELD_NAME = /[A-Za-z0-9_-]+/y;

function readFields(reader: Reader): FieldsPattern {
  take(reader, '[');
  const fields: Field[] = [];
  let gap: number | undefined;
  do {
    skipBlanks(reader);
    const begin = reader.at;
    if (take(reader, '...')) {
      if (gap !== undefined) refuse("'...' may stand once", begin);
      gap = fields.length;
    } else {
      for (const field of readField(reader)) {
        const isTaken = field.name !== '' && fields.some(({ name }) => name === field.name);
        if (isTaken) refuse(`two fields are named '${field.name}'`, begin);
        fields.push(field);
      }
    }
    skipBlanks(reader);
  } while (take(reader, ','));
  if (!take(reader, ']')) expected(reader, "',', '&&', '||' or ']'");
  atEnd(reader, "nothing after ']'");
  checkRegexes(fields.flatMap(({ where }) => (where ? leavesOf(where) : [])));
  return { family: 'fields', fields, gap };
}

interface NamedComparison {
  readonly name: string;
  readonly comparison: Comparison;
  readonly at: number;
}

/**
 * A field by its name, or by conditions on it: `status=4*`, `w1=ERROR || w1=WARN`. Nothing at all is a field too. AWS's
 * guide also joins the conditions of fields that follow each other: `status=4* && bytes > 1000`.
 */
function readField(reader: Reader): readonly Field[] {
  if (/[,\]]/.test(reader.text[reader.at] ?? '')) return [{ name: '' }];
  const isCondition = /[\s(]*[A-Za-z0-9_-]+\s*[=!<>]/y;
  isCondition.lastIndex = reader.at;
  if (!isCondition.test(reader.text)) return [{ name: readFieldName(reader) }];
  const where = readExpression(reader, (leaf): NamedComparison => {
    const at = leaf.at;
    const name = readFieldName(leaf);
    skipBlanks(leaf);
    return { name, comparison: readComparison(leaf), at };
  });
  const fields: { readonly name: string; readonly parts: Expression<Comparison>[] }[] = [];
  for (const part of where.kind === 'and' ? where.parts : [where]) {
    const [first, ...others] = leavesOf(part);
    const { name } = first!;
    const other = others.find((leaf) => leaf.name !== name);
    if (other) refuse(`these conditions of field '${name}' speak of it alone, not of '${other.name}'`, other.at);
    const known = fields.find((field) => field.name === name);
    if (known) known.parts.push(comparisonsOf(part));
    else fields.push({ name, parts: [comparisonsOf(part)] });
  }
  return fields.map(({ name, parts }) => ({
    name,
    where: parts.length === 1 ? parts[0]! : { kind: 'and', parts },
  }));
}

const comparisonsOf = (tree: Expression<NamedComparison>): Expression<Comparison> =>
  tree.kind === 'leaf'
    ? { kind: 'leaf', leaf: tree.leaf.comparison }
    : { kind: tree.kind, parts: tree.parts.map(comparisonsOf) };

const readFieldName = (reader: Reader): string =>
  takeMatch(reader, FIELD_NAME) ?? expected(reader, "the name of a field or '...'");

const OPEN_TERM = /[^\s"%]+/y;

/** Words and phrases; `?` before each of alternatives, which are ignored when anything else stands beside them. */
function readTerms(reader: Reader): FilterPattern {
  const lists = { all: [] as Term[], any: [] as Term[], none: [] as Term[] };
  for (; reader.at < reader.text.length; skipBlanks(reader)) {
    const list = take(reader, '?') ? lists.any : take(reader, '-') ? lists.none : lists.all;
    skipBlanks(reader);
    list.push(readTerm(reader));
  }
  const all = lists.all.filter((term) => term.kind === 'regex' || term.text.trim() !== '');
  const isMixed = all.length + lists.none.length > 0;
  if (!isMixed && lists.any.length === 0) return { family: 'all' };
  return { family: 'terms', all, any: isMixed ? [] : lists.any, none: lists.none };
}

function readTerm(reader: Reader): Term {
  const begin = reader.at;
  const next = reader.text[begin];
  if (next === '"') return { kind: 'text', text: readQuoted(reader) };
  if (next === '%') return readRegex(reader);
  const text = takeMatch(reader, OPEN_TERM);
  if (text === undefined) return expected(reader, 'a term');
  const wrong = /[^\p{L}\p{N}_]/u.exec(text);
  if (wrong) {
    const position = begin + wrong.index;
    const why = `${JSON.stringify(wrong[0])} at position ${position} must stand in double quotes`;
    throw new PatternError(`Invalid character(s) in term '${text}': ${why}`, position);
  }
  return { kind: 'text', text };
}

function atEnd(reader: Reader, what: string): void {
  skipBlanks(reader);
  if (reader.at < reader.text.length) expected(reader, what);
}

function checkRegexes(comparisons: readonly { readonly kind: string }[]): void {
  const regexes = comparisons.filter((one): one is Comparison & { kind: 'regex' } => one.kind === 'regex');
  const extra = regexes[REGEXES_MAX];
  if (extra) refuse(`a pattern may have ${REGEXES_MAX} regular expressions`, extra.value.position);
}

/**
 * Where a metric's value or dimension comes from: `$.latency` of JSON events, `$bytes` of a field of the pattern, or `$7` of
 * the seventh field of events.
 * @throws PatternError
 */
export function parseReference(text: string, pattern: FilterPattern): Reference {
  if (pattern.family === 'fields') {
    const field = pattern.fields.findIndex(({ name }) => `$${name}` === text && name !== '');
    if (field >= 0) return { kind: 'field', field };
    const place = /^\$([1-9]\d{0,4})$/.exec(text)?.[1];
    return place === undefined
      ? refuse(`${text} names no field of the filter pattern`, 0)
      : { kind: 'place', place: Number(place) - 1 };
  }
  if (pattern.family !== 'json') return refuse(`${text} has no meaning without a JSON or space-delimited pattern`, 0);
  const reader: Reader = { text, at: 0 };
  const selector = readSelector(reader);
  atEnd(reader, 'nothing after the selector');
  return { kind: 'selector', selector };
}

export type Reference =
  | { readonly kind: 'selector'; readonly selector: Selector }
  /** Index of a field of the pattern; index of a field of the event. */
  | { readonly kind: 'field'; readonly field: number }
  | { readonly kind: 'place'; readonly place: number };
