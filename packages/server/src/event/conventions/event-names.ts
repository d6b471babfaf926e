/**
 * Operations whose eventName is not their API name. S3's are older than the API's names (AWS's list "Amazon S3 account and
 * bucket-level actions tracked by CloudTrail"; spec: record-conventions §18); Lambda's carry the date of the API version
 * that the operation came with (AWS's guide to Lambda and CloudTrail lists them; spec: record-conventions §8.1). CloudFront
 * writes its API's plain names and keeps the date for apiVersion (spec: record-conventions §14).
 */
export const EVENT_NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
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
  's3-control': {
    DeletePublicAccessBlock: 'DeleteAccountPublicAccessBlock',
    GetPublicAccessBlock: 'GetAccountPublicAccessBlock',
    PutPublicAccessBlock: 'PutAccountPublicAccessBlock',
  },
  lambda: {
    ...dated('20150331', [
      ...['CreateAlias', 'CreateEventSourceMapping', 'CreateFunction', 'DeleteAlias', 'DeleteEventSourceMapping'],
      ...['DeleteFunction', 'GetAlias', 'GetEventSourceMapping', 'InvokeAsync', 'ListAliases'],
      ...['ListEventSourceMappings', 'ListFunctions', 'ListVersionsByFunction', 'PublishVersion', 'UpdateAlias'],
      ...['UpdateEventSourceMapping'],
    ]),
    ...dated('20150331v2', [
      ...['AddPermission', 'GetFunction', 'GetFunctionConfiguration', 'GetPolicy', 'RemovePermission'],
      ...['UpdateFunctionCode', 'UpdateFunctionConfiguration'],
    ]),
    ...dated('20160819', ['GetAccountSettings']),
    ...dated('20170331', ['ListTags']),
    ...dated('20170331v2', ['TagResource', 'UntagResource']),
    ...dated('20171031', ['DeleteFunctionConcurrency', 'PutFunctionConcurrency']),
    ...dated('20181031', [
      ...['AddLayerVersionPermission', 'DeleteLayerVersion', 'GetLayerVersion', 'GetLayerVersionPolicy'],
      ...['ListLayers', 'ListLayerVersions', 'PublishLayerVersion', 'RemoveLayerVersionPermission'],
    ]),
  },
};

function dated(version: string, operations: readonly string[]): Record<string, string> {
  return Object.fromEntries(operations.map((name) => [name, `${name}${version}`]));
}

export const eventNameOf = (schemaId: string, operation: string): string =>
  EVENT_NAMES[schemaId]?.[operation] ?? operation;
