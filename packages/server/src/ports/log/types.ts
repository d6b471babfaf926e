import type { Log, Sequence } from '../log.ts';

/**
 * How far the active raw segment is durable: what history's worker may read of it (`readRawFrames(path, …, bytes)`).
 * While it holds no event its file may still be replaced: do not keep that one open.
 */
export interface DurablePoint {
  readonly segmentFirst: Sequence;
  readonly path: string;
  readonly bytes: number;
  /** The Log's `end`. */
  readonly end: Sequence;
}

/** A raw segment that no more events go to. */
export interface CompleteSegment {
  readonly first: Sequence;
  readonly count: number;
  readonly path: string;
  /** Read no further: what a failed write left may stand after it. */
  readonly bytes: number;
}

export interface RetainLimit {
  /** Delete what was accepted before this, ms since the epoch. */
  readonly acceptedBeforeMs?: number;
  /** Delete what stands before this. */
  readonly beforeSequence?: Sequence;
  /** What a follower still has to read, or anything else needs: nothing from here on is deleted. */
  readonly floor: Sequence;
}

/** Takes a listener off again. */
export type Unlisten = () => void;

/** The embedded Log: files in one directory. */
export interface SegmentLog extends Log {
  readonly durable: DurablePoint;
  /** Called after each group commit, before its appends resolve. */
  onCommit(listener: (point: DurablePoint) => void): Unlisten;
  /** Raw segments that wait to be sealed, oldest first. */
  readonly complete: readonly CompleteSegment[];
  /** Called when a segment has joined `complete`. */
  onRotate(listener: (segment: CompleteSegment) => void): Unlisten;
  /**
   * The segment's `.seg` (and whatever else its maker wants beside it) is durable: readers go over to it, and the raw
   * file is deleted once nobody reads it. Harmless when repeated.
   * @throws OperatorError when the `.seg` does not hold the same events; the raw file stays then
   */
  sealed(first: Sequence): Promise<void>;
  /**
   * Deletes sealed segments, each with all its files, from the front while all of a segment is past the limits given.
   * What was accepted later than now, by a clock that has been set back since, counts as accepted with what follows it.
   * @returns the new `start`
   */
  retain(limit: RetainLimit): Promise<Sequence>;
  /**
   * Completes the active segment if its first event was accepted before this (ms since the epoch), or later than now by
   * a clock that has been set back since: so that a quiet log is sealed, and can be deleted, too. While appends are under way, that is left to the next of them.
   */
  rotate(acceptedBeforeMs: number): Promise<void>;
  /** Where the `.seg` of a segment goes; its `.idx` beside it. */
  readonly directory: string;
}
