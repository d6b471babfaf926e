import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Boto } from './support/boto.ts';
import { eventually, testWith } from './support/clients.ts';
import { freePort, type Moto, startMoto, stopMotos } from './support/moto.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { ACCOUNT, makeTrail } from './support/trail.ts';
import { blockOf, typeAsWritten } from './support/walk.ts';

const botos: Boto[] = [];
afterAll(async () => {
  for (const boto of botos) boto.end();
  stopMotos();
  await cleanUp();
});

const PAGE = readFileSync(join(dirname(import.meta.dirname), 'docs/outside-services.md'), 'utf8');
const SECRET = 'the-secret-of-the-services-outside';
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAOUTSIDE', AWS_SECRET_ACCESS_KEY: SECRET };
const TOPIC = `arn:aws:sns:us-east-1:${ACCOUNT}:alerts`;
const queueArn = (name: string) => `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`;

const everything = (endpoint: string) => ({
  'topics-endpoint': endpoint,
  'queues-endpoint': endpoint,
  'logs-endpoint': endpoint,
  'metrics-endpoint': endpoint,
  'events-endpoint': endpoint,
});

/** boto3 against a server. */
function clientOf(endpoint: string, key: readonly string[]) {
  const boto = new Boto(endpoint);
  botos.push(boto);
  // biome-ignore lint/suspicious/noExplicitAny: answers of any AWS operation
  return async (service: string, operation: string, params: object = {}): Promise<any> => {
    const { response, error } = await boto.make({ service, operation, params, key });
    if (error) throw new Error(`${operation}: ${error.code}: ${error.message}`);
    return response;
  };
}
type Client = ReturnType<typeof clientOf>;

const inside = ({ endpoint, accessKeyId, secretAccessKey }: RunningOpenTrail) =>
  clientOf(endpoint, [accessKeyId, secretAccessKey]);

const allow = (service: string, action: string, resource: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: action, Resource: resource }],
  });

