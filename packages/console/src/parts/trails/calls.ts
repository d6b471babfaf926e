import { json } from '../../api/client.ts';
import type { Trail, TrailStatus } from './trail.ts';

interface ListedTrail {
  readonly TrailARN: string;
  readonly HomeRegion: string;
}

/** All trails that the caller has part in, of all Regions. */
export async function allTrails(signal: AbortSignal): Promise<readonly Trail[]> {
  const { Trails = [] } = await json<{ Trails?: readonly ListedTrail[] }>('cloudtrail', 'ListTrails', {}, { signal });
  const regions = [...new Set(Trails.map(({ HomeRegion }) => HomeRegion))];
  const described = await Promise.all(
    regions.map(async (region) => {
      const trailNameList = Trails.filter((t) => t.HomeRegion === region).map(({ TrailARN }) => TrailARN);
      const input = { trailNameList, includeShadowTrails: true };
      const options = { region, signal };
      return (
        (await json<{ trailList?: readonly Trail[] }>('cloudtrail', 'DescribeTrails', input, options)).trailList ?? []
      );
    }),
  );
  return described.flat().sort((a, b) => (a.Name < b.Name ? -1 : a.Name > b.Name ? 1 : 0));
}

export const getStatus = ({ TrailARN, HomeRegion }: Trail, signal: AbortSignal): Promise<TrailStatus> =>
  json<TrailStatus>('cloudtrail', 'GetTrailStatus', { Name: TrailARN }, { region: HomeRegion, signal });
