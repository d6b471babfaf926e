import type { LakeExport, LakePageQuery, LakeQuery } from '../lake.ts';
import type { Sequence } from '../log.ts';
import type { LogView } from './log-reader.ts';
import type { StoreStep } from './store.ts';

/** What crosses between the server and the lake's process. */
export type Question =
  | { readonly ask: 'page'; readonly query: LakePageQuery }
  | { readonly ask: 'count'; readonly query: LakeQuery }
  | {
      readonly ask: 'facets';
      readonly query: LakeQuery;
      readonly fields: readonly string[];
      readonly valuesMax: number;
    }
  | { readonly ask: 'histogram'; readonly query: LakeQuery; readonly intervalMs: number }
  /** Answered by pieces, each when it is asked for by `more`; by undefined after the last one. */
  | { readonly ask: 'export'; readonly query: LakeExport };

/** The Log as it is now, and whether the disk has room. */
export interface LakeView extends LogView {
  /** ms since the epoch, by a clock that does not leap. */
  readonly nowMs: number;
  /** Why nothing is to be written now, in words. */
  readonly shortage?: string;
}

export interface LakeSettings {
  readonly directory: string;
  readonly logDirectory: string;
  readonly threads: number;
  readonly memoryBytes: number;
  /** Limits that tests make small. */
  readonly flushRowsMax?: number;
  readonly flushAgeMs?: number;
  /** For tests: dies at this step, the so many'th time that it comes to it. */
  readonly dieAt?: { readonly step: StoreStep; readonly time: number };
}

export type ToLake =
  | { readonly open: LakeSettings; readonly view: LakeView }
  | { readonly view: LakeView }
  | { readonly id: number; readonly question: Question }
  | { readonly id: number; readonly more: true }
  | { readonly id: number; readonly cancel: true }
  | { readonly close: true };

/** How far the lake is; with every message. */
export interface LakeProgress {
  readonly indexedEnd: Sequence;
  readonly storedEnd: Sequence;
  /** Why it cannot go on for now, in words. */
  readonly trouble?: string;
}

export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly position?: number;
  readonly retryAfterMs?: number;
}

export interface FromLake extends LakeProgress {
  readonly opened?: true;
  /** To be logged. */
  readonly warning?: string;
  readonly id?: number;
  readonly answer?: unknown;
  readonly failed?: Failure;
}
