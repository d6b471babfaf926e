import { type Clock, withoutLeaps } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { UserIdentity } from '../event/record.ts';
import type { State } from '../ports/state.ts';
import { principalKey } from './directory-file.ts';
import { watchDirectoryFile } from './directory-watch.ts';
import {
  type Book,
  identityOfKey,
  type KnownAccount,
  type KnownKey,
  type KnownRole,
  type KnownUser,
} from './known-keys.ts';
import { knownAfter, type LearnedFact, sameOwner } from './learned-facts.ts';
import { createSealer } from './sealed-secrets.ts';
import { createIndex, createSealedStore, type Shelf } from './sealed-shelf.ts';

export type { LearnedFact } from './learned-facts.ts';

/** Who an access key stands for. Holds a secret: MUST NOT be logged. */
export interface KnownIdentity extends KnownKey {
  readonly accessKeyId: string;
  readonly identity: UserIdentity;
}

/**
 * The identities behind the gateway. What the operator's file says goes before what was learned (`knownAfter` has the
 * rules). All of it is in memory; what was learned is kept in State, sealed:
 *
 *     gateway/key/<access key id>              KnownKey, long-term
 *     gateway/session/<access key id>          KnownKey, temporary
 *     gateway/user/<account>/<user name>       KnownUser
 *     gateway/role/<account>/<role name>       KnownRole
 *     gateway/account/<account>                KnownAccount
 */
export interface Directory {
  /** Inactive keys, and sessions that ended a short while ago, are found too. */
  find(accessKeyId: string): KnownIdentity | undefined;
  /**
   * Takes facts in: `find` knows them at once, and they are durable when this resolves.
   * @throws Pushback when the disk is full; what was learned is tried again every few seconds then
   */
  learn(...facts: readonly LearnedFact[]): Promise<void>;
  /** Why what was learned is not durable now, in words; undefined when it is. */
  readonly trouble: string | undefined;
  /** Where calls by unknown keys belong. */
  readonly unknownAccountId: string;
  /** Reads the identities file again, as on SIGHUP. */
  reload(): void;
  close(): Promise<void>;
}

export interface DirectoryOptions {
  readonly state: State;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** As `openSealingKey` gives it. */
  readonly sealingKey: Buffer;
  /** The identities file. */
  readonly file?: string | undefined;
  /** Where calls by unknown keys belong, unless the file says it. */
  readonly unknownAccountId: string;
  /** Begins anew where the sealing key was lost. */
  readonly forgetUnreadable?: boolean;
  readonly sessionsMax?: number;
}

/** A session takes some 2 KB, here and in State together. Beyond, those that end first are forgotten first. */
const SESSIONS_MAX = 100_000;
/** Of each kind; an account has at most 5,000 users and 2 keys each. Beyond, what was learned longest ago goes. */
const PRINCIPALS_MAX = 100_000;
/** The longest session that STS gives lasts 36 hours. */
const SESSION_MS_MAX = 36 * 3_600_000;
/** A call with credentials that have just run out should still show whose they were. */
const EXPIRED_KEPT_MS = 3_600_000;
const SWEEP_DELAY_MS = 60_000;
/** While something could not be written. */
const RETRY_DELAY_MS = 2_000;
/** State's keys have at most 512 bytes. */
const PLACE_BYTES_MAX = 400;

