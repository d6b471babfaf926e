import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { State, StateChange } from '../ports/state.ts';
import { type NotificationStatus, notificationStatusKey } from '../trails/tellings.ts';
import { type Stream, streamName, type Trail } from '../trails/trail.ts';
import { type Notice, noticeKey, type PlannedObject } from './delivery-state.ts';
import { KEYS_PER_MESSAGE_MAX, notifyDelivery, type PublishToTopic } from './notification.ts';

export interface NotifierDeps {
  readonly state: State;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Absent where there is no SNS: then no trail has a topic. */
  readonly publish?: PublishToTopic | undefined;
  /** Something was told, or refused. */
  onProgress(): void;
}

const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 60_000;
/** AWS was not seen to retry at all (spec: delivery §5). An hour outlasts a policy that is being mended. */
const GIVE_UP_MS = 3_600_000;
/** Of one trail, some hundred bytes each; of more, the oldest are given up early. */
const WAITING_MAX = 10_000;

interface Waiting extends Notice {
  /** Monotonic time at which this process began to try. */
  readonly sinceMs: number;
}

interface Lane {
  /** As it is now: topics change, and what is told goes to the one that the trail has. */
  trail(): Trail;
  queue: Waiting[];
  readonly statuses: Map<string, NotificationStatus>;
  failures: number;
  running: boolean;
  hurry: (() => void) | undefined;
}

/**
 * Tells trails' topics of the log files that lie in their buckets. A notice is planned in the step in which the file's own
 * plan is taken back, and deleted once SNS has it: a crash repeats one and never drops one. Trails have lanes of their own;
 * deliveries wait for none.
 */
