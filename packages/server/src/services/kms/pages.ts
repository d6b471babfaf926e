import { createHash } from 'node:crypto';
import type { PageRequest } from './api.ts';
import { kmsError } from './errors.ts';

export interface PageLimits {
  readonly usual: number;
  readonly max: number;
}

/**
 * One page of a list that is in the order of its keys. A marker is the key after which the next page begins, with a digest
 * over it and over what is listed: it works only with the request it came from, also after a restart. It is no secret and
 * gives no right.
 * @param listed operation and parameters
 * @throws AwsError InvalidMarkerException
 */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  request: PageRequest,
  { usual, max }: PageLimits,
  listed: readonly unknown[],
): { readonly page: readonly T[]; readonly Truncated: boolean; readonly NextMarker?: string } {
  const after = request.Marker === undefined ? undefined : readMarker(request.Marker, listed);
  const rest = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const page = rest.slice(0, Math.min(request.Limit ?? usual, max));
  const Truncated = rest.length > page.length;
  return { page, Truncated, ...(Truncated && { NextMarker: makeMarker(keyOf(page.at(-1)!), listed) }) };
}

const DIGEST_CHARS = 22;

const makeMarker = (key: string, listed: readonly unknown[]): string =>
  digest(key, listed) + Buffer.from(key).toString('base64url');

function readMarker(marker: string, listed: readonly unknown[]): string {
  const key = Buffer.from(marker.slice(DIGEST_CHARS), 'base64url').toString();
  if (marker === makeMarker(key, listed)) return key;
  throw kmsError(
    'InvalidMarkerException',
    'The marker is not valid. Use the NextMarker of the previous answer, with the same parameters as that request.',
  );
}

const digest = (key: string, listed: readonly unknown[]): string =>
  createHash('sha256')
    .update(JSON.stringify([key, listed]))
    .digest('base64url')
    .slice(0, DIGEST_CHARS);
