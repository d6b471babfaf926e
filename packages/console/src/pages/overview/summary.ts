import { type HistogramData, histogramData } from '../../ui/histogram/histogram-data.ts';
import { type FacetAnswer, facetOf, figures, isWhole } from './search.ts';

/** What happened in a range of time. */
export interface Summary {
  readonly histogram: HistogramData;
  readonly numbers: Numbers;
  readonly facets: readonly FacetAnswer[];
  /** Events that are not counted yet: the search catches up, after a start for a while. */
  readonly behind: number;
}

export interface Numbers {
  readonly events: number;
  readonly writes: number;
  readonly failed: number;
  readonly denied: number;
}

/** What a number counts, for the history. */
export const FILTERS: Readonly<Record<keyof Numbers, string>> = {
  events: '',
  writes: 'readOnly = false',
  failed: 'errorCode exists',
  denied: 'errorCode : AccessDenied or errorCode : Unauthorized or errorCode : NotAuthorized',
};
/** The same of a code that has been counted: AccessDeniedException, Client.UnauthorizedOperation, NotAuthorized … */
const DENIED = /accessdenied|unauthorized|notauthorized/i;

/** About one bar for each 16 pixels. */
const BUCKETS = 60;
/** Few of these are shown; all error codes are wanted, to tell which are denials. */
const FACET_VALUES = 100;
const FACETS = ['userArn', 'sourceIPAddress', 'eventName', 'errorCode', 'readOnly'];

/** All of it in one call. */
export async function summaryOf(
  { startMs, endMs }: { startMs: number; endMs: number },
  signal: AbortSignal,
): Promise<Summary> {
  const asked = { startMs, buckets: BUCKETS, count: true, facets: FACETS, facetLimit: FACET_VALUES };
  const { Histogram, Count = 0, Facets = [], EventsBehind: behind = 0 } = await figures(asked, signal);
  const histogram = histogramData(Histogram!, { startMs, endMs });
  const codes = facetOf(Facets, 'errorCode');
  const denied = isWhole(codes)
    ? countOf(codes, (code) => DENIED.test(code))
    : ((await figures({ startMs, filter: FILTERS.denied, count: true }, signal)).Count ?? 0);
  const writes = countOf(facetOf(Facets, 'readOnly'), (value) => value === 'false');
  const numbers = { events: Count, writes, failed: histogram.totalErrorCount, denied };
  return { histogram, facets: Facets, numbers, behind };
}

const countOf = (facet: FacetAnswer | undefined, isWanted: (value: string) => boolean): number =>
  (facet?.Values ?? []).reduce((sum, { Value, Count }) => (isWanted(Value) ? sum + Count : sum), 0);
