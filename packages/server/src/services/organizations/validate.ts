import { invalid } from './errors.ts';

/** The constraints of AWS's model (2016-11-28), which the catalogue of schemas does not carry. */
interface Rule {
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  readonly values?: readonly string[];
  readonly required?: boolean;
  readonly each?: Rule;
  readonly members?: Readonly<Record<string, Rule>>;
}

const ACCOUNT = /^\d{12}$/;
const UNIT = /^ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}$/;
const PARENT = /^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$/;
const TARGET = /^(r-[0-9a-z]{4,32}|\d{12}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$/;
const RESOURCE = /^(r-[0-9a-z]{4,32}|\d{12}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|(p|rp|rt)-[0-9a-zA-Z_]{4,128})$/;
const POLICY_TYPES = [
  ...['SERVICE_CONTROL_POLICY', 'RESOURCE_CONTROL_POLICY', 'TAG_POLICY', 'BACKUP_POLICY', 'AISERVICES_OPT_OUT_POLICY'],
  ...['CHATBOT_POLICY', 'DECLARATIVE_POLICY_EC2', 'SECURITYHUB_POLICY', 'INSPECTOR_POLICY', 'UPGRADE_ROLLOUT_POLICY'],
  ...['BEDROCK_POLICY', 'S3_POLICY', 'NETWORK_SECURITY_DIRECTOR_POLICY'],
];
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const TAG_KEY: Rule = { min: 1, max: 128, pattern: TAG_TEXT };

/** By member; the same in every operation that takes it, but for those by `Operation.Member`. */
const RULES: Readonly<Record<string, Rule>> = {
  AccountId: { pattern: ACCOUNT },
  AccountName: { min: 1, max: 50, pattern: /^[\u0020-\u007E]+$/ },
  ChildId: { pattern: /^(\d{12}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$/ },
  ChildType: { values: ['ACCOUNT', 'ORGANIZATIONAL_UNIT'] },
  Content: { min: 1 },
  CreateAccountRequestId: { pattern: /^car-[a-z0-9]{8,32}$/ },
  Description: { max: 512 },
  DestinationParentId: { pattern: PARENT },
  Email: { min: 6, max: 64, pattern: /^[^\s@]+@[^\s@]+\.[^\s@]+$/ },
  FeatureSet: { values: ['ALL', 'CONSOLIDATED_BILLING'] },
  HandshakeId: { pattern: /^h-[0-9a-z]{8,32}$/ },
  IamUserAccessToBilling: { values: ['ALLOW', 'DENY'] },
  'ListHandshakesForAccount.Filter': {},
  'ListHandshakesForOrganization.Filter': {},
  'ListPolicies.Filter': { values: POLICY_TYPES },
  'ListPoliciesForTarget.Filter': { values: POLICY_TYPES },
  MaxResults: { min: 1, max: 20 },
  Name: { min: 1, max: 128 },
  NextToken: { max: 100_000 },
  Notes: { max: 1024 },
  OrganizationalUnitId: { pattern: UNIT },
  ParentId: { pattern: PARENT },
  PolicyId: { pattern: /^p-[0-9a-zA-Z_]{8,128}$/ },
  PolicyType: { values: POLICY_TYPES },
  ResourceId: { pattern: RESOURCE },
  RoleName: { pattern: /^[\w+=,.@-]{1,64}$/ },
  RootId: { pattern: /^r-[0-9a-z]{4,32}$/ },
  ServicePrincipal: { min: 1, max: 128, pattern: /^[\w+=,.@-]*$/ },
  SourceParentId: { pattern: PARENT },
  States: { each: { values: ['IN_PROGRESS', 'SUCCEEDED', 'FAILED'] } },
  TagKeys: { each: TAG_KEY },
  Tags: {
    each: { members: { Key: { ...TAG_KEY, required: true }, Value: { max: 256, pattern: TAG_TEXT, required: true } } },
  },
  Target: {
    members: {
      Id: { min: 1, max: 64, required: true },
      Type: { values: ['ACCOUNT', 'ORGANIZATION', 'EMAIL'], required: true },
    },
  },
  TargetId: { pattern: TARGET },
  Type: { values: POLICY_TYPES },
};

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  AcceptHandshake: ['HandshakeId'],
  AttachPolicy: ['PolicyId', 'TargetId'],
  CancelHandshake: ['HandshakeId'],
  CreateAccount: ['Email', 'AccountName'],
  CreateOrganizationalUnit: ['ParentId', 'Name'],
  CreatePolicy: ['Content', 'Description', 'Name', 'Type'],
  DeclineHandshake: ['HandshakeId'],
  DeleteOrganizationalUnit: ['OrganizationalUnitId'],
  DeletePolicy: ['PolicyId'],
  DeregisterDelegatedAdministrator: ['AccountId', 'ServicePrincipal'],
  DescribeAccount: ['AccountId'],
  DescribeCreateAccountStatus: ['CreateAccountRequestId'],
  DescribeHandshake: ['HandshakeId'],
  DescribeOrganizationalUnit: ['OrganizationalUnitId'],
  DescribePolicy: ['PolicyId'],
  DetachPolicy: ['PolicyId', 'TargetId'],
  DisableAWSServiceAccess: ['ServicePrincipal'],
  DisablePolicyType: ['RootId', 'PolicyType'],
  EnableAWSServiceAccess: ['ServicePrincipal'],
  EnablePolicyType: ['RootId', 'PolicyType'],
  InviteAccountToOrganization: ['Target'],
  ListAccountsForParent: ['ParentId'],
  ListChildren: ['ParentId', 'ChildType'],
  ListDelegatedServicesForAccount: ['AccountId'],
  ListOrganizationalUnitsForParent: ['ParentId'],
  ListParents: ['ChildId'],
  ListPolicies: ['Filter'],
  ListPoliciesForTarget: ['TargetId', 'Filter'],
  ListTagsForResource: ['ResourceId'],
  ListTargetsForPolicy: ['PolicyId'],
  MoveAccount: ['AccountId', 'SourceParentId', 'DestinationParentId'],
  RegisterDelegatedAdministrator: ['AccountId', 'ServicePrincipal'],
  RemoveAccountFromOrganization: ['AccountId'],
  TagResource: ['ResourceId', 'Tags'],
  UntagResource: ['ResourceId', 'TagKeys'],
  UpdateOrganizationalUnit: ['OrganizationalUnitId'],
  UpdatePolicy: ['PolicyId'],
};

/** @throws AwsError InvalidInputException with the Reason and the member's name */
export function validateInput(operation: string, input: Readonly<Record<string, unknown>>): void {
  const members: Record<string, Rule> = {};
  for (const name of new Set([...Object.keys(input), ...(REQUIRED[operation] ?? [])])) {
    const rule = RULES[`${operation}.${name}`] ?? RULES[name] ?? {};
    members[name] = REQUIRED[operation]?.includes(name) ? { ...rule, required: true } : rule;
  }
  checkMembers(input, members, '');
}

function checkMembers(value: Readonly<Record<string, unknown>>, rules: Readonly<Record<string, Rule>>, at: string) {
  for (const [name, rule] of Object.entries(rules)) {
    const member = value[name];
    if (member === undefined || member === null) {
      if (rule.required) throw invalid('INPUT_REQUIRED', `You must specify a value for ${at}${name}.`);
    } else check(member, rule, at + name);
  }
}

function check(value: unknown, rule: Rule, at: string): void {
  const { min, max, pattern, values } = rule;
  const unit = typeof value === 'number' ? 'VALUE' : 'LENGTH';
  const size = typeof value === 'number' ? value : ((value as { readonly length?: number }).length ?? 0);
  if (max !== undefined && size > max) {
    throw invalid(`MAX_${unit}_EXCEEDED`, `You provided a value for ${at} that is greater than the maximum of ${max}.`);
  }
  if (min !== undefined && (size < min || (unit === 'VALUE' && !Number.isInteger(value)))) {
    throw invalid(`MIN_${unit}_EXCEEDED`, `You provided a value for ${at} that is less than the minimum of ${min}.`);
  }
  if (values && !values.includes(value as string)) {
    throw invalid('INVALID_ENUM', `You specified an invalid value for ${at}. Use one of: ${values.join(', ')}.`);
  }
  if (pattern && !pattern.test(value as string)) {
    throw invalid('INVALID_PATTERN', `You provided a value for ${at} that does not match the required pattern.`);
  }
  if (rule.members) checkMembers(value as Record<string, unknown>, rule.members, `${at}.`);
  if (rule.each && Array.isArray(value)) {
    if (value.length > ENTRIES_MAX) {
      throw invalid('MAX_LENGTH_EXCEEDED', `You provided more than ${ENTRIES_MAX} entries in ${at}.`);
    }
    for (const entry of value) {
      if (entry === undefined || entry === null) {
        throw invalid('INVALID_LIST_MEMBER', `You provided a list ${at} that has an empty entry.`);
      }
      check(entry, rule.each, `${at}.member`);
    }
  }
}

/** The longest lists that an operation can use are of tags, of which a resource has at most 50. */
const ENTRIES_MAX = 200;
