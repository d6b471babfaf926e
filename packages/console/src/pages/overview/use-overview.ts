import { native } from '../../api/client.ts';
import { useRegion, useSession } from '../../api/session.ts';
import { clock } from '../../base/clock.ts';
import { useCall } from '../../hooks/use-call.ts';
import { newValues } from './new-values.ts';
import { type RangeId, startOf } from './ranges.ts';
import type { ServerStatus } from './server-status.tsx';
import { summaryOf } from './summary.ts';
import { trailHealth } from './trail-health.tsx';

/** All that the page asks, each part by itself: what is there first is shown first, and what fails fails alone. */
export function useOverview(range: RangeId, round: number) {
  const { AccountId, OperatorAccountId } = useSession();
  const region = useRegion();
  const isOperator = AccountId === OperatorAccountId;
  const start = () => startOf(range, clock.now());
  const summary = useCall((signal) => summaryOf({ startMs: start(), endMs: clock.now() }, signal), [range, round]);
  const found = useCall((signal) => newValues(start(), signal), [range, round]);
  const trails = useCall((signal) => trailHealth(region, signal), [round]);
  const status = useCall(
    async (signal) => (isOperator ? native<ServerStatus>('status', undefined, { signal }) : undefined),
    [round],
  );
  const loading = [summary, found, trails, status].some((call) => call.loading);
  return { summary, found, trails, status, isOperator, loading };
}
