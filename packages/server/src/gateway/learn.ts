import { createHash } from 'node:crypto';
import type { KnownIdentity } from '../access/directory.ts';
import type { FederatedUser, KeyOwner, KeySession, KeySource, RoleSession } from '../access/known-keys.ts';
import type { LearnedFact } from '../access/learned-facts.ts';
import { federationDataOf, type Members, roleOfArn, text, webIdentityOf } from './federation.ts';

/** A call that succeeded, as far as something can be learned from it. */
export interface Taught {
  readonly schemaId: string;
  readonly operation: string;
  readonly input: Members | undefined;
  /** undefined: nothing is learned. */
  readonly output: Members | undefined;
  /** As known when the call came. */
  readonly caller: KnownIdentity | undefined;
  /** Of the signature. */
  readonly accessKeyId: string | undefined;
  /** Where the call belongs: `identify` says it. */
  readonly accountId: string;
  readonly timeMs: number;
  /** The upstream saw credentials of the gateway's own: it says nothing of the caller's key then. */
  readonly resigned?: boolean;
}

type Lesson = (call: Taught) => readonly (LearnedFact | undefined)[];

/**
 * Whether the answer to this operation says something about identities, so that it is worth decoding.
 */
export function learnsFrom(schemaId: string, operation: string): boolean {
  return Object.hasOwn(LESSONS, schemaId) && Object.hasOwn(LESSONS[schemaId]!, operation);
}

/** Whether any of its operations does. */
export const teachesAtAll = (schemaId: string): boolean => Object.hasOwn(LESSONS, schemaId);

/**
 * What an answer says about identities. MUST be given only answers with status 2xx of an exchange that `mayTeach`. The
 * account of a fact is the one in the answer's ARN; where there is none, it is the caller's.
 */
export function factsOf(call: Taught): LearnedFact[] {
  if (!call.output || !learnsFrom(call.schemaId, call.operation)) return [];
  return LESSONS[call.schemaId]![call.operation]!(call).filter((fact) => fact !== undefined);
}

const IAM: Readonly<Record<string, Lesson>> = {
  CreateUser: (call) => [userFact(call, call.output?.User)],
  /** Without a name it is about the caller. */
  GetUser: (call) => [
    userFact(call, call.output?.User),
    ...(text(call.input, 'UserName') ? [] : whoIs(call, arnOf(call.output?.User))),
  ],
  ListUsers: (call) => list(call.output, 'Users').map((user) => userFact(call, user)),
  GetGroup: (call) => list(call.output, 'Users').map((user) => userFact(call, user)),
  UpdateUser: (call) => renamedUser(call),
  DeleteUser: (call) =>
    named(call, 'UserName', (userName) => ({ fact: 'user-gone', accountId: ownAccount(call), userName })),
  CreateRole: (call) => [roleFact(call, call.output?.Role)],
  GetRole: (call) => [roleFact(call, call.output?.Role)],
  CreateServiceLinkedRole: (call) => [roleFact(call, call.output?.Role)],
  ListRoles: (call) => list(call.output, 'Roles').map((role) => roleFact(call, role)),
  DeleteRole: (call) =>
    named(call, 'RoleName', (roleName) => ({ fact: 'role-gone', accountId: ownAccount(call), roleName })),
  GetAccountAuthorizationDetails: (call) => [
    ...list(call.output, 'UserDetailList').map((user) => userFact(call, user)),
    ...list(call.output, 'RoleDetailList').map((role) => roleFact(call, role)),
  ],
  CreateAccessKey: (call) => [accessKeyFact(call, call.output?.AccessKey, 'issued')],
  ListAccessKeys: (call) => list(call.output, 'AccessKeyMetadata').map((key) => accessKeyFact(call, key, 'seen')),
  UpdateAccessKey: (call) => {
    const status = text(call.input, 'Status');
    if (status !== 'Active' && status !== 'Inactive') return [];
    return namedKey(call, (key) => ({ fact: 'key-status', ...key, active: status === 'Active' }));
  },
  DeleteAccessKey: (call) => namedKey(call, (key) => ({ fact: 'key-gone', ...key })),
  CreateAccountAlias: (call) => named(call, 'AccountAlias', (alias) => aliasFact(call, alias)),
  DeleteAccountAlias: (call) => [aliasFact(call, undefined)],
  ListAccountAliases: (call) => [aliasFact(call, text(call.output?.AccountAliases, '0'))],
};

