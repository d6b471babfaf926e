import { createHeaderPlaces, HEADER_FIELD, type HeaderPlaces, locateHeader } from '../../event/header.ts';
import type { HistoryQuery, LookupKey } from '../history.ts';

/**
 * What an event can be found by, as a 53-bit hash (an exact JavaScript number, evenly spread): the account, region
 * and category that a lookup is confined to, the attribute's key and its value. A hash only says where to look; every
 * hit is confirmed by `matches` or by the eventID itself.
 */
export type Term = number;

type TextKey = Exclude<LookupKey, 'EventId' | 'ReadOnly' | 'ResourceType' | 'ResourceName'>;

/** Which member of the header holds each attribute with one value. */
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
 * Insight) gets more than its eventID. Made of the header's bytes, since to make strings of them takes as long again.
 */
export function termsOf(bytes: Buffer, places: HeaderPlaces, into: Term[]): void {
  const { category, starts, resources } = places;
  const add = (key: LookupKey, field: number): void => {
    if (starts[field] === starts[field + 1]) return;
    beginTerm(key);
    mixField(bytes, places, field);
    into.push(endTerm());
  };
  into.length = 0;
  beginPartition();
  mixField(bytes, places, HEADER_FIELD.accountId);
  mix('');
  mix('');
  endPartition();
  add('EventId', HEADER_FIELD.eventId);
  if (category !== 'Management' && category !== 'Insight') return;
  beginPartition();
  mixField(bytes, places, HEADER_FIELD.accountId);
  mixField(bytes, places, HEADER_FIELD.region);
  mix(category);
  endPartition();
  into.push(termHere('any', ''));
  for (const [key, member] of TEXT_MEMBERS) add(key, HEADER_FIELD[member]);
  if (places.readOnly !== undefined) into.push(termHere('ReadOnly', String(places.readOnly)));
  for (let i = 0, field = HEADER_FIELD.resources; i < resources; i++, field += 2) {
    add('ResourceType', field);
    add('ResourceName', field + 1);
  }
}

/** Of the header that is being looked at; every use is synchronous. */
const places = createHeaderPlaces();

/**
 * Whether the event is what the query asks for, time and cursor apart (those are compared exactly beforehand).
 * @param header encoded: to make strings of it would take longer than all else
 */
export function matches(query: HistoryQuery, header: Buffer): boolean {
  locateHeader(header, 0, header.length, places);
  if (places.category !== query.category) return false;
  if (!isText(header, HEADER_FIELD.accountId, query.accountId)) return false;
  if (!isText(header, HEADER_FIELD.region, query.region)) return false;
  return query.attribute === undefined || hasAttribute(header, query.attribute.key, query.attribute.value);
}

/** Whether the event has this eventID, and is this account's. @param header encoded */
export function hasEventId(header: Buffer, accountId: string, eventId: string): boolean {
  locateHeader(header, 0, header.length, places);
  return isText(header, HEADER_FIELD.accountId, accountId) && isText(header, HEADER_FIELD.eventId, eventId);
}

function hasAttribute(header: Buffer, key: LookupKey, value: string): boolean {
  switch (key) {
    case 'EventId':
      return isText(header, HEADER_FIELD.eventId, value);
    case 'ReadOnly':
      return String(places.readOnly) === value;
    case 'ResourceType':
      return isAnyResource(header, 0, value);
    case 'ResourceName':
      return isAnyResource(header, 1, value);
    default:
      return isText(header, HEADER_FIELD[TEXT_MEMBERS.find(([k]) => k === key)![1]], value);
  }
}

/** @param side 0 for types, 1 for names */
function isAnyResource(header: Buffer, side: 0 | 1, value: string): boolean {
  for (let i = 0; i < places.resources; i++) {
    if (isText(header, HEADER_FIELD.resources + 2 * i + side, value)) return true;
  }
  return false;
}

/** Whether a field of the header in `places` is this text. */
function isText(bytes: Buffer, field: number, text: string): boolean {
  const { starts, unitBytes } = places;
  const start = starts[field]!;
  if (starts[field + 1]! - start !== text.length * unitBytes) return false;
  for (let i = 0, at = start; i < text.length; i++, at += unitBytes) {
    if (unitAt(bytes, at, unitBytes) !== text.charCodeAt(i)) return false;
  }
  return true;
}

const unitAt = (bytes: Buffer, at: number, unitBytes: number): number =>
  unitBytes === 1 ? bytes[at]! : bytes[at]! | (bytes[at + 1]! << 8);

// The hash: two 32-bit lanes over the UTF-16 code units. It is the innermost loop of indexing, so the lanes are module
// variables (every use is synchronous) and no object is made.
let laneA = 0;
let laneB = 0;
let partitionA = 0;
let partitionB = 0;

/** What terms hash from now on lies in this partition. */
function enterPartition(accountId: string, region: string, category: string): void {
  beginPartition();
  mix(accountId);
  mix(region);
  mix(category);
  endPartition();
}

function beginPartition(): void {
  laneA = 0x1f123bb5;
  laneB = 0x3c6ef372;
}

function endPartition(): void {
  partitionA = laneA;
  partitionB = laneB;
}

function termHere(key: LookupKey | 'any', value: string): Term {
  beginTerm(key);
  mix(value);
  return endTerm();
}

function beginTerm(key: LookupKey | 'any'): void {
  laneA = partitionA ^ KEY_SEED[key];
  laneB = partitionB ^ Math.imul(KEY_SEED[key], 0x01000193);
}

function endTerm(): Term {
  const a = Math.imul(laneA ^ (laneA >>> 16) ^ Math.imul(laneB, 0x7feb352d), 0x846ca68b);
  const b = Math.imul(laneB ^ (laneB >>> 15) ^ Math.imul(a, 0x2c1b3c6d), 0x7feb352d);
  return ((a ^ (a >>> 16)) >>> 0) * 2 ** 21 + ((b ^ (b >>> 14)) >>> 11);
}

/** As `mix`, of the text that stands in these bytes. */
function mixField(bytes: Buffer, { starts, unitBytes }: HeaderPlaces, field: number): void {
  let a = laneA;
  let b = laneB;
  const [start, end] = [starts[field]!, starts[field + 1]!];
  for (let at = start; at < end; at += unitBytes) {
    const unit = unitAt(bytes, at, unitBytes);
    a = Math.imul(a ^ unit, 0x2c1b3c6d);
    a ^= a >>> 15;
    b = Math.imul(b ^ unit, 0x297a2d39);
    b ^= b >>> 13;
  }
  const length = (end - start) / unitBytes;
  laneA = Math.imul(a ^ length, 0x2c1b3c6d);
  laneB = Math.imul(b ^ length, 0x297a2d39);
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
