import { query } from '../../api/client.ts';
import { listOf, type XmlValue } from '../../api/xml.ts';
import type { Tag } from '../../parts/access/iam.ts';

/** IAM's operations about one role. */

export interface RoleFacts {
  readonly RoleName: string;
  readonly RoleId: string;
  readonly Arn: string;
  readonly CreateDate: string;
  readonly Description?: string;
  readonly MaxSessionDuration: string;
  /** Percent-encoded. */
  readonly AssumeRolePolicyDocument: string;
  readonly RoleLastUsed?: { readonly LastUsedDate?: string; readonly Region?: string };
  readonly PermissionsBoundary?: { readonly PermissionsBoundaryArn: string };
  readonly Tags?: XmlValue;
}

export async function getRole(RoleName: string, signal: AbortSignal): Promise<RoleFacts> {
  return (await query<{ Role: RoleFacts }>('iam', 'GetRole', { RoleName }, { signal })).Role;
}

export const tagsOf = ({ Tags }: RoleFacts): readonly Tag[] => listOf<Tag>(Tags);
