import type { AccessControlPolicy } from '@aws-sdk/client-s3';
import { canonicalUserId } from '../../access/caller.ts';
import type { Bucket } from '../../ports/object-store.ts';
import { invalidArgument, s3Error } from './errors.ts';
import type { Grant } from './model.ts';

/**
 * Access control lists. New buckets have them disabled (object ownership BucketOwnerEnforced, the default since 2023);
 * where they are enabled they are kept and shown, and grants to everyone or to other accounts count in `authorize.ts`.
 */
export const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers';
export const AUTHENTICATED_USERS = 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers';
const LOG_DELIVERY = 'http://acs.amazonaws.com/groups/s3/LogDelivery';

type Permission = Grant['Permission'];
const group = (URI: string, Permission: Permission): Grant => ({ Grantee: { Type: 'Group', URI }, Permission });
const fullControl = (accountId: string): Grant => ({
  Grantee: { Type: 'CanonicalUser', ID: canonicalUserId(accountId) },
  Permission: 'FULL_CONTROL',
});

/** What each canned ACL grants besides full control to the owner (S3 user guide, "Canned ACL"). */
const CANNED: Readonly<Record<string, readonly Grant[]>> = {
  private: [],
  'public-read': [group(ALL_USERS, 'READ')],
  'public-read-write': [group(ALL_USERS, 'READ'), group(ALL_USERS, 'WRITE')],
  'authenticated-read': [group(AUTHENTICATED_USERS, 'READ')],
  'bucket-owner-read': [],
  'bucket-owner-full-control': [],
  'aws-exec-read': [],
  'log-delivery-write': [group(LOG_DELIVERY, 'WRITE'), group(LOG_DELIVERY, 'READ_ACP')],
};

/** These say nothing that would not hold anyway, so they pass even where ACLs are disabled. */
const HARMLESS: ReadonlySet<string> = new Set(['bucket-owner-full-control']);

export interface AclInput {
  readonly ACL?: string | undefined;
  readonly GrantFullControl?: string | undefined;
  readonly GrantRead?: string | undefined;
  readonly GrantReadACP?: string | undefined;
  readonly GrantWrite?: string | undefined;
  readonly GrantWriteACP?: string | undefined;
  readonly AccessControlPolicy?: AccessControlPolicy | undefined;
}

const GRANT_HEADERS: readonly (readonly [keyof AclInput, Permission, header: string])[] = [
  ['GrantFullControl', 'FULL_CONTROL', 'x-amz-grant-full-control'],
  ['GrantRead', 'READ', 'x-amz-grant-read'],
  ['GrantReadACP', 'READ_ACP', 'x-amz-grant-read-acp'],
  ['GrantWrite', 'WRITE', 'x-amz-grant-write'],
  ['GrantWriteACP', 'WRITE_ACP', 'x-amz-grant-write-acp'],
];

/**
 * The grants that a request asks for; undefined when it asks for none.
 * @param enabled whether the bucket takes ACLs at all
 * @param blocksPublic BlockPublicAcls of the bucket
 * @throws AwsError AccessControlListNotSupported, AccessDenied, InvalidArgument, MalformedACLError, UnexpectedContent
 */
export function requestedAcl(
  input: AclInput,
  ownerAccountId: string,
  { enabled, blocksPublic }: { readonly enabled: boolean; readonly blocksPublic: boolean },
): readonly Grant[] | undefined {
  const headers = GRANT_HEADERS.filter(([name]) => input[name] !== undefined);
  const inHeaders = input.ACL !== undefined || headers.length > 0;
  if (!inHeaders && input.AccessControlPolicy === undefined) return undefined;
  if (inHeaders && input.AccessControlPolicy !== undefined) throw s3Error('UnexpectedContent');
  if (input.ACL !== undefined && headers.length > 0) {
    throw s3Error('InvalidRequest', { message: 'Specifying both Canned ACLs and Header Grants is not allowed' });
  }
  if (input.ACL !== undefined && !Object.hasOwn(CANNED, input.ACL)) throw invalidArgument('x-amz-acl', input.ACL, '');
  const grants = input.AccessControlPolicy
    ? policyGrants(input.AccessControlPolicy)
    : input.ACL !== undefined
      ? [fullControl(ownerAccountId), ...CANNED[input.ACL]!]
      : headers.flatMap(([name, permission, header]) => headerGrants(header, input[name] as string, permission));
  if (!enabled) {
    if (input.ACL !== undefined && HARMLESS.has(input.ACL)) return undefined;
    throw s3Error('AccessControlListNotSupported');
  }
  if (blocksPublic && grants.some(isPublic)) throw s3Error('AccessDenied');
  return grants;
}

