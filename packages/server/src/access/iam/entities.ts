/**
 * What IAM keeps, as State holds it. Names are folded to lower case in keys, since IAM tells no two apart that differ by
 * case alone; how they were written stands in the value. Secrets are sealed, each bound to its key.
 *
 *     identity/<account>/<kind>/<name>     users, groups, roles, policies … (`keys` below)
 *     identity/<account>/settings          what an account has one of
 *     identity-version/<account>           written with every change of the account's entities: `iam-data.ts`
 *     access-key/<id>, access-key-used/<id>, role-used/<account>/<name>, password-used/<user id>
 *     account-alias/<alias>                the account that has it
 */
export type Tags = Readonly<Record<string, string>>;

/** What all entities have. */
export interface Entity {
  readonly arn: string;
  readonly path: string;
  readonly createdMs: number;
}

/** Whoever can have policies: users, groups, roles. */
export interface PolicyHolder extends Entity {
  /** Documents as they were given, by policy name. */
  readonly inline: Readonly<Record<string, string>>;
  /** ARNs of managed policies, in the order of attachment. */
  readonly attached: readonly string[];
  /** ARN of the managed policy that bounds it. Groups have none. */
  readonly boundary?: string;
}

export interface User extends PolicyHolder {
  readonly userName: string;
  /** AIDA… */
  readonly userId: string;
  readonly groups: readonly string[];
  readonly tags: Tags;
  readonly accessKeyIds: readonly string[];
  readonly login?: Login;
}

/** A password, as scrypt leaves it. */
export interface PasswordHash {
  readonly salt: string;
  readonly hash: string;
}

export interface Login {
  readonly createdMs: number;
  /** Of the present password. */
  readonly changedMs: number;
  readonly resetRequired: boolean;
  /** The present one first, then former ones, as many as may ever be asked for. */
  readonly passwords: readonly PasswordHash[];
}

export interface Group extends PolicyHolder {
  readonly groupName: string;
  /** AGPA… */
  readonly groupId: string;
}

export interface Role extends PolicyHolder {
  readonly roleName: string;
  /** AROA… */
  readonly roleId: string;
  /** The trust policy as it was given, JSON. */
  readonly trust: string;
  readonly maxSessionSeconds: number;
  readonly description?: string;
  readonly tags: Tags;
  /** Service principal of a service-linked role. */
  readonly linkedTo?: string;
}

export interface PolicyVersion {
  /** `v1` */
  readonly id: string;
  readonly document: string;
  readonly createdMs: number;
}

export interface ManagedPolicy extends Entity {
  readonly policyName: string;
  /** ANPA… */
  readonly policyId: string;
  readonly description?: string;
  readonly updatedMs: number;
  readonly defaultVersionId: string;
  /** Numbers of versions are never used twice. */
  readonly lastVersion: number;
  /** The newest last. */
  readonly versions: readonly PolicyVersion[];
  readonly tags: Tags;
}

export interface InstanceProfile extends Entity {
  readonly instanceProfileName: string;
  /** AIPA… */
  readonly instanceProfileId: string;
  readonly roleName?: string;
  readonly tags: Tags;
}

export interface OidcProvider {
  readonly arn: string;
  /** Without `https://`. */
  readonly url: string;
  readonly clientIds: readonly string[];
  readonly thumbprints: readonly string[];
  readonly createdMs: number;
  readonly tags: Tags;
}

export interface SamlProvider {
  readonly arn: string;
  readonly metadata: string;
  readonly providerId: string;
  readonly createdMs: number;
  readonly validUntilMs: number;
  readonly tags: Tags;
}

export interface MfaDevice {
  /** ARN. */
  readonly serialNumber: string;
  readonly createdMs: number;
  readonly sealedSeed: string;
  /** Whose it is, once enabled. */
  readonly userName?: string;
  readonly enabledMs?: number;
  /** The step of the last code that was taken here: none is taken twice (RFC 6238 §5.2). */
  readonly lastStep?: number;
  readonly tags: Tags;
}

