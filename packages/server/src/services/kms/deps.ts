import type { Authorizer } from '../../access/authorizer.ts';
import type { OrganizationSource } from '../../access/principal-policies.ts';
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
  /** For callers that come by way of a service; the pipeline asks it for all others. */
  readonly authorizer: Pick<Authorizer, 'require'>;
  /** For the conditions of key policies on a service's source. */
  readonly organizations?: OrganizationSource;
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
