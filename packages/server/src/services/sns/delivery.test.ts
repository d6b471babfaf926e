import { createVerify, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import { SendError } from '../../ports/http-sender.ts';
import { ACCOUNT, alice, type Harness, harness, nobody, OTHER, queueArn, user } from './testing/harness.ts';

const answer = (status: number) => ({ status, headers: {}, body: Buffer.alloc(0) });
const HOOK = 'http://hook.example/sns';
const bodyOf = (post: { body?: unknown } | undefined) => JSON.parse(String(post!.body));
const publish = ({ call }: Harness, TopicArn: string, Message: string, more: object = {}) =>
  call('Publish', { TopicArn, Message, ...more });

/** AWS's documented algorithm, over the certificate that the server shows. */
function isSigned(h: Harness, message: Record<string, string>): boolean {
  expect(message.SigningCertURL).toBe(`http://sns.test:4570${h.sns.certificate.path}`);
  const certificate = new X509Certificate(h.sns.certificate.pem);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  const names =
    message.Type === 'Notification'
      ? ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
      : ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
  const text = names.flatMap((name) => (name in message ? [name, message[name]] : [])).join('\n');
  const algorithm = message.SignatureVersion === '2' ? 'RSA-SHA256' : 'RSA-SHA1';
  return createVerify(algorithm).update(`${text}\n`).verify(certificate.publicKey, message.Signature!, 'base64');
}

describe('a subscriber over HTTP', () => {
  test('is asked first, then gets signed messages with headers as SNS sends them', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit');
    const subscribe = { TopicArn, Protocol: 'http', Endpoint: HOOK };
    expect(await h.call('Subscribe', subscribe)).toEqual({ SubscriptionArn: 'pending confirmation' });
    await h.settle();
    const asking = h.posts.pop()!;
    expect(asking.headers).toMatchObject({
      'x-amz-sns-message-type': 'SubscriptionConfirmation',
      'x-amz-sns-topic-arn': TopicArn,
      'content-type': 'text/plain; charset=UTF-8',
    });
    const confirmation = bodyOf(asking);
    expect(isSigned(h, confirmation)).toBe(true);
    expect(isSigned(h, { ...confirmation, Message: 'x' })).toBe(false);
    await publish(h, TopicArn, 'too early');
    await h.settle();
    expect(h.posts).toEqual([]);

    const query = new URL(confirmation.SubscribeURL).searchParams;
    expect(query.get('Version')).toBe('2010-03-31');
    const confirm = { TopicArn: query.get('TopicArn'), Token: query.get('Token') };
    expect(
      await h.refused('ConfirmSubscription', { ...confirm, Token: `${confirm.Token!.slice(0, -1)}g` }, nobody),
    ).toMatch(/Token/);
    const { SubscriptionArn } = await h.call('ConfirmSubscription', confirm, nobody);
    expect(await h.call('ConfirmSubscription', confirm, nobody)).toEqual({ SubscriptionArn });

    const { MessageId } = await publish(h, TopicArn, 'hello\n"world"', {
      Subject: 'Greeting',
      MessageAttributes: { n: { DataType: 'Number', StringValue: '1' } },
    });
    await h.settle();
    const post = h.posts.pop()!;
    expect(post).toMatchObject({
      url: HOOK,
      method: 'POST',
      headers: {
        'x-amz-sns-message-type': 'Notification',
        'x-amz-sns-message-id': MessageId,
        'x-amz-sns-topic-arn': TopicArn,
        'x-amz-sns-subscription-arn': SubscriptionArn,
      },
    });
    const message = bodyOf(post);
    expect(Object.keys(message)).toEqual([
      ...['Type', 'MessageId', 'TopicArn', 'Subject', 'Message', 'Timestamp', 'SignatureVersion', 'Signature'],
      ...['SigningCertURL', 'UnsubscribeURL', 'MessageAttributes'],
    ]);
    expect(message).toMatchObject({ Message: 'hello\n"world"', Subject: 'Greeting', SignatureVersion: '1' });
    expect(isSigned(h, message)).toBe(true);
    expect(h.counted).toEqual(['http delivered', 'http delivered']);

    await h.call('SetTopicAttributes', { TopicArn, AttributeName: 'SignatureVersion', AttributeValue: '2' });
    await publish(h, TopicArn, 'again');
    await h.settle();
    const second = bodyOf(h.posts.pop());
    expect(second.SignatureVersion).toBe('2');
    expect(isSigned(h, second)).toBe(true);

    const leave = new URL(message.UnsubscribeURL).searchParams;
    await h.call('Unsubscribe', { SubscriptionArn: leave.get('SubscriptionArn') }, nobody);
    await publish(h, TopicArn, 'nobody hears it');
    await h.settle();
    expect(h.posts).toEqual([]);
    expect((await h.call('GetTopicAttributes', { TopicArn })).Attributes.SubscriptionsDeleted).toBe('1');
  });

  test('gets the bare message when it asks for it', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit');
    await h.subscribed(TopicArn, HOOK, { RawMessageDelivery: 'true' });
    await publish(h, TopicArn, 'as it is');
    await h.settle();
    expect(h.posts.pop()).toMatchObject({ body: 'as it is', headers: { 'x-amz-sns-rawdelivery': 'true' } });
  });

  test('is tried again after 5xx, 429 and silence, by the policy, and then given up', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit');
    await h.subscribed(TopicArn, HOOK, { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('dead') }) });
    const ends = [500, 429, 503, 'timeout'];
    h.answers.http = async () => {
      const end = ends.shift()!;
      if (end === 'timeout') throw new SendError('timeout', 'no answer');
      return answer(end as number);
    };
    const { MessageId } = await publish(h, TopicArn, 'x');
    await h.settle();
    expect(h.posts).toHaveLength(1);
    for (const attempts of [2, 3, 4]) {
      await h.clock.advance(19_000);
      await h.settle();
      expect(h.posts).toHaveLength(attempts - 1);
      await h.clock.advance(1_001);
      await h.settle();
      expect(h.posts).toHaveLength(attempts);
    }
    expect(h.queued).toHaveLength(1);
    expect(h.queued[0]).toMatchObject({
      queueArn: queueArn('dead'),
      actor: { service: 'sns.amazonaws.com', sourceArn: TopicArn, sourceAccount: ACCOUNT },
    });
    expect(JSON.parse(h.queued[0]!.body)).toMatchObject({ MessageId, Message: 'x' });
    expect(h.counted.at(-1)).toBe('http dead-letter');
    expect(h.mailboxes.boxes('sns/')).toEqual([]);
  });

  test('that refuses is not asked again, and what it refused is counted', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit');
    await h.subscribed(TopicArn, HOOK);
    h.answers.http = async () => answer(404);
    await publish(h, TopicArn, 'x');
    await h.settle();
    await h.clock.advance(3_600_000);
    expect(h.posts).toHaveLength(1);
    expect(h.counted.at(-1)).toBe('http lost');
  });

  test('that hangs delays nobody else', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit');
    await h.subscribed(TopicArn, HOOK);
    await h.subscribed(TopicArn, 'http://good.example/');
    h.answers.http = ({ url }) => (url === HOOK ? new Promise(() => {}) : Promise.resolve(answer(200)));
    for (let i = 0; i < 100; i++) await publish(h, TopicArn, `${i}`);
    const to = (url: string) => h.posts.filter((post) => post.url === url).length;
    await expect.poll(() => to('http://good.example/')).toBe(100);
    expect(to(HOOK)).toBeLessThanOrEqual(8);
  });

  test('is sent no more in a second than its policy allows', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit');
    await h.subscribed(TopicArn, HOOK, { DeliveryPolicy: '{"throttlePolicy":{"maxReceivesPerSecond":2}}' });
    await h.clock.advance(1000);
    for (let i = 0; i < 10; i++) await publish(h, TopicArn, `${i}`);
    await h.settle();
    expect(h.posts.length).toBeLessThanOrEqual(2);
    for (let i = 0; i < 10; i++) {
      await h.clock.advance(500);
      await h.settle();
    }
    expect(h.posts).toHaveLength(10);
  });

  test('gets after a restart what was not delivered, once its time has come', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit');
    await h.subscribed(TopicArn, HOOK);
    h.answers.http = async () => answer(500);
    await publish(h, TopicArn, 'x');
    await h.settle();
    await h.sns.close();
    const again = await harness({ state: h.state, mailboxes: h.mailboxes, clock: h.clock });
    await again.settle();
    expect(again.posts).toEqual([]);
    await h.clock.advance(20_001);
    await again.settle();
    expect(bodyOf(again.posts[0]).Message).toBe('x');
    expect(again.mailboxes.boxes('sns/')).toEqual([]);
  });
});

