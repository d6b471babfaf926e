import { createHash, timingSafeEqual } from 'node:crypto';
import { addressIn, isAllowedAddress } from '../../base/addresses.ts';
import { uuid } from '../../base/random.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
import type { Delivery } from './delivery.ts';
import type { SnsDeps } from './deps.ts';
import { invalid, snsError } from './errors.ts';
import { FILTER_POLICIES_MAX, tooManyFilters } from './filter-policy.ts';
import {
  boxOf,
  isPending,
  PROTOCOLS,
  type Protocol,
  readSubscriptionArn,
  type Subscription,
  type Topic,
} from './model.ts';
import { pageOf } from './pages.ts';
import { encodeParcel } from './parcel.ts';
import type { SnsStore } from './store.ts';
import {
  checkAttributes,
  cleaned,
  QUEUE_ARN,
  SETTABLE,
  shownAttributes,
  withAttribute,
} from './subscription-attributes.ts';

/** Each has a copy of every message, so a publish writes up to this many times 256 KB. AWS: 12.5 million; 100 of FIFO. */
const SUBSCRIPTIONS_MAX = 1_000;
const FIFO_SUBSCRIPTIONS_MAX = 100;
/** AWS's: a confirmation has three days. */
const PENDING_MS = 3 * 86_400_000;
const TOKEN_BYTES = 80;
const ENDPOINT_CHARS_MAX = 2048;

interface SubscribeInput {
  readonly TopicArn: string;
  readonly Protocol?: string;
  readonly Endpoint?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly ReturnSubscriptionArn?: boolean;
}
interface OnSubscription {
  readonly SubscriptionArn: string;
}

type Deps = Pick<SnsDeps, 'clock' | 'random' | 'mail' | 'queues'>;

