/** A record as it was parsed. Records are hostile input: nothing about their members is certain. */
export type AuditRecord = Readonly<Record<string, unknown>>;

/** Steps from a record to a value in it. */
export type RecordPath = readonly (string | number)[];

const NOTHING: AuditRecord = {};

export const isObject = (value: unknown): value is AuditRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const objectOf = (value: unknown): AuditRecord => (isObject(value) ? value : NOTHING);

/** '' for what is no text. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The value at a path, by own members alone; undefined where the way ends early. */
export function valueAt(value: unknown, path: RecordPath): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined;
    found = (found as Record<string | number, unknown>)[step];
  }
  return found;
}

/** The text at a path with dots; '' where there is none. */
export const textAt = (record: unknown, path: string): string => textOf(valueAt(record, path.split('.')));

/** What follows the last `/`, else the last `:`: the name at the end of an ARN. */
export function nameOfArn(arn: string): string {
  const resource = arn.split(':').slice(5).join(':');
  return (resource || arn).split('/').at(-1)!;
}

/** Milliseconds since 1970 of the record's own time; NaN where it has none. */
export const timeOf = (record: AuditRecord): number => Date.parse(textOf(record.eventTime));

/** The call's name. Insights have it, and its source, in their details. */
export const eventNameOf = (record: AuditRecord): string =>
  textOf(record.eventName) || textAt(record, 'insightDetails.eventName');
export const eventSourceOf = (record: AuditRecord): string =>
  textOf(record.eventSource) || textAt(record, 'insightDetails.eventSource');

/** The account whose record it is. */
export const accountOf = (record: AuditRecord): string =>
  textOf(record.recipientAccountId) || textAt(record, 'userIdentity.accountId');
