import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { assert, Pushback, pushbackWhenFull } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { LogFileSystem } from '../log/file-system.ts';
import type { LogRange, NewLogEvent, StoredLogEvent, StreamFigures } from '../log-groups.ts';
import { encodeBlock } from './block.ts';
import type { BlockCache } from './cache.ts';
import { count } from './figures.ts';
import { mergeByTime } from './merge.ts';
import { createRaw, openRaw, RawSegment } from './raw.ts';
import { openSealed, seal } from './sealed.ts';
import type { Segment } from './segment.ts';

/** What all groups of a store share. */
export interface Shared {
  readonly fs: LogFileSystem;
  readonly cache: BlockCache;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits: SegmentLimits;
  /** Runs one sealing after another, so that they never take more than one segment's memory and a thread. */
  sealLater(work: () => Promise<void>): void;
  /** Bytes of batches that wait for the disk, in all groups. */
  waitingBytes: number;
}

export interface SegmentLimits {
  /** A segment is complete at either. Sorting one when it is sealed keeps everybody else waiting, some 20 ms. */
  readonly bytesMax: number;
  readonly eventsMax: number;
}

export const SEGMENT_LIMITS: SegmentLimits = { bytesMax: 8 << 20, eventsMax: 16_384 };

/** A slow disk writes this in about a second. */
const WAITING_BYTES_MAX = 64 << 20;
const RETRY_AFTER_MS = 200;
/** Of a group: past it the disk or the sealing does not keep up, and what waits would fill the memory. */
const UNSEALED_MAX = 16;
/** Written and made durable at a time; a segment grows past its limits by no more. */
const COMMIT_BYTES_MAX = 2 << 20;
const COMMIT_EVENTS_MAX = 10_000;

interface Waiting {
  readonly stream: number;
  readonly events: readonly NewLogEvent[];
  readonly ingestedMs: number;
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** One group: sealed segments, those that wait to be sealed, and the one that is written. */
export class GroupStore {
  readonly #directory: string;
  readonly #shared: Shared;
  #segments: Segment[];
  #active: RawSegment;
  #figures: Map<number, StreamFigures>;
  #queue: Waiting[] = [];
  #committing: Promise<void> | undefined;
  readonly #sealing = new Set<RawSegment>();
  #closed = false;

  private constructor(directory: string, shared: Shared, segments: Segment[], figures: Map<number, StreamFigures>) {
    const active = segments.at(-1);
    assert(active instanceof RawSegment, 'the last segment of a group is raw');
    this.#directory = directory;
    this.#shared = shared;
    this.#segments = segments;
    this.#active = active;
    this.#figures = figures;
    this.#sealComplete();
  }

  /** @throws OperatorError when a file is damaged */
  static async open(directory: string, shared: Shared): Promise<GroupStore> {
    const names = (await readdir(directory)).sort();
    for (const name of names.filter((n) => n.endsWith('.tmp'))) await shared.fs.remove(join(directory, name));
    const sealed = new Set(names.filter((n) => n.endsWith('.seg')).map((n) => n.slice(0, -4)));
    const segments: Segment[] = [];
    try {
      for (const name of names) {
        const path = join(directory, name);
        const stem = name.slice(0, -4);
        if (name.endsWith('.seg')) segments.push(await openSealed(path, shared.cache));
        else if (name.endsWith('.wal') && !sealed.has(stem))
          segments.push(await openRaw(shared.fs, path, Number(stem)));
        else if (name.endsWith('.wal')) await shared.fs.remove(path); // its sealed one is whole
      }
      if (!(segments.at(-1) instanceof RawSegment)) {
        segments.push(await createRaw(shared.fs, directory, segments.at(-1)?.end ?? 0, newSalt(shared)));
      }
      return new GroupStore(directory, shared, segments, await figuresOf(segments));
    } catch (error) {
      for (const segment of segments) await segment.close();
      throw error;
    }
  }

  get end(): number {
    return this.#active.end;
  }
  get isClosed(): boolean {
    return this.#closed;
  }
  get figures(): ReadonlyMap<number, StreamFigures> {
    return this.#figures;
  }

