import { comparedTo, parseSearchFilter, type SearchFilter, sameAs } from '../../api/search-language.ts';

/** What a click on a facet's value makes of the filter. Several values of one field that are included are alternatives. */

/** What cannot be read is told where it is written: whoever adds a condition to it begins anew. */
export function readFilter(text: string): SearchFilter | undefined {
  try {
    return parseSearchFilter(text);
  } catch {
    return undefined;
  }
}

export type FacetChoice = 'included' | 'excluded' | undefined;

/** How the filter treats a value of a field, as far as a facet can have said so. */
export function facetChoice(filter: SearchFilter | undefined, field: string, value: string): FacetChoice {
  for (const condition of conditionsOf(filter)) {
    if (isExclusion(condition, field, value)) return 'excluded';
    if (isInclusion(condition, field, value)) return 'included';
  }
  return undefined;
}

/** Includes the value, or takes it back if it is included already. */
export function toggleIncluded(filter: SearchFilter | undefined, field: string, value: string) {
  const others = conditionsOf(filter).filter((condition) => !isExclusion(condition, field, value));
  if (isLong(value)) {
    const rest = others.filter((condition) => !isInclusion(condition, field, value));
    return all(rest.length < others.length ? rest : [...rest, sameAs(field, value)]);
  }
  const place = others.findIndex((condition) => alternativesOf(condition, field) !== undefined);
  const before = place < 0 ? [] : alternativesOf(others[place]!, field)!;
  const values = before.includes(value) ? before.filter((one) => one !== value) : [...before, value];
  const condition = oneOf(field, values);
  if (place < 0) return all([...others, ...condition]);
  return all([...others.slice(0, place), ...condition, ...others.slice(place + 1)]);
}

/** Excludes the value, or takes it back if it is excluded already. */
export function toggleExcluded(filter: SearchFilter | undefined, field: string, value: string) {
  const excluded = facetChoice(filter, field, value) === 'excluded';
  const included = facetChoice(filter, field, value) === 'included';
  const conditions = conditionsOf(included ? toggleIncluded(filter, field, value) : filter);
  if (!excluded) return all([...conditions, exclusionOf(field, value)]);
  return all(conditions.filter((condition) => !isExclusion(condition, field, value)));
}

/** Whether the filter names values of the field that are to be shown. */
export const isIncluding = (filter: SearchFilter | undefined, field: string): boolean =>
  conditionsOf(filter).some((condition) => alternativesOf(condition, field) !== undefined);

/** The filter as it were if no value of the field had been included: what else there is to include. */
export const withoutIncluded = (filter: SearchFilter | undefined, field: string): SearchFilter | undefined =>
  all(conditionsOf(filter).filter((condition) => alternativesOf(condition, field) === undefined));

const conditionsOf = (filter: SearchFilter | undefined): readonly SearchFilter[] =>
  filter === undefined ? [] : 'and' in filter ? filter.and : [filter];

const all = (conditions: readonly SearchFilter[]): SearchFilter | undefined =>
  conditions.length > 1 ? { and: [...conditions] } : conditions[0];

function oneOf(field: string, values: readonly string[]): readonly SearchFilter[] {
  if (values.length === 0) return [];
  return values.length === 1 ? [{ field, op: '=', value: values[0]! }] : [{ field, op: 'in', values: [...values] }];
}

/** The values of a condition that is `field = a`, `field in (…)` or alternatives of these; undefined of any other. */
function alternativesOf(condition: SearchFilter, field: string): readonly string[] | undefined {
  if ('or' in condition) {
    const each = condition.or.map((member) => alternativesOf(member, field));
    return each.some((values) => values === undefined) ? undefined : each.flatMap((values) => values!);
  }
  if (!('field' in condition) || condition.field !== field) return undefined;
  if (condition.op === 'in') return condition.values;
  return condition.op === '=' ? [condition.value] : undefined;
}

/** Of these the beginning alone is compared, each by a condition of its own. */
const isLong = (value: string): boolean => comparedTo(value).op === '^';

const isInclusion = (condition: SearchFilter, field: string, value: string): boolean =>
  isLong(value)
    ? isComparison(condition, field, '^', comparedTo(value).value)
    : alternativesOf(condition, field)?.includes(value) === true;

function exclusionOf(field: string, value: string): SearchFilter {
  const { op, value: compared } = comparedTo(value);
  return { field, op: op === '=' ? '!=' : '!^', value: compared };
}

const isExclusion = (condition: SearchFilter, field: string, value: string): boolean =>
  isComparison(condition, field, isLong(value) ? '!^' : '!=', comparedTo(value).value);

const isComparison = (condition: SearchFilter, field: string, op: string, value: string): boolean =>
  'op' in condition &&
  condition.op === op &&
  'value' in condition &&
  condition.field === field &&
  condition.value === value;
