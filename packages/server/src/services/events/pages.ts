import { createHash } from 'node:crypto';
import { invalid } from './errors.ts';

export interface PageRequest {
  readonly Limit?: number;
  readonly NextToken?: string;
}

/** EventBridge's limit, and what a page has when nobody says. */
const PAGE_MAX = 100;
const DIGEST_CHARS = 22;

/**
 * One page of a list that is in the order of its keys. The token is the key after which the next page begins, with a
 * digest over what is listed: it works only with the request it came from, and gives no right.
 * @param listed operation and parameters
 * @throws AwsError ValidationException
 */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  { Limit = PAGE_MAX, NextToken }: PageRequest,
  listed: readonly unknown[],
): { readonly page: readonly T[]; readonly NextToken?: string } {
  const after = NextToken === undefined ? undefined : readToken(NextToken, listed);
  const rest = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const page = rest.slice(0, Limit);
  return { page, ...(rest.length > page.length && { NextToken: makeToken(keyOf(page.at(-1)!), listed) }) };
}

const makeToken = (key: string, listed: readonly unknown[]): string =>
  createHash('sha256')
    .update(JSON.stringify([key, listed]))
    .digest('base64url')
    .slice(0, DIGEST_CHARS) + Buffer.from(key).toString('base64url');

function readToken(token: string, listed: readonly unknown[]): string {
  const key = Buffer.from(token.slice(DIGEST_CHARS), 'base64url').toString();
  if (token === makeToken(key, listed)) return key;
  throw invalid('The NextToken is not valid. Use that of the previous answer, with the same parameters.');
}
