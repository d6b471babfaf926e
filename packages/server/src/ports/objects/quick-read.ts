import { closeSync, openSync, readSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { systemErrorCode } from '../../base/errors.ts';

/** From the page cache a file comes in some 20 µs. When reads take this long on average, they wait for the disk. */
const SLOW_MS = 1;
/** How many of the last reads the average is mostly of; no single one (we may have lost the processor) counts for more than `COUNTED_MS_MAX`. */
const AVERAGED_READS = 8;
const COUNTED_MS_MAX = 4;
/** A disk that was slow is tried again after this. */
const PAUSE_MS = 1_000;

/**
 * Reads small files in one go, without the thread pool, whose round trips (open, stat, read, read, close) cost ten times
 * as much as the reading when the file is in the page cache. There it mostly is: it was written lately, or is read again.
 * Everybody waits for such a read, so while the disk is slow there are none.
 */
export class QuickReader {
  readonly #clock: Clock;
  #averageMs = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The file, or its first `bytesMax`; undefined when it is to be read the patient way, which also tells what is wrong. */
  read(path: string, bytesMax: number): Buffer | undefined {
    const startMs = this.#clock.monotonicMs();
    if (startMs < this.#notBeforeMs) return undefined;
    try {
      return readNow(path, bytesMax);
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
      return undefined;
    } finally {
      this.#note(startMs, this.#clock.monotonicMs());
    }
  }

  #note(startMs: number, endMs: number): void {
    this.#averageMs += (Math.min(endMs - startMs, COUNTED_MS_MAX) - this.#averageMs) / AVERAGED_READS;
    if (this.#averageMs < SLOW_MS) return;
    this.#averageMs = 0;
    this.#notBeforeMs = endMs + PAUSE_MS;
  }
}

function readNow(path: string, bytesMax: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.allocUnsafeSlow(bytesMax);
    return bytes.subarray(0, readSync(file, bytes, 0, bytesMax, 0));
  } finally {
    closeSync(file);
  }
}
