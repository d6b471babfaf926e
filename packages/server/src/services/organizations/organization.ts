import type { Handler } from '../../wire/service.ts';
import type { Change, OrganizationsDeps, Read } from './deps.ts';
import { constraint, orgError } from './errors.ts';
import { checkPolicyType, checkRoot, checkServicePrincipal, managedTree, targetsIn, treeOf } from './find.ts';
import { FULL_AWS_ACCESS, type Kinds, type Member, newIds, profileOf, type Tree, type Unit } from './model.ts';
import { organizationOutput, rootOutput } from './output.ts';
import { type PageRequest, pageOf } from './pages.ts';
import type { Draft, OrganizationStore } from './store.ts';

/** The organization itself: all accounts may ask which one they are in. */
export function createOrganizationHandlers(
  { clock, random }: OrganizationsDeps,
  store: OrganizationStore,
): Record<string, Handler> {
  return {
    CreateOrganization: ({ caller }, { FeatureSet = 'ALL' }: { readonly FeatureSet?: string }) =>
      store.change((draft) => {
        const accountId = caller.accountId;
        if (draft.world.treeOfAccount.has(accountId)) {
          throw orgError('AlreadyInOrganizationException', 'The AWS account is already a member of an organization.');
        }
        const allFeatures = FeatureSet === 'ALL';
        const rootId = newIds.root(random);
        const organization = {
          id: newIds.organization(random),
          managementAccountId: accountId,
          rootId,
          allFeatures,
          scpEnabled: false, // AWS's API reference says otherwise; Terraform's provider, which AWS serves, enables it next
          services: {},
          createdMs: clock.now(),
        };
        const root: Unit = { id: rootId, name: 'Root', policies: [], tags: {} };
        const manager: Member = {
          ...profileOf(draft.world, accountId),
          parentId: rootId,
          method: 'INVITED',
          joinedMs: clock.now(),
          delegated: {},
          policies: [],
          tags: {},
        };
        draft.put(organization.id, 'organization', organization);
        draft.put(organization.id, 'unit', root);
        draft.put(organization.id, 'account', manager);
        return { Organization: organizationOutput({ organization, account: new Map([[accountId, manager]]) }) };
      }),

    DescribeOrganization: async ({ caller }) => ({
      Organization: organizationOutput(treeOf(await store.read(), caller.accountId)),
    }),

    DeleteOrganization: ({ caller }) =>
      store.change((draft) => {
        const tree = managedTree(draft.world, caller.accountId);
        const isMaking = [...tree.creation.values()].some(({ state }) => state === 'IN_PROGRESS');
        if (tree.account.size > 1 || isMaking) {
          throw orgError(
            'OrganizationNotEmptyException',
            "The organization isn't empty. To delete an organization, you must first remove all accounts except the management account.",
          );
        }
        const { id } = tree.organization;
        for (const kind of ['unit', 'account', 'policy', 'handshake', 'creation'] satisfies (keyof Kinds)[]) {
          for (const key of tree[kind].keys()) draft.remove(id, kind, key);
        }
        draft.remove(id, 'organization', id);
        return {};
      }),
  };
}

export const organizationReads: Readonly<Record<string, Read>> = {
  ListRoots: (tree) => ({ Roots: [rootOutput(tree)] }),

  ListAWSServiceAccessForOrganization: ({ organization }, input: PageRequest) => {
    const services = Object.entries(organization.services);
    const { page, ...rest } = pageOf(services, ([name]) => name, input, ['services']);
    return {
      EnabledServicePrincipals: page.map(([ServicePrincipal, sinceMs]) => ({
        ServicePrincipal,
        DateEnabled: new Date(sinceMs),
      })),
      ...rest,
    };
  },
};

export const createOrganizationChanges = ({ clock }: OrganizationsDeps): Readonly<Record<string, Change>> => ({
  EnableAWSServiceAccess: (draft, tree, { ServicePrincipal }: { readonly ServicePrincipal: string }) => {
    const { organization } = tree;
    requireAllFeatures(tree);
    checkServicePrincipal(ServicePrincipal);
    if (Object.hasOwn(organization.services, ServicePrincipal)) return {};
    const services = { ...organization.services, [ServicePrincipal]: clock.now() };
    draft.put(organization.id, 'organization', { ...organization, services });
    return {};
  },

  /** Nobody administers a service that has no access any more. */
  DisableAWSServiceAccess: (draft, tree, { ServicePrincipal }: { readonly ServicePrincipal: string }) => {
    const { organization } = tree;
    requireAllFeatures(tree);
    checkServicePrincipal(ServicePrincipal);
    const services = without(organization.services, ServicePrincipal);
    draft.put(organization.id, 'organization', { ...organization, services });
    for (const member of tree.account.values()) {
      if (!Object.hasOwn(member.delegated, ServicePrincipal)) continue;
      draft.put(organization.id, 'account', { ...member, delegated: without(member.delegated, ServicePrincipal) });
    }
    return {};
  },

  EnablePolicyType: (draft, tree, input: { readonly RootId: string; readonly PolicyType: string }) => {
    checkRoot(tree, input.RootId);
    checkPolicyType(tree.organization, input.PolicyType);
    if (tree.organization.scpEnabled) {
      throw orgError('PolicyTypeAlreadyEnabledException', 'The specified policy type is already enabled.');
    }
    return setScpEnabled(draft, tree, true);
  },

  /** All attachments are lost; enabled again, everything is allowed again. */
  DisablePolicyType: (draft, tree, input: { readonly RootId: string; readonly PolicyType: string }) => {
    checkRoot(tree, input.RootId);
    checkPolicyType(tree.organization, input.PolicyType);
    requireScp(tree);
    return setScpEnabled(draft, tree, false);
  },
});

export const without = <T>(of: Readonly<Record<string, T>>, key: string): Record<string, T> => {
  const { [key]: _gone, ...rest } = of;
  return rest;
};

function setScpEnabled(draft: Draft, tree: Tree, scpEnabled: boolean): object {
  const { id } = tree.organization;
  const organization = { ...tree.organization, scpEnabled };
  const policies = scpEnabled ? [FULL_AWS_ACCESS] : [];
  draft.put(id, 'organization', organization);
  for (const { kind, node } of targetsIn(tree)) {
    if (kind === 'unit') draft.put(id, kind, { ...node, policies });
    else draft.put(id, kind, { ...node, policies });
  }
  return { Root: rootOutput({ organization }) };
}

/** @throws AwsError ConstraintViolationException */
export function requireAllFeatures({ organization }: Tree): void {
  if (organization.allFeatures) return;
  throw constraint(
    'ORGANIZATION_NOT_IN_ALL_FEATURES_MODE',
    'You attempted to perform an operation that requires the organization to be configured to support all features.',
  );
}

/** @throws AwsError PolicyTypeNotEnabledException */
export function requireScp({ organization }: Tree): void {
  if (organization.scpEnabled) return;
  throw orgError('PolicyTypeNotEnabledException', 'This operation can be performed only for enabled policy types.');
}
