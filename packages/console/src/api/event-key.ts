import { printSearchFilter } from '../../../server/src/event/search/index.ts';
import { type FoundEvent, type SearchInput, searchEvents } from './search-events.ts';

/** What tells an event from all others in addresses. */
export interface EventKey {
  /** Whose record it is. */
  readonly accountId: string;
  /** As `pageIdOf` makes it. */
  readonly eventId: string;
}

/** Of those that CloudTrail makes, and whatever else an address holds as it is; anything may stand in a record. */
const PLAIN_ID = /^[\w-][\w.:-]{0,199}$/;
const BY_SEQUENCE = /^seq-(\d{1,15})$/;

/**
 * What stands for an event in the address of its page: its event ID; where that is missing, as in records from before 2013,
 * or is no text for an address, its place in the log. '' where neither is known.
 */
export function pageIdOf(eventId: string, sequence?: number): string {
  const isPlain = PLAIN_ID.test(eventId) && !BY_SEQUENCE.test(eventId);
  return isPlain || sequence === undefined ? eventId : `seq-${sequence}`;
}

/** An event as people name it: by its id, by `account/id`, or by the address of its page. */
export function readEventKey(text: string, accountId: string): EventKey | undefined {
  const place = text.trim().replace(/[?#].*$/, '');
  const found = /^(?:(?:.*\/)?(\d{12})\/)?([\w%.:-]{1,200})$/.exec(place);
  if (!found) return undefined;
  try {
    return { accountId: found[1] ?? accountId, eventId: decodeURIComponent(found[2]!) };
  } catch {
    return undefined;
  }
}

/** Times of events are whole seconds. */
const SECOND_MS = 1_000;

/**
 * @param at its time (ISO 8601), if a link told it: that second is searched before all others
 * @returns null when there is no such event, or the caller may not see it
 */
export async function findEvent(
  { accountId, eventId }: EventKey,
  at: string,
  signal: AbortSignal,
): Promise<FoundEvent | null> {
  const find = async (input: SearchInput) =>
    (await searchEvents({ ...input, AccountId: accountId, Limit: 1 }, signal)).Events[0];
  const sequence = BY_SEQUENCE.exec(eventId)?.[1];
  if (sequence !== undefined) return (await find({ From: Number(sequence), UpTo: Number(sequence) + 1 })) ?? null;
  const Filter = printSearchFilter({ field: 'eventId', op: '=', value: eventId });
  const atMs = Date.parse(at);
  const second = Number.isNaN(atMs)
    ? undefined
    : { StartTime: new Date(atMs).toISOString(), EndTime: new Date(atMs + SECOND_MS - 1).toISOString() };
  return (second && (await find({ Filter, ...second }))) ?? (await find({ Filter })) ?? null;
}
