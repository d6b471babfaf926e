import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Random } from '../base/random.ts';
import { type Objects, ObjectsError, type ObjectToPut, type ServiceCaller } from '../ports/objects.ts';
import type { State, StateChange } from '../ports/state.ts';
import { parseLogFileKey } from '../trails/paths.ts';
import { type DeliveryStatus, deliveryStatusKey, streamName, type Trail } from '../trails/trail.ts';
import { type PlannedObject, plannedKey, spoolName, type UndigestedFile, undigestedKey } from './delivery-state.ts';
import type { Outstanding } from './digests.ts';
import type { FollowedTrail } from './followed-trail.ts';
import type { Notifier } from './notifier.ts';
import type { Spool } from './spool.ts';

/**
 * Puts planned objects into their buckets: always the same key and bytes, as often as it takes. Each bucket of a trail
 * has a lane of its own (digests another, each account of an organization others), so that one which refuses holds up
 * nobody else.
 */
export interface OutboxDeps {
  readonly state: State;
  readonly objects: Objects;
  readonly spool: Spool;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Tells of what was delivered. */
  readonly notifier: Notifier;
  /** Something was delivered, or refused. */
  onProgress(): void;
}

const RETRY_MS_MIN = 1_000;
/** AWS retries for 30 days; once an hour is often enough to notice a mended bucket, and a changed trail is tried at once. */
const RETRY_MS_MAX = 3_600_000;
/** Puts under way at once, over all lanes: each holds a file of at most 50 MB in memory. */
const PUTS_MAX = 8;

/** A put that takes longer has failed, even if it ends well after all: repeating it is harmless. */
const PUT_MS_MAX = 60_000;
/** What puts under way get when the process is to end; the next process repeats those that hang. */
const STOP_MS_MAX = 5_000;

interface Lane {
  readonly queue: PlannedObject[];
  /** Attempts that failed since the last that did not. */
  failures: number;
  running: boolean;
  /** Ends the pause before the next attempt. */
  hurry: (() => void) | undefined;
}

interface Box {
  readonly trail: FollowedTrail;
  readonly lanes: Map<string, Lane>;
  readonly statuses: Map<string, DeliveryStatus>;
}

