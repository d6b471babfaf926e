import { AwsError } from '../base/errors.ts';
import {
  type ChecksumAlgorithm,
  checksumAlgorithm,
  checksumHeader,
  createHasher,
  type Hasher,
  isChecksumValue,
} from './checksum.ts';
import type { HttpRequest } from './request.ts';
import { malformedTrailer } from './sigv4/chunked.ts';

/** What a client says its body's digests are. */
export interface ChecksumClaims {
  /** base64 */
  readonly contentMd5?: string;
  readonly checksum?: {
    readonly algorithm: ChecksumAlgorithm;
    /** base64; absent when it follows in the trailer. */
    readonly value?: string;
  };
}

/** `x-amz-checksum-…` headers that name no value. */
const NOT_VALUES: ReadonlySet<string> = new Set([
  'x-amz-checksum-algorithm',
  'x-amz-checksum-mode',
  'x-amz-checksum-type',
]);
const PREFIX = 'x-amz-checksum-';

/**
 * Reads Content-MD5, x-amz-checksum-* and x-amz-trailer of an S3 request.
 * @param hoisted presigned: headers may stand in the query instead
 * @throws AwsError InvalidDigest, InvalidRequest, MalformedTrailerError
 */
export function checksumClaims(request: HttpRequest, hoisted: boolean): ChecksumClaims {
  const headers = hoisted ? { ...Object.fromEntries(lowerCased(request.query)), ...request.headers } : request.headers;
  const md5 = headers['content-md5'];
  if (md5 !== undefined && !isChecksumValue('MD5', md5)) {
    throw new AwsError('InvalidDigest', 'The Content-MD5 you specified was invalid.', {
      members: { 'Content-MD5': md5 },
    });
  }
  const checksum = completesMultipart(request) ? undefined : claimedChecksum(headers);
  return { ...(md5 !== undefined && { contentMd5: md5 }), ...(checksum && { checksum }) };
}

const lowerCased = (query: HttpRequest['query']) => query.map(([name, value]) => [name.toLowerCase(), value] as const);

/** CompleteMultipartUpload names the checksum of the object, not of its own body. */
const completesMultipart = ({ method, query }: HttpRequest): boolean =>
  method === 'POST' && query.some(([name]) => name === 'uploadId');

function claimedChecksum(headers: Readonly<Record<string, string>>): ChecksumClaims['checksum'] {
  const values = Object.keys(headers).filter((name) => name.startsWith(PREFIX) && !NOT_VALUES.has(name));
  const trailing = announcedTrailers(headers).filter((name) => name.startsWith(PREFIX));
  const names = [...values, ...trailing];
  if (names.length > 1) {
    throw invalid('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.');
  }
  const asked = headers['x-amz-sdk-checksum-algorithm'];
  if (names.length === 0) return undefined;
  const name = names[0]!;
  const algorithm = checksumAlgorithm(name.slice(PREFIX.length));
  if (algorithm === undefined) throw invalid('The algorithm type you specified in x-amz-checksum- header is invalid.');
  if (asked !== undefined && asked.toUpperCase() !== algorithm) {
    throw invalid('Value for x-amz-sdk-checksum-algorithm header is invalid.');
  }
  if (trailing.length > 0) return { algorithm };
  const value = headers[name]!;
  if (!isChecksumValue(algorithm, value)) throw invalid(`Value for ${name} header is invalid.`);
  return { algorithm, value };
}

/** Names in x-amz-trailer, lower case. */
export const announcedTrailers = (headers: Readonly<Record<string, string>>): string[] =>
  (headers['x-amz-trailer'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');

const invalid = (message: string) => new AwsError('InvalidRequest', message);

export interface ClaimChecker {
  update(bytes: Uint8Array): void;
  /** The checksum as it turned out, once all bytes went by. @throws AwsError BadDigest, MalformedTrailerError */
  finish(trailers: ReadonlyMap<string, string>): { algorithm: ChecksumAlgorithm; value: string } | undefined;
}

/** Computes what was claimed, and compares. */
export function claimChecker({ contentMd5, checksum }: ChecksumClaims): ClaimChecker {
  const md5 = contentMd5 === undefined ? undefined : createHasher('MD5');
  const hasher = checksum && createHasher(checksum.algorithm);
  const hashers = [md5, hasher].filter((h): h is Hasher => h !== undefined);
  return {
    update(bytes) {
      for (const h of hashers) h.update(bytes);
    },
    finish(trailers) {
      const actualMd5 = md5?.digest().toString('base64');
      if (actualMd5 !== contentMd5) {
        throw new AwsError('BadDigest', 'The Content-MD5 you specified did not match what we received.', {
          members: { ExpectedDigest: contentMd5!, CalculatedDigest: actualMd5! },
        });
      }
      if (!checksum) return undefined;
      const { algorithm } = checksum;
      const claimed = checksum.value ?? trailers.get(checksumHeader(algorithm));
      if (claimed === undefined || !isChecksumValue(algorithm, claimed)) throw malformedTrailer();
      const value = hasher!.digest().toString('base64');
      if (value !== claimed) {
        throw new AwsError('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`);
      }
      return { algorithm, value };
    },
  };
}
