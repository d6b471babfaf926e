import type { Handler } from '../../wire/service.ts';
import type { AliasRequest, PageRequest } from './api.ts';
import type { KmsDeps } from './deps.ts';
import { kmsError } from './errors.ts';
import { ALIAS, type Alias, aliasArn, aliasesPrefix, aliasKey, type Key, type KeyPlace } from './key.ts';
import { checkAliasName, type KeyStore, refusePendingDeletion, retryingConflicts } from './key-store.ts';
import { pageOf } from './pages.ts';

/** KMS's quota, a key. */
const ALIASES_MAX = 50;

/** Aliases stand twice in State, under their name and in their key: both are always written together. */
export function createAliasHandlers(deps: KmsDeps, keys: KeyStore): Record<string, Handler> {
  const { state } = deps;
  return {
    CreateAlias: async (context, { AliasName, TargetKeyId }: AliasRequest) => {
      checkAliasName(AliasName);
      await retryingConflicts(async () => {
        const { key, version, value } = (await keys.find(context, TargetKeyId)).entry;
        const named = aliasKey(value, AliasName);
        if (await state.get(named)) {
          throw kmsError(
            'AlreadyExistsException',
            `An alias with the name ${aliasArn(value, AliasName)} already exists`,
          );
        }
        const nowMs = deps.clock.now();
        const alias: Alias = { keyId: value.keyId, createdMs: nowMs, updatedMs: nowMs };
        await state.write([
          { put: named, value: alias, ifVersion: 'absent' },
          { put: key, value: withAlias(value, AliasName), ifVersion: version },
        ]);
      });
      return {};
    },

    UpdateAlias: async (context, { AliasName, TargetKeyId }: AliasRequest) => {
      await retryingConflicts(async () => {
        const from = await keys.findByAlias(context, AliasName);
        const to = (await keys.find(context, TargetKeyId)).entry;
        const named = await state.get<Alias>(aliasKey(from.value, AliasName));
        if (!named || from.key === to.key) return;
        const alias: Alias = { ...named.value, keyId: to.value.keyId, updatedMs: deps.clock.now() };
        await state.write([
          { put: named.key, value: alias, ifVersion: named.version },
          { put: from.key, value: withoutAlias(from.value, AliasName), ifVersion: from.version },
          { put: to.key, value: withAlias(to.value, AliasName), ifVersion: to.version },
        ]);
      });
      return {};
    },

    DeleteAlias: async (context, { AliasName }: Pick<AliasRequest, 'AliasName'>) => {
      await retryingConflicts(async () => {
        const { key, version, value } = await keys.findByAlias(context, AliasName);
        await state.write([
          { delete: aliasKey(value, AliasName) },
          { put: key, value: withoutAlias(value, AliasName), ifVersion: version },
        ]);
      });
      return {};
    },

    ListAliases: async (context, input: PageRequest & { readonly KeyId?: string }) => {
      const place = { accountId: context.caller.accountId, region: context.region };
      const found = input.KeyId === undefined ? undefined : (await keys.find(context, input.KeyId)).entry.value;
      const all = (await state.list<Alias>(aliasesPrefix(place))).filter(
        ({ value }) => found === undefined || value.keyId === found.keyId,
      );
      const listed = ['ListAliases', found?.keyId ?? null];
      const { page, ...rest } = pageOf(all, ({ key }) => key, input, { usual: 50, max: 100 }, listed);
      return { Aliases: page.map(({ key, value }) => describe(place, key, value)), ...rest };
    },
  };
}

function describe(place: KeyPlace, key: string, { keyId, createdMs, updatedMs }: Alias) {
  const AliasName = ALIAS + key.slice(aliasesPrefix(place).length);
  return {
    AliasName,
    AliasArn: aliasArn(place, AliasName),
    TargetKeyId: keyId,
    CreationDate: new Date(createdMs),
    LastUpdatedDate: new Date(updatedMs),
  };
}

function withAlias(key: Key, alias: string): Key {
  const aliases = [...refusePendingDeletion(key).aliases, alias].sort();
  if (aliases.length <= ALIASES_MAX) return { ...key, aliases };
  throw kmsError('LimitExceededException', `A key may have ${ALIASES_MAX} aliases.`);
}

const withoutAlias = (key: Key, alias: string): Key => ({
  ...key,
  aliases: key.aliases.filter((one) => one !== alias),
});
