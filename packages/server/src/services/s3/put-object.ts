import type { Readable } from 'node:stream';
import type { PutObjectCommandInput, PutObjectCommandOutput } from '@aws-sdk/client-s3';
import type { CallContext } from '../../wire/service.ts';
import { checkSameAlgorithm, checksummed, claimedChecksum, namedAlgorithm, shownChecksum } from './checksums.ts';
import { writeCheck } from './conditions.ts';
import { checkStorage, shownNewEncryption } from './encryption.ts';
import { notBuilt } from './errors.ts';
import { expirationHeader } from './lifecycle.ts';
import { type Answer, bucketOf, type Handlers, type ObjectAttributes, quoted, type S3Deps } from './model.ts';
import { checkKey } from './names.ts';
import { newKey } from './object-keys.ts';
import { attributesFrom, checkMd5, checkSentSize, marksFrom } from './written.ts';

/** PutObject: the body goes to disk as it comes; the object exists once all of it was found to be as signed. */
export function putObjectHandlers(deps: S3Deps): Handlers {
  return {
    async PutObject(context: CallContext, input: PutObjectCommandInput): Promise<Answer<PutObjectCommandOutput>> {
      const { Bucket: bucket = '', Key: key = '' } = input;
      checkKey(key);
      checkStorage(input);
      checkSentSize(input.ContentLength);
      if (input.WriteOffsetBytes !== undefined) throw notBuilt('Appending to objects');
      checkSameAlgorithm(namedAlgorithm(input.ChecksumAlgorithm), claimedChecksum({ ...input })?.algorithm);
      const described = attributesFrom(input);
      const marks = marksFrom(deps, bucket, input);
      const check = writeCheck(input, key);
      const { encryption, sealing } = await newKey(deps, context, bucket, key, input);
      const attributes: ObjectAttributes = { ...described, ...(encryption && { encryption }) };
      const { body, checksum } = checksummed(
        (input.Body as Readable | Buffer | undefined) ?? Buffer.alloc(0),
        undefined,
      );
      let computed: ObjectAttributes['checksum'];
      const version = await deps.store.put({
        bucket,
        key,
        body,
        ...(sealing && { sealing }),
        describe(written) {
          checkMd5(input.ContentMD5, written);
          checkSentSize(written.sizeBytes);
          computed = checksum();
          return { attributes: { ...attributes, ...(computed && { checksum: computed }) }, marks: { ...marks } };
        },
        ...(check && { check }),
      });
      return {
        ETag: quoted(version.etag),
        ...shownNewEncryption(encryption),
        // Of what has no id (`null`) S3 says nothing here, though it does where objects are read and copied.
        ...(version.versionId !== 'null' && { VersionId: version.versionId }),
        ...shownChecksum(computed),
        ...expirationHeader(bucketOf(deps, bucket), version, marks.tags),
      };
    },
  };
}
