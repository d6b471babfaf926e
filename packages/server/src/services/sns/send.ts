import { AwsError, Pushback } from '../../base/errors.ts';
import { SendError } from '../../ports/http-sender.ts';
import { MailError } from '../../ports/mail-sender.ts';
import { EMAIL_RETRIES, HTTP_RETRIES, httpDelivery, type RetryPolicy, SQS_RETRIES } from './delivery-policy.ts';
import type { SnsDeps } from './deps.ts';
import { type EnvelopePlace, envelopeOf, subscribeUrl, unsubscribeUrl } from './envelope.ts';
import { isRaw, type Protocol, type Subscription, type Topic } from './model.ts';
import type { NotificationParcel, Parcel } from './parcel.ts';
import type { Signer } from './signing.ts';

/** How one attempt ended. `later`: the endpoint was not asked at all. `why` may be logged. */
export type Outcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'failed'; readonly why: string; readonly timedOut?: true }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'later' };

export interface Sender {
  attempt(parcel: Parcel, topic: Topic, subscription: Subscription): Promise<Outcome>;
  /** To the dead-letter queue. */
  bury(parcel: Parcel, topic: Topic, subscription: Subscription, queueArn: string): Promise<Outcome>;
}

const DELIVERED: Outcome = { kind: 'delivered' };
/** AWS's, for the whole exchange. */
const HTTP_TIMEOUT_MS = 15_000;
const USER_AGENT = 'Amazon Simple Notification Service Agent';
/** More message attributes a queue does not take. */
const SQS_ATTRIBUTES_MAX = 10;

export const retriesOf = ({ protocol, attributes }: Subscription, topic: Topic): RetryPolicy => {
  if (protocol === 'sqs') return SQS_RETRIES;
  if (protocol !== 'http' && protocol !== 'https') return EMAIL_RETRIES;
  return httpDelivery(topic.attributes.DeliveryPolicy, attributes.DeliveryPolicy).retry ?? HTTP_RETRIES;
};

type Deps = Pick<SnsDeps, 'http' | 'mail' | 'queues' | 'endpoint'> & { readonly signer: Signer };

