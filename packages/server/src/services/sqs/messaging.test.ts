import { describe, expect, test } from 'vitest';
import { Pushback } from '../../base/errors.ts';
import { ACCOUNT, harness } from './testing/harness.ts';

const arn = (name: string) => `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`;
const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('standard queues', () => {
  test('give each message out, hide it, and give it out again', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q');
    const attributes = { a: { DataType: 'String', StringValue: 'x' }, 'p.b': { DataType: 'Number', StringValue: '1' } };
    await sqs.send(QueueUrl, 'one', { MessageAttributes: attributes });
    const [first] = await sqs.take(QueueUrl, { MessageAttributeNames: ['p.*'], AttributeNames: ['All'] });
    expect(first.MessageAttributes).toEqual({ 'p.b': attributes['p.b'] });
    expect(first.Attributes).toEqual({
      SenderId: 'AIDAALICEXXXXXXXXXXXXXXXX'.slice(0, 21),
      SentTimestamp: String(sqs.clock.now()),
      ApproximateReceiveCount: '1',
      ApproximateFirstReceiveTimestamp: String(sqs.clock.now()),
    });
    expect(await sqs.receive(QueueUrl)).toEqual([]);
    expect(await sqs.counts(QueueUrl)).toEqual([0, 1, 0]);
    await sqs.clock.advance(30_000);
    const [second] = await sqs.take(QueueUrl, { AttributeNames: ['ApproximateReceiveCount'] });
    expect(second.Attributes).toEqual({ ApproximateReceiveCount: '2' });
    expect(second.ReceiptHandle).not.toBe(first.ReceiptHandle);
    await sqs.call('ChangeMessageVisibility', { QueueUrl, ReceiptHandle: second.ReceiptHandle, VisibilityTimeout: 0 });
    const [third] = await sqs.take(QueueUrl);
    await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle: third.ReceiptHandle });
    await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle: third.ReceiptHandle });
    expect(await sqs.counts(QueueUrl)).toEqual([0, 0, 0]);
    expect(
      await sqs.codeOf('ChangeMessageVisibility', {
        QueueUrl,
        ReceiptHandle: third.ReceiptHandle,
        VisibilityTimeout: 1,
      }),
    ).toBe('InvalidParameterValue');
    expect(await sqs.codeOf('DeleteMessage', { QueueUrl, ReceiptHandle: 'AAAA' })).toBe('ReceiptHandleIsInvalid');
    const other = await sqs.create('other');
    expect(await sqs.codeOf('DeleteMessage', { QueueUrl: other, ReceiptHandle: third.ReceiptHandle })).toBe(
      'ReceiptHandleIsInvalid',
    );
  });

  test('hold no message hidden for more than twelve hours', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q');
    await sqs.send(QueueUrl, 'x');
    const [{ ReceiptHandle }] = await sqs.take(QueueUrl);
    const hide = (VisibilityTimeout: number) =>
      sqs.codeOf('ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout });
    expect(await hide(43_201)).toBe('InvalidParameterValue');
    await sqs.clock.advance(10_000);
    expect(await hide(43_195)).toBe('InvalidParameterValue');
    expect(await hide(43_190)).toBe('ok');
    await sqs.clock.advance(43_190_000);
    expect(await hide(10)).toBe('MessageNotInflight');
  });

  test('delay messages', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q', { DelaySeconds: '10' });
    await sqs.send(QueueUrl, 'late');
    await sqs.send(QueueUrl, 'now', { DelaySeconds: 0 });
    expect(await sqs.counts(QueueUrl)).toEqual([1, 0, 1]);
    expect(await sqs.receive(QueueUrl)).toEqual(['now']);
    await sqs.restart();
    expect(await sqs.receive(QueueUrl)).toEqual([]);
    await sqs.clock.advance(10_000);
    expect(await sqs.receive(QueueUrl)).toEqual(['late']);
  });

  test('make receivers wait: until a message comes, becomes due, the time is over, or they go', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q');
    const waiting = sqs.receive(QueueUrl, { WaitTimeSeconds: 20 });
    await tick();
    await sqs.send(QueueUrl, 'came');
    expect(await waiting).toEqual(['came']);

    const due = sqs.receive(QueueUrl, { WaitTimeSeconds: 20 });
    await sqs.send(QueueUrl, 'delayed', { DelaySeconds: 5 });
    await sqs.clock.advance(6_000);
    expect(await due).toEqual(['delayed']);

    const over = sqs.receive(QueueUrl, { WaitTimeSeconds: 3 });
    await tick();
    await sqs.clock.advance(3_000);
    expect(await over).toEqual([]);

    const gone = new AbortController();
    const lost = sqs.call('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 }, undefined, gone.signal);
    const stays = sqs.receive(QueueUrl, { WaitTimeSeconds: 20 });
    await tick();
    const sent = sqs.send(QueueUrl, 'for who stays');
    gone.abort();
    await sent;
    expect(await lost).toEqual({});
    expect(await stays).toEqual(['for who stays']);
  });

  test('share messages out among receivers that wait', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q', { ReceiveMessageWaitTimeSeconds: '20' });
    const receivers = Array.from({ length: 5 }, () => sqs.receive(QueueUrl, { MaxNumberOfMessages: 1 }));
    await tick();
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((body) => sqs.send(QueueUrl, body)));
    expect((await Promise.all(receivers)).flat().sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('forget messages that are too old', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q', { MessageRetentionPeriod: '60' });
    await sqs.send(QueueUrl, 'old');
    await sqs.clock.advance(30_000);
    await sqs.send(QueueUrl, 'young');
    await sqs.clock.advance(35_000);
    expect(await sqs.counts(QueueUrl)).toEqual([1, 0, 0]);
    expect(await sqs.receive(QueueUrl)).toEqual(['young']);
    // A clock that is set ahead by a year makes nothing old.
    await sqs.send(QueueUrl, 'kept');
    sqs.clock.jump(365 * 86_400_000);
    await sqs.clock.advance(10_000);
    expect(await sqs.counts(QueueUrl)).toEqual([1, 1, 0]);
  });

  test('keep what was received and hidden over a restart', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q');
    for (const body of ['a', 'b']) await sqs.send(QueueUrl, body);
    const [a] = await sqs.take(QueueUrl, { MaxNumberOfMessages: 1, VisibilityTimeout: 100 });
    await sqs.restart();
    expect(await sqs.counts(QueueUrl)).toEqual([1, 1, 0]);
    await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle: a.ReceiptHandle });
    expect(await sqs.receive(QueueUrl)).toEqual(['b']);
  });

  test('take batches, each entry for itself', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q');
    const entries = (...bodies: string[]) => ({
      QueueUrl,
      Entries: bodies.map((MessageBody, i) => ({ Id: `e${i}`, MessageBody })),
    });
    const sent = await sqs.call('SendMessageBatch', entries('a', '\u0000', 'b'));
    expect(sent.Successful.map(({ Id }: { Id: string }) => Id)).toEqual(['e0', 'e2']);
    expect(sent.Failed).toMatchObject([{ Id: 'e1', Code: 'InvalidMessageContents', SenderFault: true }]);
    expect(await sqs.codeOf('SendMessageBatch', { QueueUrl })).toBe('EmptyBatchRequest');
    expect(await sqs.codeOf('SendMessageBatch', entries(...'abcdefghijk'))).toBe('TooManyEntriesInBatchRequest');
    expect(await sqs.codeOf('SendMessageBatch', entries('x'.repeat(600_000), 'x'.repeat(600_000)))).toBe(
      'BatchRequestTooLong',
    );
    expect(
      await sqs.codeOf('SendMessageBatch', {
        QueueUrl,
        Entries: [
          { Id: 'a', MessageBody: 'x' },
          { Id: 'a', MessageBody: 'x' },
        ],
      }),
    ).toBe('BatchEntryIdsNotDistinct');
    const taken = await sqs.take(QueueUrl);
    const Entries = [...taken, { ReceiptHandle: 'x' }].map(({ ReceiptHandle }, i) => ({ Id: `d${i}`, ReceiptHandle }));
    const hidden = await sqs.call('ChangeMessageVisibilityBatch', {
      QueueUrl,
      Entries: Entries.map((one) => ({ ...one, VisibilityTimeout: 50 })),
    });
    expect(hidden.Failed).toMatchObject([{ Id: 'd2', Code: 'ReceiptHandleIsInvalid' }]);
    expect((await sqs.call('DeleteMessageBatch', { QueueUrl, Entries })).Successful).toHaveLength(2);
    expect(await sqs.counts(QueueUrl)).toEqual([0, 0, 0]);
  });

  test('can be emptied on a full disk', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q');
    await sqs.send(QueueUrl, 'x');
    const { update } = sqs.mailboxes;
    sqs.mailboxes.update = async () => {
      throw new Pushback('the disk is full');
    };
    const [{ ReceiptHandle }] = await sqs.take(QueueUrl);
    sqs.mailboxes.update = update;
    expect(await sqs.codeOf('DeleteMessage', { QueueUrl, ReceiptHandle })).toBe('ok');
  });
});

