import { checkSubscriptionDeliveryPolicy, effectiveSubscriptionPolicy } from './delivery-policy.ts';
import { invalid } from './errors.ts';
import { compileFilter, scopeOf } from './filter-policy.ts';
import { isPending, type Protocol, type Subscription, type Topic } from './model.ts';

export interface AttributePlace {
  readonly topic: Topic;
  readonly protocol: Protocol;
  /** Whether there are queues here, for dead letters. */
  readonly queues: boolean;
}

type Check = (value: string, place: AttributePlace) => void;

const RULES: Readonly<Record<string, Check>> = {
  /** With its scope, in `checkAttributes`. */
  FilterPolicy: () => {},
  FilterPolicyScope(value) {
    if (value !== 'MessageAttributes' && value !== 'MessageBody') {
      throw invalid(`FilterPolicyScope: Invalid value [${value}]. Please use either MessageBody or MessageAttributes`);
    }
  },
  RawMessageDelivery(value, { protocol }) {
    if (value !== 'true' && value !== 'false') throw invalid('RawMessageDelivery Reason: must be true or false');
    if (value === 'true' && !['http', 'https', 'sqs'].includes(protocol)) {
      throw invalid('Attributes Reason: RawMessageDelivery is not supported for this protocol');
    }
  },
  DeliveryPolicy(value, { protocol }) {
    if (protocol !== 'http' && protocol !== 'https')
      throw invalid('DeliveryPolicy: only HTTP and HTTPS endpoints have one');
    checkSubscriptionDeliveryPolicy(value);
  },
  RedrivePolicy: (value, place) => void deadLetterQueue(value, place),
  ReplayPolicy: () => {
    throw invalid('ReplayPolicy Reason: not supported by OpenTrail: messages are not archived');
  },
};

export const SETTABLE: ReadonlySet<string> = new Set(Object.keys(RULES));

/** All attributes together, as they would be. @throws AwsError InvalidParameter */
export function checkAttributes(attributes: Subscription['attributes'], place: AttributePlace): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (!Object.hasOwn(RULES, name)) throw invalid(`Attributes Reason: Unknown attribute: ${name}`);
    RULES[name]!(value, place);
  }
  if (attributes.FilterPolicy !== undefined) compileFilter(attributes.FilterPolicy, scopeOf({ attributes }));
}

/** What is left after one was set; an empty text or `{}` takes a policy back. */
export function withAttribute(
  known: Subscription['attributes'],
  name: string,
  value: string,
): Subscription['attributes'] {
  const { [name]: _old, ...others } = known;
  return isNothing(name, value) ? others : { ...others, [name]: value };
}

export const cleaned = (attributes: Subscription['attributes']): Subscription['attributes'] =>
  Object.fromEntries(Object.entries(attributes).filter(([name, value]) => !isNothing(name, value)));

const isNothing = (name: string, value: string): boolean =>
  name.endsWith('Policy') && (value === '' || value.replace(/\s/g, '') === '{}');

/** ARN of the queue that a RedrivePolicy names. @throws AwsError InvalidParameter */
export function deadLetterQueue(text: string, { topic, queues }: Pick<AttributePlace, 'topic' | 'queues'>): string {
  let policy: { readonly deadLetterTargetArn?: unknown } | undefined;
  try {
    policy = JSON.parse(text) as typeof policy;
  } catch {
    throw invalid('RedrivePolicy: failed to parse JSON.');
  }
  const arn = policy?.deadLetterTargetArn;
  const [, region, accountId] = (typeof arn === 'string' && QUEUE_ARN.exec(arn)) || [];
  if (region === undefined) throw invalid('RedrivePolicy: deadLetterTargetArn is an invalid arn');
  if (region !== topic.region || accountId !== topic.accountId) {
    throw invalid('RedrivePolicy: the dead-letter queue must be in the Region and account of the topic');
  }
  if (topic.fifo !== String(arn).endsWith('.fifo')) {
    throw invalid('RedrivePolicy: the dead-letter queue must be FIFO for a FIFO topic, and standard for others');
  }
  if (!queues) throw invalid('RedrivePolicy: there are no queues here');
  return arn as string;
}

export const QUEUE_ARN = /^arn:aws:sqs:([a-z0-9-]{1,32}):(\d{12}):([A-Za-z0-9_-]{1,80}(?:\.fifo)?)$/;

/** GetSubscriptionAttributes. */
export function shownAttributes(
  subscription: Subscription,
  topic: Topic | undefined,
): Readonly<Record<string, string>> {
  const { attributes, protocol } = subscription;
  const isHttp = protocol === 'http' || protocol === 'https';
  return {
    SubscriptionArn: subscription.arn,
    TopicArn: subscription.topicArn,
    Protocol: protocol,
    Endpoint: subscription.endpoint,
    Owner: subscription.ownerId,
    SubscriptionPrincipal: subscription.principal,
    PendingConfirmation: String(isPending(subscription)),
    ConfirmationWasAuthenticated: String(subscription.authenticated),
    RawMessageDelivery: 'false',
    ...attributes,
    ...(attributes.FilterPolicy !== undefined && { FilterPolicyScope: scopeOf(subscription) }),
    ...(isHttp && {
      EffectiveDeliveryPolicy: effectiveSubscriptionPolicy(topic?.attributes.DeliveryPolicy, attributes.DeliveryPolicy),
    }),
  };
}
