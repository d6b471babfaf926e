import { invalid } from './errors.ts';

export interface Topic {
  readonly arn: string;
  readonly name: string;
  readonly accountId: string;
  readonly region: string;
  readonly fifo: boolean;
  readonly createdMs: number;
  /** As they were set, by AWS's names. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly subscriptionsDeleted: number;
}

export const PROTOCOLS = ['http', 'https', 'sqs', 'email', 'email-json'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export interface Subscription {
  readonly arn: string;
  readonly topicArn: string;
  readonly protocol: Protocol;
  readonly endpoint: string;
  /** The account that made it. */
  readonly ownerId: string;
  /** ARN of who made it. */
  readonly principal: string;
  readonly createdMs: number;
  /** Until it is confirmed: when the wait ends. */
  readonly pendingUntilMs?: number;
  /** SHA-256 of the token that confirms it; kept after that, so that a confirmation may be repeated. */
  readonly tokenSha256?: string;
  /** Whether who confirmed it had signed. */
  readonly authenticated: boolean;
  /** Whether it ends only by a signed call. */
  readonly authenticateOnUnsubscribe: boolean;
  /** As they were set, by AWS's names. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface TopicPlace {
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
}

export const topicArn = ({ region, accountId, name }: TopicPlace): string =>
  `arn:aws:sns:${region}:${accountId}:${name}`;

const TOPIC_ARN = /^arn:aws:sns:([a-z0-9-]{1,32}):(\d{12}):([A-Za-z0-9_-]{1,256}(?:\.fifo)?)$/;
const SUBSCRIPTION_ARN = /^(arn:aws:sns:[^:]+:\d{12}:[^:]+):([0-9a-f-]{36})$/;

/** Where a topic is, whether or not it is there. @throws AwsError InvalidParameter */
export function placeOfTopic(arn: unknown, parameter = 'TopicArn'): TopicPlace {
  const [, region, accountId, name] = (typeof arn === 'string' && TOPIC_ARN.exec(arn)) || [];
  if (region === undefined) {
    const parts = typeof arn === 'string' ? arn.split(':') : [];
    throw invalid(
      parts.length < 6 ? `${parameter} Reason: An ARN must have at least 6 elements, not ${parts.length}` : parameter,
    );
  }
  return { region, accountId: accountId!, name: name! };
}

/** @throws AwsError InvalidParameter */
export function readSubscriptionArn(arn: unknown): {
  readonly topicArn: string;
  readonly place: TopicPlace;
  readonly id: string;
} {
  const [, topic, id] = (typeof arn === 'string' && SUBSCRIPTION_ARN.exec(arn)) || [];
  if (topic === undefined) throw invalid('SubscriptionArn');
  return { topicArn: topic, place: placeOfTopic(topic, 'SubscriptionArn'), id: id! };
}

/** The mailbox of what is on its way to a subscription; what follows `sns/` says which. */
export const boxOf = (subscription: Pick<Subscription, 'arn'>): string =>
  BOXES + subscription.arn.slice('arn:aws:sns:'.length).replaceAll(':', '/');
export const BOXES = 'sns/';

/** The subscription's ARN of a mailbox. */
export const arnOfBox = (box: string): string => `arn:aws:sns:${box.slice(BOXES.length).replaceAll('/', ':')}`;

export const isPending = (subscription: Subscription): boolean => subscription.pendingUntilMs !== undefined;
export const isRaw = ({ attributes }: Subscription): boolean => attributes.RawMessageDelivery === 'true';
