import type {
  DeregisterOrganizationDelegatedAdminRequest,
  RegisterOrganizationDelegatedAdminRequest,
} from '@aws-sdk/client-cloudtrail';
import { AwsError } from '../../base/errors.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type { CloudTrailDeps, TrailOrganization } from './deps.ts';

/** AWS's quota. */
const ADMINISTRATORS_MAX = 3;

/**
 * CloudTrail's own door to delegated administrators, for the management account (spec: access §8). Also what Organizations
 * registers for `cloudtrail.amazonaws.com` counts, and the other way round.
 */
export function createOrganizationHandlers({ organizations }: CloudTrailDeps): Record<string, Handler> {
  /** The organization that the caller manages, and CloudTrail has access to. */
  async function managed({ caller }: CallContext): Promise<TrailOrganization> {
    const organization = await organizations?.organizationOf(caller.accountId);
    if (!organization) throw notInUse();
    if (organization.managementAccountId !== caller.accountId) {
      throw new AwsError(
        'NotOrganizationManagementAccountException',
        'The account making the request is not the management account of the organization.',
      );
    }
    checkAccess(organization);
    return organization;
  }

  return {
    RegisterOrganizationDelegatedAdmin: async (context, input: Partial<RegisterOrganizationDelegatedAdminRequest>) => {
      const { managementAccountId, administrators, hasMember } = await managed(context);
      const accountId = accountIn(input.MemberAccountId, 'MemberAccountId');
      if (accountId === managementAccountId) {
        throw new AwsError(
          'CannotDelegateManagementAccountException',
          'The management account of an organization cannot be registered as its CloudTrail delegated administrator.',
        );
      }
      if (!hasMember(accountId)) throw noMember(accountId);
      if (administrators.includes(accountId)) {
        throw new AwsError(
          'AccountRegisteredException',
          `The account ${accountId} is already registered as the CloudTrail delegated administrator.`,
        );
      }
      if (administrators.length >= ADMINISTRATORS_MAX) {
        throw new AwsError(
          'DelegatedAdminAccountLimitExceededException',
          `An organization can have at most ${ADMINISTRATORS_MAX} CloudTrail delegated administrators.`,
        );
      }
      await organizations!.register(managementAccountId, accountId);
      return {};
    },

    DeregisterOrganizationDelegatedAdmin: async (
      context,
      input: Partial<DeregisterOrganizationDelegatedAdminRequest>,
    ) => {
      const { managementAccountId, administrators, hasMember } = await managed(context);
      const accountId = accountIn(input.DelegatedAdminAccountId, 'DelegatedAdminAccountId');
      if (!hasMember(accountId)) throw noMember(accountId);
      if (!administrators.includes(accountId)) {
        throw new AwsError(
          'AccountNotRegisteredException',
          `The account ${accountId} is not registered as the CloudTrail delegated administrator.`,
        );
      }
      await organizations!.deregister(managementAccountId, accountId);
      return {};
    },
  };
}

/**
 * The organization that the caller makes trails for: as its management account, or as CloudTrail's delegated
 * administrator. Their trails belong to the management account (spec: api §4, access §8).
 * @throws AwsError that says what is in the way
 */
export async function administered(
  { organizations }: Pick<CloudTrailDeps, 'organizations'>,
  { caller }: Pick<CallContext, 'caller'>,
): Promise<TrailOrganization> {
  const organization = await organizations?.organizationOf(caller.accountId);
  if (!organization) throw notInUse();
  const { managementAccountId, administrators } = organization;
  if (![managementAccountId, ...administrators].includes(caller.accountId)) {
    throw notAdministrator(
      'Only the management account of an organization and its CloudTrail delegated administrators can make organization trails.',
    );
  }
  checkAccess(organization);
  if (caller.accountId !== managementAccountId && !(await organizations!.hasRole(managementAccountId))) {
    throw new AwsError(
      'NoManagementAccountSLRExistsException',
      `The management account ${managementAccountId} has no service-linked role of CloudTrail.`,
    );
  }
  return organization;
}

export const notAdministrator = (message: string): AwsError =>
  new AwsError('NotOrganizationMasterAccountException', message);

function checkAccess({ allFeatures, isTrusted }: TrailOrganization): void {
  if (!allFeatures) {
    throw new AwsError(
      'OrganizationNotInAllFeaturesModeException',
      'AWS CloudTrail needs an organization that has all features enabled.',
    );
  }
  if (!isTrusted) {
    throw new AwsError(
      'CloudTrailAccessNotEnabledException',
      'Trusted access of CloudTrail is not enabled in the organization. Enable it with EnableAWSServiceAccess for cloudtrail.amazonaws.com.',
    );
  }
}

const notInUse = () =>
  new AwsError('OrganizationsNotInUseException', 'Your account is not a member of an organization.');

const noMember = (accountId: string) =>
  new AwsError('AccountNotFoundException', `The account ${accountId} is not a member of the organization.`);

function accountIn(accountId: string | undefined, name: string): string {
  if (accountId !== undefined && /^\d{12,16}$/.test(accountId)) return accountId;
  throw new AwsError('InvalidParameterException', `${name} must be an account id of 12 digits.`);
}
