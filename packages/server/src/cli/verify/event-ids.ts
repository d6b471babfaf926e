import { createHash } from 'node:crypto';

/** Doubled when it is three quarters full: 12 bytes a slot, so 10 million ids take about 200 MB. */
const FIRST_SLOTS = 1 << 16;

/**
 * Remembers which file held which eventID, by 64 bits of it: among ten million ids the chance that two different ones
 * are taken for one is below one in a hundred thousand.
 */
export class EventIds {
  #high = new Uint32Array(FIRST_SLOTS);
  #low = new Uint32Array(FIRST_SLOTS);
  /** File number + 1; 0 is an empty slot. */
  #file = new Uint32Array(FIRST_SLOTS);
  #count = 0;

  /** @returns the number of the file that held it before, or undefined when it is new */
  add(eventId: string, file: number): number | undefined {
    if (this.#count * 4 > this.#file.length * 3) this.#grow();
    const [high, low] = bitsOf(eventId);
    const slot = this.#slot(high, low);
    if (this.#file[slot] !== 0) return this.#file[slot]! - 1;
    this.#put(slot, high, low, file + 1);
    return undefined;
  }

  #put(slot: number, high: number, low: number, mark: number): void {
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#file[slot] = mark;
    this.#count++;
  }

  #slot(high: number, low: number): number {
    const mask = this.#file.length - 1;
    let slot = (low ^ Math.imul(high, 0x9e3779b1)) & mask;
    while (this.#file[slot] !== 0 && !(this.#high[slot] === high && this.#low[slot] === low)) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [high, low, file] = [this.#high, this.#low, this.#file];
    const slots = file.length * 2;
    this.#high = new Uint32Array(slots);
    this.#low = new Uint32Array(slots);
    this.#file = new Uint32Array(slots);
    this.#count = 0;
    for (let i = 0; i < file.length; i++) {
      if (file[i] !== 0) this.#put(this.#slot(high[i]!, low[i]!), high[i]!, low[i]!, file[i]!);
    }
  }
}

function bitsOf(eventId: string): readonly [number, number] {
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(eventId)) {
    // The first eight and the last eight hex digits: the version and variant bits stand between them.
    return [Number.parseInt(eventId.slice(0, 8), 16), Number.parseInt(eventId.slice(28), 16)];
  }
  const hash = createHash('sha1').update(eventId).digest();
  return [hash.readUInt32LE(0), hash.readUInt32LE(4)];
}