describe('a queue', () => {
  test('of who subscribes it is confirmed at once, and gets the envelope or the bare message', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit');
    await h.subscribed(TopicArn, queueArn('plain'));
    await h.subscribed(TopicArn, queueArn('raw'), { RawMessageDelivery: 'true' });
    await publish(h, TopicArn, 'x', {
      MessageAttributes: { a: { DataType: 'Binary', BinaryValue: Buffer.from('hi') } },
    });
    await h.settle();
    const [plain, raw] = ['plain', 'raw'].map((name) => h.queued.find((sent) => sent.queueArn === queueArn(name))!);
    expect(JSON.parse(plain!.body)).toMatchObject({
      Type: 'Notification',
      Message: 'x',
      MessageAttributes: { a: { Type: 'Binary', Value: 'aGk=' } },
    });
    expect(plain!.attributes).toBeUndefined();
    expect(raw).toMatchObject({ body: 'x', attributes: { a: { type: 'Binary', value: 'aGk=' } } });
  });

  test('of another account confirms by a message of its own', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit');
    const Endpoint = queueArn('theirs', OTHER);
    await h.call('Subscribe', { TopicArn, Protocol: 'sqs', Endpoint });
    await h.settle();
    const { Token, Type } = JSON.parse(h.queued[0]!.body);
    expect(Type).toBe('SubscriptionConfirmation');
    await h.call('ConfirmSubscription', { TopicArn, Token }, user('bob', OTHER));
    await publish(h, TopicArn, 'x');
    await h.settle();
    expect(h.queued).toHaveLength(2);
  });

  test('whose policy refuses is given up at once; one that is overloaded is tried again', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit');
    await h.subscribed(TopicArn, queueArn('q'));
    h.answers.queue = async () => {
      throw new AwsError('AccessDenied', 'no', { status: 403 });
    };
    await publish(h, TopicArn, 'x');
    await h.settle();
    expect(h.counted).toEqual(['sqs lost']);
    let tries = 0;
    h.answers.queue = async () => {
      if (++tries < 5) throw new AwsError('ServiceUnavailable', 'later', { status: 503 });
    };
    await publish(h, TopicArn, 'y');
    await h.settle();
    await h.clock.advance(1_001);
    await h.settle();
    expect([tries, h.counted.at(-1)]).toEqual([5, 'sqs delivered']);
  });
});