const STS: Readonly<Record<string, Lesson>> = {
  AssumeRole: (call) => {
    const owner = assumedRole(call) ?? principalOf(call.caller);
    const sourceIdentity = call.caller?.session?.sourceIdentity ?? sourceIdentityOf(call);
    return [
      sessionFact(call, owner, {
        ...withSource(sourceIdentity),
        ...transitiveTags(call),
        mfaAuthenticated: hasMfa(call),
      }),
    ];
  },
  AssumeRoleWithWebIdentity: (call) => {
    const web = webIdentityOf(call.input, call.output);
    const extra = {
      ...withSource(sourceIdentityOf(call)),
      ...(web && { webIdFederationData: federationDataOf(web) }),
    };
    return [sessionFact(call, assumedRole(call), extra)];
  },
  AssumeRoleWithSAML: (call) => [sessionFact(call, assumedRole(call), withSource(sourceIdentityOf(call)))],
  GetSessionToken: (call) => [sessionFact(call, principalOf(call.caller), { mfaAuthenticated: hasMfa(call) })],
  GetFederationToken: (call) => [sessionFact(call, federatedUser(call), {})],
  AssumeRoot: (call) => {
    const accountId = accountIn(text(call.input, 'TargetPrincipal'));
    const extra = { assumedRoot: true as const, ...withSource(sourceIdentityOf(call)) };
    return accountId === undefined ? [] : [sessionFact(call, { accountId, owner: { kind: 'root' } }, extra)];
  },
  GetCallerIdentity: (call) => whoIs(call, call.output?.Arn, text(call.output, 'UserId')),
};

/** Both give credentials of a role that the answer does not name; GetCallerIdentity will. */
const UNNAMED_ROLE: RoleSession = { kind: 'role' };

const COGNITO: Readonly<Record<string, Lesson>> = {
  GetCredentialsForIdentity: (call) => {
    const role = roleOfArn(text(call.input, 'CustomRoleArn'));
    const owner: RoleSession = role ? { ...UNNAMED_ROLE, roleName: role.roleName } : UNNAMED_ROLE;
    const subject = text(call.output, 'IdentityId');
    const web = { provider: 'cognito-identity.amazonaws.com', ...(subject !== undefined && { subject }) };
    const accountId = role?.accountId ?? call.accountId;
    return [sessionFact(call, { accountId, owner }, { webIdFederationData: federationDataOf(web) })];
  },
};

const SSO: Readonly<Record<string, Lesson>> = {
  GetRoleCredentials: (call) => {
    const accountId = accountIn(text(call.input, 'accountId'));
    return accountId === undefined ? [] : [sessionFact(call, { accountId, owner: UNNAMED_ROLE }, {})];
  },
};

const createdAccount: Lesson = ({ output }) => {
  const status = output?.CreateAccountStatus;
  const accountId = accountIn(text(status, 'AccountId'));
  const name = text(status, 'AccountName');
  return accountId === undefined || name === undefined ? [] : [{ fact: 'account', accountId, account: { name } }];
};

const ORGANIZATIONS: Readonly<Record<string, Lesson>> = {
  CreateAccount: createdAccount,
  DescribeCreateAccountStatus: createdAccount,
};

/** By schema id and operation. */
const LESSONS: Readonly<Record<string, Readonly<Record<string, Lesson>>>> = {
  iam: IAM,
  sts: STS,
  'cognito-identity': COGNITO,
  sso: SSO,
  organizations: ORGANIZATIONS,
};

const list = (members: Members | undefined, name: string): readonly unknown[] => {
  const value = members?.[name];
  return Array.isArray(value) ? value : [];
};

/** IAM's calls act in the account of their caller. */
const ownAccount = ({ caller, accountId }: Taught): string => caller?.accountId ?? accountId;

const arnOf = (members: unknown): string | undefined => text(members, 'Arn');

/** 12 digits, on their own or in an ARN. */
const accountIn = (value: string | undefined): string | undefined =>
  /^(?:arn:[\w-]+:[\w-]+:[\w-]*:)?(\d{12})(?::|$)/.exec(value ?? '')?.[1];

