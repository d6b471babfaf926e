import type { Caller } from '../access/caller.ts';
import type { IamStore } from '../access/iam-store.ts';
import type { KnownKey } from '../access/identities.ts';
import type { KeyRefusal } from '../access/session-keys.ts';
import type { ConsoleSession, Credentials, Ground } from './sessions.ts';

export type FindKey = (accessKeyId: string, sessionToken?: string) => Promise<KnownKey | KeyRefusal | undefined>;

/** Whom credentials stand for; undefined when for nobody any more. */
export type CallerOf = (credentials: Credentials) => Promise<Caller | undefined>;

export const createCallerOf =
  (findKey: FindKey): CallerOf =>
  async ({ accessKeyId, sessionToken }) => {
    const key = await findKey(accessKeyId, sessionToken);
    return typeof key === 'object' && key.active && !key.caller.principal.gone ? key.caller : undefined;
  };

/** Who a session is, now. */
export interface Standing {
  /** Who signed in. */
  readonly self: Caller;
  /** Who calls are made as: the role switched to, or oneself. */
  readonly acting: Caller;
}

/**
 * Whether a session still stands: its own credentials, and what it was given for. Asked at each call, from memory; so a user
 * who is deleted, a key that is deactivated, a password that is changed end it at once.
 * @returns `ended`, or `role-ended` when only the role that it had switched to is over
 */
export function createStanding(deps: {
  readonly callerOf: CallerOf;
  readonly findKey: FindKey;
  readonly iam: Pick<IamStore, 'user'>;
}) {
  const { callerOf } = deps;

  async function holds(ground: Ground): Promise<boolean> {
    if (ground.kind === 'temporary') return true;
    if (ground.kind === 'key') {
      const key = await deps.findKey(ground.accessKeyId);
      return typeof key === 'object' && key.active;
    }
    const user = await deps.iam.user(ground.accountId, ground.userName);
    return user?.login?.passwords[0]?.salt === ground.salt;
  }

  return async (session: ConsoleSession): Promise<Standing | 'ended' | 'role-ended'> => {
    const self = await callerOf(session.credentials);
    if (!self || !(await holds(session.ground))) return 'ended';
    if (!session.role) return { self, acting: self };
    const acting = await callerOf(session.role.credentials);
    return acting ? { self, acting } : 'role-ended';
  };
}

export type StandingOf = ReturnType<typeof createStanding>;
