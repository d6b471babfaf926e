import type { AccessRequest } from '../../access/authorizer.ts';
import { keys, type Tags } from '../../access/iam/entities.ts';
import type { IamStore } from '../../access/iam-store.ts';
import type { CallContext, Permission, PermissionTable } from '../../wire/service.ts';
import { impliedUser } from './find.ts';
import { managedPolicy } from './managed.ts';
import { oidcKey, samlKey } from './providers.ts';
import { SERVICE_ROLE_PATH } from './roles.ts';
import { serviceRoleName } from './service-linked-roles.ts';

/**
 * What each operation of IAM must be allowed to do, on what, with which condition keys (service authorization reference,
 * "AWS Identity and Access Management"). Entities go by the ARN that they have; one that is not there by the ARN that it
 * would have.
 */
type Context = Record<string, string | readonly string[]>;
interface Resource {
  readonly arn: string;
  readonly tags?: Tags;
  /** Of users and roles, for `iam:PermissionsBoundary`. */
  readonly boundary?: string | undefined;
}
// biome-ignore lint/suspicious/noExplicitAny: decoded and validated by the operation's own schema; a table over all of them has no better type
type Input = Readonly<Record<string, any>>;
type Find = (context: CallContext, input: Input) => Promise<Resource>;

const words = (text: string): readonly string[] => text.split(' ');

/** Operations that take one resource and bring no condition keys but those of it. */
const PLAIN = {
  user: words(
    'CreateAccessKey CreateLoginProfile DeleteAccessKey DeleteLoginProfile DeleteUser GetLoginProfile GetUser GetUserPolicy ListAccessKeys ListAttachedUserPolicies ListGroupsForUser ListSSHPublicKeys ListServiceSpecificCredentials ListSigningCertificates ListUserPolicies ListUserTags UpdateAccessKey UpdateLoginProfile EnableMFADevice ResyncMFADevice DeactivateMFADevice ListMFADevices',
  ),
  group: words(
    'AddUserToGroup CreateGroup DeleteGroup DeleteGroupPolicy GetGroup GetGroupPolicy ListAttachedGroupPolicies ListGroupPolicies PutGroupPolicy RemoveUserFromGroup',
  ),
  role: words(
    'DeleteRole DeleteServiceLinkedRole GetRole GetRolePolicy ListAttachedRolePolicies ListInstanceProfilesForRole ListRolePolicies ListRoleTags UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription',
  ),
  policy: words(
    'CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy GetPolicyVersion ListEntitiesForPolicy ListPolicyTags ListPolicyVersions SetDefaultPolicyVersion',
  ),
  instanceProfile: words(
    'DeleteInstanceProfile GetInstanceProfile ListInstanceProfileTags RemoveRoleFromInstanceProfile',
  ),
  oidc: words(
    'AddClientIDToOpenIDConnectProvider DeleteOpenIDConnectProvider GetOpenIDConnectProvider ListOpenIDConnectProviderTags RemoveClientIDFromOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint',
  ),
  saml: words('DeleteSAMLProvider GetSAMLProvider ListSAMLProviderTags UpdateSAMLProvider'),
  mfa: words('DeleteVirtualMFADevice GetMFADevice ListMFADeviceTags'),
  source: words('SimulatePrincipalPolicy GetContextKeysForPrincipalPolicy'),
} as const;

/** Operations that change a user or role, with its boundary as a condition key. */
const BOUNDED = {
  user: words('DeleteUserPermissionsBoundary DeleteUserPolicy PutUserPolicy'),
  role: words('DeleteRolePermissionsBoundary DeleteRolePolicy PutRolePolicy'),
} as const;

/** Operations that set or take tags off. */
const TAGGING = {
  user: words('TagUser UntagUser'),
  role: words('TagRole UntagRole'),
  policy: words('TagPolicy UntagPolicy'),
  instanceProfile: words('TagInstanceProfile UntagInstanceProfile'),
  oidc: words('TagOpenIDConnectProvider UntagOpenIDConnectProvider'),
  saml: words('TagSAMLProvider UntagSAMLProvider'),
  mfa: words('TagMFADevice UntagMFADevice'),
} as const;

/** Lists over all, by the ARN that AWS's own refusals name. */
const LISTS: Readonly<Record<string, string>> = {
  ListUsers: 'user/',
  ListGroups: 'group/',
  ListRoles: 'role/',
  ListPolicies: 'policy/',
  ListInstanceProfiles: 'instance-profile/',
  ListServerCertificates: 'server-certificate/',
  ListVirtualMFADevices: 'mfa/',
  ListOpenIDConnectProviders: 'oidc-provider/',
  ListSAMLProviders: 'saml-provider/',
};

const OF_ACCOUNT = words(
  'CreateAccountAlias DeleteAccountAlias DeleteAccountPasswordPolicy GenerateCredentialReport GetAccountAuthorizationDetails GetAccountPasswordPolicy GetAccountSummary GetContextKeysForCustomPolicy GetCredentialReport ListAccountAliases SetSecurityTokenServicePreferences SimulateCustomPolicy UpdateAccountPasswordPolicy',
);

