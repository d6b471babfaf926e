import type * as iam from '@aws-sdk/client-iam';
import { type InstanceProfile, keys } from '../../access/iam/entities.ts';
import { newId } from '../../access/iam/new-entities.ts';
import type { Handler } from '../../wire/service.ts';
import type { IamDeps } from './deps.ts';
import { iamError, noSuch, overQuota } from './errors.ts';
import { findInstanceProfile, findOwnRole, findRole } from './find.ts';
import { instanceProfileOut, wholeInstanceProfile } from './output.ts';
import { pageOf } from './pages.ts';
import { withTags } from './tag-rules.ts';

/** IAM's quota. */
const PROFILES_MAX = 1000;

export function createInstanceProfileHandlers({ store: { data }, clock, random }: IamDeps): Record<string, Handler> {
  const roleOf = async (accountId: string, { roleName }: InstanceProfile) =>
    roleName === undefined ? undefined : data.get(keys.role(accountId, roleName));
  const nameOf = ({ instanceProfileName }: InstanceProfile) => instanceProfileName;
  const outOf = async (accountId: string, profile: InstanceProfile) =>
    instanceProfileOut(profile, await roleOf(accountId, profile));

  return {
    async CreateInstanceProfile(
      { caller: { accountId } },
      input: iam.CreateInstanceProfileRequest,
    ): Promise<iam.CreateInstanceProfileResponse> {
      const name = input.InstanceProfileName!;
      const path = input.Path ?? '/';
      const profile: InstanceProfile = {
        instanceProfileName: name,
        instanceProfileId: newId(random, 'instanceProfile'),
        arn: `arn:aws:iam::${accountId}:instance-profile${path}${name}`,
        path,
        createdMs: clock.now(),
        tags: withTags({}, input.Tags),
      };
      await data.change(accountId, async (change) => {
        if (await change.get(keys.instanceProfile(accountId, name))) {
          throw iamError('EntityAlreadyExists', `Instance Profile ${name} already exists.`);
        }
        if ((await change.list(keys.instanceProfiles(accountId))).length >= PROFILES_MAX) {
          throw overQuota('InstanceProfilesPerAccount', PROFILES_MAX);
        }
        change.put(keys.instanceProfile(accountId, name), profile);
      });
      return { InstanceProfile: wholeInstanceProfile(profile, undefined) };
    },

    async GetInstanceProfile(
      { caller: { accountId } },
      input: iam.GetInstanceProfileRequest,
    ): Promise<iam.GetInstanceProfileResponse> {
      const profile = await findInstanceProfile(data, accountId, input.InstanceProfileName!);
      return { InstanceProfile: wholeInstanceProfile(profile, await roleOf(accountId, profile)) };
    },

    async DeleteInstanceProfile({ caller: { accountId } }, input: iam.DeleteInstanceProfileRequest) {
      await data.change(accountId, async (change) => {
        const profile = await findInstanceProfile(change, accountId, input.InstanceProfileName!);
        if (profile.roleName !== undefined) {
          throw iamError('DeleteConflict', 'Cannot delete entity, must remove roles from instance profile first.');
        }
        change.remove(keys.instanceProfile(accountId, profile.instanceProfileName));
      });
      return {};
    },

    async ListInstanceProfiles(
      { caller: { accountId }, operation },
      input: iam.ListInstanceProfilesRequest,
    ): Promise<iam.ListInstanceProfilesResponse> {
      const prefix = input.PathPrefix ?? '/';
      const all = (await data.list(keys.instanceProfiles(accountId))).filter(({ path }) => path.startsWith(prefix));
      const { page, end } = pageOf(all, nameOf, input, [operation, accountId, prefix]);
      return { InstanceProfiles: await Promise.all(page.map((profile) => outOf(accountId, profile))), ...end };
    },

    async ListInstanceProfilesForRole(
      { caller: { accountId }, operation },
      input: iam.ListInstanceProfilesForRoleRequest,
    ): Promise<iam.ListInstanceProfilesForRoleResponse> {
      const role = await findRole(data, accountId, input.RoleName!);
      const all = (await data.list(keys.instanceProfiles(accountId))).filter((p) => p.roleName === role.roleName);
      const { page, end } = pageOf(all, nameOf, input, [operation, accountId, role.roleName]);
      return { InstanceProfiles: await Promise.all(page.map((profile) => outOf(accountId, profile))), ...end };
    },

    async AddRoleToInstanceProfile({ caller: { accountId } }, input: iam.AddRoleToInstanceProfileRequest) {
      await data.change(accountId, async (change) => {
        const profile = await findInstanceProfile(change, accountId, input.InstanceProfileName!);
        const { roleName } = await findOwnRole(change, accountId, input.RoleName!);
        if (profile.roleName !== undefined) throw overQuota('InstanceSessionsPerInstanceProfile', 1);
        change.put(keys.instanceProfile(accountId, profile.instanceProfileName), { ...profile, roleName });
      });
      return {};
    },

    async RemoveRoleFromInstanceProfile({ caller: { accountId } }, input: iam.RemoveRoleFromInstanceProfileRequest) {
      await data.change(accountId, async (change) => {
        const profile = await findInstanceProfile(change, accountId, input.InstanceProfileName!);
        const role = await findRole(change, accountId, input.RoleName!);
        const { roleName, ...without } = profile;
        if (roleName !== role.roleName) {
          throw noSuch(`Role ${input.RoleName} in instance profile ${input.InstanceProfileName} cannot be found.`);
        }
        change.put(keys.instanceProfile(accountId, profile.instanceProfileName), without);
      });
      return {};
    },
  };
}
