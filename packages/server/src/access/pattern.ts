/**
 * Patterns as policies have them: `*` any characters, `?` any one, `${key}` a value of the request, which stands for
 * itself even where it holds wildcards. A pattern is compiled once, into runs of text with marks between them, so that
 * nothing can be confused, and so that the runs are found at the speed of `indexOf`: anyone may write a policy for a
 * bucket of theirs.
 */
export type Test = (value: string, variables: Variables | undefined) => boolean;

/** Gives the single value of a condition key (lower case); undefined when the request has none. */
export type Variables = (key: string) => string | undefined;

export interface PatternOptions {
  /** Otherwise `*` and `?` are themselves. */
  readonly wildcards: boolean;
  /** Whether `${…}` is one; it means nothing in policies of version 2008-10-17. */
  readonly variables: boolean;
  /** Without regard to case; the test wants lower-case values then. */
  readonly foldCase?: boolean;
}

type Mark = typeof ANY | typeof ONE;
interface Variable {
  /** Lower case; empty when what stands between the braces is no key. */
  readonly key: string;
  readonly fallback?: string;
}
type Token = string | Mark | Variable;
/** Between two `*`. */
type Stretch = readonly (string | typeof ONE)[];

const ANY = Symbol('*');
const ONE = Symbol('?');
const WILDCARDS: Readonly<Partial<Record<string, Mark>>> = { '*': ANY, '?': ONE };

const PIECE = /[*?]|[^*?]+/g;
const PIECE_OR_VARIABLE = /\$\{([^{}]*)\}|[*?]|\$|[^*?$]+/g;

/** A test of whole values. One whose variable has neither value nor default fits nothing. */
export const globTest = (text: string, options: PatternOptions): Test => testOf(tokensOf(text, options), options);

/**
 * ARNs are tested part by part: a wildcard does not reach past a colon, except in the last of the six parts; nor does
 * what stands in for a variable.
 */
export function arnTest(text: string, options: PatternOptions): Test {
  const parts = splitArn(tokensOf(text, options)).map((tokens) => testOf(tokens, options));
  if (parts.length !== ARN_PARTS) return () => false;
  return (arn, variables) => {
    let from = 0;
    for (let i = 0; i < ARN_PARTS - 1; i++) {
      const colon = arn.indexOf(':', from);
      if (colon < 0 || !parts[i]!(arn.slice(from, colon), variables)) return false;
      from = colon + 1;
    }
    return parts[ARN_PARTS - 1]!(arn.slice(from), variables);
  };
}

const ARN_PARTS = 6;

function tokensOf(text: string, { wildcards, variables, foldCase = false }: PatternOptions): Token[] {
  const tokens: Token[] = [];
  const literally = (piece: string) => {
    const value = foldCase ? piece.toLowerCase() : piece;
    const last = tokens.at(-1);
    if (typeof last === 'string') tokens[tokens.length - 1] = last + value;
    else if (value !== '') tokens.push(value);
  };
  for (const [piece, name] of text.matchAll(variables ? PIECE_OR_VARIABLE : PIECE)) {
    if (name === undefined) {
      const mark = wildcards ? WILDCARDS[piece] : undefined;
      if (mark === undefined) literally(piece);
      else if (mark !== ANY || tokens.at(-1) !== ANY) tokens.push(mark);
    } else if (name === '*' || name === '?' || name === '$') {
      literally(name);
    } else {
      tokens.push(variableOf(name));
    }
  }
  return tokens;
}

/** `aws:username`, or with a default: `aws:PrincipalTag/cost center, 'none'`. */
function variableOf(text: string): Variable {
  const comma = text.indexOf(',');
  if (comma < 0) return { key: text.trim().toLowerCase() };
  const fallback = /^'([^']*)'$/.exec(text.slice(comma + 1).trim())?.[1];
  return fallback === undefined ? { key: '' } : { key: text.slice(0, comma).trim().toLowerCase(), fallback };
}

/** Its first five colons part it; those inside a variable are no colons of the pattern. */
function splitArn(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  for (const token of tokens) {
    if (typeof token !== 'string') {
      parts.at(-1)!.push(token);
      continue;
    }
    const runs = token.split(':');
    const here = runs.splice(0, ARN_PARTS - parts.length + 1);
    if (runs.length > 0) here.push([here.pop()!, ...runs].join(':'));
    here.forEach((run, i) => {
      if (i > 0) parts.push([]);
      if (run !== '') parts.at(-1)!.push(run);
    });
  }
  return parts;
}

function testOf(tokens: readonly Token[], { foldCase = false }: PatternOptions): Test {
  if (!tokens.some((token) => typeof token === 'object')) return compile(tokens as readonly (string | Mark)[]);
  return (value, variables) => {
    const bound = bind(tokens, variables, foldCase, value.length);
    return bound !== undefined && compile(bound)(value, undefined);
  };
}