  append(stream: number, events: readonly NewLogEvent[], ingestedMs: number): Promise<void> {
    if (this.#closed) throw new Pushback('the log group is closing', RETRY_AFTER_MS);
    if (events.length === 0) return Promise.resolve();
    const bytes = events.reduce((sum, { message }) => sum + message.length + 64, 0);
    if (this.#shared.waitingBytes > 0 && this.#shared.waitingBytes + bytes > WAITING_BYTES_MAX) {
      throw new Pushback('log groups are behind: too much waits for the disk', RETRY_AFTER_MS);
    }
    if (this.#sealing.size >= UNSEALED_MAX)
      throw new Pushback('the log group is behind with compressing', RETRY_AFTER_MS);
    this.#shared.waitingBytes += bytes;
    return new Promise((resolve, reject) => {
      this.#queue.push({ stream, events, ingestedMs, bytes, resolve, reject });
      this.#committing ??= Promise.resolve().then(() => this.#drain());
    });
  }

  async *read(range: LogRange): AsyncGenerator<readonly StoredLogEvent[], void> {
    const segments = this.#segments.slice();
    for (const { lease } of segments) lease.take();
    try {
      yield* mergeByTime(segments, range);
    } finally {
      for (const { lease } of segments) await lease.giveBack();
    }
  }

  async readIngested(from: number, bytesMax: number): Promise<readonly StoredLogEvent[]> {
    const segment = this.#segments.find(({ end }) => end > from);
    if (!segment) return [];
    segment.lease.take();
    try {
      const blocks = (await segment.blocks()).filter(({ maxSequence }) => maxSequence >= from);
      const events: StoredLogEvent[] = [];
      let bytes = 0;
      for (const block of blocks) {
        // Only in raw segments do the blocks stand in the order in which they came.
        if (bytes > bytesMax && segment instanceof RawSegment) break;
        bytes += block.length;
        for (const event of await segment.load(block)) if (event.sequence >= from) events.push(event);
      }
      return events.sort((a, b) => a.sequence - b.sequence);
    } finally {
      await segment.lease.giveBack();
    }
  }

  async retain(beforeMs: number, floor: number): Promise<void> {
    const goes = (segment: Segment) => segment.maxMs < beforeMs && segment.end <= floor;
    await this.#committing;
    if (this.#closed) return;
    if (goes(this.#active) && this.#active.end > this.#active.first) await this.#rotate();
    const gone = this.#segments.filter((segment) => segment !== this.#active && goes(segment));
    if (gone.length === 0) return;
    this.#segments = this.#segments.filter((segment) => !gone.includes(segment));
    for (const segment of gone) await this.#dispose(segment);
    this.#figures = await figuresOf(this.#segments);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#committing;
    for (const segment of this.#segments) await segment.lease.end(() => segment.close());
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch();
      try {
        await this.#commit(batch);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        const told = pushbackWhenFull(error, 'log groups take no events');
        for (const { reject } of batch) reject(told);
      }
      for (const { bytes } of batch) this.#shared.waitingBytes -= bytes;
    }
    this.#committing = undefined;
  }

  #takeBatch(): Waiting[] {
    let [bytes, events] = [0, 0];
    const upTo = this.#queue.findIndex((waiting) => {
      bytes += waiting.bytes;
      events += waiting.events.length;
      return bytes > COMMIT_BYTES_MAX || events > COMMIT_EVENTS_MAX;
    });
    return this.#queue.splice(0, upTo < 0 ? this.#queue.length : Math.max(1, upTo));
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const { bytesMax, eventsMax } = this.#shared.limits;
    const active = this.#active;
    if (active.bytes >= bytesMax || active.end - active.first >= eventsMax) await this.#rotate();
    let next = this.#active.end;
    const blocks = batch.map(({ stream, events, ingestedMs }) => {
      const block = encodeBlock(stream, events, next, ingestedMs);
      next += events.length;
      return block;
    });
    for (const info of await this.#active.append(blocks)) count(this.#figures, info);
  }

  async #rotate(): Promise<void> {
    const full = this.#active;
    this.#active = await createRaw(this.#shared.fs, this.#directory, full.end, newSalt(this.#shared));
    this.#segments = [...this.#segments, this.#active];
    this.#sealComplete();
  }

  /** What could not be sealed before is tried again. */
  #sealComplete(): void {
    for (const segment of this.#segments) {
      if (segment instanceof RawSegment && segment !== this.#active && !this.#sealing.has(segment)) this.#seal(segment);
    }
  }

  /** Sealed in its turn; the raw file goes when the sealed one is durable and nobody reads it any more. */
  #seal(raw: RawSegment): void {
    this.#sealing.add(raw);
    this.#shared.sealLater(async () => {
      if (this.#closed || !this.#segments.includes(raw)) return void this.#sealing.delete(raw);
      raw.lease.take();
      try {
        const path = await seal(this.#shared.fs, raw);
        const sealed = await openSealed(path, this.#shared.cache);
        if (!this.#segments.includes(raw)) return await this.#dispose(sealed);
        this.#segments = this.#segments.map((segment) => (segment === raw ? sealed : segment));
        if (!this.#closed) await this.#dispose(raw);
      } catch (error) {
        this.#shared.logger.error({ err: error, path: raw.path }, 'a segment of a log group cannot be compressed');
      } finally {
        this.#sealing.delete(raw);
        await raw.lease.giveBack();
      }
    });
  }

  async #dispose(segment: Segment): Promise<void> {
    await segment.lease.end(async () => {
      await segment.close();
      await this.#shared.fs.remove(segment.path);
    });
  }
}

const newSalt = ({ random }: Shared): number => random.bytes(4).readUInt32LE();

async function figuresOf(segments: readonly Segment[]): Promise<Map<number, StreamFigures>> {
  const figures = new Map<number, StreamFigures>();
  for (const segment of segments) for (const block of await segment.blocks()) count(figures, block);
  return figures;
}