/** @throws OperatorError when the file is no good, or the sealing key is not the one that sealed what is there */
export async function openDirectory(options: DirectoryOptions): Promise<Directory> {
  const { random, logger } = options;
  const clock = withoutLeaps(options.clock);
  const sealer = createSealer(options.sealingKey, random);
  const store = createSealedStore({ ...options, sealer });
  const byUser = createIndex(userOfKey);
  const byEnd = createIndex(endMinute);
  const shelf = <T>(kind: string) => store.shelf<T>(`gateway/${kind}/`, { sizeMax: PRINCIPALS_MAX });
  const users = await shelf<KnownUser>('user');
  const roles = await shelf<KnownRole>('role');
  const accounts = await shelf<KnownAccount>('account');
  const keys = await store.shelf<KnownKey>('gateway/key/', { sizeMax: PRINCIPALS_MAX, indexes: [byUser] });
  const sessions = await store.shelf<KnownKey>('gateway/session/', {
    sizeMax: Number.POSITIVE_INFINITY, // which one goes is decided here
    indexes: [byUser, byEnd],
  });
  const sessionsMax = options.sessionsMax ?? SESSIONS_MAX;
  const file = watchDirectoryFile(options.file, clock, logger);

  const book: Book = {
    user: (accountId, name) => merged(file.identities.users, users, principalKey(accountId, name)),
    role: (accountId, name) => merged(file.identities.roles, roles, principalKey(accountId, name)),
    account: (accountId) => merged(file.identities.accounts, accounts, accountId),
  };
  const learnedKey = (accessKeyId: string) => keys.get(accessKeyId) ?? sessions.get(accessKeyId);

  const setKey = (accessKeyId: string, key: KnownKey | undefined) => {
    if (key?.session) {
      const expiresMs = Math.min(key.session.expiresMs, clock.now() + SESSION_MS_MAX);
      keys.remove(accessKeyId);
      sessions.put(accessKeyId, { ...key, session: { ...key.session, expiresMs } });
      if (sessions.size > sessionsMax) sessions.remove(byEnd.first(Math.min(...byEnd.terms()))!);
    } else {
      sessions.remove(accessKeyId);
      if (key) keys.put(accessKeyId, key);
      else keys.remove(accessKeyId);
    }
  };
  const hearOfKey = (accessKeyId: string, heard: KnownKey) => {
    if (file.identities.keys.has(accessKeyId)) return;
    const known = learnedKey(accessKeyId);
    const key = knownAfter(known, heard);
    const differs = known && (known.accountId !== heard.accountId || !sameOwner(known.owner, heard.owner));
    if (key === undefined || (differs && !known.session)) {
      logger.warn(
        { accessKeyId, accountId: heard.accountId, knownAccountId: known?.accountId, kept: key === undefined },
        'an answer contradicts what is known of an access key',
      );
    }
    if (key) setKey(accessKeyId, key);
  };
  /** The key, if it is that account's and nothing says that it is another owner's. */
  const keyOf = (fact: LearnedFact & { readonly fact: 'key-status' | 'key-gone' }): KnownKey | undefined => {
    const key = keys.get(fact.accessKeyId);
    const isMeant = key?.accountId === fact.accountId && (!fact.owner || sameOwner(key.owner, fact.owner));
    return isMeant ? key : undefined;
  };

  const apply: { readonly [K in LearnedFact['fact']]: (fact: LearnedFact & { readonly fact: K }) => void } = {
    account: ({ accountId, account }) => accounts.put(accountId, { ...accounts.get(accountId), ...account }),
    user: ({ accountId, userName, user }) => {
      const id = principalKey(accountId, userName);
      users.put(id, { ...users.get(id), ...user });
    },
    'user-gone': ({ accountId, userName }) => {
      users.remove(principalKey(accountId, userName));
      for (const accessKeyId of byUser.ids(principalKey(accountId, userName))) setKey(accessKeyId, undefined);
    },
    'user-renamed': ({ accountId, userName, newUserName }) => {
      const user = users.get(principalKey(accountId, userName));
      users.remove(principalKey(accountId, userName));
      if (user) users.put(principalKey(accountId, newUserName), renamed(user, newUserName));
      for (const accessKeyId of byUser.ids(principalKey(accountId, userName))) {
        setKey(accessKeyId, { ...learnedKey(accessKeyId)!, owner: { kind: 'user', userName: newUserName } });
      }
    },
    role: ({ accountId, roleName, role }) => {
      const id = principalKey(accountId, roleName);
      roles.put(id, { ...roles.get(id), ...role });
    },
    'role-gone': ({ accountId, roleName }) => roles.remove(principalKey(accountId, roleName)),
    key: ({ accessKeyId, key }) => hearOfKey(accessKeyId, key),
    'key-status': (fact) => {
      const key = keyOf(fact);
      if (key) setKey(fact.accessKeyId, { ...key, active: fact.active });
    },
    'key-gone': (fact) => {
      if (keyOf(fact)) setKey(fact.accessKeyId, undefined);
    },
  };

  let trouble: string | undefined;
  const flush = async () => {
    try {
      await store.flush();
      if (trouble !== undefined) logger.info('what is known of access keys is on disk again');
      trouble = undefined;
    } catch (error) {
      if (trouble === undefined) logger.error({ err: error }, 'what is known of access keys is not on disk yet');
      trouble = `what is known of access keys cannot be written: ${error instanceof Error ? error.message : error}`;
      sweepAfter(RETRY_DELAY_MS);
      throw error;
    }
  };
  let closed = false;
  let cancelSweep = () => {};
  const sweepAfter = (delayMs: number) => {
    cancelSweep();
    if (!closed) cancelSweep = clock.after(delayMs, sweep);
  };
  const sweep = () => {
    const endedMinute = Math.floor((clock.now() - EXPIRED_KEPT_MS) / 60_000);
    for (const minute of [...byEnd.terms()]) {
      if (minute < endedMinute) for (const accessKeyId of byEnd.ids(minute)) sessions.remove(accessKeyId);
    }
    sweepAfter(SWEEP_DELAY_MS);
    flush().catch(() => {}); // told there
  };
  sweep();

  return {
    find(accessKeyId) {
      const key = file.identities.keys.get(accessKeyId) ?? learnedKey(accessKeyId);
      return key && { ...key, accessKeyId, identity: identityOfKey(accessKeyId, key, book) };
    },
    async learn(...facts) {
      for (const fact of facts) {
        if (isPlaceable(fact)) (apply[fact.fact] as (fact: LearnedFact) => void)(fact);
      }
      await flush();
    },
    get trouble() {
      return trouble;
    },
    get unknownAccountId() {
      return file.identities.unknownAccountId ?? options.unknownAccountId;
    },
    reload: () => file.reload(),
    async close() {
      closed = true;
      cancelSweep();
      file.close();
      await flush().catch(() => {}); // told there
    },
  };
}

const userOfKey = ({ accountId, owner }: KnownKey): string | undefined =>
  owner.kind === 'user' ? principalKey(accountId, owner.userName) : undefined;

const endMinute = ({ session }: KnownKey): number => Math.floor((session?.expiresMs ?? 0) / 60_000);

/** What the file says, and of what it leaves out what was learned. */
function merged<T>(named: ReadonlyMap<string, T>, learned: Shelf<T>, id: string): T | undefined {
  const inFile = named.get(id);
  return inFile ? { ...learned.get(id), ...inFile } : learned.get(id);
}

const renamed = (user: KnownUser, userName: string): KnownUser => ({
  ...user,
  ...(user.arn !== undefined && { arn: user.arn.replace(/[^/]*$/, () => userName) }),
});

/** Names come from answers: what is too long to be one must not fail the write of others. */
function isPlaceable(fact: LearnedFact): boolean {
  const names = Object.values(fact).filter((value) => typeof value === 'string');
  return names.every((value) => Buffer.byteLength(value) <= PLACE_BYTES_MAX / 2);
}
