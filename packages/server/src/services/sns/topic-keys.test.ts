import { expect, test } from 'vitest';
import { harness as kmsHarness } from '../kms/testing/harness.ts';
import { ACCOUNT, alice, HOME, harness, queueArn } from './testing/harness.ts';

const SECRET = 'nobody may read this on the disk';

async function encrypted() {
  const kms = kmsHarness();
  const keyId = await kms.newKey();
  const h = await harness({ kms: kms.services, clock: kms.clock });
  const TopicArn = await h.newTopic('secret', { KmsMasterKeyId: keyId });
  await h.subscribed(TopicArn, queueArn('q'));
  return { kms, keyId, h, TopicArn };
}

test('messages of a topic with a key wait encrypted, and come as they were', async () => {
  const { kms, h, TopicArn } = await encrypted();
  const bodies: Buffer[] = [];
  const { put } = h.mailboxes;
  h.mailboxes.put = (messages) => {
    bodies.push(...messages.map(({ body }) => Buffer.from(body)));
    return put(messages);
  };
  for (const _ of [1, 2]) await h.call('Publish', { TopicArn, Message: SECRET });
  await h.settle();
  expect(bodies).toHaveLength(2);
  for (const body of bodies) expect(body.includes(SECRET)).toBe(false);
  expect(h.queued.map(({ body }) => JSON.parse(body).Message)).toEqual([SECRET, SECRET]);
  // Both permissions are asked for once in five minutes.
  expect(kms.uses.map(({ operation, asking }) => [operation, asking.service])).toEqual([
    ['GenerateDataKey', 'sns.amazonaws.com'],
    ['Decrypt', 'sns.amazonaws.com'],
  ]);
  expect(kms.uses[0]!.input.EncryptionContext).toEqual({ 'aws:sns:topicArn': TopicArn });
  await kms.clock.advance(5 * 60_000 + 1);
  await h.call('Publish', { TopicArn, Message: SECRET });
  expect(kms.uses).toHaveLength(4);
});

test('who publishes needs the key, in KMS’s words by SNS’s names; what was accepted is delivered without it', async () => {
  const { kms, keyId, h, TopicArn } = await encrypted();
  h.answers.queue = async () => {
    throw new Error('not now');
  };
  await h.call('Publish', { TopicArn, Message: SECRET });
  await h.settle();
  await kms.call('DisableKey', { KeyId: keyId });
  await kms.clock.advance(5 * 60_000 + 1);
  expect(await h.refused('Publish', { TopicArn, Message: 'x' })).toMatch(/^KMSDisabled: /);
  h.answers.queue = async () => {};
  await kms.clock.advance(5_000);
  await h.settle();
  expect(JSON.parse(h.queued[0]!.body).Message).toBe(SECRET);

  const actor = {
    service: 'cloudwatch.amazonaws.com',
    sourceArn: `arn:aws:cloudwatch:${HOME}:${ACCOUNT}:alarm:a`,
    sourceAccount: ACCOUNT,
  };
  await kms.call('EnableKey', { KeyId: keyId });
  await expect(h.sns.topics.publish(TopicArn, { message: 'x' }, actor)).rejects.toMatchObject({
    code: 'KMSAccessDenied',
  });
  await h.call(
    'SetTopicAttributes',
    { TopicArn, AttributeName: 'KmsMasterKeyId', AttributeValue: 'alias/none' },
    alice,
  );
  expect(await h.refused('Publish', { TopicArn, Message: 'x' })).toMatch(/^KMSNotFound: /);
  await h.call('SetTopicAttributes', { TopicArn, AttributeName: 'KmsMasterKeyId', AttributeValue: '' }, alice);
  expect(await h.refused('Publish', { TopicArn, Message: 'x' })).toBe('ok');
});
