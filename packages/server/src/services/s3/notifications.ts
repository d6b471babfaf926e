import type { Clock } from '../../base/clock.ts';
import { Pushback } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { type Random, uuid } from '../../base/random.ts';
import type { Mailboxes, MessageToPut } from '../../ports/mailboxes.ts';
import type { Bucket, ObjectStore, ObjectVersion } from '../../ports/object-store.ts';
import { Courier, type Parcel } from '../courier.ts';
import type { Events, EventToPut, Queues, Topics } from '../doors.ts';
import { bucketArn } from './bucket-policy.ts';
import { isTold, type StoredNotifications } from './notifications-config.ts';
import { bridgeEvent, type Happened, notificationText, type Teller, testText } from './notifications-message.ts';

export interface NotificationsDeps {
  readonly store: Pick<ObjectStore, 'bucket' | 'find'>;
  readonly mailboxes: Mailboxes;
  readonly topics: Topics;
  readonly queues: Queues;
  readonly events: Events;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A change of an object that is about to be tried. */
export interface PlannedChange {
  readonly bucket: string;
  readonly key: string;
  /** That version only. */
  readonly versionId?: string;
  /** `ObjectCreated:Put`; of removals `ObjectRemoved` or `LifecycleExpiration`: what they are follows from the bucket. */
  readonly event: string;
  readonly reason: string;
}

/** Tells topics, queues and EventBridge of what happens to objects, as their bucket's configuration says. */
export interface Notifications {
  /**
   * Makes changes and tells of those that happened. An intent is durable before the change begins, and goes in the same
   * step that puts the notifications into their mailboxes: so that a change that is in the store is told of at least once,
   * wherever the process ends. Only mailboxes without room leave a change untold. @throws what `write` throws
   */
  telling<T>(teller: Teller, changes: readonly PlannedChange[], write: () => Promise<T>): Promise<T>;
  /** Sends the destination S3's test message. @returns why it cannot be told, undefined when it can */
  tryOut(
    bucket: Bucket,
    target: { readonly kind: string; readonly arn: string },
    requestId: string,
  ): Promise<string | undefined>;
  close(): Promise<void>;
}

const INTENTS = 's3-intents';
const OUT = 's3-notifications/';
const BRIDGE = `${OUT}events`;
/** As long as S3's destinations may be away. */
const AGE_MAX_MS = 86_400_000;
/** A destination that is away: what comes then is not told (and logged), so that buckets go on taking objects. */
const WAITING_MAX = 100_000;
const LOG_EVERY_MS = 60_000;
/** After trouble with the mailboxes, before the next try. */
const TROUBLE_PAUSE_MS = 5_000;

/** How the write ended. One that failed may have happened all the same, in part. */
type Outcome = 'done' | 'failed' | 'unknown';

/** An intent: what was planned, and what there was before. */
interface Intent {
  readonly teller: Teller;
  readonly change: PlannedChange;
  readonly before: string;
}

export function openNotifications(deps: NotificationsDeps): Notifications {
  const { store, mailboxes, topics, queues, events, clock, random, logger } = deps;
  let loggedMs = -LOG_EVERY_MS;
  let ended = false;
  const courier = new Courier({
    mailboxes,
    clock,
    random,
    logger,
    prefix: OUT,
    deliver,
    again: ({ meta }) => clock.now() - Number(meta.at) < AGE_MAX_MS,
    async giveUp({ box }, error) {
      logger.warn(
        { destination: box.slice(OUT.length), err: error },
        'a notification of a bucket could not be delivered for a day',
      );
    },
    isOrdered: () => false,
  });

  async function deliver({ box, body, meta }: Parcel): Promise<void> {
    const text = body.toString('utf8');
    if (box === BRIDGE) {
      await events.put(String(meta.owner), String(meta.region), [JSON.parse(text) as EventToPut]);
      return;
    }
    await send(box.slice(OUT.length), text, { bucket: String(meta.bucket), owner: String(meta.owner) });
  }

  function send(arn: string, text: string, { bucket, owner }: { readonly bucket: string; readonly owner: string }) {
    const actor = { service: 's3.amazonaws.com', sourceArn: bucketArn(bucket), sourceAccount: owner };
    if (arn.startsWith('arn:aws:sqs:')) return queues.send(arn, { body: text }, actor);
    return topics.publish(arn, { message: text, subject: 'Amazon S3 Notification' }, actor);
  }

  const configOf = (bucket: Bucket | undefined) => bucket?.settings.notifications as StoredNotifications | undefined;

  /** Whether anybody is to be told, so that most buckets pay nothing. */
  function concerns({ bucket, key, event }: PlannedChange): boolean {
    const config = configOf(store.bucket(bucket));
    if (!config) return false;
    return (
      config.eventBridge || config.targets.some((target) => kindsOf(event).some((kind) => isTold(target, kind, key)))
    );
  }

  /** What there is of a key: another text when it has changed. */
  function traceOf({ bucket, key, versionId }: PlannedChange): string {
    const found = store.find(bucket, key, versionId);
    return found ? `${found.versionId} ${found.modifiedMs} ${found.etag} ${found.isDeleteMarker}` : '';
  }

  function happenedOf({ change, before }: Intent, id: number, outcome: Outcome): Happened | undefined {
    const { bucket, key, versionId, event, reason } = change;
    const found = store.find(bucket, key, versionId);
    const isRemoval = event === 'ObjectRemoved' || event === 'LifecycleExpiration';
    // Tags and ACLs leave no trace: whether they were set before a crash cannot be told, so it is told once more.
    const isMark = /^Object(Tagging|Acl):/.test(event) && outcome === 'unknown' && found !== undefined;
    // A removal that finds nothing changes nothing.
    const isSure = outcome === 'done' && !isRemoval;
    if (!isSure && !isMark && traceOf(change) === before) return undefined;
    const isVersioned = store.bucket(bucket)?.versioning !== undefined;
    return {
      event: isRemoval
        ? `${event}:${found?.isDeleteMarker && versionId === undefined ? 'DeleteMarkerCreated' : 'Delete'}`
        : event,
      reason,
      key,
      ...versionOf(found, versionId, isVersioned),
      ...(found &&
        !found.isDeleteMarker &&
        !isRemoval && { version: { sizeBytes: found.sizeBytes, etag: found.etag } }),
      timeMs: isRemoval ? clock.now() : (found?.modifiedMs ?? clock.now()),
      sequencer: id.toString(16).toUpperCase().padStart(16, '0'),
    };
  }

  function messagesOf({ teller, change }: Intent, happened: Happened): MessageToPut[] {
    const bucket = store.bucket(change.bucket);
    const config = configOf(bucket);
    if (!bucket || !config) return [];
    const meta = { at: clock.now(), bucket: bucket.name, owner: bucket.ownerAccountId, region: bucket.region };
    const told = config.targets.filter((target) => isTold(target, `s3:${happened.event}`, happened.key));
    const messages = told.map(({ id, arn }) => ({
      box: OUT + arn,
      body: Buffer.from(notificationText(bucket, id, teller, happened)),
      meta,
    }));
    if (config.eventBridge) {
      const body = Buffer.from(JSON.stringify(bridgeEvent(uuid(random), bucket, teller, happened)));
      messages.push({ box: BRIDGE, body, meta });
    }
    return messages.filter(hasRoom);
  }

  function hasRoom({ box }: MessageToPut): boolean {
    if (mailboxes.size(box).count < WAITING_MAX) return true;
    if (clock.monotonicMs() - loggedMs >= LOG_EVERY_MS) {
      loggedMs = clock.monotonicMs();
      logger.error(
        { destination: box.slice(OUT.length) },
        'too many notifications of buckets wait for a destination; new ones are left out',
      );
    }
    return false;
  }

  /** Tells of what happened, and forgets the intents, in one step. */
  async function settle(intents: ReadonlyMap<number, Intent>, outcome: Outcome): Promise<void> {
    const messages = [...intents].flatMap(([id, intent]) => {
      const happened = happenedOf(intent, id, outcome);
      return happened ? messagesOf(intent, happened) : [];
    });
    const ids = [...intents.keys()];
    if (messages.length === 0) await mailboxes.remove(INTENTS, ids);
    else await mailboxes.put(messages, { box: INTENTS, ids });
    for (const box of new Set(messages.map(({ box }) => box))) courier.wake(box);
  }

  /** @returns undefined when there is no room: the changes are not told of then, which is logged */
  async function putIntents(intents: readonly Intent[]): Promise<readonly number[] | undefined> {
    try {
      return await mailboxes.put(
        intents.map((intent) => ({ box: INTENTS, body: Buffer.from(JSON.stringify(intent)) })),
      );
    } catch (error) {
      if (!(error instanceof Pushback)) throw error;
      logger.error({ err: error, changes: intents.length }, 'no room to tell of what happens to objects');
      return undefined;
    }
  }

  /** The change is done, and its caller is not to hear of trouble with telling: what cannot be told now is told later. */
  async function settleOrLater(intents: ReadonlyMap<number, Intent>, outcome: Outcome): Promise<void> {
    try {
      await settle(intents, outcome);
    } catch (error) {
      if (ended) return; // the intents are there at the next start
      logger.error({ err: error }, 'notifications of a bucket wait for room');
      clock.after(TROUBLE_PAUSE_MS, () => void settleOrLater(intents, outcome));
    }
  }

  /** What a process before this one began and did not tell of. */
  async function settleOld(): Promise<void> {
    for (const { id } of [...mailboxes.entries(INTENTS)]) {
      const body = await mailboxes.body(INTENTS, id);
      if (body) await settle(new Map([[id, JSON.parse(body.toString('utf8')) as Intent]]), 'unknown');
    }
  }

  const ready = settleOld().catch((error) =>
    logger.error({ err: error }, 'notifications of changes before a crash wait for the next start'),
  );
  courier.start();

  return {
    async telling(teller, changes, write) {
      const concerned = changes.filter(concerns);
      if (concerned.length === 0) return write();
      await ready;
      const intents = concerned.map((change): Intent => ({ teller, change, before: traceOf(change) }));
      const ids = await putIntents(intents);
      // No room for an intent: who deletes to make room, and what trails deliver, must not be stopped by that.
      if (!ids) return write();
      const known = new Map(ids.map((id, i) => [id, intents[i]!]));
      let result: Awaited<ReturnType<typeof write>>;
      try {
        result = await write();
      } catch (error) {
        await settleOrLater(known, 'failed'); // it may have happened all the same
        throw error;
      }
      await settleOrLater(known, 'done');
      return result;
    },

    async tryOut(bucket, { arn }, requestId) {
      try {
        await send(arn, testText(bucket.name, requestId, clock.now()), {
          bucket: bucket.name,
          owner: bucket.ownerAccountId,
        });
        return undefined;
      } catch (error) {
        if (error instanceof Pushback) throw error;
        return error instanceof Error ? error.message : String(error);
      }
    },

    async close() {
      ended = true;
      await ready;
      await courier.close();
    },
  };
}

/** What may come of a planned change. */
const kindsOf = (event: string): readonly string[] =>
  event.includes(':') ? [`s3:${event}`] : [`s3:${event}:Delete`, `s3:${event}:DeleteMarkerCreated`];

const versionOf = (found: ObjectVersion | undefined, asked: string | undefined, isVersioned: boolean) => {
  const versionId = asked ?? (isVersioned ? found?.versionId : undefined);
  return versionId === undefined || versionId === 'null' ? {} : { versionId };
};
