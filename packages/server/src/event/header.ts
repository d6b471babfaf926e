import { assert } from '../base/errors.ts';
import type { EventCategory, EventHeader } from './event.ts';

/**
 * The header as bytes, as it stands beside the record in the Log:
 *
 *     0       version (1)
 *     1       flags: category (bits 0–2), readOnly (bits 3–4: unknown, false, true), UTF-16 text (bit 5)
 *     2–9     timeMs, float64 LE
 *     10      number of resources
 *     11–     length of each string in UTF-16 code units, uint16 LE: the seven fields, then type and name by turns
 *     then    all strings in one run: one byte a character when all is ASCII, else UTF-16LE
 *
 * One run of text makes one write and one read of it all, which is what makes this fast; UTF-16 for the rest keeps
 * every JavaScript string exactly, lone surrogates included.
 */
const VERSION = 1;
const FIXED_BYTES = 11;
const TEXT_FIELDS = 7;
const UTF16 = 0x20;

/** Lookups compare values of at most 2,000 characters, so a value cut here can never be found by mistake. */
export const HEADER_STRING_CHARS_MAX = 2_048;
/** Keeps a header under 64 KB even as UTF-16; resources that do not fit are left out, the last first. */
export const HEADER_TEXT_CHARS_MAX = 30_000;
/** Fits the count into a byte. */
export const HEADER_RESOURCES_MAX = 255;

const CATEGORIES: readonly EventCategory[] = ['Management', 'Data', 'NetworkActivity', 'Insight', 'Other'];
const READ_ONLY: readonly (boolean | undefined)[] = [undefined, false, true];

/** The header as bytes. Strings past `HEADER_STRING_CHARS_MAX` are cut, resources past the limits are left out. */
export function encodeHeader(h: EventHeader): Buffer {
  const strings = stringsOf(h);
  const text = strings.join('');
  const utf16 = Buffer.byteLength(text) !== text.length;
  const bytes = Buffer.allocUnsafe(sizeOf(strings, text, utf16));
  write(h, strings, text, utf16, bytes, 0);
  return bytes;
}

/**
 * Writes the header at `offset` of `target`.
 * @returns how many bytes it took
 * @throws RangeError when it does not fit; nothing was written then
 */
export function encodeHeaderInto(h: EventHeader, target: Buffer, offset: number): number {
  const strings = stringsOf(h);
  const text = strings.join('');
  const utf16 = Buffer.byteLength(text) !== text.length;
  const size = sizeOf(strings, text, utf16);
  if (offset + size > target.length) throw new RangeError(`header of ${size} bytes does not fit at ${offset}`);
  write(h, strings, text, utf16, target, offset);
  return size;
}

/**
 * Reads what `encodeHeader` wrote: `length` bytes at `offset`.
 * @throws Error when the bytes are no header (callers check a CRC first, so this is a bug or an unknown version)
 */
export function decodeHeader(bytes: Buffer, offset: number, length: number): EventHeader {
  assert(length >= FIXED_BYTES && offset + length <= bytes.length, 'header is cut short');
  assert(bytes[offset] === VERSION, `header version ${bytes[offset]} is unknown`);
  const flags = bytes[offset + 1]!;
  const category = CATEGORIES[flags & 7];
  const count = bytes[offset + 10]!;
  const textOffset = offset + FIXED_BYTES + 2 * (TEXT_FIELDS + 2 * count);
  assert(category !== undefined && textOffset <= offset + length, 'header is malformed');
  const text = bytes.toString(flags & UTF16 ? 'utf16le' : 'latin1', textOffset, offset + length);
  let at = 0;
  let lengthAt = offset + FIXED_BYTES;
  const next = (): string => {
    const from = at;
    at += bytes[lengthAt]! | (bytes[lengthAt + 1]! << 8);
    lengthAt += 2;
    return text.slice(from, at);
  };
  const header = {
    timeMs: bytes.readDoubleLE(offset + 2),
    accountId: next(),
    region: next(),
    category,
    readOnly: READ_ONLY[(flags >> 3) & 3],
    eventId: next(),
    eventName: next(),
    eventSource: next(),
    username: next(),
    accessKeyId: next(),
    resources: [] as [string, string][],
  };
  for (let i = 0; i < count; i++) header.resources.push([next(), next()]); // Array.from takes longer than all the rest
  assert(at === text.length, 'header lengths do not add up');
  return header;
}

