import type { Trail, TrailStatus } from './trail.ts';

/** How a trail is doing, in a word. */
export interface TrailState {
  readonly type: 'success' | 'pending' | 'stopped' | 'error';
  readonly text: string;
}

/** Something that a trail cannot do, and what mends it. */
export interface Problem {
  /** `Log files`, `Digests`, `Notifications`, `CloudWatch Logs`. */
  readonly about: string;
  /** AWS's code. */
  readonly code: string;
  readonly says: string;
  readonly how: string;
}

export function stateOf(trail: Trail, status: TrailStatus): TrailState {
  if (!status.IsLogging) return { type: 'stopped', text: 'Stopped' };
  if (problemsOf(trail, status).length > 0) return { type: 'error', text: 'Logging, with errors' };
  if (status.LatestDeliveryTime === undefined) return { type: 'pending', text: 'Logging, nothing delivered yet' };
  return { type: 'success', text: 'Logging' };
}

/** What stands in the way of a trail's deliveries, in plain words: as `opentrail doctor` says it. */
export function problemsOf(trail: Trail, status: TrailStatus): readonly Problem[] {
  const { LatestDeliveryError: delivery, LatestDigestDeliveryError: digest } = status;
  const { LatestNotificationError: notification, LatestCloudWatchLogsDeliveryError: logs } = status;
  return [
    ...(delivery ? [problem('Log files', delivery, storageAdvice(trail, delivery))] : []),
    ...(digest && digest !== delivery ? [problem('Digests', digest, storageAdvice(trail, digest))] : []),
    ...(notification ? [problem('Notifications', notification, topicAdvice(trail, notification))] : []),
    ...(logs ? [problem('CloudWatch Logs', logs, logsAdvice(trail, logs))] : []),
  ];
}

/** AWS delivers within 5 minutes on average and promises nothing; past this something is wrong. */
const LATE_SECONDS = 20 * 60;

export interface Stretch {
  /** Seconds since the epoch. */
  readonly StartTime: number;
  readonly EndTime: number;
}

/**
 * Of what happened in this stretch nothing is in a log file, though it should be by now: as `opentrail doctor` reckons it.
 * Undefined when the last file is young enough, or nothing is logged.
 */
export function overdueStretch(status: TrailStatus, nowMs: number): Stretch | undefined {
  if (!status.IsLogging) return undefined;
  const since = Math.max(status.LatestDeliveryTime ?? 0, status.StartLoggingTime ?? 0);
  const until = Math.floor(nowMs / 1000) - LATE_SECONDS;
  return since < until ? { StartTime: since + 1, EndTime: until } : undefined;
}

type Advice = readonly [says: string, how: string];

const problem = (about: string, code: string, [says, how]: Advice): Problem => ({ about, code, says, how });

const RETRIED = 'Delivery is tried again by itself, and nothing is lost meanwhile.';

function storageAdvice({ S3BucketName: bucket, KmsKeyId: key }: Trail, code: string): Advice {
  if (code.startsWith('KMS.') || /Key/.test(code)) return keyAdvice(key, code);
  if (/NoSuchBucket/.test(code))
    return [
      `The bucket ${bucket} does not exist.`,
      `Make it again with the policy that the trail needs, or edit the trail and choose another one. ${RETRIED}`,
    ];
  if (/AccessDenied/.test(code))
    return [
      `The bucket ${bucket}${key ? ' or the key' : ''} does not let CloudTrail write.`,
      `Edit the trail: its storage step shows what the bucket's policy lacks, and adds it. ${RETRIED}`,
    ];
  if (/SlowDown|InternalError|ServiceUnavailable|Timeout/.test(code))
    return [`The bucket ${bucket} cannot take files now.`, RETRIED];
  return [`The bucket ${bucket} refused the last file.`, `Look at the bucket and its policy. ${RETRIED}`];
}

