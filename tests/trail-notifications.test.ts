import { afterAll, expect } from 'vitest';
import { alarmNameOf, CIS_CONTROLS } from '../packages/server/src/cli/monitor/cis.ts';
import { aws, awsRaw, boto3, eventually, run, testWith } from './support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { type Subscriber, startSubscriber } from './support/sns-subscriber.ts';

const subscribers: Subscriber[] = [];
afterAll(async () => {
  for (const subscriber of subscribers) subscriber.close();
  await cleanUp();
});

const COMMAND = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;
const opentrail = (server: RunningOpenTrail, ...args: string[]) =>
  run(process.execPath, [COMMAND, ...args, '--data-dir', server.dataDir], server.env);

const ACCOUNT = '123456789012';
const TRAIL = `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/main`;
const TOPIC = `arn:aws:sns:us-east-1:${ACCOUNT}:deliveries`;
const QUEUE = `arn:aws:sqs:us-east-1:${ACCOUNT}:deliveries`;
const CLOUDTRAIL = 'cloudtrail.amazonaws.com';
const FAST = { 'delivery-interval-seconds': 1 };

const allow = (Service: string, Action: string | string[], Resource?: string, Condition?: object) => ({
  Effect: 'Allow',
  Principal: { Service },
  Action,
  ...(Resource !== undefined && { Resource }),
  ...(Condition && { Condition }),
});
const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });

async function makeBucket({ env }: RunningOpenTrail): Promise<void> {
  await aws(env, 's3api', 'create-bucket', '--bucket', 'logs');
  const acl = allow(CLOUDTRAIL, 's3:GetBucketAcl', 'arn:aws:s3:::logs');
  const put = allow(CLOUDTRAIL, 's3:PutObject', 'arn:aws:s3:::logs/*');
  await aws(env, 's3api', 'put-bucket-policy', '--bucket', 'logs', '--policy', document(acl, put));
}

interface Status {
  readonly LatestNotificationTime?: number;
  readonly LatestNotificationError?: string;
  readonly LatestNotificationAttemptTime: string;
  readonly LatestNotificationAttemptSucceeded: string;
  readonly LatestCloudWatchLogsDeliveryTime?: number;
  readonly LatestCloudWatchLogsDeliveryError?: string;
}
const statusOf = ({ env }: RunningOpenTrail) => aws<Status>(env, 'cloudtrail', 'get-trail-status', '--name', TRAIL);

const setPolicy = ({ env }: RunningOpenTrail, policy: string) =>
  aws(
    env,
    ...['sns', 'set-topic-attributes', '--topic-arn', TOPIC],
    ...['--attribute-name', 'Policy', '--attribute-value', policy],
  );
const mayPublish = document(
  allow(CLOUDTRAIL, 'SNS:Publish', TOPIC, { StringEquals: { 'aws:SourceArn': TRAIL, 'aws:SourceAccount': ACCOUNT } }),
);

const makeUsers = ({ env }: RunningOpenTrail, name: string, count: number) =>
  boto3(
    env,
    `
iam = client('iam')
for i in range(${count}): iam.create_user(UserName=f'${name}-{i}')
print('{}')
`,
  );
const userNames = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}-${i}`);

/** As people write it: take a message, fetch what it names, read the records, delete the message. */
const CONSUMER = `
import gzip, time
sqs, s3 = client('sqs'), client('s3')
url = sqs.get_queue_url(QueueName='deliveries')['QueueUrl']
keys, records, validations = [], {}, 0
deadline = time.monotonic() + 180
stopped = False
while not stopped and time.monotonic() < deadline:
    for taken in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2).get('Messages', []):
        envelope = json.loads(taken['Body'])
        if envelope['Message'] == 'CloudTrail validation message.': validations += 1
        else:
            assert 'Subject' not in envelope, envelope
            notice = json.loads(envelope['Message'])
            assert sorted(notice) == ['s3Bucket', 's3ObjectKey'], notice
            for key in notice['s3ObjectKey']:
                keys.append(key)
                body = s3.get_object(Bucket=notice['s3Bucket'], Key=key)['Body'].read()
                for record in json.loads(gzip.decompress(body))['Records']: records[record['eventID']] = record
        sqs.delete_message(QueueUrl=url, ReceiptHandle=taken['ReceiptHandle'])
    stored = [o['Key'] for o in s3.list_objects_v2(Bucket='logs')['Contents'] if o['Key'].endswith('.json.gz')]
    stopped = any(r['eventName'] == 'StopLogging' for r in records.values()) and set(stored) <= set(keys)
