import { ALL, bytesOf, type EventBits, newBits } from './word-bits.ts';

/**
 * Which events have what hashes: of leaves, by their paths and values. So many at most: of made-up records a group has 300,000.
 */
const LOGGED_MAX = 1 << 20;

/** Keys are of 28 bits: of so many in a group, one in a thousand questions meets another by chance. */
const BUCKETS = 1 << 12;
const LOW_BITS = 16;
const LOW_MASK = (1 << LOW_BITS) - 1;
const MULTIPLIER = 0x9e3779b1;

/** What a leaf is logged as. @param path its hash (`hashOfPath`) @param value as `hashOf` has it */
export function keyOf(path: number, value: number): number {
  const both = Math.imul(path ^ (path >>> 15), MULTIPLIER) ^ value;
  const mixed = Math.imul(both ^ (both >>> 15), MULTIPLIER);
  return Math.imul(mixed ^ (mixed >>> 13), MULTIPLIER) >>> 4;
}

/** Events by keys, as a file has them. */
export interface HashedEvents {
  /** Of each bucket, which are the first bits of keys, how many entries end there; of none, all is possible. */
  readonly ends: Uint32Array;
  /** The rest of a key, and an event: 16 bits each. */
  readonly entries: Uint32Array;
}

/** While a group is made. */
export class HashLog {
  #keys = new Uint32Array(1 << 16);
  #events = new Uint16Array(1 << 16);
  #paths = new Int16Array(1 << 16);
  #length = 0;
  #isFull = false;

  /** Whether there was no room for some. */
  get isFull(): boolean {
    return this.#isFull;
  }

  add(key: number, event: number, path: number): void {
    if (this.#length === this.#keys.length) this.#grow();
    if (this.#isFull) return;
    this.#keys[this.#length] = key;
    this.#events[this.#length] = event;
    this.#paths[this.#length++] = path;
  }

  #grow(): void {
    if (this.#length === LOGGED_MAX) {
      this.#isFull = true;
      return;
    }
    const twice = this.#length * 2;
    const [keys, events, paths] = [new Uint32Array(twice), new Uint16Array(twice), new Int16Array(twice)];
    keys.set(this.#keys);
    events.set(this.#events);
    paths.set(this.#paths);
    [this.#keys, this.#events, this.#paths] = [keys, events, paths];
  }

  /** The events that may have a key. @param isAsked whether those of a path are wanted */
  with(key: number, isAsked: (path: number) => boolean): EventBits {
    if (this.#isFull) return ALL;
    const bits = newBits();
    const seen = bytesOf(bits);
    const keys = this.#keys.subarray(0, this.#length);
    for (let i = keys.indexOf(key); i >= 0; i = keys.indexOf(key, i + 1))
      if (isAsked(this.#paths[i]!)) mark(seen, this.#events[i]!);
    return bits;
  }

  /** @param isAsked whether those of a path are wanted */
  hashed(isAsked: (path: number) => boolean): HashedEvents {
    if (this.#isFull) return { ends: new Uint32Array(), entries: new Uint32Array() };
    const [keys, events] = [this.#keys.subarray(0, this.#length), this.#events];
    const ends = new Uint32Array(BUCKETS);
    const asked = new Uint8Array(keys.length);
    for (let i = 0; i < keys.length; i++) {
      asked[i] = isAsked(this.#paths[i]!) ? 1 : 0;
      ends[keys[i]! >>> LOW_BITS]! += asked[i]!;
    }
    let sum = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = ends[bucket]!;
      ends[bucket] = sum;
      sum += count;
    }
    const entries = new Uint32Array(sum);
    for (let i = 0; i < keys.length; i++)
      if (asked[i] === 1) entries[ends[keys[i]! >>> LOW_BITS]!++] = (keys[i]! << LOW_BITS) | events[i]!;
    return { ends, entries };
  }
}

/** Which entries are those of a key's bucket; undefined when nothing is known of it. */
export function bucketOf(key: number, ends: Uint32Array): readonly [from: number, to: number] | undefined {
  if (ends.length === 0) return undefined;
  const bucket = key >>> LOW_BITS;
  return [bucket === 0 ? 0 : ends[bucket - 1]!, ends[bucket]!];
}

/** The events that may have a key. @param entries of its bucket */
export function eventsOf(key: number, entries: Uint32Array): EventBits {
  const bits = newBits();
  const seen = bytesOf(bits);
  for (const entry of entries) if (entry >>> LOW_BITS === (key & LOW_MASK)) mark(seen, entry & LOW_MASK);
  return bits;
}

function mark(seen: Uint8Array, event: number): void {
  seen[event >> 3]! |= 0x80 >> (event & 7);
}
