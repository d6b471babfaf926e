import type { AccessRequest } from '../../access/authorizer.ts';
import { requestTagContext, tagContext } from '../../access/context.ts';
import type { Permission, PermissionTable } from '../../wire/service.ts';
import { arns, SCP, type Tree } from './model.ts';
import type { OrganizationStore } from './store.ts';
import type { Tag } from './tag-rules.ts';
import { tagsOfResource } from './tags.ts';

/**
 * What each operation must be allowed to do (service authorization reference for Organizations). Whether the account may
 * do so at all, as management account or delegated administrator, is not a matter of policies: `find.ts`.
 */
export function organizationsPermissions(store: Pick<OrganizationStore, 'read'>): PermissionTable {
  /** On a resource by its id; of a caller without an organization on anything. */
  const on =
    (operation: string, member: string, context: (input: Input) => Context = () => ({})): Permission =>
    async ({ caller }, input) => {
      const tree = (await store.read()).treeOfAccount.get(caller.accountId);
      const id = String(input[member]);
      return [
        {
          action: `organizations:${operation}`,
          resource: tree ? arnOf(tree, id) : '*',
          context: { ...(tree && tagContext('aws:ResourceTag', tagsOfResource(tree, id))), ...context(input) },
        },
      ];
    };
  const onAll = (operations: readonly string[], member: string, context?: (input: Input) => Context): PermissionTable =>
    Object.fromEntries(operations.map((operation) => [operation, on(operation, member, context)]));

  return {
    ...everywhere([
      ...['CreateOrganization', 'DescribeOrganization', 'DeleteOrganization', 'LeaveOrganization', 'ListRoots'],
      ...['ListAccounts', 'ListCreateAccountStatus', 'DescribeCreateAccountStatus', 'ListHandshakesForAccount'],
      ...['ListHandshakesForOrganization', 'ListAWSServiceAccessForOrganization'],
    ]),
    ...everywhere(['CreateAccount', 'CreatePolicy', 'ListPolicies'], (input) => ({
      ...typed(input),
      ...tagging(input),
    })),
    ...everywhere(['EnableAWSServiceAccess', 'DisableAWSServiceAccess', 'ListDelegatedAdministrators'], ofService),
    ...onAll(['RegisterDelegatedAdministrator', 'DeregisterDelegatedAdministrator'], 'AccountId', ofService),
    ...onAll(['DescribeAccount', 'RemoveAccountFromOrganization', 'ListDelegatedServicesForAccount'], 'AccountId'),
    ...onAll(['DescribeOrganizationalUnit', 'UpdateOrganizationalUnit'], 'OrganizationalUnitId'),
    DeleteOrganizationalUnit: on('DeleteOrganizationalUnit', 'OrganizationalUnitId'),
    CreateOrganizationalUnit: on('CreateOrganizationalUnit', 'ParentId', tagging),
    ...onAll(['ListOrganizationalUnitsForParent', 'ListAccountsForParent', 'ListChildren'], 'ParentId'),
    ListParents: on('ListParents', 'ChildId'),
    MoveAccount: async (context, input) => {
      const targets = ['AccountId', 'SourceParentId', 'DestinationParentId'];
      return (await Promise.all(targets.map((member) => on('MoveAccount', member)(context, input)))).flat();
    },
    ...onAll(['EnablePolicyType', 'DisablePolicyType'], 'RootId', typed),
    ...onAll(['DescribePolicy', 'UpdatePolicy', 'DeletePolicy', 'ListTargetsForPolicy'], 'PolicyId', ofScp),
    ListPoliciesForTarget: on('ListPoliciesForTarget', 'TargetId', typed),
    ...Object.fromEntries(
      ['AttachPolicy', 'DetachPolicy'].map((operation): [string, Permission] => [
        operation,
        async (context, input) => {
          const members = ['PolicyId', 'TargetId'];
          return (await Promise.all(members.map((member) => on(operation, member, ofScp)(context, input)))).flat();
        },
      ]),
    ),
    ...onAll(['TagResource', 'UntagResource', 'ListTagsForResource'], 'ResourceId', tagging),
    InviteAccountToOrganization: async ({ caller }, input) => {
      const tree = (await store.read()).treeOfAccount.get(caller.accountId);
      const { Id, Type } = input.Target;
      const resource = tree && Type === 'ACCOUNT' ? arns.account(tree.organization, Id) : '*';
      return [{ action: 'organizations:InviteAccountToOrganization', resource, context: tagging(input) }];
    },
    ...Object.fromEntries(
      ['AcceptHandshake', 'CancelHandshake', 'DeclineHandshake', 'DescribeHandshake'].map(
        (operation): [string, Permission] => [
          operation,
          async (_context, { HandshakeId }) => {
            const trees = [...(await store.read()).trees.values()];
            const sender = trees.find(({ handshake }) => handshake.has(HandshakeId));
            const resource = sender ? arns.handshake(sender.organization, HandshakeId) : '*';
            return [{ action: `organizations:${operation}`, resource }];
          },
        ],
      ),
    ),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: inputs of many operations
type Input = any;
type Context = NonNullable<AccessRequest['context']>;

const everywhere = (operations: readonly string[], context: (input: Input) => Context = () => ({})): PermissionTable =>
  Object.fromEntries(
    operations.map((operation): [string, Permission] => [
      operation,
      (_context, input) => [{ action: `organizations:${operation}`, resource: '*', context: context(input) }],
    ]),
  );

const arnOf = ({ organization }: Tree, id: string): string =>
  id.startsWith('p-') ? arns.policy(organization, id) : arns.target(organization, id);

const ofScp = (): Context => ({ 'organizations:PolicyType': SCP });

const typed = ({ PolicyType, Type, Filter }: Input): Context => {
  const type = PolicyType ?? Type ?? Filter;
  return typeof type === 'string' ? { 'organizations:PolicyType': type } : {};
};

const ofService = ({ ServicePrincipal }: Input): Context =>
  ServicePrincipal === undefined ? {} : { 'organizations:ServicePrincipal': ServicePrincipal };

function tagging({ Tags, TagKeys }: { readonly Tags?: readonly Tag[]; readonly TagKeys?: readonly string[] }): Context {
  if (TagKeys) return { 'aws:TagKeys': TagKeys };
  return requestTagContext(Object.fromEntries((Tags ?? []).map(({ Key, Value }) => [Key, Value])));
}
