import { query } from '../../api/client.ts';
import { ApiError } from '../../api/error.ts';
import { listOf, type XmlValue } from '../../api/xml.ts';
import type { Tag } from '../../parts/access/iam.ts';

/** IAM's operations about one user. */

export interface UserFacts {
  readonly UserName: string;
  readonly UserId: string;
  readonly Arn: string;
  readonly CreateDate: string;
  readonly PasswordLastUsed?: string;
  readonly PermissionsBoundary?: { readonly PermissionsBoundaryArn: string };
  readonly Tags?: XmlValue;
}

export async function getUser(UserName: string, signal: AbortSignal): Promise<UserFacts> {
  return (await query<{ User: UserFacts }>('iam', 'GetUser', { UserName }, { signal })).User;
}

export const tagsOf = ({ Tags }: UserFacts): readonly Tag[] => listOf<Tag>(Tags);

export async function groupsOf(UserName: string, signal: AbortSignal): Promise<readonly string[]> {
  const answer = await query<{ Groups: XmlValue }>('iam', 'ListGroupsForUser', { UserName }, { signal });
  return listOf<{ readonly GroupName: string }>(answer.Groups).map(({ GroupName }) => GroupName);
}

export interface AccessKey {
  readonly id: string;
  readonly isActive: boolean;
  readonly created: string;
  /** Absent when it was never used. */
  readonly used?: { readonly at: string; readonly service: string; readonly region: string };
}

export async function accessKeysOf(UserName: string, signal: AbortSignal): Promise<readonly AccessKey[]> {
  const answer = await query<{ AccessKeyMetadata: XmlValue }>('iam', 'ListAccessKeys', { UserName }, { signal });
  const listed = listOf<{ AccessKeyId: string; Status: string; CreateDate: string }>(answer.AccessKeyMetadata);
  return Promise.all(
    listed.map(async ({ AccessKeyId, Status, CreateDate }) => {
      const { AccessKeyLastUsed: last } = await query<{
        AccessKeyLastUsed: { LastUsedDate?: string; ServiceName: string; Region: string };
      }>('iam', 'GetAccessKeyLastUsed', { AccessKeyId }, { signal });
      return {
        id: AccessKeyId,
        isActive: Status === 'Active',
        created: CreateDate,
        ...(last.LastUsedDate && { used: { at: last.LastUsedDate, service: last.ServiceName, region: last.Region } }),
      };
    }),
  );
}

export interface Device {
  readonly SerialNumber: string;
  readonly EnableDate: string;
}

export async function devicesOf(UserName: string, signal: AbortSignal): Promise<readonly Device[]> {
  const answer = await query<{ MFADevices: XmlValue }>('iam', 'ListMFADevices', { UserName }, { signal });
  return listOf<Device>(answer.MFADevices);
}

export interface Password {
  readonly CreateDate: string;
  readonly PasswordResetRequired: string;
}

/** undefined: the user has none. */
export async function passwordOf(UserName: string, signal: AbortSignal): Promise<Password | undefined> {
  try {
    return (await query<{ LoginProfile: Password }>('iam', 'GetLoginProfile', { UserName }, { signal })).LoginProfile;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'NoSuchEntity') return undefined;
    throw error;
  }
}
