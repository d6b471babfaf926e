import { closeSync, openSync } from 'node:fs';
import { assert } from '../../base/errors.ts';
import type { HistoryCursor } from '../history.ts';
import {
  FRAME_BODY_BYTES_MAX,
  FRAME_HEAD_BYTES,
  HEADER_OFFSET,
  headerLength,
  readFrame,
  readFrameBody,
} from '../log/frame.ts';
import { logDamage, RAW_HEADER_BYTES, readFully, readRawHeader } from '../log/raw-reader.ts';
import type { Sequence } from '../log.ts';
import { doubled } from './postings.ts';
import { type IndexColumns, SegmentIndex } from './segment-index.ts';
import type { EncodedEvent, Scan, Source } from './source.ts';

const START_CAPACITY = 1024;

/** A raw segment that is not sealed yet: indexed in memory as it grows, its events read from the raw file. */
export class HotSegment implements Source {
  readonly first: Sequence;
  readonly #path: string;
  readonly #fd: number;
  readonly #seed: number;
  readonly #index: SegmentIndex;
  /** Where each row's frame ends; it starts where the row before it ends. */
  #ends = new Float64Array(START_CAPACITY);

  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'r');
    ({ first: this.first, seed: this.#seed } = readRawHeader(this.#fd));
    this.#index = new SegmentIndex(this.first);
  }

  get end(): Sequence {
    return this.first + this.#index.rows;
  }

  get oldestMs(): number {
    return this.#index.oldestMs;
  }

  get newestMs(): number {
    return this.#index.newestMs;
  }

  /** A copy of its index, as far as it goes. */
  columns(): IndexColumns {
    return this.#index.columns();
  }

  /**
   * Indexes the next part of what the file has gained.
   * @param bytes how far the file is durable; nothing after that is looked at
   * @param partBytes about how much to index; at least one event
   * @returns whether there is more before `bytes`
   * @throws OperatorError when the file is damaged
   */
  indexUpTo(bytes: number, partBytes: number): boolean {
    const from = this.#endOf(this.#index.rows - 1);
    if (from >= bytes) return false;
    let to = this.#indexPart(from, Math.min(bytes, from + partBytes));
    if (to === from) to = this.#indexPart(from, Math.min(bytes, from + FRAME_HEAD_BYTES + FRAME_BODY_BYTES_MAX));
    if (to === from) throw logDamage(this.#path, from, 'a frame fails its check');
    return to < bytes;
  }

  /** Indexes the frames that are whole between two offsets. @returns where the last one ends */
  #indexPart(from: number, to: number): number {
    const part = readFully(this.#fd, from, to - from);
    let at = 0;
    while (at < part.length) {
      const body = readFrameBody(part, at, this.#seed);
      if (typeof body === 'string') break;
      at += FRAME_HEAD_BYTES + body.length;
      const row = this.#index.rows;
      if (row === this.#ends.length) this.#ends = doubled(this.#ends);
      this.#ends[row] = from + at;
      this.#index.add(body, HEADER_OFFSET, headerLength(body));
    }
    return from + at;
  }

  candidates(scan: Scan): Iterable<HistoryCursor> {
    return this.#index.candidates(scan);
  }

  read(sequence: Sequence): EncodedEvent {
    const row = sequence - this.first;
    assert(row >= 0 && row < this.#index.rows, `${this.#path} holds ${sequence}`);
    const start = this.#endOf(row - 1);
    const frame = readFrame(readFully(this.#fd, start, this.#endOf(row) - start), 0, this.#seed);
    if (typeof frame === 'string') throw logDamage(this.#path, start, 'a frame fails its check');
    return frame;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #endOf(row: number): number {
    return row < 0 ? RAW_HEADER_BYTES : this.#ends[row]!;
  }
}
