import { pathTo } from './router.ts';
import { integer, list, oneOf, text, writeState } from './url-state.ts';

/**
 * State of the event history in its address, so that every page can link to it. `q` is a search filter (docs/search.md);
 * `range` is a stretch back from now (`30m`, `24h`, `90d`), unless `from` and `to` (ISO 8601) are given.
 */
export const HISTORY_STATE = {
  q: text(),
  range: text('24h'),
  from: text(),
  to: text(),
  order: oneOf(['newest', 'oldest'], 'newest'),
  account: text(),
  columns: list(),
  live: oneOf(['', '1'], ''),
  size: integer(50),
} as const;

export interface HistoryLink {
  readonly filter?: string;
  readonly range?: string;
  readonly from?: string;
  readonly to?: string;
  readonly account?: string;
}

export function historyHref({ filter = '', range = '', from = '', to = '', account = '' }: HistoryLink): string {
  const absolute = from !== '' || to !== '';
  return `/events${writeState(HISTORY_STATE, '', {
    q: filter,
    account,
    ...(absolute ? { from, to } : range !== '' && { range }),
  })}`;
}

export const eventHref = (accountId: string, eventId: string): string =>
  pathTo('/events/:accountId/:eventId', { accountId, eventId });

export const trailHref = (arn: string): string => pathTo('/trails/:arn…', { arn });

/** A condition of the filter language; the value in JSON's quotes, whatever it holds. */
export const condition = (field: string, value: string, op: '=' | '!=' | ':' | '^' = '='): string =>
  `${field} ${op} ${JSON.stringify(value)}`;

/** Conditions that must all hold. */
export const allOf = (...conditions: readonly string[]): string => conditions.filter((c) => c !== '').join(' and ');