/** A topic with a queue behind it, a log group, and a rule with a queue for what OpenTrail tells. */
async function prepare(outside: Client) {
  const queues = new Map<string, string>();
  for (const name of ['alerts', 'told', 'direct']) {
    queues.set(name, (await outside('sqs', 'CreateQueue', { QueueName: name })).QueueUrl);
  }
  const policy = (service: string, name: string) =>
    outside('sqs', 'SetQueueAttributes', {
      QueueUrl: queues.get(name),
      Attributes: { Policy: allow(service, 'sqs:SendMessage', queueArn(name)) },
    });
  await policy('sns.amazonaws.com', 'alerts');
  await policy('events.amazonaws.com', 'told');
  await outside('sns', 'CreateTopic', { Name: 'alerts' });
  await outside('sns', 'Subscribe', {
    TopicArn: TOPIC,
    Protocol: 'sqs',
    Endpoint: queueArn('alerts'),
    Attributes: { RawMessageDelivery: 'true' },
  });
  await outside('logs', 'CreateLogGroup', { logGroupName: 'trail' });
  const EventPattern = JSON.stringify({ source: ['opentrail.cloudwatch'] });
  await outside('events', 'PutRule', { Name: 'told', EventPattern });
  await outside('events', 'PutTargets', { Rule: 'told', Targets: [{ Id: 't', Arn: queueArn('told') }] });

  const seen = new Map<string, string[]>();
  return {
    /** Everything that has come out of a queue. */
    async taken(name: string): Promise<string[]> {
      const QueueUrl = queues.get(name);
      const bodies = seen.get(name) ?? [];
      seen.set(name, bodies);
      const { Messages = [] } = await outside('sqs', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
      for (const { Body, ReceiptHandle } of Messages) {
        bodies.push(Body);
        await outside('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle });
      }
      return bodies;
    },
  };
}

const makeAlarm = (here: Client) =>
  here('cloudwatch', 'PutMetricAlarm', {
    AlarmName: 'root',
    Namespace: 'CIS',
    MetricName: 'Root',
    Statistic: 'Sum',
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    AlarmActions: [TOPIC],
  });

const ring = (here: Client, StateReason: string) =>
  here('cloudwatch', 'SetAlarmState', { AlarmName: 'root', StateValue: 'ALARM', StateReason });

async function alarmArrives({ taken }: Awaited<ReturnType<typeof prepare>>, reason: string) {
  await eventually(
    async () => (await taken('alerts')).some((body) => body.includes('"AlarmName"') && body.includes(reason)),
    'the alarm in the queue behind the topic',
  );
  await eventually(async () => (await taken('told')).some((body) => body.includes(reason)), 'the event by the rule');
}

/** What goes out of this server by all five doors arrives at the other one. */
async function goesOut(server: RunningOpenTrail, outside: Client) {
  const [here, there] = [inside(server), await prepare(outside)];
  await makeAlarm(here);
  await ring(here, 'by hand');
  await alarmArrives(there, 'by hand');
  const told = JSON.parse((await there.taken('told'))[0]!);
  expect(told).toMatchObject({ source: 'opentrail.cloudwatch', 'detail-type': 'CloudWatch Alarm State Change' });

  // From an embedded topic, and by an embedded rule, to a queue outside.
  const { TopicArn } = await here('sns', 'CreateTopic', { Name: 'inside' });
  const Attributes = { RawMessageDelivery: 'true' };
  await here('sns', 'Subscribe', { TopicArn, Protocol: 'sqs', Endpoint: queueArn('direct'), Attributes });
  await here('sns', 'Publish', {
    TopicArn,
    Message: 'grüße & <more>',
    MessageAttributes: { level: { DataType: 'String', StringValue: 'high' } },
  });
  await here('events', 'PutRule', { Name: 'app', EventPattern: JSON.stringify({ source: ['app'] }) });
  await here('events', 'PutTargets', { Rule: 'app', Targets: [{ Id: 'q', Arn: queueArn('direct') }] });
  await here('events', 'PutEvents', { Entries: [{ Source: 'app', DetailType: 'Done', Detail: '{"n":7}' }] });
  await eventually(async () => {
    const bodies = await there.taken('direct');
    return bodies.includes('grüße & <more>') && bodies.some((body) => body.includes('"detail":{"n":7}'));
  }, 'message and event in the queue');

  // A trail's events in a log group outside, and its notices in the topic.
  const { Role } = await here('iam', 'CreateRole', {
    RoleName: 'to-logs',
    AssumeRolePolicyDocument: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'cloudtrail.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    }),
  });
  await here('iam', 'PutRolePolicy', {
    RoleName: 'to-logs',
    PolicyName: 'write',
    PolicyDocument: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'logs:*', Resource: '*' }],
    }),
  });
  await makeTrail(server, {
    Name: 'main',
    S3BucketName: 'files',
    SnsTopicName: TOPIC,
    CloudWatchLogsLogGroupArn: `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:trail:*`,
    CloudWatchLogsRoleArn: Role.Arn,
  });
  await here('sns', 'CreateTopic', { Name: 'logged' });
  await eventually(async () => {
    const { events } = await outside('logs', 'FilterLogEvents', { logGroupName: 'trail' });
    return events.some(({ message }: { message: string }) => JSON.parse(message).eventName === 'CreateTopic');
  }, "the trail's events in the log group");
  await eventually(
    async () => (await there.taken('alerts')).some((body) => body.includes('s3ObjectKey')),
    'a notice of a log file',
  );

  // What a metric filter counts here is a metric there.
  await here('logs', 'CreateLogGroup', { logGroupName: 'app' });
  await here('logs', 'PutMetricFilter', {
    logGroupName: 'app',
    filterName: 'errors',
    filterPattern: 'ERROR',
    metricTransformations: [{ metricNamespace: 'App & more', metricName: 'Errors', metricValue: '1' }],
  });
  await here('logs', 'CreateLogStream', { logGroupName: 'app', logStreamName: 's' });
  await here('logs', 'PutLogEvents', {
    logGroupName: 'app',
    logStreamName: 's',
    logEvents: ['ERROR a', 'fine', 'ERROR b'].map((message) => ({ timestamp: Date.now(), message })),
  });
  await eventually(async () => {
    const { Datapoints } = await outside('cloudwatch', 'GetMetricStatistics', {
      Namespace: 'App & more',
      MetricName: 'Errors',
      StartTime: Math.floor(Date.now() / 1000) - 600,
      EndTime: Math.floor(Date.now() / 1000) + 600,
      Period: 3600,
      Statistics: ['Sum'],
    });
    return Datapoints.reduce((sum: number, { Sum }: { Sum: number }) => sum + Sum, 0) === 2;
  }, 'the metric');
  expect(server.log()).not.toContain(SECRET);
  return there;
}

