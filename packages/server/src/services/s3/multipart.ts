import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type {
  AbortMultipartUploadCommandInput,
  CompletedPart,
  CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommandInput,
  UploadPartCommandInput,
  UploadPartCopyCommandInput,
} from '@aws-sdk/client-s3';
import type { Attributes, Chosen, Part, Written } from '../../ports/object-store.ts';
import type { CallContext } from '../../wire/service.ts';
import type { Authorizer } from './authorize.ts';
import { checksummed, claimedChecksum, namedAlgorithm, shownChecksum, shownPartChecksum } from './checksums.ts';
import { writeCheck } from './conditions.ts';
import { openCopySource, parseCopySource } from './copy-source.ts';
import { checkStorage, shownEncryption, shownNewEncryption } from './encryption.ts';
import { invalidArgument, s3Error } from './errors.ts';
import { expirationHeader } from './lifecycle.ts';
import {
  bucketOf,
  type Handlers,
  type ObjectAttributes,
  quoted,
  type S3Deps,
  type StoredChecksum,
  shownTime,
  shownVersion,
} from './model.ts';
import {
  checkComplete,
  checkPart,
  checkUploadChecksum,
  joinChecksums,
  type UploadChecksum,
} from './multipart-checksums.ts';
import { checkKey } from './names.ts';
import { dataKeyOf, newKey, sameKey } from './object-keys.ts';
import { sliceByRange } from './ranges.ts';
import { attributesFrom, checkMd5, checkSentSize, marksFrom } from './written.ts';

/** S3's limits (user guide, "Amazon S3 multipart upload limits"). */
const PARTS_MAX = 10_000;
const PART_BYTES_MIN = 5 * 1024 ** 2;

/** What is kept of an upload until it becomes an object. */
interface UploadAttributes extends ObjectAttributes {
  readonly uploadChecksum?: UploadChecksum;
}