export const isPublic = ({ Grantee }: Grant): boolean =>
  Grantee.URI === ALL_USERS || Grantee.URI === AUTHENTICATED_USERS;

/** The grants that hold without any having been set. */
export const defaultAcl = (ownerAccountId: string): readonly Grant[] => [fullControl(ownerAccountId)];

const PERMISSIONS: ReadonlySet<string> = new Set(['FULL_CONTROL', 'READ', 'WRITE', 'READ_ACP', 'WRITE_ACP']);
/** S3's limit. */
const GRANTS_MAX = 100;

function policyGrants({ Owner, Grants = [] }: AccessControlPolicy): Grant[] {
  if (!Owner?.ID || Grants.length > GRANTS_MAX) throw s3Error('MalformedACLError');
  userOf(Owner.ID, 'CanonicalUser/ID');
  return Grants.map(({ Grantee, Permission }) => {
    if (!Grantee || !Permission || !PERMISSIONS.has(Permission)) throw s3Error('MalformedACLError');
    if (Grantee.Type === 'Group') return { Grantee: groupOf(Grantee.URI ?? '', 'Group/URI'), Permission };
    if (Grantee.Type !== 'CanonicalUser') throw s3Error('MalformedACLError');
    return { Grantee: userOf(Grantee.ID ?? '', 'CanonicalUser/ID'), Permission };
  });
}

/** `id="…", uri="…"` */
function headerGrants(header: string, value: string, Permission: Permission): Grant[] {
  return value.split(',').map((part) => {
    const match = /^\s*(id|uri)\s*=\s*"?([^"]*)"?\s*$/i.exec(part);
    if (!match) throw invalidArgument(header, value, 'Argument format not recognized');
    const [, kind, grantee] = match as unknown as [string, string, string];
    return { Grantee: kind.toLowerCase() === 'uri' ? groupOf(grantee, 'uri') : userOf(grantee, 'id'), Permission };
  });
}

/** @param argument S3's name for where it stands */
function groupOf(URI: string, argument: string): Grant['Grantee'] {
  if ([ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY].includes(URI)) return { Type: 'Group', URI };
  throw invalidArgument(argument, URI, 'Invalid group uri');
}

/** @param argument S3's name for where it stands */
function userOf(ID: string, argument: string): Grant['Grantee'] {
  if (/^[0-9a-f]{64}$/.test(ID)) return { Type: 'CanonicalUser', ID };
  throw invalidArgument(argument, ID, 'Invalid id');
}

/** Whether these grants give the permission to a caller of that account (undefined: anonymous). */
export function aclAllows(grants: readonly Grant[], permission: Permission, accountId: string | undefined): boolean {
  return grants.some(({ Grantee, Permission }) => {
    if (Permission !== permission && Permission !== 'FULL_CONTROL') return false;
    if (Grantee.URI === ALL_USERS) return true;
    if (accountId === undefined) return false;
    return Grantee.URI === AUTHENTICATED_USERS || Grantee.ID === canonicalUserId(accountId);
  });
}

/** Whether the bucket's object ownership lets ACLs count. */
export function aclsEnabled(bucket: Bucket): boolean {
  return bucket.settings.objectOwnership !== 'BucketOwnerEnforced';
}

/** What object ownership can be. */
export const OWNERSHIPS: ReadonlySet<string> = new Set(['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter']);
