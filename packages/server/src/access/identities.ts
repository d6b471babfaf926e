import type { Clock } from '../base/clock.ts';
import { OperatorError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { UserIdentity } from '../event/record.ts';
import { type State, type StateChange, StateConflict } from '../ports/state.ts';
import type { Caller } from './caller.ts';
import { ADMINISTRATOR_ACCESS } from './iam/aws-managed.ts';
import { type AccessKey, type Account, keys, type Settings, type User } from './iam/entities.ts';
import { type KeyPair, newKeyPair, newUser, sealedKey, secretOfKey } from './iam/new-entities.ts';
import { upgradeIdentities } from './iam/upgrade.ts';
import type { Sealer } from './sealed-secrets.ts';

export type { KeyPair };

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
  /** Of the data folder's sealing key. */
  readonly sealer: Sealer;
  /** Called with the keys of each account that `create` has made. It MUST NOT throw: the account exists by then. */
  readonly onCreated?: (keys: AccountKeys) => void;
}

/**
 * Sees to it that the account exists, with its administrator and keys of root. What is there already stays, in the form
 * that this build reads.
 */
export async function bootstrapAccount(deps: IdentitiesDeps, accountId: string): Promise<void> {
  await upgradeIdentities(deps);
  await makeAccount(deps, accountId);
}

/** Keys whose secret is open in memory, some 1 KB each. */
const OPENED_MAX = 10_000;

/** What stands for a key as long as neither it nor its user changes. */
interface Opened {
  readonly keyVersion: number;
  readonly userVersion: number | undefined;
  readonly known: KnownKey;
}

export function createIdentities(deps: IdentitiesDeps): Identities {
  const { state, sealer } = deps;
  const opened = new Map<string, Opened>();

  async function accountIds(): Promise<string[]> {
    return (await state.list('account/')).map(({ key }) => key.slice('account/'.length));
  }

  /** The oldest key of these that is active. */
  async function firstActive(accessKeyIds: readonly string[]): Promise<KeyPair | undefined> {
    for (const accessKeyId of accessKeyIds) {
      const key = (await state.get<AccessKey>(keys.accessKey(accessKeyId)))?.value;
      if (!key?.active) continue;
      const secretAccessKey = secretOfKey(sealer, accessKeyId, key);
      if (secretAccessKey !== undefined) return { accessKeyId, secretAccessKey };
      throw new OperatorError(
        'The sealing key is not the one that sealed the access keys in this data folder. Put the file `sealing-key` (or the key in the environment) back that was there before.',
      );
    }
    return undefined;
  }

  return {
    async findAccessKey(accessKeyId) {
      const key = await state.get<AccessKey>(keys.accessKey(accessKeyId));
      if (!key) return undefined;
      const { accountId, userName } = key.value;
      const user = userName === undefined ? undefined : await state.get<User>(keys.user(accountId, userName));
      if (userName !== undefined && !user) return undefined;
      const before = opened.get(accessKeyId);
      if (before?.keyVersion === key.version && before.userVersion === user?.version) return before.known;
      const secretAccessKey = secretOfKey(sealer, accessKeyId, key.value);
      if (secretAccessKey === undefined) return undefined;
      const caller = user ? callerOfUser(accessKeyId, accountId, user.value) : callerOfRoot(accessKeyId, accountId);
      const known: KnownKey = { active: key.value.active, secretAccessKey, caller };
      opened.delete(accessKeyId);
      opened.set(accessKeyId, { keyVersion: key.version, userVersion: user?.version, known });
      if (opened.size > OPENED_MAX) opened.delete(opened.keys().next().value!);
      return known;
    },
    accounts: {
      async create(accountId) {
        const made = await makeAccount(deps, accountId);
        if (!made) return undefined;
        deps.onCreated?.(made);
        return { userName: ADMINISTRATOR, ...made.administrator };
      },
      list: accountIds,
      has: async (accountId) => (await state.get(keys.account(accountId))) !== undefined,
    },
    async accountKeys() {
      const found: AccountKeys[] = [];
      for (const accountId of await accountIds()) {
        const administrator = (await state.get<User>(keys.user(accountId, ADMINISTRATOR)))?.value;
        const settings = (await state.get<Settings>(keys.settings(accountId)))?.value;
        found.push({
          accountId,
          administrator: await firstActive(administrator?.accessKeyIds ?? []),
          root: await firstActive(settings?.rootKeyIds ?? []),
        });
      }
      return found;
    },
  };
}

/** All of a new account in one write; undefined when it exists. */
async function makeAccount({ state, random, clock, sealer }: IdentitiesDeps, accountId: string) {
  const createdMs = clock.now();
  const administrator = newKeyPair(random);
  const root = newKeyPair(random);
  const account: Account = { createdMs };
  const settings: Settings = { rootKeyIds: [root.accessKeyId] };
  const user = newUser(random, {
    accountId,
    userName: ADMINISTRATOR,
    path: '/',
    createdMs,
    attached: [ADMINISTRATOR_ACCESS],
    accessKeyIds: [administrator.accessKeyId],
  });
  const keyOf = (pair: KeyPair, owner: { userName?: string }): StateChange => ({
    put: keys.accessKey(pair.accessKeyId),
    value: sealedKey(sealer, pair, { accountId, ...owner, active: true, createdMs }),
    ifVersion: 'absent',
  });
  try {
    await state.write([
      { put: keys.account(accountId), value: account, ifVersion: 'absent' },
      { put: keys.settings(accountId), value: settings, ifVersion: 'absent' },
      { put: keys.user(accountId, ADMINISTRATOR), value: user, ifVersion: 'absent' },
      { put: keys.version(accountId), value: 1 },
      keyOf(administrator, { userName: ADMINISTRATOR }),
      keyOf(root, {}),
    ]);
  } catch (error) {
    if (error instanceof StateConflict && error.key === keys.account(accountId)) return undefined;
    throw error;
  }
  return { accountId, administrator, root };
}

/** Members in the order that CloudTrail writes (spec: records §3). */
function callerOfUser(accessKeyId: string, accountId: string, { userName, userId, arn }: User): Caller {
  const identity: UserIdentity = { type: 'IAMUser', principalId: userId, arn, accountId, accessKeyId, userName };
  return { anonymous: false, accountId, arn, identity, principal: { kind: 'user', name: userName } };
}

function callerOfRoot(accessKeyId: string, accountId: string): Caller {
  const arn = `arn:aws:iam::${accountId}:root`;
  const identity: UserIdentity = { type: 'Root', principalId: accountId, arn, accountId, accessKeyId };
  return { anonymous: false, accountId, arn, identity, principal: { kind: 'root' } };
}
