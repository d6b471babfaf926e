import { query } from '../../api/client.ts';
import { allPages, type Listed } from '../../api/pages.ts';
import { listOf, type XmlValue } from '../../api/xml.ts';

/** IAM's operations, as the pages of users and roles ask them. */

/** IAM's most: each page is a call in the audit log. */
const PAGE_SIZE = '1000';

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

export interface AttachedPolicy {
  readonly PolicyName: string;
  readonly PolicyArn: string;
}

/** A policy that stands in its user, group or role. */
export interface InlinePolicy {
  readonly PolicyName: string;
  /** JSON, percent-encoded. */
  readonly PolicyDocument: string;
}

interface HolderXml {
  readonly Arn: string;
  readonly Path: string;
  readonly CreateDate: string;
  readonly AttachedManagedPolicies: XmlValue;
  readonly PermissionsBoundary?: { readonly PermissionsBoundaryArn: string };
  readonly Tags: XmlValue;
}

interface UserXml extends HolderXml {
  readonly UserName: string;
  readonly UserId: string;
  readonly UserPolicyList: XmlValue;
  readonly GroupList: XmlValue;
}

interface RoleXml extends HolderXml {
  readonly RoleName: string;
  readonly RoleId: string;
  readonly AssumeRolePolicyDocument: string;
  readonly RolePolicyList: XmlValue;
  readonly RoleLastUsed?: { readonly LastUsedDate?: string; readonly Region?: string };
}

/** What users, groups and roles have. */
export interface Holder {
  readonly attached: readonly AttachedPolicy[];
  readonly inline: readonly InlinePolicy[];
}

export interface User extends Holder {
  readonly name: string;
  readonly id: string;
  readonly arn: string;
  readonly path: string;
  readonly created: string;
  readonly groups: readonly string[];
  readonly boundary: string | undefined;
  readonly tags: readonly Tag[];
}

export interface Role extends Holder {
  readonly name: string;
  readonly id: string;
  readonly arn: string;
  readonly path: string;
  readonly created: string;
  /** Trust policy, JSON. */
  readonly trust: string;
  readonly lastUsed: string | undefined;
  readonly lastRegion: string | undefined;
  readonly boundary: string | undefined;
  readonly tags: readonly Tag[];
}

type Kind = 'User' | 'Role' | 'Group';

type Answer = Readonly<Record<string, XmlValue>>;

/** An operation that lists, page by page. */
const listed = <T>(operation: string, input: object, member: string, signal: AbortSignal): Promise<Listed<T>> =>
  allPages(async (Marker) => {
    const asked = { ...input, MaxItems: PAGE_SIZE, ...(Marker && { Marker }) };
    const answer = await query<Answer>('iam', operation, asked, { signal });
    const next = answer.IsTruncated === 'true' ? String(answer.Marker) : undefined;
    return { items: listOf<T>(answer[member]), next };
  });

/** All entities of a kind with all that they may do, in one call a thousand. */
const details = <T>(kind: Kind, signal: AbortSignal): Promise<Listed<T>> =>
  listed<T>('GetAccountAuthorizationDetails', { Filter: [kind] }, `${kind}DetailList`, signal);

const common = (xml: HolderXml) => ({
  arn: xml.Arn,
  path: xml.Path,
  created: xml.CreateDate,
  attached: listOf<AttachedPolicy>(xml.AttachedManagedPolicies),
  boundary: xml.PermissionsBoundary?.PermissionsBoundaryArn,
  tags: listOf<Tag>(xml.Tags),
});

export async function allUsers(signal: AbortSignal): Promise<Listed<User>> {
  const { items, isCut } = await details<UserXml>('User', signal);
  const users = items.map((xml) => ({
    ...common(xml),
    name: xml.UserName,
    id: xml.UserId,
    inline: listOf<InlinePolicy>(xml.UserPolicyList),
    groups: listOf<string>(xml.GroupList),
  }));
  return { items: users, isCut };
}

export async function allRoles(signal: AbortSignal): Promise<Listed<Role>> {
  const { items, isCut } = await details<RoleXml>('Role', signal);
  const roles = items.map((xml) => ({
    ...common(xml),
    name: xml.RoleName,
    id: xml.RoleId,
    trust: decodedDocument(xml.AssumeRolePolicyDocument),
    inline: listOf<InlinePolicy>(xml.RolePolicyList),
    lastUsed: xml.RoleLastUsed?.LastUsedDate,
    lastRegion: xml.RoleLastUsed?.Region,
  }));
  return { items: roles, isCut };
}

/** The policies of one user, group or role. */
export async function policiesOf(kind: Kind, name: string, signal: AbortSignal): Promise<Holder> {
  const who = { [`${kind}Name`]: name };
  const [attached, names] = await Promise.all([
    query<{ AttachedPolicies: XmlValue }>('iam', `ListAttached${kind}Policies`, who, { signal }),
    query<{ PolicyNames: XmlValue }>('iam', `List${kind}Policies`, who, { signal }),
  ]);
  const inline = listOf<string>(names.PolicyNames).map((PolicyName) =>
    query<InlinePolicy>('iam', `Get${kind}Policy`, { ...who, PolicyName }, { signal }),
  );
  return { attached: listOf<AttachedPolicy>(attached.AttachedPolicies), inline: await Promise.all(inline) };
}

/** Names of the users who have an MFA device. */
export async function usersWithMfa(signal: AbortSignal): Promise<ReadonlySet<string>> {
  type Device = { readonly User?: { readonly UserName: string } };
  const input = { AssignmentStatus: 'Assigned' };
  const devices = await listed<Device>('ListVirtualMFADevices', input, 'VirtualMFADevices', signal);
  return new Set(devices.items.flatMap(({ User }) => (User ? [User.UserName] : [])));
}

/** What a managed policy says now, JSON. */
export async function managedDocument(PolicyArn: string, signal: AbortSignal): Promise<string> {
  const { Policy } = await query<{ Policy: { DefaultVersionId: string } }>(
    'iam',
    'GetPolicy',
    { PolicyArn },
    { signal },
  );
  const input = { PolicyArn, VersionId: Policy.DefaultVersionId };
  const version = await query<{ PolicyVersion: { Document: string } }>('iam', 'GetPolicyVersion', input, { signal });
  return decodedDocument(version.PolicyVersion.Document);
}

/** Documents travel percent-encoded. What is not is taken as it is: it is shown as text. */
export function decodedDocument(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
