import { LOGS_REGEX, parseRegex } from '../linear-regex/parse.ts';
import { PatternError } from '../pattern-error.ts';
import { type Comparison, type Expression, NESTING_MAX, type NumberOperator, type RegexValue } from './pattern.ts';

/** A place in the text of a pattern, and what all three families read alike. */
export interface Reader {
  readonly text: string;
  at: number;
}

/** @throws PatternError always */
export function expected(reader: Reader, what: string): never {
  const { text, at } = reader;
  const found = at < text.length ? JSON.stringify(text.slice(at, at + FOUND_CHARS)) : 'the end of the pattern';
  throw new PatternError(`Invalid filter pattern at position ${at}: expected ${what} but found ${found}`, at);
}

export function refuse(why: string, position: number): never {
  throw new PatternError(`Invalid filter pattern at position ${position}: ${why}`, position);
}

/** How much of the text a message shows. */
const FOUND_CHARS = 12;

export function skipBlanks(reader: Reader): void {
  while (/\s/.test(reader.text[reader.at] ?? '')) reader.at++;
}

/** Goes past `token` if it stands here. */
export function take(reader: Reader, token: string): boolean {
  if (!reader.text.startsWith(token, reader.at)) return false;
  reader.at += token.length;
  return true;
}

/** Goes past what `pattern` (sticky) finds here. */
export function takeMatch(reader: Reader, pattern: RegExp): string | undefined {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text)?.[0];
  if (found !== undefined) reader.at += found.length;
  return found;
}

/** `a || b && (c)`: `&&` binds closer. */
export function readExpression<Leaf>(reader: Reader, readLeaf: (reader: Reader) => Leaf, depth = 0): Expression<Leaf> {
  const list = (kind: 'or' | 'and', token: string, readPart: () => Expression<Leaf>): Expression<Leaf> => {
    const parts = [readPart()];
    for (skipBlanks(reader); take(reader, token); skipBlanks(reader)) parts.push(readPart());
    return parts.length === 1 ? parts[0]! : { kind, parts };
  };
  const readPrimary = (): Expression<Leaf> => {
    skipBlanks(reader);
    const begin = reader.at;
    if (!take(reader, '(')) return { kind: 'leaf', leaf: readLeaf(reader) };
    if (depth >= NESTING_MAX) refuse(`parentheses nest more than ${NESTING_MAX} deep`, begin);
    const inner = readExpression(reader, readLeaf, depth + 1);
    if (!take(reader, ')')) expected(reader, "')', '&&' or '||'");
    return inner;
  };
  return list('or', '||', () => list('and', '&&', readPrimary));
}

/** `=!` is how AWS's guide once wrote `!=`. */
const OPERATOR = /!=|=!|<=|>=|=|<|>/y;
/** What AWS's own examples write without quotes: `kms.amazonaws.com`, `123.123.*`, `*.html*`. */
const BARE = /[A-Za-z0-9_.*:/@+-]+/y;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/** An operator and what it compares with. */
export function readComparison(reader: Reader): Comparison {
  const operator = takeMatch(reader, OPERATOR)?.replace('=!', '!=') as NumberOperator | undefined;
  if (operator === undefined) expected(reader, "an operator: '=', '!=', '<', '>', '<=' or '>='");
  skipBlanks(reader);
  const begin = reader.at;
  const negated = operator === '!=';
  const isEquality = negated || operator === '=';
  if (isEquality && reader.text[begin] === '%') return { kind: 'regex', negated, value: readRegex(reader) };
  if (isEquality && reader.text[begin] === '"') return { kind: 'text', negated, text: readQuoted(reader) };
  const bare = takeMatch(reader, BARE);
  if (bare !== undefined && NUMBER.test(bare)) {
    return { kind: 'number', operator, value: Number(bare), text: bare };
  }
  if (bare !== undefined && isEquality) return { kind: 'text', negated, text: bare };
  reader.at = begin;
  return expected(
    reader,
    isEquality ? 'a number, a word, "text" in quotes or %a regex%' : `a number after '${operator}'`,
  );
}

/** `"…"`, where `\"` and `\\` stand for a quote and a backslash, and any other backslash for itself. */
export function readQuoted(reader: Reader): string {
  const begin = reader.at;
  const quoted = takeMatch(reader, /"(?:[^"\\]|\\[\s\S])*"/y);
  if (quoted === undefined) return refuse('the quote is not closed', begin);
  return quoted.slice(1, -1).replace(/\\(["\\])/g, '$1');
}

/** `%…%`. A percent sign within it is written `\x25`. */
export function readRegex(reader: Reader): RegexValue {
  const begin = reader.at;
  const end = reader.text.indexOf('%', begin + 1);
  if (end < 0) return refuse("the regular expression is not closed by '%'", begin);
  const source = reader.text.slice(begin + 1, end);
  if (source === '') refuse('the regular expression is empty', begin);
  parseRegex(source, LOGS_REGEX, begin + 1);
  reader.at = end + 1;
  return { kind: 'regex', source, position: begin + 1 };
}
