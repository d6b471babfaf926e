/**
 * An Event on its way into the Log: the record's JSON bytes, made once and carried unchanged from here on, and a
 * header with all that followers route, filter and index by, so that none of them needs to parse the record again.
 */
export interface NewEvent {
  readonly header: EventHeader;
  /** One compact or original JSON object, UTF-8. Never re-serialised. */
  readonly json: Buffer;
}

export type EventCategory = 'Management' | 'Data' | 'NetworkActivity' | 'Insight' | 'Other';

export interface EventHeader {
  /** eventTime, ms since the epoch. */
  readonly timeMs: number;
  /** The account under which it is filed: recipientAccountId, unless an importer says otherwise. */
  readonly accountId: string;
  readonly region: string;
  readonly category: EventCategory;
  /** undefined when the record does not say (old versions). */
  readonly readOnly: boolean | undefined;
  readonly eventId: string;
  readonly eventName: string;
  readonly eventSource: string;
  /** As LookupEvents' Username; '' when there is none. */
  readonly username: string;
  readonly accessKeyId: string;
  /** As LookupEvents' Resources: [type, name] pairs; the type may be ''. */
  readonly resources: readonly (readonly [string, string])[];
}
