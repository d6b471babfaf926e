import { keys, type Role } from '../../access/iam/entities.ts';
import { newId } from '../../access/iam/new-entities.ts';
import { formerMembers } from '../../trails/members.ts';
import { administratorsOf, createDelegationChanges } from './delegation.ts';
import type { OrganizationsDeps } from './deps.ts';
import { managedTree } from './find.ts';
import type { OrganizationStore } from './store.ts';

const SERVICE = 'cloudtrail.amazonaws.com';

/** What CloudTrail asks of organizations (its `TrailOrganizations`). */
export function organizationsForCloudTrail(deps: OrganizationsDeps, store: OrganizationStore) {
  const changes = createDelegationChanges(deps);
  const change = (operation: string, managementAccountId: string, AccountId: string): Promise<object> =>
    store.change((draft) => {
      const input = { AccountId, ServicePrincipal: SERVICE };
      return changes[operation]!(draft, managedTree(draft.world, managementAccountId), input);
    });

  return {
    async organizationOf(accountId: string) {
      const tree = (await store.read()).treeOfAccount.get(accountId);
      if (!tree) return undefined;
      const { id, managementAccountId, allFeatures, services } = tree.organization;
      return {
        id,
        managementAccountId,
        allFeatures,
        isTrusted: Object.hasOwn(services, SERVICE),
        administrators: administratorsOf(tree, SERVICE).map((member) => member.id),
        hasMember: (memberId: string) => tree.account.has(memberId),
      };
    },
    async register(managementAccountId: string, memberId: string): Promise<void> {
      for (const role of SERVICE_LINKED_ROLES) await makeRole(deps, managementAccountId, role);
      await change('RegisterDelegatedAdministrator', managementAccountId, memberId);
    },
    async deregister(managementAccountId: string, memberId: string): Promise<void> {
      await change('DeregisterDelegatedAdministrator', managementAccountId, memberId);
    },
    hasRole: async (accountId: string) => (await deps.iam.data.get(roleKey(accountId))) !== undefined,
    makeRole: (accountId: string) => makeRole(deps, accountId, TRAIL_ROLE),

    /** Only a few are missing at a time, but for the first: looking costs microseconds an account. */
    async keepRoles(organizationIds: readonly string[]): Promise<void> {
      const { trees, treeOfAccount } = await store.read();
      for (const id of organizationIds) {
        for (const accountId of trees.get(id)?.account.keys() ?? []) await makeRole(deps, accountId, TRAIL_ROLE);
      }
      for (const accountId of await formerMembers(deps.state)) {
        if (!treeOfAccount.has(accountId)) await removeRole(deps, accountId);
      }
    },
  };
}

/** What CloudTrail acts by: both in the management account, the first in all that have an organization trail (spec: access §3). */
const TRAIL_ROLE = {
  service: SERVICE,
  roleName: 'AWSServiceRoleForCloudTrail',
  attached: ['arn:aws:iam::aws:policy/aws-service-role/CloudTrailServiceRolePolicy'],
};
const SERVICE_LINKED_ROLES = [
  TRAIL_ROLE,
  { service: `context.${SERVICE}`, roleName: 'AWSServiceRoleForCloudTrailEventContext', attached: [] },
];

/** One that is there already stays. */
async function makeRole(
  { iam, clock, random }: OrganizationsDeps,
  accountId: string,
  { service, roleName, attached }: (typeof SERVICE_LINKED_ROLES)[number],
): Promise<void> {
  const key = keys.role(accountId, roleName);
  if (await iam.data.get(key)) return;
  const path = `/aws-service-role/${service}/`;
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  };
  await iam.data.change(accountId, async (change) => {
    if (await change.get(key)) return;
    const role: Role = {
      roleName,
      roleId: newId(random, 'role'),
      arn: `arn:aws:iam::${accountId}:role${path}${roleName}`,
      path,
      createdMs: clock.now(),
      trust: JSON.stringify(trust),
      maxSessionSeconds: 3600,
      inline: {},
      attached,
      tags: {},
      linkedTo: service,
    };
    change.put(key, role);
  });
}

const roleKey = (accountId: string) => keys.role(accountId, TRAIL_ROLE.roleName);

async function removeRole({ iam }: OrganizationsDeps, accountId: string): Promise<void> {
  if (!(await iam.data.get(roleKey(accountId)))) return;
  await iam.data.change(accountId, async (change) => {
    change.remove(roleKey(accountId));
    change.remove(keys.roleUse(accountId, TRAIL_ROLE.roleName));
  });
}