/** Where an encoded header's strings stand: a field's number in `HeaderPlaces.starts`, resources from `resources` on. */
export const HEADER_FIELD = {
  accountId: 0,
  region: 1,
  eventId: 2,
  eventName: 3,
  eventSource: 4,
  username: 5,
  accessKeyId: 6,
  resources: TEXT_FIELDS,
} as const;

/** An encoded header's parts in place, for who reads millions of them and needs no strings. */
export interface HeaderPlaces {
  timeMs: number;
  category: EventCategory;
  readOnly: boolean | undefined;
  /** Of a UTF-16 code unit: 1 when all is ASCII, else 2. */
  unitBytes: number;
  /** How many; type and name of each stand by turns. */
  resources: number;
  /** Offsets in `bytes` of each string, and after the last one of its end. */
  readonly starts: Uint32Array;
}

/** To be filled by `locateHeader`, again and again. */
export const createHeaderPlaces = (): HeaderPlaces => ({
  timeMs: 0,
  category: 'Other',
  readOnly: undefined,
  unitBytes: 1,
  resources: 0,
  starts: new Uint32Array(TEXT_FIELDS + 2 * HEADER_RESOURCES_MAX + 1),
});

/** Finds the parts of what `encodeHeader` wrote. @throws Error as `decodeHeader` does */
export function locateHeader(bytes: Buffer, offset: number, length: number, into: HeaderPlaces): void {
  const end = offset + length;
  if (length < FIXED_BYTES || end > bytes.length || bytes[offset] !== VERSION)
    assert(false, 'a header of this version');
  const flags = bytes[offset + 1]!;
  const category = CATEGORIES[flags & 7];
  const strings = TEXT_FIELDS + 2 * bytes[offset + 10]!;
  const { starts } = into;
  let at = offset + FIXED_BYTES + 2 * strings;
  into.timeMs = bytes.readDoubleLE(offset + 2);
  into.category = category!;
  into.readOnly = READ_ONLY[(flags >> 3) & 3];
  into.unitBytes = flags & UTF16 ? 2 : 1;
  into.resources = bytes[offset + 10]!;
  for (let i = 0, lengthAt = offset + FIXED_BYTES; i < strings && lengthAt < end; i++, lengthAt += 2) {
    starts[i] = at;
    at += into.unitBytes * (bytes[lengthAt]! | (bytes[lengthAt + 1]! << 8));
  }
  starts[strings] = at;
  assert(category !== undefined && at === end, 'header lengths do not add up');
}

/** All strings in their order on disk, within the limits. */
function stringsOf(h: EventHeader): string[] {
  const strings = [h.accountId, h.region, h.eventId, h.eventName, h.eventSource, h.username, h.accessKeyId];
  let chars = 0;
  for (let i = 0; i < TEXT_FIELDS; i++) {
    const whole = strings[i]!;
    if (whole.length > HEADER_STRING_CHARS_MAX) strings[i] = cut(whole);
    chars += strings[i]!.length;
  }
  for (const [type, name] of h.resources) {
    chars += Math.min(type.length, HEADER_STRING_CHARS_MAX) + Math.min(name.length, HEADER_STRING_CHARS_MAX);
    if (chars > HEADER_TEXT_CHARS_MAX || strings.length >= TEXT_FIELDS + 2 * HEADER_RESOURCES_MAX) break;
    strings.push(cut(type), cut(name));
  }
  return strings;
}

const cut = (s: string): string => (s.length > HEADER_STRING_CHARS_MAX ? s.slice(0, HEADER_STRING_CHARS_MAX) : s);

const sizeOf = (strings: readonly string[], text: string, utf16: boolean): number =>
  FIXED_BYTES + 2 * strings.length + (utf16 ? 2 * text.length : text.length);

function write(
  h: EventHeader,
  strings: readonly string[],
  text: string,
  utf16: boolean,
  target: Buffer,
  offset: number,
): void {
  target[offset] = VERSION;
  target[offset + 1] = CATEGORIES.indexOf(h.category) | (READ_ONLY.indexOf(h.readOnly) << 3) | (utf16 ? UTF16 : 0);
  target.writeDoubleLE(h.timeMs, offset + 2);
  target[offset + 10] = (strings.length - TEXT_FIELDS) / 2;
  let at = offset + FIXED_BYTES;
  for (const s of strings) {
    target[at++] = s.length & 0xff;
    target[at++] = s.length >> 8;
  }
  target.write(text, at, utf16 ? 'utf16le' : 'latin1');
}
