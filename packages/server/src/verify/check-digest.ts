import type { KeyObject } from 'node:crypto';
import { parseDigest, publicKeyFromDer, SIGNATURE_ALGORITHM, sha256Hex, signatureHolds } from '../trails/digest.ts';
import type { ReadDigest } from './chain.ts';
import { type Finding, finding } from './findings.ts';
import { GzipProblem, gunzipStrictly } from './gunzip.ts';
import type { ListedDigest } from './inventory.ts';
import type { FetchedObject, Source } from './source.ts';

/** Public keys by fingerprint: DER as published. */
export type PublicKeys = ReadonlyMap<string, Buffer>;

export interface OpenedDigest extends ReadDigest {
  readonly bytes: Buffer;
  readonly algorithm: string | undefined;
}

/** Parses a digest. @returns the digest, or what is wrong with it */
export async function openDigest(
  { key }: ListedDigest,
  object: FetchedObject | undefined,
): Promise<OpenedDigest | Finding> {
  if (!object) return finding('digest-missing', key, 'it was listed, but is gone');
  let bytes: Buffer;
  try {
    bytes = await gunzipStrictly(object.body);
  } catch (error) {
    if (!(error instanceof GzipProblem)) throw error;
    return finding('digest-unreadable', key, error.message);
  }
  const digest = parseDigest(bytes);
  if (!digest) return finding('digest-unreadable', key, 'it is not a digest (not JSON, or members missing)');
  const signature = object.metadata.signature;
  return { key, digest, bytes, sha256: sha256Hex(bytes), signature, algorithm: object.metadata['signature-algorithm'] };
}

/** Takes a lost signature from the digest that follows and repeats it, where a copy has no metadata. */
export function withSignature(d: OpenedDigest, successor: ReadDigest | undefined): OpenedDigest {
  const repeated = successor?.digest.previousDigestSignature ?? undefined;
  return d.signature !== undefined || repeated === undefined
    ? d
    : { ...d, signature: repeated, algorithm: d.algorithm ?? SIGNATURE_ALGORITHM };
}

/** Checks a digest by itself: place, key, signature. @returns what is wrong; nothing when it is valid */
export function checkDigest(d: OpenedDigest, source: Source, keys: PublicKeys): Finding[] {
  const { digest, key } = d;
  const isCopy = source.bucket === undefined;
  const stands = isCopy
    ? digest.digestS3Object === key || digest.digestS3Object.endsWith(`/${key}`)
    : digest.digestS3Object === key && digest.digestS3Bucket === source.bucket;
  if (!stands) {
    return [finding('digest-moved', key, `it was written as s3://${digest.digestS3Bucket}/${digest.digestS3Object}`)];
  }
  const fingerprint = digest.digestPublicKeyFingerprint;
  const der = keys.get(fingerprint);
  if (!der) return [finding('digest-key-unknown', key, `no public key with fingerprint ${fingerprint} is known`)];
  const publicKey: KeyObject | undefined = publicKeyFromDer(der);
  if (!publicKey) return [finding('digest-key-unusable', key, `the key ${fingerprint} is not a PKCS#1 RSA public key`)];
  if (d.signature === undefined) {
    return isCopy
      ? [
          finding(
            'digest-newest-unsigned-copy',
            key,
            'its signature was object metadata, which this copy lacks; nothing follows that repeats it',
          ),
        ]
      : [finding('digest-signature-missing', key, 'the object has no signature in its metadata')];
  }
  if (d.algorithm !== SIGNATURE_ALGORITHM || digest.digestSignatureAlgorithm !== SIGNATURE_ALGORITHM) {
    return [
      finding(
        'digest-signature-algorithm-wrong',
        key,
        `it must be ${SIGNATURE_ALGORITHM}, in the digest and in its metadata`,
      ),
    ];
  }
  if (!signatureHolds(digest, d.bytes, d.signature, publicKey)) {
    return [finding('digest-signature-invalid', key, 'its signature is not that of its content')];
  }
  return [];
}
