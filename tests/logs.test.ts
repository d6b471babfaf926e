import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { aws, awsRaw, boto3, eventually, testWith } from './support/clients.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';

afterAll(cleanUp);

const logsOf =
  (server: RunningOpenTrail) =>
  <T = Record<string, never>>(...args: string[]) =>
    aws<T>(server.env, 'logs', ...args);

interface Events {
  readonly events: readonly { readonly message: string; readonly timestamp: number; readonly logStreamName?: string }[];
  readonly nextForwardToken: string;
}
const messagesOf = ({ events }: Events) => events.map(({ message }) => message);

/** `--log-events` as JSON, which messages of JSON need. */
const eventsNow = (...messages: string[]) =>
  JSON.stringify(messages.map((message, i) => ({ timestamp: Date.now() + i, message })));

testWith(
  ['aws'],
  'AWS CLI: groups, streams, events and filters; what was acknowledged is there after kill -9; PutLogEvents makes no record',
  async () => {
    let server = await startOpenTrail();
    let logs = logsOf(server);
    const refused = async (...args: string[]) => (await awsRaw(server.env, 'logs', ...args)).stderr;
    await logs('create-log-group', '--log-group-name', 'app/one', '--tags', 'team=audit');
    expect(await refused('create-log-group', '--log-group-name', 'app/one')).toContain(
      '(ResourceAlreadyExistsException)',
    );
    const group = ['--log-group-name', 'app/one'];
    const stream = [...group, '--log-stream-name', 's1'];
    await logs('create-log-stream', ...stream);
    const put = (...messages: string[]) => logs('put-log-events', ...stream, '--log-events', eventsNow(...messages));
    await put('{"eventName":"ConsoleLogin","n":3}', 'ERROR in plain text');
    await server.kill();
    server = await startOpenTrail({ dataDir: server.dataDir });
    logs = logsOf(server);
    await put('after the crash');

    const read = await logs<Events>('get-log-events', ...stream);
    expect(messagesOf(read)).toEqual(['{"eventName":"ConsoleLogin","n":3}', 'ERROR in plain text', 'after the crash']);
    const more = await logs<Events>('get-log-events', ...stream, '--next-token', read.nextForwardToken);
    expect([more.events, more.nextForwardToken]).toEqual([[], read.nextForwardToken]);
    const found = await logs<Events>('filter-log-events', ...group, '--filter-pattern', '{ $.n > 2 }');
    expect(found.events).toMatchObject([{ logStreamName: 's1', message: '{"eventName":"ConsoleLogin","n":3}' }]);
    expect(await refused('filter-log-events', ...group, '--filter-pattern', '{ $.n > }')).toContain(
      '(InvalidParameterException)',
    );
    expect(await refused('get-log-events', ...group, '--log-stream-name', 'none')).toContain(
      '(ResourceNotFoundException)',
    );

    await logs('put-retention-policy', ...group, '--retention-in-days', '30');
    const { logGroups } = await logs<{ logGroups: readonly object[] }>('describe-log-groups');
    expect(logGroups).toMatchObject([
      { logGroupName: 'app/one', retentionInDays: 30, arn: 'arn:aws:logs:us-east-1:123456789012:log-group:app/one:*' },
    ]);
    const { logStreams } = await logs<{ logStreams: readonly object[] }>('describe-log-streams', ...group);
    expect(logStreams).toMatchObject([{ logStreamName: 's1', lastEventTimestamp: expect.any(Number) }]);
    const resource = ['--resource-arn', 'arn:aws:logs:us-east-1:123456789012:log-group:app/one'];
    expect(await logs('list-tags-for-resource', ...resource)).toEqual({ tags: { team: 'audit' } });
    expect(await refused('associate-kms-key', ...group, '--kms-key-id', 'k'.repeat(20))).toContain(
      '(InvalidOperationException)',
    );

    const names = async () => {
      const { Events: records } = await aws<{ Events: readonly { EventName: string }[] }>(
        server.env,
        'cloudtrail',
        'lookup-events',
      );
      return records.map(({ EventName }) => EventName);
    };
    await logs('delete-log-group', ...group);
    const seen = await eventually(async () => {
      const all = await names();
      return all.includes('DeleteLogGroup') && all;
    }, 'the record of DeleteLogGroup');
    expect(seen).toContain('CreateLogStream');
    expect(seen).not.toContain('PutLogEvents');
    expect(await server.stop()).toBe(0);
  },
  300_000,
);

