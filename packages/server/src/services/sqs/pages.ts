import type { PageInput } from './api.ts';
import { invalidParameter, invalidValue } from './errors.ts';

/** SQS's largest page, and what it is without MaxResults; then there is no NextToken either. */
const RESULTS_MAX = 1000;

/** One page of names in order. @throws AwsError InvalidParameterValue */
export function pageOf<T>(items: readonly T[], nameOf: (item: T) => string, { NextToken, MaxResults }: PageInput) {
  if (MaxResults !== undefined && (MaxResults < 1 || MaxResults > RESULTS_MAX)) {
    throw invalidValue(MaxResults, 'MaxResults', `Must be an integer value between 1 and ${RESULTS_MAX}.`);
  }
  if (NextToken !== undefined && MaxResults === undefined)
    throw invalidParameter('NextToken goes with MaxResults alone.');
  const after = NextToken === undefined ? '' : Buffer.from(NextToken, 'base64url').toString();
  if (NextToken !== undefined && Buffer.from(after).toString('base64url') !== NextToken) {
    throw invalidParameter('Invalid or expired next token.');
  }
  const rest = items.filter((item) => nameOf(item) > after);
  const page = rest.slice(0, MaxResults ?? RESULTS_MAX);
  const more = MaxResults !== undefined && rest.length > page.length;
  return { page, ...(more && { NextToken: Buffer.from(nameOf(page.at(-1)!)).toString('base64url') }) };
}
