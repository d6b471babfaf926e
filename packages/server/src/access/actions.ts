/**
 * Which IAM actions a recorded call needed (service authorization reference). For most calls it is the service's prefix
 * and the event's name; these tables have the others. Keys are eventSource without `.amazonaws.com`.
 */

/** Prefixes of actions that are not the event source's own name. */
const PREFIXES: Readonly<Record<string, string>> = {
  monitoring: 'cloudwatch',
  tagging: 'tag',
  amazonmq: 'mq',
  billingconsole: 'aws-portal',
  'bedrock-runtime': 'bedrock',
  'config-multiaccountsetup': 'config',
  models: 'lex',
  'runtime-lex': 'lex',
  'runtime.lex': 'lex',
  'streams.dynamodb': 'dynamodb',
};

/** Calls that anyone may make who can sign them, or that no policy governs. */
const NEEDS_NONE: ReadonlySet<string> = new Set([
  'sts:GetCallerIdentity',
  'sts:GetSessionToken',
  'sts:AssumeRoleWithSAML',
  'sts:AssumeRoleWithWebIdentity',
]);

/** Sources whose events no policy governs: sign-ins, and what services report of themselves. */
const NO_ACTIONS: ReadonlySet<string> = new Set(['signin', 'opentrail']);

const PUT_OBJECT = ['s3:PutObject'];

/** By `source:eventName`. An event may need several. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  's3:CompleteMultipartUpload': PUT_OBJECT,
  's3:CopyObject': ['s3:GetObject', 's3:PutObject'],
  's3:CreateMultipartUpload': PUT_OBJECT,
  's3:DeleteBucketCors': ['s3:PutBucketCORS'],
  's3:DeleteBucketEncryption': ['s3:PutEncryptionConfiguration'],
  's3:DeleteBucketLifecycle': ['s3:PutLifecycleConfiguration'],
  's3:DeleteBucketOwnershipControls': ['s3:PutBucketOwnershipControls'],
  's3:DeleteBucketPublicAccessBlock': ['s3:PutBucketPublicAccessBlock'],
  's3:DeleteBucketReplication': ['s3:PutReplicationConfiguration'],
  's3:DeleteBucketTagging': ['s3:PutBucketTagging'],
  's3:DeleteObjects': ['s3:DeleteObject'],
  's3:GetBucketCors': ['s3:GetBucketCORS'],
  's3:GetBucketEncryption': ['s3:GetEncryptionConfiguration'],
  's3:GetBucketLifecycle': ['s3:GetLifecycleConfiguration'],
  's3:GetBucketReplication': ['s3:GetReplicationConfiguration'],
  's3:HeadBucket': ['s3:ListBucket'],
  's3:HeadObject': ['s3:GetObject'],
  's3:ListBuckets': ['s3:ListAllMyBuckets'],
  's3:ListMultipartUploads': ['s3:ListBucketMultipartUploads'],
  's3:ListObjects': ['s3:ListBucket'],
  's3:ListObjectVersions': ['s3:ListBucketVersions'],
  's3:ListParts': ['s3:ListMultipartUploadParts'],
  's3:PutBucketCors': ['s3:PutBucketCORS'],
  's3:PutBucketEncryption': ['s3:PutEncryptionConfiguration'],
  's3:PutBucketLifecycle': ['s3:PutLifecycleConfiguration'],
  's3:PutBucketReplication': ['s3:PutReplicationConfiguration'],
  's3:UploadPart': PUT_OBJECT,
  's3:UploadPartCopy': ['s3:GetObject', 's3:PutObject'],
  'lambda:Invoke': ['lambda:InvokeFunction'],
  'lambda:InvokeAsync': ['lambda:InvokeFunction'],
  'lambda:InvokeWithResponseStream': ['lambda:InvokeFunction'],
  'dynamodb:TransactGetItems': ['dynamodb:GetItem'],
  'dynamodb:TransactWriteItems': [
    'dynamodb:ConditionCheckItem',
    'dynamodb:DeleteItem',
    'dynamodb:PutItem',
    'dynamodb:UpdateItem',
  ],
  'dynamodb:ExecuteStatement': [
    'dynamodb:PartiQLDelete',
    'dynamodb:PartiQLInsert',
    'dynamodb:PartiQLSelect',
    'dynamodb:PartiQLUpdate',
  ],
  'kms:ReEncrypt': ['kms:ReEncryptFrom', 'kms:ReEncryptTo'],
  'sns:PublishBatch': ['sns:Publish'],
  'sqs:ChangeMessageVisibilityBatch': ['sqs:ChangeMessageVisibility'],
  'sqs:DeleteMessageBatch': ['sqs:DeleteMessage'],
  'sqs:SendMessageBatch': ['sqs:SendMessage'],
  'bedrock:Converse': ['bedrock:InvokeModel'],
  'bedrock:ConverseStream': ['bedrock:InvokeModelWithResponseStream'],
};

/** API versions that Lambda and CloudFront write into eventName: `CreateFunction20150331`, `…2020_05_31`. */
const VERSION_SUFFIX = /(?:20\d{6}(?:v\d)?|20\d\d_\d\d_\d\d)$/;

/**
 * The IAM actions that a policy must allow for the call.
 * @param eventSource `s3.amazonaws.com`
 * @returns none for calls that no policy governs
 */
export function actionsOf(eventSource: string, eventName: string): readonly string[] {
  const source = eventSource.replace(/\.amazonaws\.com(\.cn)?$/, '');
  const name = eventName.trim().replace(VERSION_SUFFIX, '');
  if (NO_ACTIONS.has(source)) return [];
  const listed = ACTIONS[`${source}:${name}`];
  if (listed) return listed;
  const action = `${PREFIXES[source] ?? source}:${name}`;
  return NEEDS_NONE.has(action) ? [] : [action];
}