testWith(
  ['boto3'],
  'boto3: Logs Insights over what is stored, pages and records by pointer; an endless expression ends alone',
  async () => {
    const server = await startOpenTrail();
    const pid = readFileSync(join(server.dataDir, 'owner'), 'utf8').trim();
    const result = await boto3<{
      readonly pages: readonly number[];
      readonly stats: readonly Record<string, string>[];
      readonly parsed: readonly Record<string, string>[];
      readonly record: Record<string, string>;
      readonly malformed: string;
      readonly statusOfEndless: string;
      readonly callMs: readonly number[];
      readonly mainThreadMs: number;
      readonly queries: number;
    }>(
      server.env,
      `
import time
logs = client('logs')
logs.create_log_group(logGroupName='g')
for s in ('a', 'b'):
    logs.create_log_stream(logGroupName='g', logStreamName=s)
now = int(time.time() * 1000)
for i in range(5):
    for s in ('a', 'b'):
        logs.put_log_events(logGroupName='g', logStreamName=s, logEvents=[
            {'timestamp': now - 100000 + i * 1000 + j, 'message': json.dumps({'eventName': 'E%d' % (j % 3), 'size': j, 'text': 'took %d ms' % j})}
            for j in range(500)])
pages = [len(p['events']) for p in logs.get_paginator('filter_log_events').paginate(logGroupName='g', filterPattern='{ $.size < 100 }', PaginationConfig={'PageSize': 300})]
def query(text, **kw):
    id = logs.start_query(logGroupName='g', startTime=now // 1000 - 3600, endTime=now // 1000 + 3600, queryString=text, **kw)['queryId']
    while True:
        r = logs.get_query_results(queryId=id)
        if r['status'] not in ('Scheduled', 'Running'):
            return r
        time.sleep(0.05)
rows = lambda r: [{c['field']: c['value'] for c in row} for row in r['results']]
stats = rows(query('filter @logStream = "a" | stats count(*) as n, max(size) as top by eventName | sort eventName'))
parsed = query('fields size | parse text "took * ms" as ms | filter ms = 499 | sort @timestamp desc | limit 2')
record = logs.get_log_record(logRecordPointer=rows(parsed)[0]['@ptr'])['logRecord']
try:
    query('fields')
    malformed = ''
except logs.exceptions.MalformedQueryException as e:
    malformed = str(e)
endless = logs.start_query(logGroupName='g', startTime=0, endTime=now // 1000 + 3600, queryString='filter concat(@message, "${'a'.repeat(40)}!") like /(a+)+$/ | stats count(*)')['queryId']
def main_thread_ms():
    try:
        return 10 * sum(int(ticks) for ticks in open('/proc/${pid}/task/${pid}/stat').read().rsplit(') ', 1)[1].split()[11:13])
    except OSError:
        return 0
before, calls = main_thread_ms(), []
for _ in range(10):
    t = time.time(); logs.describe_log_groups(); calls.append(1000 * (time.time() - t))
busy = main_thread_ms() - before
status = logs.get_query_results(queryId=endless)['status']
logs.stop_query(queryId=endless)
print(json.dumps({'pages': pages, 'stats': stats, 'parsed': rows(parsed), 'record': record, 'malformed': malformed,
  'statusOfEndless': status + ' ' + logs.get_query_results(queryId=endless)['status'], 'callMs': calls, 'mainThreadMs': busy,
  'queries': len(logs.describe_queries(logGroupName='g')['queries'])}))
`,
    );
    expect(result.pages).toEqual([300, 300, 300, 100]);
    expect(result.stats).toEqual([
      { eventName: 'E0', n: '835', top: '498' },
      { eventName: 'E1', n: '835', top: '499' },
      { eventName: 'E2', n: '830', top: '497' },
    ]);
    expect(result.parsed).toMatchObject([{ size: '499' }, { size: '499' }]);
    expect(result.record).toMatchObject({ '@logStream': expect.any(String), eventName: 'E1', size: '499' });
    expect(result.malformed).toContain('MalformedQueryException');
    expect(result.statusOfEndless).toBe('Running Cancelled');
    // The pattern takes for ever, but not from calls: of the main thread's time they take what they always do, some 4 ms
    // each. How long that is by the clock is for the machine to say, where others may have all of it for a while.
    expect(result.mainThreadMs).toBeLessThan(1_000);
    expect(result.callMs.toSorted((a, b) => a - b)[5]).toBeLessThan(2_000);
    expect(result.queries).toBe(3);
    await server.stop();
  },
  300_000,
);

