import { afterAll, expect } from 'vitest';
import { aws, awsRaw, boto3, eventually, testWith } from './support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { isAuthentic, type Subscriber, startSubscriber } from './support/sns-subscriber.ts';

const subscribers: Subscriber[] = [];
afterAll(async () => {
  for (const subscriber of subscribers) subscriber.close();
  await cleanUp();
});

async function subscriber(): Promise<Subscriber> {
  const made = await startSubscriber();
  subscribers.push(made);
  return made;
}

const snsOf =
  (server: RunningOpenTrail) =>
  <T = Record<string, never>>(...args: string[]) =>
    aws<T>(server.env, 'sns', ...args);

interface Topic {
  readonly TopicArn: string;
}
interface Subscription {
  readonly SubscriptionArn: string;
}

/** Waits until the endpoint has confirmed. @returns the subscription's ARN */
async function confirmed(server: RunningOpenTrail, topicArn: string, endpoint: string, attributes: object = {}) {
  const sns = snsOf(server);
  const given = Object.keys(attributes).length > 0 ? ['--attributes', JSON.stringify(attributes)] : [];
  const to = ['--topic-arn', topicArn, '--protocol', 'http', '--notification-endpoint', endpoint];
  const made = await sns<Subscription>('subscribe', ...to, '--return-subscription-arn', ...given);
  const arn = made.SubscriptionArn;
  await eventually(async () => {
    const shown = await sns<{ Attributes: { PendingConfirmation: string } }>(
      'get-subscription-attributes',
      ...['--subscription-arn', arn],
    );
    return shown.Attributes.PendingConfirmation === 'false';
  }, 'the subscriber confirms');
  return arn;
}

const FAST = {
  DeliveryPolicy: JSON.stringify({
    healthyRetryPolicy: { minDelayTarget: 1, maxDelayTarget: 1, numRetries: 3, numNoDelayRetries: 2 },
  }),
};

testWith(
  ['aws'],
  'AWS CLI: a subscriber confirms by itself, verifies signatures of both versions, is tried again after 500s, and leaves by a link',
  async () => {
    const server = await startOpenTrail();
    const sns = snsOf(server);
    const hook = await subscriber();
    const { TopicArn: arn } = await sns<Topic>('create-topic', '--name', 'audit', '--tags', 'Key=team,Value=audit');
    expect(arn).toBe('arn:aws:sns:us-east-1:123456789012:audit');
    await confirmed(server, arn, hook.url, FAST);
    const { MessageId } = await sns<{ MessageId: string }>(
      ...['publish', '--topic-arn', arn, '--message', 'grüße\n"quoted"', '--subject', 'Hello'],
      ...['--message-attributes', '{"level":{"DataType":"String","StringValue":"high"}}'],
    );
    await eventually(async () => hook.received.length === 1, 'the message comes');
    const [first] = hook.received;
    expect(first!.message).toMatchObject({
      ...{ Type: 'Notification', MessageId, TopicArn: arn, Subject: 'Hello', Message: 'grüße\n"quoted"' },
      ...{ SignatureVersion: '1', MessageAttributes: { level: { Type: 'String', Value: 'high' } } },
    });
    expect(first!.headers).toMatchObject({
      'x-amz-sns-message-type': 'Notification',
      'x-amz-sns-message-id': MessageId,
      'x-amz-sns-topic-arn': arn,
      'content-type': 'text/plain; charset=UTF-8',
    });

    await sns(
      'set-topic-attributes',
      '--topic-arn',
      arn,
      '--attribute-name',
      'SignatureVersion',
      '--attribute-value',
      '2',
    );
    hook.answers.push(500, 503);
    await sns('publish', '--topic-arn', arn, '--message', 'again');
    await eventually(async () => hook.received.length === 4, 'the message comes thrice');
    const tries = hook.received.slice(1).map(({ message }) => message!);
    expect(new Set(tries.map(({ MessageId: id }) => id)).size).toBe(1);
    expect(tries[2]).toMatchObject({ Message: 'again', SignatureVersion: '2' });

    const left = await fetch(tries[2]!.UnsubscribeURL!);
    expect([left.status, await left.text()]).toEqual([200, expect.stringContaining('<UnsubscribeResponse')]);
    expect(await sns('list-subscriptions-by-topic', '--topic-arn', arn)).toEqual({ Subscriptions: [] });

    const refused = async (...args: string[]) => (await awsRaw(server.env, 'sns', ...args)).stderr;
    expect(await refused('publish', '--topic-arn', `${arn}x`, '--message', 'x')).toContain('(NotFound)');
    expect(await refused('publish', '--topic-arn', arn, '--message', '')).toContain('(InvalidParameter)');
    expect(
      await refused(
        'subscribe',
        '--topic-arn',
        arn,
        '--protocol',
        'email',
        '--notification-endpoint',
        'ops@example.com',
      ),
    ).toContain('--smtp-url');
    const unsigned = await fetch(`${server.endpoint}/?Action=ListTopics&Version=2010-03-31`);
    expect([unsigned.status, await unsigned.text()]).toEqual([
      403,
      expect.stringContaining('MissingAuthenticationToken'),
    ]);

    const looked = await eventually(async () => {
      const found = await aws<{ Events: { EventName: string; CloudTrailEvent: string }[] }>(
        server.env,
        ...[
          'cloudtrail',
          'lookup-events',
          '--lookup-attributes',
          'AttributeKey=EventSource,AttributeValue=sns.amazonaws.com',
        ],
      );
      return found.Events.some(({ EventName }) => EventName === 'Unsubscribe') && found.Events;
    }, 'records of the calls');
    const names = looked.map(({ EventName }) => EventName);
    expect(names).toEqual(
      expect.arrayContaining(['CreateTopic', 'Subscribe', 'ConfirmSubscription', 'SetTopicAttributes']),
    );
    expect(names).not.toContain('Publish'); // a data event
    await server.stop();
  },
  300_000,
);

