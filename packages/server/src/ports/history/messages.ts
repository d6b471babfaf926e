import type { HistoryCursor, HistoryHit, HistoryQuery } from '../history.ts';
import type { Sequence } from '../log.ts';
import type { LogView } from './core.ts';
import type { LookupPage } from './lookup.ts';
import type { IndexColumns } from './segment-index.ts';

/** What crosses between the main thread and history's worker. */
export type Question =
  | { readonly ask: 'lookup'; readonly query: HistoryQuery }
  | { readonly ask: 'holds'; readonly accountId: string; readonly eventIds: readonly string[] }
  /** The segment's files are durable: read them from now on. */
  | { readonly ask: 'sealed'; readonly first: Sequence }
  /** The index of a complete segment, once it is whole; undefined when the segment is read from its files already. */
  | { readonly ask: 'index'; readonly first: Sequence; readonly end: Sequence }
  /** Answered as soon as questions are. */
  | { readonly ask: 'opened' };

/** Every message says how far the Log is; one without a question says no more. */
export interface ToWorker {
  readonly view: LogView;
  readonly id?: number;
  readonly question?: Question;
}

export interface FromWorker {
  readonly indexedEnd: Sequence;
  /** Sent once, first: segments whose index must be made before the worker can answer. */
  readonly lacking?: readonly Sequence[];
  /** What this answers, if it answers anything. */
  readonly id?: number;
  readonly answer?: Answer;
  readonly failed?: { readonly message: string; readonly damaged?: Sequence };
}

export type Answer = PackedPage | readonly boolean[] | IndexColumns | undefined;

/** A page with the JSON of all hits in one buffer, which is handed over rather than copied. */
export interface PackedPage {
  readonly hits: readonly { readonly sequence: Sequence; readonly timeMs: number; readonly bytes: number }[];
  readonly json: ArrayBuffer;
  readonly next?: HistoryCursor | undefined;
}

export function packPage({ hits, next }: LookupPage): PackedPage {
  const json = new Uint8Array(hits.reduce((sum, hit) => sum + hit.json.length, 0));
  let at = 0;
  for (const hit of hits) {
    json.set(hit.json, at);
    at += hit.json.length;
  }
  const heads = hits.map(({ sequence, timeMs, json }) => ({ sequence, timeMs, bytes: json.length }));
  return { hits: heads, json: json.buffer, next };
}

export function unpackPage({ hits, json, next }: PackedPage): LookupPage {
  let at = 0;
  const unpacked = hits.map(({ sequence, timeMs, bytes }): HistoryHit => {
    at += bytes;
    return { sequence, timeMs, json: Buffer.from(json, at - bytes, bytes) };
  });
  return next ? { hits: unpacked, next } : { hits: unpacked };
}
