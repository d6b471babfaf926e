import { type EventKey, findEvent, pageIdOf } from '../../api/event-key.ts';
import { searchEvents as ask, type FoundEvent } from '../../api/search-events.ts';
import { printSearchFilter, type SearchFilter } from '../../api/search-language.ts';
import { type AuditRecord, objectOf, textOf } from './record.ts';

/** An event as this page shows it. */
export interface ShownEvent {
  /** Whose record it is. */
  readonly accountId: string;
  /** What its page is named by (`pageIdOf`): '' when it has none. */
  readonly id: string;
  readonly record: AuditRecord;
  /** The record's own text, member by member as it was written. */
  readonly json: string;
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
  return (await ask(input, signal)).Events.map(shownOf);
}

export const shownOf = ({ AccountId, Record, Sequence }: FoundEvent): ShownEvent =>
  shownEvent(AccountId, Record, Sequence);

/** @param sequence its place in the log, where that is known */
export function shownEvent(accountId: string, json: string, sequence?: number): ShownEvent {
  const record = parsed(json);
  return { accountId, id: pageIdOf(textOf(record.eventID), sequence), json, record };
}

/** A record of another shape is an empty one, not a broken page. */
function parsed(json: string): AuditRecord {
  try {
    return objectOf(JSON.parse(json));
  } catch {
    return {};
  }
}

/** The event that a key names. @param at its time, if a link told it @returns null when there is none, or it must not be seen */
export async function loadEvent(key: EventKey, at: string, signal: AbortSignal): Promise<ShownEvent | null> {
  const found = await findEvent(key, at, signal);
  return found && shownOf(found);
}
