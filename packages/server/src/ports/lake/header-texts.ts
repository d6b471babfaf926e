import type { EventHeader } from '../../event/event.ts';
import { type HEADER_COLUMNS, LIST_MARK, LIST_MARK_STANDS_FOR } from './columns.ts';

/** What stands in the columns of a header; `''` is no value. */
export const HEADER_TEXT: Readonly<Record<(typeof HEADER_COLUMNS)[number], (header: EventHeader) => string>> = {
  account_id: (h) => h.accountId,
  eventname: (h) => h.eventName,
  eventsource: (h) => h.eventSource,
  awsregion: (h) => h.region,
  eventcategory: (h) => h.category,
  readonly: (h) => (h.readOnly === undefined ? '' : String(h.readOnly)),
  eventid: (h) => h.eventId,
  username: (h) => h.username,
  accesskeyid: (h) => h.accessKeyId,
  resourcetypes: (h) => typesOf(h.resources),
  resourcenames: (h) => marked(h.resources.map(([, name]) => name)),
};

/** Texts of one type, by that: a few hundred come again and again, and to join them takes longer than to look one up. */
const OF_ONE_TYPE = new Map<string, string>();
const TYPES_MAX = 4096;
/** Longer ones are none of AWS's: records may hold anything there, and none of it is given back. */
const TYPE_CHARS_MAX = 128;

/** An event counts once for each type, however many resources it has of it. */
function typesOf(resources: EventHeader['resources']): string {
  if (resources.length !== 1) return marked([...new Set(resources.map(([type]) => type))]);
  const type = resources[0]![0];
  const known = OF_ONE_TYPE.get(type);
  if (known !== undefined) return known;
  const text = marked([type]);
  if (OF_ONE_TYPE.size < TYPES_MAX && type.length <= TYPE_CHARS_MAX) OF_ONE_TYPE.set(type, text);
  return text;
}

function marked(values: readonly string[]): string {
  const present = values.filter((value) => value !== '');
  if (present.length === 0) return '';
  return `${LIST_MARK}${present.map((value) => value.replaceAll(LIST_MARK, LIST_MARK_STANDS_FOR)).join(LIST_MARK)}${LIST_MARK}`;
}
