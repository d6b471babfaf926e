import { type LooseRecord, lookupKeys, objectOf } from '../../../../server/src/event/lookup-keys.ts';
import { pageIdOf } from '../../api/event-key.ts';
import type { FoundEvent } from '../../api/search-events.ts';
import { compileValues, type SearchableEvent, searchableEvent } from '../../api/search-language.ts';
import { timeMs } from '../../ui/format.ts';

/** An event as it stands in the list. */
export interface EventRow {
  /** Tells it from all others, of any account. */
  readonly key: string;
  readonly accountId: string;
  /** What its page is named by (`pageIdOf`). */
  readonly eventId: string;
  readonly event: SearchableEvent;
  readonly errorCode: string;
}

export function rowOf({ Sequence, AccountId: accountId, EventTime, Record }: FoundEvent): EventRow {
  const record = readRecord(Record);
  const header = { ...headerOf(record), accountId, timeMs: timeMs(EventTime) };
  const event = searchableEvent(header, record === BROKEN ? '{}' : Record);
  const eventId = pageIdOf(header.eventId, Sequence);
  return { key: String(Sequence), accountId, eventId, event, errorCode: text(record.errorCode) };
}

/** As the server makes it (event/accept.ts) of what it has accepted already. */
function headerOf(record: LooseRecord) {
  const { username, accessKeyId, resources } = lookupKeys(record);
  const named = record.eventName === undefined ? objectOf(record.insightDetails) : record;
  return {
    region: text(record.awsRegion) || 'us-east-1',
    category: (text(record.eventCategory) || 'Management') as SearchableEvent['header']['category'],
    readOnly: record.readOnly === undefined ? undefined : String(record.readOnly) === 'true',
    eventId: text(record.eventID),
    eventName: text(named.eventName),
    eventSource: text(named.eventSource),
    username,
    accessKeyId,
    resources,
  };
}

const BROKEN: LooseRecord = {};

/** What the server sends was accepted as a record; one of another shape is an empty row rather than no page. */
function readRecord(json: string): LooseRecord {
  try {
    const record: unknown = JSON.parse(json);
    return typeof record === 'object' && record !== null ? (record as LooseRecord) : BROKEN;
  } catch {
    return BROKEN;
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const readers = new Map<string, (event: SearchableEvent) => readonly string[]>();
/** Fields that somebody has ever shown on this page: few, unless a link is made to fill memory. */
const READERS_MAX = 1_000;

/** The values of a field of the search language, as text; empty when the event has none. */
export function valuesOf(row: EventRow, field: string): readonly string[] {
  let reader = readers.get(field);
  if (reader === undefined) {
    if (readers.size >= READERS_MAX) readers.clear();
    reader = compileValues(field);
    readers.set(field, reader);
  }
  return reader(row.event);
}

/** As links to the event's own page tell it. */
export const eventTimeOf = ({ event }: EventRow): string => new Date(event.header.timeMs).toISOString();