function userFact(call: Taught, user: unknown): LearnedFact | undefined {
  const userName = text(user, 'UserName');
  const userId = text(user, 'UserId');
  const arn = arnOf(user);
  if (userName === undefined || !/:user\//.test(arn ?? '')) return undefined;
  const known = { ...(userId !== undefined && { userId }), ...(accountIn(arn) !== undefined && { arn: arn! }) };
  return { fact: 'user', accountId: accountIn(arn) ?? ownAccount(call), userName, user: known };
}

function roleFact(call: Taught, role: unknown): LearnedFact | undefined {
  const roleName = text(role, 'RoleName');
  const roleId = text(role, 'RoleId');
  const arn = arnOf(role);
  if (roleName === undefined || !/:role\//.test(arn ?? '')) return undefined;
  const known = { ...(roleId !== undefined && { roleId }), ...(accountIn(arn) !== undefined && { arn: arn! }) };
  return { fact: 'role', accountId: accountIn(arn) ?? ownAccount(call), roleName, role: known };
}

const named = (call: Taught, member: string, make: (name: string) => LearnedFact): LearnedFact[] => {
  const name = text(call.input, member);
  return name === undefined ? [] : [make(name)];
};

function renamedUser(call: Taught): LearnedFact[] {
  const newUserName = text(call.input, 'NewUserName');
  if (newUserName === undefined) return [];
  return named(call, 'UserName', (userName) => ({
    fact: 'user-renamed',
    accountId: ownAccount(call),
    userName,
    newUserName,
  }));
}

const aliasFact = (call: Taught, alias: string | undefined): LearnedFact => ({
  fact: 'account',
  accountId: ownAccount(call),
  account: { alias },
});

/** Root or an IAM user, when the call is theirs: who a call is about that names nobody. */
function principalOf(caller: KnownIdentity | undefined) {
  const { accountId, owner } = caller ?? {};
  if (accountId === undefined || owner === undefined) return undefined;
  return { accountId, owner };
}

function accessKeyFact(call: Taught, key: unknown, source: KeySource): LearnedFact | undefined {
  const accessKeyId = keyId(text(key, 'AccessKeyId'));
  const userName = text(key, 'UserName');
  const secretAccessKey = text(key, 'SecretAccessKey', 256);
  const isRoots = text(call.input, 'UserName') === undefined && self(call)?.kind === 'root';
  const owner: KeyOwner | undefined = isRoots ? { kind: 'root' } : userName ? { kind: 'user', userName } : undefined;
  if (accessKeyId === undefined || owner === undefined) return undefined;
  const active = text(key, 'Status') !== 'Inactive';
  return {
    fact: 'key',
    accessKeyId,
    key: {
      accountId: ownAccount(call),
      owner,
      source,
      active,
      ...(secretAccessKey !== undefined && { secretAccessKey }),
    },
  };
}

/** Whom a call of IAM means that names nobody; undefined where that is not known. */
const self = ({ caller, resigned }: Taught): KeyOwner | undefined => (resigned ? undefined : caller?.owner);

/** The key that a call of IAM is about, and whose it must be: UserName's, or else the caller's own. */
function namedKey(
  call: Taught,
  make: (key: { accessKeyId: string; accountId: string; owner: KeyOwner | undefined }) => LearnedFact,
): LearnedFact[] {
  const accessKeyId = keyId(text(call.input, 'AccessKeyId'));
  if (accessKeyId === undefined) return [];
  const userName = text(call.input, 'UserName');
  const owner: KeyOwner | undefined = userName === undefined ? self(call) : { kind: 'user', userName };
  return [make({ accessKeyId, accountId: ownAccount(call), owner })];
}

const keyId = (value: string | undefined): string | undefined => (/^\w{1,128}$/.test(value ?? '') ? value : undefined);

/** The role that an answer of STS names. Its path is in the request alone, which the upstream accepted. */
function assumedRole({ input, output }: Taught): { accountId: string; owner: RoleSession } | undefined {
  const asked = roleOfArn(text(input, 'RoleArn'));
  const user = output?.AssumedRoleUser;
  const m = /^arn:([\w-]+):sts::(\d{12}):assumed-role\/([\w+=,.@-]{1,128})\/(.+)$/.exec(arnOf(user) ?? '');
  if (!m) return asked && { accountId: asked.accountId, owner: { ...UNNAMED_ROLE, roleName: asked.roleName } };
  const [arn, partition, accountId, roleName] = m as unknown as readonly string[];
  const isAsked = asked?.accountId === accountId && asked?.roleName === roleName;
  return {
    accountId: accountId!,
    owner: sessionOfRole(
      arn!,
      roleName!,
      text(user, 'AssumedRoleId'),
      isAsked ? text(input, 'RoleArn')! : `arn:${partition}:iam::${accountId}:role/${roleName}`,
    ),
  };
}

function sessionOfRole(arn: string, roleName: string, principalId: string | undefined, roleArn?: string): RoleSession {
  const ids = principalId !== undefined && { roleId: principalId.split(':')[0]!, principalId };
  return { kind: 'role', roleName, ...ids, ...(roleArn !== undefined && { roleArn }), arn };
}

function federatedUser({ caller, output }: Taught): { accountId: string; owner: FederatedUser } | undefined {
  const user = output?.FederatedUser;
  const arn = arnOf(user);
  const principalId = text(user, 'FederatedUserId');
  const accountId = accountIn(arn);
  if (arn === undefined || principalId === undefined || accountId === undefined) return undefined;
  const issuer = caller?.owner.kind === 'user' || caller?.owner.kind === 'root' ? caller.owner : undefined;
  return { accountId, owner: { kind: 'federated', principalId, arn, ...(issuer && { issuer }) } };
}

const hasMfa = ({ input }: Taught): boolean =>
  text(input, 'SerialNumber') !== undefined && text(input, 'TokenCode') !== undefined;

const sourceIdentityOf = ({ input, output }: Taught) => text(output, 'SourceIdentity') ?? text(input, 'SourceIdentity');
const withSource = (sourceIdentity: string | undefined): Partial<KeySession> =>
  sourceIdentity === undefined ? {} : { sourceIdentity };

/** STS takes 50 tags of 128 + 256 characters; what an upstream lets through beyond that is not kept. */
const TAGS_MAX = 50;

/** Tags that go on to the next session: those the caller's session has, and those that the call says so of. */
function transitiveTags({ input, caller }: Taught): Pick<KeySession, 'transitiveTags'> {
  const keys = new Set(list(input, 'TransitiveTagKeys'));
  const asked = list(input, 'Tags').flatMap((tag) => {
    const key = text(tag, 'Key', 128);
    return key !== undefined && keys.has(key) ? [[key, text(tag, 'Value', 256) ?? '']] : [];
  });
  const transitiveTags = { ...Object.fromEntries(asked.slice(0, TAGS_MAX)), ...caller?.session?.transitiveTags };
  return Object.keys(transitiveTags).length > 0 ? { transitiveTags } : {};
}

/** The credentials in an answer, as those of `whose`. */
function sessionFact(
  { output, timeMs }: Taught,
  whose: { readonly accountId: string; readonly owner: KeyOwner } | undefined,
  extra: Partial<KeySession>,
): LearnedFact | undefined {
  const credentials = (output?.Credentials ?? output?.roleCredentials) as Members | undefined;
  const of = (...names: readonly string[]) =>
    names.map((name) => text(credentials, name, TOKEN_CHARS_MAX)).find(Boolean);
  const accessKeyId = keyId(of('AccessKeyId', 'accessKeyId'));
  const secretAccessKey = of('SecretAccessKey', 'SecretKey', 'secretAccessKey');
  const token = of('SessionToken', 'sessionToken');
  if (!whose || accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const session: KeySession = {
    expiresMs: timeOf(credentials?.Expiration ?? credentials?.expiration) ?? timeMs + SESSION_MS_MAX,
    createdMs: timeMs,
    ...extra,
    ...(token !== undefined && { tokenSha256: createHash('sha256').update(token).digest('hex') }),
  };
  return { fact: 'key', accessKeyId, key: { ...whose, source: 'issued', active: true, secretAccessKey, session } };
}

/** Session tokens have no stated limit; AWS's have up to 4 KB. */
const TOKEN_CHARS_MAX = 65_536;
/** The longest that STS gives. */
const SESSION_MS_MAX = 36 * 3_600_000;

/** A timestamp, or milliseconds since the epoch as SSO has them. */
function timeOf(value: unknown): number | undefined {
  const ms = value instanceof Date ? value.getTime() : value;
  return typeof ms === 'number' && Number.isFinite(ms) ? ms : undefined;
}

/** Whose key signed a call, by the ARN with which the upstream answered. Sessions seen so have no known end. */
function whoIs(call: Taught, arn: unknown, principalId?: string): readonly (LearnedFact | undefined)[] {
  const { accessKeyId, timeMs, resigned } = call;
  const accountId = typeof arn === 'string' ? accountIn(arn) : undefined;
  if (accessKeyId === undefined || resigned || accountId === undefined) return [];
  const who = ownerOfArn(arn as string, accountId, principalId);
  if (!who) return [];
  const isTemporary = who.owner.kind === 'role' || who.owner.kind === 'federated' || accessKeyId.startsWith('ASIA');
  const session = isTemporary && { session: { expiresMs: timeMs + SESSION_MS_MAX } };
  const key = { accountId, owner: who.owner, source: 'seen' as const, active: true, ...session };
  return [who.user, { fact: 'key', accessKeyId, key }];
}

function ownerOfArn(
  arn: string,
  accountId: string,
  principalId: string | undefined,
): { owner: KeyOwner; user?: LearnedFact } | undefined {
  const [kind, ...path] = (arn.split(':')[5] ?? '').split('/');
  const name = path.at(-1);
  if (kind === 'root') return { owner: { kind: 'root', arn } };
  if (name === undefined || name === '') return undefined;
  if (kind === 'user') {
    // moto says `arn:aws:sts::…:user/moto` of keys that it does not know; users are IAM's.
    const user = { ...(principalId !== undefined && { userId: principalId }), arn: arn.replace(':sts:', ':iam:') };
    return { owner: { kind: 'user', userName: name }, user: { fact: 'user', accountId, userName: name, user } };
  }
  if (kind === 'assumed-role' && path.length === 2) return { owner: sessionOfRole(arn, path[0]!, principalId) };
  if (kind !== 'federated-user' || principalId === undefined) return undefined;
  return { owner: { kind: 'federated', principalId, arn } };
}
