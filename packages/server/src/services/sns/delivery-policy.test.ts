import { expect, test } from 'vitest';
import {
  checkSubscriptionDeliveryPolicy,
  EMAIL_RETRIES,
  effectiveTopicPolicy,
  httpDelivery,
  type RetryPolicy,
  retryDelay,
  SQS_RETRIES,
} from './delivery-policy.ts';

const all = (policy: RetryPolicy) => Array.from({ length: policy.numRetries }, (_, i) => retryDelay(policy, i + 1)!);

test('phases follow each other: at once, the shortest delay, growing ones, the longest', () => {
  const delays = all(SQS_RETRIES);
  expect(delays.slice(0, 6)).toEqual([0, 0, 0, 1, 1, 1]);
  expect(delays[14]).toBe(20);
  expect(delays).toHaveLength(100_015);
  expect(delays.reduce((sum, delay) => sum + delay, 0) / 86_400).toBeCloseTo(23, 0);
  expect(retryDelay(SQS_RETRIES, 100_016)).toBeUndefined();
  expect(all(EMAIL_RETRIES).reduce((sum, delay) => sum + delay, 0) / 3_600).toBeGreaterThan(6);
});

test.each(['linear', 'arithmetic', 'geometric', 'exponential'] as const)(
  '%s grows from the shortest to the longest',
  (backoffFunction) => {
    const delays = all({
      ...{ minDelayTarget: 2, maxDelayTarget: 100, numRetries: 12, backoffFunction },
      ...{ numNoDelayRetries: 1, numMinDelayRetries: 1, numMaxDelayRetries: 1 },
    });
    expect(delays.slice(0, 3)).toEqual([0, 2, 2]);
    expect(delays.slice(-2)).toEqual([100, 100]);
    expect([...delays].sort((a, b) => a - b)).toEqual(delays);
  },
);

test('the subscription has its own policy unless the topic forbids it', () => {
  const topic = (disableSubscriptionOverrides: boolean) =>
    JSON.stringify({ http: { defaultHealthyRetryPolicy: { numRetries: 5 }, disableSubscriptionOverrides } });
  const own = '{"healthyRetryPolicy":{"numRetries":7},"throttlePolicy":{"maxReceivesPerSecond":3}}';
  expect(httpDelivery(topic(false), own)).toMatchObject({ retry: { numRetries: 7 }, maxReceivesPerSecond: 3 });
  expect(httpDelivery(topic(true), own)).toMatchObject({ retry: { numRetries: 5 } });
  expect(httpDelivery(topic(false), undefined).retry.numRetries).toBe(5);
  expect(JSON.parse(effectiveTopicPolicy(topic(true))).http.disableSubscriptionOverrides).toBe(true);
});

test.each([
  ['x', /failed to parse/],
  ['{"odd":1}', /unexpected JSON member: odd/],
  ['{"healthyRetryPolicy":{"numRetries":101}}', /numRetries/],
  ['{"healthyRetryPolicy":{"minDelayTarget":30}}', /minDelayTarget/],
  ['{"healthyRetryPolicy":{"numNoDelayRetries":4}}', /no less than the sum/],
  ['{"healthyRetryPolicy":{"backoffFunction":"x"}}', /backoffFunction/],
  ['{"healthyRetryPolicy":{"maxDelayTarget":3600,"minDelayTarget":3600}}', /more than 3600 seconds/],
  ['{"throttlePolicy":{"maxReceivesPerSecond":0}}', /maxReceivesPerSecond/],
  ['{"requestPolicy":{"headerContentType":"text/plain\\r\\nx: y"}}', /headerContentType/],
])('%s is refused', (policy, why) => expect(() => checkSubscriptionDeliveryPolicy(policy)).toThrow(why));