testWith(
  ['boto3'],
  'boto3: filter policies, batches, pages of topics, permissions for another account',
  async () => {
    const server = await startOpenTrail();
    const [high, all] = [await subscriber(), await subscriber()];
    const { TopicArn: arn } = await snsOf(server)<Topic>('create-topic', '--name', 'filtered');
    await confirmed(server, arn, high.url, {
      RawMessageDelivery: 'true',
      FilterPolicyScope: 'MessageBody',
      FilterPolicy: JSON.stringify({ detail: { severity: [{ numeric: ['>=', 7] }] } }),
    });
    await confirmed(server, arn, all.url, { FilterPolicy: JSON.stringify({ kind: [{ 'anything-but': 'noise' }] }) });
    const result = await boto3<Record<string, unknown>>(
      server.env,
      `
sns = client('sns')
arn = '${arn}'
done = sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=[
  {'Id': str(i), 'Message': json.dumps({'detail': {'severity': i}}),
   'MessageAttributes': {'kind': {'DataType': 'String', 'StringValue': 'noise' if i % 2 else 'signal'}}} for i in range(10)])
for i in range(120):
  sns.create_topic(Name='t%03d' % i)
topics = [t['TopicArn'] for page in sns.get_paginator('list_topics').paginate() for t in page['Topics']]
sns.add_permission(TopicArn=arn, Label='other', AWSAccountId=['210987654321'], ActionName=['Publish'])
policy = json.loads(sns.get_topic_attributes(TopicArn=arn)['Attributes']['Policy'])
try:
  sns.set_subscription_attributes(SubscriptionArn=sns.list_subscriptions()['Subscriptions'][0]['SubscriptionArn'],
    AttributeName='FilterPolicy', AttributeValue='{"a": [{"odd": 1}]}')
except sns.exceptions.InvalidParameterException as e:
  refused = str(e)
print(json.dumps({'successful': len(done['Successful']), 'failed': len(done.get('Failed', [])), 'topics': len(topics),
  'sids': [s['Sid'] for s in policy['Statement']], 'refused': refused}))
`,
    );
    expect(result).toMatchObject({ successful: 10, failed: 0, topics: 121, sids: ['__default_statement_ID', 'other'] });
    expect(result.refused).toContain('FilterPolicy: Unrecognized match type odd');
    await eventually(async () => high.received.length >= 3 && all.received.length >= 5, 'what passes the filters');
    expect(high.received.map(({ body }) => JSON.parse(body).detail.severity).sort()).toEqual([7, 8, 9]);
    expect(all.received.map(({ message }) => JSON.parse(message!.Message!).detail.severity).sort()).toEqual([
      0, 2, 4, 6, 8,
    ]);
    await server.stop();
  },
  300_000,
);

