import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { EventCategory, EventHeader, NewEvent } from './event.ts';
import { HEADER_STRING_CHARS_MAX } from './header.ts';
import { type LooseRecord, lookupKeys, objectOf } from './lookup-keys.ts';
import { RECORD_BYTES_MAX, type Refusal } from './slice.ts';

export interface AcceptOptions {
  /** Files the record under this account, whatever it says itself. */
  readonly accountId?: string;
  /** For a record that names no account of 12 digits. */
  readonly fallbackAccountId: string;
}

/**
 * Makes an Event of a record's bytes, which are kept as they are. Odd but real records are taken: eventIDs of any form,
 * unknown Regions, old versions without eventID or recipientAccountId, Insights events. Refused is only what cannot be
 * a record: see `Refusal.code`. Parses the JSON once and never throws.
 */
export function eventFromBytes(
  json: Buffer,
  options: AcceptOptions,
): { readonly event: NewEvent } | { readonly refused: Refusal } {
  if (json.length > RECORD_BYTES_MAX) {
    return refuse('RecordTooLarge', `a record may have ${RECORD_BYTES_MAX} bytes, this one has ${json.length}`);
  }
  // Bytes that are not UTF-8 would be stored as they are but shown otherwise, in LookupEvents' CloudTrailEvent above all.
  if (!isUtf8(json)) return refuse('MalformedJson', 'the record is not UTF-8');
  let record: unknown;
  try {
    record = JSON.parse(json.toString('utf8'));
  } catch (error) {
    return refuse('MalformedJson', `the record is not JSON: ${(error as Error).message}`);
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    return refuse('NotARecord', 'a record is a JSON object');
  }
  const header = headerFromRecord(record as LooseRecord, json, options);
  return 'code' in header ? { refused: header } : { event: { header, json } };
}

/**
 * The header of a parsed record.
 * @param json the record's bytes, from which an eventID is derived when it has none
 */
export function headerFromRecord(r: LooseRecord, json: Buffer, options: AcceptOptions): EventHeader | Refusal {
  // An Insights event names the API it is about one level deeper (spec: record-conventions §20).
  const named = r.eventName === undefined && r.insightDetails !== undefined ? objectOf(r.insightDetails) : r;
  const { eventName, eventSource } = named;
  if (typeof r.eventTime !== 'string') return missing('eventTime');
  if (typeof eventName !== 'string' || eventName === '') return missing('eventName');
  if (typeof eventSource !== 'string' || eventSource === '') return missing('eventSource');
  const timeMs = eventTimeMs(r.eventTime);
  if (!(timeMs >= 0)) {
    return {
      code: 'InvalidEventTime',
      message: `eventTime must look like 2026-01-31T23:59:59Z: ${quoted(r.eventTime)}`,
    };
  }
  const region = r.awsRegion ?? GLOBAL_REGION;
  if (typeof region !== 'string' || !REGION.test(region)) {
    return { code: 'InvalidRegion', message: `awsRegion must be letters, digits and hyphens: ${quoted(r.awsRegion)}` };
  }
  const { username, accessKeyId, resources } = lookupKeys(r);
  return {
    timeMs,
    accountId: options.accountId ?? accountOf(r) ?? options.fallbackAccountId,
    region,
    category: categoryOf(r),
    readOnly: READ_ONLY.get(r.readOnly),
    eventId: eventIdOf(r, json),
    eventName,
    eventSource,
    username,
    accessKeyId,
    resources,
  };
}

/** Unknown Regions are taken, but the name becomes part of object keys. */
const REGION = /^[A-Za-z0-9-]{1,64}$/;
/** Where CloudTrail files what belongs to no Region. */
const GLOBAL_REGION = 'us-east-1';
const ACCOUNT = /^\d{12}$/;
const READ_ONLY: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  [false, false],
  ['true', true],
  ['false', false],
]);
const EVENT_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

let lastTime = '';
let lastTimeMs = Number.NaN;

/** ms since the epoch, or NaN. Records come in runs of one second: the last answer is remembered. */
function eventTimeMs(time: string): number {
  if (time !== lastTime) {
    lastTimeMs = EVENT_TIME.test(time) ? Date.parse(time) : Number.NaN;
    lastTime = time;
  }
  return lastTimeMs;
}

function accountOf(r: LooseRecord): string | undefined {
  const is = (id: unknown): id is string => typeof id === 'string' && ACCOUNT.test(id);
  if (is(r.recipientAccountId)) return r.recipientAccountId;
  const { accountId } = objectOf(r.userIdentity);
  return is(accountId) ? accountId : undefined;
}

const CATEGORIES: ReadonlySet<unknown> = new Set<EventCategory>(['Management', 'Data', 'NetworkActivity', 'Insight']);

/** By eventCategory; records before version 1.07 have none, and then only eventType and managementEvent tell. */
function categoryOf(r: LooseRecord): EventCategory {
  if (r.eventCategory !== undefined)
    return CATEGORIES.has(r.eventCategory) ? (r.eventCategory as EventCategory) : 'Other';
  if (r.eventType === 'AwsCloudTrailInsight') return 'Insight';
  if (r.eventType === 'AwsVpceEvent' || r.eventType === 'AwsVpceEvents') return 'NetworkActivity';
  return r.managementEvent === false ? 'Data' : 'Management';
}

/** The record's own, or one made of its bytes (a version 8 UUID), so that the same record has the same id again. */
function eventIdOf(r: LooseRecord, json: Buffer): string {
  const id = r.eventID;
  if (typeof id === 'string' && id !== '' && id.length <= HEADER_STRING_CHARS_MAX) return id;
  const h = createHash('sha256').update(json).digest('hex');
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-8${h.slice(13, 16)}-8${h.slice(17, 20)}-${h.slice(20, 32)}`;
}

const refuse = (code: string, message: string) => ({ refused: { code, message } });
const missing = (field: string): Refusal => ({ code: 'NotARecord', message: `a record has a string ${field}` });
const quoted = (value: unknown): string => JSON.stringify(value)?.slice(0, 80) ?? 'undefined';