describe('FIFO topics', () => {
  const ATTRIBUTES = { FifoTopic: 'true', ContentBasedDeduplication: 'true' };

  test('keep the order, also over failures, number messages and drop repeated ones', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit.fifo', ATTRIBUTES);
    await h.subscribed(TopicArn, queueArn('q.fifo'));
    let fails = 2;
    h.answers.queue = async () => {
      if (fails-- > 0) throw new AwsError('ServiceUnavailable', 'later', { status: 503 });
    };
    const sent: { SequenceNumber: string; MessageId: string }[] = [];
    for (const text of ['a', 'b', 'c', 'a']) sent.push(await publish(h, TopicArn, text, { MessageGroupId: 'g' }));
    expect(sent[3]).toEqual(sent[0]);
    const numbers = sent.slice(0, 3).map(({ SequenceNumber }) => BigInt(SequenceNumber));
    expect(String(numbers[0])).toHaveLength(20);
    expect(numbers[0]! < numbers[1]! && numbers[1]! < numbers[2]!).toBe(true);
    await h.clock.advance(5_000);
    await h.settle();
    expect(h.queued.map(({ body }) => JSON.parse(body).Message)).toEqual(['a', 'b', 'c']);
    expect(h.queued[0]).toMatchObject({ groupId: 'g', deduplicationId: expect.stringMatching(/^[0-9a-f]{64}$/) });
    await h.clock.advance(5 * 60_000);
    expect((await publish(h, TopicArn, 'a', { MessageGroupId: 'g' })).MessageId).not.toBe(sent[0]!.MessageId);
  });

  test('remember over a restart, and number on', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit.fifo', ATTRIBUTES);
    const first = await publish(h, TopicArn, 'a', { MessageGroupId: 'g' });
    const again = await harness({ state: h.state, mailboxes: h.mailboxes, clock: h.clock });
    expect(await publish(again, TopicArn, 'a', { MessageGroupId: 'g' })).toEqual(first);
    const second = await publish(again, TopicArn, 'b', { MessageGroupId: 'g' });
    expect(BigInt(second.SequenceNumber) > BigInt(first.SequenceNumber)).toBe(true);
  });

  test('forget what is older than five minutes, on the disk too', async () => {
    let h = await harness();
    const TopicArn = await h.newTopic('audit.fifo', ATTRIBUTES);
    for (let round = 0; round < 20; round++) {
      for (const text of ['a', 'b', `${round}`]) await publish(h, TopicArn, text, { MessageGroupId: 'g' });
      await h.clock.advance(5 * 60_000 + 1);
      if (round === 10) h = await harness({ state: h.state, mailboxes: h.mailboxes, clock: h.clock });
    }
    const [box] = h.mailboxes.boxes('sns-published/');
    expect(h.mailboxes.size(box!).count).toBeLessThanOrEqual(6);
  });

  test('two at once with the same content are one', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit.fifo', ATTRIBUTES);
    await h.subscribed(TopicArn, queueArn('q.fifo'));
    const both = await Promise.all([1, 2].map(() => publish(h, TopicArn, 'a', { MessageGroupId: 'g' })));
    expect(both[0]).toEqual(both[1]);
    await h.settle();
    expect(h.queued).toHaveLength(1);
  });

  test.each([
    ['Publish', { Message: 'x' }, /MessageGroupId parameter is required/],
    ['Subscribe', { Protocol: 'http', Endpoint: HOOK }, /Invalid protocol type: http/],
  ])('%s %j is refused', async (operation, input, why) => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit.fifo', ATTRIBUTES);
    expect(await h.refused(operation, { TopicArn, ...input })).toMatch(why);
  });
});

