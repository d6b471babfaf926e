import { parseRegex, SIGMA_REGEX } from '../linear-regex/parse.ts';
import { ANY_ONE, ANY_RUN } from '../wildcard.ts';
import type { Path, SigmaSource } from './document.ts';
import { anyNeedles, bestNeedles, type Needles, needlesOf, needlesOfRegex } from './needles.ts';
import { COMPARISONS, type RuleScalar, textOf, tokensOf, type ValueTest } from './values.ts';

/** A record as rules see it. */
export interface SigmaRecord {
  readonly record: unknown;
  /** All of it as text in lower case, for keywords; made when a rule first asks. */
  readonly text: string;
}

export type RecordTest = (record: SigmaRecord) => boolean;

/** Values for `%placeholders%`, which whoever runs a rule has to know. */
export type Placeholders = Readonly<Record<string, readonly string[]>>;

/** A test, and what it takes for granted. */
export interface CompiledSelection {
  readonly test: RecordTest;
  /** If the test holds, the record's eventName is one of these (lower case). */
  readonly eventNames?: ReadonlySet<string> | undefined;
  /** If the test holds, one of these stands in the record. */
  readonly needles?: Needles | undefined;
}

interface Compilation extends Pick<SigmaSource, 'invalid'> {
  readonly placeholders: Placeholders;
}

/** A map: all of its fields. A list: any of its maps, or of its words anywhere in the record. */
export function compileSelection(selection: unknown, path: Path, compilation: Compilation): CompiledSelection {
  if (Array.isArray(selection)) {
    if (selection.length === 0) throw compilation.invalid(path, 'the list is empty');
    const items = selection.map((item, i) => compileSelection(item, [...path, i], compilation));
    return anyOf(items);
  }
  if (typeof selection === 'object' && selection !== null) return compileMap(selection, path, compilation);
  return keyword(selection, path, compilation);
}

function compileMap(map: object, path: Path, compilation: Compilation): CompiledSelection {
  const entries = Object.entries(map);
  if (entries.length === 0) throw compilation.invalid(path, 'the selection is empty');
  const fields = entries.map(([key, wanted]) => compileField(key, wanted, [...path, key], compilation));
  const names = entries.filter(([key]) => key === 'eventName').flatMap(([, wanted]) => exactNames(wanted) ?? []);
  return { ...allOf(fields), eventNames: names.length > 0 ? new Set(names) : undefined };
}

/** The values as names in lower case, unless one of them is more than a plain word. */
function exactNames(wanted: unknown): readonly string[] | undefined {
  const values = [wanted].flat();
  const isPlain = (value: unknown): value is string =>
    typeof value === 'string' && !tokensOf(value).some((token) => token === ANY_RUN || token === ANY_ONE);
  return values.every(isPlain) ? values.map((value) => tokensOf(value).join('').toLowerCase()) : undefined;
}

/** One suffices: what each takes for granted, all together. */
export function anyOf(parts: readonly CompiledSelection[]): CompiledSelection {
  if (parts.length === 1) return parts[0]!;
  const tests = parts.map(({ test }) => test);
  const names = parts.map(({ eventNames }) => eventNames);
  return {
    test: (record) => tests.some((test) => test(record)),
    eventNames: names.every((set) => set !== undefined) ? new Set(names.flatMap((set) => [...set])) : undefined,
    needles: anyNeedles(parts.map(({ needles }) => needles)),
  };
}

/** All must hold: what one of them takes for granted. */
export function allOf(parts: readonly CompiledSelection[]): CompiledSelection {
  if (parts.length === 1) return parts[0]!;
  const tests = parts.map(({ test }) => test);
  return {
    test: (record) => tests.every((test) => test(record)),
    eventNames: parts.find(({ eventNames }) => eventNames)?.eventNames,
    needles: bestNeedles(parts.map(({ needles }) => needles)),
  };
}

