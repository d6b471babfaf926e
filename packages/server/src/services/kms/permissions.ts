import { requestTagContext, tagContext } from '../../access/context.ts';
import type { PolicyRequest } from '../../access/policy.ts';
import type { State } from '../../ports/state.ts';
import type { CallContext, Permission, PermissionTable } from '../../wire/service.ts';
import type { EncryptionContext, Tag } from './api.ts';
import { type KmsAccess, requestOf } from './authorize.ts';
import { parseBlob } from './ciphertext.ts';
import { kmsError } from './errors.ts';
import type { Grantable } from './grants.ts';
import type { Key } from './key.ts';
import { aliasArn, KEY_TRAITS, keyArn, NO_CONTEXT } from './key.ts';
import type { KeyStore } from './key-store.ts';

/**
 * What each call must be allowed to do, with the condition keys of AWS's service authorization reference for KMS.
 */
type Accesses = (store: KeyStore, context: CallContext, input: Input) => Promise<readonly KmsAccess[]>;

// biome-ignore lint/suspicious/noExplicitAny: decoded and validated by the operation's own schema; a table over all of them has no better type
type Input = Readonly<Record<string, any>>;
type Conditions = PolicyRequest['context'];

export const ACCESSES: Readonly<Record<string, Accesses>> = {
  CreateKey: async (_store, _context, input) => {
    const conditions = { ...traits(), ...bypass(input), ...requestTags(input.Tags) };
    return [
      onAccount('kms:CreateKey', conditions),
      ...(input.Tags?.length > 0 ? [onAccount('kms:TagResource', conditions)] : []),
    ];
  },
  ListKeys: async () => [onAccount('kms:ListKeys')],
  ListAliases: async (_store, _context) => [onAccount('kms:ListAliases')],
  ListRetirableGrants: async () => [onAccount('kms:ListRetirableGrants')],
  GenerateRandom: async () => [onAccount('kms:GenerateRandom')],

  DescribeKey: onKey(() => ({ grant: {} })),
  GetKeyPolicy: onKey(),
  ListKeyPolicies: onKey(),
  PutKeyPolicy: onKey((input) => ({ conditions: bypass(input) })),
  EnableKey: onKey(),
  DisableKey: onKey(),
  UpdateKeyDescription: onKey(),
  ScheduleKeyDeletion: onKey((input) => ({
    conditions: {
      'kms:ScheduleKeyDeletionPendingWindowInDays': String(input.PendingWindowInDays ?? PENDING_WINDOW_DAYS),
    },
  })),
  CancelKeyDeletion: onKey(),
  EnableKeyRotation: onKey((input) => ({
    conditions: { 'kms:RotationPeriodInDays': String(input.RotationPeriodInDays ?? ROTATION_PERIOD_DAYS) },
  })),
  DisableKeyRotation: onKey(),
  GetKeyRotationStatus: onKey(),
  RotateKeyOnDemand: onKey(),
  ListKeyRotations: onKey(),
  TagResource: onKey((input) => ({ conditions: requestTags(input.Tags) })),
  UntagResource: onKey((input) => ({ conditions: { 'aws:TagKeys': input.TagKeys } })),
  ListResourceTags: onKey(),

  CreateAlias: async (store, context, input) => [
    onAlias(context, 'kms:CreateAlias', input.AliasName),
    ...(await onKey(() => ({}), 'TargetKeyId')(store, context, input)),
  ],
  UpdateAlias: async (store, context, input) => [
    onAlias(context, 'kms:UpdateAlias', input.AliasName),
    keyAccess('kms:UpdateAlias', (await store.findByAlias(context, input.AliasName)).value),
    ...(await onKey(() => ({}), 'TargetKeyId')(store, context, input)),
  ],
  DeleteAlias: async (store, context, input) => [
    onAlias(context, 'kms:DeleteAlias', input.AliasName),
    keyAccess('kms:DeleteAlias', (await store.findByAlias(context, input.AliasName)).value),
  ],

  Encrypt: onKey((input) => ofData(input.EncryptionContext, true)),
  GenerateDataKey: onKey((input) => ofData(input.EncryptionContext)),
  GenerateDataKeyWithoutPlaintext: onKey((input) => ofData(input.EncryptionContext)),
  Decrypt: async (store, context, input) => {
    const key = await keyOfCiphertext(store, context, input.CiphertextBlob);
    const alias = input.KeyId === undefined ? undefined : (await store.find(context, input.KeyId)).alias;
    return [keyAccess('kms:Decrypt', key, ofData(input.EncryptionContext, true), alias)];
  },
  ReEncrypt: async (store, context, input) => {
    const source = await keyOfCiphertext(store, context, input.CiphertextBlob);
    const sourceAlias =
      input.SourceKeyId === undefined ? undefined : (await store.find(context, input.SourceKeyId)).alias;
    const { entry, alias } = await store.find(context, input.DestinationKeyId);
    const conditions = { 'kms:ReEncryptOnSameKey': String(source.keyId === entry.value.keyId) };
    const side = (pairs: EncryptionContext | undefined): Details => {
      const details = ofData(pairs, true);
      return { ...details, conditions: { ...details.conditions, ...conditions } };
    };
    return [
      keyAccess('kms:ReEncryptFrom', source, side(input.SourceEncryptionContext), sourceAlias),
      keyAccess('kms:ReEncryptTo', entry.value, side(input.DestinationEncryptionContext), alias),
    ];
  },

  CreateGrant: onKey(({ GranteePrincipal, RetiringPrincipal, Operations, Constraints }) => ({
    grant: { proposed: { operations: Operations, constraints: Constraints } },
    conditions: {
      'kms:GranteePrincipal': GranteePrincipal,
      ...(RetiringPrincipal !== undefined && { 'kms:RetiringPrincipal': RetiringPrincipal }),
      'kms:GrantOperations': Operations,
      ...(Constraints && { 'kms:GrantConstraintType': Object.keys(Constraints) }),
      'kms:GrantIsForAWSResource': 'false',
    },
  })),
  ListGrants: onKey((input) => ({
    conditions: { ...(input.GranteePrincipal !== undefined && { 'kms:GranteePrincipal': input.GranteePrincipal }) },
  })),
  RevokeGrant: onKey(),
  RetireGrant: async (store, context, input) => {
    const { key, grant } = await store.findRetiring(context, input);
    return [{ ...keyAccess('kms:RetireGrant', key), retiring: grant }];
  },
};

