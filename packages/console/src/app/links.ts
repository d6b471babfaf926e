import { comparedTo } from '../api/search-language.ts';
import { pathTo } from './router.ts';

/** Where pages link to one another. The event history's names are told in pages/history/state.ts. */
export interface HistoryLink {
  /** A search filter (docs/search.md). */
  readonly filter?: string;
  /** Back from now, `30m`, `24h`, `90d`, or `all`; unless `from` or `to` (ISO 8601, ends included) is given. */
  readonly range?: string;
  readonly from?: string;
  readonly to?: string;
  /** Account ids, parted by commas. */
  readonly account?: string;
  readonly region?: string;
}

export function historyHref({ filter, range, from, to, account, region }: HistoryLink): string {
  const isAbsolute = Boolean(from || to);
  const params = { q: filter, range: isAbsolute ? undefined : range, from, to, account, region };
  const set = Object.entries(params).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return `/events${set.length > 0 ? `?${new URLSearchParams(set)}` : ''}`;
}

/** @param eventTime the record's, where it is known: it is found sooner then */
export const eventHref = (accountId: string, eventId: string, eventTime = ''): string => {
  const path = pathTo('/events/:accountId/:eventId', { accountId, eventId });
  return eventTime === '' ? path : `${path}?${new URLSearchParams({ at: eventTime })}`;
};

export const trailHref = (arn: string): string => pathTo('/trails/:arn…', { arn });

/** A condition of the filter language; the value in JSON's quotes, whatever it holds. */
export function condition(field: string, value: string, op: '=' | '!=' | ':' | '^' = '='): string {
  const compared = op === '=' ? comparedTo(value) : { op, value };
  return `${field} ${compared.op} ${JSON.stringify(compared.value)}`;
}

/** Conditions that must all hold; each that says `or` has its own parentheses. */
export const allOf = (...conditions: readonly string[]): string => conditions.filter((c) => c !== '').join(' and ');
