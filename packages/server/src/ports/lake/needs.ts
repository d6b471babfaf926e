import { foldCase, type PathStep, resolveField, type SearchFilter, textNeedles } from '../../event/search/index.ts';
import { codedField } from './coded-fields.ts';
import { ELEMENTS } from './leaf-paths.ts';
import type { ValueCondition } from './value-ids.ts';

/** What the text of each record must hold of which a filter is true: pieces of ASCII, in lower case. */
export type Need =
  | { readonly all: readonly Need[] }
  | { readonly any: readonly Need[] }
  | { readonly not: Need }
  | Coded
  | Timed
  | Pieces
  | AtPlace;

/** Some value of a field of `CODED_FIELDS`. */
export interface Coded {
  readonly coded: number;
  readonly condition: ValueCondition;
}

/** The event's time. */
export interface Timed {
  readonly time: ValueCondition;
}

/** All of these; of none, nothing is known. `isAll`: and of each record as it is spelt that holds them it is true. */
export interface Pieces {
  readonly pieces: readonly string[];
  readonly isAll?: true;
}

/** Some value at a place of the record, or an object's or a list's JSON. */
export interface AtPlace {
  /** As `LeafPaths` has texts of paths. */
  readonly place: string;
  /** Whether it is all that stands there, and not one of some elements. */
  readonly isWhole: boolean;
  /** What must be true of it, as of a field called `VALUE`. */
  readonly condition: ValueCondition;
  /** Pieces of names on the way there, and of the value. */
  readonly names: Pieces;
  readonly value: Need;
}
export const VALUE = 'value';

const UNKNOWN: Need = { pieces: [] };

/** @throws PatternError when it names nothing */
export function needOf(filter: SearchFilter): Need {
  if ('and' in filter) return { all: filter.and.map(needOf) };
  if ('or' in filter) return { any: filter.or.map(needOf) };
  if ('not' in filter) return { not: needOf(filter.not) };
  // Free text stands in the record as it is asked for, whatever it is a part of there.
  return 'text' in filter ? { any: textNeedles(filter.text).map(needOfText) } : needOfCondition(filter);
}

const needOfText = (needle: string): Need =>
  /^\p{ASCII}+$/u.test(needle) ? { pieces: [needle], isAll: true } : piecesOf(needle.split(/[^\p{ASCII}]+/u));

function needOfCondition(condition: ValueCondition): Need {
  const reference = resolveField(condition.field);
  if ('field' in reference) {
    if (reference.field.kind === 'time') return { time: condition };
    // Of others, what the header says need not stand in the record.
    const coded = codedField(condition.field);
    return coded < 0 ? UNKNOWN : { coded, condition };
  }
  if (condition.op.startsWith('!'))
    return { not: needOfCondition({ ...condition, op: condition.op.slice(1) } as ValueCondition) };
  const names = piecesOf(reference.path.flatMap((step) => ('name' in step ? tokens(step.name) : [])));
  const value = needOfValue(condition);
  const place = placeOf(reference.path);
  if (place === undefined || mayBeJson(condition)) return { all: [names, value] };
  const isWhole = reference.path.every((step) => !('index' in step));
  return { place, isWhole, condition: { ...condition, field: `"${VALUE}"` }, names, value };
}

function needOfValue(condition: ValueCondition): Need {
  if (condition.op === 'in') return { any: condition.values.map((value) => piecesOf(tokens(value))) };
  return 'value' in condition && MATCHING.has(condition.op) ? piecesOf(tokens(condition.value)) : UNKNOWN;
}

/** @returns undefined when some name is written in more than one way */
function placeOf(path: readonly PathStep[]): string | undefined {
  if (path.some((step) => 'name' in step && !IS_PLAIN_NAME.test(step.name))) return undefined;
  return path.map((step) => ('name' in step ? `"${step.name}"` : ELEMENTS)).join('');
}

const IS_PLAIN_NAME = /^[ !#-[\]-\u007f]*$/;

/** Whether more than one leaf may make up what is looked for: of an object, or a list. */
function mayBeJson(condition: ValueCondition): boolean {
  if (condition.op === 'exists') return false;
  const values = condition.op === 'in' ? condition.values : [condition.value];
  if (condition.op === ':') return !values.every((value) => isWithinToken(foldCase(value)));
  return values.some((value) => /^[[{]|^$/.test(value));
}

/**
 * Whether a text, wherever it stands in compact JSON, stands within one text, name, number or constant of it, with the quotes
 * around that: what stands between those, numbers and constants included, holds no other characters than these.
 * @param text in lower case
 */
export function isWithinToken(text: string): boolean {
  const parts = text.replace(/^"/, '').replace(/"$/, '').split('"');
  if (parts.length > 1) return parts.every((part) => !BETWEEN.test(part));
  return parts[0] !== '' && (!BETWEEN.test(parts[0]!) || !/[\s[\]{},:]/.test(parts[0]!));
}

const BETWEEN = /^[\s[\]{},:\d.+\-truefalsn]*$/;

/** Operators whose value is a part of what they find. */
const MATCHING: ReadonlySet<string> = new Set(['=', ':', '^']);

const piecesOf = (texts: readonly string[]): Pieces => ({ pieces: texts.filter((text) => text !== '') });

/**
 * The parts of a value that stand in JSON as they are, within one name or text: none that JSON may write in other ways, or
 * with blanks between. (A value may be an object's JSON. What stands before a colon of that is a quote.)
 */
const tokens = (value: string): readonly string[] =>
  foldCase(value)
    .split(/[^\u0020-\u007e]+|["\\{}[\],]+/)
    .map((token) => token.replace(/^[:\s]+/, ''));

/** Whether columns are all that it takes to say where a part of a need is met, that none is a part of. */
export const isOfColumns = (need: Need): need is Coded | Timed => 'coded' in need || 'time' in need;

/** Whether they are all that it takes for all parts of it. */
export function isAllOfColumns(need: Need): boolean {
  if ('any' in need) return need.any.every(isAllOfColumns);
  if ('all' in need) return need.all.every(isAllOfColumns);
  return 'not' in need ? isAllOfColumns(need.not) : isOfColumns(need);
}

/** Whether a text, in lower case, may be of a record of which the filter is true. */
export function mayHold(need: Need, text: string): boolean {
  if ('any' in need) return need.any.some((part) => mayHold(part, text));
  if ('all' in need) return need.all.every((part) => mayHold(part, text));
  if ('not' in need || isOfColumns(need)) return true;
  if ('place' in need) return mayHold(need.names, text) && mayHold(need.value, text);
  return need.pieces.every((piece) => text.includes(piece));
}
