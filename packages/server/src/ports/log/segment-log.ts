import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { Pushback, systemErrorCode } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import { type Random, systemRandom } from '../../base/random.ts';
import type { NewEvent } from '../../event/event.ts';
import type { Sequence, StoredEvent } from '../log.ts';
import { CommitQueue, QUEUE_LIMITS, type QueueLimits } from './commit-queue.ts';
import { type LogFileSystem, nodeFileSystem, writeFully } from './file-system.ts';
import type { Group } from './group.ts';
import { recover } from './recovery.ts';
import { createRawSegment, RawSegment, SealedPool } from './segment.ts';
import { Segments } from './segments.ts';
import type { CompleteSegment, DurablePoint, RetainLimit, SegmentLog, Unlisten } from './types.ts';
import { Waiters } from './waiters.ts';

export interface LogOptions extends Partial<QueueLimits> {
  /** MUST belong to one process at a time (`data-dir.ts` sees to it). */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: Pick<Metrics, 'eventsAppended' | 'appendSeconds' | 'logEndSequence' | 'logBytes'>;
  /** A segment ends before the group that would take it past either; only a group larger than this makes one larger. */
  readonly segmentEventsMax?: number;
  readonly segmentBytesMax?: number;
  readonly fileSystem?: LogFileSystem;
  readonly random?: Random;
}

/** Seals in about two seconds, and is indexed within a few hundred megabytes of memory. */
const SEGMENT_EVENTS_MAX = 131_072;
/** What that many usual events take; bounds a segment of large ones. */
const SEGMENT_BYTES_MAX = 192 << 20;

/** A disk in trouble is tried again after this, then after twice as long, and so on. */
const PROBE_DELAY_MIN_MS = 250;
const PROBE_DELAY_MAX_MS = 10_000;
/** A disk that has no room for this much is as good as full. */
const PROBE_BYTES = 1 << 20;
const PROBE_FILE = '00000000000000000000.probe.tmp';

const TROUBLE: Readonly<Record<string, string>> = {
  ENOSPC: 'disk full',
  EDQUOT: 'disk quota used up',
  EROFS: 'file system is read-only',
  EIO: 'disk error',
};

/**
 * The embedded Log: segment files in one directory (`ports/README.md`), written by group commit.
 *
 * When the disk refuses a write or a sync, the group's appends are refused, and its segment is never written to again:
 * after a failed sync the page cache cannot be trusted. From then on every append is refused at once, until the disk
 * takes a probe and a new segment; then the Log goes on by itself.
 * @throws OperatorError when files are damaged or missing, save for the torn tail that a crash leaves; a system error
 * when the disk refuses
 */
export async function openLog(options: LogOptions): Promise<SegmentLog> {
  const { directory, fileSystem = nodeFileSystem, random = systemRandom } = options;
  const pool = new SealedPool();
  const recovered = await recover(directory, fileSystem, pool, options.logger);
  const seed = recovered.seed ?? random.bytes(4).readUInt32LE();
  const last = recovered.segments.at(-1);
  const first = last ? last.first + last.count : 0;
  const segments =
    last instanceof RawSegment
      ? new Segments(directory, fileSystem, pool, recovered.segments.slice(0, -1), last)
      : new Segments(
          directory,
          fileSystem,
          pool,
          recovered.segments,
          await createRawSegment(fileSystem, directory, { first, seed }),
        );
  return new EmbeddedLog(options, fileSystem, segments, seed);
}

class EmbeddedLog implements SegmentLog {
  readonly directory: string;
  readonly #options: LogOptions;
  readonly #fileSystem: LogFileSystem;
  readonly #segments: Segments;
  readonly #seed: number;
  readonly #queue: CommitQueue;
  readonly #waiters = new Waiters();
  readonly #commitListeners = new Set<(point: DurablePoint) => void>();
  readonly #rotateListeners = new Set<(segment: CompleteSegment) => void>();
  #trouble: string | undefined;
  #probeDelayMs = PROBE_DELAY_MIN_MS;
  #cancelProbe = () => {};
  #probing: Promise<void> | undefined;
  #rotating: Promise<void> | undefined;
  #rotateNext = false;
  #closing: Promise<void> | undefined;

