import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Random } from '../base/random.ts';
import type { Log, Sequence } from '../ports/log.ts';
import type { Objects } from '../ports/objects.ts';
import type { State } from '../ports/state.ts';
import type { SigningKeys } from '../trails/signing-keys.ts';
import { DeliveryLoop } from './delivery-loop.ts';
import type { PublishToTopic } from './notification.ts';
import type { Spool } from './spool.ts';

/**
 * The follower that delivers log files and digests of all trails. It reads the Log once for all trails that stand at
 * the same place; those that have fallen behind (a full spool, an old cursor) read by turns until they catch up.
 *
 *     Log → FollowedTrail (selects, buffers) → cutter (spool, then plan + cursor in State) → Outbox (bucket)
 *                                               digests (the same way)                    ↗
 */
export interface TrailDeliveryDeps {
  readonly log: Log;
  readonly state: State;
  readonly objects: Objects;
  /** How topics are told. Absent: there are none. */
  readonly publish?: PublishToTopic;
  readonly signingKeys: SigningKeys;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly spoolDirectory: string;
  /** Instead of the directory, for tests. */
  readonly spool?: Spool;
  readonly settings: TrailDeliverySettings;
}

export interface TrailDeliverySettings {
  readonly deliveryIntervalMs: number;
  readonly digestIntervalMs: number;
  /** Of one log file, uncompressed. */
  readonly logFileBytesMax: number;
  /** Enabled Regions: a multi-Region trail has a digest chain in each. */
  readonly regions: readonly string[];
  /**
   * What one trail may have waiting for a bucket that refuses, compressed bytes; then it reads no further, and the Log
   * keeps the rest. Default 1 GB.
   */
  readonly spoolBytesMax?: number;
}

export interface TrailDelivery {
  /** Trails in State have changed. MUST be called after such a write resolves and before its caller is answered. */
  trailsChanged(): void;
  /** Cuts and delivers everything that is in the Log now. Resolves when it is delivered, or refused once more. */
  flush(): Promise<void>;
  /** The oldest event that the Log must keep for trails. */
  lowestCursor(): Sequence;
  /** How many events the slowest trail has not read. */
  lagEvents(): number;
  /** Ends cleanly: what was read and not planned is read again by the next process. */
  stop(): Promise<void>;
}

export function startTrailDelivery(deps: TrailDeliveryDeps): TrailDelivery {
  const delivery = new DeliveryLoop(deps);
  return {
    trailsChanged: () => delivery.trailsChanged(),
    flush: () => delivery.flush(),
    lowestCursor: () => delivery.lowestCursor(),
    lagEvents: () => delivery.lagEvents(),
    stop: () => delivery.stop(),
  };
}
