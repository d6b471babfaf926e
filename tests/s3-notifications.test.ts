import { gunzipSync } from 'node:zlib';
import { afterAll, expect } from 'vitest';
import { Boto } from './support/boto.ts';
import { aws, awsRaw, eventually, testWith } from './support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { ACCOUNT, makeTrail } from './support/trail.ts';

afterAll(cleanUp);

const QUEUE = `arn:aws:sqs:us-east-1:${ACCOUNT}:objects`;
const FLAGS = { 'delivery-interval-seconds': 1 };

const queuePolicy = (bucket: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 's3.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: QUEUE,
        Condition: {
          ArnLike: { 'aws:SourceArn': `arn:aws:s3:::${bucket}` },
          StringEquals: { 'aws:SourceAccount': ACCOUNT },
        },
      },
    ],
  });

function botoOf(server: RunningOpenTrail) {
  const boto = new Boto(server.endpoint);
  return {
    end: () => boto.end(),
    // biome-ignore lint/suspicious/noExplicitAny: answers of any AWS operation
    async call(service: string, operation: string, params: object = {}): Promise<any> {
      const key = [server.accessKeyId, server.secretAccessKey];
      const { response, error } = await boto.make({ service, operation, params, key });
      if (error) throw new Error(`${operation}: ${error.code}: ${error.message}`);
      return response;
    },
  };
}

interface Told {
  readonly eventName: string;
  readonly s3: { readonly bucket: { readonly name: string }; readonly object: { readonly key: string } };
}

