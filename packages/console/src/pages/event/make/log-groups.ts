import { allTrails } from '../../../parts/trails/calls.ts';

/** A log group that a trail delivers to: what metric filters can count. */
export interface TrailGroup {
  readonly trailName: string;
  readonly groupName: string;
  /** The group's own, which is the trail's home Region. */
  readonly region: string;
}

/** The log groups of all trails that have one. */
export async function trailGroups(signal: AbortSignal): Promise<readonly TrailGroup[]> {
  return (await allTrails(signal)).flatMap(({ Name: trailName, CloudWatchLogsLogGroupArn = '' }) => {
    const [, region, groupName] = /^arn:[^:]+:logs:([^:]+):\d+:log-group:([^:]+)/.exec(CloudWatchLogsLogGroupArn) ?? [];
    return region === undefined || groupName === undefined ? [] : [{ trailName, groupName, region }];
  });
}
