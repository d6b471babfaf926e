import { AwsError } from '../../base/errors.ts';
import type { Handler, Service } from '../../wire/service.ts';
import { authError } from '../../wire/sigv4/errors.ts';
import type { Delivery } from './delivery.ts';
import type { SnsDeps } from './deps.ts';
import { invalid } from './errors.ts';
import type { Fifo } from './fifo.ts';
import { placeOfTopic, readSubscriptionArn } from './model.ts';
import { snsPermissions } from './permissions.ts';
import type { PublishMessage } from './publish.ts';
import { createPublishHandlers } from './publishing.ts';
import type { SnsStore } from './store.ts';
import { createSubscriptionHandlers } from './subscriptions.ts';
import { createTopicHandlers } from './topics.ts';

export interface SnsParts {
  readonly store: SnsStore;
  readonly fifo: Fifo;
  readonly delivery: Delivery;
  readonly publish: PublishMessage;
}

/** What the links in messages lead to: whoever has one may follow it. */
const UNSIGNED: ReadonlySet<string> = new Set(['ConfirmSubscription', 'Unsubscribe']);

/**
 * SNS: topics, subscriptions over HTTP, HTTPS, SQS and email, filter policies, publishing. Follows AWS's API of 2010-03-31
 * as it was in 2026-04. Left out, and answered as an unsupported operation or attribute: text messages, mobile push,
 * Lambda and Firehose endpoints, message archiving and replay, data protection policies, delivery status logging, the
 * confirmation of an unsubscription.
 */
export function snsService(deps: SnsDeps, { store, fifo, delivery, publish }: SnsParts): Service {
  const operations: Record<string, Handler> = {
    ...createTopicHandlers(deps, store, fifo, delivery),
    ...createSubscriptionHandlers(deps, store, delivery),
    ...createPublishHandlers(store, publish),
  };
  return {
    schema: deps.schema,
    operations,
    permissions: snsPermissions(store),
    allowsAnonymous: true,
    async authorize({ operation, caller, region, notes }, input) {
      const place = placeIn(input);
      if (caller.anonymous) {
        if (!UNSIGNED.has(operation)) throw authError('query', 'missing-token');
        if (place) notes.resourceAccountId = place.accountId;
      } else if (place && place.region !== region) throw invalid(place.parameter);
    },
    notImplemented: (operation) =>
      new AwsError('InvalidAction', `OpenTrail's SNS does not support the operation ${operation}.`),
  };
}

/** Where the topic is that a call is about; one of another Region is asked for there. */
function placeIn(input: Readonly<Record<string, unknown>>) {
  for (const parameter of ['TopicArn', 'ResourceArn', 'TargetArn']) {
    if (input[parameter] !== undefined) return { parameter, ...placeOfTopic(input[parameter], parameter) };
  }
  const { SubscriptionArn } = input;
  return SubscriptionArn === undefined
    ? undefined
    : { parameter: 'SubscriptionArn', ...readSubscriptionArn(SubscriptionArn).place };
}
