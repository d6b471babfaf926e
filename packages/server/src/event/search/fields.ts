import type { EventHeader } from '../event.ts';
import type { LooseRecord } from '../lookup-keys.ts';
import { foldCase } from './filter.ts';

/** An event as filters see it. The record is parsed when a filter first asks for it. */
export interface SearchableEvent {
  readonly header: EventHeader;
  /** The record's JSON. */
  readonly text: string;
  readonly record: LooseRecord;
  /** The JSON of an object or a list of the record. */
  jsonOf(value: object): string;
  /** `foldCase` of a text of the record. */
  fold(text: string): string;
}

/** @param json the record's own bytes, or their text */
export const searchableEvent = (header: EventHeader, json: { toString(): string }): SearchableEvent =>
  new LazyEvent(header, json);

/** Folding shorter texts again costs less than remembering them. */
const LONG_CHARS = 512;

/**
 * Not an object literal with getters: V8 makes a hidden class for each of those, and keeps it long. It remembers what is
 * costly to make of a large record, which hundreds of conditions may ask for.
 */
class LazyEvent implements SearchableEvent {
  readonly header: EventHeader;
  readonly #bytes: { toString(): string };
  #text: string | undefined;
  #record: LooseRecord | undefined;
  #json: Map<object, string> | undefined;
  #folded: Map<string, string> | undefined;

  constructor(header: EventHeader, json: { toString(): string }) {
    this.header = header;
    this.#bytes = json;
  }

  get text(): string {
    this.#text ??= this.#bytes.toString();
    return this.#text;
  }

  get record(): LooseRecord {
    this.#record ??= JSON.parse(this.text) as LooseRecord;
    return this.#record;
  }

  jsonOf(value: object): string {
    this.#json ??= new Map();
    return remembered(this.#json, value, JSON.stringify);
  }

  fold(text: string): string {
    if (text.length < LONG_CHARS) return foldCase(text);
    this.#folded ??= new Map();
    return remembered(this.#folded, text, foldCase);
  }
}

function remembered<K>(made: Map<K, string>, key: K, make: (key: K) => string): string {
  const known = made.get(key);
  if (known !== undefined) return known;
  const text = make(key);
  made.set(key, text);
  return text;
}

/** What can be compared: `time` takes comparisons only, `boolean` true and false only. */
export type FieldKind = 'text' | 'boolean' | 'time';

export interface SearchField {
  readonly name: string;
  /** As AWS's console heads its columns. */
  readonly label: string;
  readonly kind: FieldKind;
  /** An event may have several values: a condition holds when it holds for any of them. */
  readonly list?: true;
  /** Few enough values to be worth counting each. */
  readonly facet?: true;
  /** Where the record has it; undefined for what is derived from the record once, when it is accepted: its header. */
  readonly path?: readonly string[];
  /** What the header says; `''` and undefined are no value. */
  readonly of?: (header: EventHeader) => string | undefined | readonly string[];
}

const field = (name: string, label: string, rest: Partial<SearchField>): SearchField => ({
  name,
  label,
  kind: 'text',
  ...rest,
});

/** The fields that have names of their own. Everything else in a record is named by its path. */
export const SEARCH_FIELDS: readonly SearchField[] = [
  field('eventTime', 'Event time', { kind: 'time' }),
  field('eventName', 'Event name', { facet: true, of: (h) => h.eventName }),
  field('eventSource', 'Event source', { facet: true, of: (h) => h.eventSource }),
  field('awsRegion', 'AWS Region', { facet: true, of: (h) => h.region }),
  field('accountId', 'Account', { facet: true, of: (h) => h.accountId }),
  field('recipientAccountId', 'Recipient account', { facet: true, path: ['recipientAccountId'] }),
  field('userName', 'User name', { facet: true, of: (h) => h.username }),
  field('userType', 'User type', { facet: true, path: ['userIdentity', 'type'] }),
  field('principalId', 'Principal ID', { facet: true, path: ['userIdentity', 'principalId'] }),
  field('userArn', 'User ARN', { facet: true, path: ['userIdentity', 'arn'] }),
  field('accessKeyId', 'AWS access key', { facet: true, of: (h) => h.accessKeyId }),
  field('issuerArn', 'Role ARN', { facet: true, path: ['userIdentity', 'sessionContext', 'sessionIssuer', 'arn'] }),
  field('sourceIPAddress', 'Source IP address', { facet: true, path: ['sourceIPAddress'] }),
  field('userAgent', 'User agent', { facet: true, path: ['userAgent'] }),
  field('errorCode', 'Error code', { facet: true, path: ['errorCode'] }),
  field('errorMessage', 'Error message', { path: ['errorMessage'] }),
  field('readOnly', 'Read-only', { kind: 'boolean', facet: true, of: (h) => h.readOnly?.toString() }),
  field('eventCategory', 'Event category', { facet: true, of: (h) => h.category }),
  field('eventType', 'Event type', { facet: true, path: ['eventType'] }),
  field('managementEvent', 'Management event', { kind: 'boolean', facet: true, path: ['managementEvent'] }),
  field('requestId', 'Request ID', { path: ['requestID'] }),
  field('eventId', 'Event ID', { of: (h) => h.eventId }),
  field('sharedEventId', 'Shared event ID', { path: ['sharedEventID'] }),
  field('vpcEndpointId', 'VPC endpoint ID', { facet: true, path: ['vpcEndpointId'] }),
  field('resourceType', 'Resource type', { list: true, facet: true, of: (h) => h.resources.map(([type]) => type) }),
  field('resourceName', 'Resource name', { list: true, facet: true, of: (h) => h.resources.map(([, name]) => name) }),
];

/** What a record may hold at its top (spec: records §1): a path begins with one of these, or with a name in quotes. */
export const RECORD_MEMBERS: readonly string[] = [
  'eventVersion',
  'userIdentity',
  'eventTime',
  'eventSource',
  'eventName',
  'awsRegion',
  'sourceIPAddress',
  'userAgent',
  'errorCode',
  'errorMessage',
  'requestParameters',
  'responseElements',
  'additionalEventData',
  'requestID',
  'eventID',
  'readOnly',
  'resources',
  'eventType',
  'apiVersion',
  'managementEvent',
  'recipientAccountId',
  'sharedEventID',
  'annotation',
  'vpcEndpointId',
  'vpcEndpointAccountId',
  'serviceEventDetails',
  'addendum',
  'sessionCredentialFromConsole',
  'eventCategory',
  'edgeDeviceDetails',
  'insightDetails',
  'tlsDetails',
  'eventContext',
];