export function createSubscriptionHandlers(deps: Deps, store: SnsStore, delivery: Delivery): Record<string, Handler> {
  const hasQueues = deps.queues !== undefined;

  /** One that is there, for its owner and its topic's. @throws AwsError NotFound, AuthorizationError */
  async function ownSubscription({ caller, operation }: CallContext, arn: string): Promise<Subscription> {
    const { place } = readSubscriptionArn(arn);
    const found = await store.subscription(arn);
    if (found && found.value.ownerId !== caller.accountId && place.accountId !== caller.accountId) {
      throw snsError(
        'AuthorizationError',
        `User: ${caller.arn} is not authorized to perform: SNS:${operation} on resource: ${arn}`,
      );
    }
    if (!found) throw snsError('NotFound', 'Subscription does not exist');
    return found.value;
  }

  const list = (all: readonly Subscription[], from: string | undefined) => {
    const { page, ...rest } = pageOf(all, ({ arn }) => arn, from);
    return { Subscriptions: page.map(listed), ...rest };
  };

  return {
    Subscribe: async ({ caller }, input: SubscribeInput) => {
      const { TopicArn, Attributes = {}, ReturnSubscriptionArn = false } = input;
      const { protocol, endpoint } = readEndpoint(input, deps);
      const [token, id, messageId] = [
        deps.random.bytes(TOKEN_BYTES).toString('hex'),
        uuid(deps.random),
        uuid(deps.random),
      ];
      const nowMs = deps.clock.now();
      const { subscription, isNew } = await store.changeTopic(TopicArn, (topic, all) => {
        checkProtocolOfTopic(topic, protocol, endpoint);
        const attributes = cleaned(Attributes);
        checkAttributes(attributes, { topic, protocol, queues: hasQueues });
        const known = all.find((one) => one.protocol === protocol && one.endpoint === endpoint);
        if (known && !isPending(known)) {
          refuseOtherAttributes(known, attributes);
          return { topic, result: { subscription: known, isNew: false } };
        }
        checkLimits(topic, all, attributes);
        // Who owns a queue need not be asked whether he wants what he asks for.
        const confirmed = protocol === 'sqs' && QUEUE_ARN.exec(endpoint)![2] === caller.accountId;
        const made: Subscription = {
          arn: known?.arn ?? `${topic.arn}:${id}`,
          topicArn: topic.arn,
          protocol,
          endpoint,
          ownerId: caller.accountId,
          principal: caller.arn,
          createdMs: nowMs,
          ...(!confirmed && { pendingUntilMs: nowMs + PENDING_MS, tokenSha256: digest(token) }),
          authenticated: confirmed,
          authenticateOnUnsubscribe: confirmed,
          attributes,
        };
        return { topic, put: [made], result: { subscription: made, isNew: true } };
      });
      const pending = isPending(subscription);
      if (isNew && pending) {
        const body = encodeParcel({
          kind: 'SubscriptionConfirmation',
          messageId,
          timestampMs: nowMs,
          token: tokenOf(subscription, token),
        });
        await delivery.handOver([{ box: boxOf(subscription), body }]);
      }
      return { SubscriptionArn: pending && !ReturnSubscriptionArn ? 'pending confirmation' : subscription.arn };
    },
    ConfirmSubscription: async (
      { caller },
      input: { readonly TopicArn: string; readonly Token?: string; readonly AuthenticateOnUnsubscribe?: string },
    ) => {
      const { TopicArn, Token = '', AuthenticateOnUnsubscribe } = input;
      await store.requireTopic(TopicArn);
      const [, id, secret] = /^([0-9a-f-]{36})([0-9a-f]{160})$/.exec(Token) ?? [];
      if (id === undefined) throw invalid('Token');
      const confirmed = await store.changeSubscription(`${TopicArn}:${id}`, (known) => {
        if (!isToken(known, secret!)) throw invalid('Token');
        if (!isPending(known)) return known;
        const { pendingUntilMs: _, ...rest } = known;
        return {
          ...rest,
          authenticated: !caller.anonymous,
          authenticateOnUnsubscribe: !caller.anonymous && AuthenticateOnUnsubscribe?.toLowerCase() === 'true',
        };
      });
      if (!confirmed) throw invalid('Token');
      return { SubscriptionArn: confirmed.arn };
    },
    Unsubscribe: async (context, { SubscriptionArn }: OnSubscription) => {
      const { topicArn } = readSubscriptionArn(SubscriptionArn);
      const known = (await store.subscription(SubscriptionArn))?.value;
      if (!known) return {};
      if (!context.caller.anonymous) await ownSubscription(context, SubscriptionArn);
      else if (known.authenticateOnUnsubscribe) {
        throw snsError('AuthorizationError', 'This subscription ends only by a signed request of its owner');
      }
      await store.changeTopic(topicArn, (topic) => ({
        topic: { ...topic, subscriptionsDeleted: topic.subscriptionsDeleted + 1 },
        remove: [SubscriptionArn],
        result: undefined,
      }));
      await delivery.drop([boxOf(known)]);
      return {};
    },
    ListSubscriptions: async ({ caller, region }, { NextToken: from }: { NextToken?: string }) =>
      list(await store.subscriptionsOwnedBy(caller.accountId, region), from),
    ListSubscriptionsByTopic: async (
      _context,
      { TopicArn, NextToken: from }: { TopicArn: string; NextToken?: string },
    ) => {
      await store.requireTopic(TopicArn);
      return list(await store.subscriptions(TopicArn), from);
    },
    GetSubscriptionAttributes: async (context, { SubscriptionArn }: OnSubscription) => {
      const subscription = await ownSubscription(context, SubscriptionArn);
      const topic = (await store.topic(subscription.topicArn))?.value;
      return { Attributes: shownAttributes(subscription, topic) };
    },
    SetSubscriptionAttributes: async (
      context,
      input: OnSubscription & { readonly AttributeName?: string; readonly AttributeValue?: string },
    ) => {
      const { SubscriptionArn, AttributeName: name = '', AttributeValue: value = '' } = input;
      const { topicArn, protocol } = await ownSubscription(context, SubscriptionArn);
      const topic = (await store.requireTopic(topicArn)).value;
      const all = (await store.subscriptions(topicArn)).filter(({ arn }) => arn !== SubscriptionArn);
      await store.changeSubscription(SubscriptionArn, (known) => {
        if (!SETTABLE.has(name)) throw invalid('AttributeName');
        const attributes = withAttribute(known.attributes, name, value);
        checkAttributes(attributes, { topic, protocol, queues: hasQueues });
        checkFilterLimit(all, attributes);
        return { ...known, attributes };
      });
      return {};
    },
  };
}

