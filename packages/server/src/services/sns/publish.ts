import { uuid } from '../../base/random.ts';
import type { MessageToPut } from '../../ports/mailboxes.ts';
import type { SnsDeps } from './deps.ts';
import type { Fifo, Published } from './fifo.ts';
import { accepts } from './filter-policy.ts';
import { filterable, type Message } from './message.ts';
import { boxOf, isPending, type Subscription, type Topic } from './model.ts';
import { encodeParcel, type Parcel } from './parcel.ts';
import type { SnsStore } from './store.ts';
import type { Publisher, TopicKeys } from './topic-keys.ts';

/** Hands a message over to all who want it: durable, in one write, before it is acknowledged. */
export type PublishMessage = (topic: Topic, message: Message, publisher: Publisher) => Promise<Published>;

/** Puts messages into mailboxes and wakes who delivers them. */
export type HandOver = (messages: readonly MessageToPut[]) => Promise<readonly number[]>;

export function createPublish(
  { clock, random }: Pick<SnsDeps, 'clock' | 'random'>,
  store: SnsStore,
  fifo: Fifo,
  keys: TopicKeys,
  handOver: HandOver,
): PublishMessage {
  return async (topic, message, publisher) => {
    const seal = await keys.sealerFor(topic, publisher);
    const all = await store.subscriptions(topic.arn);
    const seen = filterable(message);
    const wanting = all.filter((one) => !isPending(one) && accepts(one, seen));
    const messageId = uuid(random);
    const timestampMs = clock.now();
    const parcels = (order: { sequenceNumber?: string; deduplicationId?: string }) => {
      const { perProtocol: _, ...rest } = message;
      const common = { kind: 'Notification' as const, messageId, timestampMs, ...rest, ...order };
      const made = parcelsFor(wanting, message, common);
      return seal ? made.map(({ box, body }) => ({ box, body: seal(box, body as Buffer) })) : made;
    };
    if (topic.fifo) {
      return fifo.once(
        topic,
        message,
        messageId,
        (sequenceNumber, deduplicationId) => parcels({ sequenceNumber, deduplicationId }),
        handOver,
      );
    }
    if (wanting.length > 0) await handOver(parcels({}));
    return { messageId };
  };
}

/** One body for all, but for protocols that have their own text. */
function parcelsFor(wanting: readonly Subscription[], { perProtocol = {} }: Message, common: Parcel): MessageToPut[] {
  const bodies = new Map<string | undefined, Buffer>();
  return wanting.map((subscription) => {
    const own = perProtocol[subscription.protocol];
    let body = bodies.get(own);
    if (!body) {
      body = encodeParcel(own === undefined ? common : ({ ...common, message: own } as Parcel));
      bodies.set(own, body);
    }
    return { box: boxOf(subscription), body };
  });
}
