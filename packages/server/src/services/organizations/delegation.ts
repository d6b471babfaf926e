import type { Change, OrganizationsDeps, Read } from './deps.ts';
import { constraint, orgError } from './errors.ts';
import { checkServicePrincipal, memberOf } from './find.ts';
import { arns, type Member, type Tree } from './model.ts';
import { requireAllFeatures, without } from './organization.ts';
import { accountOutput } from './output.ts';
import { type PageRequest, pageOf } from './pages.ts';

interface DelegationRequest {
  readonly AccountId: string;
  readonly ServicePrincipal: string;
}

/** CloudTrail takes three; other services set limits of their own, which nothing here could know. */
const ADMINISTRATORS_MAX: Readonly<Record<string, number>> = { 'cloudtrail.amazonaws.com': 3 };

export const delegationReads: Readonly<Record<string, Read>> = {
  ListDelegatedAdministrators: (tree, input: PageRequest & { readonly ServicePrincipal?: string }) => {
    const { ServicePrincipal: service } = input;
    const wanted = [...tree.account.values()].filter(({ delegated }) =>
      service === undefined ? Object.keys(delegated).length > 0 : Object.hasOwn(delegated, service),
    );
    const { page, ...rest } = pageOf(wanted, ({ id }) => id, input, ['administrators', service]);
    return {
      DelegatedAdministrators: page.map((member) => {
        const { Paths: _paths, ...account } = accountOutput(tree, member);
        const sinceMs =
          service === undefined ? Math.min(...Object.values(member.delegated)) : member.delegated[service]!;
        return { ...account, DelegationEnabledDate: new Date(sinceMs) };
      }),
      ...rest,
    };
  },

  ListDelegatedServicesForAccount: (tree, input: PageRequest & Pick<DelegationRequest, 'AccountId'>) => {
    const { delegated, id } = memberOf(tree, input.AccountId);
    if (Object.keys(delegated).length === 0) throw notRegistered(tree, id);
    const { page, ...rest } = pageOf(Object.entries(delegated), ([name]) => name, input, ['services', id]);
    return {
      DelegatedServices: page.map(([ServicePrincipal, sinceMs]) => ({
        ServicePrincipal,
        DelegationEnabledDate: new Date(sinceMs),
      })),
      ...rest,
    };
  },
};

export const createDelegationChanges = ({ clock }: OrganizationsDeps): Readonly<Record<string, Change>> => ({
  RegisterDelegatedAdministrator: (draft, tree, { AccountId, ServicePrincipal: service }: DelegationRequest) => {
    requireAllFeatures(tree);
    checkServicePrincipal(service);
    const member = memberOf(tree, AccountId);
    if (AccountId === tree.organization.managementAccountId) {
      throw constraint(
        'CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR',
        'You attempted to register the management account of the organization as a delegated administrator for an AWS service integrated with Organizations. You can designate only a member account as a delegated administrator.',
      );
    }
    if (!Object.hasOwn(tree.organization.services, service)) {
      throw constraint(
        'SERVICE_ACCESS_NOT_ENABLED',
        'You attempted to register a delegated administrator before you enabled service access. Call the EnableAWSServiceAccess API first.',
      );
    }
    if (Object.hasOwn(member.delegated, service)) {
      throw orgError(
        'AccountAlreadyRegisteredException',
        'The specified account is already a delegated administrator for this AWS service.',
      );
    }
    if (administratorsOf(tree, service).length >= (ADMINISTRATORS_MAX[service] ?? Number.POSITIVE_INFINITY)) {
      throw constraint(
        'MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED',
        'You attempted to register more delegated administrators than allowed for the service principal.',
      );
    }
    const delegated = { ...member.delegated, [service]: clock.now() };
    draft.put(tree.organization.id, 'account', { ...member, delegated });
    return {};
  },

  DeregisterDelegatedAdministrator: (draft, tree, { AccountId, ServicePrincipal: service }: DelegationRequest) => {
    requireAllFeatures(tree);
    const member = memberOf(tree, AccountId);
    if (!Object.hasOwn(member.delegated, service)) throw notRegistered(tree, AccountId);
    draft.put(tree.organization.id, 'account', { ...member, delegated: without(member.delegated, service) });
    return {};
  },
});

export const administratorsOf = (tree: Tree, service: string): Member[] =>
  [...tree.account.values()].filter(({ delegated }) => Object.hasOwn(delegated, service));

const notRegistered = ({ organization }: Tree, id: string) =>
  orgError(
    'AccountNotRegisteredException',
    `The account ${arns.account(organization, id)} is not a registered delegated administrator for the service.`,
  );