export function createPermissions(store: IamStore): PermissionTable {
  const find = createFinders(store);
  type Kind = keyof typeof find;
  const each = (table: Partial<Record<Kind, readonly string[]>>, make: (find: Find) => Permission) =>
    Object.entries(table).flatMap(([kind, operations]) =>
      operations.map((operation): [string, Permission] => [operation, make(find[kind as Kind])]),
    );
  const on =
    (finder: Find, more: (input: Input, found: Resource) => Context = () => ({})): Permission =>
    async (context, input) => {
      const found = await finder(context, input);
      return [ask(context.operation, found, more(input, found))];
    };
  const boundaryOf = (_input: Input, { boundary }: Resource): Context => boundaryKey(boundary);
  const attach = (finder: Find): Permission =>
    on(finder, (input, found) => ({ 'iam:PolicyARN': input.PolicyArn, ...boundaryKey(found.boundary) }));
  const setBoundary = (finder: Find): Permission => on(finder, (input) => boundaryKey(input.PermissionsBoundary));

  /** Tags at creation need the right to tag as well. */
  const create =
    (resource: (context: CallContext, input: Input) => Resource | Promise<Resource>, tagging: string): Permission =>
    async (context, input) => {
      const found = await resource(context, input);
      const keys = { ...requestTags(input), ...boundaryKey(input.PermissionsBoundary) };
      return [ask(context.operation, found, keys), ...(input.Tags?.length > 0 ? [ask(tagging, found, keys)] : [])];
    };
  const newArn =
    (word: string, member: string) =>
    ({ caller }: CallContext, input: Input): Resource => ({
      arn: `arn:aws:iam::${caller.accountId}:${word}${input.Path ?? '/'}${input[member]}`,
    });

  return {
    ...Object.fromEntries(OF_ACCOUNT.map((operation) => [operation, onAccount])),
    ...Object.fromEntries(each(PLAIN, (finder) => on(finder))),
    ...Object.fromEntries(each(BOUNDED, (finder) => on(finder, boundaryOf))),
    ...Object.fromEntries(each(TAGGING, (finder) => on(finder, requestTags))),
    ...Object.fromEntries(Object.entries(LISTS).map(([operation, path]) => [operation, listOf(path)])),

    CreateUser: create(newArn('user', 'UserName'), 'TagUser'),
    CreateRole: create(newArn('role', 'RoleName'), 'TagRole'),
    CreatePolicy: create(newArn('policy', 'PolicyName'), 'TagPolicy'),
    CreateInstanceProfile: create(newArn('instance-profile', 'InstanceProfileName'), 'TagInstanceProfile'),
    CreateVirtualMFADevice: create(newArn('mfa', 'VirtualMFADeviceName'), 'TagMFADevice'),
    CreateSAMLProvider: create(
      ({ caller }, { Name }) => ({ arn: `arn:aws:iam::${caller.accountId}:saml-provider/${Name}` }),
      'TagSAMLProvider',
    ),
    CreateOpenIDConnectProvider: create(
      ({ caller }, { Url }) => ({
        arn: `arn:aws:iam::${caller.accountId}:oidc-provider/${String(Url).replace(/^https:\/\//, '')}`,
      }),
      'TagOpenIDConnectProvider',
    ),
    CreateServiceLinkedRole: ({ operation, caller }, { AWSServiceName: service, CustomSuffix }) => {
      const name = serviceRoleName(service, CustomSuffix);
      const arn = `arn:aws:iam::${caller.accountId}:role${SERVICE_ROLE_PATH}${service}/${name}`;
      return [ask(operation, { arn }, { 'iam:AWSServiceName': service })];
    },
    GetServiceLinkedRoleDeletionStatus: async ({ operation, caller }, { DeletionTaskId }) => [
      ask(operation, {
        arn: `arn:aws:iam::${caller.accountId}:role/${String(DeletionTaskId).split('/').slice(1, -1).join('/')}`,
      }),
    ],

    AttachUserPolicy: attach(find.user),
    DetachUserPolicy: attach(find.user),
    AttachRolePolicy: attach(find.role),
    DetachRolePolicy: attach(find.role),
    AttachGroupPolicy: attach(find.group),
    DetachGroupPolicy: attach(find.group),
    PutUserPermissionsBoundary: setBoundary(find.user),
    PutRolePermissionsBoundary: setBoundary(find.role),

    /** A renaming needs the right to the old and the new. */
    UpdateUser: renamed(find.user, 'user', 'UserName'),
    UpdateGroup: renamed(find.group, 'group', 'GroupName'),

    AddRoleToInstanceProfile: async (context, input) => {
      const role = await find.role(context, input);
      const passed = { 'iam:PassedToService': 'ec2.amazonaws.com' };
      return [ask(context.operation, await find.instanceProfile(context, input)), ask('PassRole', role, passed)];
    },
    GetAccessKeyLastUsed: async (context, { AccessKeyId }) => {
      const key = await store.data.get(keys.accessKey(AccessKeyId));
      const isOwn = key?.accountId === context.caller.accountId && key.userName !== undefined;
      const resource = isOwn ? await find.user(context, { UserName: key.userName }) : { arn: '*' };
      return [ask(context.operation, resource)];
    },
    /** The account's password policy can leave it to everybody to change their own. */
    ChangePassword: async (context, input) => {
      const settings = await store.data.get(keys.settings(context.caller.accountId));
      const granted = settings?.passwordPolicy?.AllowUsersToChangePassword === true;
      const user =
        context.caller.principal.kind === 'user' ? await find.user(context, input) : { arn: context.caller.arn };
      return [{ ...ask(context.operation, user), granted }];
    },
  };
}

