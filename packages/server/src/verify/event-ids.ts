import { createHash } from 'node:crypto';
import type { RecordIds } from './record-ids.ts';
import { UUID_CHARS } from './walk/index.ts';

/** Doubled when it is three quarters full: 12 bytes a slot, so 10 million ids take about 200 MB. */
const FIRST_SLOTS = 1 << 18;
/** High bits, low bits, and the file's number + 1; 0 there is an empty slot. Together, so that one look finds all. */
const SLOT_WORDS = 3;

export interface Repeated {
  readonly eventId: string;
  /** The file that had it before, or the same one. */
  readonly firstFile: number;
}

/**
 * Remembers which file held which eventID, by 64 bits of it: among ten million ids the chance that two different ones
 * are taken for one is below one in a hundred thousand.
 */
export class EventIds {
  #slots = new Uint32Array(FIRST_SLOTS * SLOT_WORDS);
  #count = 0;

  /** @returns those of a file's ids that were there before */
  addAll({ uuids, others }: Pick<RecordIds, 'uuids' | 'others'>, file: number): Repeated[] {
    const repeated: Repeated[] = [];
    for (let at = 0; at < uuids.length; at += UUID_CHARS) {
      // The first eight and the last eight hex digits: the version and variant bits stand between them.
      const firstFile = this.#add(hexAt(uuids, at), hexAt(uuids, at + UUID_CHARS - 8), file);
      if (firstFile !== undefined) repeated.push({ eventId: textAt(uuids, at), firstFile });
    }
    for (const eventId of others) {
      const [high, low] = bitsOf(eventId);
      const firstFile = this.#add(high, low, file);
      if (firstFile !== undefined) repeated.push({ eventId, firstFile });
    }
    return repeated;
  }

  /** @returns the number of the file that held it before, or undefined when it is new */
  #add(high: number, low: number, file: number): number | undefined {
    if (this.#count * SLOT_WORDS * 4 > this.#slots.length * 3) this.#grow();
    const at = place(this.#slots, high, low);
    const mark = this.#slots[at + 2]!;
    if (mark !== 0) return mark - 1;
    put(this.#slots, at, high, low, file + 1);
    this.#count++;
    return undefined;
  }

  #grow(): void {
    const old = this.#slots;
    const larger = new Uint32Array(2 * old.length);
    for (let i = 0; i < old.length; i += SLOT_WORDS) {
      const [high, low, mark] = [old[i]!, old[i + 1]!, old[i + 2]!];
      if (mark !== 0) put(larger, place(larger, high, low), high, low, mark);
    }
    this.#slots = larger;
  }
}

function put(slots: Uint32Array, at: number, high: number, low: number, mark: number): void {
  slots[at] = high;
  slots[at + 1] = low;
  slots[at + 2] = mark;
}

/** Where these bits stand, or belong. */
function place(slots: Uint32Array, high: number, low: number): number {
  const mask = slots.length / SLOT_WORDS - 1;
  let slot = (low ^ Math.imul(high, 0x9e3779b1)) & mask;
  for (;;) {
    const at = slot * SLOT_WORDS;
    if (slots[at + 2] === 0 || (slots[at] === high && slots[at + 1] === low)) return at;
    slot = (slot + 1) & mask;
  }
}

const textAt = (uuids: Uint8Array, at: number): string => String.fromCharCode(...uuids.subarray(at, at + UUID_CHARS));

/** Eight hex digits of either case as a number: the low four bits of a letter are nine less than its value. */
function hexAt(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 8; i++) value = (value << 4) | ((bytes[i]! & 0xf) + (bytes[i]! > 0x39 ? 9 : 0));
  return value >>> 0;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function bitsOf(eventId: string): readonly [number, number] {
  // A file that had to be parsed may repeat what was read quickly from another.
  if (UUID.test(eventId)) return [Number.parseInt(eventId.slice(0, 8), 16), Number.parseInt(eventId.slice(28), 16)];
  const hash = createHash('sha1').update(eventId).digest();
  return [hash.readUInt32LE(0), hash.readUInt32LE(4)];
}
