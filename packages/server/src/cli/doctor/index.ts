import type { Clock } from '../../base/clock.ts';
import { OperatorError } from '../../base/errors.ts';
import type { OpenTrailClient } from '../client.ts';
import { printableJson } from '../printable.ts';
import { checkBucket } from './bucket.ts';
import { type Calls, callsOf } from './calls.ts';
import { bad, type Diagnosis, diagnosisText, type Finding, good, unknown } from './findings.ts';
import { checkKey } from './key.ts';
import { checkTopic } from './topic.ts';
import { checkStatus, type ShownTrail } from './trail.ts';

export interface DoctorOptions {
  readonly trail: string;
  readonly json: boolean;
  readonly print: (text: string) => void;
  /** `--objects-endpoint` of the server. */
  readonly outside?: string | undefined;
}

/**
 * `opentrail doctor TRAIL`: says what keeps a trail from delivering, and what mends it. It asks as the user who runs it,
 * with AWS's own operations, so that it works against AWS too.
 * @param clientOf for a Region: a trail is asked about where its home is
 * @returns the exit code: 0 when nothing was found, 1 otherwise
 * @throws OperatorError when there is no such trail, or nobody answers
 */
export async function doctor(
  clientOf: (region?: string) => OpenTrailClient,
  clock: Clock,
  { trail: name, json, print, outside }: DoctorOptions,
): Promise<number> {
  const region = /^arn:[^:]*:cloudtrail:([a-z0-9-]+):/.exec(name)?.[1];
  const trail = await findTrail(callsOf(clientOf(region)), name);
  const diagnosis = await diagnose(callsOf(clientOf(trail.HomeRegion)), trail, clock.now(), outside);
  print(json ? printableJson(JSON.stringify(diagnosis, null, 2)) : diagnosisText(diagnosis));
  return diagnosis.healthy ? 0 : 1;
}

async function findTrail(calls: Calls, name: string): Promise<ShownTrail> {
  const found = await calls.cloudTrail<{ readonly trailList: readonly ShownTrail[] }>('DescribeTrails', {
    trailNameList: [name],
  });
  if (found.code !== undefined) throw new OperatorError(`${found.code}: ${found.message}`);
  const trail = found.value.trailList[0];
  if (!trail) throw new OperatorError(`There is no trail ${JSON.stringify(name)} in this account and Region.`);
  return trail;
}

/** Everything that a delivery passes, in its order. @param outside the S3 elsewhere that the server delivers to */
export async function diagnose(calls: Calls, trail: ShownTrail, nowMs: number, outside?: string): Promise<Diagnosis> {
  const findings = [
    ...(await checkStatus(calls, trail, nowMs)),
    ...(outside === undefined
      ? [...(await checkBucket(calls, trail, nowMs)), ...(await checkKey(calls, trail, nowMs))]
      : [unknown('bucket', `it is at ${outside}, whose own answers stand under deliveries and digests`)]),
    ...(await checkTopic(calls, trail, nowMs)),
    ...(await checkServer(calls)),
  ];
  return { trail: trail.TrailARN, healthy: findings.every(({ state }) => state !== 'bad'), findings };
}

/** The machine behind it: disk, log, files. */
async function checkServer(calls: Calls): Promise<Finding[]> {
  const troubles = await calls.troubles();
  if (troubles === undefined) return [];
  return troubles.length === 0
    ? [good('server', 'it takes events')]
    : troubles.map((trouble) => bad('server', trouble));
}
