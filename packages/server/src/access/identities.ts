import type { Clock } from '../base/clock.ts';
import { ALNUM, BASE32, type Random, randomString } from '../base/random.ts';
import type { UserIdentity } from '../event/record.ts';
import { type State, type StateChange, StateConflict } from '../ports/state.ts';
import type { Caller } from './caller.ts';

/**
 * Accounts, their principals and their access keys, as State holds them:
 *
 *     account/<account id>                        Account
 *     identity/<account id>/user/<user name>      User
 *     access-key/<access key id>                  AccessKey, of a user or (without a user name) of root
 *
 * Secrets stand there in clear, as Signature Version 4 needs them; the data folder is closed to others (data-dir.ts).
 */
interface Account {
  readonly createdMs: number;
}
interface User {
  readonly userName: string;
  /** AIDA… */
  readonly userId: string;
  readonly arn: string;
  readonly createdMs: number;
}
interface AccessKey {
  readonly accountId: string;
  /** Absent for keys of root. */
  readonly userName?: string;
  readonly secretAccessKey: string;
  readonly active: boolean;
  readonly createdMs: number;
}

const accountKey = (accountId: string) => `account/${accountId}`;
const userKey = (accountId: string, userName: string) => `identity/${accountId}/user/${userName}`;
const accessKeyKey = (accessKeyId: string) => `access-key/${accessKeyId}`;

/** The IAM user that every new account has: its administrator. */
export const ADMINISTRATOR = 'opentrail';

/** What a request's access key id stands for. */
export interface KnownKey {
  readonly active: boolean;
  readonly secretAccessKey: string;
  /** Set for temporary credentials: the token that must come with them. */
  readonly sessionToken?: string;
  readonly caller: Caller;
}

export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The keys of an account, for its owner. `undefined` where none is active. */
export interface AccountKeys {
  readonly accountId: string;
  readonly administrator: KeyPair | undefined;
  readonly root: KeyPair | undefined;
}

export interface Accounts {
  /** Makes an account with its administrator; undefined when there is one already. */
  create(accountId: string): Promise<(KeyPair & { readonly userName: string }) | undefined>;
  /** All account ids, in order. */
  list(): Promise<string[]>;
  has(accountId: string): Promise<boolean>;
}

export interface Identities {
  /** undefined when nobody has that key. Reads State, which answers from memory. */
  findAccessKey(accessKeyId: string): Promise<KnownKey | undefined>;
  readonly accounts: Accounts;
  /** The oldest active keys of every account's administrator and root: what the credentials file shows. */
  accountKeys(): Promise<AccountKeys[]>;
}

export interface IdentitiesDeps {
  readonly state: State;
  readonly random: Random;
  readonly clock: Clock;
  /** Called with the keys of each account that `create` has made. It MUST NOT throw: the account exists by then. */
  readonly onCreated?: (keys: AccountKeys) => void;
}

/** Sees to it that the account exists, with its administrator and keys of root. What is there already stays. */
export async function bootstrapAccount(deps: IdentitiesDeps, accountId: string): Promise<void> {
  await makeAccount(deps, accountId);
}

export function createIdentities(deps: IdentitiesDeps): Identities {
  const { state } = deps;
  return {
    async findAccessKey(accessKeyId) {
      const key = (await state.get<AccessKey>(accessKeyKey(accessKeyId)))?.value;
      if (!key) return undefined;
      const caller = await callerOf(state, accessKeyId, key);
      return caller && { active: key.active, secretAccessKey: key.secretAccessKey, caller };
    },
    accounts: {
      async create(accountId) {
        const made = await makeAccount(deps, accountId);
        if (!made) return undefined;
        deps.onCreated?.(made);
        return { userName: ADMINISTRATOR, ...made.administrator };
      },
      list: async () => (await state.list('account/')).map(({ key }) => key.slice('account/'.length)),
      has: async (accountId) => (await state.get(accountKey(accountId))) !== undefined,
    },
    async accountKeys() {
      const accountIds = (await state.list('account/')).map(({ key }) => key.slice('account/'.length));
      const keys = (await state.list<AccessKey>('access-key/'))
        .map(({ key, value }) => ({ ...value, accessKeyId: key.slice('access-key/'.length) }))
        .filter((key) => key.active)
        .sort((a, b) => a.createdMs - b.createdMs);
      const first = (accountId: string, userName: string | undefined): KeyPair | undefined => {
        const found = keys.find((key) => key.accountId === accountId && key.userName === userName);
        return found && { accessKeyId: found.accessKeyId, secretAccessKey: found.secretAccessKey };
      };
      return accountIds.map((accountId) => ({
        accountId,
        administrator: first(accountId, ADMINISTRATOR),
        root: first(accountId, undefined),
      }));
    },
  };
}

/** All of a new account in one write; undefined when it exists. */
async function makeAccount({ state, random, clock }: IdentitiesDeps, accountId: string) {
  const createdMs = clock.now();
  const administrator = newKeyPair(random);
  const root = newKeyPair(random);
  const account: Account = { createdMs };
  const user: User = {
    userName: ADMINISTRATOR,
    userId: `AIDA${randomString(random, 17, BASE32)}`,
    arn: `arn:aws:iam::${accountId}:user/${ADMINISTRATOR}`,
    createdMs,
  };
  const key = ({ accessKeyId, secretAccessKey }: KeyPair, owner: { userName?: string }): StateChange => {
    const value: AccessKey = { accountId, ...owner, secretAccessKey, active: true, createdMs };
    return { put: accessKeyKey(accessKeyId), value, ifVersion: 'absent' };
  };
  try {
    await state.write([
      { put: accountKey(accountId), value: account, ifVersion: 'absent' },
      { put: userKey(accountId, ADMINISTRATOR), value: user, ifVersion: 'absent' },
      key(administrator, { userName: ADMINISTRATOR }),
      key(root, {}),
    ]);
  } catch (error) {
    if (error instanceof StateConflict && error.key === accountKey(accountId)) return undefined;
    throw error;
  }
  return { accountId, administrator, root };
}

/** An id as AWS makes them (AKIA and 16 of base 32), a secret of 40 base-64 characters (240 bits). */
function newKeyPair(random: Random): KeyPair {
  return {
    accessKeyId: `AKIA${randomString(random, 16, BASE32)}`,
    secretAccessKey: randomString(random, 40, `${ALNUM}+/`),
  };
}

/** undefined when the key has outlived its user. Members in the order that CloudTrail writes (spec: records §3). */
async function callerOf(state: State, accessKeyId: string, key: AccessKey): Promise<Caller | undefined> {
  const { accountId, userName } = key;
  const as = (identity: UserIdentity & { readonly arn: string }, principal: Caller['principal']): Caller => ({
    anonymous: false,
    accountId,
    arn: identity.arn,
    identity,
    principal,
  });
  if (userName === undefined) {
    const arn = `arn:aws:iam::${accountId}:root`;
    return as({ type: 'Root', principalId: accountId, arn, accountId, accessKeyId }, { kind: 'root' });
  }
  const user = (await state.get<User>(userKey(accountId, userName)))?.value;
  if (!user) return undefined;
  const identity = { type: 'IAMUser', principalId: user.userId, arn: user.arn, accountId, accessKeyId, userName };
  return as(identity, { kind: 'user', name: userName });
}
