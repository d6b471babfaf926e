import { createHash } from 'node:crypto';
import { AwsError } from '../../base/errors.ts';
import type { HistoryCursor } from '../../ports/history.ts';

/**
 * A NextToken is the place after a page, with a digest over place and query: it is good for the very query it came
 * from, on any server, also after a restart. It holds no secret and gives no right: whoever makes one up only chooses
 * where to read on in what the query may see anyway.
 */
const VERSION = 1;
/** A token of ours has about 80 characters; nothing longer is worth decoding. */
const TOKEN_CHARS_MAX = 512;
const DIGEST_CHARS = 22;

export function makeToken(cursor: HistoryCursor, query: unknown): string {
  const place = [VERSION, cursor.timeMs, cursor.sequence];
  return Buffer.from(JSON.stringify([...place, digest(place, query)])).toString('base64url');
}

/** @throws AwsError InvalidNextTokenException */
export function readToken(token: string, query: unknown): HistoryCursor {
  const [version, timeMs, sequence, check] = decode(token);
  // The digest is no secret, so that a token that is made up may hold anything.
  const isPlace = Number.isSafeInteger(timeMs) && Number.isSafeInteger(sequence);
  if (version !== VERSION || !isPlace || check !== digest([version, timeMs, sequence], query)) {
    throw new AwsError(
      'InvalidNextTokenException',
      'The NextToken is not valid. Use a token from the previous response, with the same parameters as that request.',
    );
  }
  return { timeMs: timeMs as number, sequence: sequence as number };
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
