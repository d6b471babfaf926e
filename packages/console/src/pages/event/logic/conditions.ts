import { type AuditRecord, eventNameOf, isObject, type RecordPath, textAt } from '../../../parts/events/record.ts';

/** What may stand in a record at the end of a path. Null and empty text are no values in any of the languages. */
export type Scalar = string | number | boolean;

/** A field of an event, as something to look for in others. */
export interface Field {
  readonly path: RecordPath;
  readonly value: Scalar;
}

export type Operator = 'is' | 'is not' | 'begins with' | 'contains' | 'exists';
export const OPERATORS: readonly Operator[] = ['is', 'is not', 'begins with', 'contains', 'exists'];
/** Those that make sense of numbers and truth values. */
export const PLAIN_OPERATORS: readonly Operator[] = ['is', 'is not', 'exists'];

export interface Condition extends Field {
  readonly operator: Operator;
}

/** Of no event twice: nobody looks for them. */
const UNIQUE: ReadonlySet<string> = new Set(['eventID', 'eventTime', 'requestID', 'sharedEventID', 'eventVersion']);
/** Of an event with more; those that stand first are offered. */
const FIELDS_MAX = 200;
const DEPTH_MAX = 16;

/** All values of a record that can be looked for, those first that people look for first. */
export function fieldsOf(record: AuditRecord): readonly Field[] {
  const found: Field[] = [];
  collect(record, [], found);
  const rank = ({ path }: Field) => {
    const at = FIRST.indexOf(path.join('.'));
    return at >= 0 ? at : FIRST.length + SIDES.indexOf(String(path[0]));
  };
  return found
    .filter(({ path }) => !(path.length === 1 && UNIQUE.has(String(path[0]))))
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, FIELDS_MAX);
}

const FIRST: readonly string[] = [
  'eventSource',
  'eventName',
  'errorCode',
  'insightDetails.eventSource',
  'insightDetails.eventName',
  'insightDetails.insightType',
  'userIdentity.arn',
  'userIdentity.userName',
  'userIdentity.type',
  'userIdentity.accessKeyId',
  'sourceIPAddress',
  'userAgent',
  'awsRegion',
  'recipientAccountId',
  'readOnly',
];
/** What is not named comes before (-1). */
const SIDES: readonly string[] = ['requestParameters', 'resources', 'responseElements', 'userIdentity', 'tlsDetails'];

const isScalar = (value: unknown): value is Scalar =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

function collect(value: unknown, path: RecordPath, found: Field[]): void {
  if (path.length > DEPTH_MAX) return;
  if (Array.isArray(value)) value.forEach((item, i) => void collect(item, [...path, i], found));
  else if (isObject(value)) for (const [name, member] of Object.entries(value)) collect(member, [...path, name], found);
  else if (value !== '' && isScalar(value)) found.push({ path, value });
}

const USUAL: ReadonlySet<string> = new Set([
  ...['eventSource', 'eventName', 'errorCode'],
  ...['insightDetails.eventSource', 'insightDetails.eventName', 'insightDetails.insightType'],
]);

/** What a search for events like this one begins with: the call, and how it failed if it did. */
export const isUsual = ({ path }: Field): boolean => USUAL.has(path.join('.'));

/** A name for what is made of an event: `DeleteBucket-AccessDenied`. */
export function nameFor(record: AuditRecord): string {
  const parts = [eventNameOf(record), textAt(record, 'errorCode')].filter((part) => part !== '');
  return (
    parts
      .join('-')
      .replace(/[^A-Za-z0-9_-]/g, '')
      .slice(0, NAME_CHARS_MAX) || 'event'
  );
}
const NAME_CHARS_MAX = 100;
