import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Mailboxes, MessageMeta } from '../../ports/mailboxes.ts';
import { httpDelivery, retryDelay } from './delivery-policy.ts';
import type { SnsDeps } from './deps.ts';
import { createLane, type Lane } from './lane.ts';
import { arnOfBox, BOXES, type Subscription, type Topic } from './model.ts';
import { decodeParcel, type Parcel } from './parcel.ts';
import type { HandOver } from './publish.ts';
import { type Outcome, retriesOf, type Sender } from './send.ts';
import type { SnsStore } from './store.ts';
import { deadLetterQueue } from './subscription-attributes.ts';
import type { TopicKeys } from './topic-keys.ts';

/** Delivers what lies in mailboxes: each subscription at its own pace, with retries, until it is there or given up. */
export interface Delivery {
  readonly handOver: HandOver;
  /** The subscription is gone: what is on its way to it goes too. */
  drop(boxes: readonly string[]): Promise<void>;
  /** Resolves when no attempt is under way. */
  idle(): Promise<void>;
  /** Begins with what an earlier run left. */
  start(): void;
  /** Waits for what is under way, up to `STOP_GRACE_MS`; the rest is delivered by the next run. */
  close(): Promise<void>;
}

/** Under way to one subscription. */
const PER_LANE_MAX = 8;
/** Under way in all; a body has up to 256 KB. */
const IN_ALL_MAX = 256;
/** Of these, to endpoints that let attempts run out: however many they are, others have their share. */
const SLOW_MAX = 128;
/** After trouble of our own, or when the sender is busy. */
const AGAIN_MS = 1_000;
const BUSY_MS = 50;
/** A queue of dead letters that cannot take them now is asked again. */
const BURY_AGAIN_MS = 60_000;
/** A wall clock that was put back must not keep a message waiting for longer than any policy would. */
const WAIT_MS_MAX = 3_600_000;
const STOP_GRACE_MS = 2_000;

interface Meta {
  /** Attempts that failed. */
  readonly tries: number;
  /** Wall clock, so that it holds over a restart. */
  readonly dueMs: number;
  /** Nothing is left but the dead-letter queue. */
  readonly dead?: true;
}
const FRESH: Meta = { tries: 0, dueMs: 0 };

