import { expect, test } from 'vitest';
import { ACCOUNT, harness, user } from './testing/harness.ts';

const arn = (name: string) => `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`;
const SECRET = 'nobody reads this on the disk';

/** All that the mailboxes hold of a queue, as the disk would show it. */
async function stored({ mailboxes }: Awaited<ReturnType<typeof harness>>): Promise<string> {
  const bodies: string[] = [];
  for (const box of mailboxes.boxes('sqs/')) {
    for (const { id } of mailboxes.entries(box)) bodies.push((await mailboxes.body(box, id))!.toString('latin1'));
  }
  return bodies.join();
}

test('messages are encrypted with the server’s key, unless a queue is told not to', async () => {
  const sqs = await harness();
  const QueueUrl = await sqs.create('q');
  await sqs.send(QueueUrl, SECRET);
  expect(await stored(sqs)).not.toContain(SECRET);
  await sqs.call('SetQueueAttributes', { QueueUrl, Attributes: { SqsManagedSseEnabled: 'false' } });
  await sqs.send(QueueUrl, `open: ${SECRET}`);
  expect(await stored(sqs)).toContain(`open: ${SECRET}`);
  await sqs.restart();
  expect(await sqs.receive(QueueUrl)).toEqual([SECRET, `open: ${SECRET}`]);
  expect(sqs.kms.asked).toEqual([]);
});

test('a queue with a key of KMS asks it for who sends and who receives, and uses an answer for a while', async () => {
  const sqs = await harness();
  const QueueUrl = await sqs.create('q', { KmsMasterKeyId: 'alias/mine', VisibilityTimeout: '0' });
  const { Attributes } = await sqs.call('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
  expect(Attributes).toMatchObject({
    ...{ KmsMasterKeyId: 'alias/mine', KmsDataKeyReusePeriodSeconds: '300', SqsManagedSseEnabled: 'false' },
  });
  for (const n of [1, 2]) await sqs.send(QueueUrl, `${SECRET} ${n}`);
  expect(await stored(sqs)).not.toContain(SECRET);
  expect(await sqs.receive(QueueUrl)).toHaveLength(2);
  expect(sqs.kms.asked.map(({ operation, who }) => [operation, who])).toEqual([
    ['GenerateDataKey', 'alice'],
    ['Decrypt', 'alice'],
  ]);
  expect(sqs.kms.asked[0]!.request).toMatchObject({
    service: 'sqs.amazonaws.com',
    keyId: `arn:aws:kms:us-east-1:${ACCOUNT}:alias/mine`,
    encryptionContext: { 'aws:sqs:arn': arn('q') },
  });
  await sqs.clock.advance(300_000);
  sqs.kms.refused.add('alice');
  expect(await sqs.codeOf('SendMessage', { QueueUrl, MessageBody: 'x' })).toBe('KmsAccessDenied');
  expect(await sqs.codeOf('ReceiveMessage', { QueueUrl, VisibilityTimeout: 1000 })).toBe('KmsAccessDenied');
  const bob = await sqs.call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 }, user('bob'));
  expect(bob.Messages).toHaveLength(2);
});

test('what a queue is encrypted with can be changed, one at a time', async () => {
  const sqs = await harness();
  const QueueUrl = await sqs.create('q');
  const set = (Attributes: object) => sqs.codeOf('SetQueueAttributes', { QueueUrl, Attributes });
  expect(await set({ KmsMasterKeyId: 'k', SqsManagedSseEnabled: 'true' })).toBe('InvalidAttributeValue');
  await sqs.send(QueueUrl, '1');
  expect(await set({ KmsMasterKeyId: 'k' })).toBe('ok');
  await sqs.send(QueueUrl, '2');
  expect(await set({ SqsManagedSseEnabled: 'true' })).toBe('ok');
  await sqs.send(QueueUrl, '3');
  expect(await sqs.receive(QueueUrl)).toEqual(['1', '2', '3']);
  expect(sqs.kms.asked).toHaveLength(2);
});

test('dead letters and messages on their way back stay as they were encrypted', async () => {
  const sqs = await harness();
  const dead = await sqs.create('dead');
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn('dead'), maxReceiveCount: 1 });
  const source = await sqs.create('source', { RedrivePolicy, KmsMasterKeyId: 'k', VisibilityTimeout: '0' });
  await sqs.send(source, SECRET);
  await sqs.receive(source);
  expect(await sqs.receive(source)).toEqual([]);
  expect(await stored(sqs)).not.toContain(SECRET);
  expect(await sqs.receive(dead, { VisibilityTimeout: 0 })).toEqual([SECRET]);
  await sqs.call('StartMessageMoveTask', { SourceArn: arn('dead') });
  await sqs.clock.advance(1_000);
  expect(await sqs.receive(source)).toEqual([SECRET]);
});
