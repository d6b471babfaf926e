import { createHash } from 'node:crypto';
import { invalid } from './errors.ts';

export interface PageRequest {
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

/** AWS's, which is the most that may be asked for too. */
const PAGE_MAX = 20;
const DIGEST_CHARS = 22;

/**
 * One page of a list in the order of its keys. A token is the key after which the next page begins, with a digest over it
 * and over what is listed: it works only with the request that it came from, also after a restart. It gives no right.
 * @param listed operation and parameters
 * @throws AwsError InvalidInputException (INVALID_NEXT_TOKEN)
 */
export function pageOf<T>(
  items: Iterable<T>,
  keyOf: (item: T) => string,
  { MaxResults = PAGE_MAX, NextToken }: PageRequest,
  listed: readonly unknown[],
): { readonly page: readonly T[]; readonly NextToken?: string } {
  const after = NextToken === undefined ? undefined : readToken(NextToken, listed);
  const sorted = [...items].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const rest = after === undefined ? sorted : sorted.filter((item) => keyOf(item) > after);
  const page = rest.slice(0, Math.min(MaxResults, PAGE_MAX));
  return { page, ...(rest.length > page.length && { NextToken: makeToken(keyOf(page.at(-1)!), listed) }) };
}

const makeToken = (key: string, listed: readonly unknown[]): string =>
  digest(key, listed) + Buffer.from(key).toString('base64url');

function readToken(token: string, listed: readonly unknown[]): string {
  const key = Buffer.from(token.slice(DIGEST_CHARS), 'base64url').toString();
  if (token === makeToken(key, listed)) return key;
  throw invalid(
    'INVALID_NEXT_TOKEN',
    'Get the value for the NextToken parameter from the response to a previous call of the operation.',
  );
}

const digest = (key: string, listed: readonly unknown[]): string =>
  createHash('sha256')
    .update(JSON.stringify([key, listed]))
    .digest('base64url')
    .slice(0, DIGEST_CHARS);
