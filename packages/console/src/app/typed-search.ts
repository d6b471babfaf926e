import { allOf, parseSearchFilter, printSearchFilter, type SearchFilter } from '../api/search-language.ts';

/** Each search is an event that holds what was searched for: who searches again looks for none of these. */
const EARLIER_SEARCHES = 'SearchEvents';

/** Whether a filter is made of text alone, without a word of fields. */
export function isText(filter: SearchFilter | undefined): boolean {
  if (filter === undefined) return false;
  if ('and' in filter) return filter.and.every(isText);
  if ('or' in filter) return filter.or.every(isText);
  return 'not' in filter ? isText(filter.not) : 'text' in filter;
}

/**
 * The filter that is meant by what is typed in the top bar: itself; of mere text the events that hold it, without the searches
 * for it, which the page shows as a condition like any other.
 */
export function typedSearch(typed: string): string {
  const text = typed.trim();
  try {
    const filter = parseSearchFilter(text);
    if (!isText(filter) || text.includes(EARLIER_SEARCHES)) return text;
    return printSearchFilter(allOf([filter, { field: 'eventName', op: '!=', value: EARLIER_SEARCHES }]));
  } catch {
    return text; // The page says what is wrong with it.
  }
}
