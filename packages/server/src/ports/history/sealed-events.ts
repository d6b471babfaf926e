import { closeSync, fstatSync, openSync } from 'node:fs';
import { crc32, inflateRawSync } from 'node:zlib';
import { assert } from '../../base/errors.ts';
import type { EventHeader } from '../../event/event.ts';
import { decodeHeader } from '../../event/header.ts';
import { parseFrameBody } from '../log/frame.ts';
import { logDamage, readFully } from '../log/raw-reader.ts';
import {
  BLOCK_EVENTS,
  type BlockPlaces,
  blockCount,
  decodeFooter,
  decodePlaces,
  FOOTER_BYTES,
  TABLE_ENTRY_BYTES,
} from '../log/sealed-format.ts';
import type { Sequence } from '../log.ts';
import type { PartCache } from './pages.ts';

/** Before each record in a block: u32 length. */
const RECORD_HEAD_BYTES = 4;
/** Where a deflated block is read to, when it is not uncommonly large. */
const scratch = Buffer.allocUnsafeSlow(64 << 10);

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
  read(sequence: Sequence): { readonly header: EventHeader; readonly json: Buffer } {
    const row = sequence - this.#first;
    assert(row >= 0 && row < this.#count, `${this.#path} holds ${sequence}`);
    const block = Math.floor(row / BLOCK_EVENTS);
    const bytes = this.#cache.get(this.#key + block, () => this.#inflate(block));
    let at = 0;
    for (let skip = row % BLOCK_EVENTS; skip > 0; skip--) at += RECORD_HEAD_BYTES + bytes.readUInt32LE(at);
    const start = at + RECORD_HEAD_BYTES;
    const frame = parseFrameBody(bytes.subarray(start, start + bytes.readUInt32LE(at)));
    assert(frame, `${this.#path} has an event in block ${block}`);
    return { header: decodeHeader(frame.header, 0, frame.header.length), json: Buffer.from(frame.json) };
  }

  close(): void {
    closeSync(this.#fd);
  }

  #inflate(block: number): Buffer {
    const { offsets, inflatedBytes, crcs } = this.#places;
    const offset = offsets[block]!;
    const length = offsets[block + 1]! - offset;
    const deflated = readFully(this.#fd, offset, length, length <= scratch.length ? scratch : undefined);
    if (crc32(deflated) !== crcs[block]) throw logDamage(this.#path, offset, 'a block fails its check');
    // One chunk of the size that is known, so that nothing is copied together.
    const bytes = Math.max(64, inflatedBytes[block]!);
    return inflateRawSync(deflated, { chunkSize: bytes, maxOutputLength: bytes });
  }
}
