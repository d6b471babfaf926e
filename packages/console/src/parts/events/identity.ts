import { type AuditRecord, nameOfArn, objectOf, textAt, textOf } from './record.ts';

/** Who did something, in the words that people use of it. */
export interface Actor {
  readonly kind: ActorKind;
  /** `alice`, `the root user`, `session ci of role Deploy`. */
  readonly name: string;
  /** What it is: `IAM user`, `Role session`. */
  readonly label: string;
  readonly arn: string;
  readonly principalId: string;
  readonly accountId: string;
  readonly accessKeyId: string;
  /** The service that called, where one did. */
  readonly invokedBy: string;
  /** Of a session: the role or user that it was made of. */
  readonly issuerArn: string;
  /** ISO time at which the session began; '' for who has no session. */
  readonly since: string;
  /** Undefined where the record does not say. */
  readonly mfa: boolean | undefined;
  /** A name that was given with AssumeRole and stays through all roles that follow. */
  readonly sourceIdentity: string;
}

export type ActorKind =
  | 'root'
  | 'user'
  | 'role-session'
  | 'federated'
  | 'web'
  | 'saml'
  | 'account'
  | 'service'
  | 'center'
  | 'unknown';

interface Kind {
  readonly kind: ActorKind;
  readonly label: string;
  readonly name: (identity: AuditRecord) => string;
}

const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';

const userName = (identity: AuditRecord): string => {
  const name = textOf(identity.userName);
  return name === HIDDEN ? 'somebody whose name is hidden' : name || nameOfArn(textOf(identity.arn));
};
const sessionName = (identity: AuditRecord): string =>
  nameOfArn(textOf(identity.arn)) || textOf(identity.principalId).split(':').slice(1).join(':');
const roleName = (identity: AuditRecord): string =>
  textAt(identity, 'sessionContext.sessionIssuer.userName') ||
  /:assumed-role\/([^/]+)\//.exec(textOf(identity.arn))?.[1] ||
  '';

function roleSession(identity: AuditRecord): string {
  const [session, role] = [sessionName(identity), roleName(identity)];
  return role === '' ? session : `${session} (role ${role})`;
}

/** By `userIdentity.type` (CloudTrail user guide, "userIdentity element"). */
const KINDS: Readonly<Record<string, Kind>> = {
  Root: { kind: 'root', label: 'Root user', name: () => 'the root user' },
  IAMUser: { kind: 'user', label: 'IAM user', name: userName },
  AssumedRole: { kind: 'role-session', label: 'Role session', name: roleSession },
  Role: { kind: 'role-session', label: 'Role', name: userName },
  FederatedUser: { kind: 'federated', label: 'Federated user', name: sessionName },
  WebIdentityUser: { kind: 'web', label: 'Web identity', name: userName },
  SAMLUser: { kind: 'saml', label: 'SAML user', name: userName },
  AWSAccount: { kind: 'account', label: 'Another account', name: (i) => `account ${textOf(i.accountId) || 'unknown'}` },
  AWSService: { kind: 'service', label: 'AWS service', name: (i) => textOf(i.invokedBy) || 'an AWS service' },
  IdentityCenterUser: { kind: 'center', label: 'IAM Identity Center user', name: centerUser },
};

function centerUser(identity: AuditRecord): string {
  const id = textAt(identity, 'onBehalfOf.userId');
  return id === '' ? 'an Identity Center user' : `Identity Center user ${id}`;
}

const UNKNOWN: Kind = {
  kind: 'unknown',
  label: 'Unknown',
  name: (identity) => userName(identity) || textOf(identity.principalId) || 'somebody unknown',
};
/** Records of services have no type. */
const SERVICE: Kind = { ...KINDS.AWSService!, name: (identity) => textOf(identity.invokedBy) || 'AWS' };

/** Reads `userIdentity` of a record. Total: odd shapes give empty texts. */
export function actorOf(record: AuditRecord): Actor {
  const identity = objectOf(record.userIdentity);
  const { kind, label, name } = kindOf(identity);
  const mfa = textAt(identity, 'sessionContext.attributes.mfaAuthenticated');
  return {
    kind,
    label,
    name: name(identity) || UNKNOWN.name(identity),
    arn: textOf(identity.arn),
    principalId: textOf(identity.principalId),
    accountId: textOf(identity.accountId),
    accessKeyId: textOf(identity.accessKeyId),
    invokedBy: textOf(identity.invokedBy),
    issuerArn: textAt(identity, 'sessionContext.sessionIssuer.arn'),
    since: textAt(identity, 'sessionContext.attributes.creationDate'),
    mfa: mfa === '' ? undefined : mfa === 'true',
    sourceIdentity: textAt(identity, 'sessionContext.sourceIdentity'),
  };
}

/** Who an ARN alone names. */
export function actorOfArn(arn: string): Actor {
  const [, , , , accountId = '', resource = ''] = arn.split(':');
  const type = ARN_TYPES.find(([begin]) => resource.startsWith(begin))?.[1];
  return actorOf({ userIdentity: { type, arn, accountId } });
}

const ARN_TYPES: readonly (readonly [string, string])[] = [
  ['user/', 'IAMUser'],
  ['assumed-role/', 'AssumedRole'],
  ['federated-user/', 'FederatedUser'],
  ['root', 'Root'],
];

function kindOf(identity: AuditRecord): Kind {
  const type = textOf(identity.type);
  if (Object.hasOwn(KINDS, type)) return KINDS[type]!;
  return type === '' && (identity.invokedBy !== undefined || identity.arn === undefined) ? SERVICE : UNKNOWN;
}

/** Keys of sessions begin with ASIA; those of users, which last, with AKIA. */
export const isSessionKey = (accessKeyId: string): boolean => accessKeyId.startsWith('ASIA');
