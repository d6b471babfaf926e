import { type Clock, withoutLeaps } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { type State, type StateChange, StateConflict } from '../../ports/state.ts';
import { type KeyEvent, keyEvent } from './deps.ts';
import { removal } from './grant-operations.ts';
import { aliasKey, type Grant, getKey, type Key, type KeyEntry, keyArn, stateOf } from './key.ts';
import { DAY_MS, rotated } from './lifecycle.ts';
import type { Vault } from './vault.ts';

export interface SweepDeps {
  readonly state: State;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onEvent?: (event: KeyEvent) => Promise<void>;
}

/** AWS deletes and rotates within a day of the moment due. */
const SWEEP_MS = 3_600_000;
/** Changes in one write of State, so that a key with 50,000 grants does not keep everybody waiting. */
const CHANGES_MAX = 1_000;

/**
 * Deletes and rotates keys that are due, every hour. What a wrong clock deleted would not come back: so the clock is one
 * that does not leap, and a key is deleted only when it was due an hour before as well, when a clock that was wrong at
 * the start has been set right. (AWS deletes up to a day late.)
 * @returns stops it, after what is in hand
 */
export function startKeySweep(deps: SweepDeps): () => Promise<void> {
  const clock = withoutLeaps(deps.clock);
  let due: ReadonlySet<string> = new Set();
  let cancel = () => {};
  let stopped = false;
  let running = Promise.resolve();
  const run = () => {
    running = sweep({ ...deps, clock }, due)
      .then((found) => {
        due = found;
      })
      .catch((error) => deps.logger.error({ err: error }, 'keys of KMS that are due were not all deleted or rotated'))
      .then(() => {
        if (!stopped) cancel = clock.after(SWEEP_MS, run);
      });
  };
  run();
  return async () => {
    stopped = true;
    cancel();
    await running;
  };
}

/** @returns the State keys of those that are to be deleted next time */
async function sweep(deps: SweepDeps, due: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const nowMs = deps.clock.now();
  const found = new Set<string>();
  for (const entry of await deps.state.list<Key>('kms/key/')) {
    const { deletionMs, rotation } = entry.value;
    if (deletionMs !== undefined && deletionMs <= nowMs) {
      if (due.has(entry.key)) await remove(deps, entry);
      else found.add(entry.key);
    } else if (rotation && rotation.nextMs <= nowMs && stateOf(entry.value) === 'Enabled') {
      await rotate(deps, entry);
    }
  }
  await removeOrphans(deps);
  return found;
}

async function remove(deps: SweepDeps, { key, version, value }: KeyEntry): Promise<void> {
  const done = await unlessChanged(deps.state, [
    { delete: key, ifVersion: version },
    ...value.aliases.map((alias) => ({ delete: aliasKey(value, alias) })),
  ]);
  if (done) await tell(deps, 'DeleteKey', value);
}

async function rotate(deps: SweepDeps, { key, version, value }: KeyEntry): Promise<void> {
  const { periodDays } = value.rotation!;
  const next: Key = {
    ...rotated(deps, value, 'AUTOMATIC'),
    rotation: { periodDays, nextMs: deps.clock.now() + periodDays * DAY_MS },
  };
  if (await unlessChanged(deps.state, [{ put: key, value: next, ifVersion: version }])) {
    await tell(deps, 'RotateKey', value);
  }
}

/** Whoever changed the key meanwhile (cancelled its deletion, say) comes first. */
async function unlessChanged(state: State, changes: readonly StateChange[]): Promise<boolean> {
  try {
    await state.write(changes);
    return true;
  } catch (error) {
    if (error instanceof StateConflict) return false;
    throw error;
  }
}

/** Grants of keys that are gone, also those that a crash left behind. */
async function removeOrphans({ state }: SweepDeps): Promise<void> {
  const grants = await state.list<Grant>('kms/grant/');
  let changes: StateChange[] = [];
  for (const { value } of grants) {
    if (await getKey(state, value, value.keyId)) continue;
    changes.push(...removal(value));
    if (changes.length < CHANGES_MAX) continue;
    await state.write(changes);
    changes = [];
  }
  if (changes.length > 0) await state.write(changes);
}

async function tell(deps: SweepDeps, eventName: KeyEvent['eventName'], key: Key): Promise<void> {
  deps.logger.info({ keyArn: keyArn(key), eventName }, 'KMS changed a key that was due');
  await deps.onEvent?.(keyEvent(eventName, key, deps.clock.now()));
}
