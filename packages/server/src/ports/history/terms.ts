import type { EventHeader } from '../../event/event.ts';
import type { HistoryQuery, LookupKey } from '../history.ts';

/**
 * What an event can be found by, as a 53-bit hash (an exact JavaScript number, evenly spread): the account, region
 * and category that a lookup is confined to, the attribute's key and its value. A hash only says where to look; every
 * hit is confirmed by `matches` or by the eventID itself.
 */
export type Term = number;

type TextKey = Exclude<LookupKey, 'EventId' | 'ReadOnly' | 'ResourceType' | 'ResourceName'>;

/** Where each attribute with one value stands in the header. */
const TEXT_MEMBERS: readonly (readonly [TextKey, 'eventName' | 'eventSource' | 'username' | 'accessKeyId'])[] = [
  ['EventName', 'eventName'],
  ['EventSource', 'eventSource'],
  ['Username', 'username'],
  ['AccessKeyId', 'accessKeyId'],
];

/** Tells the attributes' hashes apart. On disk: never renumber. */
const KEY_SEED: Readonly<Record<LookupKey | 'any', number>> = {
  any: 1,
  EventId: 2,
  EventName: 3,
  ReadOnly: 4,
  Username: 5,
  ResourceType: 6,
  ResourceName: 7,
  EventSource: 8,
  AccessKeyId: 9,
};

/** The term by which `query`'s candidates are found. EventIds are filed by account alone: importers ask for them so. */
export function queryTerm(query: HistoryQuery): Term {
  const { accountId, region, category, attribute } = query;
  if (attribute?.key === 'EventId') return eventIdTerm(accountId, attribute.value);
  enterPartition(accountId, region, category);
  return termHere(attribute?.key ?? 'any', attribute?.value ?? '');
}

/** The term of an eventID, whatever its region and category. */
export function eventIdTerm(accountId: string, eventId: string): Term {
  enterPartition(accountId, '', '');
  return termHere('EventId', eventId);
}

/**
 * All terms of an event, in `into` (emptied first; repeats are possible). Only what LookupEvents shows (Management and
 * Insight) gets more than its eventID.
 */
export function termsOf(header: EventHeader, into: Term[]): void {
  into.length = 0;
  if (header.eventId !== '') into.push(eventIdTerm(header.accountId, header.eventId));
  if (header.category !== 'Management' && header.category !== 'Insight') return;
  enterPartition(header.accountId, header.region, header.category);
  into.push(termHere('any', ''));
  for (const [key, member] of TEXT_MEMBERS) {
    if (header[member] !== '') into.push(termHere(key, header[member]));
  }
  if (header.readOnly !== undefined) into.push(termHere('ReadOnly', String(header.readOnly)));
  for (const [type, name] of header.resources) {
    if (type !== '') into.push(termHere('ResourceType', type));
    if (name !== '') into.push(termHere('ResourceName', name));
  }
}

/** Whether the event is what the query asks for, time and cursor apart (those are compared exactly beforehand). */
export function matches(query: HistoryQuery, header: EventHeader): boolean {
  if (header.accountId !== query.accountId || header.region !== query.region) return false;
  if (header.category !== query.category) return false;
  return query.attribute === undefined || hasAttribute(header, query.attribute.key, query.attribute.value);
}

function hasAttribute(header: EventHeader, key: LookupKey, value: string): boolean {
  switch (key) {
    case 'EventId':
      return header.eventId === value;
    case 'ReadOnly':
      return String(header.readOnly) === value;
    case 'ResourceType':
      return header.resources.some(([type]) => type === value);
    case 'ResourceName':
      return header.resources.some(([, name]) => name === value);
    default:
      return header[TEXT_MEMBERS.find(([k]) => k === key)![1]] === value;
  }
}

// The hash: two 32-bit lanes over the UTF-16 code units. It is the innermost loop of indexing, so the lanes are module
// variables (every use is synchronous) and no object is made.
let laneA = 0;
let laneB = 0;
let partitionA = 0;
let partitionB = 0;

/** What `termHere` hashes from now on lies in this partition. */
function enterPartition(accountId: string, region: string, category: string): void {
  laneA = 0x1f123bb5;
  laneB = 0x3c6ef372;
  mix(accountId);
  mix(region);
  mix(category);
  partitionA = laneA;
  partitionB = laneB;
}

function termHere(key: LookupKey | 'any', value: string): Term {
  laneA = partitionA ^ KEY_SEED[key];
  laneB = partitionB ^ Math.imul(KEY_SEED[key], 0x01000193);
  mix(value);
  const a = Math.imul(laneA ^ (laneA >>> 16) ^ Math.imul(laneB, 0x7feb352d), 0x846ca68b);
  const b = Math.imul(laneB ^ (laneB >>> 15) ^ Math.imul(a, 0x2c1b3c6d), 0x7feb352d);
  return ((a ^ (a >>> 16)) >>> 0) * 2 ** 21 + ((b ^ (b >>> 14)) >>> 11);
}

function mix(text: string): void {
  let a = laneA;
  let b = laneB;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x2c1b3c6d);
    a ^= a >>> 15;
    b = Math.imul(b ^ unit, 0x297a2d39);
    b ^= b >>> 13;
  }
  // The length too, so that "ab" + "c" and "a" + "bc" differ.
  laneA = Math.imul(a ^ text.length, 0x2c1b3c6d);
  laneB = Math.imul(b ^ text.length, 0x297a2d39);
}