const listed = (one: Subscription) => ({
  SubscriptionArn: isPending(one) ? 'PendingConfirmation' : one.arn,
  Owner: one.ownerId,
  Protocol: one.protocol,
  Endpoint: one.endpoint,
  TopicArn: one.topicArn,
});

/** The subscription's id goes before what is secret, so that nobody need search for whose it is. */
const tokenOf = ({ arn }: Subscription, secret: string): string => readSubscriptionArn(arn).id + secret;
const digest = (secret: string): string => createHash('sha256').update(secret).digest('hex');
const isToken = ({ tokenSha256 }: Subscription, secret: string): boolean =>
  tokenSha256 !== undefined && timingSafeEqual(Buffer.from(tokenSha256), Buffer.from(digest(secret)));

const EMAIL = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$/;

/** @throws AwsError InvalidParameter */
function readEndpoint({ Protocol: named = '', Endpoint: endpoint = '' }: SubscribeInput, { mail, queues }: Deps) {
  if (!(PROTOCOLS as readonly string[]).includes(named)) {
    throw invalid(`Amazon SNS does not support this protocol string: ${named}`);
  }
  const protocol = named as Protocol;
  if (endpoint === '' || endpoint.length > ENDPOINT_CHARS_MAX) throw invalid('Endpoint');
  if (protocol === 'http' || protocol === 'https') checkUrl(protocol, endpoint);
  if (protocol === 'sqs' && !QUEUE_ARN.test(endpoint)) throw invalid('SQS endpoint ARN');
  if (protocol === 'sqs' && !queues) throw invalid('Protocol Reason: there are no queues here');
  if (protocol.startsWith('email')) {
    if (!EMAIL.test(endpoint)) throw invalid('Email address');
    if (!mail) {
      throw invalid('Protocol Reason: this OpenTrail sends no email: its operator must set smtpUrl (--smtp-url)');
    }
  }
  return { protocol, endpoint };
}

function checkUrl(protocol: string, endpoint: string): void {
  if (!URL.canParse(endpoint) || !endpoint.toLowerCase().startsWith(`${protocol}://`)) {
    throw invalid('Endpoint must match the specified protocol');
  }
  const address = addressIn(new URL(endpoint));
  if (address !== undefined && !isAllowedAddress(address)) throw invalid('Unauthorized endpoint');
}

function checkProtocolOfTopic({ fifo }: Topic, protocol: Protocol, endpoint: string): void {
  if (fifo && protocol !== 'sqs') throw invalid(`Invalid protocol type: ${protocol}`);
  if (!fifo && endpoint.endsWith('.fifo') && protocol === 'sqs') {
    throw invalid('Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics');
  }
}

function checkLimits({ fifo }: Topic, all: readonly Subscription[], attributes: Subscription['attributes']): void {
  const max = fifo ? FIFO_SUBSCRIPTIONS_MAX : SUBSCRIPTIONS_MAX;
  if (all.length >= max) throw snsError('SubscriptionLimitExceeded', `A topic may have ${max} subscriptions.`);
  checkFilterLimit(all, attributes);
}

function checkFilterLimit(others: readonly Subscription[], attributes: Subscription['attributes']): void {
  const filtered = others.filter((one) => one.attributes.FilterPolicy !== undefined).length;
  if (attributes.FilterPolicy !== undefined && filtered >= FILTER_POLICIES_MAX) throw tooManyFilters();
}

const DEFAULTS: Readonly<Record<string, string>> = {
  RawMessageDelivery: 'false',
  FilterPolicyScope: 'MessageAttributes',
};

/** A subscription that is there may be made again as it is. */
function refuseOtherAttributes(known: Subscription, attributes: Subscription['attributes']): void {
  const differs = Object.entries(attributes).some(
    ([name, value]) => (known.attributes[name] ?? DEFAULTS[name]) !== value,
  );
  if (differs) throw invalid('Attributes Reason: Subscription already exists with different attributes');
}