export function createSender({ http, mail, queues, endpoint, signer }: Deps): Sender {
  const placeOf = (topic: Topic, subscription: Subscription): EnvelopePlace => ({
    topic,
    subscription,
    signer,
    endpoint: endpoint(),
  });

  const ways: Readonly<Record<Protocol, (parcel: Parcel, place: EnvelopePlace) => Promise<Outcome>>> = {
    http: overHttp,
    https: overHttp,
    sqs: (parcel, place) => toQueue(parcel, place, place.subscription.endpoint),
    email: byMail,
    'email-json': byMail,
  };

  return {
    attempt: (parcel, topic, subscription) => ways[subscription.protocol](parcel, placeOf(topic, subscription)),
    bury: (parcel, topic, subscription, queueArn) => toQueue(parcel, placeOf(topic, subscription), queueArn),
  };

  /** SNS takes 5xx, 429 and silence for passing trouble, and every other failure for the endpoint's last word. */
  async function overHttp(parcel: Parcel, place: EnvelopePlace): Promise<Outcome> {
    const { topic, subscription } = place;
    const raw = isRaw(subscription) && parcel.kind === 'Notification';
    try {
      const { contentType } = httpDelivery(topic.attributes.DeliveryPolicy, subscription.attributes.DeliveryPolicy);
      const { status } = await http.send({
        method: 'POST',
        url: subscription.endpoint,
        timeoutMs: HTTP_TIMEOUT_MS,
        body: raw ? parcel.message : await envelopeOf(parcel, place),
        headers: {
          'x-amz-sns-message-type': parcel.kind,
          'x-amz-sns-message-id': parcel.messageId,
          'x-amz-sns-topic-arn': topic.arn,
          ...(parcel.kind === 'Notification' && { 'x-amz-sns-subscription-arn': subscription.arn }),
          ...(raw && { 'x-amz-sns-rawdelivery': 'true' }),
          'content-type': contentType,
          'user-agent': USER_AGENT,
        },
      });
      if (status >= 200 && status < 300) return DELIVERED;
      const why = `the endpoint answered ${status}`;
      return status >= 500 || status === 429 ? { kind: 'failed', why } : { kind: 'refused', why };
    } catch (error) {
      if (!(error instanceof SendError)) throw error;
      if (error.failure === 'busy') return { kind: 'later' };
      if (error.failure === 'malformed') return { kind: 'refused', why: error.message };
      return { kind: 'failed', why: error.message, ...(error.failure === 'timeout' && { timedOut: true }) };
    }
  }

  /** What the queue's policy, or its absence, stands against is the queue's last word. */
  async function toQueue(parcel: Parcel, place: EnvelopePlace, queueArn: string): Promise<Outcome> {
    if (!queues) return { kind: 'refused', why: 'there are no queues here' };
    const { topic, subscription } = place;
    const raw = isRaw(subscription) && parcel.kind === 'Notification';
    if (raw && Object.keys(parcel.attributes).length > SQS_ATTRIBUTES_MAX) {
      return { kind: 'refused', why: `a queue takes ${SQS_ATTRIBUTES_MAX} message attributes` };
    }
    const fifoQueue = queueArn.endsWith('.fifo');
    const { groupId, deduplicationId } = orderOf(parcel, topic);
    const actor = { service: 'sns.amazonaws.com', sourceArn: topic.arn, sourceAccount: topic.accountId };
    try {
      await queues.send(
        queueArn,
        {
          body: raw ? parcel.message : await envelopeOf(parcel, place),
          ...(raw && { attributes: parcel.attributes }),
          ...(groupId !== undefined && { groupId }),
          ...(fifoQueue && deduplicationId !== undefined && { deduplicationId }),
        },
        actor,
      );
      return DELIVERED;
    } catch (error) {
      const isTheirs = error instanceof AwsError && error.status < 500 && !/Throttl/.test(error.code);
      if (isTheirs) return { kind: 'refused', why: `${error.code}: ${error.message}` };
      if (error instanceof AwsError || error instanceof Pushback) return { kind: 'failed', why: error.message };
      throw error;
    }
  }

  async function byMail(parcel: Parcel, place: EnvelopePlace): Promise<Outcome> {
    if (!mail) return { kind: 'failed', why: 'no mail server is set: smtpUrl' };
    const { topic, subscription } = place;
    const isJson = subscription.protocol === 'email-json';
    const text = isJson ? await envelopeOf(parcel, place) : mailText(parcel, place);
    const subject =
      parcel.kind === 'Notification'
        ? (parcel.subject ?? 'AWS Notification Message')
        : 'AWS Notification - Subscription Confirmation';
    const { DisplayName = '' } = topic.attributes;
    const about = DisplayName === '' || parcel.kind === 'Notification' ? subject : `${DisplayName}: ${subject}`;
    try {
      const leaving = parcel.kind === 'Notification' && { unsubscribeUrl: unsubscribeUrl(place) };
      await mail.send({ to: subscription.endpoint, subject: about, text, ...leaving });
      return DELIVERED;
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      return { kind: error.permanent ? 'refused' : 'failed', why: error.message };
    }
  }
}

/** The confirmation of a FIFO topic's subscription is a message of its own group. */
function orderOf(parcel: Parcel, topic: Topic): Pick<NotificationParcel, 'groupId' | 'deduplicationId'> {
  if (parcel.kind === 'Notification') return parcel;
  return topic.fifo ? { groupId: parcel.kind, deduplicationId: parcel.messageId } : {};
}

const RULE = '--';

function mailText(parcel: Parcel, place: EnvelopePlace): string {
  if (parcel.kind === 'Notification') {
    return [
      parcel.message,
      '',
      RULE,
      'If you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:',
      unsubscribeUrl(place),
      '',
    ].join('\n');
  }
  return [
    'You have chosen to subscribe to the topic:',
    place.topic.arn,
    '',
    'To confirm this subscription, click or visit the link below (If this was in error no action is necessary):',
    subscribeUrl(place, parcel.token),
    '',
  ].join('\n');
}
