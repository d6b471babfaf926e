import { allOf, fieldOfPath, SEARCH_FIELDS, type SearchFilter } from '../../../api/search-language.ts';
import type { RecordPath } from '../../../parts/events/record.ts';
import type { Condition, Operator } from './conditions.ts';

const OPS = { is: '=', 'is not': '!=', 'begins with': '^', contains: ':' } as const satisfies Record<
  Exclude<Operator, 'exists'>,
  string
>;

/** The conditions as a search: all of them hold. undefined for none. */
export const searchOf = (conditions: readonly Condition[]): SearchFilter | undefined =>
  allOf(conditions.map(conditionOf));

function conditionOf({ path, operator, value }: Condition): SearchFilter {
  const field = searchFieldOf(path);
  return operator === 'exists' ? { field, op: 'exists' } : { field, op: OPS[operator], value: String(value) };
}

/** A field by the name that it has of its own, which is faster than its path; any item of a list. */
export function searchFieldOf(path: RecordPath): string {
  const known = SEARCH_FIELDS.find((field) => field.path?.join('.') === path.join('.'));
  if (known) return known.name;
  return fieldOfPath(path).replace(/"(?:[^"\\]|\\.)*"|\[\d+\]/g, (part) => (part.startsWith('"') ? part : '[*]'));
}
