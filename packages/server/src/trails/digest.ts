import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import { isoSeconds } from './paths.ts';

/**
 * The digest file: what it holds, what is signed of it, and how a signature is checked (spec: integrity §2–§4,
 * validate-logs §4–§6). Shared by the follower that writes chains and `opentrail verify` that walks them.
 */

/** Member order as AWS writes it. Times are `YYYY-MM-DDTHH:MM:SSZ`, hashes and signatures lower-case hex. */
export interface Digest {
  readonly awsAccountId: string;
  readonly digestStartTime: string;
  readonly digestEndTime: string;
  readonly digestS3Bucket: string;
  readonly digestS3Object: string;
  readonly digestPublicKeyFingerprint: string;
  readonly digestSignatureAlgorithm: string;
  readonly newestEventTime: string | null;
  readonly oldestEventTime: string | null;
  /** These five are null in the first digest of a chain. */
  readonly previousDigestS3Bucket: string | null;
  readonly previousDigestS3Object: string | null;
  readonly previousDigestHashValue: string | null;
  readonly previousDigestHashAlgorithm: string | null;
  readonly previousDigestSignature: string | null;
  readonly logFiles: readonly DigestLogFile[];
}

export interface DigestLogFile {
  readonly s3Bucket: string;
  readonly s3Object: string;
  /** SHA-256 of the uncompressed file. */
  readonly hashValue: string;
  readonly hashAlgorithm: string;
  readonly newestEventTime: string | null;
  readonly oldestEventTime: string | null;
}

/** A log file that was delivered and waits for its digest. Times in ms since the epoch. */
export interface DeliveredLogFile {
  readonly bucket: string;
  readonly key: string;
  readonly sha256: string;
  readonly newestMs: number;
  readonly oldestMs: number;
}

/** The digest that the next one names as its predecessor. */
export interface PreviousDigest {
  readonly bucket: string;
  readonly key: string;
  /** Of the uncompressed digest. */
  readonly sha256: string;
  readonly signature: string;
}

export interface DigestInput {
  readonly accountId: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly bucket: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly previous: PreviousDigest | undefined;
  readonly logFiles: readonly DeliveredLogFile[];
}

export const SIGNATURE_ALGORITHM = 'SHA256withRSA';
/** User metadata of a digest object, without `x-amz-meta-`. */
export const SIGNATURE_METADATA = 'signature';
export const SIGNATURE_ALGORITHM_METADATA = 'signature-algorithm';
const HASH_ALGORITHM = 'SHA-256';

export const sha256Hex = (bytes: Buffer): string => hash('sha256', bytes, 'hex');

/** The digest as bytes: compact JSON, UTF-8, uncompressed. */
export function encodeDigest(input: DigestInput): Buffer {
  const { previous, logFiles } = input;
  const digest: Digest = {
    awsAccountId: input.accountId,
    digestStartTime: isoSeconds(input.startMs),
    digestEndTime: isoSeconds(input.endMs),
    digestS3Bucket: input.bucket,
    digestS3Object: input.key,
    digestPublicKeyFingerprint: input.fingerprint,
    digestSignatureAlgorithm: SIGNATURE_ALGORITHM,
    newestEventTime:
      logFiles.length === 0 ? null : isoSeconds(logFiles.reduce((m, f) => Math.max(m, f.newestMs), -Infinity)),
    oldestEventTime:
      logFiles.length === 0 ? null : isoSeconds(logFiles.reduce((m, f) => Math.min(m, f.oldestMs), Infinity)),
    previousDigestS3Bucket: previous?.bucket ?? null,
    previousDigestS3Object: previous?.key ?? null,
    previousDigestHashValue: previous?.sha256 ?? null,
    previousDigestHashAlgorithm: previous ? HASH_ALGORITHM : null,
    previousDigestSignature: previous?.signature ?? null,
    logFiles: logFiles.map((f) => ({
      s3Bucket: f.bucket,
      s3Object: f.key,
      hashValue: f.sha256,
      hashAlgorithm: HASH_ALGORITHM,
      newestEventTime: isoSeconds(f.newestMs),
      oldestEventTime: isoSeconds(f.oldestMs),
    })),
  };
  return Buffer.from(JSON.stringify(digest));
}

