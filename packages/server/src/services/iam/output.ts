import type * as iam from '@aws-sdk/client-iam';
import type {
  Group,
  InstanceProfile,
  ManagedPolicy,
  PasswordUse,
  PolicyHolder,
  Role,
  RoleUse,
  Tags,
  User,
} from '../../access/iam/entities.ts';

/** IAM tells whole seconds. */
export const timeOf = (ms: number): Date => new Date(Math.floor(ms / 1000) * 1000);

/** Policy documents travel percent-encoded (RFC 3986), as the API reference says at each of them. */
export const encodedDocument = (document: string): string =>
  encodeURIComponent(document).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

export const tagsOut = (tags: Tags): iam.Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
const someTags = (tags: Tags) => (Object.keys(tags).length > 0 ? { Tags: tagsOut(tags) } : {});

/** The API reference has another word for the type than the service has. */
const boundaryOut = ({ boundary }: PolicyHolder): Pick<iam.User, 'PermissionsBoundary'> =>
  boundary === undefined
    ? {}
    : { PermissionsBoundary: { PermissionsBoundaryType: 'Policy' as never, PermissionsBoundaryArn: boundary } };

/** As lists have it: without tags and boundary. */
export const userOut = (user: User): iam.User => ({
  Path: user.path,
  UserName: user.userName,
  UserId: user.userId,
  Arn: user.arn,
  CreateDate: timeOf(user.createdMs),
});
export const wholeUser = (user: User, password?: PasswordUse): iam.User => ({
  ...userOut(user),
  ...(password && { PasswordLastUsed: timeOf(password.usedMs) }),
  ...boundaryOut(user),
  ...someTags(user.tags),
});

export const groupOut = (group: Group): iam.Group => ({
  Path: group.path,
  GroupName: group.groupName,
  GroupId: group.groupId,
  Arn: group.arn,
  CreateDate: timeOf(group.createdMs),
});

export const roleOut = (role: Role): iam.Role => ({
  Path: role.path,
  RoleName: role.roleName,
  RoleId: role.roleId,
  Arn: role.arn,
  CreateDate: timeOf(role.createdMs),
  AssumeRolePolicyDocument: encodedDocument(role.trust),
  ...(role.description !== undefined && { Description: role.description }),
  MaxSessionDuration: role.maxSessionSeconds,
});
export const wholeRole = (role: Role, use?: RoleUse): iam.Role => ({
  ...roleOut(role),
  ...boundaryOut(role),
  ...someTags(role.tags),
  RoleLastUsed: use ? { LastUsedDate: timeOf(use.usedMs), Region: use.region } : {},
});

/** How often a managed policy is in use. */
export interface Usage {
  readonly attached: number;
  readonly boundary: number;
}

export const policyOut = (policy: ManagedPolicy, usage: Usage): iam.Policy => ({
  PolicyName: policy.policyName,
  PolicyId: policy.policyId,
  Arn: policy.arn,
  Path: policy.path,
  DefaultVersionId: policy.defaultVersionId,
  AttachmentCount: usage.attached,
  PermissionsBoundaryUsageCount: usage.boundary,
  IsAttachable: true,
  CreateDate: timeOf(policy.createdMs),
  UpdateDate: timeOf(policy.updatedMs),
});
export const wholePolicy = (policy: ManagedPolicy, usage: Usage): iam.Policy => ({
  ...policyOut(policy, usage),
  ...(policy.description !== undefined && { Description: policy.description }),
  ...someTags(policy.tags),
});

export const instanceProfileOut = (profile: InstanceProfile, role: Role | undefined): iam.InstanceProfile => ({
  Path: profile.path,
  InstanceProfileName: profile.instanceProfileName,
  InstanceProfileId: profile.instanceProfileId,
  Arn: profile.arn,
  CreateDate: timeOf(profile.createdMs),
  Roles: role ? [roleOut(role)] : [],
});
export const wholeInstanceProfile = (profile: InstanceProfile, role: Role | undefined): iam.InstanceProfile => ({
  ...instanceProfileOut(profile, role),
  ...someTags(profile.tags),
});
