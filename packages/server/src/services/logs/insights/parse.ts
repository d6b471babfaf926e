import { AGGREGATES } from './aggregates.ts';
import { FUNCTIONS } from './functions.ts';
import { QueryError, type Token, tokensOf } from './lex.ts';
import type { Aggregate, BinaryOperator, Column, Command, Expression, Query } from './query.ts';

/** Parentheses and `not` within each other: keeps the parser's own recursion shallow. */
const DEPTH_MAX = 64;
const COMMANDS_MAX = 50;
export const ROWS_MAX = 10_000;

const LEVELS: readonly (readonly BinaryOperator[])[] = [['or'], ['and']];
const COMPARISONS: readonly BinaryOperator[] = ['=', '!=', '<', '>', '<=', '>='];
const ARITHMETIC: readonly (readonly BinaryOperator[])[] = [['+', '-'], ['*', '/', '%'], ['^']];

/** @throws QueryError */
export function parseQuery(text: string): Query {
  const tokens = tokensOf(text);
  let at = 0;
  let depth = 0;

  const peek = (): Token => tokens[at]!;
  const fail = (why: string, token = peek()): never => {
    throw new QueryError(why, token.position);
  };
  const isWord = (word: string, token = peek()) => token.kind === 'name' && token.text.toLowerCase() === word;
  const isSymbol = (symbol: string) => peek().kind === 'symbol' && peek().text === symbol;
  const take = (found: boolean): boolean => {
    if (found) at++;
    return found;
  };
  const expect = (symbol: string): void => {
    if (!take(isSymbol(symbol))) unexpected(`'${symbol}'`);
  };
  const unexpected = (wanted: string): never =>
    fail(`expected ${wanted} but found ${peek().kind === 'end' ? 'the end of the query' : `'${peek().text}'`}`);
  const listOf = <T>(item: () => T): T[] => {
    const items = [item()];
    while (take(isSymbol(','))) items.push(item());
    return items;
  };
  const name = (): string => {
    const token = peek();
    if (token.kind !== 'name' && token.kind !== 'quoted-name') unexpected('a field');
    at++;
    return token.text.replaceAll(/\[(\d+)\]/g, '.$1');
  };
  const within = <T>(inner: () => T): T => {
    if (++depth > DEPTH_MAX) fail(`the query is nested more than ${DEPTH_MAX} deep`);
    const result = inner();
    depth--;
    return result;
  };

  const COMMANDS: Readonly<Record<string, () => Command>> = {
    fields: () => ({ kind: 'fields', columns: listOf(column) }),
    display: () => ({ kind: 'display', columns: listOf(column) }),
    filter: () => ({ kind: 'filter', where: expression() }),
    stats: () => {
      const columns = listOf(aggregate);
      return { kind: 'stats', columns, by: take(isWord('by')) ? listOf(column) : [] };
    },
    sort: () => ({ kind: 'sort', by: listOf(sortKey) }),
    order: () => {
      if (!take(isWord('by'))) unexpected("'by'");
      return { kind: 'sort', by: listOf(sortKey) };
    },
    limit: () => ({ kind: 'limit', count: count() }),
    head: () => ({ kind: 'limit', count: count() }),
    dedup: () => ({ kind: 'dedup', fields: listOf(name) }),
    parse: parseCommand,
  };

  const commands: Command[] = [];
  do {
    if (isSymbol('|')) continue; // empty commands between pipes mean nothing
    if (peek().kind === 'end') break;
    const word = peek();
    const command = word.kind === 'name' ? own(COMMANDS, word.text) : undefined;
    if (!command) fail(`unknown command '${word.text}'; use ${Object.keys(COMMANDS).join(', ')}`);
    at++;
    commands.push(command!());
    if (commands.length > COMMANDS_MAX) fail(`a query has at most ${COMMANDS_MAX} commands`);
  } while (take(isSymbol('|')));
  if (peek().kind !== 'end') unexpected("'|' or the end of the query");
  if (commands.length === 0) fail('the query is empty');
  return { commands };

  function column(): Column {
    const from = peek().position;
    const value = expression();
    const end = tokens[at - 1]!;
    const written = text.slice(from, end.position + lengthOf(text, end, peek())).trim();
    return { value, name: take(isWord('as')) ? name() : value.kind === 'field' ? value.name : written };
  }

  function sortKey() {
    const key = expression();
    const descending = take(isWord('desc'));
    if (!descending) take(isWord('asc'));
    return { key, descending };
  }

  function count(): number {
    const token = peek();
    if (token.kind !== 'number') unexpected('a number');
    at++;
    const value = Number(token.text);
    if (!Number.isInteger(value) || value < 1 || value > ROWS_MAX) fail(`a limit is from 1 to ${ROWS_MAX}`, token);
    return value;
  }

  function aggregate(): Aggregate {
    const start = peek();
    const called = name().toLowerCase();
    if (!own(AGGREGATES, called))
      fail(`unknown aggregation '${start.text}'; use ${Object.keys(AGGREGATES).join(', ')}`, start);
    expect('(');
    let argument: Expression | undefined;
    if (!take(isSymbol('*')) && !isSymbol(')')) argument = expression();
    if (argument === undefined && called !== 'count') fail(`${called} needs a field`);
    let parameter: number | undefined;
    if (called === 'pct' || called === 'percentile') {
      expect(',');
      const token = peek();
      parameter = Number(token.text);
      if (token.kind !== 'number' || parameter < 0 || parameter > 100) fail('a percentile is from 0 to 100', token);
      at++;
    }
    const close = peek();
    expect(')');
    const written = text.slice(start.position, close.position + 1);
    const alias = take(isWord('as')) ? name() : written;
    return {
      name: alias,
      function: called,
      ...(argument && { argument }),
      ...(parameter !== undefined && { parameter }),
    };
  }

  function parseCommand(): Command {
    const from = peek().kind === 'text' || peek().kind === 'regex' ? '@message' : name();
    const token = peek();
    if (token.kind !== 'text' && token.kind !== 'regex') unexpected('a pattern in quotation marks or slashes');
    at++;
    const as = take(isWord('as')) ? listOf(name) : [];
    if (token.kind === 'regex') {
      const regex = checkRegex(token);
      const groups = [...regex.matchAll(/\(\?<([A-Za-z_]\w*)>/g)].map((m) => m[1]!);
      if (groups.length === 0 && as.length === 0) fail('the regular expression has no named group', token);
      return { kind: 'parse', from, regex, flags: flagsOf(token), as: as.length > 0 ? as : groups };
    }
    const parts = token.text.split('*');
    if (parts.length - 1 !== as.length) {
      fail(`the pattern has ${parts.length - 1} wildcards (*) and there are ${as.length} fields after 'as'`, token);
    }
    const last = parts.length - 1;
    const glob = parts.map(
      (part, i) => escapeRegex(part) + (i === last ? '' : i === last - 1 && parts[last] === '' ? '(.*)' : '(.*?)'),
    );
    return { kind: 'parse', from, regex: glob.join(''), flags: 's', as };
  }

  function checkRegex(token: Token): string {
    const source = token.text.replace(/^\(\?i\)/, '');
    try {
      new RegExp(source, flagsOf(token));
    } catch (error) {
      fail(`invalid regular expression: ${(error as Error).message}`, token);
    }
    return source;
  }

  function expression(): Expression {
    return within(() => binary(0));
  }

  function binary(level: number): Expression {
    const operators = LEVELS[level];
    if (!operators) return comparison();
    let left = binary(level + 1);
    for (;;) {
      const operator = operators.find((word) => isWord(word));
      if (!operator) return left;
      at++;
      left = { kind: 'binary', operator, left, right: binary(level + 1) };
    }
  }

  function comparison(): Expression {
    if (take(isWord('not'))) return within(() => ({ kind: 'not', inner: comparison() }));
    const left = arithmetic(0);
    const symbol = peek().text === '==' ? '=' : peek().text;
    const operator = peek().kind === 'symbol' ? COMPARISONS.find((known) => known === symbol) : undefined;
    if (operator) {
      at++;
      return { kind: 'binary', operator, left, right: arithmetic(0) };
    }
    const negated = isWord('not') && (isWord('like', tokens[at + 1]) || isWord('in', tokens[at + 1]));
    if (negated) at++;
    const found = matching(left);
    return negated ? { kind: 'not', inner: found } : found;
  }

  function matching(left: Expression): Expression {
    if (take(isWord('like')) || take(isSymbol('=~'))) {
      const token = peek();
      if (token.kind !== 'text' && token.kind !== 'regex')
        unexpected('text in quotation marks or a /regular expression/');
      at++;
      if (token.kind === 'text') return { kind: 'like', left, text: token.text };
      return { kind: 'matches', left, regex: checkRegex(token), flags: flagsOf(token) };
    }
    if (!take(isWord('in'))) return left;
    expect('[');
    const list = listOf(() => arithmetic(0));
    expect(']');
    return { kind: 'in', left, list };
  }

  function arithmetic(level: number): Expression {
    const operators = ARITHMETIC[level];
    if (!operators) return unary();
    let left = arithmetic(level + 1);
    for (;;) {
      const operator = operators.find((symbol) => isSymbol(symbol));
      if (!operator) return left;
      at++;
      left = { kind: 'binary', operator, left, right: arithmetic(level + 1) };
    }
  }

  function unary(): Expression {
    if (take(isSymbol('-'))) return within(() => ({ kind: 'minus', inner: unary() }));
    if (take(isSymbol('('))) {
      const inner = expression();
      expect(')');
      return inner;
    }
    const token = peek();
    if (token.kind === 'number') {
      at++;
      return { kind: 'constant', value: Number(token.text) };
    }
    if (token.kind === 'text' || token.kind === 'duration') {
      at++;
      return { kind: 'constant', value: token.text };
    }
    if (isWord('true') || isWord('false')) {
      at++;
      return { kind: 'constant', value: token.text.toLowerCase() === 'true' };
    }
    const named = name();
    if (token.kind !== 'name' || !take(isSymbol('('))) return { kind: 'field', name: named };
    const called = own(FUNCTIONS, named);
    if (!called) fail(`unknown function '${named}'`, token);
    const given = isSymbol(')') ? [] : listOf(expression);
    expect(')');
    const [min, max] = called!.takes;
    if (given.length < min || given.length > max)
      fail(`${named} takes ${min === max ? min : `${min} to ${max}`} arguments`, token);
    return { kind: 'call', name: named.toLowerCase(), arguments: given, position: token.position };
  }
}

/** Key words and functions are known in any case. */
const own = <T>(table: Readonly<Record<string, T>>, word: string): T | undefined =>
  Object.hasOwn(table, word.toLowerCase()) ? table[word.toLowerCase()] : undefined;

/** Characters of a token as it was written: up to the next one, less blanks. */
const lengthOf = (text: string, token: Token, next: Token): number =>
  text.slice(token.position, next.position).trimEnd().length;

const flagsOf = ({ text, flags = '' }: Token): string => `${text.startsWith('(?i)') || flags.includes('i') ? 'i' : ''}`;
const escapeRegex = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
