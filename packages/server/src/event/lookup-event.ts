import type { Event } from '@aws-sdk/client-cloudtrail';
import { assert } from '../base/errors.ts';
import { headerFromRecord } from './accept.ts';
import type { LooseRecord } from './lookup-keys.ts';

/**
 * A stored record as LookupEvents shows it (spec: history §3): its own fields, and the whole record, byte for byte, as
 * `CloudTrailEvent`. Members that the record has no value for are absent, but for Resources, which may be empty.
 */
export function toLookupEvent(json: Buffer): Event {
  const text = json.toString('utf8');
  const h = headerFromRecord(JSON.parse(text) as LooseRecord, json, { fallbackAccountId: '' });
  assert(!('code' in h), 'what is in the Log was accepted as a record');
  return {
    EventId: h.eventId,
    EventName: h.eventName,
    ...(h.readOnly !== undefined && { ReadOnly: String(h.readOnly) }),
    ...(h.accessKeyId && { AccessKeyId: h.accessKeyId }),
    EventTime: new Date(h.timeMs),
    EventSource: h.eventSource,
    ...(h.username && { Username: h.username }),
    Resources: h.resources.map(([type, name]) => ({ ...(type && { ResourceType: type }), ResourceName: name })),
    CloudTrailEvent: text,
  };
}
