import { createHash } from 'node:crypto';
import { AwsError } from '../base/errors.ts';

/**
 * A NextToken is a place in what a query finds, with a digest over place and query: it is good for the very query it came
 * from, on any server, also after a restart. It holds no secret and gives no right: whoever makes one up only chooses
 * where to read on in what the query may see anyway.
 */
const VERSION = 1;
/** A token of ours has some 100 characters; nothing longer is worth decoding. */
const TOKEN_CHARS_MAX = 512;
const DIGEST_CHARS = 22;

/** @param query anything that JSON can hold; the token is good for an equal one */
export function makePageToken(place: readonly number[], query: unknown): string {
  const versioned = [VERSION, ...place];
  return Buffer.from(JSON.stringify([...versioned, digest(versioned, query)])).toString('base64url');
}

/**
 * @param count how many numbers the place has
 * @throws AwsError InvalidNextTokenException
 */
export function readPageToken(token: string, count: number, query: unknown): readonly number[] {
  const parts = decode(token);
  const [version, ...place] = parts.slice(0, -1);
  // The digest is no secret, so that a token that is made up may hold anything.
  const isPlace = place.length === count && place.every(Number.isSafeInteger);
  if (version !== VERSION || !isPlace || parts.at(-1) !== digest([version, ...place], query)) {
    throw new AwsError(
      'InvalidNextTokenException',
      'The NextToken is not valid. Use a token from the previous response, with the same parameters as that request.',
    );
  }
  return place as number[];
}

function decode(token: string): readonly unknown[] {
  if (token.length > TOKEN_CHARS_MAX) return [];
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}

const digest = (place: readonly unknown[], query: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify([place, query]))
    .digest('base64url')
    .slice(0, DIGEST_CHARS);
