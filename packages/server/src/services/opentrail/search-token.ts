import { createHash } from 'node:crypto';
import { AwsError } from '../../base/errors.ts';
import type { LakeCursor } from '../../ports/lake.ts';
import type { Sequence } from '../../ports/log.ts';

/** Where the next page begins, and what was there when the first one was made. */
export interface SearchPlace extends LakeCursor {
  readonly upTo: Sequence;
}

/**
 * As LookupEvents' (services/cloudtrail/lookup-token.ts): a place, with a digest over place and query, so that it is good
 * for the very query that it came from. It holds no secret and gives no right: whose records are seen is asked anew for
 * each page, and whoever makes one up only chooses where to read on in them.
 */
const VERSION = 1;
/** A token of ours has some 100 characters. */
const TOKEN_CHARS_MAX = 512;
const DIGEST_CHARS = 22;

export function makeSearchToken({ timeMs, sequence, upTo }: SearchPlace, query: unknown): string {
  const place = [VERSION, timeMs, sequence, upTo];
  return Buffer.from(JSON.stringify([...place, digest(place, query)])).toString('base64url');
}

/** @throws AwsError InvalidNextTokenException */
export function readSearchToken(token: string, query: unknown): SearchPlace {
  const [version, timeMs, sequence, upTo, check] = decode(token);
  const place = [version, timeMs, sequence, upTo];
  // The digest is no secret, so that a token that is made up may hold anything.
  const isPlace = [timeMs, sequence, upTo].every(Number.isSafeInteger);
  if (version !== VERSION || !isPlace || check !== digest(place, query)) {
    throw new AwsError(
      'InvalidNextTokenException',
      'The NextToken is not valid. Use a token from the previous response, with the same parameters as that request.',
    );
  }
  return { timeMs: timeMs as number, sequence: sequence as number, upTo: upTo as number };
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
