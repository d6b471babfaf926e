import { useMemo } from 'react';
import { native } from '../../api/client.ts';
import { clock } from '../../base/clock.ts';
import { type Call, useCall } from '../../hooks/use-call.ts';
import { type AskedRange, type HistogramAnswer, type HistogramData, histogramData } from './histogram-data.ts';
import type { Search } from './request.ts';

export interface Facet {
  readonly Field: string;
  readonly Values: readonly { readonly Value: string; readonly Count: number }[];
  readonly DistinctCount: number;
}

const FACET_VALUES = 10;
/** About one bar for each 12 pixels of a wide screen. */
const BUCKETS = 80;

/** What is counted does not depend on the order in which it is shown. */
function useCounted(search: Search | undefined): Omit<Search, 'Order'> | undefined {
  const { Filter, AccountId, StartTime, EndTime } = search ?? {};
  const isOn = search !== undefined;
  return useMemo(
    () =>
      isOn
        ? {
            ...(Filter !== undefined && { Filter }),
            ...(AccountId !== undefined && { AccountId }),
            ...(StartTime !== undefined && { StartTime }),
            ...(EndTime !== undefined && { EndTime }),
          }
        : undefined,
    [isOn, Filter, AccountId, StartTime, EndTime],
  );
}

/** The most frequent values of each field, counted over the whole search. */
export function useFacets(search: Search | undefined, fields: readonly string[]): Call<readonly Facet[]> {
  const counted = useCounted(search);
  return useCall(
    async (signal) => {
      if (counted === undefined || fields.length === 0) return [];
      const input = { ...counted, Limit: 0, Facets: fields, FacetLimit: FACET_VALUES };
      return (await native<{ Facets: readonly Facet[] }>('search', input, { signal })).Facets;
    },
    [counted, fields],
  );
}

/** A range that begins somewhere and ends nowhere ends now. */
const askedRange = ({ StartTime, EndTime }: Omit<Search, 'Order'>): AskedRange =>
  StartTime === undefined
    ? {}
    : { startMs: Date.parse(StartTime), endMs: EndTime === undefined ? clock.now() : Date.parse(EndTime) };

/** How many events there are at what time, and so how many in all. */
export function useHistogram(search: Search | undefined): Call<HistogramData | undefined> {
  const counted = useCounted(search);
  return useCall(
    async (signal) => {
      if (counted === undefined) return undefined;
      const input = { ...counted, Limit: 0, Histogram: { Buckets: BUCKETS } };
      const { Histogram } = await native<{ Histogram: HistogramAnswer }>('search', input, { signal });
      return histogramData(Histogram, askedRange(counted));
    },
    [counted],
  );
}
