import type { ListMultipartUploadsCommandInput, ListPartsCommandInput } from '@aws-sdk/client-s3';
import type { CallContext } from '../../wire/service.ts';
import { shownPartChecksum } from './checksums.ts';
import { invalidArgument } from './errors.ts';
import { checkEncodingType, pageLimit, pastPrefix, prefixes } from './list.ts';
import { bucketOf, type Handlers, ownerOf, quoted, type S3Deps, type StoredChecksum, shownTime } from './model.ts';
import type { UploadChecksum } from './multipart-checksums.ts';

/** ListParts and ListMultipartUploads. */
export function multipartListHandlers(deps: S3Deps): Handlers {
  const { store } = deps;
  return {
    async ListParts(_: CallContext, input: ListPartsCommandInput) {
      const { Bucket: bucket = '', Key: key = '', UploadId: uploadId = '' } = input;
      const limit = pageLimit(input.MaxParts, 'max-parts');
      const marker = Number(input.PartNumberMarker ?? 0);
      if (!Number.isInteger(marker) || marker < 0) {
        throw invalidArgument(
          'part-number-marker',
          String(input.PartNumberMarker),
          'Argument part-number-marker must be an integer',
        );
      }
      const attributes = await store.uploadAttributes(bucket, key, uploadId);
      const checksum = attributes.uploadChecksum as UploadChecksum | undefined;
      const rest = (await store.listParts(bucket, key, uploadId)).filter((part) => part.number > marker);
      const page = rest.slice(0, limit);
      const owner = ownerOf(bucketOf(deps, bucket).ownerAccountId);
      return {
        Bucket: bucket,
        Key: key,
        UploadId: uploadId,
        PartNumberMarker: String(marker),
        NextPartNumberMarker: String(page.at(-1)?.number ?? 0),
        MaxParts: limit,
        IsTruncated: rest.length > limit,
        Parts: page.map((part) => ({
          PartNumber: part.number,
          LastModified: shownTime(part.modifiedMs),
          ETag: quoted(part.etag),
          Size: part.sizeBytes,
          ...shownPartChecksum(part.attributes.checksum as StoredChecksum | undefined),
        })),
        Initiator: owner,
        Owner: owner,
        StorageClass: 'STANDARD',
        ...(checksum && { ChecksumAlgorithm: checksum.algorithm, ChecksumType: checksum.type }),
      };
    },

    async ListMultipartUploads(_: CallContext, input: ListMultipartUploadsCommandInput) {
      const { Bucket: bucket = '', Prefix, Delimiter, KeyMarker, UploadIdMarker } = input;
      checkEncodingType(input.EncodingType);
      const limit = pageLimit(input.MaxUploads, 'max-uploads');
      const after = pastPrefix(KeyMarker, input);
      const page = await store.listUploads({
        bucket,
        limit,
        prefix: Prefix ?? '',
        ...(Delimiter && { delimiter: Delimiter }),
        ...(after && { after }),
        // S3 ignores the one marker without the other.
        ...(after && after === KeyMarker && UploadIdMarker && { afterUploadId: UploadIdMarker }),
      });
      const owner = ownerOf(bucketOf(deps, bucket).ownerAccountId);
      const last = page.items.at(-1);
      return {
        Bucket: bucket,
        KeyMarker: KeyMarker ?? '',
        UploadIdMarker: UploadIdMarker ?? '',
        NextKeyMarker: page.next?.after ?? last?.key ?? '',
        NextUploadIdMarker: page.next ? (page.next.afterUploadId ?? '') : (last?.uploadId ?? ''),
        ...(Prefix !== undefined && { Prefix }),
        ...(Delimiter && { Delimiter }),
        ...(input.EncodingType !== undefined && { EncodingType: input.EncodingType }),
        MaxUploads: limit,
        IsTruncated: page.next !== undefined,
        Uploads: page.items.map((upload) => ({
          Key: upload.key,
          UploadId: upload.uploadId,
          Initiated: shownTime(upload.createdMs),
          Initiator: owner,
          Owner: owner,
          StorageClass: 'STANDARD',
        })),
        CommonPrefixes: prefixes(page.commonPrefixes),
      };
    },
  };
}
