import type { Clock } from '../base/clock.ts';
import type { Caller, CallerPrincipal } from './caller.ts';
import type { KnownKey } from './identities.ts';
import { type Book, identityOfKey, type KeyOwner } from './known-keys.ts';
import type { SessionGrant, SessionOwner, Sessions } from './sessions.ts';

/** What is asked of IAM for each call made with temporary credentials. Answers from memory. */
export interface SessionDirectory {
  user(accountId: string, userName: string): Promise<{ readonly userId: string; readonly arn: string } | undefined>;
  role(accountId: string, roleName: string): Promise<{ readonly roleId: string } | undefined>;
  /** What a managed policy says now, JSON. The same string as long as it says the same. */
  managedPolicy(arn: string): Promise<string | undefined>;
}

export interface SessionKeysDeps {
  readonly sessions: Sessions;
  readonly directory: SessionDirectory;
  readonly clock: Clock;
}

/** Why temporary credentials are refused; `wire/sigv4/errors.ts` has each service's words for it. */
export type KeyRefusal = 'unknown-key' | 'bad-token' | 'expired-token';

/** Says what temporary credentials stand for, or what is wrong with them, before their signature is looked at. */
export function createSessionKeys({ sessions, directory, clock }: SessionKeysDeps) {
  return async (accessKeyId: string, sessionToken: string | undefined): Promise<KnownKey | KeyRefusal> => {
    if (sessionToken === undefined) return 'unknown-key';
    const session = sessions.open(accessKeyId, sessionToken);
    if (!session) return 'bad-token';
    const { grant, secretAccessKey } = session;
    if (clock.now() >= grant.expiresMs) return 'expired-token';
    return { active: true, secretAccessKey, sessionToken, caller: await callerOf(accessKeyId, grant, directory) };
  };
}

/** A policy that grants nothing, and so leaves nothing of a session that only it limits. */
const ALLOWS_NOTHING = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', NotAction: '*', Resource: '*' }],
});

async function callerOf(accessKeyId: string, grant: SessionGrant, directory: SessionDirectory): Promise<Caller> {
  const { accountId, owner } = grant;
  const actor = owner.kind === 'federated' ? owner.issuer : owner;
  const user = actor.kind === 'user' ? await directory.user(accountId, actor.userName) : undefined;
  const identity = identityOfKey(
    accessKeyId,
    {
      accountId,
      owner: keyOwner(accountId, owner),
      source: 'issued',
      active: true,
      session: {
        expiresMs: grant.expiresMs,
        createdMs: grant.issuedMs,
        mfaAuthenticated: grant.mfa,
        ...(grant.sourceIdentity !== undefined && { sourceIdentity: grant.sourceIdentity }),
        ...(grant.webIdFederationData && { webIdFederationData: grant.webIdFederationData }),
      },
    },
    bookOf(actor, user),
  );
  return {
    anonymous: false,
    accountId,
    arn: identity.arn!,
    identity,
    principal: {
      kind: owner.kind,
      ...(await nameOf(accountId, actor, user?.userId, directory)),
      session: await sessionOf(grant, directory),
    },
  };
}

/** A user or role that was made later under the same name is another one. */
async function nameOf(accountId: string, actor: SessionOwner, userId: string | undefined, directory: SessionDirectory) {
  if (actor.kind === 'user') return userId === actor.userId ? { name: actor.userName } : GONE;
  if (actor.kind !== 'role') return {};
  const role = await directory.role(accountId, actor.roleName);
  return role?.roleId === actor.roleId ? { name: actor.roleName } : GONE;
}

/** No user or role has the empty name, so that no policies are found by it either. */
const GONE = { name: '', gone: true } as const;

async function sessionOf(grant: SessionGrant, directory: SessionDirectory): Promise<CallerPrincipal['session'] & {}> {
  const { owner, policyArns = [], transitiveTagKeys, sourceIdentity, webIdFederationData, chained } = grant;
  const managed = await Promise.all(policyArns.map((arn) => directory.managedPolicy(arn)));
  const policies = [...(grant.policies ?? []), ...managed.map((document) => document ?? ALLOWS_NOTHING)];
  const isUnlimited = policies.length > 0 || owner.kind !== 'federated'; // a federated user has what its policies say, or nothing
  return {
    issuedMs: grant.issuedMs,
    expiresMs: grant.expiresMs,
    mfa: grant.mfa,
    policies: isUnlimited ? policies : [ALLOWS_NOTHING],
    tags: grant.tags ?? {},
    ...(transitiveTagKeys && { transitiveTagKeys }),
    ...(sourceIdentity !== undefined && { sourceIdentity }),
    ...(webIdFederationData && { externalProvider: webIdFederationData.federatedProvider }),
    ...(owner.kind === 'role' && { sessionName: owner.sessionName }),
    ...(owner.kind === 'federated' && { sessionName: owner.name }),
    ...(chained && { chained }),
    ...(grant.console && { console: true }),
  };
}

function keyOwner(accountId: string, owner: SessionOwner): KeyOwner {
  if (owner.kind === 'role') {
    const { roleName, roleId, roleArn, sessionName } = owner;
    const arn = assumedRoleArn(accountId, roleName, sessionName);
    return { kind: 'role', roleName, roleId, roleArn, principalId: `${roleId}:${sessionName}`, arn };
  }
  if (owner.kind !== 'federated') return owner;
  const { name, issuer } = owner;
  return { kind: 'federated', principalId: `${accountId}:${name}`, arn: federatedUserArn(accountId, name), issuer };
}

/**
 * IAM hears no federated user, and of a user's or root's own sessions those alone that a second factor vouches for: else
 * a stolen token could make itself keys that do not end (IAM user guide, "Compare AWS STS credentials"). Who signed in to the
 * console may: its credentials never leave the server.
 */
export const mayCallIam = ({ kind, session }: CallerPrincipal): boolean =>
  !session || kind === 'role' || (kind !== 'federated' && (session.mfa || session.console === true));

export const assumedRoleArn = (accountId: string, roleName: string, sessionName: string): string =>
  `arn:aws:sts::${accountId}:assumed-role/${roleName}/${sessionName}`;

export const federatedUserArn = (accountId: string, name: string): string =>
  `arn:aws:sts::${accountId}:federated-user/${name}`;

/** The user as it is now; of one that is gone, as it was. */
function bookOf(actor: SessionOwner, user: { readonly arn: string } | undefined): Book {
  const known = actor.kind === 'user' ? { userId: actor.userId, ...(user && { arn: user.arn }) } : undefined;
  return { user: () => known, role: () => undefined, account: () => undefined };
}
