import type { EventHeader } from '../event.ts';
import { type PathStep, resolveField } from './field-path.ts';
import type { SearchableEvent } from './fields.ts';
import { type Condition, foldCase, NUMBER, type SearchFilter, type SearchOp, textNeedles, timeOf } from './filter.ts';

export type SearchTest = (event: SearchableEvent) => boolean;

/**
 * A filter as a function over events. It costs time linear in the event for each condition.
 * @throws PatternError when a filter that was made by hand names no field
 */
export function compileSearchFilter(filter: SearchFilter | undefined): SearchTest {
  if (filter === undefined) return () => true;
  if ('not' in filter) {
    const inner = compileSearchFilter(filter.not);
    return (event) => !inner(event);
  }
  if ('and' in filter || 'or' in filter) {
    const settles = 'or' in filter;
    const parts = (settles ? filter.or : filter.and).map(compileSearchFilter);
    return (event) => {
      for (const part of parts) if (part(event) === settles) return settles;
      return !settles;
    };
  }
  return compileCondition(filter);
}

function compileCondition(condition: Condition): SearchTest {
  if ('text' in condition) {
    const needles = textNeedles(condition.text);
    return (event) => {
      const folded = event.fold(event.text);
      return needles.some((needle) => folded.includes(needle));
    };
  }
  const reference = resolveField(condition.field);
  if ('field' in reference && reference.field.kind === 'time') {
    const holds = compileOnTime(condition);
    return ({ header }) => holds(header.timeMs);
  }
  const valuesOf = compileValues(condition.field);
  const holds = compileOnValues(condition);
  return (event) => holds(valuesOf(event), event);
}

/** Whether a condition holds for an event with these values of its field, none of them empty. */
export type ValuesTest = (values: readonly string[], folding: Folding) => boolean;
type Folding = Pick<SearchableEvent, 'fold'>;

/** What a condition says of its field's values (`compileValues`), whatever the field is: not for times. */
export function compileOnValues(condition: Exclude<Condition, { readonly text: string }>): ValuesTest {
  if (condition.op === 'exists') return (values) => values.length > 0;
  if (condition.op === 'in') {
    const wanted: ReadonlySet<string> = new Set(condition.values);
    return (values) => values.some((value) => wanted.has(value));
  }
  const [negated, holds] = compileOperator(condition.op, condition.value);
  return (values, folding) => values.some((value) => holds(value, folding)) !== negated;
}

type Holds = (value: string, folding: Folding) => boolean;

/** A negated operator is what its opposite is not. */
function compileOperator(op: SearchOp, wanted: string): readonly [negated: boolean, Holds] {
  if (op.startsWith('!')) return [true, compileOperator(op.slice(1) as SearchOp, wanted)[1]];
  const folded = foldCase(wanted);
  switch (op) {
    case '=':
      return [false, (value) => value === wanted];
    case ':':
      return [false, (value, folding) => folding.fold(value).includes(folded)];
    case '^':
      return [false, (value, folding) => folding.fold(value).startsWith(folded)];
    default: {
      const compare = COMPARE[op as keyof typeof COMPARE];
      const bound = Number(wanted);
      return [false, (value) => NUMBER.test(value) && compare(Number(value), bound)];
    }
  }
}

type Compare = (value: number, bound: number) => boolean;

const COMPARE: Readonly<Record<'=' | '>' | '>=' | '<' | '<=', Compare>> = {
  '=': (value, bound) => value === bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
};

/** What a condition says of a time, ms since the epoch. */
export function compileOnTime(condition: Exclude<Condition, { readonly text: string }>): (ms: number) => boolean {
  if (condition.op === 'exists') return () => true;
  const negated = condition.op === '!=';
  const compare = COMPARE[(negated ? '=' : condition.op) as keyof typeof COMPARE] as Compare | undefined;
  const bound = 'value' in condition ? timeOf(condition.value) : undefined;
  if (bound === undefined || compare === undefined) return () => false;
  return (ms) => compare(ms, bound) !== negated;
}

/**
 * The values of a field as text. What is missing, null or empty is no value; an object or a list is its JSON.
 * @param name as in filters @throws PatternError when it names nothing
 */
export function compileValues(name: string): (event: SearchableEvent) => readonly string[] {
  const reference = resolveField(name);
  if ('path' in reference) return compilePath(reference.path);
  const { of, path, kind } = reference.field;
  if (kind === 'time') return ({ header }) => [new Date(header.timeMs).toISOString().replace('.000Z', 'Z')];
  return of ? ofHeader(of) : compilePath(path!.map((step) => ({ name: step })));
}

function ofHeader(of: (header: EventHeader) => string | undefined | readonly string[]) {
  return ({ header }: SearchableEvent): readonly string[] => {
    const found = of(header);
    if (found === undefined || found === '') return NONE;
    return typeof found === 'string' ? [found] : found.filter((value) => value !== '');
  };
}

const NONE: readonly string[] = [];

function compilePath(path: readonly PathStep[]): (event: SearchableEvent) => readonly string[] {
  return (event) => {
    const values: string[] = [];
    collect(event, event.record, path, 0, values);
    return values;
  };
}

function collect(
  event: SearchableEvent,
  value: unknown,
  path: readonly PathStep[],
  depth: number,
  values: string[],
): void {
  const step = path[depth];
  if (step === undefined) {
    const text = textOf(event, value);
    if (text !== '') values.push(text);
  } else if ('name' in step) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    if (Object.hasOwn(value, step.name)) {
      collect(event, (value as Record<string, unknown>)[step.name], path, depth + 1, values);
    }
  } else if (Array.isArray(value)) {
    if ('index' in step) collect(event, value[step.index], path, depth + 1, values);
    else for (const element of value) collect(event, element, path, depth + 1, values);
  }
}

function textOf(event: SearchableEvent, value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? event.jsonOf(value) : String(value);
}
