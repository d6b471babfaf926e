import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect } from 'vitest';
import { Boto } from './support/boto.ts';
import { aws, awsRaw, eventually, testWith } from './support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { ACCOUNT, makeTrail } from './support/trail.ts';

afterAll(cleanUp);

const QUEUE = `arn:aws:sqs:us-east-1:${ACCOUNT}:events`;

/** boto3 against a server. Its answers, or an error with AWS's name. */
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
type Client = ReturnType<typeof botoOf>;

/** A queue that rules of the account may send to. @returns its URL */
async function makeQueue({ call }: Client, name = 'events'): Promise<string> {
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`,
    Condition: { ArnLike: { 'aws:SourceArn': `arn:aws:events:us-east-1:${ACCOUNT}:rule/*` } },
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  return (await call('sqs', 'CreateQueue', { QueueName: name, Attributes: { Policy } })).QueueUrl;
}

async function makeRule({ call }: Client, Name: string, pattern: object, target: object): Promise<void> {
  await call('events', 'PutRule', { Name, EventPattern: JSON.stringify(pattern) });
  const { FailedEntryCount } = await call('events', 'PutTargets', { Rule: Name, Targets: [{ Id: 't', ...target }] });
  expect(FailedEntryCount).toBe(0);
}

/** Takes what a queue has into `seen`. */
async function drain({ call }: Client, QueueUrl: string, seen: string[]): Promise<void> {
  const { Messages = [] } = await call('sqs', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
  for (const { Body, ReceiptHandle } of Messages) {
    seen.push(Body);
    await call('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle });
  }
}

testWith(
  ['boto3'],
  'boto3: calls that a trail logs reach a queue in the envelope of AWS; kill -9 loses none of them',
  async () => {
    let server = await startOpenTrail();
    let client = botoOf(server);
    let url = await makeQueue(client);
    const pattern = {
      source: ['aws.kms'],
      'detail-type': ['AWS API Call via CloudTrail'],
      detail: { eventName: [{ prefix: 'CreateK' }] },
    };
    await makeRule(client, 'keys', pattern, { Arn: QUEUE });
    await client.call('kms', 'CreateKey', { Description: 'before any trail' });
    await makeTrail(server, { Name: 'main', S3BucketName: 'logs' });
    await client.call('kms', 'CreateKey', { Description: 'one' });
    await client.call('kms', 'ListKeys');
    const seen: string[] = [];
    await eventually(async () => {
      await drain(client, url, seen);
      return seen.length > 0;
    }, 'the call is in the queue');
    const event = JSON.parse(seen[0]!);
    expect(event).toMatchObject({
      version: '0',
      'detail-type': 'AWS API Call via CloudTrail',
      source: 'aws.kms',
      account: ACCOUNT,
      region: 'us-east-1',
      resources: [],
      detail: { eventName: 'CreateKey', requestParameters: { description: 'one' }, recipientAccountId: ACCOUNT },
    });
    expect(event.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(event.id).not.toBe(event.detail.eventID);

    const made: string[] = ['one'];
    for (let life = 0; life < 3; life++) {
      for (let i = 0; i < 15; i++) {
        const Description = `${life}.${i}`;
        await client.call('kms', 'CreateKey', { Description });
        made.push(Description);
      }
      await server.kill();
      client.end();
      server = await startOpenTrail({ dataDir: server.dataDir });
      client = botoOf(server);
      url = (await client.call('sqs', 'GetQueueUrl', { QueueName: 'events' })).QueueUrl;
    }
    const told = () => seen.map((body) => JSON.parse(body).detail.requestParameters.description as string);
    await eventually(async () => {
      await drain(client, url, seen);
      return made.every((description) => told().includes(description));
    }, 'every call that was answered is in the queue');
    // Twice is allowed, a flood is not; and the same event has the same id.
    expect(told().length).toBeLessThanOrEqual(made.length + 3 * 15);
    const ids = new Map(seen.map((body) => [JSON.parse(body).detail.eventID, JSON.parse(body).id]));
    expect(new Set(seen.map((body) => JSON.parse(body).id)).size).toBe(ids.size);
    client.end();
    await server.stop();
  },
  300_000,
);

testWith(
  ['boto3'],
  'boto3: read-only calls, an API destination whose credentials nobody sees, an archive and its replay',
  async () => {
    const received: { url: string; headers: IncomingHttpHeaders; body: string }[] = [];
    const endpoint = createServer((req, res) => {
      let body = '';
      req.on('data', (part) => {
        body += part;
      });
      req.on('end', () => {
        received.push({ url: req.url ?? '', headers: req.headers, body });
        // The first try fails.
        res.writeHead(received.length === 1 ? 503 : 200).end();
      });
    });
    await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
    const { port } = endpoint.address() as AddressInfo;
    const server = await startOpenTrail();
    const client = botoOf(server);
    const { call } = client;
    const SECRET = 'a-password-that-nobody-may-see';
    const { ConnectionArn } = await call('events', 'CreateConnection', {
      Name: 'hook',
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: SECRET } },
    });
    const { ApiDestinationArn } = await call('events', 'CreateApiDestination', {
      Name: 'hook',
      ConnectionArn,
      HttpMethod: 'POST',
      InvocationEndpoint: `http://127.0.0.1:${port}/in/*`,
    });
    const transformer = {
      InputPathsMap: { who: '$.detail.userIdentity.type', what: '$.detail.eventName' },
      InputTemplate: '{"text": "<who> called <what>", "rule": <aws.events.rule-name>}',
    };
    await call('events', 'PutRule', {
      Name: 'reads',
      State: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
      EventPattern: JSON.stringify({ source: ['aws.kms'], detail: { readOnly: [true] } }),
    });
    await call('events', 'PutTargets', {
      Rule: 'reads',
      Targets: [
        {
          Id: 'hook',
          Arn: ApiDestinationArn,
          InputTransformer: transformer,
          HttpParameters: { PathParameterValues: ['$.detail.eventName'] },
        },
      ],
    });
    await makeTrail(server, { Name: 'main', S3BucketName: 'logs' });
    await call('kms', 'ListKeys');
    await eventually(async () => received.length >= 2, 'the endpoint is called, and again after 503');
    expect(received[1]!.url).toBe('/in/ListKeys');
    expect(received[1]!.headers['x-key']).toBe(SECRET);
    expect(JSON.parse(received[1]!.body)).toEqual({ text: expect.stringMatching(/ called ListKeys$/), rule: 'reads' });
    expect(JSON.stringify(await call('events', 'DescribeConnection', { Name: 'hook' }))).not.toContain(SECRET);
    const record = await eventually(async () => {
      const LookupAttributes = [{ AttributeKey: 'EventName', AttributeValue: 'CreateConnection' }];
      return (await call('cloudtrail', 'LookupEvents', { LookupAttributes })).Events[0]?.CloudTrailEvent as string;
    }, 'the record of CreateConnection');
    expect(record).toContain('"HIDDEN_DUE_TO_SECURITY_REASONS"');
    expect(record + server.log()).not.toContain(SECRET);

    const EventSourceArn = `arn:aws:events:us-east-1:${ACCOUNT}:event-bus/default`;
    const { ArchiveArn } = await call('events', 'CreateArchive', { ArchiveName: 'all', EventSourceArn });
    const url = await makeQueue(client);
    const startMs = Date.now() - 60_000;
    await call('events', 'PutEvents', { Entries: [{ Source: 'app', DetailType: 'x', Detail: '{"n":1}' }] });
    await makeRule(client, 'late', { source: ['app'] }, { Arn: QUEUE });
    await call('events', 'StartReplay', {
      ReplayName: 'again',
      EventSourceArn: ArchiveArn,
      EventStartTime: new Date(startMs).toISOString(),
      EventEndTime: new Date(startMs + 120_000).toISOString(),
      Destination: { Arn: EventSourceArn },
    });
    const seen: string[] = [];
    await eventually(async () => {
      await drain(client, url, seen);
      return seen.length > 0;
    }, 'the replayed event');
    expect(JSON.parse(seen[0]!)).toMatchObject({ 'replay-name': 'again', detail: { n: 1 } });
    const replay = () => call('events', 'DescribeReplay', { ReplayName: 'again' });
    await eventually(async () => (await replay()).State === 'COMPLETED', 'the replay ends');
    client.end();
    await server.stop();
    endpoint.closeAllConnections();
    endpoint.close();
  },
  300_000,
);

testWith(
  ['aws'],
  'AWS CLI: buses, rules, patterns and events; refusals by their names',
  async () => {
    const server = await startOpenTrail();
    const events = <T = Record<string, never>>(...args: string[]) => aws<T>(server.env, 'events', ...args);
    const refused = async (...args: string[]) => (await awsRaw(server.env, 'events', ...args)).stderr;
    expect(await events('create-event-bus', '--name', 'orders')).toMatchObject({
      EventBusArn: `arn:aws:events:us-east-1:${ACCOUNT}:event-bus/orders`,
    });
    const pattern = '{"source":["shop"],"detail":{"total":[{"numeric":[">",100]}]}}';
    await events('put-rule', '--name', 'large', '--event-bus-name', 'orders', '--event-pattern', pattern);
    await events('put-rule', '--name', 'nightly', '--schedule-expression', 'cron(0 3 * * ? *)');
    expect(await events('list-rules')).toMatchObject({ Rules: [{ Name: 'nightly', State: 'ENABLED' }] });
    const targets = ['--rule', 'large', '--event-bus-name', 'orders'];
    await events('put-targets', ...targets, '--targets', `Id=q,Arn=${QUEUE}`);
    expect(await events('list-targets-by-rule', ...targets)).toEqual({ Targets: [{ Id: 'q', Arn: QUEUE }] });
    const event = { id: 'x', 'detail-type': 't', source: 'shop', account: ACCOUNT, region: 'us-east-1', resources: [] };
    const sample = JSON.stringify({ ...event, time: '2026-01-01T00:00:00Z', detail: { total: 101 } });
    const test = ['test-event-pattern', '--event-pattern', pattern, '--event', sample];
    expect(await events(...test)).toEqual({ Result: true });
    const entries = JSON.stringify([
      { Source: 'shop', DetailType: 't', Detail: '{"total":101}', EventBusName: 'orders' },
      { Source: 'aws.s3', DetailType: 't', Detail: '{}' },
    ]);
    expect(await events('put-events', '--entries', entries)).toMatchObject({
      FailedEntryCount: 1,
      Entries: [{ EventId: expect.any(String) }, { ErrorCode: 'NotAuthorizedForSourceException' }],
    });
    expect(await refused('put-rule', '--name', 'x', '--event-pattern', '{"source":"a"}')).toContain(
      '(InvalidEventPatternException)',
    );
    expect(await refused('describe-rule', '--name', 'gone')).toContain('(ResourceNotFoundException)');
    expect(await refused('delete-rule', '--name', 'large', '--event-bus-name', 'orders')).toContain('has targets');
    await events('remove-targets', ...targets, '--ids', 'q');
    await events('delete-rule', '--name', 'large', '--event-bus-name', 'orders');
    await events('delete-event-bus', '--name', 'orders');
    expect(await events('list-event-buses')).toMatchObject({ EventBuses: [{ Name: 'default' }] });
    await server.stop();
  },
  300_000,
);
