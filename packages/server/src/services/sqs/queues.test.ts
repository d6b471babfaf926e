import { describe, expect, test } from 'vitest';
import { ACCOUNT, alice, harness, OTHER, user } from './testing/harness.ts';

const eve = user('eve', OTHER);
const arn = (name: string, account = ACCOUNT) => `arn:aws:sqs:us-east-1:${account}:${name}`;

describe('queues', () => {
  test('are made, found, listed, changed and deleted', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('audit', { VisibilityTimeout: '60' });
    expect(QueueUrl).toBe(`http://localhost:4570/${ACCOUNT}/audit`);
    expect(await sqs.create('audit')).toBe(QueueUrl);
    expect(await sqs.create('audit', { VisibilityTimeout: '60' })).toBe(QueueUrl);
    expect(await sqs.codeOf('CreateQueue', { QueueName: 'audit', Attributes: { VisibilityTimeout: '61' } })).toBe(
      'QueueNameExists',
    );
    expect(await sqs.call('GetQueueUrl', { QueueName: 'audit' })).toEqual({ QueueUrl });
    await sqs.create('b', { SqsManagedSseEnabled: 'True' });
    await sqs.create('bb.fifo', { FifoQueue: 'true' });
    expect((await sqs.call('ListQueues', { QueueNamePrefix: 'b' })).QueueUrls).toHaveLength(2);
    const first = await sqs.call('ListQueues', { MaxResults: 2 });
    const second = await sqs.call('ListQueues', { MaxResults: 2, NextToken: first.NextToken });
    expect([...first.QueueUrls, ...second.QueueUrls]).toHaveLength(3);
    expect(second.NextToken).toBeUndefined();
    await sqs.call('SetQueueAttributes', { QueueUrl, Attributes: { DelaySeconds: '5', VisibilityTimeout: '' } });
    await sqs.restart();
    const { Attributes } = await sqs.call('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
    expect(Attributes).toMatchObject({
      QueueArn: arn('audit'),
      DelaySeconds: '5',
      VisibilityTimeout: '30',
      SqsManagedSseEnabled: 'true',
    });
    expect(await sqs.call('GetQueueAttributes', { QueueUrl, AttributeNames: ['DelaySeconds'] })).toEqual({
      Attributes: { DelaySeconds: '5' },
    });
    expect(await sqs.call('GetQueueAttributes', { QueueUrl })).toEqual({});
    await sqs.send(QueueUrl, 'gone');
    await sqs.call('DeleteQueue', { QueueUrl });
    expect(await sqs.codeOf('GetQueueUrl', { QueueName: 'audit' })).toBe('QueueDoesNotExist');
    await sqs.create('audit');
    expect(await sqs.receive(QueueUrl)).toEqual([]);
  });

  test('two that make one at once make one', async () => {
    const sqs = await harness();
    const urls = await Promise.all(Array.from({ length: 5 }, () => sqs.create('one')));
    expect(new Set(urls).size).toBe(1);
    for (const body of ['a', 'b']) await sqs.send(urls[0]!, body);
    expect(await sqs.receive(urls[0]!)).toEqual(['a', 'b']);
  });

  test('refuse what is no name, address or attribute', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q');
    for (const QueueName of ['', 'a b', 'x'.repeat(81), 'a.b', 'a.fifo']) {
      expect([QueueName, await sqs.codeOf('CreateQueue', { QueueName })]).toEqual([QueueName, 'InvalidParameterValue']);
    }
    expect(await sqs.codeOf('CreateQueue', {})).toBe('MissingParameter');
    expect(await sqs.codeOf('SendMessage', { MessageBody: 'x' })).toBe('MissingParameter');
    expect(await sqs.codeOf('SendMessage', { QueueUrl: 'http://x/y/z/w', MessageBody: 'x' })).toBe('InvalidAddress');
    expect(await sqs.codeOf('SendMessage', { QueueUrl: `http://x/${ACCOUNT}/absent`, MessageBody: 'x' })).toBe(
      'QueueDoesNotExist',
    );
    for (const [name, value, code] of [
      ['DelaySeconds', '901', 'InvalidAttributeValue'],
      ['DelaySeconds', '1.5', 'InvalidAttributeValue'],
      ['VisibilityTimeout', '-1', 'InvalidAttributeValue'],
      ['MaximumMessageSize', '1023', 'InvalidAttributeValue'],
      ['MessageRetentionPeriod', '59', 'InvalidAttributeValue'],
      ['Policy', '{"no":"policy"}', 'InvalidAttributeValue'],
      ['RedrivePolicy', 'x', 'InvalidAttributeValue'],
      ['RedrivePolicy', JSON.stringify({ deadLetterTargetArn: arn('q'), maxReceiveCount: 1 }), 'InvalidAttributeValue'],
      [
        'RedrivePolicy',
        JSON.stringify({ deadLetterTargetArn: arn('absent'), maxReceiveCount: 1 }),
        'InvalidAttributeValue',
      ],
      [
        'RedrivePolicy',
        JSON.stringify({ deadLetterTargetArn: arn('q', OTHER), maxReceiveCount: 1 }),
        'InvalidAttributeValue',
      ],
      ['RedriveAllowPolicy', '{"redrivePermission":"some"}', 'InvalidAttributeValue'],
      ['ContentBasedDeduplication', 'true', 'InvalidAttributeValue'],
      ['KmsMasterKeyId', 'x'.repeat(2049), 'InvalidAttributeValue'],
      ['FifoQueue', 'true', 'InvalidAttributeName'],
      ['QueueArn', 'x', 'InvalidAttributeName'],
      ['constructor', 'x', 'InvalidAttributeName'],
    ]) {
      expect([
        name,
        value,
        await sqs.codeOf('SetQueueAttributes', { QueueUrl, Attributes: { [name!]: value } }),
      ]).toEqual([name, value, code]);
    }
    expect(await sqs.codeOf('GetQueueAttributes', { QueueUrl, AttributeNames: ['x'] })).toBe('InvalidAttributeName');
  });

  test('have tags', async () => {
    const sqs = await harness();
    const { QueueUrl } = await sqs.call('CreateQueue', { QueueName: 'q', tags: { a: '1' } });
    await sqs.call('TagQueue', { QueueUrl, Tags: { b: '2', c: '' } });
    await sqs.call('UntagQueue', { QueueUrl, TagKeys: ['a'] });
    expect(await sqs.call('ListQueueTags', { QueueUrl })).toEqual({ Tags: { b: '2', c: '' } });
    expect(await sqs.codeOf('TagQueue', { QueueUrl, Tags: { 'aws:x': '1' } })).toBe('InvalidParameterValue');
  });

  test('are emptied at once, once a minute', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q');
    for (const body of ['a', 'b', 'c']) await sqs.send(QueueUrl, body);
    await sqs.take(QueueUrl, { MaxNumberOfMessages: 1 });
    await sqs.call('PurgeQueue', { QueueUrl });
    expect(await sqs.counts(QueueUrl)).toEqual([0, 0, 0]);
    expect(await sqs.codeOf('PurgeQueue', { QueueUrl })).toBe('PurgeQueueInProgress');
    await sqs.clock.advance(60_000);
    expect(await sqs.codeOf('PurgeQueue', { QueueUrl })).toBe('ok');
  });
});

