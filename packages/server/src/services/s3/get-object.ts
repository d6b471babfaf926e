import type { GetObjectCommandInput, HeadObjectCommandInput } from '@aws-sdk/client-s3';
import type { OpenObject } from '../../ports/object-store.ts';
import type { CallContext } from '../../wire/service.ts';
import type { Authorizer } from './authorize.ts';
import { shownChecksum, shownPartChecksum } from './checksums.ts';
import { checkRead } from './conditions.ts';
import { shownEncryption } from './encryption.ts';
import { invalidArgument, notBuilt, s3Error } from './errors.ts';
import { expirationHeader } from './lifecycle.ts';
import {
  bucketOf,
  type Handlers,
  type ObjectAttributes,
  type ObjectMarks,
  objectOf,
  quoted,
  type S3Deps,
  type StoredChecksum,
  shownTime,
  shownVersion,
} from './model.ts';
import { dataKeyOf } from './object-keys.ts';
import { type Slice, sliceByPart, sliceByRange } from './ranges.ts';

type ReadInput = GetObjectCommandInput | HeadObjectCommandInput;

/** GetObject and HeadObject: the same answer, with and without the bytes. */
export function getObjectHandlers(deps: S3Deps, authorizer: Authorizer): Handlers {
  return {
    async GetObject(context: CallContext, input: GetObjectCommandInput) {
      const { object, output, slice, dataKey } = await read(deps, authorizer, context, input);
      return { ...output, Body: object.read(slice.start, slice.end, dataKey) };
    },
    async HeadObject(context: CallContext, input: HeadObjectCommandInput) {
      const { object, output } = await read(deps, authorizer, context, input);
      await object.close();
      return output;
    },
  };
}

/** `response-content-type` and its like, which replace headers of the answer to a signed request. */
const OVERRIDES = [
  'CacheControl',
  'ContentDisposition',
  'ContentEncoding',
  'ContentLanguage',
  'ContentType',
  'Expires',
] as const;

async function read(deps: S3Deps, authorizer: Authorizer, context: CallContext, input: ReadInput) {
  if (input.SSECustomerAlgorithm !== undefined) throw notBuilt('Encryption with keys of the client (SSE-C)');
  const overrides = overridesOf(context, input);
  const { Bucket: bucket = '', Key: key = '', VersionId: versionId } = input;
  const object = await openObject(deps, bucket, key, versionId, () =>
    authorizer.require(context, 's3:ListBucket', bucket),
  );
  try {
    const { version, parts } = object;
    const conditions = {
      ifMatch: input.IfMatch,
      ifNoneMatch: input.IfNoneMatch,
      ifModifiedSince: input.IfModifiedSince,
      ifUnmodifiedSince: input.IfUnmodifiedSince,
    };
    checkRead(version, conditions, deps.clock.now());
    if (input.Range !== undefined && input.PartNumber !== undefined) {
      throw s3Error('InvalidRequest', { message: 'Cannot specify both Range header and partNumber query parameter' });
    }
    const slice =
      input.PartNumber === undefined
        ? sliceByRange(input.Range, version.sizeBytes)
        : sliceByPart(input.PartNumber, parts, version.sizeBytes);
    const dataKey = await dataKeyOf(deps, context, object, bucket);
    const output = { ...describe(deps, input, object, slice), ...overrides };
    return { object, output, slice, dataKey };
  } catch (error) {
    await object.close();
    throw error;
  }
}

/**
 * @param mayKnow throws for those who may not list the bucket: to them an object that is not there is one that they may
 * not read
 * @throws AwsError NoSuchKey, NoSuchVersion, MethodNotAllowed, InvalidArgument
 */
export async function openObject(
  deps: S3Deps,
  bucket: string,
  key: string,
  versionId?: string,
  mayKnow?: () => Promise<void>,
): Promise<OpenObject> {
  const object = await deps.store.open(bucket, key, versionId);
  if (object) return object;
  await mayKnow?.();
  objectOf(deps, bucket, key, versionId);
  // It has come into being since `open` looked: to this reader there was none.
  throw s3Error('NoSuchKey', { members: { Key: key } });
}

function describe(deps: S3Deps, input: ReadInput, object: OpenObject, slice: Slice) {
  const { version, parts } = object;
  const attributes = object.attributes as ObjectAttributes;
  const { tags } = object.marks as ObjectMarks;
  const size = version.sizeBytes;
  return {
    AcceptRanges: 'bytes',
    ContentLength: slice.end - slice.start + 1,
    ...(slice.partial && { ContentRange: `bytes ${slice.start}-${slice.end}/${size}` }),
    ETag: quoted(version.etag),
    LastModified: shownTime(version.modifiedMs),
    ...attributes.headers,
    ...(attributes.expiresMs !== undefined && { Expires: new Date(attributes.expiresMs) }),
    Metadata: attributes.metadata ?? {},
    ...shownEncryption(attributes.encryption),
    ...(tags && tags.length > 0 && { TagCount: tags.length }),
    ...(input.PartNumber !== undefined && parts && { PartsCount: parts.length }),
    ...(input.ChecksumMode?.toUpperCase() === 'ENABLED' && checksumOf(input, object, attributes, slice)),
    ...shownVersion(deps, input.Bucket ?? '', version),
    ...(input.VersionId === undefined && expirationHeader(bucketOf(deps, input.Bucket ?? ''), version, tags)),
  };
}

/** A range has no checksum of its own, unless it is a part's, or all there is. */
function checksumOf(input: ReadInput, { parts, version }: OpenObject, attributes: ObjectAttributes, slice: Slice) {
  if (input.PartNumber !== undefined && parts) {
    return shownPartChecksum(parts[input.PartNumber - 1]?.attributes.checksum as StoredChecksum | undefined);
  }
  const isWhole = slice.end - slice.start + 1 === version.sizeBytes;
  return isWhole || input.PartNumber !== undefined ? shownChecksum(attributes.checksum) : {};
}

const LATIN_1 = /^[\0-\xff]*$/;

/** @param name `ContentDisposition`, of which S3 speaks as `response-content-disposition` */
const notLatin1 = (name: string, value: string) =>
  invalidArgument(
    `response${name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)}`,
    value,
    'Header value cannot be represented using ISO-8859-1.',
  );

function overridesOf(context: CallContext, input: ReadInput): Record<string, unknown> {
  const given = OVERRIDES.flatMap((name) => {
    const value = input[`Response${name}`];
    if (typeof value === 'string' && !LATIN_1.test(value)) throw notLatin1(name, value);
    return value === undefined ? [] : [[name, value] as const];
  });
  if (given.length > 0 && context.caller.anonymous) {
    throw s3Error('InvalidRequest', {
      message: 'Request specific response headers cannot be used for anonymous GET requests.',
    });
  }
  return Object.fromEntries(given);
}
