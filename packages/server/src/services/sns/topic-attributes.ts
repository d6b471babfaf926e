import { checkTopicDeliveryPolicy, effectiveTopicPolicy } from './delivery-policy.ts';
import { invalid } from './errors.ts';
import { isPending, type Subscription, type Topic } from './model.ts';
import { policyText, readPolicy } from './topic-policy.ts';

type Place = Pick<Topic, 'arn' | 'accountId' | 'fifo'>;

/** What an attribute may be; `fifo`: of FIFO topics alone; `fixed`: only when the topic is made. */
interface Rule {
  readonly fifo?: true;
  readonly fixed?: true;
  readonly check: (value: string, topic: Place) => void;
}

const oneOf =
  (name: string, ...values: readonly string[]) =>
  (value: string) => {
    if (!values.includes(value)) throw invalid(`${name} Reason: must be one of ${values.join(', ')}`);
  };
const bool = (name: string) => oneOf(name, 'true', 'false');

/** AWS's limit, for the subject line of emails. */
const DISPLAY_NAME_CHARS_MAX = 100;

const KEY_ID = /^[A-Za-z0-9:/_-]{1,2048}$/;

const RULES: Readonly<Record<string, Rule>> = {
  Policy: { check: (value, { arn }) => void (value !== '' && readPolicy(value, arn)) },
  DeliveryPolicy: { check: (value) => value !== '' && checkTopicDeliveryPolicy(value) },
  DisplayName: {
    check(value) {
      if (value.length > DISPLAY_NAME_CHARS_MAX) throw invalid('DisplayName');
    },
  },
  SignatureVersion: { check: oneOf('SignatureVersion', '1', '2') },
  TracingConfig: { check: oneOf('TracingConfig', 'PassThrough') },
  FifoTopic: { fixed: true, check: bool('FifoTopic') },
  ContentBasedDeduplication: { fifo: true, check: bool('ContentBasedDeduplication') },
  FifoThroughputScope: { fifo: true, check: oneOf('FifoThroughputScope', 'Topic', 'MessageGroup') },
  KmsMasterKeyId: {
    check(value) {
      if (value !== '' && !KEY_ID.test(value)) throw invalid('KmsMasterKeyId');
    },
  },
  ArchivePolicy: { check: () => reject('ArchivePolicy', 'messages are not archived') },
  DataProtectionPolicy: { check: () => reject('DataProtectionPolicy', 'messages are not searched for sensitive data') },
};

const notBuilt = (name: string, why: string) => invalid(`${name} Reason: not supported by OpenTrail: ${why}`);
function reject(name: string, why: string): never {
  throw notBuilt(name, why);
}

/** Delivery status logging. A rate means nothing without a role, and Terraform sets it on every topic. */
const FEEDBACK: readonly (Rule & { readonly names: RegExp })[] = [
  {
    names: /^(HTTP|Application|Lambda|Firehose|SQS)SuccessFeedbackSampleRate$/,
    check(value) {
      if (!/^(\d{1,2}|100)?$/.test(value)) throw invalid('SuccessFeedbackSampleRate Reason: must be 0 to 100');
    },
  },
  {
    names: /^(HTTP|Application|Lambda|Firehose|SQS)(Success|Failure)FeedbackRoleArn$/,
    check: (value) => value !== '' && reject('FeedbackRoleArn', 'delivery status goes to /metrics and the log'),
  },
];

/** @throws AwsError InvalidParameter */
export function checkTopicAttribute(topic: Place, name: string, value: string, making: boolean): void {
  const rule = Object.hasOwn(RULES, name) ? RULES[name] : FEEDBACK.find(({ names }) => names.test(name));
  if (!rule) {
    throw invalid(making ? `Attributes Reason: Unknown attribute ${name}` : 'AttributeName');
  }
  if (rule.fixed && !making) throw invalid('AttributeName');
  if (rule.fifo && !topic.fifo) {
    throw invalid(`${making ? 'Attributes' : 'AttributeName'} Reason: ${name} is for FIFO topics only`);
  }
  rule.check(value, topic);
}

/** What to keep of what was set: an empty text takes most attributes back. */
export function withAttribute(known: Topic['attributes'], name: string, value: string): Topic['attributes'] {
  const { [name]: _old, ...others } = known;
  return value === '' && name !== 'DisplayName' ? others : { ...others, [name]: value };
}

/** GetTopicAttributes. */
export function shownAttributes(
  topic: Topic,
  subscriptions: readonly Subscription[],
): Readonly<Record<string, string>> {
  const { FifoTopic: _fifo, ...set } = topic.attributes;
  const pending = subscriptions.filter(isPending).length;
  return {
    DisplayName: '',
    ...set,
    ...(topic.fifo && { FifoTopic: 'true', ContentBasedDeduplication: 'false', ...set }),
    Policy: policyText(topic),
    Owner: topic.accountId,
    TopicArn: topic.arn,
    SubscriptionsPending: String(pending),
    SubscriptionsConfirmed: String(subscriptions.length - pending),
    SubscriptionsDeleted: String(topic.subscriptionsDeleted),
    EffectiveDeliveryPolicy: effectiveTopicPolicy(topic.attributes.DeliveryPolicy),
  };
}
