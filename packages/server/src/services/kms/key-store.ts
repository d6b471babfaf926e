import { Pushback } from '../../base/errors.ts';
import { StateConflict } from '../../ports/state.ts';
import type { CallContext } from '../../wire/service.ts';
import type { RetireGrantRequest } from './api.ts';
import type { BlobHeader } from './ciphertext.ts';
import type { KmsDeps } from './deps.ts';
import { kmsError } from './errors.ts';
import { ALIAS_NAME, type FoundKey, findKey, HIDDEN } from './find-key.ts';
import {
  type Alias,
  aliasArn,
  aliasKey,
  type Grant,
  getKey,
  grantsPrefix,
  type Key,
  type KeyEntry,
  type KeyPlace,
  keyArn,
  stateOf,
} from './key.ts';
import { makeManagedKey } from './managed-keys.ts';

/** Who asks, where, and for what. */
export type Place = Pick<CallContext, 'region' | 'operation'> & {
  readonly caller: Pick<CallContext['caller'], 'accountId'>;
};

/** Operations that take aliases for KeyId (API reference, each operation's "KeyId"). */
const TAKES_ALIASES: ReadonlySet<string> = new Set([
  ...['DescribeKey', 'Encrypt', 'Decrypt', 'ReEncrypt', 'GenerateDataKey', 'GenerateDataKeyWithoutPlaintext'],
]);
/** Operations that may be called for another account's key. */
const CROSS_ACCOUNT: ReadonlySet<string> = new Set([
  ...TAKES_ALIASES,
  ...['GetKeyRotationStatus', 'ListKeyRotations', 'CreateGrant', 'ListGrants', 'RevokeGrant', 'RetireGrant'],
]);
/** Operations that have no InvalidArnException among their errors. */
const NO_INVALID_ARN: ReadonlySet<string> = new Set([
  ...['Encrypt', 'Decrypt', 'ReEncrypt', 'GenerateDataKey', 'GenerateDataKeyWithoutPlaintext'],
  ...['CreateAlias', 'UpdateAlias'],
]);

export type KeyStore = ReturnType<typeof createKeyStore>;