describe('FIFO queues', () => {
  const FIFO = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };

  test('keep the order of each group, and one group waits for no other', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q.fifo', FIFO);
    const numbers: string[] = [];
    for (const [body, MessageGroupId] of [
      ['a1', 'a'],
      ['a2', 'a'],
      ['b1', 'b'],
      ['a3', 'a'],
      ['b2', 'b'],
    ]) {
      numbers.push((await sqs.send(QueueUrl, body!, { MessageGroupId })).SequenceNumber);
    }
    expect([...numbers].sort()).toEqual(numbers);
    expect(numbers[0]).toMatch(/^\d{20}$/);
    const [a1] = await sqs.take(QueueUrl, { MaxNumberOfMessages: 1 });
    expect(a1.Body).toBe('a1');
    const bs = await sqs.take(QueueUrl, { AttributeNames: ['All'] });
    expect(bs.map(({ Body }) => Body)).toEqual(['b1', 'b2']);
    expect(bs[0].Attributes).toMatchObject({ MessageGroupId: 'b', SequenceNumber: numbers[2] });
    expect(await sqs.receive(QueueUrl)).toEqual([]);
    await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle: a1.ReceiptHandle });
    expect(await sqs.receive(QueueUrl, { MaxNumberOfMessages: 1 })).toEqual(['a2']);
    await sqs.clock.advance(30_000);
    await sqs.restart();
    expect(await sqs.receive(QueueUrl)).toEqual(['a2', 'a3', 'b1', 'b2']);
    expect(await sqs.codeOf('DeleteMessage', { QueueUrl, ReceiptHandle: bs[0].ReceiptHandle })).toBe(
      'InvalidParameterValue',
    );
  });

  test('a receiver that waits gets the next of a group when the one before is done', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q.fifo', FIFO);
    for (const body of ['1', '2']) await sqs.send(QueueUrl, body, { MessageGroupId: 'g' });
    const [one] = await sqs.take(QueueUrl, { MaxNumberOfMessages: 1 });
    const waiting = sqs.receive(QueueUrl, { WaitTimeSeconds: 20 });
    await tick();
    await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle: one.ReceiptHandle });
    expect(await waiting).toEqual(['2']);
  });

  test('take a message once in five minutes, also over a restart and when sent at once', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q.fifo', FIFO);
    const send = (body: string, more: object = {}) => sqs.send(QueueUrl, body, { MessageGroupId: 'g', ...more });
    const [first, same] = await Promise.all([send('x'), send('x')]);
    expect(same).toEqual(first);
    const [{ ReceiptHandle }] = await sqs.take(QueueUrl);
    await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle });
    await sqs.restart();
    expect(await send('x', { MessageGroupId: 'h' })).toEqual(first);
    expect(await send('y', { MessageDeduplicationId: 'other' })).not.toEqual(first);
    expect(await send('z', { MessageDeduplicationId: 'other' })).toMatchObject({
      MD5OfMessageBody: expect.any(String),
    });
    expect(await sqs.counts(QueueUrl)).toEqual([1, 0, 0]);
    await sqs.clock.advance(310_000);
    expect((await send('x')).MessageId).not.toBe(first.MessageId);
    expect(sqs.mailboxes.boxes('sqs/').map((box) => sqs.mailboxes.size(box).count)).toEqual([2, 1]);
  });

  test('deduplicate by group where they are told to', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q.fifo', {
      ...FIFO,
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    });
    for (const MessageGroupId of ['a', 'b', 'a']) await sqs.send(QueueUrl, 'same', { MessageGroupId });
    expect(await sqs.counts(QueueUrl)).toEqual([2, 0, 0]);
  });

  test('want a group, and an id unless the body is one', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q.fifo', { FifoQueue: 'true' });
    const code = (more: object) => sqs.codeOf('SendMessage', { QueueUrl, MessageBody: 'x', ...more });
    expect(await code({})).toBe('MissingParameter');
    expect(await code({ MessageGroupId: 'g' })).toBe('InvalidParameterValue');
    expect(await code({ MessageGroupId: 'g', MessageDeduplicationId: 'd', DelaySeconds: 1 })).toBe(
      'InvalidParameterValue',
    );
    expect(await code({ MessageGroupId: 'g g', MessageDeduplicationId: 'd' })).toBe('InvalidParameterValue');
    expect(await code({ MessageGroupId: 'g', MessageDeduplicationId: 'd' })).toBe('ok');
  });

  test('answer an attempt again with what it took', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q.fifo', FIFO);
    for (const body of ['1', '2']) await sqs.send(QueueUrl, body, { MessageGroupId: 'g' });
    const attempt = { ReceiveRequestAttemptId: 'attempt', MaxNumberOfMessages: 1 };
    const first = await sqs.take(QueueUrl, attempt);
    expect(await sqs.take(QueueUrl, attempt)).toEqual(first);
    await sqs.call('DeleteMessage', { QueueUrl, ReceiptHandle: first[0].ReceiptHandle });
    expect(await sqs.receive(QueueUrl, attempt)).toEqual(['2']);
  });
});

