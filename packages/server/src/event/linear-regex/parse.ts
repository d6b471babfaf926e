import { PatternError } from '../pattern-error.ts';

/**
 * Regular expressions without what makes them slow: no look-around and no back-references, so that a set of states, and
 * not a search, decides (linear-regex/match.ts).
 */
export type RegexNode =
  | { readonly kind: 'chars'; readonly set: CharSet }
  | { readonly kind: 'sequence'; readonly parts: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly parts: readonly RegexNode[] }
  | { readonly kind: 'repeat'; readonly part: RegexNode; readonly min: number; readonly max: number }
  | { readonly kind: 'start' }
  | { readonly kind: 'end' };

/** 1 for each ASCII character that fits; the last place stands for all other characters, which are all alike. */
export type CharSet = Uint8Array;
export const CHAR_CLASSES = 129;
export const OTHER_CHARS = 128;

export interface RegexDialect {
  /** `(…)`, `(?:…)`, a leading `(?i)`, and escapes such as `\n`. */
  readonly groups: boolean;
  /** What may stand for itself without a backslash. */
  readonly plain: RegExp;
  /** What to do instead, for the message about any other character. */
  readonly advice: string;
  readonly ignoreCase?: boolean;
}

/** Of CloudWatch Logs (user guide, "Supported regular expressions"). */
export const LOGS_REGEX: RegexDialect = {
  groups: false,
  plain: /[A-Za-z0-9:_#=@/;,-]/,
  advice: 'use an escape such as \\s, \\. or \\x20',
};

/** Of Sigma's `re`: the part of PCRE that needs no backtracking. */
export const SIGMA_REGEX: RegexDialect = {
  groups: true,
  plain: /[ -~]/,
  advice: 'only ASCII characters are supported',
};

/** Keeps the parser's own recursion shallow. */
const DEPTH_MAX = 32;
/** Larger counts would not fit into the matcher's states anyway. */
const COUNT_MAX = 255;

/**
 * @param offset where `source` begins in the text that the user wrote, for the position of errors
 * @throws PatternError
 */
export function parseRegex(source: string, dialect: RegexDialect, offset = 0): RegexNode {
  const folded = dialect.groups && source.startsWith('(?i)');
  const ignoreCase = folded || (dialect.ignoreCase ?? false);
  let at = folded ? 4 : 0;

  const fail = (why: string, position = at): never => {
    throw new PatternError(`Invalid regular expression at position ${offset + position}: ${why}`, offset + position);
  };
  const take = (text: string): boolean => {
    if (!source.startsWith(text, at)) return false;
    at += text.length;
    return true;
  };

  function choice(depth: number): RegexNode {
    if (depth > DEPTH_MAX) fail(`groups nest more than ${DEPTH_MAX} deep`);
    const parts = [sequence(depth)];
    while (take('|')) parts.push(sequence(depth));
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts };
  }

  function sequence(depth: number): RegexNode {
    const parts: RegexNode[] = [];
    while (at < source.length && source[at] !== '|' && source[at] !== ')')
      parts.push(anchor() ?? quantified(atom(depth)));
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts };
  }

  function anchor(): RegexNode | undefined {
    if (take('^')) return { kind: 'start' };
    return take('$') ? { kind: 'end' } : undefined;
  }

  function atom(depth: number): RegexNode {
    const char = source[at]!;
    if (take('.')) return { kind: 'chars', set: setOf((code) => code !== 10 && code !== 13) };
    if (char === '[') return { kind: 'chars', set: brackets() };
    if (char === '\\') return { kind: 'chars', set: escaped() };
    if (char === '(' && dialect.groups) return group(depth);
    if ('*+?{'.includes(char)) return fail(`'${char}' has nothing before it to repeat`);
    return { kind: 'chars', set: literal() };
  }

  function group(depth: number): RegexNode {
    const begin = at++;
    if (source[at] === '?' && !take('?:')) fail('only (…) and (?:…) are supported of groups');
    const inner = choice(depth + 1);
    if (!take(')')) fail("expected ')' to close the group", begin);
    return inner;
  }

  function quantified(part: RegexNode): RegexNode {
    const begin = at;
    const counts = /^(?:[*+?]|\{(\d{1,5})(,?)(\d{0,5})\})/.exec(source.slice(at, at + 16));
    if (!counts) {
      if (source[at] === '{') fail("expected a count such as {2}, {2,} or {2,5} after '{'");
      return part;
    }
    at += counts[0].length;
    const [min, max] = rangeOf(counts);
    if (min > max) fail(`the count ${counts[0]} has its smaller number last`, begin);
    if (min > COUNT_MAX || (max > COUNT_MAX && max !== Number.POSITIVE_INFINITY)) {
      fail(`a count may be up to ${COUNT_MAX}`, begin);
    }
    take('?'); // lazy: which part of the text fits does not matter here, only whether any does
    if (source[at] !== undefined && '*+?{'.includes(source[at]!)) fail('a repetition cannot be repeated itself');
    return { kind: 'repeat', part, min, max };
  }

  function literal(): CharSet {
    const char = source[at]!;
    if (!dialect.plain.test(char)) fail(`${JSON.stringify(char)} is not allowed here: ${dialect.advice}`);
    at++;
    return one(char.charCodeAt(0));
  }

  function one(code: number): CharSet {
    const char = String.fromCharCode(code);
    const codes = ignoreCase ? [char.toLowerCase().charCodeAt(0), char.toUpperCase().charCodeAt(0)] : [code];
    return setOf((c) => codes.includes(c));
  }

  function escaped(): CharSet {
    const begin = at++;
    const char = source[at++];
    if (char === undefined) return fail('a backslash at the end escapes nothing', begin);
    const named = CLASSES[char.toLowerCase()];
    if (named) return setOf((code) => named(code) !== (char !== char.toLowerCase()));
    if (char === 'x') {
      const hex = /^[0-7][0-9a-fA-F]/.exec(source.slice(at, at + 2))?.[0];
      if (hex === undefined) return fail('expected two hexadecimal digits up to 7f after \\x', begin);
      at += 2;
      return one(Number.parseInt(hex, 16));
    }
    const control = dialect.groups ? CONTROLS[char] : undefined;
    if (control !== undefined) return one(control);
    if (!/[!-/:-@[-`{-~ ]/.test(char)) return fail(`\\${char} is not supported`, begin);
    return one(char.charCodeAt(0));
  }

  function brackets(): CharSet {
    const begin = at++;
    const negated = take('^');
    const set = new Uint8Array(CHAR_CLASSES);
    const add = (other: CharSet) => {
      for (let i = 0; i < CHAR_CLASSES; i++) set[i]! |= other[i]!;
    };
    if (source[at] === ']') fail("'[]' holds nothing", begin);
    while (source[at] !== ']') {
      if (at >= source.length) fail("expected ']' to close the set", begin);
      const from = member();
      const isRange = source[at] === '-' && at + 1 < source.length && source[at + 1] !== ']';
      if (!isRange) {
        add(from.set);
        continue;
      }
      at++;
      const to = member();
      const [low, high] = [from.code, to.code];
      if (low === undefined || high === undefined || low > high) return fail('the range has no order', begin);
      for (let code = low; code <= high; code++) add(one(code));
    }
    at++;
    return negated ? setOf((code) => set[code] === 0) : set;
  }

  /** One member of a set; `code` when it is a single character, so that it can bound a range. */
  function member(): { set: CharSet; code?: number } {
    const char = source[at]!;
    if (char === '\\') {
      const begin = at;
      const set = escaped();
      const single = source.slice(begin + 1, at);
      if (CLASSES[single.toLowerCase()]) return { set };
      const code = single.startsWith('x') ? Number.parseInt(single.slice(1), 16) : (CONTROLS[single] ?? codeOf(single));
      return { set, code };
    }
    if (!/[ -~]/.test(char)) fail(`${JSON.stringify(char)} is not allowed here: ${dialect.advice}`);
    at++;
    return { set: one(codeOf(char)), code: codeOf(char) };
  }

  const node = choice(0);
  if (at < source.length) fail("')' closes nothing");
  return node;
}

const codeOf = (char: string): number => char.charCodeAt(0);

function rangeOf([text, low, comma, high]: RegExpExecArray): readonly [number, number] {
  if (text === '*') return [0, Number.POSITIVE_INFINITY];
  if (text === '+') return [1, Number.POSITIVE_INFINITY];
  if (text === '?') return [0, 1];
  return [Number(low), high ? Number(high) : comma ? Number.POSITIVE_INFINITY : Number(low)];
}

function setOf(holds: (code: number) => boolean): CharSet {
  return Uint8Array.from({ length: CHAR_CLASSES }, (_, code) => (holds(code) ? 1 : 0));
}

const CLASSES: Readonly<Partial<Record<string, (code: number) => boolean>>> = {
  d: (code) => code >= 48 && code <= 57,
  s: (code) => code === 32 || (code >= 9 && code <= 13),
  w: (code) => code < OTHER_CHARS && /\w/.test(String.fromCharCode(code)),
};

const CONTROLS: Readonly<Partial<Record<string, number>>> = { t: 9, n: 10, v: 11, f: 12, r: 13 };
