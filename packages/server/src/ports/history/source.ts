import type { HistoryCursor } from '../history.ts';
import type { Sequence } from '../log.ts';
import type { LackingBlock } from './sealed-events.ts';
import type { Term } from './terms.ts';

/** What to look for: events of `term`, older than `before` and not older than `startMs`. */
export interface Scan {
  readonly term: Term;
  readonly before: HistoryCursor;
  readonly startMs: number;
}

/** An event as the Log's files have it. */
export interface EncodedEvent {
  /** What `encodeHeader` wrote. */
  readonly header: Buffer;
  readonly json: Buffer;
}

/** One segment of the Log as lookups see it, in whatever state it is. All of it is synchronous: it lives in a worker. */
export interface Source {
  readonly first: Sequence;
  /** The sequence after its last event. */
  readonly end: Sequence;
  /** No event of it is older, or newer, than these. */
  readonly oldestMs: number;
  readonly newestMs: number;
  /** Newest first. Some may be false (two terms can share a hash): confirm against the header. */
  candidates(scan: Scan): Iterable<HistoryCursor>;
  read(sequence: Sequence): EncodedEvent;
  /** What reading these would unpack, where events are packed. */
  lacking?(sequences: readonly Sequence[]): readonly LackingBlock[];
  close(): void;
}

/** Before every event there is, in newest-first order. */
export const NEWEST: HistoryCursor = { timeMs: Number.POSITIVE_INFINITY, sequence: Number.POSITIVE_INFINITY };

/** Whether `a` comes after `b` in newest-first order. */
export function isOlder(a: HistoryCursor, b: HistoryCursor): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.sequence < b.sequence);
}