export interface PasswordPolicy {
  readonly MinimumPasswordLength: number;
  readonly RequireSymbols: boolean;
  readonly RequireNumbers: boolean;
  readonly RequireUppercaseCharacters: boolean;
  readonly RequireLowercaseCharacters: boolean;
  readonly AllowUsersToChangePassword: boolean;
  readonly MaxPasswordAge?: number;
  readonly PasswordReusePrevention?: number;
  readonly HardExpiry?: boolean;
}

export interface Settings {
  readonly alias?: string;
  readonly passwordPolicy?: PasswordPolicy;
  /** v2Token is valid in all Regions. Kept for GetAccountSummary: tokens of this server are valid in all anyway. */
  readonly globalTokenVersion?: 1 | 2;
  /** Access keys of root. */
  readonly rootKeyIds: readonly string[];
}

export interface Account {
  readonly createdMs: number;
}

export interface AccessKey {
  readonly accountId: string;
  /** Absent for keys of root. */
  readonly userName?: string;
  /** See `secretOfKey`. */
  readonly sealedSecret: string;
  readonly active: boolean;
  readonly createdMs: number;
}

export interface KeyUse {
  readonly usedMs: number;
  /** Signing name: `s3`. */
  readonly service: string;
  readonly region: string;
}

export interface RoleUse {
  readonly usedMs: number;
  readonly region: string;
}

export interface PasswordUse {
  readonly usedMs: number;
}

/** A key of State that says what it holds; never set, only inferred from. */
export type StateKey<T> = string & { readonly holds?: T };
/** The beginning of all keys that hold such values. */
export type StatePrefix<T> = string & { readonly allHold?: T };

const folded =
  <T>(kind: string) =>
  (accountId: string, name: string): StateKey<T> =>
    `identity/${accountId}/${kind}/${name.toLowerCase()}`;
const all =
  <T>(kind: string) =>
  (accountId: string): StatePrefix<T> =>
    `identity/${accountId}/${kind}/`;

export const keys = {
  account: (accountId: string): StateKey<Account> => `account/${accountId}`,
  accounts: 'account/' as StatePrefix<Account>,
  user: folded<User>('user'),
  users: all<User>('user'),
  group: folded<Group>('group'),
  groups: all<Group>('group'),
  role: folded<Role>('role'),
  roles: all<Role>('role'),
  policy: folded<ManagedPolicy>('policy'),
  policies: all<ManagedPolicy>('policy'),
  instanceProfile: folded<InstanceProfile>('instance-profile'),
  instanceProfiles: all<InstanceProfile>('instance-profile'),
  oidcProvider: folded<OidcProvider>('oidc-provider'),
  oidcProviders: all<OidcProvider>('oidc-provider'),
  samlProvider: folded<SamlProvider>('saml-provider'),
  samlProviders: all<SamlProvider>('saml-provider'),
  /** By path and name, as serial numbers end. */
  mfaDevice: folded<MfaDevice>('mfa'),
  mfaDevices: all<MfaDevice>('mfa'),
  settings: (accountId: string): StateKey<Settings> => `identity/${accountId}/settings`,
  version: (accountId: string): StateKey<number> => `identity-version/${accountId}`,
  accessKey: (accessKeyId: string): StateKey<AccessKey> => `access-key/${accessKeyId}`,
  keyUse: (accessKeyId: string): StateKey<KeyUse> => `access-key-used/${accessKeyId}`,
  roleUse: (accountId: string, roleName: string): StateKey<RoleUse> =>
    `role-used/${accountId}/${roleName.toLowerCase()}`,
  /** By user id: a name may be another's later. */
  passwordUse: (userId: string): StateKey<PasswordUse> => `password-used/${userId}`,
  alias: (alias: string): StateKey<string> => `account-alias/${alias}`,
};

export const NO_SETTINGS: Settings = { rootKeyIds: [] };

/** The name and path that an ARN of an account's own managed policy ends in; undefined when it is no such ARN. */
export function policyNameOf(arn: string): { readonly accountId: string; readonly policyName: string } | undefined {
  const match = /^arn:aws:iam::(\d{12}):policy\/(?:[\x21-\x7e]*\/)?([\w+=,.@-]+)$/.exec(arn);
  return match ? { accountId: match[1]!, policyName: match[2]! } : undefined;
}
