import type { UserIdentity } from '../event/record.ts';

/** What an access key stands for. Who a user or a role is, beyond its name, is looked up in its account. */
export type KeyOwner =
  | { readonly kind: 'root'; readonly arn?: string }
  | { readonly kind: 'user'; readonly userName: string }
  | RoleSession
  | FederatedUser
  /** An AWS service with a key of its own, which acts as nobody else: `autoscaling.amazonaws.com`. */
  | { readonly kind: 'service'; readonly service: string }
  /** Somebody of whom only the account is known. */
  | { readonly kind: 'account'; readonly principalId?: string };

/** A session of a role: members that are absent are not known. */
export interface RoleSession {
  readonly kind: 'role';
  readonly roleName?: string;
  readonly roleId?: string;
  readonly roleArn?: string;
  /** `AROA…:session` */
  readonly principalId?: string;
  /** `arn:aws:sts::…:assumed-role/…` */
  readonly arn?: string;
}

export interface FederatedUser {
  readonly kind: 'federated';
  /** `<account>:<name>` */
  readonly principalId: string;
  readonly arn: string;
  readonly issuer?:
    | { readonly kind: 'root'; readonly arn?: string }
    | { readonly kind: 'user'; readonly userName: string };
}

/** What came with temporary credentials. */
export interface KeySession {
  /** Past this the upstream refuses them. ms since the epoch. */
  readonly expiresMs: number;
  /** Absent when they were seen only after they had been handed out. */
  readonly createdMs?: number;
  readonly mfaAuthenticated?: boolean;
  /** SHA-256 in hex of the session token, which itself is never kept. */
  readonly tokenSha256?: string;
  readonly sourceIdentity?: string;
  readonly assumedRoot?: true;
  readonly webIdFederationData?: {
    readonly federatedProvider: string;
    readonly attributes: Readonly<Record<string, string>>;
  };
  /** Session tags that go on to sessions assumed from this one. */
  readonly transitiveTags?: Readonly<Record<string, string>>;
}

/**
 * How much is to be thought of what is known of a key: the operator's file says so, the upstream handed it out through
 * us, or an answer of the upstream spoke of it.
 */
export type KeySource = 'file' | 'issued' | 'seen';

export interface KnownKey {
  readonly accountId: string;
  readonly owner: KeyOwner;
  readonly source: KeySource;
  readonly active: boolean;
  readonly secretAccessKey?: string;
  /** Of temporary credentials. */
  readonly session?: KeySession;
}

export interface KnownUser {
  readonly userId?: string;
  readonly arn?: string;
}

export interface KnownRole {
  readonly roleId?: string;
  readonly arn?: string;
}

export interface KnownAccount {
  /** undefined: it has none. */
  readonly alias?: string | undefined;
  readonly name?: string;
}

/** What is known of an account's principals, by name. */
export interface Book {
  user(accountId: string, userName: string): KnownUser | undefined;
  role(accountId: string, roleName: string): KnownRole | undefined;
  account(accountId: string): KnownAccount | undefined;
}

/**
 * The userIdentity of calls made with a key, members in CloudTrail's order, and only those that are known (spec:
 * records §3, record-conventions §4; as newer records are written, without empty sessionIssuer and webIdFederationData).
 */
export function identityOfKey(accessKeyId: string, key: KnownKey, book: Book): UserIdentity {
  const { accountId, owner } = key;
  switch (owner.kind) {
    case 'root': {
      const alias = book.account(accountId)?.alias;
      return {
        type: 'Root',
        principalId: accountId,
        arn: owner.arn ?? rootArn(accountId),
        accountId,
        accessKeyId,
        ...(alias !== undefined && { userName: alias }),
        ...sessionContext(key, undefined),
      };
    }
    case 'user': {
      const { principalId, arn } = userOf(accountId, owner.userName, book);
      return {
        type: 'IAMUser',
        ...(principalId !== undefined && { principalId }),
        arn,
        accountId,
        accessKeyId,
        userName: owner.userName,
        ...sessionContext(key, undefined),
      };
    }
    case 'role':
      return assumedRole(accessKeyId, key, owner, book);
    case 'federated': {
      const { principalId, arn } = owner;
      const issuer = owner.issuer && issuerOf(accountId, owner.issuer, book);
      return { type: 'FederatedUser', principalId, arn, accountId, accessKeyId, ...sessionContext(key, issuer) };
    }
    case 'service':
      return { type: 'AWSService', invokedBy: owner.service };
    case 'account':
      return { type: 'AWSAccount', principalId: owner.principalId ?? '', accountId };
  }
}

export const rootArn = (accountId: string): string => `arn:aws:iam::${accountId}:root`;

function userOf(accountId: string, userName: string, book: Book) {
  const user = book.user(accountId, userName);
  return { principalId: user?.userId, arn: user?.arn ?? `arn:aws:iam::${accountId}:user/${userName}` };
}

function assumedRole(accessKeyId: string, key: KnownKey, owner: RoleSession, book: Book): UserIdentity {
  const { accountId } = key;
  const { roleName, principalId, arn } = owner;
  const role = roleName === undefined ? undefined : book.role(accountId, roleName);
  // A role of that name which was made later is another one.
  const same = owner.roleId === undefined || role?.roleId === undefined || role.roleId === owner.roleId;
  const roleId = owner.roleId ?? role?.roleId;
  const roleArn =
    owner.roleArn ?? (same ? role?.arn : undefined) ?? (roleName && `arn:aws:iam::${accountId}:role/${roleName}`);
  const issuer = roleName !== undefined && {
    type: 'Role',
    ...(roleId !== undefined && { principalId: roleId }),
    arn: roleArn,
    accountId,
    userName: roleName,
  };
  const service = /:role\/aws-service-role\/([^/]+)\//.exec(roleArn ?? '')?.[1];
  return {
    type: 'AssumedRole',
    ...(principalId !== undefined && { principalId }),
    ...(arn !== undefined && { arn }),
    accountId,
    accessKeyId,
    ...sessionContext(key, issuer || undefined),
    // Only the service itself can be in a service-linked role (spec: records §6).
    ...(service !== undefined && { invokedBy: service }),
  };
}

function issuerOf(accountId: string, issuer: NonNullable<FederatedUser['issuer']>, book: Book) {
  if (issuer.kind === 'root') {
    return { type: 'Root', principalId: accountId, arn: issuer.arn ?? rootArn(accountId), accountId };
  }
  const { principalId, arn } = userOf(accountId, issuer.userName, book);
  return { type: 'IAMUser', ...(principalId && { principalId }), arn, accountId, userName: issuer.userName };
}

/** Members in the order of real records: sessionIssuer, webIdFederationData, attributes, then the rest. */
function sessionContext({ session }: KnownKey, sessionIssuer: Readonly<Record<string, unknown>> | undefined) {
  const { webIdFederationData, createdMs, mfaAuthenticated = false, sourceIdentity, assumedRoot } = session ?? {};
  const context = {
    ...(sessionIssuer && { sessionIssuer }),
    ...(webIdFederationData && { webIdFederationData }),
    ...(createdMs !== undefined && {
      attributes: { creationDate: isoSeconds(createdMs), mfaAuthenticated: String(mfaAuthenticated) },
    }),
    ...(sourceIdentity !== undefined && { sourceIdentity }),
    ...(assumedRoot && { assumedRoot: 'true' }),
  };
  return Object.keys(context).length > 0 ? { sessionContext: context } : undefined;
}

const isoSeconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
