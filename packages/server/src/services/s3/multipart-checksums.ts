import type { CompleteMultipartUploadCommandInput } from '@aws-sdk/client-s3';
import type { Part } from '../../ports/object-store.ts';
import { type ChecksumAlgorithm, compositeChecksum, fullObjectChecksum } from '../../wire/checksum.ts';
import { s3Error } from './errors.ts';
import type { StoredChecksum } from './model.ts';

/** How the checksum of an object uploaded in parts is to be made. */
export interface UploadChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: StoredChecksum['type'];
}

/** Which types an algorithm has, the default first (S3 user guide, "Checking object integrity"). */
const TYPES: Readonly<Partial<Record<ChecksumAlgorithm, readonly StoredChecksum['type'][]>>> = {
  CRC64NVME: ['FULL_OBJECT'],
  CRC32: ['COMPOSITE', 'FULL_OBJECT'],
  CRC32C: ['COMPOSITE', 'FULL_OBJECT'],
};

/** @throws AwsError InvalidRequest for a type that the algorithm has not */
export function checkUploadChecksum(
  algorithm: ChecksumAlgorithm | undefined,
  type: string | undefined,
): UploadChecksum | undefined {
  if (algorithm === undefined) {
    if (type === undefined) return undefined;
    throw invalid('The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.');
  }
  const types = TYPES[algorithm] ?? ['COMPOSITE'];
  const chosen = type === undefined ? types[0] : types.find((t) => t === type);
  if (chosen) return { algorithm, type: chosen };
  throw invalid(`The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`);
}

/** @throws AwsError InvalidRequest for a part that comes with the checksum of another algorithm than its upload's */
export function checkPart(upload: UploadChecksum | undefined, algorithm: ChecksumAlgorithm | undefined): void {
  if (!upload || algorithm === undefined || algorithm === upload.algorithm) return;
  const [expected, actual] = [upload.algorithm.toLowerCase(), algorithm.toLowerCase()];
  throw invalid(
    `Checksum Type mismatch occurred, expected checksum Type: ${expected}, actual checksum Type: ${actual}`,
  );
}

/** @throws AwsError InvalidRequest for a completion that speaks of other checksums than the upload's */
export function checkComplete(
  { ChecksumType, MultipartUpload }: CompleteMultipartUploadCommandInput,
  upload: UploadChecksum | undefined,
): void {
  if (ChecksumType !== undefined && ChecksumType !== upload?.type) {
    throw invalid(
      `The upload was created using the ${upload?.type ?? 'null'} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  if (upload?.type !== 'COMPOSITE') return;
  const bare = MultipartUpload?.Parts?.find((part) => part[`Checksum${upload.algorithm}`] === undefined);
  if (!bare) return;
  throw invalid(
    `The upload was created using a ${upload.algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${bare.PartNumber} in the request.`,
  );
}

const invalid = (message: string) => s3Error('InvalidRequest', { message });

/** The checksum of the whole, from those of its parts. */
export function joinChecksums(wanted: UploadChecksum | undefined, parts: readonly Part[]): StoredChecksum | undefined {
  if (!wanted) return undefined;
  const { algorithm, type } = wanted;
  const sums = parts.map((part) => ({
    checksum: (part.attributes.checksum as StoredChecksum).value,
    sizeBytes: part.sizeBytes,
  }));
  const value =
    type === 'FULL_OBJECT'
      ? fullObjectChecksum(algorithm, sums)
      : compositeChecksum(
          algorithm,
          sums.map((sum) => sum.checksum),
        );
  return { algorithm, value, type };
}
