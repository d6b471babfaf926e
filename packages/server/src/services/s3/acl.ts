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

const GRANT_HEADERS: readonly (readonly [keyof AclInput, Permission])[] = [
  ['GrantFullControl', 'FULL_CONTROL'],
  ['GrantRead', 'READ'],
  ['GrantReadACP', 'READ_ACP'],
  ['GrantWrite', 'WRITE'],
  ['GrantWriteACP', 'WRITE_ACP'],
];

/**
 * The grants that a request asks for; undefined when it asks for none.
 * @param enabled whether the bucket takes ACLs at all
 * @param blocksPublic BlockPublicAcls of the bucket
 * @throws AwsError AccessControlListNotSupported, AccessDenied, InvalidArgument, MalformedACLError
 */
export function requestedAcl(
  input: AclInput,
  ownerAccountId: string,
  { enabled, blocksPublic }: { readonly enabled: boolean; readonly blocksPublic: boolean },
): readonly Grant[] | undefined {
  const headers = GRANT_HEADERS.filter(([name]) => input[name] !== undefined);
  const ways = [input.ACL !== undefined, headers.length > 0, input.AccessControlPolicy !== undefined];
  if (!ways.includes(true)) return undefined;
  if (ways.filter(Boolean).length > 1) {
    throw s3Error('InvalidRequest', { message: 'Specifying both Canned ACLs and Header Grants is not allowed' });
  }
  if (input.ACL !== undefined && !Object.hasOwn(CANNED, input.ACL)) throw invalidArgument('x-amz-acl', input.ACL, '');
  if (!enabled) {
    if (input.ACL !== undefined && HARMLESS.has(input.ACL)) return undefined;
    throw s3Error('AccessControlListNotSupported');
  }
  const grants = input.AccessControlPolicy
    ? policyGrants(input.AccessControlPolicy)
    : [
        fullControl(ownerAccountId),
        ...(input.ACL === undefined ? [] : CANNED[input.ACL]!),
        ...headers.flatMap(([name, permission]) => headerGrants(input[name] as string, permission)),
      ];
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
  return Grants.map(({ Grantee, Permission }) => {
    if (!Grantee || !Permission || !PERMISSIONS.has(Permission)) throw s3Error('MalformedACLError');
    return { Grantee: granteeOf(Grantee.Type === 'Group' ? 'uri' : 'id', Grantee.URI ?? Grantee.ID ?? ''), Permission };
  });
}

/** `id="…", uri="…"` */
function headerGrants(header: string, Permission: Permission): Grant[] {
  return header.split(',').map((part) => {
    const match = /^\s*(id|uri)\s*=\s*"?([^"]*)"?\s*$/i.exec(part);
    if (!match) throw invalidArgument('x-amz-grant', header, 'Argument format not recognized');
    return { Grantee: granteeOf(match[1]!.toLowerCase() as 'id' | 'uri', match[2]!), Permission };
  });
}

function granteeOf(kind: 'id' | 'uri', value: string): Grant['Grantee'] {
  if (kind === 'uri') {
    if ([ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY].includes(value)) return { Type: 'Group', URI: value };
    throw invalidArgument('uri', value, 'Invalid group uri');
  }
  if (/^[0-9a-f]{64}$/.test(value)) return { Type: 'CanonicalUser', ID: value };
  throw invalidArgument('CanonicalUser/ID', value, 'Invalid id');
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
