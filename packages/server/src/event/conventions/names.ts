/** How a service and its operations are called in records, where that is not simply their API name. */

/** Schema id → eventSource without the domain (spec: record-conventions §18). */
const EVENT_SOURCES: Readonly<Record<string, string>> = {
  cloudwatch: 'monitoring',
  'cloudwatch-logs': 'logs',
  'cost-explorer': 'ce',
  efs: 'elasticfilesystem',
  'elastic-load-balancing': 'elasticloadbalancing',
  'elastic-load-balancing-v2': 'elasticloadbalancing',
  'elasticsearch-service': 'es',
  eventbridge: 'events',
  opensearch: 'es',
  'resource-groups-tagging-api': 'tagging',
  sesv2: 'ses',
  sfn: 'states',
};

/** `cloudtrail` → `cloudtrail.amazonaws.com`. */
export const eventSourceOf = (schemaId: string): string => `${EVENT_SOURCES[schemaId] ?? schemaId}.amazonaws.com`;

/** Operations whose eventName is older than their API name (spec: record-conventions §18; AWS's S3 event list). */
const EVENT_NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  s3: {
    DeletePublicAccessBlock: 'DeleteBucketPublicAccessBlock',
    GetBucketAccelerateConfiguration: 'GetAccelerateConfiguration',
    GetBucketLifecycleConfiguration: 'GetBucketLifecycle',
    GetBucketNotificationConfiguration: 'GetBucketNotification',
    GetObjectLockConfiguration: 'GetBucketObjectLockConfiguration',
    GetPublicAccessBlock: 'GetBucketPublicAccessBlock',
    ListObjectsV2: 'ListObjects',
    PutBucketAccelerateConfiguration: 'PutAccelerateConfiguration',
    PutBucketLifecycleConfiguration: 'PutBucketLifecycle',
    PutBucketNotificationConfiguration: 'PutBucketNotification',
    PutObjectLockConfiguration: 'PutBucketObjectLockConfiguration',
    PutPublicAccessBlock: 'PutBucketPublicAccessBlock',
  },
  lambda: {
    AddPermission: 'AddPermission20150331v2',
    CreateFunction: 'CreateFunction20150331',
    DeleteFunction: 'DeleteFunction20150331',
    GetFunction: 'GetFunction20150331v2',
    ListFunctions: 'ListFunctions20150331',
    RemovePermission: 'RemovePermission20150331v2',
    UpdateFunctionCode: 'UpdateFunctionCode20150331v2',
    UpdateFunctionConfiguration: 'UpdateFunctionConfiguration20150331v2',
  },
};

export const eventNameOf = (schemaId: string, operation: string): string =>
  EVENT_NAMES[schemaId]?.[operation] ?? operation;

/** The few services that write apiVersion, in their own spelling (spec: record-conventions §14). */
export const API_VERSIONS: Readonly<Record<string, string>> = {
  appmesh: '2019-01-25',
  cloudfront: '2020_05_31',
  dynamodb: '2012-08-10',
  'elastic-load-balancing': '2012-06-01',
  'elastic-load-balancing-v2': '2015-12-01',
  efs: '2015-02-01',
  'cloudwatch-logs': '20140328',
  route53: '2013-04-01',
};

/** The newest that CloudTrail writes; what we write has only members that it knows (spec: records §13). */
export const EVENT_VERSION = '1.11';
