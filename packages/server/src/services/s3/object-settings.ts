import type {
  GetObjectAclCommandInput,
  GetObjectAttributesCommandInput,
  GetObjectTaggingCommandInput,
  PutObjectAclCommandInput,
  PutObjectTaggingCommandInput,
} from '@aws-sdk/client-s3';
import { type ObjectVersion, StoreRefusal } from '../../ports/object-store.ts';
import type { CallContext } from '../../wire/service.ts';
import { aclsEnabled, defaultAcl, requestedAcl } from './acl.ts';
import { shownChecksum, shownPartChecksum } from './checksums.ts';
import { invalidArgument, s3Error } from './errors.ts';
import { openObject } from './get-object.ts';
import { pageLimit } from './list.ts';
import {
  bucketOf,
  type Handlers,
  type ObjectAttributes,
  type ObjectMarks,
  objectOf,
  ownerOf,
  type S3Deps,
  type StoredChecksum,
  shownTime,
  shownVersion,
} from './model.ts';
import { dataKeyOf } from './object-keys.ts';
import { publicAccessBlock } from './public-access.ts';
import { checkTags } from './tags.ts';

interface ObjectInput {
  readonly Bucket: string | undefined;
  readonly Key: string | undefined;
  readonly VersionId?: string | undefined;
}

/** What can be asked and changed of an object besides its bytes: tags, ACL, attributes. */
export function objectSettingHandlers(deps: S3Deps): Handlers {
  return {
    async GetObjectTagging(_: CallContext, input: GetObjectTaggingCommandInput) {
      objectOf(deps, input.Bucket ?? '', input.Key ?? '', input.VersionId, 'GET');
      const { marks, version } = await peek(input);
      return { TagSet: (marks as ObjectMarks).tags ?? [], ...shownVersion(deps, input.Bucket ?? '', version) };
    },
    async PutObjectTagging(_: CallContext, input: PutObjectTaggingCommandInput) {
      const tags = checkTags(input.Tagging?.TagSet, 'object');
      const version = await mark(input, 'PUT', (old) => ({ ...old, tags }));
      return shownVersion(deps, input.Bucket ?? '', version);
    },
    async DeleteObjectTagging(_: CallContext, input: ObjectInput) {
      const version = await mark(input, 'DELETE', ({ tags: _old, ...rest }) => rest);
      return shownVersion(deps, input.Bucket ?? '', version);
    },

    async GetObjectAcl(_: CallContext, input: GetObjectAclCommandInput) {
      const { ownerAccountId } = bucketOf(deps, input.Bucket ?? '');
      const { marks } = await peek(input);
      return { Owner: ownerOf(ownerAccountId), Grants: (marks as ObjectMarks).acl ?? defaultAcl(ownerAccountId) };
    },
    async PutObjectAcl(_: CallContext, input: PutObjectAclCommandInput) {
      const bucket = bucketOf(deps, input.Bucket ?? '');
      const enabled = aclsEnabled(bucket);
      const blocksPublic = publicAccessBlock(bucket).BlockPublicAcls === true;
      const acl = requestedAcl(input, bucket.ownerAccountId, { enabled, blocksPublic });
      if (acl) await mark(input, 'PUT', (old) => ({ ...old, acl }));
      else if (enabled) throw s3Error('MalformedACLError');
      else objectOf(deps, bucket.name, input.Key ?? '', input.VersionId, 'PUT');
      return {};
    },

    async GetObjectAttributes(context: CallContext, input: GetObjectAttributesCommandInput) {
      const object = await peek(input);
      const { version, parts, attributes } = object;
      await dataKeyOf(deps, context, object, input.Bucket ?? '');
      const { checksum } = attributes as ObjectAttributes;
      const asked = new Set<string>(input.ObjectAttributes ?? []);
      for (const name of asked) {
        if (!ATTRIBUTES.has(name))
          throw invalidArgument('x-amz-object-attributes', name, 'Invalid attribute name specified.');
      }
      return {
        LastModified: shownTime(version.modifiedMs),
        ...shownVersion(deps, input.Bucket ?? '', version),
        ...(asked.has('ETag') && { ETag: version.etag }),
        ...(asked.has('ObjectSize') && { ObjectSize: version.sizeBytes }),
        ...(asked.has('StorageClass') && { StorageClass: 'STANDARD' }),
        ...(asked.has('Checksum') && checksum && { Checksum: shownChecksum(withoutCount(checksum)) }),
        ...(asked.has('ObjectParts') && parts && { ObjectParts: shownParts(input, parts, checksum) }),
      };
    },
  };

  /** An object's version with what is said of it, without its bytes. */
  async function peek(input: ObjectInput) {
    const object = await openObject(deps, input.Bucket ?? '', input.Key ?? '', input.VersionId);
    await object.close();
    return object;
  }

  async function mark(
    input: ObjectInput,
    method: 'PUT' | 'DELETE',
    change: (old: ObjectMarks) => ObjectMarks,
  ): Promise<ObjectVersion> {
    const { Bucket: bucket = '', Key: key = '', VersionId } = input;
    objectOf(deps, bucket, key, VersionId, method);
    try {
      return await deps.store.setMarks(bucket, key, VersionId, (old) => ({ ...change(old as ObjectMarks) }));
    } catch (error) {
      // It was deleted since it was looked for.
      if (error instanceof StoreRefusal && error.code === 'NoSuchVersion')
        objectOf(deps, bucket, key, VersionId, method);
      throw error;
    }
  }
}

const ATTRIBUTES: ReadonlySet<string> = new Set(['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize']);

/** Here, unlike elsewhere, S3 leaves the number of parts off a checksum that is made of theirs. */
const withoutCount = (checksum: StoredChecksum): StoredChecksum => ({
  ...checksum,
  value: checksum.value.replace(/-\d+$/, ''),
});

/** How many parts there are; each by itself where the object's checksum is made of theirs. */
function shownParts(
  input: GetObjectAttributesCommandInput,
  parts: NonNullable<Awaited<ReturnType<typeof openObject>>['parts']>,
  checksum: StoredChecksum | undefined,
) {
  if (checksum?.type !== 'COMPOSITE') return { TotalPartsCount: parts.length };
  const marker = Number(input.PartNumberMarker ?? 0);
  const limit = pageLimit(input.MaxParts, 'max-parts');
  const rest = parts.filter((part) => part.number > marker);
  const page = rest.slice(0, limit);
  return {
    TotalPartsCount: parts.length,
    PartNumberMarker: String(marker),
    NextPartNumberMarker: String(page.at(-1)?.number ?? 0),
    MaxParts: limit,
    IsTruncated: rest.length > limit,
    Parts: page.map((part) => ({
      PartNumber: part.number,
      Size: part.sizeBytes,
      ...shownPartChecksum(part.attributes.checksum as StoredChecksum | undefined),
    })),
  };
}
