import { invalid } from './errors.ts';

/** How often, and when, a delivery that failed is tried again (SNS developer guide, "Message delivery retries"). Seconds. */
export interface RetryPolicy {
  readonly minDelayTarget: number;
  readonly maxDelayTarget: number;
  /** In all phases together. */
  readonly numRetries: number;
  readonly numMaxDelayRetries: number;
  readonly numNoDelayRetries: number;
  readonly numMinDelayRetries: number;
  readonly backoffFunction: 'linear' | 'arithmetic' | 'geometric' | 'exponential';
}

export interface HttpDelivery {
  readonly retry: RetryPolicy;
  readonly maxReceivesPerSecond?: number;
  readonly contentType: string;
}

export const HTTP_RETRIES: RetryPolicy = {
  minDelayTarget: 20,
  maxDelayTarget: 20,
  numRetries: 3,
  numMaxDelayRetries: 0,
  numNoDelayRetries: 0,
  numMinDelayRetries: 0,
  backoffFunction: 'linear',
};

/** To AWS's own services: 100,015 attempts in 23 days. */
export const SQS_RETRIES: RetryPolicy = {
  minDelayTarget: 1,
  maxDelayTarget: 20,
  numRetries: 100_015,
  numMaxDelayRetries: 100_000,
  numNoDelayRetries: 3,
  numMinDelayRetries: 2,
  backoffFunction: 'exponential',
};

/** To mail servers: 50 attempts in 6 hours. */
export const EMAIL_RETRIES: RetryPolicy = {
  minDelayTarget: 10,
  maxDelayTarget: 600,
  numRetries: 50,
  numMaxDelayRetries: 38,
  numNoDelayRetries: 0,
  numMinDelayRetries: 2,
  backoffFunction: 'exponential',
};

const CONTENT_TYPE = 'text/plain; charset=UTF-8';
const CONTENT_TYPES = [
  ...['text/css', 'text/csv', 'text/html', 'text/plain', 'text/xml', 'application/atom+xml', 'application/json'],
  ...['application/octet-stream', 'application/soap+xml', 'application/x-www-form-urlencoded', 'application/xhtml+xml'],
  'application/xml',
];

/**
 * When the next attempt is due, seconds after the one that failed; undefined when there is none.
 * @param retry 1 after the first attempt
 */
export function retryDelay(policy: RetryPolicy, retry: number): number | undefined {
  const { minDelayTarget: min, maxDelayTarget: max, numRetries, backoffFunction } = policy;
  const { numNoDelayRetries, numMinDelayRetries, numMaxDelayRetries } = policy;
  if (retry > numRetries) return undefined;
  if (retry <= numNoDelayRetries) return 0;
  const step = retry - numNoDelayRetries - numMinDelayRetries;
  if (step <= 0) return min;
  const steps = numRetries - numNoDelayRetries - numMinDelayRetries - numMaxDelayRetries;
  return step > steps ? max : BACKOFF[backoffFunction](min, max, steps === 1 ? 0 : (step - 1) / (steps - 1), steps);
}

/** From the shortest delay to the longest; `at` goes from 0 to 1. */
const BACKOFF: Readonly<
  Record<RetryPolicy['backoffFunction'], (min: number, max: number, at: number, steps: number) => number>
> = {
  linear: (min, max, at) => min + (max - min) * at,
  arithmetic: (min, max, at) => min + (max - min) * at * at,
  geometric: (min, max, at) => min * (max / min) ** at,
  exponential: (min, max, at, steps) =>
    steps === 1 ? min : min + ((max - min) * (2 ** (at * (steps - 1)) - 1)) / (2 ** (steps - 1) - 1),
};

type Json = Readonly<Record<string, unknown>>;

/** `{"http":{…}}` of a topic. @throws AwsError InvalidParameter */
export function checkTopicDeliveryPolicy(text: string): void {
  const { http, ...others } = readObject(text);
  if (Object.keys(others).length > 0 || (http !== undefined && !isObject(http)))
    throw problem('unexpected JSON member');
  for (const [name, value] of Object.entries((http as Json | undefined) ?? {})) {
    const check = TOPIC_MEMBERS[name];
    if (!check) throw problem(`unexpected JSON member: ${name}`);
    check(value);
  }
}

/** @throws AwsError InvalidParameter */
export function checkSubscriptionDeliveryPolicy(text: string): void {
  for (const [name, value] of Object.entries(readObject(text))) {
    const check = SUBSCRIPTION_MEMBERS[name];
    if (!check) throw problem(`unexpected JSON member: ${name}`);
    check(value);
  }
}

const SUBSCRIPTION_MEMBERS: Readonly<Record<string, (value: unknown) => void>> = {
  healthyRetryPolicy: checkRetryPolicy,
  sicklyRetryPolicy: checkRetryPolicy,
  throttlePolicy: checkThrottle,
  requestPolicy: checkRequest,
  guaranteed: () => {},
};
const TOPIC_MEMBERS: typeof SUBSCRIPTION_MEMBERS = {
  defaultHealthyRetryPolicy: checkRetryPolicy,
  defaultSicklyRetryPolicy: checkRetryPolicy,
  defaultThrottlePolicy: checkThrottle,
  defaultRequestPolicy: checkRequest,
  disableSubscriptionOverrides(value) {
    if (typeof value !== 'boolean') throw problem('disableSubscriptionOverrides must be a boolean');
  },
};

