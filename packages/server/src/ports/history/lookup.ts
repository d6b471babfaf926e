import type { HistoryCursor, HistoryQuery } from '../history.ts';
import type { Sequence } from '../log.ts';
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

/** An event that may be a hit. */
export interface Candidate {
  readonly source: Source;
  readonly sequence: Sequence;
  readonly timeMs: number;
}

/**
 * One page of a lookup over all segments, newest first. `next` is there when something follows the last hit.
 * @param expect is told what is about to be read, as far as that is known
 */
export function lookup(
  sources: Iterable<Source>,
  query: HistoryQuery,
  expect: (candidates: readonly Candidate[]) => void = () => {},
): LookupPage {
  const hits: EncodedHit[] = [];
  // An eventID is filed for all categories and Regions of an account; of other terms every candidate is as good as a hit.
  const isLoose = query.attribute?.key === 'EventId';
  const candidates = newestFirst(sources, scanOf(query));
  for (;;) {
    const last = hits[query.limit - 1];
    const some = take(candidates, last ? 1 : query.limit - hits.length);
    if (some.length === 0) return { hits };
    if (last && !isLoose) return { hits, next: placeOf(last) };
    expect(some);
    for (const { source, sequence, timeMs } of some) {
      const { header, json } = source.read(sequence);
      if (!matches(query, header)) continue;
      if (last) return { hits, next: placeOf(last) };
      hits.push({ timeMs, sequence, header, json });
    }
  }
}

/** Up to so many of the next ones. */
function take(candidates: Iterator<Candidate, void>, count: number): Candidate[] {
  const taken: Candidate[] = [];
  for (let next = candidates.next(); !next.done; next = candidates.next()) {
    taken.push(next.value);
    if (taken.length === count) break;
  }
  return taken;
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
function* newestFirst(sources: Iterable<Source>, scan: Scan): Generator<Candidate, void, void> {
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
    yield { source: newest.source, ...newest.head };
    const head = newest.rest.next();
    if (head.done) opened.splice(opened.indexOf(newest), 1);
    else newest.head = head.value;
  }
}

const newestOf = (opened: readonly Opened[]): Opened | undefined =>
  opened.reduce<Opened | undefined>((best, o) => (!best || isOlder(best.head, o.head) ? o : best), undefined);