export function multipartHandlers(deps: S3Deps, authorizer: Authorizer): Handlers {
  const { store } = deps;
  return {
    async CreateMultipartUpload(context: CallContext, input: CreateMultipartUploadCommandInput) {
      const { Bucket: bucket = '', Key: key = '' } = input;
      checkKey(key);
      checkStorage(input);
      const uploadChecksum = checkUploadChecksum(namedAlgorithm(input.ChecksumAlgorithm), input.ChecksumType);
      const described = attributesFrom(input);
      const marks = marksFrom(deps, bucket, input);
      const { encryption } = await newKey(deps, context, bucket, key, input);
      const attributes: UploadAttributes = {
        ...described,
        ...(encryption && { encryption }),
        ...(uploadChecksum && { uploadChecksum }),
      };
      const upload = await store.createUpload(bucket, key, { ...attributes }, { ...marks });
      return {
        Bucket: bucket,
        Key: key,
        UploadId: upload.uploadId,
        ...shownNewEncryption(encryption),
        ...(uploadChecksum && { ChecksumAlgorithm: uploadChecksum.algorithm, ChecksumType: uploadChecksum.type }),
      };
    },

    async UploadPart(context: CallContext, input: UploadPartCommandInput) {
      const number = checkPartNumber(input.PartNumber);
      checkSentSize(input.ContentLength);
      const body = () => (input.Body as Readable | Buffer | undefined) ?? Buffer.alloc(0);
      const { etag, checksum, encryption } = await putPart(context, uploadOf(input), number, body, input);
      return { ETag: quoted(etag), ...shownEncryption(encryption), ...shownPartChecksum(checksum) };
    },

    async UploadPartCopy(context: CallContext, input: UploadPartCopyCommandInput) {
      const number = checkPartNumber(input.PartNumber);
      const source = parseCopySource(input.CopySource);
      const object = await openCopySource(deps, authorizer, context, source, input);
      try {
        const { start, end } = copyRange(input.CopySourceRange, object.version.sizeBytes);
        checkSentSize(end - start + 1);
        const oldKey = await dataKeyOf(deps, context, object, source.bucket);
        const { etag, checksum, modifiedMs, encryption } = await putPart(context, uploadOf(input), number, () =>
          object.read(start, end, oldKey),
        );
        return {
          CopyPartResult: { ETag: quoted(etag), LastModified: shownTime(modifiedMs), ...shownPartChecksum(checksum) },
          ...shownEncryption(encryption),
          ...(shownVersion(deps, source.bucket, object.version).VersionId !== undefined && {
            CopySourceVersionId: object.version.versionId,
          }),
        };
      } finally {
        await object.close();
      }
    },

    async CompleteMultipartUpload(context: CallContext, input: CompleteMultipartUploadCommandInput) {
      const { bucket, key, uploadId } = uploadOf(input);
      const listed = input.MultipartUpload?.Parts ?? [];
      if (listed.length > PARTS_MAX) throw s3Error('MalformedXML');
      let checksum: StoredChecksum | undefined;
      let encryption: ObjectAttributes['encryption'];
      const choose = (parts: ReadonlyMap<number, Part>, attributes: Attributes): Chosen => {
        const { uploadChecksum, ...rest } = attributes as UploadAttributes;
        if (listed.length === 0) throw s3Error('InvalidRequest', { message: 'You must specify at least one part' });
        checkComplete(input, uploadChecksum);
        const chosen = chooseParts(listed, parts, uploadId);
        encryption = rest.encryption;
        checksum = joinChecksums(uploadChecksum, chosen);
        checkWhole(input, chosen, checksum);
        return {
          parts: chosen,
          md5: md5OfParts(chosen),
          attributes: { ...rest, ...(checksum && { checksum }) },
        };
      };
      const version = await store.completeUpload(bucket, key, uploadId, choose, writeCheck(input, key));
      return {
        Location: addressOf(context),
        Bucket: bucket,
        Key: key,
        ETag: quoted(version.etag),
        ...shownEncryption(encryption),
        ...shownChecksum(checksum),
        ...shownVersion(deps, bucket, version),
        ...expirationHeader(bucketOf(deps, bucket), version),
      };
    },

    async AbortMultipartUpload(_: CallContext, input: AbortMultipartUploadCommandInput) {
      const { bucket, key, uploadId } = uploadOf(input);
      await store.abortUpload(bucket, key, uploadId);
      return {};
    },
  };

  async function putPart(
    context: CallContext,
    upload: ReturnType<typeof uploadOf>,
    number: number,
    body: () => Readable | Buffer,
    said: Partial<UploadPartCommandInput> = {},
  ) {
    const { bucket, key, uploadId } = upload;
    const { uploadChecksum, encryption } = (await store.uploadAttributes(bucket, key, uploadId)) as UploadAttributes;
    checkPart(uploadChecksum, claimedChecksum({ ...said })?.algorithm ?? namedAlgorithm(said.ChecksumAlgorithm));
    const sealing = await sameKey(deps, context, bucket, key, encryption);
    const checked = checksummed(body(), uploadChecksum?.algorithm);
    let checksum: StoredChecksum | undefined;
    const describe = (written: Written): Attributes => {
      checkMd5(said.ContentMD5, written);
      checkSentSize(written.sizeBytes);
      checksum = checked.checksum();
      return checksum ? { checksum } : {};
    };
    const part = await store.putPart(upload, number, checked.body, describe, sealing);
    return { etag: part.etag, modifiedMs: part.modifiedMs, checksum, encryption };
  }
}

interface UploadInput {
  readonly Bucket?: string | undefined;
  readonly Key?: string | undefined;
  readonly UploadId?: string | undefined;
}

const uploadOf = (input: UploadInput) => ({
  bucket: input.Bucket ?? '',
  key: input.Key ?? '',
  uploadId: input.UploadId ?? '',
});

