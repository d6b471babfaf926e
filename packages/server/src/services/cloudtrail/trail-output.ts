import type { CreateTrailResponse, Trail as TrailOutput } from '@aws-sdk/client-cloudtrail';
import { DEFAULT_SELECTORS } from '../../event/selectors.ts';
import type { Trail } from '../../trails/trail.ts';

/** A trail as CreateTrail and UpdateTrail answer it: without its home Region and what selectors it has. */
export function describeBriefly(t: Trail): CreateTrailResponse {
  return {
    Name: t.name,
    S3BucketName: t.bucket,
    ...(t.prefix === undefined ? {} : { S3KeyPrefix: t.prefix }),
    ...(t.snsTopicName === undefined ? {} : { SnsTopicName: t.snsTopicName, SnsTopicARN: t.snsTopicArn }),
    IncludeGlobalServiceEvents: t.includeGlobalServiceEvents,
    IsMultiRegionTrail: t.isMultiRegion,
    TrailARN: t.arn,
    LogFileValidationEnabled: t.logFileValidation,
    ...(t.cloudWatchLogsLogGroupArn === undefined
      ? {}
      : { CloudWatchLogsLogGroupArn: t.cloudWatchLogsLogGroupArn, CloudWatchLogsRoleArn: t.cloudWatchLogsRoleArn }),
    ...(t.kmsKeyId === undefined ? {} : { KmsKeyId: t.kmsKeyId }),
    IsOrganizationTrail: t.organizationId !== undefined,
    RecursiveLogging: t.recursiveLogging,
  };
}

/** A trail as DescribeTrails and GetTrail answer it. Members that are not set are absent. */
export function describe(t: Trail): TrailOutput {
  return {
    ...describeBriefly(t),
    HomeRegion: t.homeRegion,
    HasCustomEventSelectors: hasCustomSelectors(t),
    HasInsightSelectors: t.insightSelectors !== undefined,
  };
}

/** Whether the selectors were ever set to something else than the default (spec: selectors §1). */
function hasCustomSelectors(t: Trail): boolean {
  return t.selectors !== undefined && JSON.stringify(t.selectors) !== JSON.stringify(DEFAULT_SELECTORS);
}
