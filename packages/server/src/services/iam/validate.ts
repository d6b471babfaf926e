import { iamError } from './errors.ts';
import { RULES, type Rule, SPECIAL } from './rules.ts';

/** As many as AWS tells at once; more only make a long message longer. */
const COMPLAINTS_MAX = 10;

/** What is wrong with an input; a `sentence` is IAM's own wording, which stands alone. */
interface Complaints {
  readonly constraints: string[];
  readonly sentences: string[];
}

/** @throws AwsError ValidationError naming what breaks a rule */
export function validateInput(operation: string, input: Readonly<Record<string, unknown>>): void {
  const found: Complaints = { constraints: [], sentences: [] };
  for (const name of REQUIRED.get(operation) ?? []) {
    if (input[name] === undefined) {
      found.constraints.push(complaint('null', lowerFirst(name), 'Member must not be null'));
    }
  }
  for (const [name, value] of Object.entries(input)) {
    const rule = SPECIAL[`${operation}.${name}`] ?? RULES[name];
    if (rule && value !== undefined) check(value, rule, lowerFirst(name), found);
    if (found.constraints.length >= COMPLAINTS_MAX) break;
  }
  const { constraints, sentences } = found;
  if (constraints.length > 0) {
    const count = `${constraints.length} validation error${constraints.length === 1 ? '' : 's'} detected`;
    throw iamError('ValidationError', `${count}: ${constraints.join('; ')}`);
  }
  if (sentences.length > 0) throw iamError('ValidationError', sentences[0]!);
}

function check(value: unknown, rule: Rule, place: string, found: Complaints): void {
  const problem = problemOf(value, rule);
  if (problem !== undefined) found.constraints.push(complaint(rule.secret ? undefined : shown(value), place, problem));
  else if (rule.pattern && !rule.pattern.test(value as string)) {
    if (rule.sentence) found.sentences.push(`The specified value for ${place} is invalid. ${rule.sentence}`);
    else {
      const must = `Member must satisfy regular expression pattern: ${rule.pattern.source.replace(/^\^|\$$/g, '')}`;
      found.constraints.push(complaint(rule.secret ? undefined : shown(value), place, must));
    }
  }
  if (!Array.isArray(value) || problem !== undefined) return;
  value.forEach((entry, i) => {
    const at = `${place}.${i + 1}.member`;
    if (rule.each?.members) checkMembers(entry as Record<string, unknown>, rule.each.members, at, found);
    else if (rule.each) check(entry, rule.each, at, found);
  });
}

function checkMembers(
  value: Readonly<Record<string, unknown>>,
  members: Readonly<Record<string, Rule>>,
  place: string,
  found: Complaints,
): void {
  for (const [name, rule] of Object.entries(members)) {
    const at = `${place}.${lowerFirst(name)}`;
    if (value[name] !== undefined) check(value[name], rule, at, found);
    else if (rule.required) found.constraints.push(complaint('null', at, 'Member must not be null'));
  }
}

function problemOf(value: unknown, { min, max, values }: Rule): string | undefined {
  const isNumber = typeof value === 'number';
  if (isNumber && !Number.isInteger(value)) return 'Member must be an integer';
  const size = isNumber ? value : ((value as { readonly length?: number }).length ?? 0);
  const what = isNumber ? 'value' : 'length';
  if (min !== undefined && size < min) return `Member must have ${what} greater than or equal to ${min}`;
  if (max !== undefined && size > max) return `Member must have ${what} less than or equal to ${max}`;
  if (values && !values.includes(value as string)) return `Member must satisfy enum value set: [${values.join(', ')}]`;
  return undefined;
}

const complaint = (value: string | undefined, place: string, problem: string): string =>
  `Value ${value === undefined ? '' : `${value} `}at '${place}' failed to satisfy constraint: ${problem}`;

/** More of a wrong value helps nobody to find the mistake. */
const SHOWN_CHARS_MAX = 256;
const shown = (value: unknown): string =>
  `'${(typeof value === 'string' ? value : JSON.stringify(value)).slice(0, SHOWN_CHARS_MAX)}'`;

const lowerFirst = (name: string): string =>
  /^[A-Z]{2}/.test(name) ? name : name.charAt(0).toLowerCase() + name.slice(1);

