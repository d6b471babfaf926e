import type * as iam from '@aws-sdk/client-iam';
import { keys, type Role } from '../../access/iam/entities.ts';
import type { IamReader } from '../../access/iam/iam-data.ts';
import { newId } from '../../access/iam/new-entities.ts';
import type { Handler } from '../../wire/service.ts';
import type { IamDeps } from './deps.ts';
import { iamError, overQuota } from './errors.ts';
import { findOwnRole, findRole } from './find.ts';
import { requireBoundary } from './managed.ts';
import { roleOut, wholeRole } from './output.ts';
import { pageOf } from './pages.ts';
import { checkedTrust } from './policy-documents.ts';
import { withTags } from './tag-rules.ts';
import { retargetTrust } from './trusting.ts';

/** IAM's quota. */
export const ROLES_MAX = 1000;
/** Where the request does not say. */
const SESSION_SECONDS_USUAL = 3600;
/** Of roles that services make for themselves. */
export const SERVICE_ROLE_PATH = '/aws-service-role/';

export const roleArn = (accountId: string, path: string, name: string): string =>
  `arn:aws:iam::${accountId}:role${path}${name}`;

export function createRoleHandlers({ store, clock, random }: IamDeps): Record<string, Handler> {
  const { data, lastUsed } = store;

  /** Changes a role that is not a service's own. */
  async function update(accountId: string, name: string, change: (role: Role) => Role): Promise<Role> {
    return data.change(accountId, async (changes) => {
      const role = change(await findOwnRole(changes, accountId, name));
      changes.put(keys.role(accountId, name), role);
      return role;
    });
  }

  return {
    async CreateRole({ caller: { accountId } }, input: iam.CreateRoleRequest): Promise<iam.CreateRoleResponse> {
      const roleName = input.RoleName!;
      const path = input.Path ?? '/';
      if (path.startsWith(SERVICE_ROLE_PATH)) {
        throw iamError('InvalidInput', `Roles in ${SERVICE_ROLE_PATH} are made with CreateServiceLinkedRole only.`);
      }
      const boundary = input.PermissionsBoundary;
      const roleId = newId(random, 'role');
      const tags = withTags({}, input.Tags);
      const role = await data.change(accountId, async (change) => {
        if (await change.get(keys.role(accountId, roleName))) {
          throw iamError('EntityAlreadyExists', `Role with name ${roleName} already exists.`);
        }
        if ((await change.list(keys.roles(accountId))).length >= ROLES_MAX) {
          throw overQuota('RolesPerAccount', ROLES_MAX);
        }
        await requireBoundary(change, accountId, boundary);
        const made: Role = {
          roleName,
          roleId,
          arn: roleArn(accountId, path, roleName),
          path,
          createdMs: clock.now(),
          trust: await checkedTrust(change, input.AssumeRolePolicyDocument!),
          maxSessionSeconds: input.MaxSessionDuration ?? SESSION_SECONDS_USUAL,
          inline: {},
          attached: [],
          tags,
          ...(input.Description !== undefined && { description: input.Description }),
          ...(boundary !== undefined && { boundary }),
        };
        change.put(keys.role(accountId, roleName), made);
        return made;
      });
      const { RoleLastUsed: _never, ...Role } = wholeRole(role);
      return { Role };
    },

    async GetRole({ caller: { accountId } }, input: iam.GetRoleRequest): Promise<iam.GetRoleResponse> {
      const role = await findRole(data, accountId, input.RoleName!);
      return { Role: wholeRole(role, await lastUsed.useOfRole(accountId, role.roleName)) };
    },

    async ListRoles({ caller: { accountId }, operation }, input: iam.ListRolesRequest): Promise<iam.ListRolesResponse> {
      const prefix = input.PathPrefix ?? '/';
      const roles = (await data.list(keys.roles(accountId))).filter(({ path }) => path.startsWith(prefix));
      const { page, end } = pageOf(roles, ({ roleName }) => roleName, input, [operation, accountId, prefix]);
      return { Roles: page.map(roleOut), ...end };
    },

    async UpdateRole({ caller: { accountId } }, input: iam.UpdateRoleRequest) {
      await update(accountId, input.RoleName!, (role) => ({
        ...role,
        ...(input.Description !== undefined && { description: input.Description }),
        ...(input.MaxSessionDuration !== undefined && { maxSessionSeconds: input.MaxSessionDuration }),
      }));
      return {};
    },

    async UpdateRoleDescription(
      { caller: { accountId } },
      input: iam.UpdateRoleDescriptionRequest,
    ): Promise<iam.UpdateRoleDescriptionResponse> {
      const description = input.Description!;
      return { Role: roleOut(await update(accountId, input.RoleName!, (role) => ({ ...role, description }))) };
    },

    async UpdateAssumeRolePolicy({ caller: { accountId } }, input: iam.UpdateAssumeRolePolicyRequest) {
      await data.change(accountId, async (change) => {
        const role = await findOwnRole(change, accountId, input.RoleName!);
        const trust = await checkedTrust(change, input.PolicyDocument!);
        change.put(keys.role(accountId, role.roleName), { ...role, trust });
      });
      return {};
    },

    async DeleteRole({ caller: { accountId } }, input: iam.DeleteRoleRequest) {
      const { arn, roleId } = await requireDeletable(data, accountId, input.RoleName!);
      await retargetTrust(data, arn, roleId);
      await data.change(accountId, async (change) => {
        const { roleName } = await requireDeletable(change, accountId, input.RoleName!);
        change.remove(keys.role(accountId, roleName));
        change.remove(keys.roleUse(accountId, roleName));
      });
      return {};
    },
  };
}

/** @throws AwsError DeleteConflict naming what stands in the way */
async function requireDeletable(reader: IamReader, accountId: string, name: string): Promise<Role> {
  const role = await findOwnRole(reader, accountId, name);
  const profiles = await reader.list(keys.instanceProfiles(accountId));
  const first = [
    [profiles.some(({ roleName }) => roleName === role.roleName), 'must remove roles from instance profile first.'],
    [role.attached.length > 0, 'must detach all policies first.'],
    [Object.keys(role.inline).length > 0, 'must delete policies first.'],
  ].find(([stands]) => stands);
  if (first) throw iamError('DeleteConflict', `Cannot delete entity, ${first[1]}`);
  return role;
}
