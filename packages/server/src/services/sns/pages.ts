import { invalid } from './errors.ts';

/** AWS's, for all lists. */
export const PAGE_MAX = 100;

/** The ARN after which a page begins: '' for the first one. @throws AwsError InvalidParameter */
export function readToken(nextToken: string | undefined): string {
  const after = Buffer.from(nextToken ?? '', 'base64url').toString();
  if (after !== '' && !after.startsWith('arn:aws:sns:')) throw invalid('NextToken');
  return after;
}

/** One page in the order of ARNs. A token is the ARN after which the page begins; it gives no right. */
export function pageOf<T>(
  items: readonly T[],
  arnOf: (item: T) => string,
  nextToken: string | undefined,
): { readonly page: readonly T[]; readonly NextToken?: string } {
  const after = readToken(nextToken);
  const rest = items.filter((item) => arnOf(item) > after).sort((a, b) => (arnOf(a) < arnOf(b) ? -1 : 1));
  const page = rest.slice(0, PAGE_MAX);
  return {
    page,
    ...(rest.length > page.length && { NextToken: Buffer.from(arnOf(page.at(-1)!)).toString('base64url') }),
  };
}
