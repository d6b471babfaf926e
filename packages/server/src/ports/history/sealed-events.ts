import { closeSync, fstatSync, openSync } from 'node:fs';
import { crc32, inflateRawSync } from 'node:zlib';
import { assert } from '../../base/errors.ts';
import type { EventHeader } from '../../event/event.ts';
import { decodeHeader } from '../../event/header.ts';
import { parseFrameBody } from '../log/frame.ts';
import { logDamage, readFully } from '../log/raw-reader.ts';
import {
  BLOCK_EVENTS,
  blockCount,
  decodeFooter,
  decodeTable,
  FOOTER_BYTES,
  TABLE_ENTRY_BYTES,
} from '../log/sealed-format.ts';
import type { Sequence } from '../log.ts';
import type { PartCache } from './pages.ts';

/** Before each record in a block: u32 length. */
const RECORD_HEAD_BYTES = 4;

/**
 * Single events out of a `.seg`. `openSealed` of the Log is made for reading on and on; a look-up needs one event of a
 * block, from any of a hundred segments at once. So the table is kept flat (16 bytes a block: as objects, those of ten
 * million events would make every garbage collection slow), and only the event asked for is taken out of its block.
 */
export class SealedEvents {
  readonly #path: string;
  readonly #fd: number;
  readonly #first: Sequence;
  readonly #count: number;
  /** Where each block starts, and in the end where the last one ends. */
  readonly #offsets: Float64Array;
  readonly #inflatedBytes: Uint32Array;
  readonly #crcs: Uint32Array;
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
      const table = decodeTable(readFully(this.#fd, footer.tableOffset, tableBytes), footer);
      if (!table) throw logDamage(path, footer.tableOffset, 'its table fails its check');
      this.#offsets = Float64Array.from([...table.map((entry) => entry.offset), footer.tableOffset]);
      this.#inflatedBytes = Uint32Array.from(table, (entry) => entry.inflatedBytes);
      this.#crcs = Uint32Array.from(table, (entry) => entry.crc);
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
    return { header: decodeHeader(frame.header, 0, frame.header.length), json: frame.json };
  }

  close(): void {
    closeSync(this.#fd);
  }

  #inflate(block: number): Buffer {
    const offset = this.#offsets[block]!;
    const deflated = readFully(this.#fd, offset, this.#offsets[block + 1]! - offset);
    if (crc32(deflated) !== this.#crcs[block]) throw logDamage(this.#path, offset, 'a block fails its check');
    // One chunk of the size that is known, so that nothing is copied together.
    const bytes = Math.max(64, this.#inflatedBytes[block]!);
    return inflateRawSync(deflated, { chunkSize: bytes, maxOutputLength: bytes });
  }
}
