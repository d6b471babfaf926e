import { CHUNK_EVENTS } from './grams.ts';

/** Events of which something is said together, and kept in one file. */
export const GROUP_CHUNKS = 1024;
export const GROUP_EVENTS = GROUP_CHUNKS * CHUNK_EVENTS;
/** Of `EventBits`; events that are packed take no more. */
export const BITS_BYTES = GROUP_EVENTS / 8;

/** Which events of a group: event `i` is the bit `0x80 >> (i & 7)` of byte `i >> 3`. Seen as words of 32 bits: each chunk has two. */
export type EventBits = Uint32Array;
/** A bit for each chunk of a group: chunk `i` is the bit `1 << (i & 31)` of word `i >> 5`. */
export type ChunkBits = Uint32Array;
/** In `ChunkBits`. */
export const ROW_WORDS = GROUP_CHUNKS / 32;

export const newBits = (): EventBits => new Uint32Array(BITS_BYTES / 4);
export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Bytes of a buffer of their own, as `EventBits`. */
export const seen = ({ buffer }: Uint8Array): EventBits => new Uint32Array(buffer as ArrayBuffer);

/** Never changed. */
export const NONE: EventBits = newBits();
export const ALL: EventBits = newBits().fill(0xffffffff);

export function and(a: EventBits, b: EventBits): EventBits {
  if (a === NONE || b === NONE) return NONE;
  if (a === ALL) return b;
  if (b === ALL) return a;
  const both = newBits();
  for (let i = 0; i < both.length; i++) both[i] = a[i]! & b[i]!;
  return both;
}

export function or(a: EventBits, b: EventBits): EventBits {
  if (a === ALL || b === ALL) return ALL;
  if (a === NONE) return b;
  if (b === NONE) return a;
  const either = a.slice();
  addAll(either, b);
  return either;
}

export function without(a: EventBits, b: EventBits): EventBits {
  if (a === NONE || b === ALL) return NONE;
  if (b === NONE) return a;
  const rest = newBits();
  for (let i = 0; i < rest.length; i++) rest[i] = a[i]! & ~b[i]!;
  return rest;
}

export function isEmpty(bits: Uint32Array): boolean {
  for (const word of bits) if (word !== 0) return false;
  return true;
}

/** Those whose code is one of some. @param isOne by code, 1 or 0 */
export function withCodes(codes: Uint8Array | Uint16Array, isOne: Uint8Array): EventBits {
  const bytes = new Uint8Array(BITS_BYTES);
  for (let at = 0, event = 0; at < BITS_BYTES; at++) {
    let byte = 0;
    for (const end = event + 8; event < end; event++) byte = (byte << 1) | isOne[codes[event]!]!;
    bytes[at] = byte;
  }
  return seen(bytes);
}

/** Those whose value is none less than `min` and none more than `max`. */
export function between(values: Uint32Array | Float64Array, min: number, max: number): EventBits {
  const bytes = new Uint8Array(BITS_BYTES);
  for (let at = 0, event = 0; at < BITS_BYTES; at++) {
    let byte = 0;
    for (const end = event + 8; event < end; event++)
      byte = (byte << 1) | (values[event]! >= min && values[event]! <= max ? 1 : 0);
    bytes[at] = byte;
  }
  return seen(bytes);
}

/** Those of which something is true. */
export function where(isTrue: (event: number) => boolean): EventBits {
  const bytes = new Uint8Array(BITS_BYTES);
  for (let event = 0; event < GROUP_EVENTS; event++) if (isTrue(event)) bytes[event >> 3]! |= 0x80 >> (event & 7);
  return seen(bytes);
}

/** All events of some chunks. */
export function ofChunks(chunks: ChunkBits): EventBits {
  const bits = newBits();
  for (let i = 0; i < bits.length; i++) if ((chunks[i >>> 6]! >>> ((i >>> 1) & 31)) & 1) bits[i] = 0xffffffff;
  return bits;
}

export const has = (events: EventBits, event: number): boolean =>
  (events[event >>> 5]! & ((0x80 >>> (event & 7)) << (event & 24))) !== 0;

/** Of some events, those from `start` on and before `end`. */
export function within(events: EventBits, start: number, end: number): EventBits {
  if (events === NONE || (start === 0 && end === GROUP_EVENTS)) return events;
  const bytes = bytesOf(events.slice());
  bytes.fill(0, 0, start >> 3);
  bytes.fill(0, (end + 7) >> 3);
  if (start < GROUP_EVENTS) bytes[start >> 3]! &= 0xff >> (start & 7);
  if ((end & 7) !== 0) bytes[end >> 3]! &= ~(0xff >> (end & 7));
  return seen(bytes);
}

/** Events next to each other in the Log that are read together: of a sealed segment, a block. */
export const PIECE_EVENTS = 16;

/** How many pieces have some of the events. */
export function piecesOf(events: EventBits): number {
  let pieces = 0;
  for (const word of events) pieces += ((word & 0xffff) === 0 ? 0 : 1) + (word >>> 16 === 0 ? 0 : 1);
  return pieces;
}

/** Places of the events, in their order. */
export function listOf(events: EventBits): Uint16Array {
  const places = new Uint16Array(countOf(events));
  const bytes = bytesOf(events);
  for (let at = 0, i = 0; at < bytes.length; at++)
    for (let rest = bytes[at]!; rest !== 0; ) {
      const bit = Math.clz32(rest) - 24;
      places[i++] = at * 8 + bit;
      rest ^= 0x80 >> bit;
    }
  return places;
}

export function countOf(bits: EventBits): number {
  let sum = 0;
  for (let word of bits) {
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    sum += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return sum;
}

/** As many are listed, or left out of a list, before that takes more than the bits. */
const LISTED_MAX = BITS_BYTES / 2;

/** How many bytes `packed` takes of so many events. */
export const packedBytes = (count: number): number => Math.min(count, LISTED_MAX, GROUP_EVENTS - count) * 2;

/** The bits; or the places of those that are set, or else of those that are not, if these are few: two bytes each. */
export function packed(bits: EventBits, count: number): Uint8Array {
  if (packedBytes(count) === BITS_BYTES) return bytesOf(bits);
  return bytesOf(listOf(count > LISTED_MAX ? without(ALL, bits) : bits));
}

function addAll(into: EventBits, events: EventBits): void {
  for (let i = 0; i < into.length; i++) into[i]! |= events[i]!;
}

/** Adds events by their places. */
export function addListed(into: EventBits, places: Uint16Array): void {
  const seen = bytesOf(into);
  for (const place of places) seen[place >> 3]! |= 0x80 >> (place & 7);
}

/** Adds events to others. @param bytes of `packed`, from a place that is a multiple of four */
export function addPacked(into: EventBits, { buffer, byteOffset, length }: Uint8Array, count: number): void {
  if (length === BITS_BYTES) {
    addAll(into, new Uint32Array(buffer, byteOffset, length / 4));
    return;
  }
  const isListed = count <= LISTED_MAX;
  const events = isListed ? into : newBits().fill(0xffffffff);
  const seen = bytesOf(events);
  for (const place of new Uint16Array(buffer, byteOffset, length / 2)) {
    const bit = 0x80 >> (place & 7);
    if (isListed) seen[place >> 3]! |= bit;
    else seen[place >> 3]! &= ~bit;
  }
  if (!isListed) addAll(into, events);
}