function keyAdvice(key: string | undefined, code: string): Advice {
  const name = key ?? 'of the trail';
  if (/Disabled/.test(code)) return [`The key ${name} is disabled.`, `Enable it. ${RETRIED}`];
  if (/PendingDeletion|InvalidState/.test(code))
    return [`The key ${name} cannot be used as it is now.`, `Cancel its deletion and enable it. ${RETRIED}`];
  if (/NotFound/.test(code))
    return [`The key ${name} does not exist any more.`, `Edit the trail and choose another key. ${RETRIED}`];
  return [
    `The key ${name} does not let CloudTrail encrypt.`,
    `Its policy must allow kms:GenerateDataKey to cloudtrail.amazonaws.com: editing the trail shows and adds it. ${RETRIED}`,
  ];
}

function topicAdvice({ SnsTopicARN: topic = 'of the trail' }: Trail, code: string): Advice {
  if (/NotFound/.test(code))
    return [`The topic ${topic} does not exist.`, 'Make it again, or edit the trail and take the topic away.'];
  return [
    `The topic ${topic} does not let CloudTrail publish.`,
    'Edit the trail: its notifications step shows what the topic’s policy lacks, and adds it. Log files arrive all the same.',
  ];
}

function logsAdvice(trail: Trail, code: string): Advice {
  const { CloudWatchLogsLogGroupArn: group = 'of the trail', CloudWatchLogsRoleArn: role = 'of the trail' } = trail;
  if (/NotFound/.test(code))
    return [`The log group ${group} does not exist.`, 'Make it again, or edit the trail and choose another one.'];
  return [
    `CloudTrail may not write to the log group ${group} as the role ${role}.`,
    'The role must trust cloudtrail.amazonaws.com, and allow logs:CreateLogStream and logs:PutLogEvents on the group. Log files arrive all the same.',
  ];
}

/** Errors of CreateTrail, UpdateTrail and the like, and what to do; undefined where the message says it all. */
const REMEDIES: Readonly<Record<string, string>> = {
  InsufficientS3BucketPolicyException: 'Go back to the storage step, and let the console add what the policy lacks.',
  S3BucketDoesNotExistException: 'Go back to the storage step, and choose another bucket or make a new one.',
  BucketAlreadyExists:
    'Another account has a bucket of that name. Go back to the storage step, and choose another name.',
  BucketAlreadyOwnedByYou: 'You have a bucket of that name: go back to the storage step, and choose it.',
  InsufficientEncryptionPolicyException:
    'Go back to the storage step, and let the console add what the policy of the bucket or the key lacks.',
  KmsKeyNotFoundException: 'Go back to the storage step, and choose a key of the trail’s home Region.',
  KmsException: 'Go back to the storage step, and choose a key that is enabled.',
  InsufficientSnsTopicPolicyException:
    'Go back to the notifications step, and let the console add what the topic’s policy lacks.',
  InvalidCloudWatchLogsLogGroupArnException: 'Go back to the notifications step, and look at log group and role.',
  InvalidCloudWatchLogsRoleArnException: 'Go back to the notifications step, and let the console make a role.',
  ResourceAlreadyExistsException:
    'A log group of that name is there: go back to the notifications step, and choose it.',
  EntityAlreadyExists: 'A role of that name is there: go back to the notifications step, and choose it.',
  InvalidEventSelectorsException: 'Go back to the events step, and change the selectors.',
  TrailAlreadyExistsException: 'Go back to the first step, and choose another name.',
  MaximumNumberOfTrailsExceededException: 'Delete a trail that is not needed any more.',
  OrganizationsNotInUseException: 'Only accounts of an organization can have organization trails.',
  NotOrganizationMasterAccountException: 'Ask the management account of the organization.',
  CloudTrailAccessNotEnabledException:
    'In the management account: aws organizations enable-aws-service-access --service-principal cloudtrail.amazonaws.com',
};

export const remedyOf = (code: string): string | undefined => REMEDIES[code];
