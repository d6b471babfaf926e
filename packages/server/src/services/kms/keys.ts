import { uuid } from '../../base/random.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type { CreateKeyRequest, KeyRequest, PageRequest, PutKeyPolicyRequest } from './api.ts';
import { checkLockout } from './authorize.ts';
import type { KmsDeps } from './deps.ts';
import { kmsError, unsupported } from './errors.ts';
import { describeKey, KEY_TRAITS, type Key, keyArn, keyKey, keysPrefix, stateOf } from './key.ts';
import { type KeyStore, refusePendingDeletion, retryingConflicts } from './key-store.ts';
import { pageOf } from './pages.ts';
import { defaultPolicy } from './policy.ts';
import { checkTags } from './tags.ts';

/** KMS's quota, an account and Region. */
const KEYS_MAX = 100_000;
const POLICY_NAME = 'default';

/** Keys themselves: making, showing, switching on and off; their policies. */
export function createKeyHandlers(deps: KmsDeps, keys: KeyStore): Record<string, Handler> {
  return {
    CreateKey: async (context, input: CreateKeyRequest) => {
      checkKind(input);
      const key = newKey(deps, context, input);
      checkLockout(context, key, key.policy, input.BypassPolicyLockoutSafetyCheck);
      if ((await deps.state.list(keysPrefix(key))).length >= KEYS_MAX) {
        throw kmsError('LimitExceededException', `An account may have ${KEYS_MAX} keys in a Region.`);
      }
      // Two uuids that are the same are no accident that anybody has seen; a second try costs a line.
      await retryingConflicts(() =>
        deps.state.write([{ put: keyKey(key, key.keyId), value: key, ifVersion: 'absent' }]),
      );
      return { KeyMetadata: describeKey(key) };
    },

    DescribeKey: async (context, { KeyId }: KeyRequest) => ({
      KeyMetadata: describeKey((await keys.find(context, KeyId)).entry.value),
    }),

    ListKeys: async (context, input: PageRequest) => {
      const all = await deps.state.list<Key>(
        keysPrefix({ accountId: context.caller.accountId, region: context.region }),
      );
      const { page, ...rest } = pageOf(all, ({ key }) => key, input, { usual: 100, max: 1000 }, ['ListKeys']);
      return { Keys: page.map(({ value }) => ({ KeyId: value.keyId, KeyArn: keyArn(value) })), ...rest };
    },

    EnableKey: async (context, { KeyId }: KeyRequest) => {
      await keys.change(context, KeyId, (key) => withEnabled(key, true));
      return {};
    },
    DisableKey: async (context, { KeyId }: KeyRequest) => {
      await keys.change(context, KeyId, (key) => withEnabled(key, false));
      return {};
    },
    UpdateKeyDescription: async (context, input: KeyRequest & { readonly Description: string }) => {
      await keys.change(context, input.KeyId, (key) => ({
        ...refusePendingDeletion(key),
        description: input.Description,
      }));
      return {};
    },

    GetKeyPolicy: async (context, input: KeyRequest & { readonly PolicyName?: string }) => {
      checkPolicyName(input.PolicyName);
      const { policy } = (await keys.find(context, input.KeyId)).entry.value;
      return { Policy: policy, PolicyName: POLICY_NAME };
    },
    ListKeyPolicies: async (context, input: KeyRequest & PageRequest) => {
      await keys.find(context, input.KeyId);
      return { PolicyNames: [POLICY_NAME], Truncated: false };
    },
    PutKeyPolicy: async (context, input: PutKeyPolicyRequest) => {
      checkPolicyName(input.PolicyName);
      await keys.change(context, input.KeyId, (key) => {
        checkLockout(context, key, input.Policy, input.BypassPolicyLockoutSafetyCheck);
        return { ...key, policy: input.Policy };
      });
      return {};
    },
  };
}

const withEnabled = (key: Key, enabled: boolean): Key =>
  stateOf(refusePendingDeletion(key)) === (enabled ? 'Enabled' : 'Disabled') ? key : { ...key, enabled };

function newKey(deps: KmsDeps, { caller, region }: CallContext, input: CreateKeyRequest): Key {
  const place = { accountId: caller.accountId, region, keyId: uuid(deps.random) };
  const createdMs = deps.clock.now();
  return {
    ...place,
    createdMs,
    description: input.Description ?? '',
    manager: 'CUSTOMER',
    enabled: true,
    policy: input.Policy ?? defaultPolicy(place.accountId),
    tags: checkTags(input.Tags ?? []),
    aliases: [],
    materials: [deps.vault.make(place, createdMs)],
  };
}

/** @throws AwsError ValidationException, UnsupportedOperationException for all but symmetric keys of our own making */
function checkKind(input: CreateKeyRequest): void {
  const { KeyUsage: usage = KEY_TRAITS.KeyUsage, Origin: origin = KEY_TRAITS.Origin } = input;
  if (input.KeySpec !== undefined && input.CustomerMasterKeySpec !== undefined) {
    throw kmsError('ValidationException', 'Give KeySpec or CustomerMasterKeySpec (its old name), not both.');
  }
  const given = input.KeySpec ?? input.CustomerMasterKeySpec;
  const spec = given ?? KEY_TRAITS.KeySpec;
  if (usage !== KEY_TRAITS.KeyUsage && spec === KEY_TRAITS.KeySpec) {
    throw kmsError(
      'ValidationException',
      given === undefined
        ? 'You must specify a KeySpec value for all KMS keys except for symmetric encryption keys.'
        : `KeyUsage ${usage} is not compatible with KeySpec ${spec}`,
    );
  }
  if (spec !== KEY_TRAITS.KeySpec) throw unsupported(`keys of KeySpec ${spec}: it has ${KEY_TRAITS.KeySpec}`);
  if (origin !== KEY_TRAITS.Origin) throw unsupported(`keys of Origin ${origin}: it has ${KEY_TRAITS.Origin}`);
  if (input.MultiRegion) throw unsupported('multi-Region keys');
  if (input.CustomKeyStoreId !== undefined || input.XksKeyId !== undefined) throw unsupported('custom key stores');
}

function checkPolicyName(name = POLICY_NAME): void {
  if (name !== POLICY_NAME) throw kmsError('NotFoundException', 'No such policy exists');
}
