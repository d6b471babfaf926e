import { closeSync, openSync, readSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { systemErrorCode } from '../../base/errors.ts';

/** From the page cache a file comes in some 20 µs. When reads take this long on average, they wait for the disk. */
const SLOW_MS = 1;
/**
 * How many of the last reads the average is mostly of; no single one counts for more than `COUNTED_MS_MAX`. We may have lost
 * the processor in a few of them, where others keep it busy: then the thread pool would only make it busier.
 */
const AVERAGED_READS = 16;
const COUNTED_MS_MAX = 4;
/** A disk that was slow is tried again after this. */
const PAUSE_MS = 1_000;
/** Most log files and digests, with their seals. */
const KEPT_BYTES = 32 << 10;
/** Two requests for many objects have as many open at once: 2 MB. */
const KEPT_MAX = 64;

/**
 * Reads small files in one go, without the thread pool, whose round trips (open, stat, read, read, close) cost ten times
 * as much as the reading when the file is in the page cache. There it mostly is: it was written lately, or is read again.
 * Everybody waits for such a read, so while the disk is slow there are none.
 *
 * Buffers are used again: V8 counts their bytes as its heap's, so a new one for each of thousands of small files made it
 * collect all garbage several times a second, which took longer than reading and answering.
 */
export class QuickReader {
  readonly #clock: Clock;
  #averageMs = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  readonly #kept: ArrayBuffer[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The file, or its first `bytesMax`; undefined when it is to be read the patient way, which also tells what is wrong.
   * Whoever has no more use for it, nor anybody for a part of it, may give it back.
   */
  read(path: string, bytesMax: number): Buffer<ArrayBuffer> | undefined {
    const startMs = this.#clock.monotonicMs();
    if (startMs < this.#notBeforeMs) return undefined;
    try {
      return readNow(path, this.#bufferFor(bytesMax));
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
      return undefined;
    } finally {
      this.#note(startMs, this.#clock.monotonicMs());
    }
  }

  /** Takes back what `read` gave. MUST be called once at most for each. */
  giveBack({ buffer }: Buffer<ArrayBuffer>): void {
    if (buffer.byteLength === KEPT_BYTES && this.#kept.length < KEPT_MAX) this.#kept.push(buffer);
  }

  #bufferFor(bytes: number): Buffer<ArrayBuffer> {
    if (bytes > KEPT_BYTES) return Buffer.allocUnsafeSlow(bytes);
    return Buffer.from(this.#kept.pop() ?? new ArrayBuffer(KEPT_BYTES), 0, bytes);
  }

  #note(startMs: number, endMs: number): void {
    this.#averageMs += (Math.min(endMs - startMs, COUNTED_MS_MAX) - this.#averageMs) / AVERAGED_READS;
    if (this.#averageMs < SLOW_MS) return;
    this.#averageMs = 0;
    this.#notBeforeMs = endMs + PAUSE_MS;
  }
}

function readNow(path: string, into: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  const file = openSync(path, 'r');
  try {
    return into.subarray(0, readSync(file, into, 0, into.length, 0));
  } finally {
    closeSync(file);
  }
}
