import { native } from '../../api/client.ts';
import { clock } from '../../base/clock.ts';

/** How far back the pages of users, roles and keys look for what they did. */
export const ACTIVITY_RANGE = '90d';
const ACTIVITY_MS = 90 * 86_400_000;
/** As many values as one search tells. */
const VALUES_MAX = 1000;

interface FacetAnswer {
  readonly Facets?: readonly { readonly Values: readonly { readonly Value: string; readonly Count: number }[] }[];
}

/**
 * How many events there are of each value of a field. A field's rarest values may be left out: they count as not told.
 * @param filter of the search language
 */
export async function eventCounts(
  field: string,
  filter: string,
  accountId: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const input = {
    Filter: filter,
    AccountId: accountId,
    StartTime: new Date(clock.now() - ACTIVITY_MS).toISOString(),
    Limit: 0,
    Facets: [field],
    FacetLimit: VALUES_MAX,
  };
  const { Facets = [] } = await native<FacetAnswer>('search', input, { signal });
  return new Map(Facets[0]?.Values.map(({ Value, Count }) => [Value, Count]));
}
