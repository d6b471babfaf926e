import { join } from 'node:path';
import { assert, OperatorError } from '../../base/errors.ts';
import type { Sequence, StoredEvent } from '../log.ts';
import type { LogFileSystem } from './file-system.ts';
import { segmentName } from './raw-reader.ts';
import { readSealedFooter } from './sealed.ts';
import { RawSegment, type SealedPool, SealedSegment, type Segment } from './segment.ts';
import type { CompleteSegment, RetainLimit } from './types.ts';

/** The segments of a log, in order and without gaps; the last one is the active one, to which events are appended. */
export class Segments {
  readonly #directory: string;
  readonly #fileSystem: LogFileSystem;
  readonly #pool: SealedPool;
  readonly #list: Segment[];
  #active: RawSegment;
  /** Sealing and retention, one after the other. */
  #filing: Promise<unknown> = Promise.resolve();

  /** @param older in order, ending where `active` begins */
  constructor(
    directory: string,
    fileSystem: LogFileSystem,
    pool: SealedPool,
    older: readonly Segment[],
    active: RawSegment,
  ) {
    this.#directory = directory;
    this.#fileSystem = fileSystem;
    this.#pool = pool;
    this.#list = [...older, active];
    this.#active = active;
  }

  get active(): RawSegment {
    return this.#active;
  }
  get start(): Sequence {
    return this.#list[0]!.first;
  }
  get end(): Sequence {
    return this.#active.first + this.#active.count;
  }
  /** On disk, postings not counted. */
  get bytes(): number {
    return this.#list.reduce((sum, segment) => sum + segment.bytes, 0);
  }
  get complete(): readonly CompleteSegment[] {
    return this.#list.filter((s) => s instanceof RawSegment && s !== this.#active).map(completeSegment);
  }

  /**
   * Appends go to `segment` from now on.
   * @returns the one that they went to before, unless that was empty: then `segment` has taken its file's place
   */
  async replaceActive(segment: RawSegment): Promise<CompleteSegment | undefined> {
    const before = this.#active;
    assert(segment.first === this.end, 'segments have no gap');
    if (before.count === 0) this.#list.pop();
    this.#list.push(segment);
    this.#active = segment;
    if (before.count > 0) return completeSegment(before);
    await before.close();
    return undefined;
  }

  /** @param from MUST be before `end` */
  async read(from: Sequence, bytesMax: number): Promise<readonly StoredEvent[]> {
    if (from < this.start) throw new RangeError(`event ${from} was deleted; the log starts with ${this.start}`);
    return this.#list[this.#indexOf(from)]!.read(from, bytesMax);
  }

  /** As `SegmentLog.sealed`. */
  sealed(first: Sequence): Promise<void> {
    return this.#file(async () => {
      const index = this.#list.findIndex((segment) => segment.first === first);
      const raw = this.#list[index];
      if (raw instanceof SealedSegment) return;
      assert(raw && raw !== this.#active, `a complete segment starts with event ${first}`);
      const path = this.#path(first, 'seg');
      const footer = readSealedFooter(path);
      if (footer.first !== first || footer.count !== raw.count) {
        throw new OperatorError(
          `${path} holds ${footer.count} events from ${footer.first}; ${raw.path} holds ${raw.count}`,
        );
      }
      this.#list[index] = new SealedSegment(path, footer, this.#pool);
      await raw.close();
      await this.#fileSystem.remove(raw.path);
      await this.#fileSystem.syncDirectory(this.#directory);
    });
  }

  /** As `SegmentLog.retain`. */
  retain(limit: RetainLimit, nowMs: number): Promise<Sequence> {
    return this.#file(async () => {
      for (let oldest = this.#list[0]; oldest instanceof SealedSegment; oldest = this.#list[0]) {
        if (!isPast(oldest, this.#acceptedBy(nowMs), limit)) break;
        this.#list.shift(); // from here on no read begins
        await oldest.close();
        try {
          await this.#fileSystem.remove(oldest.path);
        } catch (error) {
          this.#list.unshift(oldest);
          throw error;
        }
        await this.#fileSystem.remove(this.#path(oldest.first, 'idx'));
        // One at a time, oldest first: a crash must not bring an older one back before a gap.
        await this.#fileSystem.syncDirectory(this.#directory);
      }
      return this.start;
    });
  }

  /** Waits for reads under way. */
  async close(): Promise<void> {
    await this.#filing;
    await Promise.all(this.#list.map((segment) => segment.close()));
  }

  /** When the oldest segment's last event was accepted, at the latest, as far as segments are not dated after now. */
  #acceptedBy(nowMs: number): number {
    const credible = this.#list.find(({ acceptedMaxMs }) => acceptedMaxMs <= nowMs && Number.isFinite(acceptedMaxMs));
    return credible?.acceptedMaxMs ?? Number.POSITIVE_INFINITY;
  }

  #file<R>(work: () => Promise<R>): Promise<R> {
    const run = this.#filing.then(work);
    this.#filing = run.catch(() => {});
    return run;
  }

  #indexOf(sequence: Sequence): number {
    let low = 0;
    let high = this.#list.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#list[middle]!.first <= sequence) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #path(first: Sequence, kind: 'seg' | 'idx'): string {
    return join(this.#directory, segmentName(first, kind));
  }
}

const completeSegment = ({ first, count, path, bytes }: Segment): CompleteSegment => ({ first, count, path, bytes });

function isPast(segment: Segment, acceptedMs: number, limit: RetainLimit): boolean {
  const { acceptedBeforeMs, beforeSequence, floor } = limit;
  const end = segment.first + segment.count;
  if (acceptedBeforeMs === undefined && beforeSequence === undefined) return false;
  return (
    end <= floor &&
    (beforeSequence === undefined || end <= beforeSequence) &&
    (acceptedBeforeMs === undefined || acceptedMs < acceptedBeforeMs)
  );
}