/** The table for the pipeline. It finds the keys that are named, so that what is not there is told before what is not allowed. */
export function kmsPermissions(state: State, store: KeyStore): PermissionTable {
  const permission =
    (operation: string): Permission =>
    async (context, input) => {
      const accesses = await ACCESSES[operation]!(store, context, input);
      if (NOTES_KEYS.has(operation)) noteResources(context, accesses);
      return Promise.all(accesses.map((access) => requestOf(state, context.caller, access)));
    };
  return Object.fromEntries(Object.keys(ACCESSES).map((operation) => [operation, permission(operation)]));
}

/** Operations whose input does not tell which key it is: their records name it however they end. */
const NOTES_KEYS: ReadonlySet<string> = new Set([
  ...['Decrypt', 'DeleteAlias', 'Encrypt', 'GenerateDataKey', 'GenerateDataKeyWithoutPlaintext', 'ReEncrypt'],
  ...['RetireGrant'],
]);

function noteResources({ caller, notes }: CallContext, accesses: readonly KmsAccess[]): void {
  const owners = new Map(accesses.map(({ resource, key }) => [resource, key?.accountId ?? caller.accountId]));
  notes.resources = [...owners].map(([ARN, accountId]) => ({ accountId, type: 'AWS::KMS::Key', ARN }));
}

