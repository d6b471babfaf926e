import { invalid } from './errors.ts';

/** Metric math (CloudWatch user guide, "Using math expressions with CloudWatch metrics") as a tree. */
export type Expression =
  | { readonly is: 'number'; readonly value: number }
  | { readonly is: 'text'; readonly value: string }
  | { readonly is: 'name'; readonly name: string }
  | { readonly is: 'list'; readonly items: readonly Expression[] }
  | { readonly is: 'negative'; readonly of: Expression }
  | { readonly is: 'operator'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly is: 'call'; readonly name: string; readonly args: readonly Expression[] };

const CHARS_MAX = 2048;
/** Brackets and signs within each other. */
const DEPTH_MAX = 50;
const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_]\w*)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(<=|>=|==|!=|&&|\|\||[-+*/^<>(),[\]]))/y;

/** The loosest first: an operator of a line binds what those of the next lines have made. */
const LEVELS: readonly (readonly string[])[] = [
  ['||', 'OR'],
  ['&&', 'AND'],
  ['<', '>', '<=', '>=', '==', '!='],
  ['+', '-'],
  ['*', '/'],
];

interface Token {
  readonly kind: 'number' | 'name' | 'text' | 'sign';
  readonly text: string;
  readonly at: number;
}

/** @throws AwsError ValidationError with the place of what is wrong */
export function parseExpression(source: string): Expression {
  if (source.length > CHARS_MAX) throw invalid(`An expression has at most ${CHARS_MAX} characters.`);
  const tokens = tokensOf(source);
  let next = 0;
  let depth = 0;
  const parsed = level(0);
  if (tokens[next]) throw wrong(`unexpected ${tokens[next]!.text}`);
  return parsed;

  function level(n: number): Expression {
    const operators = LEVELS[n];
    if (!operators) return power();
    let left = level(n + 1);
    for (;;) {
      const operator = tokens[next]?.text.toUpperCase();
      if (operator === undefined || tokens[next]!.kind === 'text' || !operators.includes(operator)) return left;
      next++;
      left = { is: 'operator', operator: WORDS[operator] ?? operator, left, right: level(n + 1) };
    }
  }

  function power(): Expression {
    if (take('-')) return deeper(() => ({ is: 'negative', of: power() }));
    const left = primary();
    return take('^') ? deeper(() => ({ is: 'operator', operator: '^', left, right: power() })) : left;
  }

  function primary(): Expression {
    const token = tokens[next];
    if (!token) throw wrong('the expression ends too early');
    next++;
    if (token.kind === 'number') return { is: 'number', value: Number(token.text) };
    if (token.kind === 'text') return { is: 'text', value: token.text.slice(1, -1).replace(/\\(.)/g, '$1') };
    if (token.kind === 'name') {
      if (!take('(')) return { is: 'name', name: token.text };
      return { is: 'call', name: token.text.toUpperCase(), args: deeper(() => listUntil(')')) };
    }
    if (token.text === '[') return { is: 'list', items: deeper(() => listUntil(']')) };
    if (token.text !== '(') {
      next--;
      throw wrong(`unexpected ${token.text}`);
    }
    const inner = deeper(() => level(0));
    if (!take(')')) throw wrong('a bracket is not closed');
    return inner;
  }

  function listUntil(end: string): Expression[] {
    if (take(end)) return [];
    const items: Expression[] = [];
    do items.push(level(0));
    while (take(','));
    if (!take(end)) throw wrong(`${end} is missing`);
    return items;
  }

  function take(text: string): boolean {
    if (tokens[next]?.kind !== 'sign' || tokens[next]!.text !== text) return false;
    next++;
    return true;
  }

  function deeper<T>(parse: () => T): T {
    if (++depth > DEPTH_MAX) throw wrong(`nested more than ${DEPTH_MAX} deep`);
    const result = parse();
    depth--;
    return result;
  }

  function wrong(what: string) {
    return invalid(`Error in expression at position ${tokens[next]?.at ?? source.length}: ${what}.`);
  }
}

const WORDS: Readonly<Record<string, string>> = { OR: '||', AND: '&&' };

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = source.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const [whole, number, name, text, sign] = TOKEN.exec(source) ?? [];
    if (whole === undefined) throw invalid(`Error in expression at position ${at}: ${source[at]} is not understood.`);
    const kind = number !== undefined ? 'number' : name !== undefined ? 'name' : text !== undefined ? 'text' : 'sign';
    const token = (number ?? name ?? text ?? sign)!;
    tokens.push({ kind, text: token, at: at + whole.length - token.length });
  }
  return tokens;
}

/** Ids of other queries that an expression names; `METRICS()` names all. */
export function namesIn(expression: Expression): { readonly names: ReadonlySet<string>; readonly all: boolean } {
  const names = new Set<string>();
  let all = false;
  const walk = (e: Expression): void => {
    if (e.is === 'name') names.add(e.name);
    else if (e.is === 'list') e.items.forEach(walk);
    else if (e.is === 'negative') walk(e.of);
    else if (e.is === 'operator') [e.left, e.right].forEach(walk);
    else if (e.is === 'call') {
      if (e.name === 'METRICS') all = true;
      e.args.forEach(walk);
    }
  };
  walk(expression);
  return { names, all };
}
