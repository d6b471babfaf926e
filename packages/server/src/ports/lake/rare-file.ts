import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { bucketOf, eventsOf, type HashedEvents } from './hash-log.ts';
import type { EventBits } from './word-bits.ts';
import * as bits from './word-bits.ts';

/**
 * Rare values in a group's file. Of each listed path there is a block: a head, which is how many values there are, how many events
 * each has and their texts, mostly deflated; and these events, two bytes each. Behind the blocks stand the hashes of all others.
 */
export interface RareContent {
  readonly listed: readonly {
    /** That with any rare value of the path. */
    readonly leaf: number;
    /** `joinedWords` */
    readonly texts: Uint8Array;
    /** How many events each value has, and these, one value's after the other's. */
    readonly counts: Uint32Array;
    readonly events: Uint16Array;
  }[];
  readonly hashed: HashedEvents;
}

/** Less does not get much smaller. */
const DEFLATED_FROM_BYTES = 256;

/** What is said of each block in the directory. */
const COLUMNS = 5;

/** @returns what finds the parts of the rest */
export function rareSection({ listed, hashed }: RareContent): {
  readonly directory: Uint32Array;
  readonly body: readonly Uint8Array[];
} {
  const blocks = listed.map(({ leaf, texts, counts, events }) => {
    const raw = Buffer.concat([bits.bytesOf(Uint32Array.of(counts.length)), bits.bytesOf(counts), texts]);
    const deflated = raw.length < DEFLATED_FROM_BYTES ? raw : deflateRawSync(raw, { level: 1 });
    const head = deflated.length < raw.length ? deflated : raw;
    const bytes = head.length + events.byteLength;
    return { parts: [head, bits.bytesOf(events)], about: [leaf, bytes, head.length, raw.length, crc32(head)] };
  });
  return {
    directory: Uint32Array.from([blocks.length, ...blocks.flatMap(({ about }) => about), ...hashed.ends]),
    body: [...blocks.flatMap(({ parts }) => parts), bits.bytesOf(hashed.entries)],
  };
}

/** The directory, as it is asked. */
export interface RareIndex {
  /** By leaves. */
  readonly blocks: ReadonlyMap<number, number>;
  /** Of all blocks, `COLUMNS`. */
  readonly abouts: Uint32Array;
  /** Where the blocks begin in the file, and the hashes. */
  readonly places: Uint32Array;
  /** As `HashedEvents` has it. */
  readonly ends: Uint32Array;
  /** Where all of it ends. */
  readonly end: number;
}

/** @param start where the body begins */
export function rareIndexOf(directory: Uint32Array, start: number): RareIndex {
  const count = directory[0]!;
  const abouts = directory.subarray(1, 1 + count * COLUMNS);
  const ends = directory.subarray(1 + count * COLUMNS);
  const blocks = new Map<number, number>();
  const places = new Uint32Array(count + 1);
  places[0] = start;
  for (let block = 0; block < count; block++) {
    blocks.set(abouts[block * COLUMNS]!, block);
    places[block + 1] = places[block]! + abouts[block * COLUMNS + 1]!;
  }
  return { blocks, abouts, places, ends, end: places[count]! + (ends.at(-1) ?? 0) * 4 };
}

/** The rare values of a listed path. */
export interface ListedValues {
  /** That with any rare value of the path. */
  readonly leaf: number;
  /** `joinedWords`: a text that is empty, the first one, stands for all values that cannot be told. */
  readonly texts: string;
  /** Adds the events of some of them. */
  addTo(into: EventBits, values: readonly number[]): void;
}

/** The file is not what was written. */
export class DamagedError extends Error {}

/** Parts of the file, those that are asked for: they begin at `places`, and each ends where the next begins. */
export type ReadParts = (parts: readonly number[], places: Uint32Array) => Iterable<readonly [number, Uint8Array]>;

/** Of those leaves whose paths are listed. @throws DamagedError */
export function* listedIn(
  { blocks, abouts, places }: RareIndex,
  leaves: readonly number[],
  read: ReadParts,
): Generator<ListedValues, void, void> {
  const asked = leaves.flatMap((leaf) => blocks.get(leaf) ?? []);
  for (const [block, bytes] of read(asked, places)) {
    const [leaf, , headBytes, rawBytes, crc] = abouts.subarray(block * COLUMNS) as unknown as readonly number[];
    const head = bytes.subarray(0, headBytes);
    if (crc32(head) !== crc) throw new DamagedError();
    const raw = headBytes === rawBytes ? Buffer.from(head) : inflateRawSync(head);
    yield listedOf(leaf!, raw, new Uint16Array(bytes.slice(headBytes).buffer));
  }
}

function listedOf(leaf: number, head: Buffer, events: Uint16Array): ListedValues {
  const count = head.readUInt32LE(0);
  const counts = new Uint32Array(Uint8Array.from(head.subarray(4, 4 + count * 4)).buffer);
  return {
    leaf,
    texts: head.toString('latin1', 4 + count * 4),
    addTo(into, values) {
      const isAsked = new Uint8Array(count);
      for (const value of values) isAsked[value] = 1;
      for (let value = 0, at = 0; value < count; at += counts[value++]!)
        if (isAsked[value] === 1) bits.addListed(into, events.subarray(at, at + counts[value]!));
    },
  };
}

/** The events that may have a key. @param read bytes of the file from a place on */
export function withKeyIn(
  { places, ends }: RareIndex,
  key: number,
  read: (from: number, bytes: number) => Uint8Array,
): EventBits {
  const bucket = bucketOf(key, ends);
  if (!bucket) return bits.ALL;
  const [from, to] = bucket;
  if (from === to) return bits.NONE;
  const entries = read(places.at(-1)! + from * 4, (to - from) * 4);
  return eventsOf(key, new Uint32Array(Uint8Array.from(entries).buffer));
}
