import type { CloudTrailRecord } from './record.ts';
import type { ReportedRecord } from './reported.ts';

/**
 * The limits that CloudTrail puts on what it writes (spec: records §2 "Size limits"): strings are cut, whole objects are
 * replaced by a note that they were. Sizes are bytes of UTF-8, objects as compact JSON.
 */
const STRING_BYTES_MAX = 1024;
const EXTRA_BYTES_MAX = 28 * 1024;
const OBJECT_BYTES_MAX = 100 * 1024;
/** A whole record, since eventVersion 1.05. */
const RECORD_BYTES_MAX = 256 * 1024;

const STRINGS = ['userAgent', 'errorCode', 'errorMessage', 'requestID'] as const;
/** With the limit of each, in the order in which they give way when the record as a whole is too large. */
const OBJECTS = [
  ['additionalEventData', EXTRA_BYTES_MAX],
  ['serviceEventDetails', OBJECT_BYTES_MAX],
  ['responseElements', OBJECT_BYTES_MAX],
  ['requestParameters', OBJECT_BYTES_MAX],
] as const;

/** The record as compact JSON within the limits. */
export const serializeWithinLimits = (record: CloudTrailRecord | ReportedRecord): Buffer => fitRecord(record).json;

/** The record within the limits, and as compact JSON. Records of everyday size are serialised once. */
export function fitRecord(record: CloudTrailRecord | ReportedRecord): {
  readonly fitted: Readonly<Record<string, unknown>>;
  readonly json: Buffer;
} {
  const isLong = (name: (typeof STRINGS)[number]) => (record[name]?.length ?? 0) > STRING_BYTES_MAX / 3;
  const strings = STRINGS.some(isLong) ? withCutStrings(record) : record;
  let json = bytesOf(strings);
  if (json.length <= EXTRA_BYTES_MAX) return { fitted: strings, json };
  const fitted: Record<string, unknown> = { ...strings };
  for (const [name, bytesMax] of OBJECTS)
    omitAbove(fitted, name, bytesMax, 'its size exceeds the limit for this field');
  json = bytesOf(fitted);
  for (const [name] of OBJECTS) {
    if (json.length <= RECORD_BYTES_MAX) break;
    omitAbove(fitted, name, 0, 'the size of the event exceeds the limit');
    json = bytesOf(fitted);
  }
  return { fitted, json };
}

function withCutStrings(record: CloudTrailRecord | ReportedRecord): Readonly<Record<string, unknown>> {
  const fitted: Record<string, unknown> = { ...record };
  for (const name of STRINGS) if (record[name] !== undefined) fitted[name] = cut(record[name]);
  return fitted;
}

/**
 * S3 counts bytes in floating point in data events (`0.0`), and in integers in management events (spec:
 * record-conventions §12), which JavaScript's numbers cannot tell apart. A quote inside a string would be escaped, so
 * nothing but these two members can match.
 */
function bytesOf(record: Readonly<Record<string, unknown>>): Buffer {
  const text = JSON.stringify(record);
  const floats = record.managementEvent === false && record.eventSource === 's3.amazonaws.com';
  return Buffer.from(floats ? text.replace(BYTE_COUNTS, '$1.0') : text);
}
const BYTE_COUNTS = /("bytesTransferred(?:In|Out)":\d+)(?=[,}])/g;

/** AWS documents only that `omitted` is there; the other two members are ours. */
function omitAbove(fitted: Record<string, unknown>, name: string, bytesMax: number, reasonOmitted: string): void {
  const value = fitted[name];
  if (value === undefined || value === null) return;
  const originalSize = Buffer.byteLength(JSON.stringify(value));
  if (originalSize > bytesMax) fitted[name] = { omitted: true, originalSize, reasonOmitted };
}

/** At most `STRING_BYTES_MAX` bytes, never half a character. */
function cut(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= STRING_BYTES_MAX) return text;
  let end = STRING_BYTES_MAX;
  while ((bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
