import type * as iam from '@aws-sdk/client-iam';
import {
  type Group,
  keys,
  type ManagedPolicy,
  type PolicyVersion,
  type Role,
  type User,
} from '../../access/iam/entities.ts';
import { newId } from '../../access/iam/new-entities.ts';
import type { Handler } from '../../wire/service.ts';
import type { IamDeps } from './deps.ts';
import { iamError, noSuch, overQuota } from './errors.ts';
import { allPolicies, findOwnPolicy, findPolicy, usageOf } from './managed.ts';
import { encodedDocument, policyOut, timeOf, wholePolicy } from './output.ts';
import { pageOf } from './pages.ts';
import { checkedDocument } from './policy-documents.ts';
import { withTags } from './tag-rules.ts';

/** IAM's quotas. */
const POLICIES_MAX = 1500;
const VERSIONS_MAX = 5;

const versionOut = (version: PolicyVersion, policy: ManagedPolicy): iam.PolicyVersion => ({
  VersionId: version.id,
  IsDefaultVersion: version.id === policy.defaultVersionId,
  CreateDate: timeOf(version.createdMs),
});

function findVersion(policy: ManagedPolicy, id: string): PolicyVersion {
  const version = policy.versions.find((v) => v.id === id);
  if (version) return version;
  throw noSuch(`Policy ${policy.arn} version ${id} does not exist or is not attachable.`);
}