describe('who may', () => {
  const policy = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
  const let_in = (Principal: unknown, Action: string, Condition?: object) =>
    policy({ Effect: 'Allow', Principal, Action, Resource: arn('q'), ...(Condition && { Condition }) });

  test('every operation says what it needs', async () => {
    const { service } = await harness();
    expect(Object.keys(service.permissions!).sort()).toEqual(Object.keys(service.operations).sort());
    expect(Object.keys(service.operations).sort()).toEqual(Object.keys(service.schema.operations).sort());
  });

  test('another account needs the queue’s policy, and gets no more than can be given', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q');
    const send = { QueueUrl, MessageBody: 'x' };
    expect(await sqs.codeOf('SendMessage', send, eve)).toBe('AccessDenied');
    expect(await sqs.codeOf('GetQueueUrl', { QueueName: 'absent', QueueOwnerAWSAccountId: ACCOUNT }, eve)).toBe(
      'AccessDenied',
    );
    await sqs.call('AddPermission', {
      QueueUrl,
      Label: 'eve',
      AWSAccountIds: [OTHER],
      Actions: ['SendMessage', 'GetQueueUrl'],
    });
    expect(await sqs.codeOf('AddPermission', { QueueUrl, Label: 'eve', AWSAccountIds: [OTHER], Actions: ['*'] })).toBe(
      'InvalidParameterValue',
    );
    expect(await sqs.codeOf('SendMessage', send, eve)).toBe('ok');
    expect(await sqs.codeOf('SendMessageBatch', { QueueUrl, Entries: [{ Id: 'a', MessageBody: 'x' }] }, eve)).toBe(
      'ok',
    );
    expect(await sqs.codeOf('GetQueueUrl', { QueueName: 'q', QueueOwnerAWSAccountId: ACCOUNT }, eve)).toBe('ok');
    expect(await sqs.codeOf('ReceiveMessage', { QueueUrl }, eve)).toBe('AccessDenied');
    await sqs.call('SetQueueAttributes', { QueueUrl, Attributes: { Policy: let_in('*', 'sqs:*') } });
    expect(await sqs.codeOf('ReceiveMessage', { QueueUrl }, eve)).toBe('ok');
    for (const operation of ['DeleteQueue', 'SetQueueAttributes', 'ListQueueTags', 'RemovePermission']) {
      expect([operation, await sqs.codeOf(operation, { QueueUrl, Attributes: {}, Label: 'x' }, eve)]).toEqual([
        operation,
        'AccessDenied',
      ]);
    }
    await sqs.call('SetQueueAttributes', { QueueUrl, Attributes: { Policy: '' } });
    expect(await sqs.codeOf('SendMessage', send, eve)).toBe('AccessDenied');
    expect(await sqs.codeOf('RemovePermission', { QueueUrl, Label: 'eve' })).toBe('InvalidParameterValue');
  });

  test('a policy lets in who has no rights of their own, and denies who has', async () => {
    const none = await harness({ policiesOf: async () => ({ identity: [], tags: {} }) });
    expect(await none.codeOf('CreateQueue', { QueueName: 'q' })).toBe('AccessDenied');
    const root = { ...alice, arn: `arn:aws:iam::${ACCOUNT}:root`, principal: { kind: 'root' as const } };
    const { QueueUrl } = await none.call(
      'CreateQueue',
      { QueueName: 'q', Attributes: { Policy: let_in({ AWS: alice.arn }, 'sqs:SendMessage') } },
      root,
    );
    expect(await none.codeOf('SendMessage', { QueueUrl, MessageBody: 'x' })).toBe('ok');
    expect(await none.codeOf('ReceiveMessage', { QueueUrl })).toBe('AccessDenied');
  });

  test('services send under the queue’s policy alone', async () => {
    const sqs = await harness();
    const QueueUrl = await sqs.create('q');
    const topic = `arn:aws:sns:us-east-1:${ACCOUNT}:topic`;
    const actor = { service: 'sns.amazonaws.com', sourceArn: topic, sourceAccount: ACCOUNT };
    const message = { body: 'from a topic', attributes: { a: { type: 'Binary', value: 'AAE=' } } };
    await expect(sqs.queues.send(arn('q'), message, actor)).rejects.toThrow('sns.amazonaws.com is not authorized');
    const Policy = let_in({ Service: 'sns.amazonaws.com' }, 'sqs:SendMessage', {
      ArnEquals: { 'aws:SourceArn': topic },
    });
    await sqs.call('SetQueueAttributes', { QueueUrl, Attributes: { Policy } });
    expect(await sqs.queues.check(arn('q'), actor)).toBeUndefined();
    const { messageId } = await sqs.queues.send(arn('q'), message, actor);
    expect(await sqs.queues.check(arn('q'), { ...actor, sourceArn: `${topic}2` })).toContain(
      'no resource-based policy',
    );
    await expect(sqs.queues.send(arn('none'), message, actor)).rejects.toMatchObject({ code: 'QueueDoesNotExist' });
    const [got] = await sqs.take(QueueUrl, { MessageAttributeNames: ['All'] });
    expect(got).toMatchObject({ MessageId: messageId, Body: 'from a topic' });
    expect(got.MessageAttributes.a.BinaryValue).toEqual(Buffer.from([0, 1]));
  });
});
