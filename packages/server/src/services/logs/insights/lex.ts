/** What is wrong with a query, and where: offset of the first character that does not fit. */
export class QueryError extends Error {
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.name = 'QueryError';
    this.position = position;
  }
}

export interface Token {
  /** `name` for fields, functions and key words alike; `symbol` for operators. */
  readonly kind: 'name' | 'quoted-name' | 'text' | 'regex' | 'number' | 'duration' | 'symbol' | 'end';
  readonly text: string;
  /** Of a regular expression. */
  readonly flags?: string;
  readonly position: number;
}

const SKIPPED = /(?:\s+|#[^\n]*)+/y;
const RULES: readonly (readonly ['name' | 'number' | 'duration' | 'symbol', RegExp])[] = [
  ['duration', /\d+(?:\.\d+)?(?:ms|mo|s|m|h|d|w|y|q)\b/y],
  ['number', /(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w@])/y],
  // Parts with other characters stand in backticks: `a-b`.c
  ['name', /(?:[@A-Za-z_][\w@]*|`[^`]*`)(?:\.(?:[\w@]+|`[^`]*`)|\[\d+\])*/y],
  ['symbol', /!=|<=|>=|=~|==|[=<>+\-*/%^(),|[\]]/y],
];

/** Where a slash begins a regular expression rather than dividing. */
const BEFORE_REGEX = /^(like|parse|=~)$/i;

/** @throws QueryError */
export function tokensOf(query: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    SKIPPED.lastIndex = at;
    at += SKIPPED.exec(query)?.[0].length ?? 0;
    if (at >= query.length) break;
    const token = tokenAt(query, at, tokens);
    tokens.push(token.token);
    at = token.end;
  }
  return [...tokens, { kind: 'end', text: '', position: query.length }];
}

function tokenAt(query: string, at: number, before: readonly Token[]): { readonly token: Token; readonly end: number } {
  const char = query[at]!;
  if (char === '"' || char === "'") {
    const { text, end } = quoted(query, at, char);
    return { token: { kind: 'text', text, position: at }, end };
  }
  const isRegexPlace = before.at(-1) && BEFORE_REGEX.test(before.at(-1)!.text);
  const afterParsedField = before.length > 1 && /^parse$/i.test(before.at(-2)!.text);
  if (char === '/' && (isRegexPlace || afterParsedField)) {
    const { text, end } = quoted(query, at, '/', true);
    const flags = /[a-z]*/y;
    flags.lastIndex = end;
    const found = flags.exec(query)![0];
    return { token: { kind: 'regex', text, flags: found, position: at }, end: end + found.length };
  }
  for (const [kind, rule] of RULES) {
    rule.lastIndex = at;
    const found = rule.exec(query)?.[0];
    if (found === undefined) continue;
    const isQuoted = kind === 'name' && found.includes('`');
    const token = isQuoted ? { kind: 'quoted-name' as const, text: found.replaceAll('`', '') } : { kind, text: found };
    return { token: { ...token, position: at }, end: at + found.length };
  }
  throw new QueryError(`unexpected symbol found ${char}`, at);
}

/** Up to the closing quote. A backslash keeps the character after it; regular expressions keep the backslash too. */
function quoted(
  query: string,
  at: number,
  quote: string,
  regex = false,
): { readonly text: string; readonly end: number } {
  let text = '';
  for (let i = at + 1; i < query.length; i++) {
    const char = query[i]!;
    if (char === quote) return { text, end: i + 1 };
    if (char !== '\\' || i + 1 === query.length) {
      text += char;
      continue;
    }
    const next = query[++i]!;
    if (regex) text += next === '/' ? '/' : `\\${next}`;
    else text += next === quote || next === '\\' ? next : (ESCAPES[next] ?? `\\${next}`);
  }
  throw new QueryError(`the ${regex ? 'regular expression' : 'quotation'} is not closed`, at);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
