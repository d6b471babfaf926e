import { assert } from '../../base/errors.ts';
import type { Member, SimpleShape } from '../../schema/types.ts';

export type TimestampFormat = NonNullable<SimpleShape['timestampFormat']>;

/** The format that holds for a use of a timestamp: the member's own, its shape's, or the place's default. */
export function timestampFormat(member: Member, shape: SimpleShape, otherwise: TimestampFormat): TimestampFormat {
  return member.timestampFormat ?? shape.timestampFormat ?? otherwise;
}

/** Reads a timestamp, a number being seconds since the epoch; undefined when it is none. */
export function parseTimestamp(value: string | number, format: TimestampFormat): Date | undefined {
  const ms = format === 'epoch-seconds' ? Math.round(Number(value) * 1000) : parseDate(String(value), format);
  const date = new Date(value === '' ? Number.NaN : ms);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

const DATE_TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2}))?$/i;
/** RFC 9110 §5.6.7: the preferred form, and the two obsolete ones that a recipient must accept. */
const HTTP_DATE =
  /^[A-Z][a-z]+,? (?:\d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} [\d:]{8} (?:GMT|UTC)|[A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4})$/;

function parseDate(text: string, format: 'date-time' | 'http-date'): number {
  if (format === 'date-time') return DATE_TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (!HTTP_DATE.test(text)) return Number.NaN;
  return Date.parse(/(?:GMT|UTC)$/.test(text) ? text : `${text} GMT`);
}

/** Writes a timestamp; epoch seconds keep their milliseconds. */
export function formatTimestamp(date: Date, format: TimestampFormat): string | number {
  assert(date instanceof Date && !Number.isNaN(date.getTime()), 'an output timestamp is a valid Date');
  if (format === 'epoch-seconds') return date.getTime() / 1000;
  return format === 'http-date' ? date.toUTCString() : date.toISOString();
}

const INT32_MAX = 2 ** 31 - 1;

/** Whether a number may stand in a member of this type. Longs past 2^53 would silently change, so they may not. */
export function fitsNumber(type: SimpleShape['type'], value: number): boolean {
  if (type === 'integer') return Number.isInteger(value) && Math.abs(value) <= INT32_MAX + (value < 0 ? 1 : 0);
  if (type === 'long') return Number.isSafeInteger(value);
  return true;
}

const WHOLE = /^[+-]?\d{1,20}$/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * Base64 as AWS takes it: padded, nothing else in it; undefined otherwise. Looks for what does not belong rather than
 * matching the whole, since a pattern of groups runs out of stack on 10 MB.
 */
export function parseBase64(text: string): Buffer | undefined {
  const digits = text.endsWith('==') ? text.slice(0, -2) : text.endsWith('=') ? text.slice(0, -1) : text;
  return text.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(digits) ? Buffer.from(text, 'base64') : undefined;
}

/** A number in words, as JSON and text have those that digits cannot say. */
export function parseSpecialNumber(text: string): number | undefined {
  return text === 'NaN' || text === 'Infinity' || text === '-Infinity' ? Number(text) : undefined;
}

/** No number, date or boolean is longer; patterns that could be slow never see more. */
const SHORT_TEXT_CHARS_MAX = 64;

/**
 * Reads a value that travels as text: in a form, in XML, in a path, a query or a header.
 * @returns undefined when the text is not of the type
 */
export function parseText(member: Member, shape: SimpleShape, text: string, dates: TimestampFormat): unknown {
  if (shape.type === 'string') return text;
  if (shape.type === 'blob') return parseBase64(text.replace(/\s+/g, ''));
  if (text.length > SHORT_TEXT_CHARS_MAX) return undefined;
  switch (shape.type) {
    case 'boolean':
      // AWS's own examples have TRUE (PublicAccessBlockConfiguration).
      return /^(?:true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined;
    case 'timestamp':
      return parseTimestamp(text, timestampFormat(member, shape, dates));
    case 'document':
      return undefined;
    case 'integer':
    case 'long':
      return WHOLE.test(text) && fitsNumber(shape.type, Number(text)) ? Number(text) : undefined;
    default: {
      const value = DECIMAL.test(text) ? Number(text) : parseSpecialNumber(text);
      return value !== undefined && (Number.isFinite(value) || !DECIMAL.test(text)) ? value : undefined;
    }
  }
}

/** As `date-time`, but with a space for the T, and with no zone, which then is UTC. */
const LOOSE_DATE = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(\.\d{1,9})?\d{0,9} ?(Z|[+-]\d{2}:?\d{2})?$/i;

/**
 * Reads a scalar as what it evidently means, however it is written: emulators put dates, numbers and booleans into
 * strings, and the other way round. A whole number that JavaScript cannot hold exactly is nothing rather than another.
 * @returns undefined when it means nothing of the type
 */
export function looseScalar(member: Member, shape: SimpleShape, value: unknown): unknown {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  const text = String(value);
  if (shape.type === 'string' || shape.type === 'blob') return parseText(member, shape, text, 'date-time');
  if (text.length > SHORT_TEXT_CHARS_MAX) return undefined;
  if (shape.type === 'timestamp') return looseDate(text.trim());
  if (shape.type === 'boolean' || shape.type === 'document') return parseText(member, shape, text.trim(), 'date-time');
  if (!DECIMAL.test(text.trim())) return typeof value === 'string' ? parseSpecialNumber(text) : undefined;
  const number = Number(text);
  const isWhole = shape.type === 'integer' || shape.type === 'long';
  const isExact = isWhole && Number.isInteger(number) ? Number.isSafeInteger(number) : Number.isFinite(number);
  return isExact ? number : undefined;
}

function looseDate(text: string): Date | undefined {
  if (DECIMAL.test(text)) return parseTimestamp(text, 'epoch-seconds');
  const [, day, time, fraction = '', zone = 'Z'] = LOOSE_DATE.exec(text) ?? [];
  if (day === undefined) return parseTimestamp(text, 'date-time') ?? parseTimestamp(text, 'http-date');
  return parseTimestamp(`${day}T${time}${fraction}${zone.replace(/(\d{2}):?(\d{2})$/, '$1:$2')}`, 'date-time');
}

/** Writes a value as text; what does not fit its type is a bug of the handler's. */
export function formatText(member: Member, shape: SimpleShape, value: unknown, dates: TimestampFormat): string {
  if (shape.type === 'timestamp') {
    return String(formatTimestamp(value as Date, timestampFormat(member, shape, dates)));
  }
  if (shape.type === 'blob') return Buffer.from(value as Uint8Array).toString('base64');
  assert(typeof value === JS_TYPE[shape.type], `an output ${shape.type} is not a ${typeof value}`);
  return String(value);
}

/** The type that a handler's output has in JavaScript; the others are checked on their own. */
export const JS_TYPE: Readonly<Partial<Record<SimpleShape['type'], string>>> = {
  string: 'string',
  boolean: 'boolean',
  integer: 'number',
  long: 'number',
  float: 'number',
  double: 'number',
  bigNumber: 'number',
};

/** What AWS's own complaints call a type. */
export const AWS_TYPE: Readonly<Record<SimpleShape['type'], string>> = {
  string: 'String',
  boolean: 'Boolean',
  integer: 'Integer',
  long: 'Long',
  float: 'Float',
  double: 'Double',
  blob: 'Blob',
  timestamp: 'Timestamp',
  document: 'Document',
  bigNumber: 'Number',
};