/** Finds keys as requests name them, and changes them. */
export function createKeyStore(deps: KmsDeps) {
  const { state } = deps;
  return {
    /** @throws AwsError as `findKey` */
    async find(place: Place, text: string): Promise<FoundKey> {
      const { operation, region, caller } = place;
      if (operation.endsWith('Alias') && text.includes('alias/')) {
        throw kmsError('ValidationException', 'Aliases must refer to keys. Not aliases');
      }
      const found = await findKey(
        {
          state,
          place: { accountId: caller.accountId, region },
          aliases: TAKES_ALIASES.has(operation),
          badArn: NO_INVALID_ARN.has(operation) ? 'NotFoundException' : 'InvalidArnException',
          makeManaged: (where, alias) => makeManagedKey(deps, where, alias),
        },
        text,
      );
      if (found.entry.value.accountId !== caller.accountId && !CROSS_ACCOUNT.has(operation)) {
        throw kmsError('AccessDeniedException', `${operation} can only be called from the account that owns the key.`);
      }
      return found;
    },

    /** The key behind an alias of the caller's. @throws AwsError NotFoundException, ValidationException */
    async findByAlias(place: Place, alias: string): Promise<KeyEntry> {
      checkAliasName(alias);
      const where = { accountId: place.caller.accountId, region: place.region };
      const found = await state.get<Alias>(aliasKey(where, alias));
      const entry = found && (await getKey(state, where, found.value.keyId));
      if (!entry) throw kmsError('NotFoundException', `Alias ${aliasArn(where, alias)} is not found.`);
      return entry;
    },

    /** @throws AwsError AccessDeniedException when it is gone, or in another Region */
    async keyOfBlob(place: Pick<Place, 'region'>, blob: BlobHeader): Promise<Key> {
      const entry = blob.region === place.region ? await getKey(state, blob, blob.keyId) : undefined;
      if (!entry) throw kmsError('AccessDeniedException', HIDDEN);
      return entry.value;
    },

    /** The grant that RetireGrant means. @throws AwsError InvalidGrantTokenException, NotFoundException … */
    async findRetiring(place: Place, input: RetireGrantRequest): Promise<{ key: Key; grant: Grant }> {
      const grantKey = await this.retiringKey(place, input);
      const grant = (await state.get<Grant>(grantKey))?.value;
      const key = grant && (await getKey(state, grant, grant.keyId));
      if (!key) throw kmsError('NotFoundException', 'The grant does not exist, or was retired or revoked.');
      return { key: key.value, grant };
    },

    async retiringKey(place: Place, { GrantToken, KeyId, GrantId }: RetireGrantRequest): Promise<string> {
      if (GrantToken !== undefined) {
        const reference = deps.vault.openToken(GrantToken);
        if (reference) return reference.grantKey;
        throw kmsError('InvalidGrantTokenException', 'The grant token is none that this KMS has given out.');
      }
      if (KeyId === undefined || GrantId === undefined) {
        throw kmsError('ValidationException', 'Give either GrantToken, or KeyId and GrantId.');
      }
      return grantsPrefix((await this.find(place, KeyId)).entry.value) + checkedGrantId(GrantId);
    },

    /**
     * Changes a key, as often as needed until nobody else changed it meanwhile.
     * @param change gives the new key, or the same object when there is nothing to change
     */
    async change(place: Place, text: string, change: (key: Key) => Key): Promise<Key> {
      const { value } = (await this.find(place, text)).entry;
      return this.changeKey(value, change);
    },

    /** The same for a key that is known. @throws AwsError NotFoundException when it is gone by now */
    changeKey(known: KeyPlace & { readonly keyId: string }, change: (key: Key) => Key): Promise<Key> {
      return retryingConflicts(async () => {
        const entry = await getKey(state, known, known.keyId);
        if (!entry) throw kmsError('NotFoundException', `Key '${keyArn(known)}' does not exist`);
        const next = change(entry.value);
        if (next !== entry.value) await state.write([{ put: entry.key, value: next, ifVersion: entry.version }]);
        return next;
      });
    },
  };
}

/** Ids of grants are 64 hex digits; nothing else may reach a State key. @throws AwsError InvalidGrantIdException */
export function checkedGrantId(grantId: string): string {
  if (/^[0-9a-f]{64}$/.test(grantId)) return grantId;
  throw kmsError('InvalidGrantIdException', 'The grant id is not one: it has 64 hexadecimal digits.');
}

/** @throws AwsError ValidationException, NotAuthorizedException for AWS's own */
export function checkAliasName(alias: string): void {
  if (!alias.startsWith('alias/'))
    throw kmsError('ValidationException', 'Invalid identifier: an alias begins with alias/');
  if (alias.startsWith('alias/aws/')) {
    throw kmsError('NotAuthorizedException', 'Aliases that begin with alias/aws/ belong to AWS managed keys.');
  }
  if (alias.includes(':')) {
    throw kmsError('ValidationException', `${alias} contains invalid characters for an alias`);
  }
  if (!ALIAS_NAME.test(alias)) {
    throw kmsError('InvalidAliasNameException', `${alias} is no alias: alias/ and 1 to 250 of a-z A-Z 0-9 / _ -`);
  }
}

/** @throws AwsError KMSInvalidStateException */
export function refusePendingDeletion(key: Key): Key {
  if (stateOf(key) !== 'PendingDeletion') return key;
  throw kmsError('KMSInvalidStateException', `${keyArn(key)} is pending deletion.`);
}

/** @throws AwsError DisabledException, KMSInvalidStateException */
export function requireEnabled(key: Key): Key {
  if (stateOf(key) === 'Disabled') throw kmsError('DisabledException', `${keyArn(key)} is disabled.`);
  return refusePendingDeletion(key);
}

/** Two clients that edit one key collide rarely; after this many collisions in a row the caller is told to wait. */
const ATTEMPTS_MAX = 8;

/** Runs read-check-write again as long as somebody else writes in between. @throws Pushback */
export async function retryingConflicts<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StateConflict)) throw error;
    }
  }
  throw new Pushback('the key is being changed by other requests');
}
