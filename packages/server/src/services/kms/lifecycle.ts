import type { Handler } from '../../wire/service.ts';
import type { KeyRequest, PageRequest } from './api.ts';
import { type KmsDeps, keyEvent } from './deps.ts';
import { kmsError } from './errors.ts';
import { currentMaterial, type Key, type KeyMaterial, keyArn, stateOf } from './key.ts';
import { type KeyStore, refusePendingDeletion, requireEnabled } from './key-store.ts';
import { pageOf } from './pages.ts';
import { PENDING_WINDOW_DAYS, ROTATION_PERIOD_DAYS } from './permissions.ts';

export const DAY_MS = 86_400_000;
/** KMS's quota, a key's whole life. */
const ON_DEMAND_ROTATIONS_MAX = 25;

/** Deletion and rotation. What falls due is done by `sweep.ts`. */
export function createLifecycleHandlers(deps: KmsDeps, keys: KeyStore): Record<string, Handler> {
  return {
    ScheduleKeyDeletion: async (context, input: KeyRequest & { readonly PendingWindowInDays?: number }) => {
      const days = input.PendingWindowInDays ?? PENDING_WINDOW_DAYS;
      const key = await keys.change(context, input.KeyId, (known) => ({
        ...refusePendingDeletion(known),
        deletionMs: deps.clock.now() + days * DAY_MS,
      }));
      return {
        KeyId: keyArn(key),
        DeletionDate: new Date(key.deletionMs!),
        KeyState: stateOf(key),
        PendingWindowInDays: days,
      };
    },
    /** The key is disabled afterwards. */
    CancelKeyDeletion: async (context, { KeyId }: KeyRequest) => {
      const key = await keys.change(context, KeyId, ({ deletionMs, ...known }) => {
        if (deletionMs === undefined) {
          throw kmsError('KMSInvalidStateException', `${keyArn(known)} is not pending deletion.`);
        }
        return { ...known, enabled: false };
      });
      return { KeyId: keyArn(key) };
    },

    EnableKeyRotation: async (context, input: KeyRequest & { readonly RotationPeriodInDays?: number }) => {
      await keys.change(context, input.KeyId, (key) => {
        const periodDays = input.RotationPeriodInDays ?? key.rotation?.periodDays ?? ROTATION_PERIOD_DAYS;
        if (requireEnabled(key).rotation?.periodDays === periodDays) return key;
        return { ...key, rotation: { periodDays, nextMs: deps.clock.now() + periodDays * DAY_MS } };
      });
      return {};
    },
    DisableKeyRotation: async (context, { KeyId }: KeyRequest) => {
      await keys.change(context, KeyId, (key) => {
        const { rotation, ...rest } = requireEnabled(key);
        return rotation ? rest : key;
      });
      return {};
    },
    /** While deletion is pending it reads as off, and is what it was when that is cancelled. */
    GetKeyRotationStatus: async (context, { KeyId }: KeyRequest) => {
      const key = (await keys.find(context, KeyId)).entry.value;
      const rotation = stateOf(key) === 'PendingDeletion' ? undefined : key.rotation;
      return {
        KeyRotationEnabled: rotation !== undefined,
        KeyId: keyArn(key),
        ...(rotation && {
          RotationPeriodInDays: rotation.periodDays,
          NextRotationDate: new Date(rotation.nextMs),
        }),
      };
    },
    RotateKeyOnDemand: async (context, { KeyId }: KeyRequest) => {
      const key = await keys.change(context, KeyId, (known) => {
        requireEnabled(known);
        if (known.materials.filter(({ rotation }) => rotation === 'ON_DEMAND').length >= ON_DEMAND_ROTATIONS_MAX) {
          throw kmsError('LimitExceededException', `A key may be rotated on demand ${ON_DEMAND_ROTATIONS_MAX} times.`);
        }
        return rotated(deps, known, 'ON_DEMAND');
      });
      await deps.onEvent?.(keyEvent('RotateKey', key, deps.clock.now()));
      return { KeyId: keyArn(key) };
    },
    ListKeyRotations: async (context, input: KeyRequest & PageRequest & { readonly IncludeKeyMaterial?: string }) => {
      const key = (await keys.find(context, input.KeyId)).entry.value;
      const all = key.materials
        .map((material, i) => ({ material, order: String(i).padStart(10, '0') }))
        .filter(({ material }) => input.IncludeKeyMaterial === 'ALL_KEY_MATERIAL' || material.rotation !== undefined);
      const listed = ['ListKeyRotations', key.keyId, input.IncludeKeyMaterial ?? null];
      const { page, ...rest } = pageOf(all, ({ order }) => order, input, { usual: 100, max: 1000 }, listed);
      return { Rotations: page.map(({ material }) => describe(key, material)), ...rest };
    },
  };
}

/** The key with new material; what the old ones encrypted they go on decrypting. */
export function rotated(deps: Pick<KmsDeps, 'vault' | 'clock'>, key: Key, rotation: 'AUTOMATIC' | 'ON_DEMAND'): Key {
  const material: KeyMaterial = { ...deps.vault.make(key, deps.clock.now()), rotation };
  return { ...key, materials: [...key.materials, material] };
}

const describe = (key: Key, material: KeyMaterial) => ({
  KeyId: keyArn(key),
  KeyMaterialId: material.id,
  KeyMaterialState: material === currentMaterial(key) ? 'CURRENT' : 'NON_CURRENT',
  ...(material.rotation && { RotationDate: new Date(material.createdMs), RotationType: material.rotation }),
});
