import Box from '@cloudscape-design/components/box';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { json } from '../../api/client.ts';
import { trailHref } from '../../app/links.ts';
import { problemsOf, stateOf } from '../../parts/trails/health.ts';
import type { Trail, TrailStatus } from '../../parts/trails/trail.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Time } from '../../ui/time.tsx';

export interface TrailHealth {
  readonly trail: Trail;
  readonly status: TrailStatus;
}

/** An account has five trails a Region by AWS's quota; organizations' come to these. */
const TRAILS_MAX = 20;

/** Trails of the Region, those of other Regions that log it included, and how their delivery goes. */
export async function trailHealth(region: string, signal: AbortSignal): Promise<readonly TrailHealth[]> {
  const options = { region, signal };
  const { trailList = [] } = await json<{ trailList?: readonly Trail[] }>('cloudtrail', 'DescribeTrails', {}, options);
  return Promise.all(
    trailList.slice(0, TRAILS_MAX).map(async (trail) => ({
      trail,
      status: await json<TrailStatus>('cloudtrail', 'GetTrailStatus', { Name: trail.TrailARN }, options),
    })),
  );
}

export function TrailList({ trails }: { readonly trails: readonly TrailHealth[] }) {
  if (trails.length === 0) {
    return (
      <EmptyState title="No trails" action={{ text: 'Create trail', href: '/trails/create' }}>
        A trail delivers events to a bucket, and keeps them.
      </EmptyState>
    );
  }
  return (
    <SpaceBetween size="s">
      {trails.map((health) => (
        <TrailLine key={health.trail.TrailARN} {...health} />
      ))}
    </SpaceBetween>
  );
}

function TrailLine({ trail, status }: TrailHealth) {
  const { type, text } = stateOf(trail, status);
  const problems = problemsOf(trail, status);
  return (
    <div>
      <Link href={trailHref(trail.TrailARN)}>{trail.Name}</Link>
      <div>
        <StatusIndicator type={type}>{text}</StatusIndicator>
        {status.LatestDeliveryTime !== undefined && (
          <Box variant="span" color="text-body-secondary">
            {' '}
            · last log file <Time value={status.LatestDeliveryTime} as="ago" />
          </Box>
        )}
      </div>
      {problems.map(({ about, says }) => (
        <Box key={about} color="text-body-secondary" fontSize="body-s">
          {about}: {says}
        </Box>
      ))}
    </div>
  );
}
