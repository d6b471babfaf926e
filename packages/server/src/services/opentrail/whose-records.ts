import type { AccessRequest } from '../../access/authorizer.ts';
import { AwsError } from '../../base/errors.ts';
import type { CallContext } from '../../wire/service.ts';
import { denied, type OpenTrailDeps } from './deps.ts';

type Deps = Pick<OpenTrailDeps, 'operatorAccountId' | 'accounts' | 'organizations'>;

/**
 * The accounts whose records a call is about. The operator account sees all, others see their own; the management account
 * of an organization with trusted access for CloudTrail, and its delegated administrators, see its members' as well.
 * @param asked the one account that was asked for; undefined: all that the caller may see
 * @returns undefined: every account
 * @throws AwsError AccessDeniedException, ValidationException
 */
export async function whoseRecords(
  deps: Deps,
  context: CallContext,
  asked: string | undefined,
): Promise<readonly string[] | undefined> {
  const own = context.caller.accountId;
  if (asked !== undefined && !/^\d{12}$/.test(asked)) {
    throw new AwsError(
      'ValidationException',
      `AccountId must be 12 digits, not ${JSON.stringify(asked.slice(0, 40))}.`,
    );
  }
  if (own === deps.operatorAccountId) return asked === undefined ? undefined : [asked];
  if (asked === own) return [own];
  const isMember = await membersOf(deps, own);
  if (asked === undefined) return isMember ? [own, ...(await deps.accounts.list()).filter(isOther)] : [own];
  if (!isMember?.(asked)) throw denied(context, deps.operatorAccountId);
  return [asked];

  function isOther(id: string): boolean {
    return id !== own && isMember!(id);
  }
}

async function membersOf({ organizations }: Deps, own: string): Promise<((id: string) => boolean) | undefined> {
  const organization = await organizations.organizationOf(own);
  if (!organization?.isTrusted) return undefined;
  const { managementAccountId, administrators } = organization;
  return own === managementAccountId || administrators.includes(own) ? (id) => organization.hasMember(id) : undefined;
}

/** What a policy must allow: a policy that is held to one account by `opentrail:AccountId` gives no call about several. */
export async function permissionToSee(
  deps: Deps,
  context: CallContext,
  asked: string | undefined,
): Promise<readonly AccessRequest[]> {
  const accounts = await whoseRecords(deps, context, asked);
  const only = accounts?.length === 1 ? accounts[0]! : '*';
  return [{ action: `opentrail:${context.operation}`, resource: '*', context: { 'opentrail:AccountId': only } }];
}
