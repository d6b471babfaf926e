import type { EventHeader } from './event.ts';
import { type LooseRecord, objectOf } from './lookup-keys.ts';

/** An event as selectors judge it. */
export interface Candidate {
  readonly header: EventHeader;
  readonly json: Buffer;
}

/** The value that an event has in a field, undefined when it has none: then only what excludes values lets it pass. */
export type FieldReader = (event: Candidate) => string | undefined;

/** Fields that the header answers; all others need the record to be parsed (spec: selectors §3). */
const HEADER_FIELDS: Readonly<Record<string, FieldReader>> = {
  eventCategory: ({ header }) => header.category,
  eventName: ({ header }) => header.eventName,
  eventSource: ({ header }) => header.eventSource,
  // A record that does not say (versions before 1.06) counts as a write: what is logged too much is not lost.
  readOnly: ({ header }) => String(header.readOnly ?? false),
};

export const needsRecord = (field: string): boolean => !Object.hasOwn(HEADER_FIELDS, field);

/** Reads `errorCode`, `userIdentity.arn` … by their path in the record. */
export function fieldReader(field: string): FieldReader {
  if (!needsRecord(field)) return HEADER_FIELDS[field]!;
  const path = field.split('.');
  return (event) => {
    let value: unknown = recordOf(event);
    for (const name of path) value = objectOf(value)[name];
    return typeof value === 'string' ? value : typeof value === 'boolean' ? String(value) : undefined;
  };
}

export interface EventResource {
  readonly types: readonly string[];
  readonly arn: string | undefined;
}

/** Selecting a table selects its streams as well (spec: selectors §3 Notes). */
const ALSO: Readonly<Record<string, string>> = { 'AWS::DynamoDB::Stream': 'AWS::DynamoDB::Table' };

/** The record's own list of resources; S3 listings have the prefix of ARNs in place of an ARN. */
export function eventResources(event: Candidate): readonly EventResource[] {
  const { resources } = recordOf(event);
  if (!Array.isArray(resources)) return [];
  return resources.map((entry) => {
    const { type, ARN, ARNPrefix } = objectOf(entry);
    const arn = ARN ?? ARNPrefix;
    const name = typeof type === 'string' ? type : '';
    const also = ALSO[name];
    return { types: also === undefined ? [name] : [name, also], arn: typeof arn === 'string' ? arn : undefined };
  });
}

let lastJson: Buffer | undefined;
let lastRecord: LooseRecord = {};

/** The parsed record. All selectors of all trails ask for the same event in turn: the last answer is kept. */
function recordOf({ json }: Candidate): LooseRecord {
  if (json !== lastJson) {
    lastRecord = objectOf(JSON.parse(json.toString('utf8')));
    lastJson = json;
  }
  return lastRecord;
}
