import type { ServerResponse } from 'node:http';
import type { Caller } from '../access/caller.ts';
import type { IamStore } from '../access/iam-store.ts';
import type { Clock } from '../base/clock.ts';
import { refusal } from './answers.ts';
import type { ConsoleSession, ConsoleSessions, Credentials } from './sessions.ts';
import type { RecordSignIn } from './sign-in-records.ts';
import type { CallerOf } from './standing.ts';
import type { Visit } from './visit.ts';

export interface RoleInput {
  readonly roleArn: string;
  readonly roleSessionName?: string;
  readonly externalId?: string;
}

/** STS's AssumeRole, as who signed in. @throws AwsError as STS does */
export type AssumeRole = (
  visit: Visit,
  res: ServerResponse,
  as: Credentials,
  input: Record<string, unknown>,
) => Promise<AssumedRole>;

/** What counts of its answer. */
export interface AssumedRole {
  readonly Credentials: {
    readonly AccessKeyId: string;
    readonly SessionToken: string;
    readonly Expiration: Date;
  };
}

export interface RoleDeps {
  readonly assumeRole: AssumeRole;
  readonly callerOf: CallerOf;
  readonly iam: Pick<IamStore, 'role'>;
  readonly sessions: ConsoleSessions;
  readonly record: RecordSignIn;
  readonly clock: Clock;
}

/** STS's shortest session, and the longest of one that a role's session asks for. */
const SECONDS_MIN = 900;
const CHAINED_SECONDS_MAX = 3600;

/** Switching to a role and back, as AWS's console does: from a role to another one it goes by who signed in. */
export function createRoleSwitch({ assumeRole, callerOf, iam, sessions, record, clock }: RoleDeps) {
  /** As long as the role allows, within the session. */
  async function secondsOf(session: ConsoleSession, self: Caller, roleArn: string): Promise<number> {
    const [, accountId, roleName] = /^arn:aws:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(roleArn) ?? [];
    const role = accountId && roleName ? await iam.role(accountId, roleName) : undefined;
    const longest = role?.maxSessionSeconds ?? CHAINED_SECONDS_MAX;
    const chained = self.principal.kind === 'role' ? CHAINED_SECONDS_MAX : longest;
    const left = Math.floor((session.expiresMs - clock.now()) / 1000);
    return Math.max(SECONDS_MIN, Math.min(longest, chained, left));
  }

  return {
    async enter(
      visit: Visit,
      res: ServerResponse,
      session: ConsoleSession,
      self: Caller,
      input: RoleInput,
    ): Promise<ConsoleSession> {
      const { roleArn, roleSessionName = sessionNameOf(self), externalId } = input;
      const { Credentials } = await assumeRole(visit, res, session.credentials, {
        RoleArn: roleArn,
        RoleSessionName: roleSessionName,
        DurationSeconds: await secondsOf(session, self, roleArn),
        ...(externalId !== undefined && { ExternalId: externalId }),
      });
      const { AccessKeyId: accessKeyId, SessionToken: sessionToken, Expiration } = Credentials;
      const role = { credentials: { accessKeyId, sessionToken }, roleArn, expiresMs: Expiration.getTime() };
      const caller = await callerOf(role.credentials);
      if (caller) {
        await record(visit, { EventName: 'SwitchRole', ...asRole(caller), Success: true, SwitchFrom: self.arn });
      }
      return changed(await sessions.setRole(session, role));
    },

    /** Back to oneself. */
    async exit(visit: Visit, session: ConsoleSession): Promise<ConsoleSession> {
      if (!session.role) return session;
      const caller = await callerOf(session.role.credentials);
      if (caller) {
        await record(visit, { EventName: 'ExitRole', ...asRole(caller), Success: true, SwitchFrom: caller.arn });
      }
      return changed(await sessions.setRole(session, undefined));
    },
  };
}

export type RoleSwitch = ReturnType<typeof createRoleSwitch>;

/** Another page of the same browser was quicker. */
function changed(session: ConsoleSession | undefined): ConsoleSession {
  if (session) return session;
  throw refusal(409, 'SessionChanged', 'The session has changed meanwhile. Load the page again.');
}

/** Without key and session, as AWS writes who switched. */
function asRole({ accountId, identity }: Caller) {
  const { type = 'AssumedRole', principalId = '', arn = '' } = identity;
  return { accountId, identity: { type, principalId, arn, accountId } };
}

/** What AWS's console calls a role's session: the user's name, or that of the session that one has. */
const sessionNameOf = ({ identity, principal }: Caller): string =>
  (identity.userName ?? principal.session?.sessionName ?? 'root').slice(0, 64).padEnd(2, '-');
