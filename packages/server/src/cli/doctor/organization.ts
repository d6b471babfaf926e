import type { AccountPlace } from '../../access/principal-policies.ts';
import type { Calls } from './calls.ts';

/** What conditions can ask of the organization that a trail is in. */
export type SourcePlace = Pick<AccountPlace, 'organizationId' | 'path'>;

export const NEEDS_ORGANIZATION =
  'it names an organization: you need organizations:DescribeOrganization to see whether it is yours, and for paths ListParents in the management account';

/** AWS allows five levels of organizational units. */
const LEVELS_MAX = 10;

/**
 * The place of a trail's account, as far as a policy asks for it: most do not, and then nobody is asked.
 * @returns undefined outside an organization, or where the policy does not ask; `hidden` when the caller may not see it
 */
export async function placeNamedIn(
  policy: string | undefined,
  calls: Calls,
  trailArn: string,
): Promise<SourcePlace | undefined | 'hidden'> {
  if (!/aws:SourceOrg/i.test(policy ?? '')) return undefined;
  const organizationId = await organizationOf(calls);
  if (organizationId === undefined || organizationId === 'hidden') return organizationId;
  if (!/aws:SourceOrgPaths/i.test(policy ?? '')) return { organizationId, path: '' };
  const above = await parentsOf(calls, trailArn.split(':')[4]!);
  return above === undefined ? 'hidden' : { organizationId, path: `${[organizationId, ...above].join('/')}/` };
}

/** The id of the caller's organization. */
export async function organizationOf(calls: Calls): Promise<string | undefined | 'hidden'> {
  const described = await calls.organizations<{ readonly Organization: { readonly Id: string } }>(
    'DescribeOrganization',
    {},
  );
  if (described.code === 'AWSOrganizationsNotInUseException') return undefined;
  return described.code === undefined ? described.value.Organization.Id : 'hidden';
}

/** From the root down. */
async function parentsOf(calls: Calls, accountId: string): Promise<readonly string[] | undefined> {
  const ids: string[] = [];
  for (let ChildId = accountId; ids.length < LEVELS_MAX; ChildId = ids[0]!) {
    const answer = await calls.organizations<Parents>('ListParents', { ChildId });
    const parent = answer.code === undefined ? answer.value.Parents[0] : undefined;
    if (!parent) return undefined;
    ids.unshift(parent.Id);
    if (parent.Type === 'ROOT') return ids;
  }
  return undefined;
}

interface Parents {
  readonly Parents: readonly { readonly Id: string; readonly Type: string }[];
}