/** Members that a digest cannot be checked without; the AWS CLI asks for the same ones. */
const REQUIRED = [
  'digestPublicKeyFingerprint',
  'digestS3Bucket',
  'digestS3Object',
  'previousDigestSignature',
  'digestEndTime',
  'digestStartTime',
] as const;
/** Others of it that are read: a digest without them, as the AWS CLI has it, begins a chain. */
const LINK = ['previousDigestS3Bucket', 'previousDigestS3Object', 'previousDigestHashValue'] as const;

/** The digest in these uncompressed bytes, or undefined when they are none (not JSON, members missing or mistyped). */
export function parseDigest(bytes: Buffer): Digest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const members = value as Readonly<Record<string, unknown>>;
  const mayBeNull = (name: string) => name.startsWith('previous');
  if (!REQUIRED.every((n) => typeof members[n] === 'string' || (mayBeNull(n) && members[n] === null))) return undefined;
  const link = Object.fromEntries(LINK.map((name) => [name, members[name] ?? null]));
  if (!LINK.every((name) => link[name] === null || typeof link[name] === 'string')) return undefined;
  const logFiles = members.logFiles ?? [];
  return Array.isArray(logFiles) && logFiles.every(isLogFile)
    ? ({ ...members, ...link, logFiles } as unknown as Digest)
    : undefined;
}

const isLogFile = (f: unknown): boolean =>
  typeof f === 'object' &&
  f !== null &&
  ['s3Bucket', 's3Object', 'hashValue'].every((name) => typeof (f as Record<string, unknown>)[name] === 'string');

/** What is signed: no newline at its end, and the literal `null` where there is no previous signature. */
export function stringToSign(
  digest: Pick<Digest, 'digestEndTime' | 'digestS3Bucket' | 'digestS3Object' | 'previousDigestSignature'>,
  sha256: string,
): string {
  const { digestEndTime, digestS3Bucket, digestS3Object, previousDigestSignature } = digest;
  return `${digestEndTime}\n${digestS3Bucket}/${digestS3Object}\n${sha256}\n${previousDigestSignature ?? 'null'}`;
}

/** Signs a digest's uncompressed bytes as `encodeDigest` made them. @returns hash and signature, lower-case hex */
export function signDigest(
  input: DigestInput,
  bytes: Buffer,
  privateKey: KeyObject,
): { sha256: string; signature: string } {
  const sha256 = sha256Hex(bytes);
  const text = stringToSign(
    {
      digestEndTime: isoSeconds(input.endMs),
      digestS3Bucket: input.bucket,
      digestS3Object: input.key,
      previousDigestSignature: input.previous?.signature ?? null,
    },
    sha256,
  );
  return { sha256, signature: sign('sha256', Buffer.from(text), privateKey).toString('hex') };
}

/** A public key as ListPublicKeys gives it: DER of a PKCS#1 `RSAPublicKey`. Undefined when it is none. */
export function publicKeyFromDer(der: Buffer): KeyObject | undefined {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'pkcs1' });
  } catch {
    return undefined;
  }
}

/** Whether `signature` (hex) is the key's over this digest, whose uncompressed bytes are `bytes`. */
export function signatureHolds(digest: Digest, bytes: Buffer, signature: string, publicKey: KeyObject): boolean {
  if (!/^([0-9a-f]{2})+$/i.test(signature)) return false;
  const text = stringToSign(digest, sha256Hex(bytes));
  return verify('sha256', Buffer.from(text), publicKey, Buffer.from(signature, 'hex'));
}