testWith(
  ['boto3'],
  'boto3: queues get envelopes and bare messages, in order from FIFO topics; what fails goes to the dead-letter queue; topics with a key',
  async () => {
    const server = await startOpenTrail();
    const failing = await subscriber();
    failing.answers.push(...Array<number>(100).fill(404));
    const { TopicArn: arn } = await snsOf(server)<Topic>('create-topic', '--name', 'mixed');
    const deadArn = 'arn:aws:sqs:us-east-1:123456789012:dead';
    await confirmed(server, arn, failing.url, { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadArn }) });
    const result = await boto3<Record<string, string[]>>(
      server.env,
      `
import time
sns, sqs, kms = client('sns'), client('sqs'), client('kms')
arn = '${arn}'
def queue(name, topic, policy=True, **attributes):
  url = sqs.create_queue(QueueName=name, Attributes=attributes)['QueueUrl']
  got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['QueueArn'])['Attributes']['QueueArn']
  if policy:
    sqs.set_queue_attributes(QueueUrl=url, Attributes={'Policy': json.dumps({'Version': '2012-10-17', 'Statement': {
      'Effect': 'Allow', 'Principal': {'Service': 'sns.amazonaws.com'}, 'Action': 'sqs:SendMessage', 'Resource': got,
      'Condition': {'ArnEquals': {'aws:SourceArn': topic}}}})})
  return url, got
def receive(url, count):
  out, end = [], time.time() + 90
  while len(out) < count and time.time() < end:
    for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2, MessageAttributeNames=['All'],
        AttributeNames=['All']).get('Messages', []):
      out.append(m)
      sqs.delete_message(QueueUrl=url, ReceiptHandle=m['ReceiptHandle'])
  return out
key = kms.create_key()['KeyMetadata']['KeyId']
sns.set_topic_attributes(TopicArn=arn, AttributeName='KmsMasterKeyId', AttributeValue=key)
plain, plain_arn = queue('plain', arn)
raw, raw_arn = queue('raw', arn)
dead, _ = queue('dead', arn)
closed, closed_arn = queue('closed', arn, policy=False)
subs = [sns.subscribe(TopicArn=arn, Protocol='sqs', Endpoint=a, Attributes=x)['SubscriptionArn'] for a, x in
  [(plain_arn, {}), (raw_arn, {'RawMessageDelivery': 'true'}), (closed_arn, {})]]
sent = sns.publish(TopicArn=arn, Message='text', Subject='S', MessageAttributes={
  'a': {'DataType': 'String', 'StringValue': 'x'}, 'b': {'DataType': 'Binary', 'BinaryValue': b'\\x00\\x01'}})['MessageId']
[p], [r], [d] = receive(plain, 1), receive(raw, 1), receive(dead, 1)
fifo = sns.create_topic(Name='order.fifo', Attributes={'FifoTopic': 'true', 'ContentBasedDeduplication': 'true'})['TopicArn']
ordered, ordered_arn = queue('order.fifo', fifo, FifoQueue='true')
sns.subscribe(TopicArn=fifo, Protocol='sqs', Endpoint=ordered_arn, Attributes={'RawMessageDelivery': 'true'})
for i in range(30):
  for _ in range(2):
    sns.publish(TopicArn=fifo, Message='m%d' % i, MessageGroupId='g%d' % (i % 2))
order = receive(ordered, 30)
print(json.dumps({
  'sent': sent,
  'subs': subs,
  'plain': json.loads(p['Body']),
  'rawBody': r['Body'],
  'rawAttributes': {k: v.get('StringValue') or list(v['BinaryValue']) for k, v in r['MessageAttributes'].items()},
  'dead': json.loads(d['Body'])['MessageId'],
  'closed': len(sqs.receive_message(QueueUrl=closed).get('Messages', [])),
  'orders': {g: [m['Body'] for m in order if m['Attributes']['MessageGroupId'] == g] for g in ['g0', 'g1']},
}))
`,
    );
    expect(result).toMatchObject({
      plain: { Type: 'Notification', MessageId: result.sent, Message: 'text', Subject: 'S', TopicArn: arn },
      rawBody: 'text',
      rawAttributes: { a: 'x', b: [0, 1] },
      dead: result.sent,
      closed: 0,
      orders: {
        g0: Array.from({ length: 15 }, (_, i) => `m${2 * i}`),
        g1: Array.from({ length: 15 }, (_, i) => `m${2 * i + 1}`),
      },
    });
    expect(await isAuthentic(result.plain as never)).toBe(true);
    for (const sub of result.subs!) expect(sub).toMatch(/^arn:aws:sns:us-east-1:123456789012:mixed:/);
    expect(server.log()).toContain('SNS: a message is given up');
    await server.stop();
  },
  300_000,
);

