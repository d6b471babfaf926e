/**
 * Patterns as policies have them: `*` any characters, `?` any one, `${key}` a value of the request, which stands for
 * itself even where it holds wildcards. Compiled to code points with two marks, so that nothing can be confused.
 */
export type Pattern = readonly number[];

const ANY = -1;
const ONE = -2;
const WILDCARDS: Readonly<Partial<Record<string, number>>> = { '*': ANY, '?': ONE };

/** Gives the single value of a condition key (any case); undefined when the request has none. */
export type Variables = (key: string) => string | undefined;

export interface PatternOptions {
  readonly wildcards: boolean;
  /** Absent in policies of version 2008-10-17, where `${` means nothing. */
  readonly variables?: Variables | undefined;
}

const CHARACTER = /[\s\S]/gu;
const CHARACTER_OR_VARIABLE = /\$\{([^{}]*)\}|[\s\S]/gu;
const WITH_DEFAULT = /^\s*([^,\s]+)\s*(?:,\s*'([^']*)'\s*)?$/;

/** undefined when a variable has neither value nor default: then the statement does not apply. */
export function compilePattern(text: string, { wildcards, variables }: PatternOptions): Pattern | undefined {
  const out: number[] = [];
  const literally = (value: string) => {
    for (const char of value) out.push(char.codePointAt(0)!);
  };
  for (const [piece, name] of text.matchAll(variables ? CHARACTER_OR_VARIABLE : CHARACTER)) {
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

/**
 * Whether all of `text` matches. A mismatch only ever goes back to the last `*`, so hostile patterns cost at most
 * pattern × text steps, and one with more characters than the text has costs none.
 */
export function matches(pattern: Pattern, text: string): boolean {
  const chars = Array.from(text, (char) => char.codePointAt(0)!);
  if (pattern.length - count(pattern, ANY) > chars.length) return false;
  let p = 0;
  let star = -1;
  let resume = 0;
  for (let t = 0; t < chars.length; ) {
    if (p < pattern.length && pattern[p] === ANY) {
      star = p++;
      resume = t;
    } else if (p < pattern.length && (pattern[p] === ONE || pattern[p] === chars[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === ANY) p++;
  return p === pattern.length;
}

/** ARNs are matched part by part: a wildcard does not reach past a colon, except in the last of the six parts. */
export function matchesArn(pattern: Pattern, arn: string): boolean {
  const parts = splitArn(pattern);
  const values = arn.split(':');
  if (parts.length !== 6 || values.length < 6) return false;
  const six = [...values.slice(0, 5), values.slice(5).join(':')];
  return parts.every((part, i) => matches(part, six[i]!));
}

const COLON = ':'.codePointAt(0)!;

function splitArn(pattern: Pattern): Pattern[] {
  const parts: Pattern[] = [];
  let from = 0;
  while (parts.length < 5) {
    const at = pattern.indexOf(COLON, from);
    if (at < 0) break;
    parts.push(pattern.slice(from, at));
    from = at + 1;
  }
  return [...parts, pattern.slice(from)];
}

const count = (pattern: Pattern, mark: number): number => pattern.reduce((n, c) => n + (c === mark ? 1 : 0), 0);
