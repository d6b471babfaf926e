import { native } from '../../api/client.ts';
import type { HistogramAnswer } from '../../ui/histogram/histogram-data.ts';

export interface FacetAnswer {
  readonly Field: string;
  readonly Values: readonly { readonly Value: string; readonly Count: number }[];
  /** How many values there are in all. */
  readonly DistinctCount: number;
}

export interface Figures {
  readonly Count?: number;
  readonly Facets?: readonly FacetAnswer[];
  readonly Histogram?: HistogramAnswer;
  /** Accepted, and not searched yet. */
  readonly EventsBehind?: number;
}

export interface FiguresAsked {
  readonly startMs: number;
  /** Not included. */
  readonly endMs?: number;
  readonly filter?: string;
  readonly facets?: readonly string[];
  readonly facetLimit?: number;
  readonly buckets?: number;
  readonly count?: boolean;
}

/** SearchEvents for numbers only: no event is read. Each call is an event itself, so that one asks for much. */
export function figures(asked: FiguresAsked, signal: AbortSignal): Promise<Figures> {
  const { startMs, endMs, filter, facets, facetLimit, buckets, count } = asked;
  const input = {
    StartTime: new Date(startMs).toISOString(),
    ...(endMs !== undefined && { EndTime: new Date(endMs).toISOString() }),
    ...(filter && { Filter: filter }),
    Limit: 0,
    ...(facets && { Facets: facets, FacetLimit: facetLimit }),
    ...(buckets !== undefined && { Histogram: { Buckets: buckets } }),
    ...(count && { Count: true }),
  };
  return native<Figures>('search', input, { signal });
}

export const facetOf = (facets: readonly FacetAnswer[] | undefined, field: string): FacetAnswer | undefined =>
  facets?.find(({ Field }) => Field === field);

/** Whether every value there is was counted. */
export const isWhole = (facet: FacetAnswer | undefined): boolean =>
  (facet?.DistinctCount ?? 0) <= (facet?.Values.length ?? 0);