function ask(operation: string, { arn, tags = {} }: Resource, context: Context = {}): AccessRequest {
  const owner = /^arn:aws:iam::(\d{12}):/.exec(arn)?.[1];
  return {
    action: `iam:${operation}`,
    resource: arn,
    context: { ...tagKeys(['aws:ResourceTag', 'iam:ResourceTag'], tags), ...context },
    ...(owner !== undefined && { resourceAccountId: owner }),
  };
}

const onAccount: Permission = ({ operation }) => [ask(operation, { arn: '*' })];
const listOf =
  (path: string): Permission =>
  ({ operation, caller }) => [ask(operation, { arn: `arn:aws:iam::${caller.accountId}:${path}` })];

const boundaryKey = (boundary: string | undefined): Context =>
  boundary === undefined ? {} : { 'iam:PermissionsBoundary': boundary };

/** Tags as condition keys. IAM's tag keys differ by more than case, so that none comes twice. */
const tagKeys = (prefixes: readonly string[], tags: Tags): Context =>
  Object.fromEntries(
    Object.entries(tags).flatMap(([key, value]) => prefixes.map((prefix) => [`${prefix}/${key}`, value])),
  );

function requestTags({ Tags: tags = [], TagKeys = [] }: Input): Context {
  const given = tags as readonly { readonly Key: string; readonly Value: string }[];
  const names = [...given.map(({ Key }) => Key), ...(TagKeys as readonly string[])];
  return {
    ...tagKeys(['aws:RequestTag'], Object.fromEntries(given.map(({ Key, Value }) => [Key, Value]))),
    ...(names.length > 0 && { 'aws:TagKeys': names }),
  };
}

/** @param word in ARNs @param member that names the entity; `New…` of it renames */
function renamed(find: Find, word: string, member: string): Permission {
  return async (context, input) => {
    const found = await find(context, input);
    const before = found.arn.slice(found.arn.indexOf(`:${word}/`) + word.length + 1);
    const path = input.NewPath ?? before.slice(0, before.lastIndexOf('/') + 1);
    const name = input[`New${member}`] ?? before.slice(before.lastIndexOf('/') + 1);
    const arn = `arn:aws:iam::${context.caller.accountId}:${word}${path}${name}`;
    return [ask(context.operation, found), ...(arn === found.arn ? [] : [ask(context.operation, { ...found, arn })])];
  };
}

/** The resource that a call names, as it stands in the store. */
function createFinders({ data }: IamStore) {
  const byName =
    (word: string, member: string, key: (accountId: string, name: string) => string): Find =>
    async ({ caller: { accountId } }, input) => {
      const entity = await data.get<Resource>(key(accountId, input[member]));
      return entity ?? { arn: `arn:aws:iam::${accountId}:${word}/${input[member]}` };
    };
  const byArn =
    (member: string, key: (accountId: string, arn: string) => string | undefined): Find =>
    async ({ caller: { accountId } }, input) => {
      const place = key(accountId, input[member]);
      const entity = place === undefined ? undefined : await data.get<{ readonly tags: Tags }>(place);
      return { arn: input[member], ...(entity && { tags: entity.tags }) };
    };
  const named = byName('user', 'UserName', keys.user);
  return {
    /** Without a name it is the caller; root and sessions of roles are named by their own ARN. */
    async user(context: CallContext, input: Input): Promise<Resource> {
      const isSession = context.caller.principal.kind !== 'user' && context.caller.principal.kind !== 'root';
      const name = isSession && input.UserName === undefined ? undefined : impliedUser(context, input.UserName);
      return name === undefined ? { arn: context.caller.arn } : named(context, { UserName: name });
    },
    group: byName('group', 'GroupName', keys.group),
    role: byName('role', 'RoleName', keys.role),
    instanceProfile: byName('instance-profile', 'InstanceProfileName', keys.instanceProfile),
    async policy({ caller: { accountId } }: CallContext, { PolicyArn: arn }: Input): Promise<Resource> {
      return { arn, tags: (await managedPolicy(data, accountId, arn))?.tags ?? {} };
    },
    oidc: byArn('OpenIDConnectProviderArn', oidcKey),
    saml: byArn('SAMLProviderArn', samlKey),
    mfa: async (_context: CallContext, { SerialNumber }: Input): Promise<Resource> => ({ arn: SerialNumber }),
    source: async (_context: CallContext, { PolicySourceArn }: Input): Promise<Resource> => ({ arn: PolicySourceArn }),
  };
}