testWith(
  ['aws'],
  'nothing acknowledged is lost when the server is killed between a publish and its delivery; who hangs holds up nobody',
  async () => {
    let server = await startOpenTrail();
    const [hangs, works, later] = [await subscriber(), await subscriber(), await subscriber()];
    const { TopicArn: arn } = await snsOf(server)<Topic>('create-topic', '--name', 'durable');
    const patient = { minDelayTarget: 1, maxDelayTarget: 1, numRetries: 100 };
    const DeliveryPolicy = JSON.stringify({ healthyRetryPolicy: patient });
    for (const { url } of [hangs, works, later]) await confirmed(server, arn, url, { DeliveryPolicy });
    hangs.answers.push(...Array<'hang'>(50).fill('hang'));
    later.answers.push(...Array<number>(1_000).fill(500));
    const sent: string[] = [];
    const publish = async (count: number) => {
      const entries = Array.from({ length: count }, (_, i) => ({ Id: `${i}`, Message: `m${sent.length + i}` }));
      const batch = ['publish-batch', '--topic-arn', arn, '--publish-batch-request-entries', JSON.stringify(entries)];
      const done = await snsOf(server)<{ Successful: { MessageId: string }[] }>(...batch);
      sent.push(...done.Successful.map(({ MessageId }) => MessageId));
    };
    await publish(10);
    await eventually(async () => idsOf(works).size === 10, 'the one that works has all, though another hangs');
    await publish(10);
    await server.kill();
    for (const { answers } of [hangs, later]) answers.splice(0);
    server = await startOpenTrail({ dataDir: server.dataDir });
    for (const [name, one] of Object.entries({ hangs, works, later })) {
      await eventually(async () => sent.every((id) => idsOf(one).has(id)), `${name} has all 20 in the end`);
    }
    expect(sent).toHaveLength(20);
    const metrics = await (await fetch(`${server.endpoint}/metrics`)).text();
    expect(metrics).toMatch(/opentrail_sns_messages_total\{protocol="http",outcome="delivered"\} \d+/);
    expect(metrics).not.toMatch(/outcome="lost"/);
    await server.stop();
  },
  300_000,
);

const idsOf = ({ received }: Subscriber): ReadonlySet<string> =>
  new Set(received.filter(({ answered }) => answered === 200).map(({ message }) => message!.MessageId!));
