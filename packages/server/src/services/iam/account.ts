import type * as iam from '@aws-sdk/client-iam';
import { keys, NO_SETTINGS, type PasswordPolicy, type Settings } from '../../access/iam/entities.ts';
import type { IamReader } from '../../access/iam/iam-data.ts';
import type { Handler } from '../../wire/service.ts';
import type { IamDeps } from './deps.ts';
import { iamError, noSuch } from './errors.ts';

const settingsOf = async (reader: IamReader, accountId: string): Promise<Settings> =>
  (await reader.get(keys.settings(accountId))) ?? NO_SETTINGS;

/** IAM's quotas as GetAccountSummary tells them. */
const QUOTAS = {
  UsersQuota: 5000,
  GroupsQuota: 300,
  RolesQuota: 1000,
  PoliciesQuota: 1500,
  InstanceProfilesQuota: 1000,
  ServerCertificatesQuota: 20,
  UserPolicySizeQuota: 2048,
  GroupPolicySizeQuota: 5120,
  RolePolicySizeQuota: 10_240,
  AssumeRolePolicySizeQuota: 2048,
  PolicySizeQuota: 6144,
  PolicyVersionsInUseQuota: 10_000,
  VersionsPerPolicyQuota: 5,
  GroupsPerUserQuota: 10,
  AccessKeysPerUserQuota: 2,
  SigningCertificatesPerUserQuota: 2,
  AttachedPoliciesPerUserQuota: 10,
  AttachedPoliciesPerGroupQuota: 10,
  AttachedPoliciesPerRoleQuota: 10,
};

/** What an account has one of: alias, password policy, and figures of all the rest. */
export function createAccountHandlers({ store: { data } }: IamDeps): Record<string, Handler> {
  return {
    /** An account has one alias: a new one takes the place of the old. */
    async CreateAccountAlias({ caller: { accountId } }, input: iam.CreateAccountAliasRequest) {
      const alias = input.AccountAlias!;
      await data.change(accountId, async (change) => {
        const settings = await settingsOf(change, accountId);
        if (settings.alias === alias) return;
        if ((await change.get(keys.alias(alias))) !== undefined) {
          throw iamError('EntityAlreadyExists', `The account alias ${alias} already exists.`);
        }
        if (settings.alias !== undefined) change.remove(keys.alias(settings.alias));
        change.claim(keys.alias(alias), accountId);
        change.put(keys.settings(accountId), { ...settings, alias });
      });
      return {};
    },

    async DeleteAccountAlias({ caller: { accountId } }, input: iam.DeleteAccountAliasRequest) {
      await data.change(accountId, async (change) => {
        const { alias, ...settings } = await settingsOf(change, accountId);
        if (alias !== input.AccountAlias) throw noSuch(`The account alias ${input.AccountAlias} cannot be found.`);
        change.remove(keys.alias(alias!));
        change.put(keys.settings(accountId), settings);
      });
      return {};
    },

    async ListAccountAliases({ caller: { accountId } }): Promise<iam.ListAccountAliasesResponse> {
      const { alias } = await settingsOf(data, accountId);
      return { AccountAliases: alias === undefined ? [] : [alias], IsTruncated: false };
    },

    /** What the request leaves out goes back to what it usually is. */
    async UpdateAccountPasswordPolicy({ caller: { accountId } }, input: iam.UpdateAccountPasswordPolicyRequest) {
      const passwordPolicy: PasswordPolicy = {
        MinimumPasswordLength: input.MinimumPasswordLength ?? 6,
        RequireSymbols: input.RequireSymbols ?? false,
        RequireNumbers: input.RequireNumbers ?? false,
        RequireUppercaseCharacters: input.RequireUppercaseCharacters ?? false,
        RequireLowercaseCharacters: input.RequireLowercaseCharacters ?? false,
        AllowUsersToChangePassword: input.AllowUsersToChangePassword ?? false,
        ...(input.MaxPasswordAge !== undefined && { MaxPasswordAge: input.MaxPasswordAge }),
        ...(input.PasswordReusePrevention !== undefined && { PasswordReusePrevention: input.PasswordReusePrevention }),
        ...(input.HardExpiry !== undefined && { HardExpiry: input.HardExpiry }),
      };
      await data.change(accountId, async (change) => {
        change.put(keys.settings(accountId), { ...(await settingsOf(change, accountId)), passwordPolicy });
      });
      return {};
    },

    async GetAccountPasswordPolicy({ caller: { accountId } }): Promise<iam.GetAccountPasswordPolicyResponse> {
      const { passwordPolicy } = await settingsOf(data, accountId);
      if (!passwordPolicy) throw noPasswordPolicy(accountId);
      return { PasswordPolicy: { ...passwordPolicy, ExpirePasswords: passwordPolicy.MaxPasswordAge !== undefined } };
    },

    async DeleteAccountPasswordPolicy({ caller: { accountId } }) {
      await data.change(accountId, async (change) => {
        const { passwordPolicy, ...settings } = await settingsOf(change, accountId);
        if (!passwordPolicy) throw noPasswordPolicy(accountId);
        change.put(keys.settings(accountId), settings);
      });
      return {};
    },

    async SetSecurityTokenServicePreferences(
      { caller: { accountId } },
      input: iam.SetSecurityTokenServicePreferencesRequest,
    ) {
      const globalTokenVersion = input.GlobalEndpointTokenVersion === 'v2Token' ? 2 : 1;
      await data.change(accountId, async (change) => {
        change.put(keys.settings(accountId), { ...(await settingsOf(change, accountId)), globalTokenVersion });
      });
      return {};
    },

    async GetAccountSummary({ caller: { accountId } }): Promise<iam.GetAccountSummaryResponse> {
      const [users, groups, roles, policies, profiles, devices, oidc, saml] = await Promise.all([
        data.list(keys.users(accountId)),
        data.list(keys.groups(accountId)),
        data.list(keys.roles(accountId)),
        data.list(keys.policies(accountId)),
        data.list(keys.instanceProfiles(accountId)),
        data.list(keys.mfaDevices(accountId)),
        data.list(keys.oidcProviders(accountId)),
        data.list(keys.samlProviders(accountId)),
      ]);
      const { rootKeyIds, globalTokenVersion } = await settingsOf(data, accountId);
      const SummaryMap = {
        Users: users.length,
        Groups: groups.length,
        Roles: roles.length,
        Policies: policies.length,
        PolicyVersionsInUse: policies.reduce((sum, { versions }) => sum + versions.length, 0),
        InstanceProfiles: profiles.length,
        Providers: oidc.length + saml.length,
        MFADevices: devices.length,
        MFADevicesInUse: devices.filter(({ userName }) => userName !== undefined).length,
        AccountMFAEnabled: 0,
        AccountAccessKeysPresent: rootKeyIds.length > 0 ? 1 : 0,
        AccountPasswordPresent: 0,
        AccountSigningCertificatesPresent: 0,
        ServerCertificates: 0,
        GlobalEndpointTokenVersion: globalTokenVersion ?? 1,
        ...QUOTAS,
      };
      return { SummaryMap };
    },
  };
}

const noPasswordPolicy = (accountId: string) =>
  noSuch(`The Password Policy with domain name ${accountId} cannot be found.`);