/** `requestParameters.policy|contains|all: […]`: a field, how to compare, and with what. */
function compileField(key: string, wanted: unknown, path: Path, compilation: Compilation): CompiledSelection {
  const { invalid } = compilation;
  const [field = '', ...modifiers] = key.split('|');
  const has = (modifier: string) => modifiers.includes(modifier);
  const values = [wanted].flat();
  if (values.length === 0) throw invalid(path, `'${key}' has no value`);
  if (field === '') {
    const words = values.map((value, i) => keyword(value, [...path, i], compilation));
    if (modifiers.some((modifier) => modifier !== 'all')) throw invalid(path, `'${key}' names no field`);
    return has('all') ? allOf(words) : anyOf(words);
  }
  const keys = field.split('.');
  if (has('exists')) {
    if (modifiers.length > 1 || typeof wanted !== 'boolean') throw invalid(path, `'${key}' must be true or false`);
    return { test: ({ record }) => anyValue(record, keys, 0, () => true) === wanted };
  }
  const parts = values.map((value, i): CompiledSelection => {
    if (value === null) {
      if (modifiers.length > 0) throw invalid(path, `null has no meaning with '${key}'`);
      return { test: ({ record }) => !anyValue(record, keys, 0, () => true) };
    }
    if (!isScalar(value))
      throw invalid([...path, i], `the value of '${key}' must be text, a number, true, false or null`);
    if (has('fieldref')) {
      return { test: fieldReference(keys, modifiers, String(value), path, invalid) };
    }
    const alternatives = has('expand') ? expand(String(value), path, compilation) : [value];
    const any = alternatives.map((one) => valueTest(one, key, modifiers, path, invalid));
    const test: RecordTest = ({ record }) => anyValue(record, keys, 0, (found) => any.some((one) => one(found)));
    return { test, needles: anyNeedles(alternatives.map((one) => wordsIn(one, modifiers))) };
  });
  return has('all') ? allOf(parts) : anyOf(parts);
}

/** How values are compared whose words must be there. */
const OF_TEXT: ReadonlySet<string> = new Set(['contains', 'startswith', 'endswith', 'all', 'cased', 'expand']);
const OF_REGEX: ReadonlySet<string> = new Set(['re', 'i', 'all', 'expand']);

function wordsIn(value: RuleScalar, modifiers: readonly string[]): Needles | undefined {
  if (modifiers.every((modifier) => OF_TEXT.has(modifier))) return wordsOf(value);
  if (modifiers.every((modifier) => OF_REGEX.has(modifier)))
    return needlesOfRegex(parseRegex(String(value), SIGMA_REGEX));
  return undefined;
}

const wordsOf = (value: RuleScalar): Needles | undefined => needlesOf(tokensOf(String(value)));

/** Modifiers that say something beside how to compare. */
const BESIDE: ReadonlySet<string> = new Set(['all', 'expand', 'cased', 'neq']);

function valueTest(
  value: RuleScalar,
  key: string,
  modifiers: readonly string[],
  path: Path,
  invalid: SigmaSource['invalid'],
): ValueTest {
  const how = modifiers.filter((modifier) => !BESIDE.has(modifier)).join('|');
  const comparison = COMPARISONS.get(how);
  if (!comparison) throw invalid(path, `the modifiers of '${key}' are not supported (${how})`);
  try {
    const test = comparison(value, modifiers.includes('cased'));
    return modifiers.includes('neq') ? (found) => !test(found) : test;
  } catch (error) {
    throw invalid(path, (error as Error).message);
  }
}

/** The value of another field of the same record. */
function fieldReference(
  keys: readonly string[],
  modifiers: readonly string[],
  other: string,
  path: Path,
  invalid: SigmaSource['invalid'],
): RecordTest {
  if (modifiers.length > 1) throw invalid(path, "'fieldref' goes with no other modifier");
  const others = other.split('.');
  return ({ record }) =>
    anyValue(record, keys, 0, (one) => anyValue(record, others, 0, (two) => textOf(one) === textOf(two)));
}

function expand(text: string, path: Path, { placeholders, invalid }: Compilation): readonly string[] {
  const name = /^%(\w+)%$/.exec(text)?.[1];
  const values = name !== undefined && Object.hasOwn(placeholders, name) ? placeholders[name] : undefined;
  if (!values) throw invalid(path, `write your own values instead of the placeholder ${text}`);
  return values;
}

function keyword(word: unknown, path: Path, { invalid }: Compilation): CompiledSelection {
  if (!isScalar(word)) throw invalid(path, 'a selection is a map of fields, a list of such maps, or a list of words');
  const fits = COMPARISONS.get('contains')!(String(word).toLowerCase(), true);
  return { test: ({ text }) => fits(text), needles: wordsOf(word) };
}

const isScalar = (value: unknown): value is RuleScalar =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** Whether `test` holds for a value at a path; each item of a list is one. Null is as good as absent. */
function anyValue(value: unknown, keys: readonly string[], depth: number, test: ValueTest): boolean {
  if (Array.isArray(value)) return value.some((item) => anyValue(item, keys, depth, test));
  if (value === undefined || value === null) return false;
  if (depth === keys.length) return test(value);
  const key = keys[depth]!;
  if (typeof value !== 'object' || !Object.hasOwn(value, key)) return false;
  return anyValue((value as Record<string, unknown>)[key], keys, depth + 1, test);
}
