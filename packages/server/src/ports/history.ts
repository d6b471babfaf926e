import type { EventHeader } from '../event/event.ts';
import type { Sequence } from './log.ts';

export type LookupKey =
  | 'EventId'
  | 'EventName'
  | 'ReadOnly'
  | 'Username'
  | 'ResourceType'
  | 'ResourceName'
  | 'EventSource'
  | 'AccessKeyId';

export interface HistoryQuery {
  readonly accountId: string;
  readonly region: string;
  /** `management` is Event history proper; `insight` its other category. */
  readonly category: 'Management' | 'Insight';
  readonly attribute?: { readonly key: LookupKey; readonly value: string };
  /** Inclusive, ms since the epoch, compared with eventTime. */
  readonly startMs: number;
  readonly endMs: number;
  readonly limit: number;
  /** Continue after this one, exclusive, in newest-first order. */
  readonly after?: HistoryCursor;
}

/** A place in newest-first order; ties on time are broken by sequence. */
export interface HistoryCursor {
  readonly timeMs: number;
  readonly sequence: Sequence;
}

export interface HistoryHit {
  readonly sequence: Sequence;
  readonly timeMs: number;
  /** As the Log holds it: what it was found by. */
  readonly header: EventHeader;
  readonly json: Buffer;
}

/**
 * Event history: what LookupEvents asks. Derived from the Log, and rebuilt from it when lost.
 * MUST find an event at most a second after the Log accepted it, and MUST confirm every hit against the value itself.
 */
export interface History {
  /** Newest first by event time, at most `limit`. `next` is present when there may be more. */
  lookup(query: HistoryQuery): Promise<{ readonly hits: readonly HistoryHit[]; readonly next?: HistoryCursor }>;
  /** Which of these eventIDs the Log already holds under this account (any category): for importers that must not repeat. */
  holdsEventIds(accountId: string, eventIds: readonly string[]): Promise<readonly boolean[]>;
  /** Events before this sequence are searchable. */
  readonly indexedEnd: Sequence;
  close(): Promise<void>;
}
