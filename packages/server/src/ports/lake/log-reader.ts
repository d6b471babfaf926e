import { join } from 'node:path';
import { systemErrorCode } from '../../base/errors.ts';
import {
  logDamage,
  RAW_HEADER_BYTES,
  type RawPosition,
  readRawFrames,
  segmentName,
  storedEvent,
} from '../log/raw-reader.ts';
import { openSealed, type Sealed } from '../log/sealed.ts';
import type { Sequence, StoredEvent } from '../log.ts';
import { sealedSegments } from './records.ts';

/** What of the Log there is to read. Everything before `end` is durable. */
export interface LogView {
  readonly start: Sequence;
  readonly end: Sequence;
  /** Raw segments, oldest first: those complete, and last the one that grows, each with how far it may be read. */
  readonly raw: readonly { readonly first: Sequence; readonly path: string; readonly bytes: number }[];
}

/** Reads the Log's own files one after the other, as the Log says how far it is. Synchronous: it lives in a process of its own. */
export class LogReader {
  readonly #directory: string;
  #position: Sequence;
  /** Where in a raw segment that is. */
  #raw: { readonly path: string; readonly at: RawPosition } | undefined;
  #sealed: Sealed | undefined;

  constructor(directory: string, from: Sequence) {
    this.#directory = directory;
    this.#position = from;
  }

  /** The next event's sequence. */
  get position(): Sequence {
    return this.#position;
  }

  /** The events from here on could not be used: they are read again. */
  back(to: Sequence): void {
    this.#position = to;
    this.#raw = undefined;
  }

  /**
   * The next events, about `bytesMax` bytes of them; none when all of the view is read. What retention has deleted
   * meanwhile is passed over.
   * @throws OperatorError when a file of the Log is damaged
   */
  read(view: LogView, bytesMax: number): readonly StoredEvent[] {
    this.#position = Math.max(this.#position, view.start);
    if (this.#position >= view.end) return [];
    const raw = view.raw.findLast(({ first }) => first <= this.#position);
    try {
      const events = raw ? this.#readRaw(raw, bytesMax) : this.#readSealed(bytesMax);
      this.#position += events.length;
      return events;
    } catch (error) {
      // It was sealed, or deleted, since the view was made: the next view says so.
      if (systemErrorCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  close(): void {
    this.#sealed?.close();
    this.#sealed = undefined;
  }

  #readRaw({ path, bytes }: LogView['raw'][number], bytesMax: number): readonly StoredEvent[] {
    if (bytes <= RAW_HEADER_BYTES) return [];
    const known = this.#raw?.path === path && this.#raw.at.sequence === this.#position ? this.#raw.at : undefined;
    const events: StoredEvent[] = [];
    let read = 0;
    for (const frame of readRawFrames(path, known, bytes)) {
      this.#raw = { path, at: frame.next };
      if (frame.sequence < this.#position) continue;
      events.push(storedEvent(frame.sequence, frame));
      read += frame.body.length;
      if (read >= bytesMax) break;
    }
    return events;
  }

  #readSealed(bytesMax: number): readonly StoredEvent[] {
    const { end = 0, first = 0 } = this.#sealed ?? {};
    if (this.#position < first || this.#position >= end) this.close();
    this.#sealed ??= openSealed(this.#sealedPath());
    if (this.#position >= this.#sealed.end) throw logDamage(this.#sealed.path, 0, 'the segment after it is missing');
    return this.#sealed.readEventsSync(this.#position, bytesMax);
  }

  #sealedPath(): string {
    const first = sealedSegments(this.#directory).findLast((one) => one <= this.#position);
    return join(this.#directory, segmentName(first ?? 0, 'seg'));
  }
}
