import { compileRegex } from '../linear-regex/match.ts';
import { LOGS_REGEX, parseRegex } from '../linear-regex/parse.ts';
import { starTokens, wildcardTest } from '../wildcard.ts';
import { splitFields } from './fields.ts';
import { leavesOf, parseReference } from './parse.ts';
import type {
  Comparison,
  Expression,
  FieldsPattern,
  FilterPattern,
  JsonCondition,
  NumberOperator,
  RegexValue,
  Term,
  TermsPattern,
} from './pattern.ts';
import { compileSelector, printSelector } from './selector.ts';

/** A log event as patterns see it. */
export interface FilterEvent {
  readonly text: string;
  /** The text as JSON; undefined when it is no object or array. Parse once for many patterns: `filterEvent`. */
  readonly json: unknown;
}

export type FilterTest = (event: FilterEvent) => boolean;

/** The text with its JSON, which is parsed when a pattern first asks for it. */
export const filterEvent = (text: string): FilterEvent => new LazyEvent(text);

/** Not an object literal with a getter: V8 makes a hidden class for each of those, and keeps it long. */
class LazyEvent implements FilterEvent {
  readonly text: string;
  #parsed: { readonly json: unknown } | undefined;

  constructor(text: string) {
    this.text = text;
  }

  get json(): unknown {
    this.#parsed ??= { json: jsonOf(this.text) };
    return this.#parsed.json;
  }
}

function jsonOf(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * A pattern as a function over events. It costs time linear in the event, whatever the pattern.
 *
 * Where AWS documents nothing: a comparison holds only for a value that is there, `!=` included, as JSON filters are
 * known to do in practice (`NOT EXISTS` is for the others); null is there and differs from everything; text is compared
 * with the text of strings, numbers and booleans; a number with numbers, and for `=` and `!=` with the text of strings as
 * well, since `{ $.recipientAccountId = 123456789012 }` is a word without quotes no less than a number.
 */
export function compileFilterPattern(pattern: FilterPattern): FilterTest {
  switch (pattern.family) {
    case 'all':
      return () => true;
    case 'terms':
      return compileTerms(pattern);
    case 'json': {
      const holds = compileExpression(pattern.where, compileCondition);
      return ({ json }) => json !== undefined && holds(json);
    }
    case 'fields':
      return compileFields(pattern);
  }
}

type Holds<T> = (value: T) => boolean;

function compileExpression<Leaf, T>(expression: Expression<Leaf>, compileLeaf: (leaf: Leaf) => Holds<T>): Holds<T> {
  if (expression.kind === 'leaf') return compileLeaf(expression.leaf);
  const parts = expression.parts.map((part) => compileExpression(part, compileLeaf));
  const settles = expression.kind === 'or';
  return (value) => {
    for (const part of parts) if (part(value) === settles) return settles;
    return !settles;
  };
}

function compileCondition(condition: JsonCondition): Holds<unknown> {
  const reach = compileSelector(condition.selector);
  const holds = compileValueTest(condition);
  return (json) => reach(json, holds);
}

const STATES = { null: null, true: true, false: false, missing: undefined } as const;

function compileValueTest(condition: JsonCondition): Holds<unknown> {
  if (condition.kind in STATES) {
    const wanted = STATES[condition.kind as keyof typeof STATES];
    return (value) => value === wanted;
  }
  if (condition.kind === 'number') {
    const compare = COMPARE[condition.operator];
    const { value: bound, text, operator } = condition;
    const textIs = operator === '=' ? true : operator === '!=' ? false : undefined;
    return (value) =>
      typeof value === 'number'
        ? compare(value, bound)
        : typeof value === 'string' && textIs !== undefined && (value === text) === textIs;
  }
  const { negated } = condition as Comparison & { kind: 'text' | 'regex' };
  const fits = compileTextTest(condition as Comparison & { kind: 'text' | 'regex' });
  return (value) => {
    if (typeof value === 'string') return fits(value) !== negated;
    if (value === null) return negated;
    return typeof value !== 'object' && value !== undefined && fits(String(value)) !== negated;
  };
}

const COMPARE: Readonly<Record<NumberOperator, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '!=': (value, bound) => value !== bound,
  '<': (value, bound) => value < bound,
  '>': (value, bound) => value > bound,
  '<=': (value, bound) => value <= bound,
  '>=': (value, bound) => value >= bound,
};

const compileTextTest = (comparison: Comparison & { kind: 'text' | 'regex' }): Holds<string> =>
  comparison.kind === 'regex' ? regexTest(comparison.value) : wildcardTest(starTokens(comparison.text));

