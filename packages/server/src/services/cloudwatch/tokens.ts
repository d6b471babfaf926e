import { createHash } from 'node:crypto';
import { cloudWatchError } from './errors.ts';

const DIGEST_CHARS = 16;

/**
 * A token is where the next page begins, with a digest over it and over what was asked: it works only with the request it
 * came from, also after a restart. It is no secret and gives no right.
 */
export const makeToken = (place: unknown, asked: unknown): string => {
  const text = JSON.stringify(place);
  return digest(text, asked) + Buffer.from(text).toString('base64url');
};

/** @throws AwsError InvalidNextToken */
export function readToken<T>(token: string, asked: unknown): T {
  const text = Buffer.from(token.slice(DIGEST_CHARS), 'base64url').toString();
  if (token.slice(0, DIGEST_CHARS) === digest(text, asked)) return JSON.parse(text) as T;
  throw cloudWatchError(
    'InvalidNextToken',
    'The next token specified is invalid. Use it with the request it came from.',
  );
}

const digest = (text: string, asked: unknown) =>
  createHash('sha256')
    .update(JSON.stringify([text, asked]))
    .digest('base64url')
    .slice(0, DIGEST_CHARS);

/** One page of a list in the order of its keys. */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  token: string | undefined,
  sizeMax: number,
  asked: unknown,
): { readonly page: readonly T[]; readonly NextToken?: string } {
  const after = token === undefined || token === '' ? undefined : readToken<string>(token, asked);
  const from = after === undefined ? 0 : items.findIndex((item) => keyOf(item) === after) + 1;
  const page = items.slice(from, from + sizeMax);
  const more = items.length > from + page.length;
  return { page, ...(more && { NextToken: makeToken(keyOf(page.at(-1)!), asked) }) };
}
