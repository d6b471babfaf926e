import type { SearchFilter } from '../event/search/filter.ts';
import type { Sequence } from './log.ts';

/**
 * Which events a question is about. The filter means what `compileSearchFilter` (event/search) says of the record, its
 * `accountId` being the account under which the Log filed it.
 */
export interface LakeQuery {
  /** Whose records; undefined: all accounts. An empty list finds nothing. */
  readonly accounts?: readonly string[];
  /** Inclusive, ms since the epoch, compared with eventTime. */
  readonly startMs: number;
  readonly endMs: number;
  readonly filter?: SearchFilter;
  /** Only events before this: pages and figures that belong together stay the same while new events come. */
  readonly upTo?: Sequence;
  /** Only events from this on, itself included. */
  readonly from?: Sequence;
}

/** A place in time order; ties on time are broken by sequence. */
export interface LakeCursor {
  readonly timeMs: number;
  readonly sequence: Sequence;
}

export interface LakePageQuery extends LakeQuery {
  readonly order: 'newest' | 'oldest';
  /** At least 1, at most `LAKE_PAGE_MAX`. */
  readonly limit: number;
  /** Continue after this one, exclusive, in the order asked for. */
  readonly after?: LakeCursor;
}

export interface LakeRow extends LakeCursor {
  readonly accountId: string;
  /** The record's own text, byte for byte. */
  readonly json: Buffer;
}

export interface LakePage {
  readonly rows: readonly LakeRow[];
  /** Present when there may be more. */
  readonly next?: LakeCursor;
}

export interface LakeFacet {
  /** As it was asked for. */
  readonly field: string;
  /** The most frequent first; ties in order of the value. An event counts once for each of its values. */
  readonly values: readonly { readonly value: string; readonly count: number }[];
  /** How many different values there are; about, when there are very many. */
  readonly distinctCount: number;
}

/** Events from `startMs` (inclusive) until the next bucket begins. Buckets without events are left out. */
export interface LakeBucket {
  readonly startMs: number;
  readonly count: number;
  /** Of these, how many have an errorCode. */
  readonly errorCount: number;
}

export type ExportFormat = 'csv' | 'json' | 'ndjson' | 'parquet';

export interface LakeExport extends LakeQuery {
  readonly order: 'newest' | 'oldest';
  readonly format: ExportFormat;
  /**
   * Fields of the search language or paths into the record. CSV: its columns (required there). JSON, NDJSON: members of
   * each object; without them each is the whole record. Parquet: columns of text; without them all columns of the lake.
   */
  readonly columns?: readonly string[];
  /** At most so many events; undefined: all. */
  readonly limit?: number;
}

/** Rows of one page: what a caller may hold in memory. */
export const LAKE_PAGE_MAX = 1000;
/** Facets of one question, and values of each. */
export const LAKE_FACETS_MAX = 20;
export const LAKE_FACET_VALUES_MAX = 1000;
/** Buckets of one histogram. */
export const LAKE_BUCKETS_MAX = 2000;

/**
 * All events as columns, for questions of any kind. Derived from the Log, and rebuilt from it when lost.
 *
 * MUST find an event at most a second after the Log accepted it, as long as it is not behind (`indexedEnd`). Every
 * question takes a signal, and stops working when it aborts: it then rejects with the signal's reason.
 *
 * Questions throw `Pushback` when too many are under way, and `PatternError` when the filter names no field.
 */
export interface Lake {
  /** Events before this sequence are searchable. */
  readonly indexedEnd: Sequence;
  /** Events before this are in the lake's own files: the Log need not keep them for the lake. */
  readonly storedEnd: Sequence;
  /** Somebody asks, or is about to: what was accepted is taken in at once, and for a while what comes. */
  watched(): void;
  page(query: LakePageQuery, signal: AbortSignal): Promise<LakePage>;
  count(query: LakeQuery, signal: AbortSignal): Promise<number>;
  /** @param fields of the search language, or paths; in this order in the answer */
  facets(
    query: LakeQuery,
    fields: readonly string[],
    valuesMax: number,
    signal: AbortSignal,
  ): Promise<readonly LakeFacet[]>;
  /** Buckets begin at multiples of `intervalMs` since the epoch, oldest first. */
  histogram(query: LakeQuery, intervalMs: number, signal: AbortSignal): Promise<readonly LakeBucket[]>;
  /** The bytes of a file, piece by piece; work goes on only as fast as they are taken, and ends when the reader does. */
  export(query: LakeExport, signal: AbortSignal): AsyncIterable<Buffer>;
  /** Why the lake cannot store what it has taken in (`disk full …`), or undefined when all is well. For /readyz. */
  readonly trouble: string | undefined;
  close(): Promise<void>;
}