export function createPolicyHandlers({ store: { data }, clock, random }: IamDeps): Record<string, Handler> {
  return {
    async CreatePolicy({ caller: { accountId } }, input: iam.CreatePolicyRequest): Promise<iam.CreatePolicyResponse> {
      const policyName = input.PolicyName!;
      const path = input.Path ?? '/';
      const createdMs = clock.now();
      const policy: ManagedPolicy = {
        policyName,
        policyId: newId(random, 'policy'),
        arn: `arn:aws:iam::${accountId}:policy${path}${policyName}`,
        path,
        createdMs,
        updatedMs: createdMs,
        defaultVersionId: 'v1',
        lastVersion: 1,
        versions: [{ id: 'v1', document: checkedDocument(input.PolicyDocument!, 'managed'), createdMs }],
        tags: withTags({}, input.Tags),
        ...(input.Description !== undefined && { description: input.Description }),
      };
      await data.change(accountId, async (change) => {
        if (await change.get(keys.policy(accountId, policyName))) {
          throw iamError(
            'EntityAlreadyExists',
            `A policy called ${policyName} already exists. Duplicate names are not allowed.`,
          );
        }
        if ((await change.list(keys.policies(accountId))).length >= POLICIES_MAX) {
          throw overQuota('PoliciesPerAccount', POLICIES_MAX);
        }
        change.put(keys.policy(accountId, policyName), policy);
      });
      const { Description: _kept, ...Policy } = wholePolicy(policy, { attached: 0, boundary: 0 });
      return { Policy };
    },

    async GetPolicy({ caller: { accountId } }, input: iam.GetPolicyRequest): Promise<iam.GetPolicyResponse> {
      const policy = await findPolicy(data, accountId, input.PolicyArn!);
      return { Policy: wholePolicy(policy, (await usageOf(data, accountId))(policy.arn)) };
    },

    async ListPolicies(
      { caller: { accountId }, operation },
      input: iam.ListPoliciesRequest,
    ): Promise<iam.ListPoliciesResponse> {
      const { Scope, OnlyAttached, PathPrefix = '/', PolicyUsageFilter } = input;
      const usage = await usageOf(data, accountId);
      const isUsed = (arn: string) => {
        const { attached, boundary } = usage(arn);
        const counts = { PermissionsPolicy: attached, PermissionsBoundary: boundary };
        return (PolicyUsageFilter ? counts[PolicyUsageFilter] : attached) > 0;
      };
      const policies = (await allPolicies(data, accountId, Scope)).filter(
        ({ arn, path }) => path.startsWith(PathPrefix) && (!(OnlyAttached || PolicyUsageFilter) || isUsed(arn)),
      );
      const listed = [operation, accountId, Scope, OnlyAttached, PathPrefix, PolicyUsageFilter];
      const { page, end } = pageOf(policies, ({ arn }) => arn, input, listed);
      return { Policies: page.map((policy) => policyOut(policy, usage(policy.arn))), ...end };
    },

    async DeletePolicy({ caller: { accountId } }, input: iam.DeletePolicyRequest) {
      await data.change(accountId, async (change) => {
        const policy = await findOwnPolicy(change, accountId, input.PolicyArn!);
        const { attached, boundary } = (await usageOf(change, accountId))(policy.arn);
        if (attached + boundary > 0) throw iamError('DeleteConflict', 'Cannot delete a policy attached to entities.');
        if (policy.versions.length > 1) {
          throw iamError(
            'DeleteConflict',
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
          );
        }
        change.remove(keys.policy(accountId, policy.policyName));
      });
      return {};
    },

    async CreatePolicyVersion(
      { caller: { accountId } },
      input: iam.CreatePolicyVersionRequest,
    ): Promise<iam.CreatePolicyVersionResponse> {
      const document = checkedDocument(input.PolicyDocument!, 'managed');
      return data.change(accountId, async (change) => {
        const policy = await findOwnPolicy(change, accountId, input.PolicyArn!);
        if (policy.versions.length >= VERSIONS_MAX) {
          throw iamError(
            'LimitExceeded',
            `A managed policy can have up to ${VERSIONS_MAX} versions. Before you create a new version, you must delete an existing version.`,
          );
        }
        const createdMs = clock.now();
        const lastVersion = policy.lastVersion + 1;
        const version = { id: `v${lastVersion}`, document, createdMs };
        const changed: ManagedPolicy = {
          ...policy,
          lastVersion,
          updatedMs: createdMs,
          versions: [...policy.versions, version],
          ...(input.SetAsDefault && { defaultVersionId: version.id }),
        };
        change.put(keys.policy(accountId, policy.policyName), changed);
        return { PolicyVersion: versionOut(version, changed) };
      });
    },

    async GetPolicyVersion(
      { caller: { accountId } },
      input: iam.GetPolicyVersionRequest,
    ): Promise<iam.GetPolicyVersionResponse> {
      const policy = await findPolicy(data, accountId, input.PolicyArn!);
      const version = findVersion(policy, input.VersionId!);
      return { PolicyVersion: { Document: encodedDocument(version.document), ...versionOut(version, policy) } };
    },

    /** The newest first, as IAM lists them. */
    async ListPolicyVersions(
      { caller: { accountId }, operation },
      input: iam.ListPolicyVersionsRequest,
    ): Promise<iam.ListPolicyVersionsResponse> {
      const policy = await findPolicy(data, accountId, input.PolicyArn!);
      const newestFirst = (version: PolicyVersion) => String(1e9 - Number(version.id.slice(1))).padStart(10, '0');
      const { page, end } = pageOf(policy.versions, newestFirst, input, [operation, policy.arn]);
      return { Versions: page.map((version) => versionOut(version, policy)), ...end };
    },

    async SetDefaultPolicyVersion({ caller: { accountId } }, input: iam.SetDefaultPolicyVersionRequest) {
      await data.change(accountId, async (change) => {
        const policy = await findOwnPolicy(change, accountId, input.PolicyArn!);
        const { id } = findVersion(policy, input.VersionId!);
        const updatedMs = clock.now();
        change.put(keys.policy(accountId, policy.policyName), { ...policy, defaultVersionId: id, updatedMs });
      });
      return {};
    },

    async DeletePolicyVersion({ caller: { accountId } }, input: iam.DeletePolicyVersionRequest) {
      await data.change(accountId, async (change) => {
        const policy = await findOwnPolicy(change, accountId, input.PolicyArn!);
        const { id } = findVersion(policy, input.VersionId!);
        if (id === policy.defaultVersionId) {
          throw iamError('DeleteConflict', 'Cannot delete the default version of a policy.');
        }
        const versions = policy.versions.filter((version) => version.id !== id);
        change.put(keys.policy(accountId, policy.policyName), { ...policy, versions, updatedMs: clock.now() });
      });
      return {};
    },

    async ListEntitiesForPolicy(
      { caller: { accountId }, operation },
      input: iam.ListEntitiesForPolicyRequest,
    ): Promise<iam.ListEntitiesForPolicyResponse> {
      const { arn } = await findPolicy(data, accountId, input.PolicyArn!);
      const { EntityFilter, PathPrefix = '/', PolicyUsageFilter } = input;
      const [users, groups, roles] = await Promise.all([
        data.list(keys.users(accountId)),
        data.list(keys.groups(accountId)),
        data.list(keys.roles(accountId)),
      ]);
      const uses = ({ attached, boundary, path }: User | Group | Role) =>
        path.startsWith(PathPrefix) &&
        ((PolicyUsageFilter !== 'PermissionsBoundary' && attached.includes(arn)) ||
          (PolicyUsageFilter !== 'PermissionsPolicy' && boundary === arn));
      const all = [...groups, ...users, ...roles]
        .filter(uses)
        .filter((e) => !EntityFilter || kindOf(e) === EntityFilter);
      const listed = [operation, accountId, arn, EntityFilter, PathPrefix, PolicyUsageFilter];
      const { page, end } = pageOf(all, (entity) => entity.arn, input, listed);
      return {
        PolicyGroups: page
          .filter((e) => 'groupId' in e)
          .map(({ groupName, groupId }) => ({ GroupName: groupName, GroupId: groupId })),
        PolicyUsers: page
          .filter((e) => 'userId' in e)
          .map(({ userName, userId }) => ({ UserName: userName, UserId: userId })),
        PolicyRoles: page
          .filter((e) => 'roleId' in e)
          .map(({ roleName, roleId }) => ({ RoleName: roleName, RoleId: roleId })),
        ...end,
      };
    },
  };
}

const kindOf = (entity: User | Group | Role): string =>
  'userId' in entity ? 'User' : 'groupId' in entity ? 'Group' : 'Role';