export interface DeliveryDeps extends Pick<SnsDeps, 'counted'> {
  readonly mailboxes: Mailboxes;
  readonly store: SnsStore;
  readonly sender: Sender;
  readonly keys: Pick<TopicKeys, 'open'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createDelivery(deps: DeliveryDeps): Delivery {
  const { mailboxes, store, sender, clock, logger } = deps;
  const lanes = new Map<string, Lane>();
  /** Lanes with something due for which there is no room now, the one that waits longest first. */
  const queue = new Set<Lane>();
  const underWay = new Set<Promise<void>>();
  let slowRunning = 0;
  let started = false;
  let stopped = false;

  return {
    async handOver(messages) {
      const ids = await mailboxes.put(messages);
      if (!started) return ids; // `start` finds them
      for (const [i, { box }] of messages.entries()) {
        if (box.startsWith(BOXES)) arrived(box, ids[i]!);
      }
      return ids;
    },
    async drop(boxes) {
      for (const box of boxes) {
        forget(box);
        await mailboxes.drop(box);
      }
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    start() {
      started = true;
      for (const box of mailboxes.boxes(BOXES)) {
        const lane = laneOf(box);
        for (const { id, meta } of mailboxes.entries(box)) lane.add({ id, dueMs: dueOf(readMeta(meta)) });
        pump(lane);
      }
    },
    async close() {
      stopped = true;
      for (const lane of lanes.values()) lane.cancelTimer?.();
      let cancel = () => {};
      const grace = new Promise<void>((fulfil) => {
        cancel = clock.after(STOP_GRACE_MS, fulfil);
      });
      await Promise.race([Promise.all(underWay), grace]);
      cancel();
    },
  };

  function laneOf(box: string): Lane {
    let lane = lanes.get(box);
    if (!lane) {
      lane = createLane(box, isFifoBox(box));
      lanes.set(box, lane);
    }
    return lane;
  }

  function arrived(box: string, id: number): void {
    const lane = laneOf(box);
    lane.add({ id, dueMs: clock.monotonicMs() });
    pump(lane);
  }

  function forget(box: string): void {
    const lane = lanes.get(box);
    if (!lane) return;
    lane.cancelTimer?.();
    while (lane.take());
    queue.delete(lane);
    lanes.delete(box);
  }

  /** Starts what is due and has room; sets a timer for what is not due. */
  function pump(lane: Lane): void {
    if (stopped) return;
    lane.cancelTimer?.();
    lane.cancelTimer = undefined;
    const limit = lane.ordered || lane.slow || lane.intervalMs === undefined ? 1 : PER_LANE_MAX;
    while (lane.running < limit) {
      const next = lane.peek();
      if (!next) break;
      const waitMs = Math.max(next.dueMs, lane.notBeforeMs) - clock.monotonicMs();
      if (waitMs > 0) {
        lane.cancelTimer = clock.after(waitMs, () => pump(lane));
        break;
      }
      if (underWay.size >= IN_ALL_MAX || (lane.slow && slowRunning >= SLOW_MAX)) {
        queue.add(lane);
        break;
      }
      begin(lane, lane.take()!.id);
    }
    if (lane.size > 0 || lane.running > 0) return;
    const idleMs = lane.notBeforeMs - clock.monotonicMs();
    if (idleMs > 0) lane.cancelTimer = clock.after(idleMs, () => pump(lane));
    else if (lanes.get(lane.box) === lane) lanes.delete(lane.box);
  }

  function begin(lane: Lane, id: number): void {
    const asSlow = lane.slow;
    lane.running++;
    if (asSlow) slowRunning++;
    lane.notBeforeMs = clock.monotonicMs() + (lane.intervalMs ?? 0);
    const work = deliver(lane, id)
      .catch((error) => {
        // What ended because the server stops is for the next run.
        if (!stopped)
          logger.error({ err: error, box: lane.box, id }, 'SNS: a message could not be handled, and will be again');
        return AGAIN_MS;
      })
      .then((againMs) => {
        underWay.delete(work);
        lane.running--;
        if (asSlow) slowRunning--;
        if (againMs !== undefined && lanes.get(lane.box) === lane) {
          lane.add({ id, dueMs: clock.monotonicMs() + againMs });
        }
        pump(lane);
        // Each that waited is tried once: one that still has no room goes to the end.
        for (const waiting of [...queue]) {
          if (underWay.size >= IN_ALL_MAX) break;
          queue.delete(waiting);
          pump(waiting);
        }
      });
    underWay.add(work);
  }

  /** One attempt. @returns when to take the message up again, in milliseconds; undefined when it is done with */
  async function deliver(lane: Lane, id: number): Promise<number | undefined> {
    const { box } = lane;
    const entry = mailboxes.entry(box, id);
    const body = entry && (await mailboxes.body(box, id));
    if (!entry || !body) return undefined;
    const subscription = (await store.subscription(arnOfBox(box)))?.value;
    const topic = subscription && (await store.topic(subscription.topicArn))?.value;
    if (!subscription || !topic) {
      forget(box);
      await mailboxes.drop(box);
      return undefined;
    }
    const meta = readMeta(entry.meta);
    const parcel = decodeParcel(deps.keys.open(box, body));
    if (meta.dead) return bury(id, parcel, topic, subscription, box, 'it was given up');
    const intervalMs = intervalOf(topic, subscription);
    if (lane.intervalMs === undefined) lane.notBeforeMs = clock.monotonicMs() + intervalMs;
    lane.intervalMs = intervalMs;
    const outcome = await sender.attempt(parcel, topic, subscription);
    if (outcome.kind === 'later') return BUSY_MS;
    lane.slow = outcome.kind === 'failed' && outcome.timedOut === true;
    return settle(outcome, meta);

    async function settle(ended: Exclude<Outcome, { kind: 'later' }>, before: Meta): Promise<number | undefined> {
      if (ended.kind === 'delivered') {
        await mailboxes.remove(box, [id]);
        deps.counted?.(subscription!.protocol, 'delivered');
        return undefined;
      }
      const tries = before.tries + 1;
      const delay = ended.kind === 'failed' ? retryDelay(retriesOf(subscription!, topic!), tries) : undefined;
      if (delay === undefined) return bury(id, parcel, topic!, subscription!, box, ended.why);
      const delayMs = delay * 1000;
      await note(box, id, { tries, dueMs: clock.now() + delayMs });
      return delayMs;
    }
  }

  /** Gives a message up: to the dead-letter queue, if there is one. Confirmations are not worth keeping. */
  async function bury(
    id: number,
    parcel: Parcel,
    topic: Topic,
    subscription: Subscription,
    box: string,
    why: string,
  ): Promise<number | undefined> {
    const { RedrivePolicy: policy } = subscription.attributes;
    const about = { subscription: subscription.arn, messageId: parcel.messageId, why };
    let end: 'dead-letter' | 'lost' = 'lost';
    if (policy !== undefined && parcel.kind === 'Notification') {
      const outcome = await sender.bury(parcel, topic, subscription, deadLetterQueue(policy, { topic, queues: true }));
      if (outcome.kind === 'failed' || outcome.kind === 'later') {
        await note(box, id, { tries: 0, dueMs: clock.now() + BURY_AGAIN_MS, dead: true });
        return BURY_AGAIN_MS;
      }
      if (outcome.kind === 'delivered') end = 'dead-letter';
      else logger.warn({ ...about, refused: outcome.why }, 'SNS: the dead-letter queue does not take a message');
    }
    logger.warn(about, end === 'lost' ? 'SNS: a message is given up' : 'SNS: a message went to the dead-letter queue');
    await mailboxes.remove(box, [id]);
    deps.counted?.(subscription.protocol, end);
    return undefined;
  }

  function intervalOf(topic: Topic, { protocol, attributes }: Subscription): number {
    if (protocol !== 'http' && protocol !== 'https') return 0;
    const { maxReceivesPerSecond } = httpDelivery(topic.attributes.DeliveryPolicy, attributes.DeliveryPolicy);
    return maxReceivesPerSecond === undefined ? 0 : 1000 / maxReceivesPerSecond;
  }

  function note(box: string, id: number, meta: Meta): Promise<void> {
    return mailboxes.update(box, [{ id, meta: { ...meta } as MessageMeta }]);
  }

  function dueOf({ dueMs }: Meta): number {
    return clock.monotonicMs() + Math.min(WAIT_MS_MAX, Math.max(0, dueMs - clock.now()));
  }
}

const readMeta = (meta: MessageMeta): Meta => ({ ...FRESH, ...meta });

const isFifoBox = (box: string): boolean => /\.fifo\/[^/]*$/.test(box);
