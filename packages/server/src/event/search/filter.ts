import { PatternError } from '../pattern-error.ts';

/**
 * A search filter as data: which events are shown. `not`, `!=`, `!:` and `!^` hold for an event that has no such value
 * at all: each is exactly what its opposite is not. `and`, `or` and `in` have at least one part.
 */
export type SearchFilter =
  | { readonly and: readonly SearchFilter[] }
  | { readonly or: readonly SearchFilter[] }
  | { readonly not: SearchFilter }
  | Condition;

export type Condition =
  | { readonly field: string; readonly op: SearchOp; readonly value: string }
  | { readonly field: string; readonly op: 'in'; readonly values: readonly string[] }
  | { readonly field: string; readonly op: 'exists' }
  /** Found anywhere in the record's JSON, in any case: see `textNeedles`. */
  | { readonly text: string };

/**
 * `=` equals exactly; `:` contains and `^` begins with, both in any case (`foldCase`); `>` and the like compare times for
 * eventTime and numbers for all else (`NUMBER`): other values are neither more nor less.
 */
export type SearchOp = '=' | '!=' | ':' | '!:' | '^' | '!^' | '>' | '>=' | '<' | '<=';

/** Longest first, so that the first one that fits is the one that is meant. */
export const SEARCH_OPS: readonly SearchOp[] = ['!=', '!:', '!^', '>=', '<=', '=', ':', '^', '>', '<'];

/** Fits a list of some hundred ids, and an HTTP request line beside others. */
export const FILTER_CHARS_MAX = 16_384;
/** Each costs every event that is looked at. More than a form or a person makes. */
export const CONDITIONS_MAX = 200;
/** Of one `in`: a set lookup, so many cost little. */
export const IN_VALUES_MAX = 500;
/** `(` within `(` and `not` before `not`: what recursion over a filter may cost. */
export const NESTING_MAX = 32;

/** A number as `>` and the like read one, in filters and in records; no exponents, so that all readers agree. */
export const NUMBER = /^-?\d{1,15}(\.\d{1,15})?$/;

/** A time as filters have it: a date or an ISO 8601 time, UTC unless it says otherwise. */
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/;
const ZONED = /(Z|[+-]\d\d:\d\d)$/;

/** @returns ms since the epoch; undefined for what is no time */
export function timeOf(value: string): number | undefined {
  if (!TIME.test(value)) return undefined;
  const ms = Date.parse(value.includes('T') && !ZONED.test(value) ? `${value}Z` : value);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * Text in lower case, each character by itself: as databases do it, unlike `toLowerCase`, for which a Greek sigma
 * depends on where in a word it stands and a dotted İ becomes two characters.
 */
export function foldCase(text: string): string {
  const lower = text.toLowerCase();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
  if (/^[\u0000-\u007f]*$/.test(lower) && lower.length === text.length) return lower;
  return text.replace(/[^a-z]/gu, (character) => {
    const folded = character.toLowerCase();
    return folded.length === character.length ? folded : character;
  });
}

/** Free text as it may stand in a record's JSON: plainly, or with its quotes and backslashes escaped. In lower case. */
export function textNeedles(text: string): readonly string[] {
  const plain = foldCase(text);
  const escaped = JSON.stringify(plain).slice(1, -1);
  return escaped === plain ? [plain] : [plain, escaped];
}

/** Joins filters of which any may be none: all must hold. */
export function allOf(filters: readonly (SearchFilter | undefined)[]): SearchFilter | undefined {
  const parts = filters.flatMap((filter) => (filter === undefined ? [] : 'and' in filter ? filter.and : [filter]));
  return parts.length > 1 ? { and: parts } : parts[0];
}

/** @throws PatternError always */
export function refuse(why: string, position: number): never {
  throw new PatternError(`Invalid filter at position ${position}: ${why}`, position);
}