export class Outbox {
  readonly #deps: OutboxDeps;
  readonly #boxes = new Map<string, Box>();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;
  #puts = 0;
  readonly #putQueue: (() => void)[] = [];
  /** How to give up each put under way. */
  readonly #giveUps = new Set<() => void>();

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
  }

  /** Begins to deliver for a trail. @param statuses what State says, by stream */
  open(trail: FollowedTrail, statuses: ReadonlyMap<string, DeliveryStatus>): void {
    this.#boxes.set(trail.trail.id, { trail, lanes: new Map(), statuses: new Map(statuses) });
  }

  /** Drops what is left of a trail; a put under way still ends. */
  close(trailId: string): void {
    for (const lane of this.#boxes.get(trailId)?.lanes.values() ?? []) {
      lane.queue.length = 0;
      lane.hurry?.();
    }
    this.#boxes.delete(trailId);
  }

  enqueue(trailId: string, planned: readonly PlannedObject[]): void {
    const box = this.#boxes.get(trailId);
    if (!box) return;
    for (const object of planned) {
      const name = `${object.kind} ${object.bucket} ${object.accountId ?? ''}`;
      let lane = box.lanes.get(name);
      if (!lane) {
        lane = { queue: [], failures: 0, running: false, hurry: undefined };
        box.lanes.set(name, lane);
      }
      lane.queue.push(object);
      if (!lane.running) this.#run(box, name, lane);
    }
  }

  /** Tries again now, without waiting for the end of a pause. */
  hurry(trailId: string): void {
    for (const lane of this.#boxes.get(trailId)?.lanes.values() ?? []) lane.hurry?.();
  }

  /** A bucket that takes again what it refused may take all else: nobody waits for the end of an hour's pause. */
  #hurryAllTo(bucket: string): void {
    for (const { lanes } of this.#boxes.values()) {
      for (const lane of lanes.values()) {
        if (lane.queue[0]?.bucket !== bucket || !lane.hurry) continue;
        lane.failures = 0;
        lane.hurry();
      }
    }
  }

  outstanding(trailId: string): Outstanding & { readonly objects: number; readonly gzipBytes: number } {
    const sum = { objects: 0, gzipBytes: 0, logs: 0, movingLogs: 0, digestStreams: new Set<string>() };
    const moving = new Map<string, PlannedObject>();
    const box = this.#boxes.get(trailId);
    for (const lane of box?.lanes.values() ?? []) {
      for (const object of lane.queue) {
        sum.objects++;
        sum.gzipBytes += object.gzipBytes;
        if (object.kind === 'digest') sum.digestStreams.add(streamName(object));
        else sum.logs++;
        if (object.kind !== 'log' || lane.failures > 0) continue;
        sum.movingLogs++;
        const stream = streamName(object);
        if (object.number < (moving.get(stream)?.number ?? Infinity)) moving.set(stream, object);
      }
    }
    const oldestMoving = [...moving].map(([stream, { key }]) => [stream, parseLogFileKey(key)?.timeMs ?? 0] as const);
    return { ...sum, oldestMovingMs: new Map(oldestMoving) };
  }

  /** Whether everything is delivered but for what is refused and waits for its next attempt. */
  isAtRest(trailId: string): boolean {
    for (const lane of this.#boxes.get(trailId)?.lanes.values() ?? []) {
      if (lane.queue.length > 0 && lane.hurry === undefined) return false;
    }
    return true;
  }

  /** Lets the puts under way end, unless they hang, with what State must know of them, and begins no more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const id of this.#boxes.keys()) this.hurry(id);
    const cancel = this.#deps.clock.after(STOP_MS_MAX, () => {
      for (const giveUp of this.#giveUps) giveUp();
    });
    await Promise.all(this.#running);
    cancel();
  }

  #run(box: Box, name: string, lane: Lane): void {
    lane.running = true;
    const run = this.#drain(box, lane).finally(() => {
      lane.running = false;
      if (lane.queue.length === 0) box.lanes.delete(name);
      this.#running.delete(run);
      this.#deps.onProgress();
    });
    this.#running.add(run);
  }

  async #drain(box: Box, lane: Lane): Promise<void> {
    while (lane.queue[0] && !this.#stopped) {
      const object = lane.queue[0];
      await this.#turn();
      const outcome = await this.#deliver(box, object).finally(() => this.#putDone());
      if (lane.queue[0] === object) lane.queue.shift();
      if (outcome === 'failed' && this.#boxes.get(box.trail.trail.id) === box) lane.queue.push(object);
      const isMended = outcome === 'delivered' && lane.failures > 0;
      lane.failures = outcome === 'failed' ? lane.failures + 1 : 0;
      if (isMended) this.#hurryAllTo(object.bucket);
      if (outcome === 'failed' && !this.#stopped && lane.queue.length > 0) await this.#pause(lane);
      else this.#deps.onProgress();
    }
  }

  /** Between half of the doubled delay and all of it, so that lanes that fail together do not retry together. */
  #pause(lane: Lane): Promise<void> {
    const { clock, random, onProgress } = this.#deps;
    const fullMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(lane.failures - 1, 30));
    const delayMs = fullMs * (0.5 + random.bytes(1)[0]! / 512);
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        lane.hurry = undefined;
        resolve();
      };
      const cancel = clock.after(delayMs, done);
      lane.hurry = done;
      onProgress();
    });
  }

  async #turn(): Promise<void> {
    if (this.#puts < PUTS_MAX) this.#puts++;
    else await new Promise<void>((resolve) => this.#putQueue.push(resolve));
  }

  #putDone(): void {
    const next = this.#putQueue.shift();
    if (next) next();
    else this.#puts--;
  }

  async #deliver(box: Box, object: PlannedObject): Promise<'delivered' | 'failed' | 'lost'> {
    const { spool, metrics, logger } = this.#deps;
    const { trail } = box.trail;
    const name = spoolName(trail.id, object.number);
    const about = { trail: trail.arn, bucket: object.bucket, key: object.key };
    try {
      const body = await spool.read(name);
      if (body === undefined || body.length !== object.gzipBytes) {
        // Kept in State, so that an operator who brings the file back has it delivered at the next start.
        logger.error({ ...about, file: name }, 'a planned object is missing from the spool or damaged');
        metrics.deliveries.inc({ kind: object.kind, outcome: 'lost' });
        return 'lost';
      }
      await this.#put(callerFor(trail), {
        bucket: object.bucket,
        key: object.key,
        body,
        contentType: 'application/json',
        contentEncoding: 'gzip',
        acl: 'bucket-owner-full-control',
        ...(object.metadata ? { metadata: object.metadata } : {}),
        ...encryptionOf(trail, object),
      });
    } catch (error) {
      await this.#refused(box, object, error);
      return 'failed';
    }
    try {
      await this.#delivered(box, object);
    } catch (error) {
      if (this.#boxes.get(trail.id) !== box) return 'delivered';
      logger.error({ ...about, err: error }, 'cannot note a delivery in State; it will be repeated');
      return 'failed';
    }
    metrics.deliveries.inc({ kind: object.kind, outcome: 'delivered' });
    await spool.remove(name).catch((error) => logger.warn({ err: error, file: name }, 'cannot remove a spooled file'));
    return 'delivered';
  }

  /** A put that ends in time. */
  #put(caller: ServiceCaller, object: ObjectToPut): Promise<void> {
    const { clock, objects } = this.#deps;
    return new Promise<void>((resolve, reject) => {
      const giveUp = () => reject(new Error('the bucket took too long to answer'));
      const cancel = clock.after(PUT_MS_MAX, giveUp);
      this.#giveUps.add(giveUp);
      const done = () => {
        cancel();
        this.#giveUps.delete(giveUp);
      };
      objects.put(caller, object).then(resolve, reject).finally(done);
    });
  }

  /** One step in State: no longer planned, to be digested, to be told, and the status that says so. */
  async #delivered(box: Box, object: PlannedObject): Promise<void> {
    const { clock, state, notifier } = this.#deps;
    const { trail } = box;
    const { id } = trail.trail;
    if (this.#boxes.get(id) !== box) return;
    const changes: StateChange[] = [{ delete: plannedKey(id, object.number) }];
    const undigested = undigestedFile(trail, object);
    if (undigested) changes.push({ put: undigestedKey(id, undigested), value: undigested });
    const planned = notifier.planned(trail.trail, object);
    if (planned) changes.push(planned.change);
    const now = clock.now();
    const before = box.statuses.get(streamName(object));
    const status: DeliveryStatus =
      object.kind === 'digest'
        ? { ...omit(before, 'latestDigestDeliveryError'), latestDigestDeliveryMs: now }
        : {
            ...omit(before, 'latestDeliveryError'),
            latestDeliveryMs: now,
            latestDeliveryAttemptMs: now,
            latestDeliveryAttemptSucceeded: true,
          };
    box.statuses.set(streamName(object), status);
    changes.push({ put: deliveryStatusKey(id, object), value: status });
    await state.write(changes);
    if (undigested) trail.undigested.push(undigested);
    if (planned) notifier.add(id, planned.notice);
  }

  async #refused(box: Box, object: PlannedObject, error: unknown): Promise<void> {
    const { clock, state, metrics, logger } = this.#deps;
    const { trail } = box.trail;
    logger.warn(
      { trail: trail.arn, bucket: object.bucket, key: object.key, err: error },
      'a delivery failed; it will be repeated',
    );
    metrics.deliveries.inc({ kind: object.kind, outcome: 'failed' });
    if (this.#boxes.get(trail.id) !== box) return;
    // Only what the store itself said is shown; a timeout is not (spec: delivery §4).
    const code = error instanceof ObjectsError ? error.code : undefined;
    const before = box.statuses.get(streamName(object)) ?? {};
    const status: DeliveryStatus =
      object.kind === 'digest'
        ? { ...before, ...(code === undefined ? {} : { latestDigestDeliveryError: code }) }
        : {
            ...before,
            ...(code === undefined ? {} : { latestDeliveryError: code }),
            latestDeliveryAttemptMs: clock.now(),
            latestDeliveryAttemptSucceeded: false,
          };
    box.statuses.set(streamName(object), status);
    await state
      .write([{ put: deliveryStatusKey(trail.id, object), value: status }])
      .catch((err) => logger.error({ err }, 'cannot note a failed delivery in State'));
  }
}

