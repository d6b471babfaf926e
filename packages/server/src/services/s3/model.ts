import type { Authorizer } from '../../access/authorizer.ts';
import { canonicalUserId } from '../../access/caller.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { type Bucket, type ObjectStore, type ObjectVersion, StoreRefusal } from '../../ports/object-store.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import type { ChecksumAlgorithm } from '../../wire/checksum.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type { StoredEncryption } from './encryption.ts';
import { invalidArgument, s3Error } from './errors.ts';
import type { Notifications } from './notifications.ts';
import type { ObjectKeys } from './object-keys.ts';

export interface S3Deps {
  readonly schema: ServiceSchema;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly keys: ObjectKeys;
  /** What policies say of callers; ACLs and Block Public Access are S3's own. */
  readonly authorizer: Pick<Authorizer, 'decide'>;
  /** Absent: nobody is told of anything. */
  readonly notifications?: Notifications;
}

/** An output without what the SDK adds on the client's side. */
export type Answer<T> = Omit<T, '$metadata'>;

export type Handlers = Readonly<Record<string, Handler>>;

/** What is fixed when an object is written. */
export interface ObjectAttributes {
  readonly headers?: Readonly<Partial<Record<ContentHeader, string>>>;
  /** User metadata, names without `x-amz-meta-`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The `Expires` header. */
  readonly expiresMs?: number;
  readonly checksum?: StoredChecksum;
  /** Absent in objects of before there was encryption. */
  readonly encryption?: StoredEncryption;
}

export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

/** What may change afterwards. */
export interface ObjectMarks {
  readonly tags?: readonly Tag[];
  readonly acl?: readonly Grant[];
}

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

export interface Grant {
  readonly Grantee: {
    readonly Type: 'CanonicalUser' | 'Group';
    readonly ID?: string;
    readonly URI?: string;
  };
  readonly Permission: 'FULL_CONTROL' | 'READ' | 'WRITE' | 'READ_ACP' | 'WRITE_ACP';
}

/** Headers that are kept with an object and given back as they came. */
export const CONTENT_HEADERS = [
  'ContentType',
  'CacheControl',
  'ContentDisposition',
  'ContentEncoding',
  'ContentLanguage',
  'WebsiteRedirectLocation',
] as const;
export type ContentHeader = (typeof CONTENT_HEADERS)[number];

/** @throws AwsError NoSuchBucket */
export function bucketOf(deps: S3Deps, name: string): Bucket {
  const bucket = deps.store.bucket(name);
  if (!bucket) throw s3Error('NoSuchBucket', { members: { BucketName: name } });
  return bucket;
}

/**
 * Says of a bucket, once a write has its turn, whether it is still the one that the caller was let into: in between its
 * owner may have deleted it, and somebody else have made one of the same name.
 * @returns a check that throws StoreRefusal NoSuchBucket @throws AwsError NoSuchBucket
 */
export function stillThisBucket(deps: S3Deps, name: string): (bucket: Bucket) => void {
  const { id } = bucketOf(deps, name);
  return (bucket) => {
    if (bucket.id !== id) throw new StoreRefusal('NoSuchBucket');
  };
}

/** @throws AwsError, StoreRefusal NoSuchBucket */
export async function changeBucket(deps: S3Deps, name: string, change: (bucket: Bucket) => Bucket): Promise<void> {
  const check = stillThisBucket(deps, name);
  await deps.store.changeBucket(name, (bucket) => {
    check(bucket);
    return change(bucket);
  });
}

/** Turns the store's refusals into S3's errors. */
export function withStoreErrors(handler: Handler): Handler {
  return async (context, input) => {
    try {
      return await handler(context, input);
    } catch (error) {
      if (!(error instanceof StoreRefusal)) throw error;
      throw s3Error(error.code, { members: membersOf(error.code, input), cause: error });
    }
  };
}

function membersOf(code: StoreRefusal['code'], input: Readonly<Record<string, unknown>>): Record<string, string> {
  if (code === 'NoSuchUpload') return { UploadId: String(input.UploadId ?? '') };
  if (code === 'NoSuchVersion') return { Key: String(input.Key ?? ''), VersionId: String(input.VersionId ?? '') };
  return { BucketName: String(input.Bucket ?? '') };
}

/**
 * The object, or S3's way of saying that there is none.
 * @param onMarker for tags, and for ACLs to set: the method that S3 does not allow on a delete marker. Elsewhere a key
 *   whose latest version is one is not there
 * @throws AwsError NoSuchKey, NoSuchVersion, MethodNotAllowed
 */
export function objectOf(
  deps: S3Deps,
  bucket: string,
  key: string,
  versionId?: string,
  onMarker?: 'GET' | 'PUT' | 'DELETE',
): ObjectVersion {
  const version = deps.store.find(bucket, key, checkedVersionId(versionId));
  if (!version) {
    if (versionId !== undefined) throw s3Error('NoSuchVersion', { members: { Key: key, VersionId: versionId } });
    throw s3Error('NoSuchKey', { members: { Key: key } });
  }
  if (!version.isDeleteMarker) return version;
  const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId };
  if (versionId === undefined && !onMarker) throw s3Error('NoSuchKey', { members: { Key: key }, headers });
  throw s3Error('MethodNotAllowed', {
    members: { Method: onMarker ?? 'GET', ResourceType: 'DeleteMarker' },
    headers: { ...headers, allow: 'DELETE', 'last-modified': new Date(version.modifiedMs).toUTCString() },
  });
}

/** @throws AwsError InvalidArgument for what cannot be a version id */
export function checkedVersionId(versionId: string | undefined): string | undefined {
  if (versionId === undefined || versionId === 'null' || /^[\w-]{32}$/.test(versionId)) return versionId;
  throw invalidArgument('versionId', versionId, 'Invalid version id specified');
}

/** The version id that answers carry: none while the bucket never had versioning. */
export function shownVersion(deps: S3Deps, bucket: string, version: ObjectVersion): { VersionId?: string } {
  return deps.store.bucket(bucket)?.versioning === undefined ? {} : { VersionId: version.versionId };
}

/** Times as S3 has them everywhere: whole seconds, so that a listing and a header say the same. */
export const shownTime = (ms: number): Date => new Date(Math.floor(ms / 1000) * 1000);

export const quoted = (etag: string): string => `"${etag}"`;

export const ownerOf = (accountId: string): { readonly ID: string } => ({ ID: canonicalUserId(accountId) });

export const isOwner = (context: CallContext, bucket: Bucket): boolean =>
  !context.caller.anonymous && context.caller.accountId === bucket.ownerAccountId;
