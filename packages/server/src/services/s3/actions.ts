/**
 * The permission that each operation asks for (service authorization reference, "Actions, resources, and condition
 * keys for Amazon S3"). Operations that are not here ask for the permission of their own name.
 */
export interface Asked {
  readonly action: string;
  readonly on: 'bucket' | 'object';
  /** Of operations on one version, with a version id. */
  readonly versionAction?: string;
}

const bucket = (action: string): Asked => ({ action, on: 'bucket' });
const object = (action: string, versionAction?: string): Asked => ({
  action,
  on: 'object',
  ...(versionAction !== undefined && { versionAction }),
});

const ASKED: Readonly<Record<string, Asked>> = {
  HeadBucket: bucket('s3:ListBucket'),
  ListObjects: bucket('s3:ListBucket'),
  ListObjectsV2: bucket('s3:ListBucket'),
  ListObjectVersions: bucket('s3:ListBucketVersions'),
  ListMultipartUploads: bucket('s3:ListBucketMultipartUploads'),
  DeleteBucketEncryption: bucket('s3:PutEncryptionConfiguration'),
  GetBucketEncryption: bucket('s3:GetEncryptionConfiguration'),
  PutBucketEncryption: bucket('s3:PutEncryptionConfiguration'),
  DeleteBucketLifecycle: bucket('s3:PutLifecycleConfiguration'),
  GetBucketLifecycleConfiguration: bucket('s3:GetLifecycleConfiguration'),
  PutBucketLifecycleConfiguration: bucket('s3:PutLifecycleConfiguration'),
  DeleteBucketTagging: bucket('s3:PutBucketTagging'),
  DeletePublicAccessBlock: bucket('s3:PutBucketPublicAccessBlock'),
  GetPublicAccessBlock: bucket('s3:GetBucketPublicAccessBlock'),
  PutPublicAccessBlock: bucket('s3:PutBucketPublicAccessBlock'),
  DeleteBucketOwnershipControls: bucket('s3:PutBucketOwnershipControls'),
  GetBucketCors: bucket('s3:GetBucketCORS'),
  PutBucketCors: bucket('s3:PutBucketCORS'),
  DeleteBucketCors: bucket('s3:PutBucketCORS'),
  GetBucketAccelerateConfiguration: bucket('s3:GetAccelerateConfiguration'),
  PutBucketAccelerateConfiguration: bucket('s3:PutAccelerateConfiguration'),
  GetBucketReplication: bucket('s3:GetReplicationConfiguration'),
  PutBucketReplication: bucket('s3:PutReplicationConfiguration'),
  DeleteBucketReplication: bucket('s3:PutReplicationConfiguration'),
  GetBucketNotificationConfiguration: bucket('s3:GetBucketNotification'),
  PutBucketNotificationConfiguration: bucket('s3:PutBucketNotification'),
  GetObjectLockConfiguration: bucket('s3:GetBucketObjectLockConfiguration'),
  PutObjectLockConfiguration: bucket('s3:PutBucketObjectLockConfiguration'),
  PutObject: object('s3:PutObject'),
  CopyObject: object('s3:PutObject'),
  CreateMultipartUpload: object('s3:PutObject'),
  UploadPart: object('s3:PutObject'),
  UploadPartCopy: object('s3:PutObject'),
  CompleteMultipartUpload: object('s3:PutObject'),
  AbortMultipartUpload: object('s3:AbortMultipartUpload'),
  ListParts: object('s3:ListMultipartUploadParts'),
  GetObject: object('s3:GetObject', 's3:GetObjectVersion'),
  HeadObject: object('s3:GetObject', 's3:GetObjectVersion'),
  GetObjectAttributes: object('s3:GetObjectAttributes', 's3:GetObjectVersionAttributes'),
  DeleteObject: object('s3:DeleteObject', 's3:DeleteObjectVersion'),
  GetObjectAcl: object('s3:GetObjectAcl', 's3:GetObjectVersionAcl'),
  PutObjectAcl: object('s3:PutObjectAcl', 's3:PutObjectVersionAcl'),
  GetObjectTagging: object('s3:GetObjectTagging', 's3:GetObjectVersionTagging'),
  PutObjectTagging: object('s3:PutObjectTagging', 's3:PutObjectVersionTagging'),
  DeleteObjectTagging: object('s3:DeleteObjectTagging', 's3:DeleteObjectVersionTagging'),
};

/** What a call must be allowed to do, and on what. */
export function askedOf(operation: string, input: Readonly<Record<string, unknown>>): Asked {
  const asked = ASKED[operation] ?? { action: `s3:${operation}`, on: input.Key === undefined ? 'bucket' : 'object' };
  return input.VersionId === undefined || asked.versionAction === undefined
    ? asked
    : { action: asked.versionAction, on: asked.on };
}

/** Operations that write an object, and say its ACL and tags along the way. */
const WRITES: ReadonlySet<string> = new Set(['PutObject', 'CopyObject', 'CreateMultipartUpload']);
/** Canned ACLs that grant nothing to others; policies that let another account write ask for them. */
const UNSHARED_ACLS: readonly unknown[] = [undefined, 'private', 'bucket-owner-full-control'];

/** What a write must be allowed besides, for what it says of the object (PutObject, "Permissions"). */
export function askedBesides(operation: string, input: Readonly<Record<string, unknown>>): readonly string[] {
  if (!WRITES.has(operation)) return [];
  return [
    ...(grantsIn(input) || !UNSHARED_ACLS.includes(input.ACL) ? ['s3:PutObjectAcl'] : []),
    ...(input.Tagging === undefined ? [] : ['s3:PutObjectTagging']),
  ];
}

/** What is asked where there is no bucket, or none yet (CreateBucket, "Permissions"). */
export function askedOfAccount(operation: string, input: Readonly<Record<string, unknown>>): readonly string[] {
  if (operation === 'ListBuckets') return ['s3:ListAllMyBuckets'];
  if (operation !== 'CreateBucket') return [`s3:${operation}`];
  const { Tags } = (input.CreateBucketConfiguration ?? {}) as { readonly Tags?: readonly unknown[] };
  return [
    's3:CreateBucket',
    ...(grantsIn(input) || !['private', undefined].includes(input.ACL as string) ? ['s3:PutBucketAcl'] : []),
    ...(input.ObjectOwnership === undefined ? [] : ['s3:PutBucketOwnershipControls']),
    ...(Tags === undefined || Tags.length === 0 ? [] : ['s3:TagResource']),
  ];
}

const grantsIn = (input: Readonly<Record<string, unknown>>): boolean =>
  Object.keys(input).some((name) => name.startsWith('Grant') && input[name] !== undefined);

/** The ACL permission that would give an action to others than the owner, as far as ACLs can. */
export const ACL_PERMISSION: Readonly<Record<string, 'READ' | 'WRITE' | 'READ_ACP' | 'WRITE_ACP'>> = {
  's3:ListBucket': 'READ',
  's3:ListBucketVersions': 'READ',
  's3:ListBucketMultipartUploads': 'READ',
  's3:GetBucketAcl': 'READ_ACP',
  's3:PutBucketAcl': 'WRITE_ACP',
  's3:PutObject': 'WRITE',
  's3:DeleteObject': 'WRITE',
  's3:GetObject': 'READ',
  's3:GetObjectVersion': 'READ',
  's3:GetObjectAcl': 'READ_ACP',
  's3:PutObjectAcl': 'WRITE_ACP',
};