function omit<T extends object, K extends keyof T>(value: T | undefined, name: K): Partial<Omit<T, K>> {
  const { [name]: _, ...rest } = value ?? ({} as T);
  return rest as Partial<Omit<T, K>>;
}

/** Files delivered while validation is on go into a digest, for as long as the trail has, or is to have, a chain. */
function undigestedFile(trail: FollowedTrail, object: PlannedObject): UndigestedFile | undefined {
  if (object.file === undefined || !trail.trail.logFileValidation) return undefined;
  const hasSession = trail.session !== undefined || trail.awaitedSession !== undefined;
  const hasChain = hasSession || [...trail.chains.values()].some((chain) => chain.isOpen);
  if (!hasChain) return undefined;
  const { bucket, key, number, region, accountId, organizationId } = object;
  return {
    ...object.file,
    ...{ bucket, key, number, region },
    ...(accountId !== undefined && { accountId }),
    ...(organizationId !== undefined && { organizationId }),
  };
}

/** As whom CloudTrail writes: what a bucket policy's conditions see. */
const callerFor = (trail: Trail): ServiceCaller => ({
  service: 'cloudtrail.amazonaws.com',
  sourceArn: trail.arn,
  sourceAccount: trail.accountId,
});

/** By the key that the trail has at the moment of the attempt (spec: delivery §2). */
function encryptionOf({ kmsKeyId, arn }: Trail, { bucket, key }: PlannedObject) {
  if (kmsKeyId === undefined) return {};
  return { kmsKeyId, kmsContext: { 'aws:cloudtrail:arn': arn, 'aws:s3:arn': `arn:aws:s3:::${bucket}/${key}` } };
}
