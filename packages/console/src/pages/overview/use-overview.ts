import { native } from '../../api/client.ts';
import { useRegion, useSession } from '../../api/session.ts';
import { clock } from '../../base/clock.ts';
import { useCall } from '../../hooks/use-call.ts';
import { histogramData } from '../history/histogram-data.ts';
import { newValues } from './new-values.ts';
import { type RangeId, startOf } from './ranges.ts';
import { DENIED, FAILED, figures, WRITES } from './search.ts';
import type { ServerStatus } from './server-status.tsx';
import { trailHealth } from './trail-health.tsx';

/** About one bar for each 16 pixels. */
const BUCKETS = 60;
const TOP = 6;

/** All that the page asks, each part by itself: what is there first is shown first, and what fails fails alone. */
export function useOverview(range: RangeId, round: number) {
  const { AccountId, OperatorAccountId } = useSession();
  const region = useRegion();
  const isOperator = AccountId === OperatorAccountId;
  const start = () => startOf(range, clock.now());
  const deps = [range, round, AccountId];

  const histogram = useCall(async (signal) => {
    const { Histogram } = await figures({ startMs: start(), buckets: BUCKETS }, signal);
    return histogramData(Histogram!);
  }, deps);

  const numbers = useCall(async (signal) => {
    const startMs = start();
    const countOf = async (filter: string) => (await figures({ startMs, filter, count: true }, signal)).Count ?? 0;
    const [events, writes, failed, denied] = await Promise.all(['', WRITES, FAILED, DENIED].map(countOf));
    return { events: events!, writes: writes!, failed: failed!, denied: denied! };
  }, deps);

  const top = useCall(async (signal) => {
    const facets = ['userArn', 'eventName', 'eventSource', 'sourceIPAddress', 'errorCode'];
    const { Facets = [] } = await figures({ startMs: start(), facets, facetLimit: TOP }, signal);
    return Facets;
  }, deps);

  const found = useCall((signal) => newValues(start(), signal), deps);
  const trails = useCall((signal) => trailHealth(region, signal), [round, AccountId, region]);
  const status = useCall(
    async (signal) => (isOperator ? native<ServerStatus>('status', undefined, { signal }) : undefined),
    [round, isOperator],
  );

  const loading = [histogram, numbers, top, found, trails, status].some((call) => call.loading);
  return { histogram, numbers, top, found, trails, status, isOperator, loading };
}

export type OverviewCalls = ReturnType<typeof useOverview>;
