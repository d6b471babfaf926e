import { expect, test } from 'vitest';
import { AwsError, Pushback } from '../base/errors.ts';
import { notifyDelivery, type PublishToTopic } from './notification.ts';

const TOPIC = 'arn:aws:sns:us-east-1:123456789012:deliveries';
const trail = {
  arn: 'arn:aws:cloudtrail:us-east-1:123456789012:trail/t',
  accountId: '123456789012',
  snsTopicArn: TOPIC,
};
const now = () => 5;

function recorder() {
  const published: Parameters<PublishToTopic>[] = [];
  const publish: PublishToTopic = async (...args) => void published.push(args);
  return { published, publish };
}

test('the topic is told bucket and keys, in the name of the trail', async () => {
  const { published, publish } = recorder();
  expect(await notifyDelivery(publish, trail, 'logs', ['AWSLogs/a.json.gz', 'AWSLogs/b.json.gz'], now)).toEqual({
    atMs: 5,
  });
  expect(published).toEqual([
    [
      TOPIC,
      { message: '{"s3Bucket":"logs","s3ObjectKey":["AWSLogs/a.json.gz","AWSLogs/b.json.gz"]}' },
      { service: 'cloudtrail.amazonaws.com', sourceArn: trail.arn, sourceAccount: trail.accountId },
    ],
  ]);
});

test('many keys of the greatest length make messages that SNS takes', async () => {
  const { published, publish } = recorder();
  const keys = Array.from({ length: 1_000 }, (_, i) => `${i}`.padStart(1024, '\u0001'));
  await notifyDelivery(publish, trail, 'logs', keys, now);
  const texts = published.map(([, { message }]) => message);
  expect(texts.flatMap((text) => JSON.parse(text).s3ObjectKey)).toEqual(keys);
  for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(256 * 1024);
});

test('what the topic refuses shows in the status; overload is the caller’s to try again; no topic is told nothing', async () => {
  const failing = (error: Error) => notifyDelivery(() => Promise.reject(error), trail, 'logs', ['k'], now);
  expect(await failing(new AwsError('AuthorizationError', 'no'))).toEqual({ atMs: 5, error: 'AuthorizationError' });
  await expect(failing(new Pushback('full'))).rejects.toThrow(Pushback);
  const { published, publish } = recorder();
  const { snsTopicArn: _, ...without } = trail;
  expect(await notifyDelivery(publish, without, 'logs', ['k'], now)).toBeUndefined();
  expect(published).toEqual([]);
});
