import { createHash } from 'node:crypto';
import { assert } from '../base/errors.ts';
import { combineCrcs, createCrc, isCrc } from './checksum-crc.ts';

/** S3's checksum algorithms. Its XXHASH family is left out: nothing in Node computes it. */
export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'MD5' | 'SHA1' | 'SHA256' | 'SHA512';

/** Length of each one's value. */
export const CHECKSUM_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  MD5: 16,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
};

export interface Hasher {
  update(bytes: Uint8Array): void;
  /** The raw value; S3 shows it in base64. Call it once, at the end. */
  digest(): Buffer;
}

/** Computes a checksum piece by piece. */
export function createHasher(algorithm: ChecksumAlgorithm): Hasher {
  return isCrc(algorithm) ? createCrc(algorithm) : createHash(algorithm);
}

/** The checksum of `bytes` in base64, as x-amz-checksum-* carries it. */
export function checksumOf(algorithm: ChecksumAlgorithm, bytes: Uint8Array): string {
  const hasher = createHasher(algorithm);
  hasher.update(bytes);
  return hasher.digest().toString('base64');
}

/** The algorithm of that name in any case, as in `x-amz-checksum-algorithm`; undefined when there is none. */
export function checksumAlgorithm(name: string): ChecksumAlgorithm | undefined {
  const upper = name.toUpperCase();
  return Object.hasOwn(CHECKSUM_BYTES, upper) ? (upper as ChecksumAlgorithm) : undefined;
}

export const checksumHeader = (algorithm: ChecksumAlgorithm): string => `x-amz-checksum-${algorithm.toLowerCase()}`;

/** Whether `value` could be a checksum of this kind: canonical base64 of the right length. */
export function isChecksumValue(algorithm: ChecksumAlgorithm, value: string): boolean {
  const bytes = Buffer.from(value, 'base64');
  return bytes.length === CHECKSUM_BYTES[algorithm] && bytes.toString('base64') === value;
}

/** A multipart object's COMPOSITE checksum: that of the parts' values, with their number. */
export function compositeChecksum(algorithm: ChecksumAlgorithm, parts: readonly string[]): string {
  const values = Buffer.concat(parts.map((part) => Buffer.from(part, 'base64')));
  return `${checksumOf(algorithm, values)}-${parts.length}`;
}

/** A multipart object's FULL_OBJECT checksum from those of its parts. Only CRCs can be joined so. */
export function fullObjectChecksum(
  algorithm: ChecksumAlgorithm,
  parts: readonly { readonly checksum: string; readonly sizeBytes: number }[],
): string {
  assert(isCrc(algorithm), `${algorithm} has no full-object form`);
  const crcs = parts.map(({ checksum, sizeBytes }) => ({ crc: Buffer.from(checksum, 'base64'), sizeBytes }));
  return combineCrcs(algorithm, crcs).toString('base64');
}