const FAST = { 'delivery-interval-seconds': 1 };

testWith(
  ['moto', 'boto3'],
  'alarms, messages, events, log events and metrics reach services of moto',
  async () => {
    const moto: Moto = await startMoto();
    const server = await startOpenTrail({ flags: { ...FAST, ...everything(moto.endpoint) }, env: KEYS });
    await goesOut(server, clientOf(moto.endpoint, ['AKIAOUTSIDE', SECRET]));
    expect(await server.stop()).toBe(0);
    await moto.stop();
  },
  300_000,
);

testWith(
  ['moto', 'boto3', 'aws', 'aws-endpoint-env'],
  'the page, as written: an alarm here tells a topic there',
  async () => {
    const moto = await startMoto();
    const there = await prepare(clientOf(moto.endpoint, ['AKIAOUTSIDE', SECRET]));
    const server = await startOpenTrail({ flags: { 'topics-endpoint': moto.endpoint }, env: KEYS });
    const env = { ...server.env, AWS_ENDPOINT_URL_SNS: moto.endpoint };
    const followed = await typeAsWritten(blockOf(PAGE, 'outside: an alarm'), { ...server, env }, newFolder('page'));
    expect(followed.code, followed.stderr).toBe(0);
    await eventually(async () => (await there.taken('alerts')).some((body) => body.includes('a drill')), 'the alarm');
    expect(await server.stop()).toBe(0);
    await moto.stop();
  },
  300_000,
);

testWith(
  ['boto3'],
  'the same with another OpenTrail; an outage there and kill -9 on both sides lose no alarm',
  async () => {
    const [dataDir, outsideDir] = [newFolder('inside'), newFolder('outside')];
    const port = await freePort();
    const startOutside = () => startOpenTrail({ dataDir: outsideDir, flags: { port } });
    let outside = await startOutside();
    const startInside = () =>
      startOpenTrail({
        dataDir,
        flags: { ...FAST, ...everything(outside.endpoint), 'outside-profile': 'opentrail' },
        env: { AWS_SHARED_CREDENTIALS_FILE: join(outsideDir, 'credentials') },
      });
    let server = await startInside();
    const there = await goesOut(server, inside(outside));

    await outside.kill();
    const reset = { AlarmName: 'root', StateValue: 'OK', StateReason: 'over' };
    await inside(server)('cloudwatch', 'SetAlarmState', reset);
    await ring(inside(server), 'while it was away');
    await eventually(async () => server.log().includes('an alarm could not be told'), 'a try that fails');
    await server.kill();
    server = await startInside();
    outside = await startOutside();
    await alarmArrives(there, 'while it was away');
    await Promise.all([server.stop(), outside.stop()]);
  },
  300_000,
);

test('without keys for what is outside it does not start, and says what to do', async () => {
  const start = startOpenTrail({
    flags: { 'topics-endpoint': 'http://127.0.0.1:1' },
    env: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' },
  });
  await expect(start).rejects.toThrow(/--topics-endpoint needs keys.*--outside-profile/);
});
