import { createHash } from 'node:crypto';
import { invalid } from './errors.ts';

/**
 * One page of a list that is in the order of its keys. The token is the key after which the next page begins, with a digest over it and
 * over what is listed: it works only with the request it came from, also after a restart. It is no secret.
 * @param listed operation and parameters
 * @throws AwsError InvalidParameterException
 */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  request: { readonly nextToken?: string; readonly limit?: number },
  listed: readonly unknown[],
  descending = false,
): { readonly page: readonly T[]; readonly nextToken?: string } {
  const after = request.nextToken === undefined ? undefined : readToken(request.nextToken, listed);
  const isRest = (key: string) => after === undefined || (descending ? key < after : key > after);
  const rest = items.filter((item) => isRest(keyOf(item)));
  const page = rest.slice(0, request.limit ?? PAGE_MAX);
  return { page, ...(rest.length > page.length && { nextToken: makeToken(keyOf(page.at(-1)!), listed) }) };
}

/** AWS's, of all lists. */
export const PAGE_MAX = 50;
const DIGEST_CHARS = 22;

export const makeToken = (key: string, listed: readonly unknown[]): string =>
  digest(key, listed) + Buffer.from(key).toString('base64url');

/** @throws AwsError InvalidParameterException */
export function readToken(token: string, listed: readonly unknown[]): string {
  const key = Buffer.from(token.slice(DIGEST_CHARS), 'base64url').toString();
  if (token === makeToken(key, listed)) return key;
  throw invalid('The specified nextToken is invalid.');
}

const digest = (key: string, listed: readonly unknown[]): string =>
  createHash('sha256')
    .update(JSON.stringify([key, listed]))
    .digest('base64url')
    .slice(0, DIGEST_CHARS);