/** Puts in what the request has. undefined when something is missing, or when there is more text than could fit. */
function bind(
  tokens: readonly Token[],
  variables: Variables | undefined,
  foldCase: boolean,
  charsMax: number,
): (string | Mark)[] | undefined {
  const bound: (string | Mark)[] = [];
  let chars = 0;
  for (const token of tokens) {
    const put = typeof token === 'object' ? (variables?.(token.key) ?? token.fallback) : token;
    if (put === undefined) return undefined;
    if (typeof put === 'symbol') {
      bound.push(put);
      continue;
    }
    chars += put.length;
    if (chars > charsMax) return undefined;
    bound.push(foldCase ? put.toLowerCase() : put);
  }
  return bound;
}

/** The forms that most patterns have need none of the machinery below. */
function compile(tokens: readonly (string | Mark)[]): Test {
  const [first, second] = tokens;
  if (tokens.length === 0) return (value) => value === '';
  if (tokens.length === 1 && first === ANY) return () => true;
  if (tokens.length === 1 && typeof first === 'string') return (value) => value === first;
  if (tokens.length === 2 && typeof first === 'string' && second === ANY) return (value) => value.startsWith(first);
  const stretches = split(tokens);
  const least = tokens.reduce((sum, token) => sum + (token === ANY ? 0 : token === ONE ? 1 : token.length), 0);
  return (value) => value.length >= least && fits(stretches, value);
}

/** Each stretch between two `*` is taken where it first fits, which is never wrong. */
function fits(stretches: readonly Stretch[], text: string): boolean {
  let at = endOf(stretches[0]!, text, 0);
  const last = stretches.length - 1;
  if (last === 0) return at === text.length;
  for (let i = 1; i < last && at >= 0; i++) at = endOfFirst(stretches[i]!, text, at);
  return at >= 0 && startOf(stretches[last]!, text) >= at;
}

function split(tokens: readonly (string | Mark)[]): Stretch[] {
  const out: (string | typeof ONE)[][] = [[]];
  for (const token of tokens) {
    if (token === ANY) out.push([]);
    else out.at(-1)!.push(token);
  }
  return out;
}

/** Where the stretch ends that begins at `from`; -1 when it does not fit there. */
function endOf(stretch: Stretch, text: string, from: number): number {
  let at = from;
  for (const token of stretch) {
    if (typeof token === 'string' ? !text.startsWith(token, at) : at >= text.length) return -1;
    at += typeof token === 'string' ? token.length : charLength(text.codePointAt(at)!);
  }
  return at;
}

/** Where the first fit at or after `from` ends, or -1. */
function endOfFirst(stretch: Stretch, text: string, from: number): number {
  if (stretch.includes(ONE)) return endOfFirstLoose(stretch, text, from);
  const run = stretch.join('');
  const at = text.indexOf(run, from);
  return at < 0 ? -1 : at + run.length;
}

/**
 * The same with `?` in the stretch: bit i of `state` says whether its first i+1 characters end here (Shift-And, Baeza-Yates
 * and Gonnet 1992), so that a hostile stretch costs a 32nd of stretch × text, not all of it.
 */
function endOfFirstLoose(stretch: Stretch, text: string, from: number): number {
  const chars: readonly (string | typeof ONE)[] = stretch.flatMap<string | typeof ONE>((token) =>
    typeof token === 'string' ? Array.from(token) : token,
  );
  const words = Math.ceil(chars.length / 32);
  const anyChar = new Uint32Array(words);
  const set = (mask: Uint32Array, i: number) => {
    mask[i >>> 5]! |= 1 << (i & 31);
  };
  chars.forEach((char, i) => {
    if (char === ONE) set(anyChar, i);
  });
  const masks = new Map<string, Uint32Array>();
  chars.forEach((char, i) => {
    if (typeof char !== 'string') return;
    const mask = masks.get(char) ?? anyChar.slice();
    set(mask, i);
    masks.set(char, mask);
  });
  const state = new Uint32Array(words);
  let at = from;
  for (const char of text.slice(from)) {
    const mask = masks.get(char) ?? anyChar;
    let carry = 1;
    for (let w = 0; w < words; w++) {
      const before = state[w]!;
      state[w] = ((before << 1) | carry) & mask[w]!;
      carry = before >>> 31;
    }
    at += char.length;
    if ((state[words - 1]! >>> ((chars.length - 1) & 31)) & 1) return at;
  }
  return -1;
}

/** Where the stretch begins that ends the text, or -1. */
function startOf(stretch: Stretch, text: string): number {
  let end = text.length;
  for (const token of [...stretch].reverse()) {
    if (typeof token === 'string') {
      if (!text.endsWith(token, end)) return -1;
      end -= token.length;
    } else {
      if (end <= 0) return -1;
      end -= end >= 2 && text.codePointAt(end - 2)! > 0xffff ? 2 : 1;
    }
  }
  return end;
}

/** In UTF-16 units: a character beyond the first plane has two, and is one all the same. */
const charLength = (codePoint: number): number => (codePoint > 0xffff ? 2 : 1);
