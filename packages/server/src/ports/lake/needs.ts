import { type Condition, foldCase, resolveField, type SearchFilter, textNeedles } from '../../event/search/index.ts';

/** What the text of each record must hold of which a filter is true: pieces of ASCII, in lower case. */
export type Need =
  | { readonly all: readonly Need[] }
  | { readonly any: readonly Need[] }
  | { readonly not: Need }
  /** All of these; of none, nothing is known. `isAll`: and of each record as it is spelt that holds them it is true. */
  | { readonly pieces: readonly string[]; readonly isAll?: true };

const UNKNOWN: Need = { pieces: [] };

/** @throws PatternError when it names nothing */
export function needOf(filter: SearchFilter): Need {
  if ('and' in filter) return { all: filter.and.map(needOf) };
  if ('or' in filter) return { any: filter.or.map(needOf) };
  if ('not' in filter) return { not: needOf(filter.not) };
  return needOfCondition(filter);
}

function needOfCondition(condition: Condition): Need {
  // Free text stands in the record as it is asked for, whatever it is a part of there.
  if ('text' in condition) return { any: textNeedles(condition.text).map(needOfText) };
  const reference = resolveField(condition.field);
  // Fields of their own have columns, and what the header says need not stand in the record.
  if ('field' in reference || condition.op.startsWith('!')) return UNKNOWN;
  const names = reference.path.flatMap((step) => ('name' in step ? tokens(step.name) : []));
  if (condition.op === 'in') return { any: condition.values.map((value) => piecesOf([...names, ...tokens(value)])) };
  const values = 'value' in condition && MATCHING.has(condition.op) ? tokens(condition.value) : [];
  return piecesOf([...names, ...values]);
}

const needOfText = (needle: string): Need =>
  /^\p{ASCII}+$/u.test(needle) ? { pieces: [needle], isAll: true } : piecesOf(needle.split(/[^\p{ASCII}]+/u));

/** Operators whose value is a part of what they find. */
const MATCHING: ReadonlySet<string> = new Set(['=', ':', '^']);

const piecesOf = (texts: readonly string[]): Need => ({ pieces: texts.filter((text) => text !== '') });

/**
 * The parts of a value that stand in JSON as they are, within one name or text: none that JSON may write in other ways, or
 * with blanks between. (A value may be an object's JSON. What stands before a colon of that is a quote.)
 */
const tokens = (value: string): readonly string[] =>
  foldCase(value)
    .split(/[^\u0020-\u007e]+|["\\{}[\],]+/)
    .map((token) => token.replace(/^[:\s]+/, ''));

/** Whether a text, in lower case, may be of a record of which the filter is true. */
export function mayHold(need: Need, text: string): boolean {
  if ('any' in need) return need.any.some((part) => mayHold(part, text));
  if ('all' in need) return need.all.every((part) => mayHold(part, text));
  if ('not' in need) return true;
  return need.pieces.every((piece) => text.includes(piece));
}
