/**
 * Patterns as policies have them: `*` any characters, `?` any one, `${key}` a value of the request, which stands for
 * itself even where it holds wildcards. Compiled to runs of text with two marks between them, so that nothing can be
 * confused, and so that the runs are found at the speed of `indexOf`: anyone may write a policy for a bucket of theirs.
 */
export type Pattern = readonly (string | Mark)[];
type Mark = typeof ANY | typeof ONE;

const ANY = Symbol('*');
const ONE = Symbol('?');
const WILDCARDS: Readonly<Partial<Record<string, Mark>>> = { '*': ANY, '?': ONE };

/** Gives the single value of a condition key (any case); undefined when the request has none. */
export type Variables = (key: string) => string | undefined;

export interface PatternOptions {
  readonly wildcards: boolean;
  /** Absent in policies of version 2008-10-17, where `${` means nothing. */
  readonly variables?: Variables | undefined;
}

const PIECE = /[*?]|[^*?]+/g;
const PIECE_OR_VARIABLE = /\$\{([^{}]*)\}|[*?]|\$|[^*?$]+/g;
const WITH_DEFAULT = /^\s*([^,\s]+)\s*(?:,\s*'([^']*)'\s*)?$/;

/** undefined when a variable has neither value nor default: then the statement does not apply. */
export function compilePattern(text: string, { wildcards, variables }: PatternOptions): Pattern | undefined {
  const out: (string | Mark)[] = [];
  const literally = (value: string) => {
    const last = out.at(-1);
    if (typeof last === 'string') out[out.length - 1] = last + value;
    else if (value !== '') out.push(value);
  };
  for (const [piece, name] of text.matchAll(variables ? PIECE_OR_VARIABLE : PIECE)) {
    if (name === undefined) {
      const mark = wildcards ? WILDCARDS[piece] : undefined;
      if (mark === undefined) literally(piece);
      else if (mark !== ANY || out.at(-1) !== ANY) out.push(mark);
    } else if (name === '*' || name === '?' || name === '$') {
      literally(name);
    } else {
      const [, key, fallback] = WITH_DEFAULT.exec(name) ?? [];
      const value = (key === undefined ? undefined : variables?.(key)) ?? fallback;
      if (value === undefined) return undefined;
      literally(value);
    }
  }
  return out;
}

/** Whether all of `text` matches: each stretch between two `*` is taken where it first fits, which is never wrong. */
export function matches(pattern: Pattern, text: string): boolean {
  const least = pattern.reduce<number>((sum, token) => sum + (typeof token === 'string' ? token.length : 1), 0);
  if (least - pattern.filter((token) => token === ANY).length > text.length) return false;
  const [first = [], ...rest] = split(pattern, ANY);
  let at = endOf(first, text, 0);
  const last = rest.pop();
  if (last === undefined) return at === text.length;
  for (const stretch of rest) {
    if (at < 0) return false;
    at = endOfFirst(stretch, text, at);
  }
  return at >= 0 && startOf(last, text) >= at;
}

/** Where the stretch ends that begins at `from`; -1 when it does not fit there. */
function endOf(stretch: Pattern, text: string, from: number): number {
  let at = from;
  for (const token of stretch) {
    if (typeof token === 'string' ? !text.startsWith(token, at) : at >= text.length) return -1;
    at += typeof token === 'string' ? token.length : charLength(text.codePointAt(at)!);
  }
  return at;
}

/** Where the first fit at or after `from` ends, or -1. */
function endOfFirst(stretch: Pattern, text: string, from: number): number {
  if (stretch.includes(ONE)) return endOfFirstLoose(stretch, text, from);
  const run = stretch.join('');
  const at = text.indexOf(run, from);
  return at < 0 ? -1 : at + run.length;
}

/**
 * The same with `?` in the stretch: bit i of `state` says whether its first i+1 characters end here (Shift-And, Baeza-Yates
 * and Gonnet 1992), so that a hostile stretch costs a 32nd of stretch × text, not all of it.
 */
function endOfFirstLoose(stretch: Pattern, text: string, from: number): number {
  const chars: readonly (string | Mark)[] = stretch.flatMap<string | Mark>((token) =>
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
function startOf(stretch: Pattern, text: string): number {
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

/** ARNs are matched part by part: a wildcard does not reach past a colon, except in the last of the six parts. */
export function matchesArn(pattern: Pattern, arn: string): boolean {
  const parts = splitArn(pattern);
  const values = arn.split(':');
  if (parts.length !== 6 || values.length < 6) return false;
  const six = [...values.slice(0, 5), values.slice(5).join(':')];
  return parts.every((part, i) => matches(part, six[i]!));
}

function splitArn(pattern: Pattern): Pattern[] {
  const parts: (string | Mark)[][] = [[]];
  for (const token of pattern) {
    const runs: Pattern = typeof token === 'string' ? token.split(':') : [token];
    runs.forEach((run, i) => {
      if (i > 0 && parts.length < 6) parts.push([run]);
      else if (i > 0) parts.at(-1)!.push(`:${String(run)}`);
      else parts.at(-1)!.push(run);
    });
  }
  return parts;
}

function split(pattern: Pattern, mark: Mark): Pattern[] {
  const out: (string | Mark)[][] = [[]];
  for (const token of pattern) {
    if (token === mark) out.push([]);
    else out.at(-1)!.push(token);
  }
  return out;
}
