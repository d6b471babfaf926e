import { afterAll, expect, test } from 'vitest';
import { signRequest } from '../packages/server/src/wire/sigv4/index.ts';
import { aws, awsRaw, boto3, eventually, testWith } from './support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';

afterAll(cleanUp);

const ACCOUNT = '123456789012';

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A signed request of either protocol; the workspace has no client of SQS. */
async function post(
  server: RunningOpenTrail,
  path: string,
  body: string,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<Answer> {
  const signed = signRequest({
    method: 'POST',
    url: new URL(path, server.endpoint),
    headers,
    body: Buffer.from(body),
    credentials: server,
    region: 'us-east-1',
    service: 'sqs',
    nowMs: Date.now(),
  });
  const { host: _host, ...rest } = signed.headers;
  const answer = await fetch(signed.url, { method: 'POST', headers: rest, body, ...(signal && { signal }) });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

const json = (server: RunningOpenTrail, operation: string, input: object, signal?: AbortSignal) =>
  post(
    server,
    '/',
    JSON.stringify(input),
    { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${operation}` },
    signal,
  );

// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever comes back
async function call(server: RunningOpenTrail, operation: string, input: object): Promise<any> {
  const { status, text } = await json(server, operation, input);
  expect(status, text).toBe(200);
  return JSON.parse(text);
}

const form = (server: RunningOpenTrail, path: string, fields: Record<string, string>) =>
  post(server, path, new URLSearchParams({ Version: '2012-11-05', ...fields }).toString(), {
    'content-type': 'application/x-www-form-urlencoded',
  });

testWith(
  ['aws'],
  'AWS CLI: a queue, its messages, its dead letters and its record',
  async () => {
    const server = await startOpenTrail();
    // AWS CLI 1 goes to SQS's hosts of old in some Regions, whatever AWS_ENDPOINT_URL says.
    const here = ['--endpoint-url', server.endpoint];
    const sqs = <T = Record<string, never>>(...args: string[]) => aws<T>(server.env, 'sqs', ...here, ...args);
    const { QueueUrl: dead } = await sqs<{ QueueUrl: string }>('create-queue', '--queue-name', 'dead');
    const redrive = { deadLetterTargetArn: `arn:aws:sqs:us-east-1:${ACCOUNT}:dead`, maxReceiveCount: '1' };
    const attributes = { RedrivePolicy: JSON.stringify(redrive), VisibilityTimeout: '0' };
    const { QueueUrl: url } = await sqs<{ QueueUrl: string }>(
      ...['create-queue', '--queue-name', 'work', '--attributes', JSON.stringify(attributes), '--tags', 'team=audit'],
    );
    expect(url).toBe(`${server.endpoint}/${ACCOUNT}/work`);
    expect(await sqs('get-queue-url', '--queue-name', 'work')).toEqual({ QueueUrl: url });
    expect(await sqs('list-queues')).toEqual({ QueueUrls: [dead, url] });
    expect(await sqs('list-queue-tags', '--queue-url', url)).toEqual({ Tags: { team: 'audit' } });
    const text = 'ä message with "quotes", <xml> & more 😀';
    const sent = await sqs<{ MD5OfMessageBody: string; MessageId: string }>(
      ...['send-message', '--queue-url', url, '--message-body', text],
      ...['--message-attributes', '{"kind":{"DataType":"String","StringValue":"test"}}'],
    );
    const receive = async (queue: string) =>
      (
        await sqs<{ Messages?: { Body: string; MessageId: string; ReceiptHandle: string }[] }>(
          ...['receive-message', '--queue-url', queue, '--attribute-names', 'All', '--message-attribute-names', 'All'],
        )
      ).Messages ?? [];
    expect(await receive(url)).toMatchObject([
      { Body: text, MessageId: sent.MessageId, MessageAttributes: { kind: { StringValue: 'test' } } },
    ]);
    expect(await receive(url)).toEqual([]);
    const [buried] = await receive(dead);
    expect(buried).toMatchObject({ Body: text, MessageId: sent.MessageId });
    await sqs('delete-message', '--queue-url', dead, '--receipt-handle', buried!.ReceiptHandle);
    const none = await awsRaw(server.env, 'sqs', ...here, 'get-queue-url', '--queue-name', 'none');
    expect(none.stderr).toContain('(AWS.SimpleQueueService.NonExistentQueue)');
    await sqs('delete-queue', '--queue-url', url);
    expect(await sqs('list-queues')).toEqual({ QueueUrls: [dead] });

    await eventually(async () => {
      const { Events } = await aws<{ Events: { EventName: string; CloudTrailEvent: string }[] }>(
        ...([server.env, 'cloudtrail', 'lookup-events', '--lookup-attributes'] as const),
        'AttributeKey=EventSource,AttributeValue=sqs.amazonaws.com',
      );
      const names = Events.map(({ EventName }) => EventName);
      expect(names).not.toContain('SendMessage'); // a data event
      return names.includes('DeleteQueue') && names.filter((name) => name === 'CreateQueue').length === 2;
    }, 'the records of CreateQueue and DeleteQueue');
    await server.stop();
  },
  300_000,
);

testWith(
  ['boto3'],
  'boto3: a stock consumer, batches, FIFO, errors by name, a topic',
  async () => {
    const server = await startOpenTrail();
    const found = await boto3<Record<string, unknown>>(
      server.env,
      `
import hashlib, struct, threading
sqs = client('sqs')
url = sqs.create_queue(QueueName='jobs', Attributes={'VisibilityTimeout': '30'})['QueueUrl']
queue = boto3.resource('sqs', endpoint_url=os.environ['AWS_ENDPOINT_URL']).get_queue_by_name(QueueName='jobs')

# A consumer as it stands in every tutorial: it is there before the messages are.
handled = []
def consume():
    while len(handled) < 30:
        for message in queue.receive_messages(MaxNumberOfMessages=10, WaitTimeSeconds=20):
            handled.append(message.body)
            message.delete()
consumers = [threading.Thread(target=consume) for _ in range(3)]
for one in consumers: one.start()
for batch in range(3):
    done = queue.send_messages(Entries=[{'Id': str(i), 'MessageBody': f'job {batch} {i}'} for i in range(10)])
    assert len(done['Successful']) == 10, done
# Whoever still waits is let go by a last one.
while len(handled) < 30: consumers[0].join(0.01)
while any(one.is_alive() for one in consumers):
    queue.send_message(MessageBody='last')
    for one in consumers: one.join(0.02)

def encode(value): return struct.pack('>I', len(value)) + value
blob = bytes(range(256))
sent = sqs.send_message(QueueUrl=url, MessageBody='with attributes', DelaySeconds=0,
    MessageAttributes={'b': {'DataType': 'Binary', 'BinaryValue': blob}, 'a': {'DataType': 'Number.int', 'StringValue': '7'}},
    MessageSystemAttributes={'AWSTraceHeader': {'DataType': 'String', 'StringValue': 'Root=1-5759e988-bd862e3fe1be46a994272793'}})
digest = hashlib.md5(encode(b'a') + encode(b'Number.int') + b'\\1' + encode(b'7') + encode(b'b') + encode(b'Binary') + b'\\2' + encode(blob)).hexdigest()
assert sent['MD5OfMessageAttributes'] == digest, sent
message = None
while message is None:
    for one in sqs.receive_message(QueueUrl=url, AttributeNames=['All'], MessageAttributeNames=['All'], WaitTimeSeconds=5)['Messages']:
        if one['Body'] == 'with attributes': message = one
        else: sqs.delete_message(QueueUrl=url, ReceiptHandle=one['ReceiptHandle'])
assert message['MessageAttributes']['b']['BinaryValue'] == blob
assert message['MD5OfMessageAttributes'] == digest
assert message['Attributes']['AWSTraceHeader'].startswith('Root=')

fifo = sqs.create_queue(QueueName='o.fifo', Attributes={'FifoQueue': 'true', 'ContentBasedDeduplication': 'true'})['QueueUrl']
for n in [1, 2, 3, 2, 1]: sqs.send_message(QueueUrl=fifo, MessageBody=str(n), MessageGroupId='g')
order = [m['Body'] for m in sqs.receive_message(QueueUrl=fifo, MaxNumberOfMessages=10)['Messages']]

errors = []
try: sqs.receive_message(QueueUrl=url + 'x')
except sqs.exceptions.QueueDoesNotExist as e: errors.append(e.response['Error']['Code'])
try: sqs.create_queue(QueueName='jobs', Attributes={'VisibilityTimeout': '31'})
except sqs.exceptions.QueueNameExists as e: errors.append(e.response['Error']['Code'])
try: sqs.delete_message(QueueUrl=url, ReceiptHandle='nonsense')
except sqs.exceptions.ReceiptHandleIsInvalid as e: errors.append(e.response['Error']['Code'])
try: sqs.send_message_batch(QueueUrl=url, Entries=[])
except sqs.exceptions.EmptyBatchRequest as e: errors.append(e.response['Error']['Code'])

sns = client('sns')
topic = sns.create_topic(Name='news')['TopicArn']
arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['QueueArn'])['Attributes']['QueueArn']
sqs.set_queue_attributes(QueueUrl=url, Attributes={'Policy': json.dumps({'Version': '2012-10-17', 'Statement': [{
    'Effect': 'Allow', 'Principal': {'Service': 'sns.amazonaws.com'}, 'Action': 'sqs:SendMessage', 'Resource': arn,
    'Condition': {'ArnEquals': {'aws:SourceArn': topic}}}]})})
sns.subscribe(TopicArn=topic, Protocol='sqs', Endpoint=arn, Attributes={'RawMessageDelivery': 'true'})
sns.publish(TopicArn=topic, Message='from the topic')
told = []
while not told: told = [m['Body'] for m in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20).get('Messages', []) if m['Body'] != 'last']
print(json.dumps({'handled': sorted(set(handled) - {'last'}), 'order': order, 'errors': errors, 'told': told}))
`,
    );
    expect(found.handled).toHaveLength(30);
    expect(found.order).toEqual(['1', '2', '3']);
    expect(found.errors).toEqual([
      'AWS.SimpleQueueService.NonExistentQueue',
      'QueueAlreadyExists',
      'ReceiptHandleIsInvalid',
      'AWS.SimpleQueueService.EmptyBatchRequest',
    ]);
    expect(found.told).toEqual(['from the topic']);
    await server.stop();
  },
  300_000,
);

testWith(
  ['boto3'],
  'boto3: a queue under a key of KMS; another account under the queue’s policy',
  async () => {
    const server = await startOpenTrail();
    const found = await boto3<Record<string, unknown>>(
      server.env,
      `
sqs, kms, organizations, sts = client('sqs'), client('kms'), client('organizations'), client('sts')
key = kms.create_key()['KeyMetadata']['KeyId']
url = sqs.create_queue(QueueName='sealed', Attributes={'KmsMasterKeyId': key})['QueueUrl']
sqs.send_message(QueueUrl=url, MessageBody='under a key')
told = [m['Body'] for m in sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)['Messages']]
kms.disable_key(KeyId=key)
errors = []
def code(call, **kw):
    try: call(**kw); return 'ok'
    except Exception as e: return e.response['Error']['Code']
fresh = sqs.create_queue(QueueName='sealed-too', Attributes={'KmsMasterKeyId': key})['QueueUrl']
errors.append(code(sqs.send_message, QueueUrl=fresh, MessageBody='x'))

organizations.create_organization()
made = organizations.create_account(AccountName='other', Email='other@example.com')['CreateAccountStatus']
while made['State'] == 'IN_PROGRESS':
    made = organizations.describe_create_account_status(CreateAccountRequestId=made['Id'])['CreateAccountStatus']
account = made['AccountId']
own = client('iam').create_user(UserName='steward')
client('iam').put_user_policy(UserName='steward', PolicyName='all', PolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': '*', 'Resource': '*'}]}))
pair = client('iam').create_access_key(UserName='steward')['AccessKey']
steward = client('sts', aws_access_key_id=pair['AccessKeyId'], aws_secret_access_key=pair['SecretAccessKey'])
session = steward.assume_role(RoleArn=f'arn:aws:iam::{account}:role/OrganizationAccountAccessRole', RoleSessionName='steward')['Credentials']
theirs = client('sqs', aws_access_key_id=session['AccessKeyId'], aws_secret_access_key=session['SecretAccessKey'], aws_session_token=session['SessionToken'])
plain = sqs.create_queue(QueueName='shared')['QueueUrl']
errors.append(code(theirs.send_message, QueueUrl=plain, MessageBody='from outside'))
sqs.add_permission(QueueUrl=plain, Label='other', AWSAccountIds=[account], Actions=['SendMessage'])
errors.append(code(theirs.send_message, QueueUrl=plain, MessageBody='from outside'))
errors.append(code(theirs.receive_message, QueueUrl=plain))
errors.append(code(theirs.get_queue_url, QueueName='shared'))
told += [m['Body'] for m in sqs.receive_message(QueueUrl=plain)['Messages']]
print(json.dumps({'told': told, 'errors': errors}))
`,
    );
    expect(found).toEqual({
      told: ['under a key', 'from outside'],
      errors: [
        ...['KMS.DisabledException', 'AccessDenied', 'ok', 'AccessDenied'],
        'AWS.SimpleQueueService.NonExistentQueue',
      ],
    });
    await server.stop();
  },
  300_000,
);

test('the query protocol of old: by the queue’s own path, answers and errors in XML', async () => {
  const server = await startOpenTrail();
  const made = await form(server, '/', {
    Action: 'CreateQueue',
    QueueName: 'old',
    'Attribute.1.Name': 'DelaySeconds',
    'Attribute.1.Value': '0',
  });
  expect(made.text).toContain(`<QueueUrl>${server.endpoint}/${ACCOUNT}/old</QueueUrl>`);
  const path = `/${ACCOUNT}/old`;
  const sent = await form(server, path, {
    Action: 'SendMessage',
    MessageBody: 'a < b & c',
    'MessageAttribute.1.Name': 'n',
    'MessageAttribute.1.Value.DataType': 'String',
    'MessageAttribute.1.Value.StringValue': 'v',
  });
  expect(sent.text).toMatch(/<MD5OfMessageAttributes>[0-9a-f]{32}</);
  const received = await form(server, path, {
    Action: 'ReceiveMessage',
    'AttributeName.1': 'All',
    'MessageAttributeName.1': 'All',
  });
  expect(received.text).toContain('<Body>a &lt; b &amp; c</Body>');
  expect(received.text).toMatch(/<Attribute><Name>ApproximateReceiveCount<\/Name><Value>1<\/Value><\/Attribute>/);
  const handle = /<ReceiptHandle>([^<]+)</.exec(received.text)![1]!;
  const batch = await form(server, path, {
    Action: 'DeleteMessageBatch',
    'DeleteMessageBatchRequestEntry.1.Id': 'one',
    'DeleteMessageBatchRequestEntry.1.ReceiptHandle': handle,
  });
  expect(batch.text).toContain('<DeleteMessageBatchResultEntry><Id>one</Id></DeleteMessageBatchResultEntry>');
  const gone = await form(server, `/${ACCOUNT}/absent`, { Action: 'ReceiveMessage' });
  expect([gone.status, gone.text]).toEqual([
    400,
    expect.stringContaining('<Code>AWS.SimpleQueueService.NonExistentQueue<'),
  ]);
  const unknown = await json(server, 'Nothing', {});
  expect(unknown.status).toBe(400);
  await server.stop();
});

test('nothing acknowledged is lost, and nothing deleted comes back, after kill -9', async () => {
  let server = await startOpenTrail();
  const { QueueUrl: url } = await call(server, 'CreateQueue', { QueueName: 'work' });
  const fifo = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };
  const { QueueUrl: ordered } = await call(server, 'CreateQueue', { QueueName: 'work.fifo', Attributes: fifo });
  const path = (queueUrl: string) => new URL(queueUrl).pathname;
  const acknowledged = new Set<string>();
  const deleted = new Set<string>();
  const asked = new Set<string>(); // deletions that were asked for, answered or not
  const sequence: string[] = [];
  let killed = false;
  const until = async (work: () => Promise<void>) => {
    try {
      while (!killed) await work();
    } catch (error) {
      if (!killed) throw error;
    }
  };
  let n = 0;
  const clients = [
    ...Array.from({ length: 4 }, () =>
      until(async () => {
        const body = `message ${n++}`;
        await call(server, 'SendMessage', { QueueUrl: url, MessageBody: body });
        acknowledged.add(body);
        if (acknowledged.size >= 300) killed = true;
      }),
    ),
    until(async () => {
      const { Messages = [] } = await call(server, 'ReceiveMessage', { QueueUrl: url, VisibilityTimeout: 1000 });
      for (const { Body, ReceiptHandle } of Messages) {
        asked.add(Body);
        await call(server, 'DeleteMessage', { QueueUrl: url, ReceiptHandle });
        deleted.add(Body);
      }
    }),
    until(async () => {
      const MessageBody = `step ${sequence.length}`;
      await call(server, 'SendMessage', { QueueUrl: ordered, MessageBody, MessageGroupId: 'g' });
      sequence.push(MessageBody);
    }),
  ];
  await eventually(async () => killed, 'enough messages');
  await server.kill();
  await Promise.all(clients);
  server = await startOpenTrail({ dataDir: server.dataDir });

  const again = await call(server, 'SendMessage', {
    QueueUrl: path(ordered),
    MessageBody: 'step 0',
    MessageGroupId: 'g',
  });
  expect(again.MessageId).toBeTruthy();
  const steps: string[] = [];
  for (;;) {
    const input = { QueueUrl: path(ordered), MaxNumberOfMessages: 10, VisibilityTimeout: 1000 };
    const { Messages = [] } = await call(server, 'ReceiveMessage', input);
    if (Messages.length === 0) break;
    for (const { Body, ReceiptHandle } of Messages) {
      steps.push(Body);
      await call(server, 'DeleteMessage', { QueueUrl: path(ordered), ReceiptHandle });
    }
  }
  expect(steps.slice(0, sequence.length)).toEqual(sequence);
  expect(steps.length - sequence.length).toBeLessThanOrEqual(1); // one may have been under way
  const found = new Set<string>();
  for (;;) {
    const input = { QueueUrl: path(url), MaxNumberOfMessages: 10, VisibilityTimeout: 1000 };
    const { Messages = [] } = await call(server, 'ReceiveMessage', input);
    if (Messages.length === 0) break;
    for (const { Body } of Messages) found.add(Body);
  }
  const back = [...deleted].filter((body) => found.has(body));
  expect(back).toEqual([]);
  // One may have been received and not deleted (it is hidden still), or deleted without an answer (it is gone).
  const lost = [...acknowledged].filter((body) => !found.has(body) && !deleted.has(body));
  expect(lost.length).toBeLessThanOrEqual(1);
  const hidden = lost.filter((body) => !asked.has(body));
  const { Attributes } = await call(server, 'GetQueueAttributes', { QueueUrl: path(url), AttributeNames: ['All'] });
  expect(Number(Attributes.ApproximateNumberOfMessagesNotVisible)).toBeGreaterThanOrEqual(found.size + hidden.length);
  await server.stop();
}, 300_000);

test('who waits for messages is answered when the server stops, and takes none with them when they leave', async () => {
  const server = await startOpenTrail();
  const { QueueUrl } = await call(server, 'CreateQueue', { QueueName: 'quiet' });
  const leaving = new AbortController();
  const left = json(server, 'ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 }, leaving.signal).catch(() => 'left');
  const stays = json(server, 'ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 });
  const inFlight = async () =>
    (await call(server, 'GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] })).Attributes;
  await inFlight(); // both wait by now, or will be answered all the same
  leaving.abort();
  expect(await left).toBe('left');
  await call(server, 'SendMessage', { QueueUrl, MessageBody: 'one' });
  const { Messages } = JSON.parse((await stays).text);
  expect(Messages).toMatchObject([{ Body: 'one' }]);
  const began = Date.now();
  const waiting = json(server, 'ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 });
  await inFlight();
  await server.stop();
  expect(await waiting).toMatchObject({ status: 200, text: '{}' });
  expect(Date.now() - began).toBeLessThan(8_000);
});