names = [r['requestParameters']['userName'] for r in records.values() if r['eventName'] == 'CreateUser']
print(json.dumps({'names': sorted(names), 'keys': sorted(set(keys)), 'stored': sorted(stored), 'validations': validations}))
`;

interface Consumed {
  readonly names: readonly string[];
  readonly keys: readonly string[];
  readonly stored: readonly string[];
  readonly validations: number;
}

testWith(
  ['aws', 'boto3'],
  'a stock consumer (SNS, SQS, fetch, delete) gets all log files, through a refusing topic and kill -9',
  async () => {
    let server = await startOpenTrail({ flags: FAST });
    const { env, dataDir } = server;
    await makeBucket(server);
    const create = ['cloudtrail', 'create-trail', '--name', 'main', '--s3-bucket-name', 'logs'];
    const named = [...create, '--sns-topic-name', 'deliveries'];
    expect((await awsRaw(env, ...named)).stderr).toMatch(/InsufficientSnsTopicPolicy.* does not exist/);
    await aws(env, 'sns', 'create-topic', '--name', 'deliveries');
    const refused = (await awsRaw(env, ...named)).stderr;
    expect(refused).toMatch(/InsufficientSnsTopicPolicy.*SNS:Publish.*needs the statement \{.*"sns:Publish"/i);
    expect((await awsRaw(env, ...create, '--sns-topic-name', 'a.fifo')).stderr).toContain('InvalidSnsTopicName');
    await setPolicy(server, mayPublish);

    const sqs = ['--endpoint-url', server.endpoint, 'sqs'];
    const queue = await aws<{ QueueUrl: string }>(env, ...sqs, 'create-queue', '--queue-name', 'deliveries');
    const attributes = JSON.stringify({ Policy: document(allow('sns.amazonaws.com', 'sqs:SendMessage', QUEUE)) });
    await aws(env, ...sqs, 'set-queue-attributes', '--queue-url', queue.QueueUrl, '--attributes', attributes);
    const subscription = ['--topic-arn', TOPIC, '--protocol', 'sqs', '--notification-endpoint', QUEUE];
    await aws(env, 'sns', 'subscribe', ...subscription);
    expect(await aws(env, ...named)).toMatchObject({ SnsTopicName: 'deliveries', SnsTopicARN: TOPIC });
    expect(await statusOf(server)).toMatchObject({ LatestNotificationAttemptTime: '' });
    await aws(env, 'cloudtrail', 'start-logging', '--name', 'main');

    await makeUsers(server, 'before', 20);
    await eventually(async () => (await statusOf(server)).LatestNotificationTime, 'a topic is told');
    await setPolicy(server, document(allow('config.amazonaws.com', 'SNS:Publish', TOPIC)));
    await makeUsers(server, 'refused', 5);
    const failing = await eventually(async () => {
      const status = await statusOf(server);
      return status.LatestNotificationError !== undefined && status;
    }, 'the topic refuses');
    expect(failing.LatestNotificationError).toBe('AuthorizationError');
    const doctor = await opentrail(server, 'doctor', 'main');
    expect([doctor.code, doctor.stdout]).toEqual([1, expect.stringContaining('AuthorizationError')]);
    expect(doctor.stdout).toMatch(/BAD +topic policy .*sns:Publish/i);

    await server.kill();
    server = await startOpenTrail({ dataDir, flags: FAST });
    await setPolicy(server, mayPublish);
    await makeUsers(server, 'after', 20);
    await server.kill();
    server = await startOpenTrail({ dataDir, flags: FAST });
    await eventually(
      async () => (await statusOf(server)).LatestNotificationError === undefined,
      'the topic is told again',
    );
    await aws(server.env, 'cloudtrail', 'stop-logging', '--name', 'main');
    const got = await boto3<Consumed>(server.env, CONSUMER);
    expect(got.names).toEqual(
      [...userNames('before', 20), ...userNames('refused', 5), ...userNames('after', 20)].sort(),
    );
    expect(got.keys).toEqual(got.stored);
    expect(got.validations).toBe(1);

    const update = ['cloudtrail', 'update-trail', '--name', 'main', '--sns-topic-name'];
    const without = await aws<object>(server.env, ...update, '');
    expect(without).not.toHaveProperty('SnsTopicName');
    expect(without).not.toHaveProperty('SnsTopicARN');
    await server.stop();
  },
  360_000,
);

const GROUP = `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:trail:*`;
const ROLE = `arn:aws:iam::${ACCOUNT}:role/writer`;
const STREAM = `${ACCOUNT}_CloudTrail_us-east-1`;

const mayWrite = ({ env }: RunningOpenTrail, actions: string[]) => {
  const Resource = GROUP.replace(':*', `:log-stream:${STREAM}*`);
  const policy = document({ Effect: 'Allow', Action: actions, Resource });
  return aws(
    env,
    ...['iam', 'put-role-policy', '--role-name', 'writer'],
    ...['--policy-name', 'p', '--policy-document', policy],
  );
};
const WRITING = ['logs:CreateLogStream', 'logs:PutLogEvents'];

async function usersInGroup({ env }: RunningOpenTrail): Promise<string[]> {
  const { events } = await aws<{ events: { message: string; logStreamName: string }[] }>(
    env,
    ...['logs', 'filter-log-events', '--log-group-name', 'trail', '--filter-pattern', '{ $.eventName = CreateUser }'],
  );
  expect(events.every(({ logStreamName }) => logStreamName === STREAM)).toBe(true);
  const byId = new Map(events.map(({ message }) => [JSON.parse(message).eventID, JSON.parse(message)]));
  expect(byId.size).toBe(events.length);
  return [...byId.values()].map(({ requestParameters }) => requestParameters.userName).sort();
}

testWith(
  ['aws', 'boto3'],
  "a trail's events are in its log group within seconds, through kill -9 and a role that loses its permission",
  async () => {
    // Log files are not waited for: the group is at its own pace.
    let server = await startOpenTrail();
    const { env, dataDir } = server;
    await makeBucket(server);
    const create = ['cloudtrail', 'create-trail', '--name', 'main', '--s3-bucket-name', 'logs'];
    const pair = ['--cloud-watch-logs-log-group-arn', GROUP, '--cloud-watch-logs-role-arn', ROLE];
    const refusal = async () => (await awsRaw(env, ...create, ...pair)).stderr;
    expect(await refusal()).toMatch(/InvalidCloudWatchLogsRoleArn.*Check the trust relationships.*There is no role/);
    const trust = (service: string) => document(allow(service, 'sts:AssumeRole'));
    const role = ['--role-name', 'writer'];
    await aws(env, 'iam', 'create-role', ...role, '--assume-role-policy-document', trust('ec2.amazonaws.com'));
    expect(await refusal()).toMatch(/InvalidCloudWatchLogsRoleArn.*needs the statement .*cloudtrail\.amazonaws\.com/);
    await aws(env, 'iam', 'update-assume-role-policy', ...role, '--policy-document', trust(CLOUDTRAIL));
    await mayWrite(server, ['logs:CreateLogStream']);
    expect(await refusal()).toMatch(/InvalidCloudWatchLogsLogGroupArn.*permissions for your role.*logs:PutLogEvents/);
    await mayWrite(server, WRITING);
    expect(await refusal()).toMatch(/InvalidCloudWatchLogsLogGroupArn.*log group does not exist/);
    await aws(env, 'logs', 'create-log-group', '--log-group-name', 'trail');
    expect(await aws(env, ...create, ...pair)).toMatchObject({ CloudWatchLogsLogGroupArn: GROUP });
    await aws(env, 'cloudtrail', 'start-logging', '--name', 'main');

    await makeUsers(server, 'a', 20);
    await eventually(async () => (await usersInGroup(server)).length === 20, 'the first events are in the group');
    await makeUsers(server, 'b', 20);
    await server.kill();
    server = await startOpenTrail({ dataDir });
    const first = [...userNames('a', 20), ...userNames('b', 20)].sort();
    await eventually(async () => (await usersInGroup(server)).length === 40, 'all are in the group after a crash');
    expect(await usersInGroup(server)).toEqual(first);

    await mayWrite(server, ['logs:CreateLogStream']);
    await makeUsers(server, 'c', 5);
    const failing = await eventually(async () => {
      const status = await statusOf(server);
      return status.LatestCloudWatchLogsDeliveryError !== undefined && status;
    }, 'the role may not');
    expect(failing.LatestCloudWatchLogsDeliveryError).toBe('AccessDenied');
    expect((await usersInGroup(server)).some((name) => name.startsWith('c-'))).toBe(false);
    await mayWrite(server, WRITING);
    await eventually(async () => (await usersInGroup(server)).length === 45, 'it goes on');
    const isGood = async () => !('LatestCloudWatchLogsDeliveryError' in (await statusOf(server)));
    await eventually(isGood, 'the status says so');
    expect((await statusOf(server)).LatestCloudWatchLogsDeliveryTime).toBeDefined();

    // Nobody takes a group away unseen by it.
    const none = ['--cloud-watch-logs-log-group-arn', '', '--cloud-watch-logs-role-arn', ''];
    const without = await aws<object>(server.env, 'cloudtrail', 'update-trail', '--name', 'main', ...none);
    expect(without).not.toHaveProperty('CloudWatchLogsLogGroupArn');
    await eventually(async () => {
      const pattern = ['--filter-pattern', '{ $.eventName = UpdateTrail }'];
      const found = await aws<{ events: unknown[] }>(
        server.env,
        ...['logs', 'filter-log-events', '--log-group-name', 'trail', ...pattern],
      );
      return found.events.length === 1;
    }, 'the record of its removal');
    await makeUsers(server, 'd', 1);
    expect(await statusOf(server)).not.toHaveProperty('LatestCloudWatchLogsDeliveryTime');
    await server.stop();
  },
  300_000,
);

testWith(
  ['aws'],
  "the root user's call raises the CIS alarm at an HTTP endpoint, with the call in the message, through kill -9",
  async () => {
    let server = await startOpenTrail();
    const { env, dataDir } = server;
    await makeBucket(server);
    const trail = ['--name', 'main', '--s3-bucket-name', 'logs', '--is-multi-region-trail'];
    await aws(env, 'cloudtrail', 'create-trail', ...trail);
    await aws(env, 'cloudtrail', 'start-logging', '--name', 'main');
    const hook = await startSubscriber();
    subscribers.push(hook);
    const { TopicArn: topic } = await aws<{ TopicArn: string }>(env, 'sns', 'create-topic', '--name', 'cis-alarms');
    const to = ['--topic-arn', topic, '--protocol', 'http', '--notification-endpoint', hook.url];
    await aws(env, 'sns', 'subscribe', ...to);
    await eventually(async () => {
      const got = await aws<{ Attributes: Record<string, string> }>(
        env,
        ...['sns', 'get-topic-attributes', '--topic-arn', topic],
      );
      return got.Attributes.SubscriptionsConfirmed === '1';
    }, 'the endpoint confirms');
    const installed = await opentrail(server, 'monitor', 'install', 'cis');
    expect(installed.code, installed.stdout + installed.stderr).toBe(0);
    const root = { ...server.env, AWS_PROFILE: 'opentrail-root' };
    await aws(root, 'iam', 'create-user', '--user-name', 'made-by-root');
    await server.kill();
    server = await startOpenTrail({ dataDir });
    const told = await eventually(
      async () =>
        hook.received
          .map(({ message }) => JSON.parse(message!.Message!))
          .find(({ AlarmName }) => AlarmName === alarmNameOf(CIS_CONTROLS[0]!)),
      'the alarm of a root call',
      180_000,
    );
    expect(told).toMatchObject({ NewStateValue: 'ALARM' });
    // biome-ignore lint/suspicious/noExplicitAny: records
    const causes = told.OpenTrail.Events.map((record: any) => [record.userIdentity.type, record.eventName]);
    expect(causes).toContainEqual(['Root', 'CreateUser']);
    await server.stop();
  },
  360_000,
);