describe('dead-letter queues', () => {
  async function withDeadLetters(suffix = '') {
    const sqs = await harness();
    const fifo = suffix === '' ? {} : { FifoQueue: 'true', ContentBasedDeduplication: 'true' };
    const dead = await sqs.create(`dead${suffix}`, fifo);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn(`dead${suffix}`), maxReceiveCount: 2 });
    const source = await sqs.create(`source${suffix}`, { ...fifo, RedrivePolicy, VisibilityTimeout: '1' });
    return { sqs, dead, source };
  }

  test('get what was received too often', async () => {
    for (const suffix of ['', '.fifo']) {
      const { sqs, dead, source } = await withDeadLetters(suffix);
      const { MessageId } = await sqs.send(source, 'poison', suffix === '' ? {} : { MessageGroupId: 'g' });
      for (const _ of [1, 2]) {
        expect(await sqs.receive(source)).toEqual(['poison']);
        await sqs.clock.advance(1_000);
      }
      const waiting = sqs.receive(dead, { WaitTimeSeconds: 20, VisibilityTimeout: 0 });
      await tick();
      expect(await sqs.receive(source)).toEqual([]);
      expect(await waiting).toEqual(['poison']);
      expect(await sqs.counts(source)).toEqual([0, 0, 0]);
      await sqs.restart();
      const [moved] = await sqs.take(dead, { AttributeNames: ['All'] });
      expect(moved).toMatchObject({
        MessageId,
        Attributes: { DeadLetterQueueSourceArn: arn(`source${suffix}`), ApproximateReceiveCount: '4' },
      });
    }
  });

  test('are known, and say who may use them', async () => {
    const { sqs, dead, source } = await withDeadLetters();
    expect(await sqs.call('ListDeadLetterSourceQueues', { QueueUrl: dead })).toEqual({ queueUrls: [source] });
    await sqs.call('SetQueueAttributes', {
      QueueUrl: dead,
      Attributes: { RedriveAllowPolicy: '{"redrivePermission":"denyAll"}' },
    });
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn('dead'), maxReceiveCount: 1 });
    expect(await sqs.codeOf('CreateQueue', { QueueName: 'more', Attributes: { RedrivePolicy } })).toBe(
      'InvalidAttributeValue',
    );
    const byQueue = { redrivePermission: 'byQueue', sourceQueueArns: [arn('more')] };
    await sqs.call('SetQueueAttributes', {
      QueueUrl: dead,
      Attributes: { RedriveAllowPolicy: JSON.stringify(byQueue) },
    });
    expect(await sqs.codeOf('CreateQueue', { QueueName: 'more', Attributes: { RedrivePolicy } })).toBe('ok');
    expect(await sqs.codeOf('CreateQueue', { QueueName: 'other', Attributes: { RedrivePolicy } })).toBe(
      'InvalidAttributeValue',
    );
  });

  test('give their messages back to where they came from', async () => {
    const { sqs, dead, source } = await withDeadLetters();
    for (let i = 0; i < 25; i++) await sqs.send(source, `m${i}`);
    for (let i = 0; i < 12; i++) {
      await sqs.receive(source);
      await sqs.clock.advance(1_000);
    }
    expect(await sqs.counts(dead)).toEqual([25, 0, 0]);
    expect(await sqs.codeOf('StartMessageMoveTask', { SourceArn: arn('source') })).toBe('InvalidParameterValue');
    expect(await sqs.codeOf('StartMessageMoveTask', { SourceArn: arn('none') })).toBe('ResourceNotFoundException');
    const { TaskHandle } = await sqs.call('StartMessageMoveTask', {
      SourceArn: arn('dead'),
      MaxNumberOfMessagesPerSecond: 10,
    });
    expect(await sqs.codeOf('StartMessageMoveTask', { SourceArn: arn('dead') })).toBe('UnsupportedOperation');
    const status = async () => (await sqs.call('ListMessageMoveTasks', { SourceArn: arn('dead') })).Results[0];
    expect(await status()).toMatchObject({ Status: 'RUNNING', TaskHandle, ApproximateNumberOfMessagesToMove: 25 });
    await sqs.clock.advance(500);
    await sqs.restart();
    await sqs.clock.advance(10_000);
    expect(await status()).toMatchObject({ Status: 'COMPLETED' });
    expect(await sqs.counts(source)).toEqual([25, 0, 0]);
    const [again] = await sqs.take(source, { AttributeNames: ['All'] });
    expect(again.Attributes).toMatchObject({ ApproximateReceiveCount: '1' });
    expect(await sqs.codeOf('CancelMessageMoveTask', { TaskHandle })).toBe('ResourceNotFoundException');
  });
});