export class Notifier {
  readonly #deps: NotifierDeps;
  readonly #lanes = new Map<string, Lane>();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(deps: NotifierDeps) {
    this.#deps = deps;
  }

  /** Begins to tell for a trail. @param statuses what State says, by stream */
  open(trail: () => Trail, notices: readonly Notice[], statuses: ReadonlyMap<string, NotificationStatus>): void {
    const lane: Lane = {
      trail,
      queue: notices.map((notice) => this.#waiting(notice)),
      statuses: new Map(statuses),
      ...{ failures: 0, running: false, hurry: undefined },
    };
    this.#lanes.set(trail().id, lane);
    this.#run(lane);
  }

  /** Drops what is left of a trail. */
  close(trailId: string): void {
    const lane = this.#lanes.get(trailId);
    if (lane) lane.queue = [];
    lane?.hurry?.();
    this.#lanes.delete(trailId);
  }

  /** Tries again now, without waiting for the end of a pause. */
  hurry(trailId: string): void {
    this.#lanes.get(trailId)?.hurry?.();
  }

  /** What is to be written with the delivery of an object, when it is to be told. */
  planned(trail: Trail, object: PlannedObject): { readonly notice: Notice; readonly change: StateChange } | undefined {
    if (object.kind !== 'log' || trail.snsTopicArn === undefined || !this.#deps.publish) return undefined;
    const { number, bucket, key, region, accountId } = object;
    const notice = { number, bucket, key, region, ...(accountId !== undefined && { accountId }) };
    return { notice, change: { put: noticeKey(trail.id, number), value: notice } };
  }

  /** To be called once the change of `planned` is durable. */
  add(trailId: string, notice: Notice): void {
    const lane = this.#lanes.get(trailId);
    if (!lane) return;
    lane.queue.push(this.#waiting(notice));
    this.#run(lane);
  }

  /** Notices that SNS does not have yet. */
  waiting(trailId: string): number {
    return this.#lanes.get(trailId)?.queue.length ?? 0;
  }

  /** Whether all is told but for what is refused and waits for its next attempt. */
  isAtRest(trailId: string): boolean {
    const lane = this.#lanes.get(trailId);
    return !lane || lane.queue.length === 0 || lane.hurry !== undefined;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const lane of this.#lanes.values()) lane.hurry?.();
    await Promise.all(this.#running);
  }

  #run(lane: Lane): void {
    if (lane.running || this.#stopped) return;
    lane.running = true;
    const run = this.#drain(lane).finally(() => {
      lane.running = false;
      this.#running.delete(run);
      this.#deps.onProgress();
    });
    this.#running.add(run);
  }

  async #drain(lane: Lane): Promise<void> {
    while (lane.queue[0] && !this.#stopped) {
      const [first] = lane.queue;
      // What has gathered for one place is one message.
      const together = lane.queue.filter((n) => n.bucket === first.bucket && streamName(n) === streamName(first));
      const batch = together.slice(0, KEYS_PER_MESSAGE_MAX);
      const isDone = await this.#tell(lane, batch).catch((error: unknown) => {
        this.#deps.logger.warn({ trail: lane.trail().arn, err: error }, 'a notification failed; it will be repeated');
        return false;
      });
      if (isDone) {
        const done = new Set(batch);
        lane.queue = lane.queue.filter((notice) => !done.has(notice));
        lane.failures = 0;
      } else if (lane.queue.length > 0 && !this.#stopped) await this.#pause(lane);
      this.#deps.onProgress();
    }
  }

  /** @returns whether these are done with: told, given up, or nobody's */
  async #tell(lane: Lane, batch: readonly Waiting[]): Promise<boolean> {
    const { state, clock, logger, publish } = this.#deps;
    const trail = lane.trail();
    const { id, arn, snsTopicArn: topicArn } = trail;
    const deletes = batch.map(({ number }) => ({ delete: noticeKey(id, number) }));
    const first = batch[0]!;
    const keys = batch.map(({ key }) => key);
    const told = publish && (await notifyDelivery(publish, trail, first.bucket, keys, () => clock.now()));
    if (this.#lanes.get(id) !== lane) return true; // the trail is gone, and its notices with it
    if (!told || topicArn === undefined) {
      await state.write(deletes);
      return true;
    }
    const isGivenUp = told.error !== undefined && this.#givesUp(lane, first);
    const status = statusAfter(lane.statuses.get(streamName(first)), topicArn, told);
    lane.statuses.set(streamName(first), status);
    const isOver = told.error === undefined || isGivenUp;
    await state.write([...(isOver ? deletes : []), { put: notificationStatusKey(id, streamOf(first)), value: status }]);
    if (told.error !== undefined)
      logger.warn({ trail: arn, topicArn, error: told.error, keys, isGivenUp }, 'a topic refused a notification');
    return isOver;
  }

  #givesUp({ queue }: Lane, { sinceMs }: Waiting): boolean {
    return this.#deps.clock.monotonicMs() - sinceMs >= GIVE_UP_MS || queue.length > WAITING_MAX;
  }

  #waiting(notice: Notice): Waiting {
    return { ...notice, sinceMs: this.#deps.clock.monotonicMs() };
  }

  /** Between half of the doubled delay and all of it, so that trails that fail together do not retry together. */
  #pause(lane: Lane): Promise<void> {
    const { clock, random, onProgress } = this.#deps;
    const fullMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(lane.failures++, 30));
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        lane.hurry = undefined;
        resolve();
      };
      const cancel = clock.after(fullMs * (0.5 + random.bytes(1)[0]! / 512), done);
      lane.hurry = done;
      onProgress();
    });
  }
}

/** A fresh start when the topic is another one. */
function statusAfter(
  before: NotificationStatus | undefined,
  topicArn: string,
  { atMs, error }: { readonly atMs: number; readonly error?: string },
): NotificationStatus {
  const latestMs = error === undefined ? atMs : before?.topicArn === topicArn ? before.latestMs : undefined;
  return {
    topicArn,
    latestAttemptMs: atMs,
    ...(latestMs !== undefined && { latestMs }),
    ...(error !== undefined && { error }),
  };
}

const streamOf = ({ region, accountId }: Stream): Stream => ({ region, ...(accountId !== undefined && { accountId }) });
