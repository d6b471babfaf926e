import { setImmediate } from 'node:timers/promises';
import type {
  DeletedObject,
  _Error as DeleteError,
  DeleteObjectCommandInput,
  DeleteObjectsCommandInput,
} from '@aws-sdk/client-s3';
import { AwsError } from '../../base/errors.ts';
import type { ObjectVersion } from '../../ports/object-store.ts';
import type { CallContext } from '../../wire/service.ts';
import type { Authorizer } from './authorize.ts';
import { failed, matches } from './conditions.ts';
import { s3Error } from './errors.ts';
import { checkedVersionId, type Handlers, type S3Deps } from './model.ts';
import { checkKey } from './names.ts';

/** S3's limit. */
const KEYS_MAX = 1000;
/** Deletes of one request under way at once: enough to share syncs, few enough that other writers get theirs. */
const CONCURRENCY = 100;

interface Target {
  readonly Key?: string | undefined;
  readonly VersionId?: string | undefined;
  readonly IfMatch?: string | undefined;
  readonly ETag?: string | undefined;
  readonly LastModifiedTime?: Date | undefined;
  readonly Size?: number | undefined;
}

export function deleteObjectHandlers(deps: S3Deps, authorizer: Authorizer): Handlers {
  return {
    async DeleteObject(_: CallContext, input: DeleteObjectCommandInput) {
      const { IfMatchLastModifiedTime, IfMatchSize } = input;
      checkConditions({ LastModifiedTime: IfMatchLastModifiedTime, Size: IfMatchSize });
      const { DeleteMarker, DeleteMarkerVersionId, VersionId } = await deleteOne(deps, input.Bucket ?? '', input);
      const shown = DeleteMarkerVersionId ?? VersionId;
      return { ...(DeleteMarker && { DeleteMarker }), ...(shown !== undefined && { VersionId: shown }) };
    },

    async DeleteObjects(context: CallContext, input: DeleteObjectsCommandInput) {
      const { Bucket: bucket = '', Delete } = input;
      const objects = Delete?.Objects ?? [];
      if (objects.length === 0 || objects.length > KEYS_MAX) throw s3Error('MalformedXML');
      checkIntegrity(context);
      const outcomes = new Array<DeletedObject | DeleteError>(objects.length);
      let next = 0;
      const worker = async () => {
        for (let i = next++; i < objects.length; i = next++) {
          outcomes[i] = await deleteForList(deps, authorizer, context, bucket, objects[i]!);
        }
      };
      await Promise.all(Array.from({ length: Math.min(CONCURRENCY, objects.length) }, worker));
      const Errors = outcomes.filter((outcome) => 'Code' in outcome);
      const Deleted = Delete?.Quiet ? [] : outcomes.filter((outcome) => !('Code' in outcome));
      return { ...(Deleted.length > 0 && { Deleted }), ...(Errors.length > 0 && { Errors }) };
    },
  };
}

/** S3 wants a digest of a list of deletions: a flipped bit would delete something else. */
function checkIntegrity({ http }: CallContext): void {
  const { headers } = http;
  if ('content-md5' in headers || 'x-amz-trailer' in headers) return;
  if (Object.keys(headers).some((name) => name.startsWith('x-amz-checksum-'))) return;
  throw s3Error('InvalidRequest', {
    message: 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
  });
}

/** What only directory buckets compare: whoever sets a condition must not have it passed over. @throws AwsError NotImplemented */
function checkConditions({ LastModifiedTime, Size }: Target): void {
  const Header =
    LastModifiedTime !== undefined
      ? 'x-amz-if-match-last-modified-time'
      : Size !== undefined
        ? 'x-amz-if-match-size'
        : undefined;
  if (Header !== undefined) throw s3Error('NotImplemented', { members: { Header } });
}

async function deleteForList(
  deps: S3Deps,
  authorizer: Authorizer,
  context: CallContext,
  bucket: string,
  target: Target,
): Promise<DeletedObject | DeleteError> {
  try {
    await setImmediate(); // a thousand refusals need no disk, and would keep everybody else waiting
    checkKey(target.Key ?? '');
    checkConditions(target);
    const action = target.VersionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion';
    await authorizer.require(context, action, bucket, target.Key ?? '');
    return await deleteOne(deps, bucket, { ...target, IfMatch: target.ETag });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const { Key, VersionId } = target;
    return { Key, ...(VersionId !== undefined && { VersionId }), Code: error.code, Message: error.message };
  }
}

/** A key that is not there is no error; S3 promises only that it is gone afterwards. */
async function deleteOne(deps: S3Deps, bucket: string, target: Target): Promise<DeletedObject> {
  const { Key: key = '', VersionId, IfMatch } = target;
  checkKey(key);
  const versionId = checkedVersionId(VersionId);
  const check = (current: ObjectVersion | undefined) => {
    if (IfMatch === undefined) return;
    if (!current || current.isDeleteMarker) throw s3Error('NoSuchKey', { members: { Key: key } });
    if (!matches(IfMatch, current.etag)) throw failed('If-Match');
  };
  const gone = await deps.store.delete(bucket, key, { check, ...(versionId !== undefined && { versionId }) });
  return {
    Key: key,
    ...(VersionId !== undefined && { VersionId }),
    ...(gone?.isDeleteMarker && { DeleteMarker: true, DeleteMarkerVersionId: gone.versionId }),
  };
}