/** AWS's limits: 100 retries, an hour between the first and the last. */
const RETRIES_MAX = 100;
const DELAY_SECONDS_MAX = 3600;
const COUNTS = ['numRetries', 'numNoDelayRetries', 'numMinDelayRetries', 'numMaxDelayRetries'] as const;

function checkRetryPolicy(value: unknown): void {
  if (value === null) return;
  if (!isObject(value)) throw problem('a retry policy must be an object');
  const policy = { ...HTTP_RETRIES, ...value } as RetryPolicy;
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(HTTP_RETRIES, name)) throw problem(`unexpected JSON member: ${name}`);
  }
  for (const name of COUNTS) {
    if (!isWhole(policy[name], 0, RETRIES_MAX)) throw problem(`${name} must be a number from 0 to ${RETRIES_MAX}`);
  }
  if (!isWhole(policy.maxDelayTarget, 1, DELAY_SECONDS_MAX)) {
    throw problem(`maxDelayTarget must be a number from 1 to ${DELAY_SECONDS_MAX}`);
  }
  if (!isWhole(policy.minDelayTarget, 1, policy.maxDelayTarget)) {
    throw problem('minDelayTarget must be greater than zero and not greater than maxDelayTarget');
  }
  if (policy.numNoDelayRetries + policy.numMinDelayRetries + policy.numMaxDelayRetries > policy.numRetries) {
    throw problem(
      'numRetries must be no less than the sum of numNoDelayRetries, numMinDelayRetries and numMaxDelayRetries',
    );
  }
  if (!Object.hasOwn(BACKOFF, policy.backoffFunction)) throw problem('backoffFunction is unknown');
  let total = 0;
  for (let retry = 1; retry <= policy.numRetries; retry++) total += retryDelay(policy, retry)!;
  if (total > DELAY_SECONDS_MAX) throw problem(`the retries take more than ${DELAY_SECONDS_MAX} seconds`);
}

function checkThrottle(value: unknown): void {
  if (value === null) return;
  const rate = isObject(value) ? value.maxReceivesPerSecond : undefined;
  if (rate !== undefined && rate !== null && !isWhole(rate, 1, Number.MAX_SAFE_INTEGER)) {
    throw problem('maxReceivesPerSecond must be a number of at least 1');
  }
}

function checkRequest(value: unknown): void {
  if (value === null) return;
  const type = isObject(value) ? value.headerContentType : undefined;
  if (type === undefined) return;
  const [kind = '', parameter] = String(type).split(';');
  const known = CONTENT_TYPES.includes(kind.trim().toLowerCase());
  if (!known || (parameter !== undefined && !/^\s*charset=[A-Za-z0-9_-]{1,40}\s*$/i.test(parameter))) {
    throw problem('headerContentType is not supported');
  }
}

/** What holds for a subscription over HTTP: its own policy, unless the topic forbids it, then the topic's, then AWS's. */
export function httpDelivery(topicPolicy: string | undefined, own: string | undefined): HttpDelivery {
  const http = topicPolicy === undefined ? {} : ((readObject(topicPolicy).http as Json | undefined) ?? {});
  const mine = own === undefined || http.disableSubscriptionOverrides === true ? {} : readObject(own);
  const pick = (name: string, topicName: string) => (mine[name] ?? http[topicName] ?? {}) as Json;
  const { maxReceivesPerSecond } = pick('throttlePolicy', 'defaultThrottlePolicy');
  const { headerContentType } = pick('requestPolicy', 'defaultRequestPolicy');
  return {
    retry: { ...HTTP_RETRIES, ...pick('healthyRetryPolicy', 'defaultHealthyRetryPolicy') },
    contentType: (headerContentType as string | undefined) ?? CONTENT_TYPE,
    ...(typeof maxReceivesPerSecond === 'number' && { maxReceivesPerSecond }),
  };
}

/** The topic's EffectiveDeliveryPolicy. */
export function effectiveTopicPolicy(topicPolicy: string | undefined): string {
  const { retry, contentType, maxReceivesPerSecond } = httpDelivery(topicPolicy, undefined);
  const http = topicPolicy === undefined ? {} : ((readObject(topicPolicy).http as Json | undefined) ?? {});
  return JSON.stringify({
    http: {
      defaultHealthyRetryPolicy: retry,
      disableSubscriptionOverrides: http.disableSubscriptionOverrides === true,
      ...(maxReceivesPerSecond !== undefined && { defaultThrottlePolicy: { maxReceivesPerSecond } }),
      defaultRequestPolicy: { headerContentType: contentType },
    },
  });
}

/** A subscription's. */
export function effectiveSubscriptionPolicy(topicPolicy: string | undefined, own: string | undefined): string {
  const { retry, contentType, maxReceivesPerSecond } = httpDelivery(topicPolicy, own);
  return JSON.stringify({
    healthyRetryPolicy: retry,
    sicklyRetryPolicy: null,
    throttlePolicy: maxReceivesPerSecond === undefined ? null : { maxReceivesPerSecond },
    requestPolicy: { headerContentType: contentType },
    guaranteed: false,
  });
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isWhole = (value: unknown, min: number, max: number): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;

const problem = (why: string) => invalid(`DeliveryPolicy: ${why}`);

function readObject(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // said below
  }
  throw problem('failed to parse JSON');
}
