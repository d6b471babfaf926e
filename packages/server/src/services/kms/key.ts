import type { State, StateEntry } from '../../ports/state.ts';
import type { EncryptionContext, GrantConstraints, Tag } from './api.ts';

/**
 * What State holds of KMS:
 *
 *     kms/key/<account>/<region>/<key id>                 Key, with its policy, tags, aliases and sealed key material
 *     kms/alias/<account>/<region>/<name without alias/>  Alias
 *     kms/grant/<account>/<region>/<key id>/<grant id>    Grant; its id begins with a hash of the grantee
 *     kms/retirable/<region>/<hash>/<grant id>            where the grant is that this retiring principal may retire
 *     kms/master-key                                      tells whether the master key is the one that sealed the rest
 */
export interface KeyPlace {
  readonly accountId: string;
  readonly region: string;
}

/** A version of a key's material. Rotation adds one; the older ones go on decrypting what they encrypted. */
export interface KeyMaterial {
  /** 64 hex digits. */
  readonly id: string;
  /** The key itself, sealed for this key and this id (vault.ts). */
  readonly sealed: string;
  readonly createdMs: number;
  /** Absent for the first. */
  readonly rotation?: 'AUTOMATIC' | 'ON_DEMAND';
}

export interface Key extends KeyPlace {
  readonly keyId: string;
  readonly createdMs: number;
  readonly description: string;
  /** AWS: made on first use of `alias/aws/…`, and closed to changes by its policy. */
  readonly manager: 'CUSTOMER' | 'AWS';
  readonly enabled: boolean;
  /** Set while deletion is pending. */
  readonly deletionMs?: number;
  /** The policy document as it was given. */
  readonly policy: string;
  readonly tags: readonly Tag[];
  /** `alias/…`, in order. */
  readonly aliases: readonly string[];
  /** Absent when automatic rotation is off. */
  readonly rotation?: { readonly periodDays: number; readonly nextMs: number };
  /** Oldest first; the last one encrypts. */
  readonly materials: readonly KeyMaterial[];
}

export interface Alias {
  readonly keyId: string;
  readonly createdMs: number;
  readonly updatedMs: number;
}

export interface Grant extends KeyPlace {
  readonly grantId: string;
  readonly keyId: string;
  readonly name?: string;
  readonly granteePrincipal: string;
  readonly retiringPrincipal?: string;
  readonly operations: readonly string[];
  readonly constraints?: GrantConstraints;
  readonly issuingAccountId: string;
  readonly createdMs: number;
}

export type KeyEntry = StateEntry<Key>;

export const keysPrefix = ({ accountId, region }: KeyPlace): string => `kms/key/${accountId}/${region}/`;
export const keyKey = (place: KeyPlace, keyId: string): string => `${keysPrefix(place)}${keyId}`;
export const aliasesPrefix = ({ accountId, region }: KeyPlace): string => `kms/alias/${accountId}/${region}/`;
/** @param alias with its `alias/` */
export const aliasKey = (place: KeyPlace, alias: string): string =>
  `${aliasesPrefix(place)}${alias.slice(ALIAS.length)}`;
export const grantsPrefix = ({ accountId, region, keyId }: KeyPlace & { readonly keyId: string }): string =>
  `kms/grant/${accountId}/${region}/${keyId}/`;

export const ALIAS = 'alias/';
export const keyArn = ({ accountId, region, keyId }: KeyPlace & { readonly keyId: string }): string =>
  `arn:aws:kms:${region}:${accountId}:key/${keyId}`;
export const aliasArn = ({ accountId, region }: KeyPlace, alias: string): string =>
  `arn:aws:kms:${region}:${accountId}:${alias}`;
export const rootArn = (accountId: string): string => `arn:aws:iam::${accountId}:root`;

export const currentMaterial = (key: Key): KeyMaterial => key.materials.at(-1)!;

export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion';
export const stateOf = (key: Key): KeyState =>
  key.deletionMs !== undefined ? 'PendingDeletion' : key.enabled ? 'Enabled' : 'Disabled';

export const getKey = (state: State, place: KeyPlace, keyId: string): Promise<KeyEntry | undefined> =>
  state.get<Key>(keyKey(place, keyId));

/** What the only kind of key here is: a symmetric one, made by us, for encryption. */
export const KEY_TRAITS = {
  KeyUsage: 'ENCRYPT_DECRYPT',
  KeySpec: 'SYMMETRIC_DEFAULT',
  Origin: 'AWS_KMS',
} as const;

/** KeyMetadata as DescribeKey and CreateKey answer it. */
export const describeKey = (key: Key) => ({
  AWSAccountId: key.accountId,
  KeyId: key.keyId,
  Arn: keyArn(key),
  CreationDate: new Date(key.createdMs),
  Enabled: stateOf(key) === 'Enabled',
  Description: key.description,
  KeyUsage: KEY_TRAITS.KeyUsage,
  KeyState: stateOf(key),
  ...(key.deletionMs !== undefined && { DeletionDate: new Date(key.deletionMs) }),
  Origin: KEY_TRAITS.Origin,
  KeyManager: key.manager,
  CustomerMasterKeySpec: KEY_TRAITS.KeySpec,
  KeySpec: KEY_TRAITS.KeySpec,
  EncryptionAlgorithms: [KEY_TRAITS.KeySpec],
  MultiRegion: false,
  CurrentKeyMaterialId: currentMaterial(key).id,
});

/** A context without entries is the same as none. */
export const NO_CONTEXT: EncryptionContext = {};
