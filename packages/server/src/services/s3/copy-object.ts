import type { CopyObjectCommandInput } from '@aws-sdk/client-s3';
import type { CallContext } from '../../wire/service.ts';
import type { Authorizer } from './authorize.ts';
import { checksummed, namedAlgorithm, shownChecksum } from './checksums.ts';
import { writeCheck } from './conditions.ts';
import { openCopySource, parseCopySource } from './copy-source.ts';
import { checkStorage, shownNewEncryption } from './encryption.ts';
import { invalidArgument, s3Error } from './errors.ts';
import { expirationHeader } from './lifecycle.ts';
import {
  bucketOf,
  type Handlers,
  type ObjectAttributes,
  type ObjectMarks,
  quoted,
  type S3Deps,
  shownTime,
  shownVersion,
  stillThisBucket,
} from './model.ts';
import { checkKey } from './names.ts';
import { dataKeyOf, newKey } from './object-keys.ts';
import { attributesFrom, marksFrom, SENT_BYTES_MAX } from './written.ts';

/** CopyObject: reads the source while it writes the copy; the ACL is never copied, metadata and tags unless replaced. */
export function copyObjectHandlers(deps: S3Deps, authorizer: Authorizer): Handlers {
  return {
    async CopyObject(context: CallContext, input: CopyObjectCommandInput) {
      const { Bucket: bucket = '', Key: key = '' } = input;
      checkKey(key);
      checkStorage(input);
      const replaceMetadata = directive('x-amz-metadata-directive', input.MetadataDirective);
      const replaceTags = directive('x-amz-tagging-directive', input.TaggingDirective);
      const source = parseCopySource(input.CopySource);
      const onItself = source.bucket === bucket && source.key === key && source.versionId === undefined;
      if (onItself && !replaceMetadata && input.ServerSideEncryption === undefined && !input.WebsiteRedirectLocation) {
        throw s3Error('InvalidRequest', { message: ON_ITSELF });
      }
      const marks = marksFrom(deps, bucket, input);
      const checkBucket = stillThisBucket(deps, bucket);
      const check = writeCheck(input, key);
      const wanted = namedAlgorithm(input.ChecksumAlgorithm);
      const object = await openCopySource(deps, authorizer, context, source, input);
      const { version: original } = object;
      try {
        if (original.sizeBytes > SENT_BYTES_MAX) throw s3Error('InvalidRequest', { message: TOO_LARGE });
        const old = object.attributes as ObjectAttributes;
        const { tags } = object.marks as ObjectMarks;
        if (tags && !replaceTags) {
          const read = source.versionId === undefined ? 's3:GetObjectTagging' : 's3:GetObjectVersionTagging';
          await authorizer.require(context, read, source.bucket, source.key);
          await authorizer.require(context, 's3:PutObjectTagging', bucket, key);
        }
        const oldKey = await dataKeyOf(deps, context, object, source.bucket);
        const { encryption, sealing } = await newKey(deps, context, bucket, key, input);
        const { body, checksum } = checksummed(
          object.read(0, original.sizeBytes - 1, oldKey),
          wanted ?? old.checksum?.algorithm,
        );
        const attributes = replaceMetadata ? attributesFrom(input) : old;
        const { tags: given, ...ofCopy } = marks;
        const newTags = replaceTags ? given : tags;
        const newMarks = { ...ofCopy, ...(newTags && { tags: newTags }) };
        let computed: ObjectAttributes['checksum'];
        checkBucket(bucketOf(deps, bucket)); // reading the source took its time
        const version = await deps.store.put({
          bucket,
          key,
          body,
          ...(sealing && { sealing }),
          describe() {
            computed = checksum();
            const { checksum: _, encryption: __, ...rest } = attributes;
            const now = { ...(encryption && { encryption }), ...(computed && { checksum: computed }) };
            return { attributes: { ...rest, ...now }, marks: newMarks };
          },
          ...(check && { check }),
        });
        return {
          CopyObjectResult: {
            ETag: quoted(version.etag),
            LastModified: shownTime(version.modifiedMs),
            ...shownChecksum(computed),
          },
          ...shownNewEncryption(encryption),
          ...shownVersion(deps, bucket, version),
          ...(original.versionId !== 'null' && { CopySourceVersionId: original.versionId }),
          ...expirationHeader(bucketOf(deps, bucket), version, newMarks.tags),
        };
      } finally {
        await object.close();
      }
    },
  };
}

const ON_ITSELF =
  "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.";
const TOO_LARGE = 'The specified copy source is larger than the maximum allowable size for a copy source: 5368709120';

/** @returns whether it says REPLACE */
function directive(header: string, value: string | undefined): boolean {
  if (value === undefined || value === 'COPY') return false;
  if (value === 'REPLACE') return true;
  throw invalidArgument(header, value, `Unknown ${header.replace('x-amz-', '').replace('-', ' ')}.`);
}
