import { closeSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode } from '../../base/errors.ts';
import { PartCache } from '../history/pages.ts';
import { type LogEvent, SealedEvents } from '../history/sealed-events.ts';
import { FRAME_BODY_BYTES_MAX, FRAME_HEAD_BYTES, type Frame, frameEnd, readFrame } from '../log/frame.ts';
import { RAW_HEADER_BYTES, readFully, readRawHeader, segmentName, storedEvent } from '../log/raw-reader.ts';
import type { Sequence } from '../log.ts';
import type { LogView } from './log-reader.ts';

/** Inflated blocks kept: pages next to each other meet the same ones. */
const CACHE_BYTES = 16 << 20;
/** Sealed segments open at a time, some 150 kB each. */
const SEGMENTS_MAX = 64;
/** Of a raw segment, looked through at a time for where its frames end. */
const SCAN_BYTES = 4 << 20;

/** Whether some bytes of the Log are worth a look. */
export type Wanted = (bytes: Buffer) => boolean;

/**
 * Records by their sequence, out of the Log's own files: there a record is one frame, or one of sixteen in a block, where
 * Parquet would read some ten thousand to have one. All that the lake holds stands in the Log, too.
 */
export class LogRecords {
  readonly #directory: string;
  readonly #cache = new PartCache(CACHE_BYTES);
  /** By first sequence; the least recently used first. */
  readonly #sealed = new Map<Sequence, SealedEvents>();
  readonly #raw = new Map<string, RawRecords>();
  /** First sequences of sealed segments, ascending. */
  #firsts: readonly Sequence[] = [];
  #view: LogView | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  follow(view: LogView): void {
    const before = this.#view;
    this.#view = view;
    if (before && before.start === view.start && before.raw[0]?.first === view.raw[0]?.first) return;
    this.#firsts = sealedSegments(this.#directory);
    for (const first of this.#sealed.keys()) if (!this.#firsts.includes(first)) this.#close(this.#sealed, first);
    const paths = view.raw.map(({ path }) => path);
    for (const path of this.#raw.keys()) if (!paths.includes(path)) this.#close(this.#raw, path);
  }

  /** @returns undefined when it is gone, or on its way from one file to another */
  read(sequence: Sequence): Buffer | undefined {
    try {
      const raw = this.#rawWith(sequence);
      return raw ? raw.read(sequence)?.json : this.#sealedWith(sequence)?.read(sequence).json;
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /**
   * The events from `from` on, before `to`; without those in parts of the Log that are not wanted.
   * @returns undefined when some are gone, or on their way from one file to another
   */
  readSome(from: Sequence, to: Sequence, wanted: Wanted): readonly LogEvent[] | undefined {
    const events: LogEvent[] = [];
    try {
      for (let at = from; at < to; ) {
        const segment = this.#rawWith(at) ?? this.#sealedWith(at);
        if (!segment || segment.end <= at) return undefined;
        for (const event of segment.readSome(at, to, wanted)) events.push(event);
        at = segment.end;
      }
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
    return events;
  }

  #rawWith(sequence: Sequence): RawRecords | undefined {
    const raw = this.#view?.raw.findLast(({ first }) => first <= sequence);
    if (!raw || raw.bytes <= RAW_HEADER_BYTES) return undefined;
    let known = this.#raw.get(raw.path);
    if (!known) {
      known = new RawRecords(raw.path);
      this.#raw.set(raw.path, known);
    }
    known.scan(raw.bytes);
    return known;
  }

  #sealedWith(sequence: Sequence): SealedEvents | undefined {
    const first = this.#firsts.findLast((one) => one <= sequence);
    if (first === undefined) return undefined;
    let segment = this.#sealed.get(first);
    if (segment) this.#sealed.delete(first);
    else segment = new SealedEvents(join(this.#directory, segmentName(first, 'seg')), this.#cache);
    this.#sealed.set(first, segment);
    const [oldest] = this.#sealed.keys();
    if (this.#sealed.size > SEGMENTS_MAX) this.#close(this.#sealed, oldest!);
    return segment;
  }

  #close<K>(among: Map<K, { close(): void }>, key: K): void {
    among.get(key)?.close();
    among.delete(key);
  }
}

/** First sequences of the sealed segments in the Log's folder, ascending. */
export const sealedSegments = (directory: string): readonly Sequence[] =>
  readdirSync(directory)
    .flatMap((name) => /^(\d{20})\.seg$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);

/** A raw segment, with the places of its frames as far as it has been looked through. */
class RawRecords {
  readonly #fd: number;
  readonly #first: Sequence;
  readonly #seed: number;
  /** Where each frame ends; it starts where the one before it ends. */
  readonly #ends: number[] = [];

  constructor(path: string) {
    this.#fd = openSync(path, 'r');
    ({ first: this.#first, seed: this.#seed } = readRawHeader(this.#fd));
  }

  /** Looks through what it has gained, up to the byte `to`. */
  scan(to: number): void {
    for (let at = this.#endOf(this.#ends.length - 1); at < to; ) {
      const part = readFully(this.#fd, at, Math.min(to - at, SCAN_BYTES + FRAME_HEAD_BYTES + FRAME_BODY_BYTES_MAX));
      let end = frameEnd(part, 0);
      if (typeof end !== 'number') return; // what is damaged is told by who reads it all
      for (let offset = 0; typeof end === 'number'; end = frameEnd(part, offset)) {
        offset = end;
        this.#ends.push(at + end);
      }
      at = this.#endOf(this.#ends.length - 1);
    }
  }

  /** After the last event that is known of. */
  get end(): Sequence {
    return this.#first + this.#ends.length;
  }

  read(sequence: Sequence): Frame | undefined {
    const row = sequence - this.#first;
    if (row < 0 || row >= this.#ends.length) return undefined;
    const start = this.#endOf(row - 1);
    const frame = readFrame(readFully(this.#fd, start, this.#endOf(row) - start), 0, this.#seed);
    return typeof frame === 'string' ? undefined : frame;
  }

  *readSome(from: Sequence, to: Sequence, wanted: Wanted): Generator<LogEvent> {
    for (let sequence = from; sequence < Math.min(to, this.end); sequence++) {
      const frame = this.read(sequence);
      if (frame && wanted(frame.json)) yield storedEvent(sequence, frame);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #endOf(row: number): number {
    return row < 0 ? RAW_HEADER_BYTES : this.#ends[row]!;
  }
}
