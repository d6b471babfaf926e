import { useMemo } from 'react';
import { native } from '../../api/client.ts';
import { parseSearchFilter, printSearchFilter } from '../../api/search-language.ts';
import { clock } from '../../base/clock.ts';
import { type Call, useCall } from '../../hooks/use-call.ts';
import {
  type AskedRange,
  type HistogramAnswer,
  type HistogramData,
  histogramData,
} from '../../ui/histogram/histogram-data.ts';
import { isIncluding, withoutIncluded } from './facet-filter.ts';
import type { Search } from './request.ts';

export interface Facet {
  readonly Field: string;
  readonly Values: readonly { readonly Value: string; readonly Count: number }[];
  readonly DistinctCount: number;
}

/** Values of each field at first. */
export const FACET_VALUES = 10;
/** Of a field that somebody wants to see more of. */
const MORE_VALUES = 100;
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

/**
 * The most frequent values of each field, counted over the whole search: but of a field of which values are included, over
 * the search without them, so that others can be included as well.
 * @param more fields of which many values are wanted
 */
export function useFacets(
  search: Search | undefined,
  fields: readonly string[],
  more: ReadonlySet<string>,
): Call<readonly Facet[]> {
  const counted = useCounted(search);
  return useCall(
    async (signal) => {
      if (counted === undefined || fields.length === 0) return [];
      const filter = parseSearchFilter(counted.Filter ?? '');
      const isChosen = (field: string) => !SCOPE_FIELDS.has(field) && isIncluding(filter, field);
      const alone = fields.filter((field) => isChosen(field) || more.has(field));
      const together = fields.filter((field) => !alone.includes(field));
      const ask = async (Facets: readonly string[], FacetLimit: number, Filter: string) => {
        if (Facets.length === 0) return [];
        const input = { ...counted, Filter, Limit: 0, Facets, FacetLimit };
        return (await native<{ Facets: readonly Facet[] }>('search', input, { signal })).Facets;
      };
      const answers = await Promise.all([
        ask(together, FACET_VALUES, counted.Filter ?? ''),
        ...alone.map((field) => {
          const others = isChosen(field) ? withoutIncluded(filter, field) : filter;
          return ask([field], more.has(field) ? MORE_VALUES : FACET_VALUES, printSearchFilter(others));
        }),
      ]);
      const found = answers.flat();
      return fields.flatMap((field) => found.find(({ Field }) => Field === field) ?? []);
    },
    [counted, fields, more],
  );
}

/** Accounts and Regions are also chosen above the filter: what is not chosen there is not counted here. */
const SCOPE_FIELDS: ReadonlySet<string> = new Set(['accountId', 'awsRegion']);

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
