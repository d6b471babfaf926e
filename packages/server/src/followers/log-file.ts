import { createHash } from 'node:crypto';
import { createGzip } from 'node:zlib';
import type { Sequence, StoredEvent } from '../ports/log.ts';
import type { LogFileKind } from '../trails/paths.ts';
import type { Stream } from '../trails/trail.ts';

/** A log file while it fills: `{"Records":[…]}` with each record's own bytes, as a list of chunks. */

const HEAD = Buffer.from('{"Records":[');
const TAIL = Buffer.from(']}');
const COMMA = 0x2c;
/** Small trails have many files open, so chunks start small; busy ones fill large chunks, so that their list is short. */
const CHUNK_BYTES_MIN = 4 * 1024;
const CHUNK_BYTES_MAX = 256 * 1024;
/** As fast as level 1 on records, and a little smaller; level 6 takes twice the time for a seventh less. */
const GZIP_LEVEL = 3;
/** One trip to zlib's thread for each chunk, and mostly one buffer back. */
const GZIP_CHUNK_BYTES = 64 * 1024;

/** What is the same for all records of a file, and where it goes. */
export interface LogFilePlace extends Stream {
  readonly kind: LogFileKind;
  readonly bucket: string;
  readonly prefix: string | undefined;
  readonly organizationId: string | undefined;
}

/** A file that takes no more events. */
export interface ClosedLogFile {
  readonly chunks: readonly Buffer[];
  /** SHA-256 of the uncompressed bytes, lower-case hex: what the digest says. */
  readonly sha256: string;
}

/**
 * Copies records out of the Log's read buffers, once: a selected record of a kilobyte would otherwise keep the whole
 * buffer that it was read with.
 */
export class OpenLogFile {
  readonly place: LogFilePlace;
  readonly firstSequence: Sequence;
  lastSequence: Sequence;
  events = 0;
  newestMs = -Infinity;
  oldestMs = Infinity;
  /** Uncompressed size if it were closed now. */
  bytes = HEAD.length + TAIL.length;
  readonly #chunks: Buffer[] = [];
  #chunk = Buffer.allocUnsafe(CHUNK_BYTES_MIN);
  #used = 0;
  readonly #hash = createHash('sha256');
  #closed: ClosedLogFile | undefined;

  constructor(place: LogFilePlace, firstSequence: Sequence) {
    this.place = place;
    this.firstSequence = firstSequence;
    this.lastSequence = firstSequence;
    this.#append(HEAD);
  }

  /** How much larger the file gets by a record of `jsonBytes`. */
  growth(jsonBytes: number): number {
    return jsonBytes + (this.events === 0 ? 0 : 1);
  }

  add(event: StoredEvent): void {
    this.bytes += this.growth(event.json.length);
    if (this.events > 0) {
      if (this.#used === this.#chunk.length) this.#nextChunk();
      this.#chunk[this.#used++] = COMMA;
    }
    this.#append(event.json);
    this.events++;
    this.lastSequence = event.sequence;
    const { timeMs } = event.header;
    if (timeMs > this.newestMs) this.newestMs = timeMs;
    if (timeMs < this.oldestMs) this.oldestMs = timeMs;
  }

  /** Ends the file. Calling it again gives the same. */
  close(): ClosedLogFile {
    if (this.#closed === undefined) {
      this.#append(TAIL);
      this.#nextChunk();
      this.#closed = { chunks: this.#chunks, sha256: this.#hash.digest('hex') };
    }
    return this.#closed;
  }

  #append(bytes: Buffer): void {
    for (let from = 0; from < bytes.length; ) {
      if (this.#used === this.#chunk.length) this.#nextChunk();
      const copied = bytes.copy(this.#chunk, this.#used, from);
      from += copied;
      this.#used += copied;
    }
  }

  /** Hashing chunk by chunk keeps the event loop free of a 50 MB hash. */
  #nextChunk(): void {
    const full = this.#chunk.subarray(0, this.#used);
    this.#hash.update(full);
    this.#chunks.push(full);
    this.#chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES_MAX, this.#chunk.length * 2));
    this.#used = 0;
  }
}

/** Compresses in zlib's thread pool. @returns one gzip member, in parts */
export async function gzip(chunks: readonly Buffer[]): Promise<Buffer[]> {
  const stream = createGzip({ level: GZIP_LEVEL, chunkSize: GZIP_CHUNK_BYTES });
  const feed = (async () => {
    for (const chunk of chunks) {
      if (!stream.write(chunk)) await new Promise((resolve) => stream.once('drain', resolve));
    }
    stream.end();
  })();
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  await feed;
  return parts;
}
