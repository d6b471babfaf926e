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
  if (algorithm === undefined) return undefined;
  const types = TYPES[algorithm] ?? ['COMPOSITE'];
  const chosen = type === undefined ? types[0] : types.find((t) => t === type);
  if (chosen) return { algorithm, type: chosen };
  throw s3Error('InvalidRequest', {
    message: `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
  });
}

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
