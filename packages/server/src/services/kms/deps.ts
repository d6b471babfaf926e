import type { Caller } from '../../access/caller.ts';
import type { PolicyRequest, Verdict } from '../../access/policy.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { State } from '../../ports/state.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import { type Key, type KeyPlace, keyArn } from './key.ts';
import type { Vault } from './vault.ts';

export interface KmsDeps {
  readonly schema: ServiceSchema;
  readonly state: State;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * What the caller's own policies (with boundary, session and organization) say. Without it an account's principals
   * may do whatever the key policies leave to their account.
   */
  readonly identityVerdict?: (caller: Caller, request: PolicyRequest) => Promise<Verdict>;
  /** Told of what KMS did to a key by itself. */
  readonly onEvent?: (event: KeyEvent) => Promise<void>;
}

/** CloudTrail has an AwsServiceEvent for it. */
export interface KeyEvent extends KeyPlace {
  readonly eventName: 'DeleteKey' | 'RotateKey';
  readonly keyId: string;
  readonly keyArn: string;
  readonly timeMs: number;
}

export const keyEvent = (eventName: KeyEvent['eventName'], key: Key, timeMs: number): KeyEvent => {
  const { accountId, region, keyId } = key;
  return { eventName, accountId, region, keyId, keyArn: keyArn(key), timeMs };
};