const regexTest = ({ source, position }: RegexValue): Holds<string> =>
  compileRegex(parseRegex(source, LOGS_REGEX, position), position);

function compileTerms({ all, any, none }: TermsPattern): FilterTest {
  const tests = (terms: readonly Term[]) => terms.map((term) => findTest(term));
  const [hasAll, hasAny, hasNone] = [tests(all), tests(any), tests(none)];
  return ({ text }) =>
    hasAll.every((has) => has(text)) &&
    !hasNone.some((has) => has(text)) &&
    (hasAny.length === 0 || hasAny.some((has) => has(text)));
}

const findTest = (term: Term): Holds<string> =>
  term.kind === 'regex' ? regexTest(term) : (text) => text.includes(term.text);

function compileFields(pattern: FieldsPattern): FilterTest {
  const place = placesOf(pattern);
  const tests = pattern.fields.flatMap(({ where }, index) =>
    where ? [{ index, holds: compileExpression(where, compileFieldTest) }] : [],
  );
  return ({ text }) => {
    const fields = splitFields(text);
    return isRightCount(pattern, fields.length) && tests.every(({ index, holds }) => holds(place(fields, index)));
  };
}

const isRightCount = ({ fields, gap }: FieldsPattern, count: number): boolean =>
  gap === undefined ? count === fields.length : count >= fields.length;

/** The text of a field of the pattern in an event that has enough. */
const placesOf =
  ({ fields, gap = fields.length }: FieldsPattern) =>
  (texts: readonly string[], index: number): string =>
    texts[index < gap ? index : texts.length - fields.length + index]!;

/** A field is text; where the pattern has a number it is compared as one. */
function compileFieldTest(comparison: Comparison): Holds<string> {
  if (comparison.kind !== 'number') {
    const fits = compileTextTest(comparison);
    return (text) => fits(text) !== comparison.negated;
  }
  const compare = COMPARE[comparison.operator];
  return (text) => {
    const value = text === '' ? Number.NaN : Number(text);
    return Number.isNaN(value) ? comparison.operator === '!=' : compare(value, comparison.value);
  };
}

/**
 * What a metric's value or dimension takes from an event that matches; undefined where the event has no such scalar.
 * With a wildcard it is the first.
 * @param reference `$.latency` for JSON patterns; `$bytes` or `$7` for a field of a space-delimited one
 * @throws PatternError when the reference is none, or the pattern has nothing to refer to
 */
export function compileExtraction(
  reference: string,
  pattern: FilterPattern,
): (event: FilterEvent) => string | number | boolean | undefined {
  const parsed = parseReference(reference, pattern);
  if (parsed.kind !== 'selector') {
    const fieldsPattern = pattern as FieldsPattern;
    const place = placesOf(fieldsPattern);
    return ({ text }) => {
      const fields = splitFields(text);
      if (!isRightCount(fieldsPattern, fields.length)) return undefined;
      return parsed.kind === 'field' ? place(fields, parsed.field) : fields[parsed.place];
    };
  }
  const reach = compileSelector(parsed.selector);
  return ({ json }) => {
    let found: string | number | boolean | undefined;
    reach(json, (value) => {
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return false;
      found = value;
      return true;
    });
    return found;
  };
}

/**
 * `extractedValues` of TestMetricFilter, as text: of JSON what the pattern's selectors name, of a line all its fields, those
 * that the pattern has no name for by their place (`$3`).
 */
export function compileExtractedValues(
  pattern: FilterPattern,
): (event: FilterEvent) => Readonly<Record<string, string>> {
  if (pattern.family === 'fields') return (event) => valuesOfLine(pattern, splitFields(event.text));
  const selectors = pattern.family === 'json' ? leavesOf(pattern.where).map(({ selector }) => selector) : [];
  const names = [...new Set(selectors.map(printSelector))];
  const extractions = names.map((name) => [name, compileExtraction(name, pattern)] as const);
  return (event) =>
    Object.fromEntries(
      extractions.flatMap(([name, extract]) => {
        const value = extract(event);
        return value === undefined ? [] : [[name, String(value)]];
      }),
    );
}

function valuesOfLine(pattern: FieldsPattern, texts: readonly string[]): Readonly<Record<string, string>> {
  const { fields, gap = fields.length } = pattern;
  if (!isRightCount(pattern, texts.length)) return {};
  const skipped = texts.length - fields.length;
  return Object.fromEntries(
    texts.map((text, i) => {
      const field = i < gap ? fields[i] : fields[i - skipped];
      const isSkipped = i >= gap && i < gap + skipped;
      return [`$${(!isSkipped && field?.name) || i + 1}`, text];
    }),
  );
}
