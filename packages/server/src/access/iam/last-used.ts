import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { State, StateChange } from '../../ports/state.ts';
import { type KeyUse, keys, type PasswordUse, type RoleUse, type User } from './entities.ts';

/** Uses are written together: a call costs no write of its own, and a crash forgets no more than this of them. */
const WRITE_EVERY_MS = 60_000;
/** Changes of one write, so that it stays small beside others'. */
const WRITE_CHANGES_MAX = 500;

/** When and for what access keys and roles were last used. */
export interface LastUsed {
  /** A signature made with the key was good. */
  keyUsed(accessKeyId: string, use: Omit<KeyUse, 'usedMs'>): void;
  /** A session of the role made a call. */
  roleUsed(accountId: string, roleName: string, region: string): void;
  /** The user signed in to the console with a password. */
  passwordUsed(accountId: string, user: Pick<User, 'userName' | 'userId'>): void;
  useOfKey(accessKeyId: string): Promise<KeyUse | undefined>;
  useOfRole(accountId: string, roleName: string): Promise<RoleUse | undefined>;
  useOfPassword(userId: string): Promise<PasswordUse | undefined>;
  /** Writes what is not yet written. */
  close(): Promise<void>;
}

/** What is gone by the time of writing: `alive` is the key of the entity that was used. */
interface Use {
  readonly alive: string;
  readonly value: KeyUse | RoleUse | PasswordUse;
}

export function createLastUsed(deps: {
  readonly state: State;
  readonly clock: Clock;
  readonly logger: Logger;
}): LastUsed {
  const { state, clock, logger } = deps;
  /** By key of State; one entry a key or role, however often it is used. */
  let unwritten = new Map<string, Use>();
  let cancel: (() => void) | undefined;
  let writing: Promise<void> = Promise.resolve();

  function note(key: string, use: Use): void {
    unwritten.set(key, use);
    cancel ??= clock.after(WRITE_EVERY_MS, () => {
      cancel = undefined;
      writing = writing.then(write);
    });
  }

  async function write(): Promise<void> {
    const uses = unwritten;
    unwritten = new Map();
    try {
      const changes: StateChange[] = [];
      for (const [key, { alive, value }] of uses) {
        if (await state.get(alive)) changes.push({ put: key, value });
      }
      while (changes.length > 0) await state.write(changes.splice(0, WRITE_CHANGES_MAX));
    } catch (error) {
      logger.warn({ err: error }, 'could not write when keys were last used; it is tried again with the next uses');
      unwritten = new Map([...uses, ...unwritten]);
    }
  }

  async function latest<T extends KeyUse | RoleUse | PasswordUse>(key: string): Promise<T | undefined> {
    return (unwritten.get(key)?.value as T | undefined) ?? (await state.get<T>(key))?.value;
  }

  return {
    keyUsed: (accessKeyId, use) =>
      note(keys.keyUse(accessKeyId), { alive: keys.accessKey(accessKeyId), value: { usedMs: clock.now(), ...use } }),
    roleUsed: (accountId, roleName, region) =>
      note(keys.roleUse(accountId, roleName), {
        alive: keys.role(accountId, roleName),
        value: { usedMs: clock.now(), region },
      }),
    passwordUsed: (accountId, { userName, userId }) =>
      note(keys.passwordUse(userId), { alive: keys.user(accountId, userName), value: { usedMs: clock.now() } }),
    useOfKey: (accessKeyId) => latest<KeyUse>(keys.keyUse(accessKeyId)),
    useOfPassword: (userId) => latest<PasswordUse>(keys.passwordUse(userId)),
    useOfRole: (accountId, roleName) => latest<RoleUse>(keys.roleUse(accountId, roleName)),
    async close() {
      cancel?.();
      cancel = undefined;
      await writing;
      await write();
    },
  };
}
