import { join } from 'node:path';
import type { Sequence, StoredEvent } from '../log.ts';
import { type LogFile, type LogFileSystem, readUpTo, writeFully } from './file-system.ts';
import { FRAME_BODY_BYTES_MAX, FRAME_HEAD_BYTES, frameEnd, scanFrames } from './frame.ts';
import {
  encodeRawHeader,
  logDamage,
  RAW_HEADER_BYTES,
  type RawHeader,
  segmentName,
  storedEvent,
} from './raw-reader.ts';
import { BlockCache, openSealed, type Sealed } from './sealed.ts';
import { Shared } from './shared.ts';

/** A run of the Log in one file. */
export interface Segment {
  readonly first: Sequence;
  readonly count: number;
  readonly path: string;
  readonly bytes: number;
  /** Of all its events; minus infinity when it has none. */
  readonly acceptedMaxMs: number;
  /** Events from `from` (which it holds) on, at least one, up to about `bytesMax` bytes of header and JSON. */
  read(from: Sequence, bytesMax: number): Promise<readonly StoredEvent[]>;
  /** Waits for reads under way. */
  close(): Promise<void>;
}

/** Every how many events a raw segment's offsets are kept in memory: 64 KB for a full segment. */
export const INDEX_EVERY = 16;
/** Read beyond what was asked: frames before `from`, and frame heads. */
const READ_SLACK_BYTES = 32 << 10;
/** Held for one read, whatever was asked. */
const READ_BYTES_MAX = 16 << 20;

/** What is known of a raw segment's durable frames. */
export interface RawState {
  readonly count: number;
  readonly bytes: number;
  readonly acceptedMaxMs: number;
  /** Offsets of every `INDEX_EVERY`th frame. The segment keeps and extends it. */
  readonly index: number[];
}

export const EMPTY_RAW: Omit<RawState, 'index'> = {
  count: 0,
  bytes: RAW_HEADER_BYTES,
  acceptedMaxMs: Number.NEGATIVE_INFINITY,
};

/** A segment as it is written: append-only frames. Only what is durable counts as its content. */
export class RawSegment implements Segment {
  readonly first: Sequence;
  readonly path: string;
  readonly #seed: number;
  readonly #file: LogFile;
  readonly #readers: Shared<LogFile>;
  readonly #index: number[];
  #count: number;
  #bytes: number;
  #acceptedMaxMs: number;

  constructor(path: string, header: RawHeader, file: LogFile, state: RawState) {
    this.path = path;
    this.first = header.first;
    this.#seed = header.seed;
    this.#file = file;
    this.#readers = new Shared(file, (f) => f.close());
    this.#index = state.index;
    this.#count = state.count;
    this.#bytes = state.bytes;
    this.#acceptedMaxMs = state.acceptedMaxMs;
  }

  get count(): number {
    return this.#count;
  }
  get bytes(): number {
    return this.#bytes;
  }
  get acceptedMaxMs(): number {
    return this.#acceptedMaxMs;
  }

