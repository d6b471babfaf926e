import { invalid, type OrganizationsErrorCode, orgError } from './errors.ts';
import { type Member, type Organization, type OwnPolicy, SCP, type Tree, type Unit, type World } from './model.ts';

/** The caller's organization. @throws AwsError AWSOrganizationsNotInUseException */
export function treeOf(world: World, accountId: string): Tree {
  const tree = world.treeOfAccount.get(accountId);
  if (tree) return tree;
  throw orgError('AWSOrganizationsNotInUseException', 'Your account is not a member of an organization.');
}

/** For what only the management account may. @throws AwsError AccessDeniedException too */
export function managedTree(world: World, accountId: string): Tree {
  const tree = treeOf(world, accountId);
  if (tree.organization.managementAccountId === accountId) return tree;
  throw notPermitted();
}

/** For what delegated administrators of any service may too: to look. @throws AwsError as above */
export function readableTree(world: World, accountId: string): Tree {
  const tree = treeOf(world, accountId);
  if (tree.organization.managementAccountId === accountId) return tree;
  if (Object.keys(tree.account.get(accountId)!.delegated).length > 0) return tree;
  throw notPermitted();
}

const notPermitted = () => orgError('AccessDeniedException', "You don't have permissions to access this resource.");

/** @throws AwsError AccountNotFoundException */
export function memberOf(tree: Tree, accountId: string): Member {
  const member = tree.account.get(accountId);
  if (member) return member;
  throw orgError('AccountNotFoundException', "You specified an account that doesn't exist in your organization.");
}

type MissingUnit = Extract<
  OrganizationsErrorCode,
  `${'' | 'Source' | 'Destination'}ParentNotFoundException` | 'OrganizationalUnitNotFoundException'
>;

/** The root or an organizational unit. @throws AwsError by the given name */
export function unitOf(tree: Tree, id: string, missing: MissingUnit = 'ParentNotFoundException'): Unit {
  const unit = tree.unit.get(id);
  if (unit) return unit;
  throw orgError(missing, `You specified a root or organizational unit that doesn't exist: ${id}.`);
}

/** Something that policies are attached to, with its kind. @throws AwsError TargetNotFoundException */
export function targetOf(tree: Tree, id: string): Target {
  const unit = tree.unit.get(id);
  if (unit) return { kind: 'unit', node: unit };
  const member = tree.account.get(id);
  if (member) return { kind: 'account', node: member };
  throw orgError('TargetNotFoundException', "You specified a target that doesn't exist.");
}

export type Target =
  | { readonly kind: 'unit'; readonly node: Unit }
  | { readonly kind: 'account'; readonly node: Member };

/** Every root, unit and account. */
export const targetsIn = (tree: Tree): Target[] => [
  ...[...tree.unit.values()].map((node) => ({ kind: 'unit', node }) as const),
  ...[...tree.account.values()].map((node) => ({ kind: 'account', node }) as const),
];

/** A policy of the organization's own. @throws AwsError PolicyNotFoundException */
export function ownPolicyOf(tree: Tree, id: string): OwnPolicy {
  const policy = tree.policy.get(id);
  if (policy) return policy;
  throw orgError('PolicyNotFoundException', "You specified a policy that doesn't exist.");
}

/** @throws AwsError RootNotFoundException */
export function checkRoot({ organization }: Tree, id: string): void {
  if (organization.rootId !== id) throw orgError('RootNotFoundException', "You specified a root that doesn't exist.");
}

/** @throws AwsError PolicyTypeNotAvailableForOrganizationException for policies of other types, which OpenTrail lacks */
export function checkPolicyType(organization: Organization, type: string): void {
  if (type === SCP && organization.allFeatures) return;
  throw orgError(
    'PolicyTypeNotAvailableForOrganizationException',
    type === SCP
      ? "You can't use the specified policy type with the feature set currently enabled for this organization."
      : `OpenTrail has policies of the type ${SCP} alone.`,
  );
}

/** How far down the root is at 0. */
export function depthOf(tree: Tree, unit: Unit): number {
  return unit.parentId === undefined ? 0 : 1 + depthOf(tree, unitOf(tree, unit.parentId));
}

/** Those that are in it directly. */
export const accountsIn = (tree: Tree, parentId: string): Member[] =>
  [...tree.account.values()].filter((account) => account.parentId === parentId);
export const unitsIn = (tree: Tree, parentId: string): Unit[] =>
  [...tree.unit.values()].filter((unit) => unit.parentId === parentId);

/** @throws AwsError InvalidInputException */
export function refuseManagement({ organization }: Tree, accountId: string): void {
  if (organization.managementAccountId !== accountId) return;
  throw orgError(
    'MasterCannotLeaveOrganizationException',
    "You can't remove a management account from an organization.",
  );
}

/** @throws AwsError InvalidInputException unless it looks like a service's name */
export function checkServicePrincipal(principal: string): void {
  if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\.amazonaws\.com$/.test(principal)) return;
  throw invalid('UNRECOGNIZED_SERVICE_PRINCIPAL', 'You specified an unrecognized service principal.');
}