  constructor(options: LogOptions, fileSystem: LogFileSystem, segments: Segments, seed: number) {
    this.directory = options.directory;
    this.#options = options;
    this.#fileSystem = fileSystem;
    this.#segments = segments;
    this.#seed = seed;
    const { queueBytesMax = QUEUE_LIMITS.queueBytesMax, queueEventsMax = QUEUE_LIMITS.queueEventsMax } = options;
    this.#queue = new CommitQueue(seed, { queueBytesMax, queueEventsMax }, (group) => this.#commit(group));
    this.#measure();
  }

  get end(): Sequence {
    return this.#segments.end;
  }
  get start(): Sequence {
    return this.#segments.start;
  }
  get trouble(): string | undefined {
    return this.#trouble;
  }
  get complete(): readonly CompleteSegment[] {
    return this.#segments.complete;
  }
  get durable(): DurablePoint {
    const { first, path, bytes } = this.#segments.active;
    return { segmentFirst: first, path, bytes, end: this.end };
  }

  async append(events: readonly NewEvent[]): Promise<Sequence> {
    if (this.#closing) throw new Pushback('the log is closed');
    if (this.#trouble !== undefined) throw this.#pushback();
    if (events.length === 0) return this.end;
    const { clock } = this.#options;
    return this.#queue.push(events, clock.now(), clock.monotonicMs());
  }

  async read(from: Sequence, bytesMax: number): Promise<readonly StoredEvent[]> {
    if (this.#closing) throw new Error('the log is closed');
    return from >= this.end ? [] : this.#segments.read(from, bytesMax);
  }

  async waitPast(sequence: Sequence, signal: AbortSignal): Promise<void> {
    if (this.end <= sequence && !this.#closing) await this.#waiters.wait(sequence, signal);
  }

  onCommit(listener: (point: DurablePoint) => void): Unlisten {
    this.#commitListeners.add(listener);
    return () => this.#commitListeners.delete(listener);
  }

  onRotate(listener: (segment: CompleteSegment) => void): Unlisten {
    this.#rotateListeners.add(listener);
    return () => this.#rotateListeners.delete(listener);
  }

  async sealed(first: Sequence): Promise<void> {
    await this.#segments.sealed(first);
    this.#measure();
  }

  async retain(limit: RetainLimit): Promise<Sequence> {
    const start = await this.#segments.retain(limit, this.#options.clock.now());
    this.#measure();
    return start;
  }

  async rotate(acceptedBeforeMs: number): Promise<void> {
    const { active } = this.#segments;
    if (active.count === 0 || this.#closing) return;
    const [oldest] = await active.read(active.first, 1);
    if (oldest === undefined || active !== this.#segments.active) return;
    const isDue = oldest.acceptedMs < acceptedBeforeMs || oldest.acceptedMs > this.#options.clock.now();
    if (!isDue || this.#closing || this.#trouble !== undefined || this.#rotating) return;
    if (!this.#queue.isIdle) {
      this.#rotateNext = true;
      return;
    }
    this.#rotating = this.#startSegment()
      // Its name may stand on disk by now: nothing may be appended before it any more.
      .catch((error) => this.#giveUp(error))
      .finally(() => {
        this.#rotating = undefined;
      });
    await this.#rotating;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#cancelProbe();
    await this.#queue.idle();
    await this.#probing;
    await this.#rotating;
    this.#cancelProbe(); // the last group, or the last probe, may have set it again
    this.#waiters.wake(Number.POSITIVE_INFINITY);
    await this.#segments.close();
  }

  /** Makes a group durable. @throws Pushback when the disk refuses; nothing of it is in the Log then */
  async #commit(group: Group): Promise<Sequence> {
    if (this.#rotating) await this.#rotating;
    if (this.#trouble !== undefined) throw this.#pushback(); // gathered before it
    const first = this.end;
    try {
      if (this.#wouldOverflow(group)) await this.#startSegment();
      await this.#segments.active.append(group.bytes, group.count, group.acceptedMaxMs);
    } catch (error) {
      await this.#giveUp(error);
      throw this.#pushback();
    }
    this.#probeDelayMs = PROBE_DELAY_MIN_MS;
    this.#measure(group);
    this.#tell(this.#commitListeners, this.durable);
    this.#waiters.wake(this.end);
    return first;
  }

  #wouldOverflow(group: Group): boolean {
    const { segmentEventsMax = SEGMENT_EVENTS_MAX, segmentBytesMax = SEGMENT_BYTES_MAX } = this.#options;
    const { count, bytes } = this.#segments.active;
    return (
      count > 0 &&
      (this.#rotateNext || count + group.count > segmentEventsMax || bytes + group.bytes.length > segmentBytesMax)
    );
  }

  async #startSegment(): Promise<void> {
    const segment = await createRawSegment(this.#fileSystem, this.directory, { first: this.end, seed: this.#seed });
    const complete = await this.#segments.replaceActive(segment);
    this.#rotateNext = false;
    if (complete) this.#tell(this.#rotateListeners, complete);
  }

  async #giveUp(error: unknown): Promise<void> {
    this.#setTrouble(error);
    // Else a crash before the next segment begins would bring back what is refused now. If the cut fails too, that
    // much is left to chance, as with any append during which the process dies.
    await this.#segments.active.cut().catch(() => {});
    this.#probeLater();
  }

  #setTrouble(error: unknown): void {
    const code = systemErrorCode(error);
    const what = (code && TROUBLE[code]) ?? 'cannot write';
    this.#trouble = `${what}: the log in ${this.directory} takes no events (${code ?? error})`;
    this.#options.logger.error({ err: error, retryMs: this.#probeDelayMs }, this.#trouble);
  }

  #pushback(): Pushback {
    return new Pushback(this.#trouble ?? 'the log is in trouble', this.#probeDelayMs);
  }

  #probeLater(): void {
    if (this.#closing) return;
    this.#cancelProbe = this.#options.clock.after(this.#probeDelayMs, () => {
      this.#probing = this.#probe();
    });
    this.#probeDelayMs = Math.min(2 * this.#probeDelayMs, PROBE_DELAY_MAX_MS);
  }

  async #probe(): Promise<void> {
    try {
      await this.#tryDisk();
      await this.#startSegment();
      this.#trouble = undefined;
      this.#options.logger.info('the disk takes data again: the log goes on');
    } catch (error) {
      this.#setTrouble(error);
      this.#probeLater();
    }
  }

  async #tryDisk(): Promise<void> {
    const path = join(this.directory, PROBE_FILE);
    const file = await this.#fileSystem.open(path, 'w+');
    try {
      await writeFully(file, Buffer.alloc(PROBE_BYTES), 0);
      await file.datasync();
    } finally {
      await file.close();
      await this.#fileSystem.remove(path);
    }
  }

  #tell<T>(listeners: ReadonlySet<(value: T) => void>, value: T): void {
    for (const listener of listeners) {
      try {
        listener(value);
      } catch (error) {
        this.#options.logger.error({ err: error }, 'a listener of the log failed');
      }
    }
  }

  #measure(group?: Group): void {
    const { metrics, clock } = this.#options;
    if (!metrics) return;
    metrics.logEndSequence.set(this.end);
    if (!group) {
      metrics.logBytes.set(this.#segments.bytes);
      return;
    }
    metrics.logBytes.inc(group.bytes.length); // adding up hundreds of segments is not for every group
    const nowMs = clock.monotonicMs();
    for (const [category, count] of group.byCategory) metrics.eventsAppended.inc({ category }, count);
    for (const { startedMs } of group.appends) metrics.appendSeconds.observe((nowMs - startedMs) / 1000);
  }
}
