import { decodeHeader } from '../../event/header.ts';
import type { History, HistoryCursor, HistoryHit, HistoryQuery } from '../history.ts';
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
  /** Sent with it: segments whose index had better be made anew, though it answers. */
  readonly old?: readonly Sequence[];
  /** What this answers, if it answers anything. */
  readonly id?: number;
  readonly answer?: Answer;
  readonly failed?: { readonly message: string; readonly damaged?: Sequence };
}

export type Answer = PackedPage | readonly boolean[] | IndexColumns | undefined;

/** A page with headers and JSON of all hits in one buffer, which is handed over rather than copied. */
export interface PackedPage {
  readonly hits: readonly PackedHit[];
  /** Of each hit its header, then its JSON. */
  readonly bytes: ArrayBuffer;
  readonly next?: HistoryCursor | undefined;
}

interface PackedHit extends HistoryCursor {
  readonly headerBytes: number;
  readonly jsonBytes: number;
}

export function packPage({ hits, next }: LookupPage): PackedPage {
  const parts = hits.flatMap(({ header, json }) => [header, json]);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  const heads = hits.map(({ sequence, timeMs }, i) => {
    return { sequence, timeMs, headerBytes: parts[2 * i]!.length, jsonBytes: parts[2 * i + 1]!.length };
  });
  return { hits: heads, bytes: bytes.buffer, next };
}

export function unpackPage({ hits, bytes, next }: PackedPage): Awaited<ReturnType<History['lookup']>> {
  const all = Buffer.from(bytes);
  let at = 0;
  const unpacked = hits.map(({ sequence, timeMs, headerBytes, jsonBytes }): HistoryHit => {
    const header = decodeHeader(all, at, headerBytes);
    at += headerBytes + jsonBytes;
    return { sequence, timeMs, header, json: all.subarray(at - jsonBytes, at) };
  });
  return next ? { hits: unpacked, next } : { hits: unpacked };
}