/** AWS's, where the request does not say. */
export const PENDING_WINDOW_DAYS = 30;
export const ROTATION_PERIOD_DAYS = 365;

interface Details {
  readonly conditions?: Conditions;
  /** Set when a grant of the operation's name can allow it. */
  readonly grant?: Omit<Grantable, 'operation'>;
}

/** An operation on the key that one member of its input names. */
function onKey(details: (input: Input) => Details = () => ({}), member = 'KeyId'): Accesses {
  return async (store, context, input) => {
    const { entry, alias } = await store.find(context, input[member]);
    return [keyAccess(`kms:${context.operation}`, entry.value, details(input), alias)];
  };
}

export function keyAccess(
  action: string,
  key: Key,
  { conditions, grant }: Details = {},
  alias?: string,
): KmsAccess & { readonly key: Key } {
  return {
    action,
    resource: keyArn(key),
    key,
    context: { ...traits(), ...ofKey(key, alias), ...conditions },
    ...(grant && { grantable: { operation: action.slice('kms:'.length), ...grant } }),
  };
}

const onAccount = (action: string, context: Conditions = {}): KmsAccess => ({ action, resource: '*', context });

const onAlias = ({ caller, region }: CallContext, action: string, alias: string): KmsAccess => ({
  action,
  resource: aliasArn({ accountId: caller.accountId, region }, alias),
  context: {},
});

/** @param asked whether the request can name an algorithm */
export function ofData(context: EncryptionContext = NO_CONTEXT, asked = false): Details {
  return {
    grant: { encryptionContext: context },
    conditions: { ...contextConditions(context), ...(asked && { 'kms:EncryptionAlgorithm': KEY_TRAITS.KeySpec }) },
  };
}

/** Names that differ by case alone are one condition key with several values, as condition keys have no case. */
function contextConditions(context: EncryptionContext): Conditions {
  const names = Object.keys(context);
  if (names.length === 0) return {};
  const values = new Map<string, string[]>();
  for (const [name, value] of Object.entries(context)) {
    const key = `kms:EncryptionContext:${name}`.toLowerCase();
    values.set(key, [...(values.get(key) ?? []), value]);
  }
  return { ...Object.fromEntries(values), 'kms:EncryptionContextKeys': names };
}

const traits = (): Conditions => ({
  'kms:KeySpec': KEY_TRAITS.KeySpec,
  'kms:KeyUsage': KEY_TRAITS.KeyUsage,
  'kms:KeyOrigin': KEY_TRAITS.Origin,
  'kms:MultiRegion': 'false',
});

const ofKey = (key: Key, alias: string | undefined): Conditions => ({
  ...tagContext('aws:ResourceTag', recordOf(key.tags)),
  ...(key.aliases.length > 0 && { 'kms:ResourceAliases': key.aliases }),
  ...(alias !== undefined && { 'kms:RequestAlias': alias }),
});

const bypass = (input: Input): Conditions => ({
  'kms:BypassPolicyLockoutSafetyCheck': String(input.BypassPolicyLockoutSafetyCheck === true),
});

const requestTags = (tags: readonly Tag[] = []): Conditions => requestTagContext(recordOf(tags));

const recordOf = (tags: readonly Tag[]): Readonly<Record<string, string>> =>
  Object.fromEntries(tags.map(({ TagKey, TagValue }) => [TagKey, TagValue]));

/** The key that a ciphertext says it was made with. @throws AwsError InvalidCiphertextException, AccessDeniedException */
async function keyOfCiphertext(store: KeyStore, context: CallContext, ciphertext: Buffer): Promise<Key> {
  const blob = parseBlob(ciphertext);
  if (!blob) throw kmsError('InvalidCiphertextException', NO_BLOB);
  return store.keyOfBlob(context, blob);
}

export const NO_BLOB = 'The ciphertext is none that this KMS has made, or is cut off.';