describe('email', () => {
  test('asks with a link, then brings the text with a link to leave by', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit', { DisplayName: 'Audit' });
    await h.subscribed(TopicArn, 'ops@example.com');
    await publish(h, TopicArn, 'the text', { Subject: 'Alarm' });
    await h.settle();
    const mail = h.mails.pop()!;
    expect(mail).toMatchObject({ to: 'ops@example.com', subject: 'Alarm' });
    expect(mail.text).toMatch(/^the text\n/);
    expect(mail.text).toContain(mail.unsubscribeUrl);
  });
});

describe('publishing', () => {
  test.each([
    [{ Message: '' }, /Empty message/],
    [{ Message: 'x'.repeat(262_145) }, /Message too long/],
    [{ Message: 'x', Subject: 'a\nb' }, /Subject/],
    [{ Message: 'x', Subject: 'x'.repeat(101) }, /Subject/],
    [{ Message: 'x', MessageStructure: 'json' }, /failed to parse/],
    [{ Message: '{"sqs":"x"}', MessageStructure: 'json' }, /No default entry/],
    [{ Message: 'x', MessageDeduplicationId: 'd' }, /not valid for this topic type/],
    [
      { Message: 'x', MessageAttributes: { a: { DataType: 'Odd', StringValue: 'x' } } },
      /invalid message attribute type/,
    ],
    [{ Message: 'x', MessageAttributes: { a: { DataType: 'Number', StringValue: 'x' } } }, /must be a number/],
    [{ Message: 'x', PhoneNumber: '+1555' }, /PhoneNumber/],
  ])('%.60j is refused', async (input, why) => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit');
    const target = 'PhoneNumber' in input ? {} : { TopicArn };
    expect(await h.refused('Publish', { ...target, ...input })).toMatch(why);
  });

  test('a text for each protocol, and one for the rest', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit');
    await h.subscribed(TopicArn, queueArn('q'));
    await h.subscribed(TopicArn, HOOK);
    const Message = JSON.stringify({ default: 'rest', sqs: 'for queues' });
    await publish(h, TopicArn, Message, { MessageStructure: 'json' });
    await h.settle();
    expect(JSON.parse(h.queued[0]!.body).Message).toBe('for queues');
    expect(bodyOf(h.posts.pop()).Message).toBe('rest');
  });

  test('a batch ends for each entry by itself', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit');
    const entries = [
      { Id: 'a', Message: 'x' },
      { Id: 'b', Message: '' },
    ];
    const done = await h.call('PublishBatch', { TopicArn, PublishBatchRequestEntries: entries });
    expect(done.Successful).toMatchObject([{ Id: 'a' }]);
    expect(done.Failed).toMatchObject([{ Id: 'b', Code: 'InvalidParameter', SenderFault: true }]);
    const refused = (list: object[]) => h.refused('PublishBatch', { TopicArn, PublishBatchRequestEntries: list });
    expect(await refused([])).toMatch(/^EmptyBatchRequest/);
    expect(await refused([entries[0]!, entries[0]!])).toMatch(/^BatchEntryIdsNotDistinct/);
    expect(await refused([{ Id: 'ä', Message: 'x' }])).toMatch(/^InvalidBatchEntryId/);
    expect(await refused(Array.from({ length: 11 }, (_, i) => ({ Id: `${i}`, Message: 'x' })))).toMatch(
      /^TooManyEntries/,
    );
    const long = ['a', 'b'].map((Id) => ({ Id, Message: 'x'.repeat(200_000) }));
    expect(await refused(long)).toMatch(/^BatchRequestTooLong/);
  });

  test('nothing is acknowledged that is not kept', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit');
    await h.subscribed(TopicArn, queueArn('q'));
    const { put } = h.mailboxes;
    h.mailboxes.put = async () => {
      throw new AwsError('Disk', 'full');
    };
    expect(await h.refused('Publish', { TopicArn, Message: 'x' })).toMatch(/full/);
    h.mailboxes.put = put;
    await h.settle();
    expect(h.queued).toEqual([]);
  });
});

