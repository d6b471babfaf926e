import { allOf, parseSearchFilter, printSearchFilter, type SearchFilter } from '../../api/search-language.ts';
import { resolveRange } from '../../ui/range.ts';
import type { HistoryState } from './state.ts';

/** What SearchEvents, ExportEvents and TailRecords are asked alike. */
export interface Scope {
  readonly Filter?: string;
  readonly AccountId?: string;
  readonly StartTime?: string;
  readonly EndTime?: string;
}

export interface Search extends Scope {
  readonly Order: 'newest' | 'oldest';
  /** Only events accepted before this one. */
  readonly UpTo?: number;
}

type Asked = Pick<HistoryState, 'filter' | 'range' | 'accounts' | 'regions' | 'order'>;

/**
 * The request that a state means at `nowMs`.
 * @throws PatternError for a filter that cannot be read
 */
export function searchOf(state: Asked, nowMs: number): Search {
  const { startMs, endMs } = resolveRange(state.range, nowMs);
  return {
    ...scopeOf(state),
    ...(startMs !== undefined && { StartTime: new Date(startMs).toISOString() }),
    ...(endMs !== undefined && { EndTime: new Date(endMs).toISOString() }),
    Order: state.order,
  };
}

/** The same without a time: what live mode follows. */
export function scopeOf({ filter, accounts, regions }: Pick<Asked, 'filter' | 'accounts' | 'regions'>): Scope {
  const [account, ...more] = accounts;
  const asked = allOf([
    more.length > 0 ? oneOf('accountId', accounts) : undefined,
    regions.length > 0 ? oneOf('awsRegion', regions) : undefined,
    parseSearchFilter(filter),
  ]);
  return {
    ...(asked && { Filter: printSearchFilter(asked) }),
    // One account has a parameter of its own: it says which folder of the lake to read.
    ...(account !== undefined && more.length === 0 && { AccountId: account }),
  };
}

const oneOf = (field: string, values: readonly string[]): SearchFilter =>
  values.length === 1 ? { field, op: '=', value: values[0]! } : { field, op: 'in', values };