function checkPartNumber(number: number | undefined): number {
  if (number !== undefined && Number.isInteger(number) && number >= 1 && number <= PARTS_MAX) return number;
  throw invalidArgument(
    'partNumber',
    String(number),
    `Part number must be an integer between 1 and ${PARTS_MAX}, inclusive`,
  );
}

function copyRange(range: string | undefined, sizeBytes: number): { start: number; end: number } {
  if (range === undefined) return { start: 0, end: sizeBytes - 1 };
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
  if (first === undefined || last === undefined || Number(first) > Number(last)) {
    throw invalidArgument(
      'x-amz-copy-source-range',
      range,
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
    );
  }
  if (Number(first) >= sizeBytes) {
    throw s3Error('InvalidRequest', { message: 'The specified copy range is invalid for the source object size' });
  }
  if (Number(last) >= sizeBytes) {
    throw invalidArgument(
      'x-amz-copy-source-range',
      range,
      `Range specified is not valid for source object of size: ${sizeBytes}`,
    );
  }
  return sliceByRange(range, sizeBytes);
}

/** The parts that the client lists, found to be there as it says. */
function chooseParts(listed: readonly CompletedPart[], parts: ReadonlyMap<number, Part>, uploadId: string): Part[] {
  const numbers = listed.map((item) => item.PartNumber ?? 0);
  if (numbers.some((number, i) => number <= (numbers[i - 1] ?? 0))) {
    throw s3Error('InvalidPartOrder', { members: { UploadId: uploadId } });
  }
  const chosen = listed.map((item, i) => {
    const number = numbers[i]!;
    const etag = item.ETag?.replace(/^"|"$/g, '') ?? '';
    const part = parts.get(number);
    const claimed = claimedChecksum({ ...item });
    const stored = part?.attributes.checksum as StoredChecksum | undefined;
    const matches =
      part !== undefined &&
      part.etag === etag &&
      (claimed === undefined || (claimed.algorithm === stored?.algorithm && claimed.value === stored.value));
    const members = { UploadId: uploadId, PartNumber: String(number), ETag: etag };
    if (!matches) throw s3Error('InvalidPart', { members });
    return part;
  });
  for (const part of chosen.slice(0, -1)) {
    if (part.sizeBytes >= PART_BYTES_MIN) continue;
    throw s3Error('EntityTooSmall', {
      members: {
        ProposedSize: String(part.sizeBytes),
        MinSizeAllowed: String(PART_BYTES_MIN),
        PartNumber: String(part.number),
        ETag: part.etag,
      },
    });
  }
  return chosen;
}

/** Size and checksum of the whole, when the client says them. */
function checkWhole(
  input: CompleteMultipartUploadCommandInput,
  chosen: readonly Part[],
  checksum: StoredChecksum | undefined,
): void {
  const size = chosen.reduce((sum, part) => sum + part.sizeBytes, 0);
  if (input.MpuObjectSize !== undefined && Number(input.MpuObjectSize) !== size) {
    throw s3Error('InvalidRequest', {
      message: `The provided 'x-amz-mp-object-size' header value ${input.MpuObjectSize} does not match what was computed: ${size}`,
    });
  }
  const claimed = claimedChecksum({ ...input });
  if (
    claimed &&
    claimed.algorithm === checksum?.algorithm &&
    claimed.value.replace(/-\d+$/, '') !== checksum.value.replace(/-\d+$/, '')
  ) {
    throw s3Error('BadDigest', {
      message: `The ${claimed.algorithm.toLowerCase()} you specified did not match the calculated checksum.`,
    });
  }
}

/** Of the object, in the style in which it was asked for: the bucket may stand in the host name. */
const addressOf = ({ tls, http }: CallContext): string => `${tls ? 'https' : 'http'}://${http.host}${http.rawPath}`;

/** A multipart ETag is the MD5 of the parts' MD5s. */
function md5OfParts(parts: readonly Part[]): string {
  const hash = createHash('md5');
  for (const part of parts) hash.update(Buffer.from(part.etag, 'hex'));
  return hash.digest('hex');
}
