import { join } from 'node:path';
import { systemErrorCode } from '../../base/errors.ts';
import { PartCache } from '../history/pages.ts';
import { type LogEvent, SealedEvents } from '../history/sealed-events.ts';
import {
  logDamage,
  RAW_HEADER_BYTES,
  type RawPosition,
  readRawFrames,
  segmentName,
  storedEvent,
} from '../log/raw-reader.ts';
import type { Sequence } from '../log.ts';
import { sealedSegments } from './records.ts';

/** What of the Log there is to read. Everything before `end` is durable. */
export interface LogView {
  readonly start: Sequence;
  readonly end: Sequence;
  /** Raw segments, oldest first: those complete, and last the one that grows, each with how far it may be read. */
  readonly raw: readonly { readonly first: Sequence; readonly path: string; readonly bytes: number }[];
}

/** Nothing is read again. */
const NO_CACHE = new PartCache(0);

/** Reads the Log's own files one after the other, as the Log says how far it is. Synchronous: it lives in a process of its own. */
export class LogReader {
  readonly #directory: string;
  #position: Sequence;
  /** Where in a raw segment that is. */
  #raw: { readonly path: string; readonly at: RawPosition } | undefined;
  #sealed: { readonly first: Sequence; readonly path: string; readonly events: SealedEvents } | undefined;

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
  read(view: LogView, bytesMax: number): readonly LogEvent[] {
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
    this.#sealed?.events.close();
    this.#sealed = undefined;
  }

  #readRaw({ path, bytes }: LogView['raw'][number], bytesMax: number): readonly LogEvent[] {
    if (bytes <= RAW_HEADER_BYTES) return [];
    const known = this.#raw?.path === path && this.#raw.at.sequence === this.#position ? this.#raw.at : undefined;
    const events: LogEvent[] = [];
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

  /** By the decoder that single records are unpacked with: one for each block would be garbage outside of V8's heap. */
  #readSealed(bytesMax: number): readonly LogEvent[] {
    const { path, events: segment } = this.#segment();
    const events: LogEvent[] = [];
    let read = 0;
    for (const event of segment.readSome(this.#position, segment.end, () => true)) {
      if (event.sequence !== this.#position + events.length) break;
      events.push(event);
      read += event.json.length;
      if (read >= bytesMax) break;
    }
    if (events.length === 0) throw logDamage(path, 0, `it lacks the event ${this.#position}`);
    return events;
  }

  /** The sealed one that the next event is in. */
  #segment() {
    const position = this.#position;
    if (this.#sealed && position >= this.#sealed.first && position < this.#sealed.events.end) return this.#sealed;
    this.close();
    const first = sealedSegments(this.#directory).findLast((one) => one <= position) ?? 0;
    const path = join(this.#directory, segmentName(first, 'seg'));
    const events = new SealedEvents(path, NO_CACHE);
    this.#sealed = { first, path, events };
    if (position >= events.end) throw logDamage(path, 0, 'the segment after it is missing');
    return this.#sealed;
  }
}
