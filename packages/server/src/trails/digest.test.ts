import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  type DigestInput,
  encodeDigest,
  parseDigest,
  publicKeyFromDer,
  sha256Hex,
  signatureHolds,
  signDigest,
  stringToSign,
} from './digest.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const START: DigestInput = {
  accountId: '123456789012',
  startMs: Date.UTC(2026, 0, 1, 9),
  endMs: Date.UTC(2026, 0, 1, 10),
  bucket: 'logs',
  key: 'AWSLogs/…/digest.json.gz',
  fingerprint: '31e8b5433410dfb61a9dc45cc65b22ff',
  previous: undefined,
  logFiles: [],
};
const FILE = {
  bucket: 'logs',
  key: 'k1',
  sha256: 'aa',
  newestMs: Date.UTC(2026, 0, 1, 9, 30),
  oldestMs: Date.UTC(2026, 0, 1, 8),
};
const NEXT: DigestInput = {
  ...START,
  previous: { bucket: 'old', key: 'before', sha256: 'ff00', signature: 'abcd' },
  logFiles: [FILE, { ...FILE, key: 'k2', newestMs: Date.UTC(2026, 0, 1, 9, 45) }],
};

describe('encodeDigest', () => {
  it('writes the members in the order of AWS, with five nulls at the start of a chain', () => {
    const digest = JSON.parse(encodeDigest(START).toString());
    expect(Object.keys(digest)).toEqual(
      (
        'awsAccountId digestStartTime digestEndTime digestS3Bucket digestS3Object digestPublicKeyFingerprint ' +
        'digestSignatureAlgorithm newestEventTime oldestEventTime previousDigestS3Bucket previousDigestS3Object ' +
        'previousDigestHashValue previousDigestHashAlgorithm previousDigestSignature logFiles'
      ).split(' '),
    );
    const nulls = Object.keys(digest).filter((name) => digest[name] === null);
    expect(nulls).toHaveLength(7);
    expect(digest.logFiles).toEqual([]);
  });

  it('spans the times of its files and names its predecessor', () => {
    expect(parseDigest(encodeDigest(NEXT))).toMatchObject({
      digestStartTime: '2026-01-01T09:00:00Z',
      digestEndTime: '2026-01-01T10:00:00Z',
      newestEventTime: '2026-01-01T09:45:00Z',
      oldestEventTime: '2026-01-01T08:00:00Z',
      previousDigestS3Bucket: 'old',
      previousDigestS3Object: 'before',
      previousDigestHashValue: 'ff00',
      previousDigestHashAlgorithm: 'SHA-256',
      previousDigestSignature: 'abcd',
      logFiles: [{ s3Object: 'k1', hashValue: 'aa', hashAlgorithm: 'SHA-256' }, { s3Object: 'k2' }],
    });
  });
});

describe('signatures', () => {
  it('sign four lines, with the literal null at the start of a chain', () => {
    const bytes = encodeDigest(START);
    const digest = parseDigest(bytes)!;
    expect(stringToSign(digest, sha256Hex(bytes))).toBe(
      `2026-01-01T10:00:00Z\nlogs/AWSLogs/…/digest.json.gz\n${sha256Hex(bytes)}\nnull`,
    );
    expect(stringToSign(parseDigest(encodeDigest(NEXT))!, 'x').endsWith('\nx\nabcd')).toBe(true);
  });

  it('hold for what was signed and for nothing else', () => {
    for (const input of [START, NEXT]) {
      const bytes = encodeDigest(input);
      const { signature, sha256 } = signDigest(input, bytes, privateKey);
      const digest = parseDigest(bytes)!;
      expect(sha256).toBe(sha256Hex(bytes));
      expect(signatureHolds(digest, bytes, signature, publicKey)).toBe(true);
      expect(signatureHolds(digest, Buffer.concat([bytes, Buffer.from(' ')]), signature, publicKey)).toBe(false);
      expect(signatureHolds({ ...digest, previousDigestSignature: 'ef' }, bytes, signature, publicKey)).toBe(false);
      expect(signatureHolds(digest, bytes, signature.replace(/^../, 'zz'), publicKey)).toBe(false);
      expect(signatureHolds(digest, bytes, '', publicKey)).toBe(false);
    }
  });

  it('take only PKCS#1 keys, as the AWS CLI does', () => {
    expect(publicKeyFromDer(publicKey.export({ format: 'der', type: 'pkcs1' }))?.equals(publicKey)).toBe(true);
    expect(publicKeyFromDer(publicKey.export({ format: 'der', type: 'spki' }))).toBeUndefined();
    expect(publicKeyFromDer(Buffer.from('junk'))).toBeUndefined();
  });
});

describe('parseDigest', () => {
  it('refuses what cannot be checked', () => {
    const good = JSON.parse(encodeDigest(NEXT).toString());
    for (const wrong of [
      'no json',
      'null',
      '[]',
      JSON.stringify({ ...good, digestEndTime: undefined }),
      JSON.stringify({ ...good, digestS3Bucket: null }),
      JSON.stringify({ ...good, previousDigestSignature: undefined }),
      JSON.stringify({ ...good, logFiles: [{}] }),
      JSON.stringify({ ...good, logFiles: {} }),
    ]) {
      expect(parseDigest(Buffer.from(wrong)), wrong).toBeUndefined();
    }
    expect(parseDigest(Buffer.from(JSON.stringify({ ...good, logFiles: null })))?.logFiles).toEqual([]);
  });
});