testWith(
  ['boto3'],
  'boto3 and the AWS CLI: Live Tail shows what comes in, filtered, and ends with its client',
  async () => {
    const server = await startOpenTrail();
    const arn = 'arn:aws:logs:us-east-1:123456789012:log-group:g';
    const seen = await boto3<readonly string[]>(
      server.env,
      `
import threading, time
logs = client('logs', config=Config(inject_host_prefix=False))
logs.create_log_group(logGroupName='g')
logs.create_log_stream(logGroupName='g', logStreamName='s')
put = lambda *m: logs.put_log_events(logGroupName='g', logStreamName='s', logEvents=[{'timestamp': int(time.time() * 1000), 'message': x} for x in m])
put('ERROR before')
stream = logs.start_live_tail(logGroupIdentifiers=['${arn}'], logEventFilterPattern='ERROR')['responseStream']
seen = []
for event in stream:
    if 'sessionStart' in event:
        put('ERROR one', 'fine')
    else:
        seen += [r['message'] for r in event['sessionUpdate']['sessionResults']]
        if 'ERROR one' in seen and len(seen) == 1:
            put('ERROR two')
        if len(seen) > 1:
            break
stream.close()
print(json.dumps(seen))
`,
    );
    expect(seen).toEqual(['ERROR one', 'ERROR two']);
    const env = { ...server.env, AWS_DISABLE_HOST_PREFIX_INJECTION: 'true', PYTHONUNBUFFERED: '1' };
    const tail = spawn('aws', ['logs', 'start-live-tail', '--log-group-identifiers', arn], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let shown = '';
    tail.stdout.setEncoding('utf8').on('data', (text) => {
      shown += text;
    });
    const line = ['--log-group-name', 'g', '--log-stream-name', 's', '--log-events'];
    await eventually(async () => {
      await logsOf(server)('put-log-events', ...line, eventsNow('seen by the CLI'));
      return shown.includes('seen by the CLI');
    }, 'the CLI shows what comes in');
    tail.kill('SIGKILL');
    await server.stop();
  },
  300_000,
);

testWith(
  ['boto3'],
  'boto3: metric filters count what came in once each into CloudWatch, through kill -9 after kill -9',
  async () => {
    let server = await startOpenTrail();
    const put = (setUp: boolean) => `
import time
logs = client('logs')
if ${setUp ? 'True' : 'False'}:
    logs.create_log_group(logGroupName='g')
    logs.create_log_stream(logGroupName='g', logStreamName='s')
    logs.put_metric_filter(logGroupName='g', filterName='f', filterPattern='{ $.size >= 0 }',
        metricTransformations=[{'metricName': 'Sizes', 'metricNamespace': 'App', 'metricValue': '$.size', 'unit': 'Bytes'}])
for i in range(20):
    logs.put_log_events(logGroupName='g', logStreamName='s', logEvents=[
        {'timestamp': int(time.time() * 1000), 'message': json.dumps({'size': 2, 'eventID': 'e%d' % j})} for j in range(100)] )
print('0')
`;
    const sum = `
import datetime
now = datetime.datetime.now(datetime.timezone.utc)
found = client('cloudwatch').get_metric_statistics(Namespace='App', MetricName='Sizes', Period=60, Statistics=['Sum', 'SampleCount', 'Maximum'],
    StartTime=now - datetime.timedelta(hours=1), EndTime=now + datetime.timedelta(hours=1))['Datapoints']
print(json.dumps([sum(d['Sum'] for d in found), sum(d['SampleCount'] for d in found), max([d['Maximum'] for d in found] or [0])]))
`;
    for (const round of [1, 2, 3]) {
      await boto3(server.env, put(round === 1));
      await server.kill();
      server = await startOpenTrail({ dataDir: server.dataDir });
    }
    await eventually(async () => (await boto3<readonly number[]>(server.env, sum))[1]! >= 6000, 'all are counted');
    expect(await boto3(server.env, sum)).toEqual([12_000, 6_000, 2]);
    await server.stop();
  },
  300_000,
);

testWith(
  ['boto3'],
  'boto3: a subscription sends to a queue whose policy lets CloudWatch Logs in, and is refused by one whose policy does not',
  async () => {
    const server = await startOpenTrail();
    const result = await boto3<{ readonly refused: string; readonly bodies: readonly string[] }>(
      server.env,
      `
import time
logs, sqs = client('logs'), client('sqs')
logs.create_log_group(logGroupName='g')
logs.create_log_stream(logGroupName='g', logStreamName='s')
url = sqs.create_queue(QueueName='q')['QueueUrl']
arn = 'arn:aws:sqs:us-east-1:123456789012:q'
subscribe = lambda: logs.put_subscription_filter(logGroupName='g', filterName='f', filterPattern='{ $.eventName = Delete* }', destinationArn=arn)
try:
    subscribe()
    refused = ''
except logs.exceptions.InvalidParameterException as e:
    refused = str(e)
sqs.set_queue_attributes(QueueUrl=url, Attributes={'Policy': json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow',
  'Principal': {'Service': 'logs.amazonaws.com'}, 'Action': 'sqs:SendMessage', 'Resource': arn,
  'Condition': {'ArnLike': {'aws:SourceArn': 'arn:aws:logs:us-east-1:123456789012:log-group:g:*'}}}]})})
subscribe()
now = int(time.time() * 1000)
logs.put_log_events(logGroupName='g', logStreamName='s', logEvents=[{'timestamp': now, 'message': json.dumps({'eventName': n})} for n in ('DeleteTrail', 'GetTrail', 'DeleteBucket')])
bodies = []
while len(bodies) < 2:
    for m in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, MaxNumberOfMessages=10).get('Messages', []):
        bodies.append(m['Body'])
        sqs.delete_message(QueueUrl=url, ReceiptHandle=m['ReceiptHandle'])
print(json.dumps({'refused': refused, 'bodies': bodies}))
`,
    );
    expect(result.refused).toContain('Could not deliver test message');
    const messages = result.bodies.map((body) => JSON.parse(gunzipSync(Buffer.from(body, 'base64')).toString()));
    expect(messages.map(({ messageType }) => messageType)).toEqual(['CONTROL_MESSAGE', 'DATA_MESSAGE']);
    expect(messages[1].logEvents.map(({ message }: { message: string }) => message)).toEqual([
      '{"eventName": "DeleteTrail"}',
      '{"eventName": "DeleteBucket"}',
    ]);
    await server.stop();
  },
  300_000,
);

test('subscriptions reach an HTTP endpoint, also what was accepted before kill -9 while it was down', async () => {
  const received: string[] = [];
  let status = 200;
  const endpoint = createServer((req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (part) => parts.push(part));
    req.on('end', () => {
      const { awslogs } = JSON.parse(Buffer.concat(parts).toString());
      const { messageType, logEvents } = JSON.parse(gunzipSync(Buffer.from(awslogs.data, 'base64')).toString());
      if (status === 200 && messageType === 'DATA_MESSAGE') {
        received.push(...logEvents.map(({ message }: { message: string }) => message));
      }
      res.writeHead(status).end();
    });
  });
  await new Promise<void>((fulfil) => endpoint.listen(0, '127.0.0.1', fulfil));
  // The AWS CLI 1 would fetch a URL that it is given.
  const url = `arn:aws:http:::http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/logs`;
  let server = await startOpenTrail({ dataDir: newFolder('logs') });
  let logs = logsOf(server);
  const stream = ['--log-group-name', 'g', '--log-stream-name', 's'];
  await logs('create-log-group', '--log-group-name', 'g');
  await logs('create-log-stream', ...stream);
  const filter = ['--filter-name', 'f', '--filter-pattern', 'ERROR', '--destination-arn', url];
  await logs('put-subscription-filter', '--log-group-name', 'g', ...filter);
  await logs('put-log-events', ...stream, '--log-events', eventsNow('ERROR 1', 'fine'));
  await eventually(async () => received.length === 1, 'the first');
  status = 503;
  await logs('put-log-events', ...stream, '--log-events', eventsNow('ERROR 2'));
  await server.kill();
  status = 200;
  server = await startOpenTrail({ dataDir: server.dataDir });
  logs = logsOf(server);
  await eventually(async () => received.includes('ERROR 2'), 'what was accepted before the crash');
  await logs('put-log-events', ...stream, '--log-events', eventsNow('ERROR 3'));
  await eventually(async () => received.includes('ERROR 3'), 'the last');
  expect(received.filter((message) => message === 'fine')).toEqual([]);
  endpoint.close();
  await server.stop();
}, 300_000);
