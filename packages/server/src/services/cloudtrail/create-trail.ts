import type { CreateTrailRequest, CreateTrailResponse } from '@aws-sdk/client-cloudtrail';
import { AwsError } from '../../base/errors.ts';
import { uuid } from '../../base/random.ts';
import { type Trail, trailArn, trailKey } from '../../trails/trail.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type { CloudTrailDeps, TrailOrganization } from './deps.ts';
import { checkDestination } from './destinations.ts';
import { isVisibleIn, retryingConflicts, visibleTrails } from './find-trail.ts';
import { checkKeyId } from './key-id.ts';
import { logGroupNamed, proveLogGroup } from './log-group.ts';
import { checkBucketName, checkPrefix, checkTrailName } from './names.ts';
import { administered } from './organization.ts';
import { mergedTags } from './tag-rules.ts';
import { proveTopic, topicNamed } from './topic.ts';
import { describeBriefly } from './trail-output.ts';

/** AWS's quota, shadows included. */
const TRAILS_PER_REGION_MAX = 5;

/** Every CreateTrail of an account writes this key, so that two at once cannot both take the last free place. */
const quotaKey = (accountId: string) => `trail-quota/${accountId}`;

/** CreateTrail: the trail exists afterwards and does not log (spec: api §9, §4). */
export function createCreateTrail(deps: CloudTrailDeps): Handler {
  return async (context, input: Partial<CreateTrailRequest>): Promise<CreateTrailResponse> => {
    const own = newTrail(deps, context, input);
    const organization = input.IsOrganizationTrail ? await administered(deps, context) : undefined;
    const wanted = organization ? organizationTrail(own, organization) : own;
    await checkRoom(deps, context, wanted);
    const trail = await checkDestination(deps.objects, wanted);
    await proveTopic(deps, trail);
    await proveLogGroup(deps, trail);
    if (organization) await deps.organizations?.makeRole(organization.managementAccountId);
    await retryingConflicts(async () => {
      const { guardVersion } = await checkRoom(deps, context, trail);
      await deps.state.write([
        { put: trailKey(trail), value: trail, ifVersion: 'absent' },
        { put: quotaKey(trail.accountId), value: trail.id, ifVersion: guardVersion },
      ]);
    });
    deps.trailsChanged();
    return describeBriefly(trail);
  };
}

function newTrail(deps: CloudTrailDeps, context: CallContext, input: Partial<CreateTrailRequest>): Trail {
  const { Name: name, S3BucketName: bucket, S3KeyPrefix: prefix } = input;
  checkTrailName(name);
  checkBucketName(bucket);
  checkPrefix(prefix);
  const isMultiRegion = input.IsMultiRegionTrail ?? false;
  const includeGlobalServiceEvents = input.IncludeGlobalServiceEvents ?? true;
  checkGlobalEvents(isMultiRegion, includeGlobalServiceEvents);
  checkKeyId(input.KmsKeyId);
  const { accountId } = context.caller;
  const { region: homeRegion } = context;
  return {
    name,
    accountId,
    homeRegion,
    arn: trailArn(homeRegion, accountId, name),
    id: uuid(deps.random),
    bucket,
    ...(prefix ? { prefix } : {}),
    ...topicNamed(accountId, homeRegion, input.SnsTopicName),
    ...logGroupNamed(accountId, homeRegion, input.CloudWatchLogsLogGroupArn, input.CloudWatchLogsRoleArn),
    ...(input.KmsKeyId ? { kmsKeyId: input.KmsKeyId } : {}),
    includeGlobalServiceEvents,
    isMultiRegion,
    logFileValidation: input.EnableLogFileValidation ?? false,
    recursiveLogging: input.RecursiveLogging ?? true,
    tags: mergedTags([], input.TagsList ?? []),
    isLogging: false,
    createdMs: deps.clock.now(),
  };
}

/** Whoever makes it, it is the management account's. */
const organizationTrail = (trail: Trail, { id, managementAccountId }: TrailOrganization): Trail => ({
  ...trail,
  accountId: managementAccountId,
  arn: trailArn(trail.homeRegion, managementAccountId, trail.name),
  organizationId: id,
});

/** @throws AwsError InvalidParameterCombinationException */
export function checkGlobalEvents(isMultiRegion: boolean, includeGlobalServiceEvents: boolean): void {
  if (!isMultiRegion || includeGlobalServiceEvents) return;
  throw new AwsError('InvalidParameterCombinationException', 'Multi-Region trail must include global service events.');
}

/** Whether name and quota leave room for one more trail. */
async function checkRoom(deps: CloudTrailDeps, context: CallContext, trail: Trail) {
  const guard = await deps.state.get(quotaKey(trail.accountId));
  const others = (await visibleTrails(deps, trail.accountId)).map((e) => e.value);
  const visibleIn = (region: string) => others.filter((t) => isVisibleIn(t, region));
  if (visibleIn(context.region).some((t) => t.name === trail.name && t.accountId === trail.accountId)) {
    throw new AwsError(
      'TrailAlreadyExistsException',
      `Trail ${trail.name} already exists for customer: ${trail.accountId}`,
    );
  }
  const regions = trail.isMultiRegion ? [context.region, ...deps.regions] : [context.region];
  const full = regions.find((region) => visibleIn(region).length >= TRAILS_PER_REGION_MAX);
  if (full !== undefined) {
    throw new AwsError(
      'MaximumNumberOfTrailsExceededException',
      `User already has ${TRAILS_PER_REGION_MAX} trails in ${full}`,
    );
  }
  return { guardVersion: guard?.version ?? ('absent' as const) };
}
