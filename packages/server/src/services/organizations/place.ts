import { identityPolicy } from '../../access/iam/documents.ts';
import type { Policy } from '../../access/policy.ts';
import type { AccountPlace, OrganizationSource } from '../../access/principal-policies.ts';
import { assert } from '../../base/errors.ts';
import type { Tree, World } from './model.ts';
import { lineOf, pathOf } from './output.ts';
import { policyOf } from './policies.ts';
import type { OrganizationStore } from './store.ts';

/** What the evaluator asks of organizations. Places are worked out once a world. */
export function createOrganizationSource(store: Pick<OrganizationStore, 'read'>): OrganizationSource {
  const places = new WeakMap<World, Map<string, AccountPlace>>();
  return {
    async placeOf(accountId) {
      const world = await store.read();
      const tree = world.treeOfAccount.get(accountId);
      if (!tree) return undefined;
      const known = places.get(world) ?? new Map<string, AccountPlace>();
      places.set(world, known);
      const place = known.get(accountId) ?? placeIn(tree, accountId);
      known.set(accountId, place);
      return place;
    },
  };
}

/**
 * An account with the policies of every level above it and its own. The management account is not limited
 * (Organizations user guide, "Service control policies").
 */
function placeIn(tree: Tree, accountId: string): AccountPlace {
  const { organization } = tree;
  const member = tree.account.get(accountId)!;
  const levels = [...lineOf(tree, member.parentId), member];
  const limited = organization.scpEnabled && accountId !== organization.managementAccountId;
  return {
    organizationId: organization.id,
    path: pathOf(tree, member.parentId),
    managementAccountId: organization.managementAccountId,
    serviceControl: limited ? levels.map(({ policies }) => policies.map((id) => documentOf(tree, id))) : [],
  };
}

function documentOf(tree: Tree, policyId: string): Policy {
  const read = identityPolicy(policyOf(tree, policyId).content);
  assert('policy' in read, `the policy ${policyId} was checked when it was set`);
  return read.policy;
}
