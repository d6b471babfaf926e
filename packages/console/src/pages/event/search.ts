import { native } from '../../api/client.ts';
import { printSearchFilter, type SearchFilter } from '../history/search-language.ts';
import { type AuditRecord, objectOf } from './logic/record.ts';

/** An event as this page shows it. */
export interface ShownEvent {
  /** Whose record it is. */
  readonly accountId: string;
  readonly record: AuditRecord;
  /** The record's own text, member by member as it was written. */
  readonly json: string;
}

interface SearchAnswer {
  readonly Events?: readonly { readonly AccountId: string; readonly Record: string }[];
}

export interface Search {
  readonly filter: SearchFilter;
  /** undefined: all accounts that the caller may see. */
  readonly accountId?: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly limit: number;
  readonly order?: 'newest' | 'oldest';
}

/** SearchEvents (docs/native-api.md). The end is included. */
export async function searchEvents(search: Search, signal: AbortSignal): Promise<readonly ShownEvent[]> {
  const { filter, accountId, startMs, endMs, limit, order = 'newest' } = search;
  const input = {
    Filter: printSearchFilter(filter),
    ...(accountId !== undefined && { AccountId: accountId }),
    StartTime: new Date(startMs).toISOString(),
    EndTime: new Date(endMs).toISOString(),
    Limit: limit,
    Order: order,
  };
  const { Events = [] } = await native<SearchAnswer>('search', input, { signal });
  return Events.map(({ AccountId, Record }) => shownEvent(AccountId, Record));
}

export const shownEvent = (accountId: string, json: string): ShownEvent => ({ accountId, json, record: parsed(json) });

/** A record of another shape is an empty one, not a broken page. */
function parsed(json: string): AuditRecord {
  try {
    return objectOf(JSON.parse(json));
  } catch {
    return {};
  }
}

/** CloudTrail began in 2013; nothing is older. */
const FIRST_MS = Date.UTC(2013, 0, 1);
/** Clocks of those who write records may be ahead. */
const AHEAD_MS = 86_400_000;

export interface EventKey {
  readonly accountId: string;
  readonly eventId: string;
}

/**
 * @param at the record's time, if a link told it: the one day is searched before all others
 * @returns null when there is no such event, or the caller may not see it
 */
export async function findEvent(
  { accountId, eventId }: EventKey,
  at: string,
  nowMs: number,
  signal: AbortSignal,
): Promise<ShownEvent | null> {
  const filter: SearchFilter = { field: 'eventId', op: '=', value: eventId };
  const atMs = Date.parse(at);
  const search = { filter, accountId, limit: 1 };
  const all = { ...search, startMs: FIRST_MS, endMs: nowMs + AHEAD_MS };
  const [found] = Number.isNaN(atMs) ? [] : await searchEvents({ ...search, startMs: atMs, endMs: atMs + 999 }, signal);
  return found ?? (await searchEvents(all, signal))[0] ?? null;
}
