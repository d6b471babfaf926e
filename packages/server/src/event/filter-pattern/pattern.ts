/**
 * A filter pattern of CloudWatch Logs as data (user guide, "Filter pattern syntax"). Its first character says which of
 * three families it is of.
 */
export type FilterPattern =
  | { readonly family: 'all' }
  | TermsPattern
  | { readonly family: 'json'; readonly where: Expression<JsonCondition> }
  | FieldsPattern;

/** Text that is found anywhere in the event, or not. With `any`, one of these suffices; it stands alone then. */
export interface TermsPattern {
  readonly family: 'terms';
  readonly all: readonly Term[];
  readonly any: readonly Term[];
  readonly none: readonly Term[];
}

export type Term = { readonly kind: 'text'; readonly text: string } | RegexValue;

/** Fields split on blanks. What stands before `gap` is counted from the left, what stands after it from the right. */
export interface FieldsPattern {
  readonly family: 'fields';
  readonly fields: readonly Field[];
  /** Where `...` stands: before the field of this index. undefined: an event must have exactly these fields. */
  readonly gap: number | undefined;
}

export interface Field {
  /** Empty for a field that has its place only: `[..., status,]`. */
  readonly name: string;
  readonly where?: Expression<Comparison>;
}

export type Expression<Leaf> =
  | { readonly kind: 'or' | 'and'; readonly parts: readonly Expression<Leaf>[] }
  | { readonly kind: 'leaf'; readonly leaf: Leaf };

export type JsonCondition = { readonly selector: Selector } & (
  | Comparison
  | { readonly kind: 'null' }
  | { readonly kind: 'true' }
  | { readonly kind: 'false' }
  | { readonly kind: 'missing' }
);

export type Comparison =
  | { readonly kind: 'text'; readonly negated: boolean; readonly text: string }
  | { readonly kind: 'regex'; readonly negated: boolean; readonly value: RegexValue }
  | { readonly kind: 'number'; readonly operator: NumberOperator; readonly value: number; readonly text: string };

export type NumberOperator = '=' | '!=' | '<' | '>' | '<=' | '>=';

export interface RegexValue {
  readonly kind: 'regex';
  readonly source: string;
  /** Where it begins in the pattern. */
  readonly position: number;
}

/** `$.a.b[0].*` as the steps that lead from the event to a value. */
export type Selector = readonly SelectorStep[];

export type SelectorStep =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  /** `.*`, any member of an object; `[*]`, any element of an array. */
  | { readonly kind: 'members' | 'elements' };

/** The limit of `filterPattern` in every operation that has one; it bounds all that is made of a pattern. */
export const PATTERN_CHARS_MAX = 1024;
/** `(` within `(`: more than anyone writes, few enough for the parser's own recursion. */
export const NESTING_MAX = 32;
/** User guide, "Supported regular expressions": of JSON and space-delimited patterns. */
export const REGEXES_MAX = 2;
/** User guide, "Using wildcards in JSON filter patterns". */
export const SELECTOR_WILDCARDS_MAX = 1;
export const PATTERN_WILDCARDS_MAX = 3;
