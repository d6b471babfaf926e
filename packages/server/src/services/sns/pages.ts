import { invalid } from './errors.ts';

/** AWS's, for all lists. */
const PAGE_MAX = 100;

/** One page in the order of ARNs. A token is the ARN after which the page begins; it gives no right. */
export function pageOf<T>(
  items: readonly T[],
  arnOf: (item: T) => string,
  nextToken: string | undefined,
): { readonly page: readonly T[]; readonly NextToken?: string } {
  const after = nextToken === undefined || nextToken === '' ? '' : Buffer.from(nextToken, 'base64url').toString();
  if (after !== '' && !after.startsWith('arn:aws:sns:')) throw invalid('NextToken');
  const rest = items.filter((item) => arnOf(item) > after).sort((a, b) => (arnOf(a) < arnOf(b) ? -1 : 1));
  const page = rest.slice(0, PAGE_MAX);
  return {
    page,
    ...(rest.length > page.length && { NextToken: Buffer.from(arnOf(page.at(-1)!)).toString('base64url') }),
  };
}