  /** Makes frames durable. When it throws, the segment MUST NOT be appended to again: the disk may hold anything now. */
  async append(frames: Buffer, count: number, acceptedMaxMs: number): Promise<void> {
    await writeFully(this.#file, frames, this.#bytes);
    if (!this.#file.writesThrough) await this.#file.datasync();
    for (let at = 0, n = this.#count; n < this.#count + count; n++) {
      if (n % INDEX_EVERY === 0) this.#index.push(this.#bytes + at);
      at = frameEnd(frames, at) as number;
    }
    this.#count += count;
    this.#bytes += frames.length;
    this.#acceptedMaxMs = Math.max(this.#acceptedMaxMs, acceptedMaxMs);
  }

  /** Cuts off what a failed append left. */
  async cut(): Promise<void> {
    await this.#file.truncate(this.#bytes);
    await this.#file.datasync();
  }

  read(from: Sequence, bytesMax: number): Promise<readonly StoredEvent[]> {
    return this.#readers.use((file) => this.#readFrom(file, from, bytesMax));
  }

  close(): Promise<void> {
    return this.#readers.end();
  }

  async #readFrom(file: LogFile, from: Sequence, bytesMax: number): Promise<readonly StoredEvent[]> {
    const events: StoredEvent[] = [];
    const limit = this.#bytes;
    const slot = Math.floor((from - this.first) / INDEX_EVERY);
    let sequence = this.first + slot * INDEX_EVERY;
    let offset = this.#index[slot]!;
    let want = Math.min(bytesMax, READ_BYTES_MAX) + READ_SLACK_BYTES;
    let budget = bytesMax;
    for (;;) {
      const chunk = await readUpTo(file, Math.min(want, limit - offset), offset);
      const end = scanFrames(chunk, 0, this.#seed, (frame) => {
        if (sequence >= from) {
          budget -= frame.header.length + frame.json.length;
          if (budget < 0 && events.length > 0) return false;
          events.push(storedEvent(sequence, frame));
        }
        sequence++;
        return true;
      });
      if (events.length > 0) return events;
      offset += end.offset;
      const whole = chunk.length < want || want > FRAME_BODY_BYTES_MAX;
      if (end.stopped === 'damaged' || (end.offset === 0 && whole)) {
        throw logDamage(this.path, offset, `event ${sequence} fails its check`);
      }
      if (end.offset === 0) want = FRAME_HEAD_BYTES + FRAME_BODY_BYTES_MAX;
    }
  }
}

/** Makes an empty raw segment, durable under its name, which then is the end of the Log. */
export async function createRawSegment(
  fileSystem: LogFileSystem,
  directory: string,
  header: RawHeader,
): Promise<RawSegment> {
  const path = join(directory, segmentName(header.first, 'wal'));
  const file = await fileSystem.open(`${path}.tmp`, 'w+');
  try {
    await writeFully(file, encodeRawHeader(header), 0);
    await file.datasync();
    await fileSystem.rename(`${path}.tmp`, path);
    await fileSystem.syncDirectory(directory);
  } catch (error) {
    await file.close().catch(() => {});
    throw error;
  }
  return new RawSegment(path, header, file, { ...EMPTY_RAW, index: [] });
}

/** Sealed segments kept open; the others are opened when read. A third of a megabyte each. */
const OPEN_SEALED_MAX = 16;
/** Shared by all of them: readers of the Log move on, so that little is read twice. */
const SEALED_CACHE_BYTES = 1 << 20;

/** Opens sealed segments when they are read, and keeps the last few open. */
export class SealedPool {
  readonly #cache = new BlockCache(SEALED_CACHE_BYTES);
  readonly #open = new Map<string, Shared<Sealed>>();

  use<R>(path: string, work: (sealed: Sealed) => Promise<R>): Promise<R> {
    const shared = this.#open.get(path) ?? new Shared(openSealed(path, this.#cache), (sealed) => sealed.close());
    this.#open.delete(path);
    this.#open.set(path, shared);
    const result = shared.use(work);
    if (this.#open.size > OPEN_SEALED_MAX) void this.close(this.#open.keys().next().value!);
    return result;
  }

  async close(path: string): Promise<void> {
    const shared = this.#open.get(path);
    this.#open.delete(path);
    await shared?.end();
  }
}

/** A segment that history's worker has sealed. */
export class SealedSegment implements Segment {
  readonly first: Sequence;
  readonly count: number;
  readonly path: string;
  readonly bytes: number;
  readonly acceptedMaxMs: number;
  readonly #pool: SealedPool;

  constructor(
    path: string,
    footer: Pick<SealedSegment, 'first' | 'count' | 'bytes' | 'acceptedMaxMs'>,
    pool: SealedPool,
  ) {
    this.path = path;
    this.first = footer.first;
    this.count = footer.count;
    this.bytes = footer.bytes;
    this.acceptedMaxMs = footer.acceptedMaxMs;
    this.#pool = pool;
  }

  async read(from: Sequence, bytesMax: number): Promise<readonly StoredEvent[]> {
    return this.#pool.use(this.path, (sealed) => sealed.readEvents(from, bytesMax));
  }

  close(): Promise<void> {
    return this.#pool.close(this.path);
  }
}
