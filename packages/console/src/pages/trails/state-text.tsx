import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { messageOf } from '../../api/error.ts';
import { useCall } from '../../hooks/use-call.ts';
import { getStatus } from '../../parts/trails/calls.ts';
import { stateOf } from '../../parts/trails/health.ts';
import type { Trail, TrailStatus } from '../../parts/trails/trail.ts';

export function StateText({ trail, status }: { readonly trail: Trail; readonly status: TrailStatus }) {
  const { type, text } = stateOf(trail, status);
  return <StatusIndicator type={type}>{text}</StatusIndicator>;
}

/** What became of asking for a trail's status: one that may not be seen keeps no other from being shown. */
export type StatusOf = { readonly status: TrailStatus } | { readonly problem: string };

/** The status of each of these trails, by ARN. */
export function useStatuses(trails: readonly Trail[]) {
  const arns = trails.map(({ TrailARN }) => TrailARN).join(' ');
  return useCall<ReadonlyMap<string, StatusOf>>(
    async (signal) => {
      const entries = trails.map(async (trail) => {
        const told: StatusOf = await getStatus(trail, signal).then(
          (status) => ({ status }),
          (error) => ({ problem: messageOf(error) }),
        );
        return [trail.TrailARN, told] as const;
      });
      return new Map(await Promise.all(entries));
    },
    [arns],
  );
}