/** Takes what the queue has. @returns the records of S3's messages */
async function take({ call }: ReturnType<typeof botoOf>, QueueUrl: string): Promise<readonly Told[]> {
  const { Messages = [] } = await call('sqs', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
  const told: Told[] = [];
  for (const { Body, ReceiptHandle } of Messages) {
    told.push(...(JSON.parse(Body).Records ?? []));
    await call('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle });
  }
  return told;
}

testWith(
  ['boto3'],
  'boto3: a consumer of S3 → SQS gets the log files of a trail; kill -9 loses no notification',
  async () => {
    let server = await startOpenTrail({ flags: FLAGS });
    let client = botoOf(server);
    await makeTrail(server, { Name: 'main', S3BucketName: 'logs' });
    const Attributes = { Policy: queuePolicy('logs') };
    let { QueueUrl } = await client.call('sqs', 'CreateQueue', { QueueName: 'objects', Attributes });
    const Filter = { Key: { FilterRules: [{ Name: 'suffix', Value: '.json.gz' }] } };
    await client.call('s3', 'PutBucketNotificationConfiguration', {
      Bucket: 'logs',
      NotificationConfiguration: {
        QueueConfigurations: [{ Id: 'files', QueueArn: QUEUE, Events: ['s3:ObjectCreated:*'], Filter }],
      },
    });
    const first = await client.call('sqs', 'ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 });
    expect(JSON.parse(first.Messages[0].Body)).toMatchObject({ Event: 's3:TestEvent', Bucket: 'logs' });

    await client.call('kms', 'CreateKey', { Description: 'to be found in a log file' });
    await eventually(async () => {
      for (const { s3 } of await take(client, QueueUrl)) {
        if (s3.object.key.includes('CloudTrail-Digest')) continue;
        const key = decodeURIComponent(s3.object.key.replaceAll('+', ' '));
        const { Body } = await client.call('s3', 'GetObject', { Bucket: s3.bucket.name, Key: key });
        const file = gunzipSync(Buffer.from(Body.$bytes, 'base64')).toString();
        if (file.includes('to be found in a log file')) return true;
      }
      return false;
    }, 'the log file that has the call');

    const put: string[] = [];
    const told = new Set<string>();
    for (let life = 0; life < 3; life++) {
      for (let i = 0; i < 15; i++) {
        const Key = `own/${life}.${i}.json.gz`;
        await client.call('s3', 'PutObject', { Bucket: 'logs', Key, Body: 'x' });
        put.push(Key);
      }
      await server.kill();
      client.end();
      server = await startOpenTrail({ flags: FLAGS, dataDir: server.dataDir });
      client = botoOf(server);
      QueueUrl = (await client.call('sqs', 'GetQueueUrl', { QueueName: 'objects' })).QueueUrl;
    }
    await eventually(async () => {
      for (const { s3 } of await take(client, QueueUrl)) told.add(s3.object.key);
      return put.every((key) => told.has(key));
    }, 'every object that was taken is told of');
    client.end();
    await server.stop();
  },
  300_000,
);

testWith(
  ['aws'],
  'AWS CLI: a destination whose policy does not let S3 in is refused in its words; what is set is shown; EventBridge',
  async () => {
    const server = await startOpenTrail();
    const { env } = server;
    const sqs = (...args: string[]) =>
      aws<{ QueueUrl: string }>(env, 'sqs', '--endpoint-url', server.endpoint, ...args);
    await aws(env, 's3api', 'create-bucket', '--bucket', 'files');
    const { QueueUrl } = await sqs('create-queue', '--queue-name', 'objects');
    const configuration = JSON.stringify({
      QueueConfigurations: [{ Id: 'q', QueueArn: QUEUE, Events: ['s3:ObjectRemoved:*'] }],
      EventBridgeConfiguration: {},
    });
    const configure = ['s3api', 'put-bucket-notification-configuration', '--bucket', 'files'];
    const refusal = await awsRaw(env, ...configure, '--notification-configuration', configuration);
    expect(refusal.stderr).toContain('Unable to validate the following destination configurations');
    const attributes = JSON.stringify({ Policy: queuePolicy('files') });
    await sqs('set-queue-attributes', '--queue-url', QueueUrl, '--attributes', attributes);
    await aws(env, ...configure, '--notification-configuration', configuration);
    const shown = await aws(env, 's3api', 'get-bucket-notification-configuration', '--bucket', 'files');
    expect(shown).toEqual(JSON.parse(configuration));

    const pattern = '{"source":["aws.s3"],"detail-type":["Object Created"]}';
    const events = (...args: string[]) => aws(env, 'events', ...args);
    await events('put-rule', '--name', 'created', '--event-pattern', pattern);
    const bridgeArn = QUEUE.replace(':objects', ':bridge');
    const { QueueUrl: bridgeUrl } = await sqs('create-queue', '--queue-name', 'bridge');
    const policy = queuePolicy('files')
      .replaceAll(':objects', ':bridge')
      .replaceAll('s3.amazonaws.com', 'events.amazonaws.com')
      .replace(/,"Condition":.*?\}\}\}/, '}');
    await sqs('set-queue-attributes', '--queue-url', bridgeUrl, '--attributes', JSON.stringify({ Policy: policy }));
    await events('put-targets', '--rule', 'created', '--targets', `Id=q,Arn=${bridgeArn}`);
    await aws(env, 's3api', 'put-object', '--bucket', 'files', '--key', 'a b');
    await aws(env, 's3api', 'delete-object', '--bucket', 'files', '--key', 'a b');
    const bodies = async (url: string) => {
      const { Messages = [] } = (await sqs('receive-message', '--queue-url', url, '--visibility-timeout', '0')) as {
        Messages?: { Body: string }[];
      };
      return Messages.map(({ Body }) => JSON.parse(Body));
    };
    const [event] = await eventually(async () => {
      const found = await bodies(bridgeUrl);
      return found.length > 0 && found;
    }, 'the event of the bucket');
    expect(event).toMatchObject({ source: 'aws.s3', detail: { object: { key: 'a b' }, reason: 'PutObject' } });
    const removed = await eventually(async () => {
      const [found] = (await bodies(QueueUrl)).filter(({ Records }) => Records);
      return found;
    }, 'the notification of the deletion');
    expect(removed.Records[0]).toMatchObject({ eventName: 'ObjectRemoved:Delete', s3: { object: { key: 'a+b' } } });
    await server.stop();
  },
  300_000,
);