describe('subscriptions', () => {
  test('are listed for owner and topic, described, changed, and made again as they are', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit');
    const arn = await h.subscribed(TopicArn, queueArn('q'));
    expect(await h.subscribed(TopicArn, queueArn('q'))).toBe(arn);
    const entry = { SubscriptionArn: arn, Owner: ACCOUNT, Protocol: 'sqs', Endpoint: queueArn('q'), TopicArn };
    expect(await h.call('ListSubscriptions')).toEqual({ Subscriptions: [entry] });
    expect(await h.call('ListSubscriptionsByTopic', { TopicArn })).toEqual({ Subscriptions: [entry] });
    await h.call('SetSubscriptionAttributes', {
      SubscriptionArn: arn,
      AttributeName: 'RawMessageDelivery',
      AttributeValue: 'true',
    });
    expect((await h.call('GetSubscriptionAttributes', { SubscriptionArn: arn })).Attributes).toMatchObject({
      RawMessageDelivery: 'true',
      PendingConfirmation: 'false',
      ConfirmationWasAuthenticated: 'true',
      SubscriptionPrincipal: alice.arn,
    });
    expect(await h.refused('GetSubscriptionAttributes', { SubscriptionArn: arn }, user('eve', OTHER))).toMatch(
      /^AuthorizationError/,
    );
    expect(await h.refused('Unsubscribe', { SubscriptionArn: arn }, nobody)).toMatch(/^AuthorizationError/);
    expect(
      await h.refused('Subscribe', {
        TopicArn,
        Protocol: 'sqs',
        Endpoint: queueArn('q'),
        Attributes: { RawMessageDelivery: 'false' },
      }),
    ).toMatch(/already exists with different attributes/);
    await h.call('DeleteTopic', { TopicArn });
    expect(await h.call('ListSubscriptions')).toEqual({ Subscriptions: [] });
  });

  test('that nobody confirms are forgotten after three days', async () => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit');
    await h.call('Subscribe', { TopicArn, Protocol: 'http', Endpoint: HOOK });
    await h.settle();
    const { Token } = bodyOf(h.posts.pop());
    await h.clock.advance(3 * 86_400_000 + 1);
    expect(await h.call('ListSubscriptions')).toEqual({ Subscriptions: [] });
    expect(await h.refused('ConfirmSubscription', { TopicArn, Token }, nobody)).toMatch(/Token/);
  });

  test.each([
    [
      { Protocol: 'lambda', Endpoint: 'arn:aws:lambda:us-east-1:123456789012:function:f' },
      /does not support this protocol/,
    ],
    [{ Protocol: 'http', Endpoint: 'https://x/' }, /must match the specified protocol/],
    [{ Protocol: 'http', Endpoint: 'http://169.254.169.254/' }, /Unauthorized endpoint/],
    [{ Protocol: 'sqs', Endpoint: 'http://x/' }, /SQS endpoint ARN/],
    [{ Protocol: 'sqs', Endpoint: queueArn('q.fifo') }, /FIFO SQS Queues can not be/],
    [{ Protocol: 'email', Endpoint: 'a@b, c@d' }, /Email address/],
    [
      { Protocol: 'email', Endpoint: 'a@b', Attributes: { RawMessageDelivery: 'true' } },
      /not supported for this protocol/,
    ],
    [{ Protocol: 'http', Endpoint: HOOK, Attributes: { FilterPolicy: '{' } }, /FilterPolicy: failed to parse/],
    [{ Protocol: 'http', Endpoint: HOOK, Attributes: { RedrivePolicy: '{}x' } }, /RedrivePolicy/],
    [{ Protocol: 'http', Endpoint: HOOK, Attributes: { Odd: 'x' } }, /Unknown attribute/],
  ])('%j is refused', async (input, why) => {
    const h = await harness();
    const TopicArn = await h.newTopic('audit');
    expect(await h.refused('Subscribe', { TopicArn, ...input })).toMatch(why);
  });
});
