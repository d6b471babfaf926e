import type { OpenObject } from '../../ports/object-store.ts';
import type { CallContext } from '../../wire/service.ts';
import type { Authorizer } from './authorize.ts';
import { checkRead } from './conditions.ts';
import { invalidArgument, s3Error } from './errors.ts';
import { openObject } from './get-object.ts';
import { bucketOf, checkedVersionId, type S3Deps } from './model.ts';

export interface CopySource {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

/** `x-amz-copy-source`: `/bucket/key?versionId=id`, encoded as in a query: `+` is a space. @throws AwsError InvalidArgument */
export function parseCopySource(header: string | undefined): CopySource {
  const [path = '', query = ''] = splitLast(header ?? '', '?versionId=');
  let text: string;
  try {
    text = decodeURIComponent(path.replaceAll('+', ' ')).replace(/^\//, '');
  } catch {
    text = '';
  }
  const slash = text.indexOf('/');
  if (slash <= 0 || slash === text.length - 1) {
    throw invalidArgument(
      'x-amz-copy-source',
      header ?? '',
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    );
  }
  const source = { bucket: text.slice(0, slash), key: text.slice(slash + 1) };
  return query === '' ? source : { ...source, versionId: query };
}

function splitLast(text: string, separator: string): [string, string] {
  const at = text.lastIndexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

export interface CopyConditions {
  readonly CopySourceIfMatch?: string | undefined;
  readonly CopySourceIfNoneMatch?: string | undefined;
  readonly CopySourceIfModifiedSince?: Date | undefined;
  readonly CopySourceIfUnmodifiedSince?: Date | undefined;
  readonly ExpectedSourceBucketOwner?: string | undefined;
}

/**
 * Opens what is to be copied, once the caller is known to be allowed to read it and the conditions hold. The caller
 * of this MUST close or read it.
 */
export async function openCopySource(
  deps: S3Deps,
  authorizer: Authorizer,
  context: CallContext,
  source: CopySource,
  input: CopyConditions,
): Promise<OpenObject> {
  const { bucket, key, versionId } = source;
  const { ownerAccountId } = bucketOf(deps, bucket);
  if (input.ExpectedSourceBucketOwner !== undefined && input.ExpectedSourceBucketOwner !== ownerAccountId) {
    throw s3Error('AccessDenied');
  }
  await authorizer.require(context, versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion', bucket, key);
  if (versionId !== undefined && deps.store.find(bucket, key, checkedVersionId(versionId))?.isDeleteMarker) {
    throw s3Error('InvalidRequest', { message: OF_A_MARKER });
  }
  const object = await openObject(deps, bucket, key, versionId);
  try {
    const conditions = {
      ifMatch: input.CopySourceIfMatch,
      ifNoneMatch: input.CopySourceIfNoneMatch,
      ifModifiedSince: input.CopySourceIfModifiedSince,
      ifUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
    };
    checkRead(object.version, conditions, deps.clock.now(), 'x-amz-copy-source-');
    return object;
  } catch (error) {
    await object.close();
    throw error;
  }
}

const OF_A_MARKER = 'The source of a copy request may not specifically refer to a delete marker by version id.';
