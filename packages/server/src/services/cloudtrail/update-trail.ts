import type { UpdateTrailRequest, UpdateTrailResponse } from '@aws-sdk/client-cloudtrail';
import type { Trail } from '../../trails/trail.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import { checkGlobalEvents } from './create-trail.ts';
import type { CloudTrailDeps } from './deps.ts';
import { checkDestination } from './destinations.ts';
import { changeTrail } from './find-trail.ts';
import { checkKeyId } from './key-id.ts';
import { changedLogGroup, proveLogGroup } from './log-group.ts';
import { changedPeriod, endingCall, progressOf } from './logging-periods.ts';
import { checkBucketName, checkPrefix } from './names.ts';
import { administered, notAdministrator } from './organization.ts';
import { changedTopic, proveTopic } from './topic.ts';
import { describeBriefly } from './trail-output.ts';

/**
 * UpdateTrail: members that are left out keep their value; an empty string takes away a prefix, topic, key or the pair
 * of CloudWatch Logs. The destination is proved again, and a failed call leaves the trail unchanged (spec: api §9).
 */
export function createUpdateTrail(deps: CloudTrailDeps): Handler {
  return async (context, input: Partial<UpdateTrailRequest>): Promise<UpdateTrailResponse> => {
    const trail = await changeTrail(deps, context, input.Name, async (before) => {
      const wanted = await converted(deps, context, updated(context, before, input), input.IsOrganizationTrail);
      const after = await checkDestination(deps.objects, wanted);
      await proveTopic(deps, after);
      await proveLogGroup(deps, after);
      return changedPeriod(before, after, endingCall(deps, context), await progressOf(deps, before));
    });
    return describeBriefly(trail);
  };
}

/**
 * An organization's trail becomes its management account's own, or the other way round; neither is for delegated
 * administrators.
 * @throws AwsError NotOrganizationMasterAccountException, and what is in the way
 */
async function converted(
  deps: CloudTrailDeps,
  context: CallContext,
  trail: Trail,
  isOrganization: boolean | undefined,
): Promise<Trail> {
  if (isOrganization === undefined || isOrganization === (trail.organizationId !== undefined)) return trail;
  const { id, managementAccountId } = await administered(deps, context);
  if (context.caller.accountId !== managementAccountId) {
    throw notAdministrator('Only the management account can convert a trail to an organization trail, or back.');
  }
  const { organizationId, ...own } = trail;
  if (!isOrganization) return own;
  await deps.organizations?.makeRole(managementAccountId);
  return { ...own, organizationId: id };
}

function updated({ caller: { accountId } }: CallContext, before: Trail, input: Partial<UpdateTrailRequest>): Trail {
  if (input.S3BucketName !== undefined) checkBucketName(input.S3BucketName);
  checkPrefix(input.S3KeyPrefix);
  checkKeyId(input.KmsKeyId);
  const { CloudWatchLogsLogGroupArn: group, CloudWatchLogsRoleArn: role } = input;
  const withTopic = changedTopic(before, accountId, input.SnsTopicName);
  const { prefix: oldPrefix, kmsKeyId: oldKey, ...rest } = changedLogGroup(withTopic, accountId, group, role);
  const prefix = input.S3KeyPrefix ?? oldPrefix;
  const kmsKeyId = input.KmsKeyId ?? oldKey;
  const after: Trail = {
    ...rest,
    bucket: input.S3BucketName ?? before.bucket,
    ...(prefix ? { prefix } : {}),
    ...(kmsKeyId ? { kmsKeyId } : {}),
    includeGlobalServiceEvents: input.IncludeGlobalServiceEvents ?? before.includeGlobalServiceEvents,
    isMultiRegion: input.IsMultiRegionTrail ?? before.isMultiRegion,
    logFileValidation: input.EnableLogFileValidation ?? before.logFileValidation,
    recursiveLogging: input.RecursiveLogging ?? before.recursiveLogging,
  };
  checkGlobalEvents(after.isMultiRegion, after.includeGlobalServiceEvents);
  return after;
}
