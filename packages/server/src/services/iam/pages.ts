import { createHash } from 'node:crypto';
import { iamError } from './errors.ts';

export interface PageRequest {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface PageEnd {
  readonly IsTruncated: boolean;
  readonly Marker?: string;
}

/** Where the request does not say (API reference: "If you do not include this parameter, it defaults to 100"). */
const ITEMS_USUAL = 100;

/**
 * One page of a list, in the order of its keys. A marker is the key after which the next page begins, with a digest over
 * it and what is listed: it works with the request it came from, also after a restart. It is no secret and gives no right.
 * @param keyOf unique among the items
 * @param listed operation and parameters
 * @throws AwsError ValidationError for a marker of another list
 */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  request: PageRequest,
  listed: readonly unknown[],
): { readonly page: readonly T[]; readonly end: PageEnd } {
  const after = request.Marker === undefined ? undefined : readMarker(request.Marker, listed);
  const sorted = items
    .map((item) => ({ item, key: keyOf(item) }))
    .filter(({ key }) => after === undefined || key > after)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const page = sorted.slice(0, request.MaxItems ?? ITEMS_USUAL);
  const IsTruncated = sorted.length > page.length;
  return {
    page: page.map(({ item }) => item),
    end: { IsTruncated, ...(IsTruncated && { Marker: makeMarker(page.at(-1)!.key, listed) }) },
  };
}

const DIGEST_CHARS = 16;

const makeMarker = (key: string, listed: readonly unknown[]): string =>
  digest(key, listed) + Buffer.from(key).toString('base64url');

function readMarker(marker: string, listed: readonly unknown[]): string {
  const key = Buffer.from(marker.slice(DIGEST_CHARS), 'base64url').toString();
  if (marker === makeMarker(key, listed)) return key;
  throw iamError('ValidationError', 'Invalid Marker.');
}

const digest = (key: string, listed: readonly unknown[]): string =>
  createHash('sha256')
    .update(JSON.stringify([key, listed]))
    .digest('base64url')
    .slice(0, DIGEST_CHARS);
