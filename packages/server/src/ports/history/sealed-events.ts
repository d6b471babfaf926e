import { closeSync, fstatSync, openSync } from 'node:fs';
import { assert } from '../../base/errors.ts';
import { decodeHeader } from '../../event/header.ts';
import { parseFrameBody } from '../log/frame.ts';
import { logDamage, readFully } from '../log/raw-reader.ts';
import {
  BLOCK_EVENTS,
  type BlockPlaces,
  blockCount,
  type Codec,
  decodeFooter,
  decodePlaces,
  FOOTER_BYTES,
  TABLE_ENTRY_BYTES,
} from '../log/sealed-format.ts';
import type { Sequence, StoredEvent } from '../log.ts';
import { type PackedBlock, RECORD_HEAD_BYTES, readPacked, recordAt } from './packed-block.ts';
import type { PartCache } from './pages.ts';
import type { EncodedEvent } from './source.ts';

/** As the Log has it. */
export type LogEvent = Pick<StoredEvent, 'sequence' | 'header' | 'json'>;

/** A block that is to be unpacked, by the key of the cache. */
export interface LackingBlock {
  readonly key: number;
  readonly block: PackedBlock;
  /** How many of its first records are wanted. */
  readonly records: number;
}

/**
 * Single events out of a `.seg`. `openSealed` of the Log is made for reading on and on; a look-up needs one event of a
 * block, from any of a hundred segments at once. So the table is kept flat (16 bytes a block), and only the event asked
 * for is taken out of its block.
 */
export class SealedEvents {
  readonly #path: string;
  readonly #fd: number;
  readonly #first: Sequence;
  readonly #count: number;
  readonly #codec: Codec;
  readonly #places: BlockPlaces;
  readonly #cache: PartCache;
  readonly #key: number;

  /** @throws OperatorError when the file is damaged */
  constructor(path: string, cache: PartCache) {
    this.#path = path;
    this.#cache = cache;
    this.#key = cache.nextFile();
    this.#fd = openSync(path, 'r');
    try {
      const fileBytes = fstatSync(this.#fd).size;
      const footerAt = Math.max(0, fileBytes - FOOTER_BYTES);
      const footer = decodeFooter(readFully(this.#fd, footerAt, FOOTER_BYTES), fileBytes);
      if (!footer) throw logDamage(path, footerAt, 'its footer is wrong');
      this.#first = footer.first;
      this.#count = footer.count;
      this.#codec = footer.codec;
      const tableBytes = blockCount(footer.count) * TABLE_ENTRY_BYTES;
      const places = decodePlaces(readFully(this.#fd, footer.tableOffset, tableBytes), footer);
      if (!places) throw logDamage(path, footer.tableOffset, 'its table fails its check');
      this.#places = places;
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** @throws OperatorError when its block is damaged */
  read(sequence: Sequence): Pick<LogEvent, 'header' | 'json'> {
    return decoded(this.readEncoded(sequence));
  }

  /** As `read`, for who needs its header as it is. */
  readEncoded(sequence: Sequence): EncodedEvent {
    const row = sequence - this.#first;
    assert(row >= 0 && row < this.#count, `${this.#path} holds ${sequence}`);
    const block = Math.floor(row / BLOCK_EVENTS);
    const number = row % BLOCK_EVENTS;
    const kept = this.#cache.get(this.#key + block, () => this.#unpack(block, number + 1));
    // A block that is asked for more than once is mostly asked for again: all of it is kept then.
    const record =
      recordAt(kept, number) ?? recordAt(this.#cache.replace(this.#key + block, this.#unpack(block)), number);
    assert(record, `${this.#path} has ${BLOCK_EVENTS} events in block ${block}`);
    return this.#event(Buffer.from(record), block);
  }

  /** What reading these would unpack, and what to keep it by. */
  lacking(sequences: readonly Sequence[]): readonly LackingBlock[] {
    const records = new Map<number, number>();
    for (const sequence of sequences) {
      const row = sequence - this.#first;
      const block = Math.floor(row / BLOCK_EVENTS);
      records.set(block, Math.max(records.get(block) ?? 0, (row % BLOCK_EVENTS) + 1));
    }
    const lacking: LackingBlock[] = [];
    for (const [block, wanted] of records) {
      const key = this.#key + block;
      const kept = this.#cache.kept(key);
      if (kept && recordAt(kept, wanted - 1)) continue;
      lacking.push({ key, block: this.#placeOf(block), records: kept ? BLOCK_EVENTS : wanted });
    }
    return lacking;
  }

  /** After its last event. */
  get end(): Sequence {
    return this.#first + this.#count;
  }

  /**
   * Events of this segment from `from` on, before `to`. Nothing of it is kept.
   * @param wanted whether a block is to be looked at, by all that is in it: records, and what stands between them
   * @throws OperatorError when a block is damaged
   */
  *readSome(from: Sequence, to: Sequence, wanted: (block: Buffer) => boolean): Generator<LogEvent> {
    const last = Math.min(to, this.end) - 1 - this.#first;
    for (let block = Math.floor((from - this.#first) / BLOCK_EVENTS); block * BLOCK_EVENTS <= last; block++) {
      const unpacked = this.#unpack(block);
      if (!wanted(unpacked)) continue;
      const bytes = Buffer.from(unpacked); // its events may be held by who asks
      let at = 0;
      for (let row = block * BLOCK_EVENTS; row <= last && at < bytes.length; row++) {
        const start = at + RECORD_HEAD_BYTES;
        at = start + bytes.readUInt32LE(at);
        if (row < from - this.#first) continue;
        yield { sequence: this.#first + row, ...decoded(this.#event(bytes.subarray(start, at), block)) };
      }
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #event(body: Buffer, block: number): EncodedEvent {
    const frame = parseFrameBody(body);
    assert(frame, `${this.#path} has an event in block ${block}`);
    return frame;
  }

  #unpack(block: number, records?: number): Buffer {
    const place = this.#placeOf(block);
    const plain = readPacked(place, records);
    if (!plain) throw logDamage(this.#path, place.offset, 'a block fails its check');
    return plain;
  }

  #placeOf(block: number): PackedBlock {
    const { offsets, inflatedBytes, crcs } = this.#places;
    const offset = offsets[block]!;
    const bytes = offsets[block + 1]! - offset;
    return { fd: this.#fd, offset, bytes, crc: crcs[block]!, plainBytes: inflatedBytes[block]!, codec: this.#codec };
  }
}

const decoded = ({ header, json }: EncodedEvent): Pick<LogEvent, 'header' | 'json'> => ({
  header: decodeHeader(header, 0, header.length),
  json,
});
