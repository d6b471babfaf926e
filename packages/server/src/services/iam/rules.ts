import type { Rule } from '../../wire/constraints.ts';

const name = (max: number): Rule => ({
  min: 1,
  max,
  pattern: /^[\w+=,.@-]+$/,
  sentence: 'It must contain only alphanumeric characters and/or the following: +=,.@_-',
});
const ARN: Rule = { min: 20, max: 2048 };
const DOCUMENT: Rule = { min: 1, max: 131_072, pattern: /^[\t\n\r\u0020-\u00FF]+$/ };
const DESCRIPTION: Rule = { max: 1000, pattern: /^[\t\n\r\u0020-\u007E\u00A1-\u00FF]*$/ };
const PASSWORD: Rule = { min: 1, max: 128, pattern: /^[\t\n\r\u0020-\u00FF]+$/, secret: true };
const CODE: Rule = { min: 6, max: 6, pattern: /^\d+$/, secret: true };
const PATH: Rule = {
  min: 1,
  max: 512,
  pattern: /^(\u002F|\u002F[\u0021-\u007E]+\u002F)$/,
  sentence: 'It must begin and end with / and contain only alphanumeric characters and/or / characters.',
};
const POLICY_PATH: Rule = { ...PATH, pattern: /^((\/[A-Za-z0-9.,+@=_-]+)*)\/$/ };
const PATH_PREFIX: Rule = { min: 1, max: 512, pattern: /^\u002F[\u0021-\u007F]*$/ };
/** Letters, separators and digits of any script. */
const TAG_KEY: Rule = { min: 1, max: 128, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u };
const TAG_VALUE: Rule = { max: 256, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u };
const TAGS_MAX = 50;
const USAGE: Rule = { values: ['PermissionsPolicy', 'PermissionsBoundary'] };
const ENTITIES = ['User', 'Role', 'Group', 'LocalManagedPolicy', 'AWSManagedPolicy'];
/** Bounds what a simulation costs; AWS names none. */
const SIMULATED_MAX = 1000;

/** The constraints of AWS's model (2010-05-08). */
export const RULES: Readonly<Record<string, Rule>> = {
  AWSServiceName: name(128),
  AccessKeyId: { min: 16, max: 128, pattern: /^\w+$/ },
  AccountAlias: { min: 3, max: 63, pattern: /^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$/ },
  ActionNames: { max: SIMULATED_MAX, each: { min: 3, max: 128 } },
  AssertionEncryptionMode: { values: ['Required', 'Allowed'] },
  AssignmentStatus: { values: ['Assigned', 'Unassigned', 'Any'] },
  AssumeRolePolicyDocument: DOCUMENT,
  AuthenticationCode1: CODE,
  AuthenticationCode2: CODE,
  CallerArn: { min: 1, max: 2048 },
  ClientID: { min: 1, max: 255 },
  ClientIDList: { each: { min: 1, max: 255 } },
  ContextEntries: {
    max: SIMULATED_MAX,
    each: {
      members: {
        ContextKeyName: { min: 5, max: 256 },
        ContextKeyType: {
          values: [
            ...['string', 'stringList', 'numeric', 'numericList', 'boolean', 'booleanList', 'ip', 'ipList'],
            ...['binary', 'binaryList', 'date', 'dateList'],
          ],
        },
      },
    },
  },
  CustomSuffix: name(64),
  DeletionTaskId: { min: 1, max: 1000 },
  Description: DESCRIPTION,
  EntityFilter: { values: ENTITIES },
  Filter: { each: { values: ENTITIES } },
  GlobalEndpointTokenVersion: { values: ['v1Token', 'v2Token'] },
  GroupName: name(128),
  InstanceProfileName: name(128),
  Marker: { min: 1, max: 1000, pattern: /^[\u0020-\u00FF]+$/ },
  MaxItems: { min: 1, max: 1000 },
  MaxPasswordAge: { min: 1, max: 1095 },
  MaxSessionDuration: { min: 3600, max: 43_200 },
  MinimumPasswordLength: { min: 6, max: 128 },
  Name: { min: 1, max: 128, pattern: /^[\w._-]+$/ },
  NewGroupName: name(128),
  NewPassword: PASSWORD,
  NewPath: PATH,
  NewUserName: name(64),
  OldPassword: PASSWORD,
  OpenIDConnectProviderArn: ARN,
  Password: PASSWORD,
  PasswordReusePrevention: { min: 1, max: 24 },
  Path: PATH,
  PathPrefix: PATH_PREFIX,
  PermissionsBoundary: ARN,
  PermissionsBoundaryPolicyInputList: { max: 1, each: DOCUMENT },
  PolicyArn: ARN,
  PolicyDocument: DOCUMENT,
  PolicyInputList: { max: 100, each: DOCUMENT },
  PolicyName: name(128),
  PolicySourceArn: ARN,
  PolicyUsageFilter: USAGE,
  ResourceArns: { max: SIMULATED_MAX, each: { min: 1, max: 2048 } },
  ResourceHandlingOption: { min: 1, max: 64 },
  ResourceOwner: { min: 1, max: 2048 },
  ResourcePolicy: DOCUMENT,
  RoleName: name(64),
  SAMLMetadataDocument: { min: 1000, max: 10_000_000 },
  SAMLProviderArn: ARN,
  Scope: { values: ['All', 'AWS', 'Local'] },
  SerialNumber: { min: 9, max: 256, pattern: /^[\w+=/:,.@-]+$/ },
  Status: { values: ['Active', 'Inactive', 'Expired'] },
  TagKeys: { max: TAGS_MAX, each: TAG_KEY },
  Tags: {
    max: TAGS_MAX,
    each: { members: { Key: { ...TAG_KEY, required: true }, Value: { ...TAG_VALUE, required: true } } },
  },
  ThumbprintList: { each: { min: 40, max: 40 } },
  Url: { min: 1, max: 255 },
  UserName: name(128),
  VersionId: { pattern: /^v[1-9][0-9]*(\.[A-Za-z0-9-]*)?$/ },
  VirtualMFADeviceName: name(226),
  // In one operation only
  'CreatePolicy.Description': { max: 1000 },
  'CreatePolicy.Path': POLICY_PATH,
  'CreateUser.UserName': name(64),
  'ListAttachedGroupPolicies.PathPrefix': POLICY_PATH,
  'ListAttachedRolePolicies.PathPrefix': POLICY_PATH,
  'ListAttachedUserPolicies.PathPrefix': POLICY_PATH,
  'ListPolicies.PathPrefix': POLICY_PATH,
  'ListEntitiesForPolicy.PathPrefix': PATH,
};
