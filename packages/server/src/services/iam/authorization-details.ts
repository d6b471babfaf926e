import type * as iam from '@aws-sdk/client-iam';
import { awsManagedPolicies } from '../../access/iam/aws-managed.ts';
import {
  type Group,
  keys,
  type ManagedPolicy,
  type PolicyHolder,
  type Role,
  type User,
} from '../../access/iam/entities.ts';
import type { Handler } from '../../wire/service.ts';
import type { IamDeps } from './deps.ts';
import { attachedOf } from './holders.ts';
import { usageOf } from './managed.ts';
import {
  encodedDocument,
  groupOut,
  instanceProfileOut,
  policyOut,
  tagsOut,
  timeOf,
  userOut,
  wholeRole,
  wholeUser,
} from './output.ts';
import { pageOf } from './pages.ts';

/** One entity of the account, with its place in the list. */
type Detail = { readonly place: string } & (
  | { readonly kind: 'User'; readonly entity: User }
  | { readonly kind: 'Group'; readonly entity: Group }
  | { readonly kind: 'Role'; readonly entity: Role }
  | { readonly kind: 'LocalManagedPolicy' | 'AWSManagedPolicy'; readonly entity: ManagedPolicy }
);

/** All of an account's users, groups, roles and policies, with all that they allow: what auditors ask for first. */
export function createAuthorizationDetailsHandlers({ store }: IamDeps): Record<string, Handler> {
  const { data, lastUsed } = store;

  const inlineOut = ({ inline }: PolicyHolder): iam.PolicyDetail[] =>
    Object.entries(inline).map(([PolicyName, text]) => ({ PolicyName, PolicyDocument: encodedDocument(text) }));

  async function all(accountId: string): Promise<Detail[]> {
    const [users, groups, roles, policies, usage] = await Promise.all([
      data.list(keys.users(accountId)),
      data.list(keys.groups(accountId)),
      data.list(keys.roles(accountId)),
      data.list(keys.policies(accountId)),
      usageOf(data, accountId),
    ]);
    // Of AWS's policies those that are in use, as AWS lists them.
    const used = awsManagedPolicies().filter(({ arn }) => usage(arn).attached + usage(arn).boundary > 0);
    return [
      ...users.map((entity): Detail => ({ place: `1${entity.userName}`, kind: 'User', entity })),
      ...groups.map((entity): Detail => ({ place: `2${entity.groupName}`, kind: 'Group', entity })),
      ...roles.map((entity): Detail => ({ place: `3${entity.roleName}`, kind: 'Role', entity })),
      ...policies.map((entity): Detail => ({ place: `4${entity.policyName}`, kind: 'LocalManagedPolicy', entity })),
      ...used.map((entity): Detail => ({ place: `5${entity.policyName}`, kind: 'AWSManagedPolicy', entity })),
    ];
  }

  async function userDetail(accountId: string, user: User): Promise<iam.UserDetail> {
    const { PermissionsBoundary } = wholeUser(user);
    return {
      ...userOut(user),
      UserPolicyList: inlineOut(user),
      GroupList: [...user.groups],
      AttachedManagedPolicies: await attachedOf(data, accountId, user),
      ...(PermissionsBoundary && { PermissionsBoundary }),
      Tags: tagsOut(user.tags),
    };
  }

  async function roleDetail(accountId: string, role: Role): Promise<iam.RoleDetail> {
    const {
      Description: _d,
      MaxSessionDuration: _m,
      ...out
    } = wholeRole(role, await lastUsed.useOfRole(accountId, role.roleName));
    const profiles = (await data.list(keys.instanceProfiles(accountId))).filter((p) => p.roleName === role.roleName);
    return {
      ...out,
      InstanceProfileList: profiles.map((profile) => instanceProfileOut(profile, role)),
      RolePolicyList: inlineOut(role),
      AttachedManagedPolicies: await attachedOf(data, accountId, role),
      Tags: tagsOut(role.tags),
    };
  }

  return {
    async GetAccountAuthorizationDetails(
      { caller: { accountId }, operation },
      input: iam.GetAccountAuthorizationDetailsRequest,
    ): Promise<iam.GetAccountAuthorizationDetailsResponse> {
      const filter = input.Filter?.length ? new Set<string>(input.Filter) : undefined;
      const details = (await all(accountId)).filter(({ kind }) => !filter || filter.has(kind));
      const { page, end } = pageOf(details, ({ place }) => place, input, [operation, accountId, input.Filter]);
      const usage = await usageOf(data, accountId);
      const out = {
        UserDetailList: [] as iam.UserDetail[],
        GroupDetailList: [] as iam.GroupDetail[],
        RoleDetailList: [] as iam.RoleDetail[],
        Policies: [] as iam.ManagedPolicyDetail[],
      };
      for (const { kind, entity } of page) {
        if (kind === 'User') out.UserDetailList.push(await userDetail(accountId, entity));
        else if (kind === 'Role') out.RoleDetailList.push(await roleDetail(accountId, entity));
        else if (kind === 'Group') {
          out.GroupDetailList.push({
            ...groupOut(entity),
            GroupPolicyList: inlineOut(entity),
            AttachedManagedPolicies: await attachedOf(data, accountId, entity),
          });
        } else {
          const { Tags: _tags, ...policy } = policyOut(entity, usage(entity.arn));
          out.Policies.push({
            ...policy,
            PolicyVersionList: entity.versions.map((version) => ({
              Document: encodedDocument(version.document),
              VersionId: version.id,
              IsDefaultVersion: version.id === entity.defaultVersionId,
              CreateDate: timeOf(version.createdMs),
            })),
          });
        }
      }
      return { ...out, ...end };
    },
  };
}