/** Members that must be there, with the operations that ask for them. */
const REQUIRED_MEMBERS: Readonly<Record<string, string>> = {
  AWSServiceName: 'CreateServiceLinkedRole',
  AccessKeyId: 'DeleteAccessKey GetAccessKeyLastUsed',
  'AccessKeyId Status': 'UpdateAccessKey',
  AccountAlias: 'CreateAccountAlias DeleteAccountAlias',
  DeletionTaskId: 'GetServiceLinkedRoleDeletionStatus',
  GlobalEndpointTokenVersion: 'SetSecurityTokenServicePreferences',
  GroupName: 'CreateGroup DeleteGroup GetGroup ListAttachedGroupPolicies ListGroupPolicies UpdateGroup',
  'GroupName PolicyArn': 'AttachGroupPolicy DetachGroupPolicy',
  'GroupName PolicyName': 'DeleteGroupPolicy GetGroupPolicy',
  'GroupName PolicyName PolicyDocument': 'PutGroupPolicy',
  'GroupName UserName': 'AddUserToGroup RemoveUserFromGroup',
  InstanceProfileName: 'CreateInstanceProfile DeleteInstanceProfile GetInstanceProfile ListInstanceProfileTags',
  'InstanceProfileName RoleName': 'AddRoleToInstanceProfile RemoveRoleFromInstanceProfile',
  'InstanceProfileName TagKeys': 'UntagInstanceProfile',
  'InstanceProfileName Tags': 'TagInstanceProfile',
  'OldPassword NewPassword': 'ChangePassword',
  OpenIDConnectProviderArn: 'DeleteOpenIDConnectProvider GetOpenIDConnectProvider ListOpenIDConnectProviderTags',
  'OpenIDConnectProviderArn ClientID': 'AddClientIDToOpenIDConnectProvider RemoveClientIDFromOpenIDConnectProvider',
  'OpenIDConnectProviderArn TagKeys': 'UntagOpenIDConnectProvider',
  'OpenIDConnectProviderArn Tags': 'TagOpenIDConnectProvider',
  'OpenIDConnectProviderArn ThumbprintList': 'UpdateOpenIDConnectProviderThumbprint',
  PolicyArn: 'DeletePolicy GetPolicy ListEntitiesForPolicy ListPolicyTags ListPolicyVersions',
  'PolicyArn PolicyDocument': 'CreatePolicyVersion',
  'PolicyArn TagKeys': 'UntagPolicy',
  'PolicyArn Tags': 'TagPolicy',
  'PolicyArn VersionId': 'DeletePolicyVersion GetPolicyVersion SetDefaultPolicyVersion',
  PolicyInputList: 'GetContextKeysForCustomPolicy',
  'PolicyInputList ActionNames': 'SimulateCustomPolicy',
  'PolicyName PolicyDocument': 'CreatePolicy',
  PolicySourceArn: 'GetContextKeysForPrincipalPolicy',
  'PolicySourceArn ActionNames': 'SimulatePrincipalPolicy',
  RoleName:
    'DeleteRole DeleteRolePermissionsBoundary DeleteServiceLinkedRole GetRole ListAttachedRolePolicies ListInstanceProfilesForRole ListRolePolicies ListRoleTags UpdateRole',
  'RoleName AssumeRolePolicyDocument': 'CreateRole',
  'RoleName Description': 'UpdateRoleDescription',
  'RoleName PermissionsBoundary': 'PutRolePermissionsBoundary',
  'RoleName PolicyArn': 'AttachRolePolicy DetachRolePolicy',
  'RoleName PolicyDocument': 'UpdateAssumeRolePolicy',
  'RoleName PolicyName': 'DeleteRolePolicy GetRolePolicy',
  'RoleName PolicyName PolicyDocument': 'PutRolePolicy',
  'RoleName TagKeys': 'UntagRole',
  'RoleName Tags': 'TagRole',
  'SAMLMetadataDocument Name': 'CreateSAMLProvider',
  SAMLProviderArn: 'DeleteSAMLProvider GetSAMLProvider ListSAMLProviderTags UpdateSAMLProvider',
  'SAMLProviderArn TagKeys': 'UntagSAMLProvider',
  'SAMLProviderArn Tags': 'TagSAMLProvider',
  SerialNumber: 'DeactivateMFADevice DeleteVirtualMFADevice GetMFADevice ListMFADeviceTags',
  'SerialNumber TagKeys': 'UntagMFADevice',
  'SerialNumber Tags': 'TagMFADevice',
  Url: 'CreateOpenIDConnectProvider',
  UserName:
    'CreateUser DeleteUser DeleteUserPermissionsBoundary ListAttachedUserPolicies ListGroupsForUser ListUserPolicies ListUserTags UpdateLoginProfile UpdateUser',
  'UserName PermissionsBoundary': 'PutUserPermissionsBoundary',
  'UserName PolicyArn': 'AttachUserPolicy DetachUserPolicy',
  'UserName PolicyName': 'DeleteUserPolicy GetUserPolicy',
  'UserName PolicyName PolicyDocument': 'PutUserPolicy',
  'UserName SerialNumber AuthenticationCode1 AuthenticationCode2': 'EnableMFADevice ResyncMFADevice',
  'UserName TagKeys': 'UntagUser',
  'UserName Tags': 'TagUser',
  VirtualMFADeviceName: 'CreateVirtualMFADevice',
};
const REQUIRED: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(REQUIRED_MEMBERS).flatMap(([members, operations]) =>
    operations.split(' ').map((operation) => [operation, members.split(' ')]),
  ),
);
