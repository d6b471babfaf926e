import { brokenConstraints, type ConstraintTable } from '../../wire/constraints.ts';
import { iamError } from './errors.ts';
import { RULES } from './rules.ts';

/** @throws AwsError ValidationError naming what breaks a rule */
export function validateInput(operation: string, input: Readonly<Record<string, unknown>>): void {
  const message = brokenConstraints(TABLE, operation, input);
  if (message !== undefined) throw iamError('ValidationError', message);
}

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
const TABLE: ConstraintTable = {
  rules: RULES,
  required: Object.fromEntries(
    Object.entries(REQUIRED_MEMBERS).flatMap(([members, operations]) =>
      operations.split(' ').map((operation) => [operation, members.split(' ')]),
    ),
  ),
  showsAnchors: false,
};
