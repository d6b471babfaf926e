import { AwsError } from '../../base/errors.ts';

/**
 * What a trail may use of services that OpenTrail does not have yet: SNS, CloudWatch Logs. Their forms are
 * checked as AWS does (that of a key of KMS too); then each is refused with the error that AWS has for a resource that
 * is not there, which here is the truth. Nothing is accepted and then ignored.
 */
export interface AbsentServiceParameters {
  readonly SnsTopicName?: string | undefined;
  readonly CloudWatchLogsLogGroupArn?: string | undefined;
  readonly CloudWatchLogsRoleArn?: string | undefined;
  readonly KmsKeyId?: string | undefined;
}

const TOPIC_NAME = /^[A-Za-z0-9_-]{1,256}$/;
const TOPIC_ARN = /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$/;
const LOG_GROUP_ARN = /^arn:aws[a-z-]*:logs:[a-z0-9-]+:\d{12}:log-group:[A-Za-z0-9_/.#-]{1,512}:\*$/;
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/;
const KEY_ID = /^(arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:)?(alias\/[A-Za-z0-9/_-]{1,250}|key\/(mrk-)?[a-f0-9-]{32,36})$/;
const BARE_KEY_ID = /^(mrk-[a-f0-9]{32}|[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12})$/;

/** Checks that hold before anything is tried with the bucket. Empty strings mean "none", as in UpdateTrail. */
export function checkAbsentServices(input: AbsentServiceParameters): void {
  checkTopicForm(input.SnsTopicName);
  checkLogGroup(input.CloudWatchLogsLogGroupArn, input.CloudWatchLogsRoleArn);
  checkKeyForm(input.KmsKeyId);
}

/** The topic's own check, which AWS makes after the marker was written to the bucket. */
export function checkTopic(topic: string | undefined): void {
  if (!topic) return;
  throw new AwsError(
    'InsufficientSnsTopicPolicyException',
    'SNS Topic does not exist or the topic policy is incorrect! OpenTrail does not have Amazon SNS yet.',
  );
}

function checkTopicForm(topic: string | undefined): void {
  if (!topic || TOPIC_NAME.test(topic) || TOPIC_ARN.test(topic)) return;
  throw new AwsError(
    'InvalidSnsTopicNameException',
    'SNS topic name must be 1 to 256 letters, numbers, hyphens (-) and underscores (_), or the ARN of such a topic. FIFO topics are not supported.',
  );
}

function checkLogGroup(group: string | undefined, role: string | undefined): void {
  if (!group && !role) return;
  if (!group || !LOG_GROUP_ARN.test(group)) {
    throw new AwsError(
      'InvalidCloudWatchLogsLogGroupArnException',
      group
        ? 'CloudWatch Logs log group ARN must look like arn:aws:logs:us-east-2:123456789012:log-group:name:*.'
        : 'CloudWatch Logs role ARN was given without a log group ARN; give both, or both empty.',
    );
  }
  if (!role || !ROLE_ARN.test(role)) {
    throw new AwsError(
      'InvalidCloudWatchLogsRoleArnException',
      role
        ? 'CloudWatch Logs role ARN must look like arn:aws:iam::123456789012:role/name.'
        : 'CloudWatch Logs log group ARN was given without a role ARN; give both, or both empty.',
    );
  }
  throw new AwsError(
    'CloudWatchLogsDeliveryUnavailableException',
    'Cannot set a CloudWatch Logs delivery for this Region: OpenTrail does not have CloudWatch Logs yet.',
  );
}

/** Whether it can name a key at all: what it names is seen when the bucket is proved. @throws AwsError InvalidKmsKeyIdException */
function checkKeyForm(keyId: string | undefined): void {
  if (!keyId || KEY_ID.test(keyId) || BARE_KEY_ID.test(keyId)) return;
  throw new AwsError(
    'InvalidKmsKeyIdException',
    'KMS key ID must be a key ID, a key ARN, alias/name or an alias ARN of a symmetric key.',
  );
}
