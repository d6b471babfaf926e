import type { State, StateChange } from '../../ports/state.ts';
import type { Sealer } from '../sealed-secrets.ts';
import { ADMINISTRATOR_ACCESS } from './aws-managed.ts';
import { type AccessKey, keys, NO_SETTINGS, type Settings, type User } from './entities.ts';
import { sealedKey } from './new-entities.ts';

/**
 * Data folders of before IAM: their accounts had one user and two keys each, with secrets in clear, and no policies.
 *
 *     identity/<account>/user/opentrail   { userName, userId, arn, createdMs }
 *     access-key/<id>                     { accountId, userName?, secretAccessKey, active, createdMs }
 */
type OldUser = Pick<User, 'userName' | 'userId' | 'arn' | 'createdMs'>;
type OldKey = Omit<AccessKey, 'sealedSecret'> & { readonly secretAccessKey: string };

/** Says that all entities are of this build's form. */
const FORMAT = 'identity-format';
const FORMAT_NOW = 2;
/** Accounts of one write: some 3 KB each. */
const ACCOUNTS_A_WRITE = 200;

/**
 * Brings identities of earlier builds into the present form: seals secrets, lists keys with their owners, and gives their
 * users, who could do everything, the policy that says so. Can be stopped anywhere and begun again.
 */
export async function upgradeIdentities({ state, sealer }: { readonly state: State; readonly sealer: Sealer }) {
  if ((await state.get<number>(FORMAT))?.value === FORMAT_NOW) return;
  const byAccount = new Map<string, StateChange[]>();
  const add = (accountId: string, change: StateChange) =>
    byAccount.set(accountId, [...(byAccount.get(accountId) ?? []), change]);

  const idsOf = new Map<string, string[]>();
  for (const { key, value, version } of await state.list<AccessKey | OldKey>('access-key/')) {
    const accessKeyId = key.slice('access-key/'.length);
    const owner = ownerKey(value);
    idsOf.set(owner, [...(idsOf.get(owner) ?? []), accessKeyId]);
    if (!('secretAccessKey' in value)) continue;
    const { secretAccessKey, ...rest } = value;
    add(value.accountId, {
      put: key,
      value: sealedKey(sealer, { accessKeyId, secretAccessKey }, rest),
      ifVersion: version,
    });
  }
  for (const { key } of await state.list('account/')) {
    const accountId = key.slice('account/'.length);
    const settings: Settings = (await state.get<Settings>(keys.settings(accountId)))?.value ?? NO_SETTINGS;
    const rootKeyIds = idsOf.get(keys.settings(accountId)) ?? [];
    add(accountId, { put: keys.settings(accountId), value: { ...settings, rootKeyIds } });
    for (const user of await state.list<User | OldUser>(keys.users(accountId))) {
      if ('attached' in user.value) continue;
      add(accountId, {
        put: user.key,
        value: upgradedUser(user.value, idsOf.get(user.key) ?? []),
        ifVersion: user.version,
      });
    }
  }
  const accounts = [...byAccount.values()];
  while (accounts.length > 0) await state.write(accounts.splice(0, ACCOUNTS_A_WRITE).flat());
  await state.compact?.(); // secrets in clear are not to be left behind in files
  await state.write([{ put: FORMAT, value: FORMAT_NOW }]);
}

const ownerKey = ({ accountId, userName }: Pick<AccessKey, 'accountId' | 'userName'>): string =>
  userName === undefined ? keys.settings(accountId) : keys.user(accountId, userName);

const upgradedUser = (user: OldUser, accessKeyIds: readonly string[]): User => ({
  ...user,
  path: '/',
  inline: {},
  attached: [ADMINISTRATOR_ACCESS],
  groups: [],
  tags: {},
  accessKeyIds,
});
