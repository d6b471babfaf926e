import type { HistoryCursor, HistoryQuery } from '../history.ts';
import { type EncodedEvent, isOlder, NEWEST, type Scan, type Source } from './source.ts';
import { eventIdTerm, hasEventId, matches, queryTerm } from './terms.ts';

export interface LookupPage {
  readonly hits: readonly EncodedHit[];
  readonly next?: HistoryCursor;
}

export type EncodedHit = HistoryCursor & EncodedEvent;

/** A source that is being read, and the newest candidate of it not yet taken. */
interface Opened {
  readonly source: Source;
  readonly rest: Iterator<HistoryCursor>;
  head: HistoryCursor;
}

/** One page of a lookup over all segments, newest first. `next` is there when something follows the last hit. */
export function lookup(sources: Iterable<Source>, query: HistoryQuery): LookupPage {
  const hits: EncodedHit[] = [];
  // An eventID is filed for all categories and Regions of an account; of other terms every candidate is as good as a hit.
  const isLoose = query.attribute?.key === 'EventId';
  for (const { source, head } of newestFirst(sources, scanOf(query))) {
    const last = hits[query.limit - 1];
    if (last && !isLoose) return { hits, next: placeOf(last) };
    const { header, json } = source.read(head.sequence);
    if (!matches(query, header)) continue;
    if (last) return { hits, next: placeOf(last) };
    hits.push({ ...head, header, json });
  }
  return { hits };
}

const placeOf = ({ timeMs, sequence }: EncodedHit): HistoryCursor => ({ timeMs, sequence });

/** Which of the eventIDs some segment holds under this account. */
export function holdsEventIds(sources: readonly Source[], accountId: string, eventIds: readonly string[]): boolean[] {
  return eventIds.map((eventId) => {
    const scan = { term: eventIdTerm(accountId, eventId), before: NEWEST, startMs: Number.NEGATIVE_INFINITY };
    return sources.some((source) => {
      for (const { sequence } of source.candidates(scan)) {
        const { header } = source.read(sequence);
        if (hasEventId(header, accountId, eventId)) return true;
      }
      return false;
    });
  });
}

function scanOf(query: HistoryQuery): Scan {
  const fromEnd = { timeMs: query.endMs, sequence: Number.POSITIVE_INFINITY };
  const before = query.after && isOlder(query.after, fromEnd) ? query.after : fromEnd;
  return { term: queryTerm(query), before, startMs: query.startMs };
}

/**
 * The candidates of all sources in one newest-first order. A source is opened only once nothing in those opened is
 * newer than its newest event, so that the first page of a frequent value reads one segment or two.
 */
function* newestFirst(sources: Iterable<Source>, scan: Scan): Generator<Opened, void, void> {
  const closed = [...sources]
    .filter((s) => s.newestMs >= scan.startMs && s.oldestMs <= scan.before.timeMs)
    .sort((a, b) => a.newestMs - b.newestMs);
  const opened: Opened[] = [];
  for (;;) {
    let newest = newestOf(opened);
    while (closed.length > 0 && !(newest && newest.head.timeMs > closed[closed.length - 1]!.newestMs)) {
      const source = closed.pop()!;
      const rest = source.candidates(scan)[Symbol.iterator]();
      const head = rest.next();
      if (!head.done) opened.push({ source, rest, head: head.value });
      newest = newestOf(opened);
    }
    if (!newest) return;
    yield newest;
    const head = newest.rest.next();
    if (head.done) opened.splice(opened.indexOf(newest), 1);
    else newest.head = head.value;
  }
}

const newestOf = (opened: readonly Opened[]): Opened | undefined =>
  opened.reduce<Opened | undefined>((best, o) => (!best || isOlder(best.head, o.head) ? o : best), undefined);
