import { deliveryOf } from './coverage.ts';
import type { Selection } from './inventory.ts';

/** Of a trail, as DescribeTrails shows it. */
export interface ShownTrail {
  readonly Name: string;
  readonly TrailARN: string;
  readonly HomeRegion: string;
  readonly S3BucketName: string;
  readonly S3KeyPrefix?: string;
  readonly LogFileValidationEnabled?: boolean;
}

/** CloudTrail's operations, as far as a trail's verification needs them. A Region that is undefined is the caller's. */
export interface TrailCalls {
  describeTrails(region: string | undefined, arns?: readonly string[]): Promise<readonly ShownTrail[]>;
  /** GetTrailStatus in the trail's home Region: LatestDigestDeliveryTime, ms since the epoch. */
  latestDigestDeliveryMs(trail: ShownTrail): Promise<number | undefined>;
}

/** Where a trail's files lie, and what the service says of them. */
export interface TrailTarget {
  readonly trail: ShownTrail;
  readonly selection: Selection;
  readonly latestDigestDeliveryMs: ReadonlyMap<string, number>;
  readonly unvalidatedPrefixes: ReadonlySet<string>;
  /** The same of all buckets, by their names. */
  readonly unvalidatedElsewhere: ReadonlyMap<string, ReadonlySet<string>>;
}

/** @param only of this account, of this Region @returns what is known instead, when there is no such trail */
export async function findTrailTarget(
  calls: TrailCalls,
  nameOrArn: string,
  only: Pick<Selection, 'accountId' | 'region'>,
): Promise<TrailTarget | { readonly known: readonly string[] }> {
  const arnRegion = /^arn:[^:]+:cloudtrail:([^:]+):/.exec(nameOrArn)?.[1];
  const trails = await calls.describeTrails(arnRegion);
  const trail = trails.find((t) => t.TrailARN === nameOrArn || t.Name === nameOrArn);
  if (!trail) return { known: trails.map((t) => t.Name) };
  const unvalidated = new Map<string, Set<string>>();
  for (const other of trails.filter(({ LogFileValidationEnabled }) => LogFileValidationEnabled !== true)) {
    const prefixes = unvalidated.get(other.S3BucketName) ?? new Set();
    unvalidated.set(other.S3BucketName, prefixes.add(prefixOf(other)));
  }
  return {
    trail,
    selection: { prefix: `${prefixOf(trail)}AWSLogs/`, trailName: trail.Name, homeRegion: trail.HomeRegion, ...only },
    latestDigestDeliveryMs: await latestDeliveries(calls, trail, only),
    unvalidatedPrefixes: unvalidated.get(trail.S3BucketName) ?? new Set(),
    unvalidatedElsewhere: unvalidated,
  };
}

const prefixOf = ({ S3KeyPrefix }: ShownTrail): string => (S3KeyPrefix === undefined ? '' : `${S3KeyPrefix}/`);

/**
 * The status of the trail's account in its home Region is asked for; what else there is, is judged by what lies in the
 * bucket. A member of an organization is told of its own part: only the owner has the trail without shadows.
 */
async function latestDeliveries(
  calls: TrailCalls,
  trail: ShownTrail,
  only: Pick<Selection, 'accountId' | 'region'>,
): Promise<ReadonlyMap<string, number>> {
  const accountId = trail.TrailARN.split(':')[4]!;
  const isAskedFor =
    (only.accountId ?? accountId) === accountId && (only.region ?? trail.HomeRegion) === trail.HomeRegion;
  if (!isAskedFor) return new Map();
  const owned = await calls.describeTrails(trail.HomeRegion, [trail.TrailARN]);
  if (owned.length === 0) return new Map();
  const deliveredMs = await calls.latestDigestDeliveryMs(trail);
  return new Map(deliveredMs === undefined ? [] : [[deliveryOf({ accountId, region: trail.HomeRegion }), deliveredMs]]);
}
