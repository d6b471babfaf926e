import { afterAll, expect, test } from 'vitest';
import { signRequest } from '../packages/server/src/wire/sigv4/index.ts';
import { aws, awsRaw, boto3, eventually, testWith } from './support/clients.ts';
import { cleanUp, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';

afterAll(cleanUp);

const minutesAgo = (minutes: number) => new Date(Math.floor(Date.now() / 60_000 - minutes) * 60_000).toISOString();

/** A topic with a queue behind it: what is published comes out of `receive`. */
async function topicWithQueue(current: () => RunningOpenTrail) {
  // This CLI has an address of its own for SQS, which the environment does not change.
  const cli = <T>(...args: string[]) => aws<T>(current().env, '--endpoint-url', current().endpoint, ...args);
  const { TopicArn: topic } = await cli<{ TopicArn: string }>('sns', 'create-topic', '--name', 'alerts');
  const { QueueUrl: url } = await cli<{ QueueUrl: string }>('sqs', 'create-queue', '--queue-name', 'alerts');
  const queue = 'arn:aws:sqs:us-east-1:123456789012:alerts';
  const allow = (service: string, action: string, resource: string) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: action, Resource: resource }],
    });
  const policy = [
    '--attribute-name',
    'Policy',
    '--attribute-value',
    allow('cloudwatch.amazonaws.com', 'sns:Publish', topic),
  ];
  await cli('sns', 'set-topic-attributes', '--topic-arn', topic, ...policy);
  const attributes = JSON.stringify({ Policy: allow('sns.amazonaws.com', 'sqs:SendMessage', queue) });
  await cli('sqs', 'set-queue-attributes', '--queue-url', url, '--attributes', attributes);
  const raw = ['--attributes', 'RawMessageDelivery=true'];
  await cli('sns', 'subscribe', '--topic-arn', topic, '--protocol', 'sqs', '--notification-endpoint', queue, ...raw);
  return {
    topic,
    async receive() {
      const taken = await cli<{ Messages?: { Body: string; ReceiptHandle: string }[] }>(
        'sqs',
        'receive-message',
        '--queue-url',
        url,
      );
      const [message] = taken.Messages ?? [];
      if (!message) return undefined;
      await cli('sqs', 'delete-message', '--queue-url', url, '--receipt-handle', message.ReceiptHandle);
      return JSON.parse(message.Body);
    },
  };
}

testWith(
  ['aws'],
  'AWS CLI: metrics in and out, alarms and their history, messages by way of SNS; kill -9 loses nothing',
  async () => {
    let server = await startOpenTrail();
    const cw = <T = Record<string, never>>(...args: string[]) => aws<T>(server.env, 'cloudwatch', ...args);
    const refused = async (...args: string[]) => (await awsRaw(server.env, 'cloudwatch', ...args)).stderr;
    const data = [
      { MetricName: 'Latency', Timestamp: minutesAgo(3), Values: [1, 2, 10], Counts: [5, 4, 1], Unit: 'Seconds' },
      { MetricName: 'Latency', Timestamp: minutesAgo(2), Value: 4, Unit: 'Seconds' },
      {
        MetricName: 'Sets',
        Timestamp: minutesAgo(2),
        StatisticValues: { SampleCount: 4, Sum: 10, Minimum: 1, Maximum: 5 },
        Dimensions: [{ Name: 'Host', Value: 'a' }],
      },
    ];
    await cw('put-metric-data', '--namespace', 'App', '--metric-data', JSON.stringify(data));
    const range = ['--start-time', minutesAgo(5), '--end-time', minutesAgo(0)];
    const statistics = async () =>
      cw<{ Datapoints: object[] }>(
        'get-metric-statistics',
        ...['--namespace', 'App', '--metric-name', 'Latency', '--period', '300', ...range],
        ...['--statistics', 'Sum', 'SampleCount', 'Maximum'],
      );
    expect((await statistics()).Datapoints).toMatchObject([{ Sum: 27, SampleCount: 11, Maximum: 10, Unit: 'Seconds' }]);
    await server.kill();
    server = await startOpenTrail({ dataDir: server.dataDir });
    expect((await statistics()).Datapoints).toMatchObject([{ Sum: 27, SampleCount: 11, Maximum: 10, Unit: 'Seconds' }]);
    const percentiles = await cw<{ Datapoints: object[] }>(
      'get-metric-statistics',
      ...['--namespace', 'App', '--metric-name', 'Latency', '--period', '300', ...range],
      ...['--extended-statistics', 'p50', 'p90'],
    );
    expect(percentiles.Datapoints).toMatchObject([{ ExtendedStatistics: { p50: 2, p90: 4 } }]);
    const stat = (MetricName: string, Stat: string, Dimensions: object[] = []) => ({
      Metric: { Namespace: 'App', MetricName, Dimensions },
      Period: 60,
      Stat,
    });
    const queries = [
      { Id: 'a', MetricStat: stat('Latency', 'Sum'), ReturnData: false },
      { Id: 'b', MetricStat: stat('Sets', 'Average', [{ Name: 'Host', Value: 'a' }]) },
      { Id: 'c', Expression: 'FILL(b, 0) + a * 2', Label: 'both' },
    ];
    const found = await cw<{ MetricDataResults: { Id: string; Label: string; Values: number[] }[] }>(
      'get-metric-data',
      ...['--metric-data-queries', JSON.stringify(queries), ...range, '--scan-by', 'TimestampAscending'],
    );
    expect(found.MetricDataResults).toMatchObject([
      { Id: 'b', Label: 'Sets', Values: [2.5] },
      { Id: 'c', Label: 'both', Values: [46, 10.5] },
    ]);
    const listed = await cw<{ Metrics: object[] }>('list-metrics', '--namespace', 'App', '--dimensions', 'Name=Host');
    expect(listed.Metrics).toEqual([
      { Namespace: 'App', MetricName: 'Sets', Dimensions: [{ Name: 'Host', Value: 'a' }] },
    ]);
    expect(
      await refused(
        'put-metric-data',
        '--namespace',
        'App',
        '--metric-name',
        'x',
        '--value',
        '1',
        '--timestamp',
        '2020-01-01',
      ),
    ).toContain('(InvalidParameterValue)');
    expect(await refused('get-dashboard', '--dashboard-name', 'x')).toContain('does not support GetDashboard');

    const { topic, receive } = await topicWithQueue(() => server);
    const alarm = [
      ...[
        '--alarm-name',
        'many',
        '--namespace',
        'App',
        '--metric-name',
        'Quick',
        '--statistic',
        'Sum',
        '--period',
        '10',
      ],
      ...['--evaluation-periods', '1', '--threshold', '3', '--comparison-operator', 'GreaterThanOrEqualToThreshold'],
      ...['--treat-missing-data', 'notBreaching', '--alarm-actions', topic],
    ];
    await cw('put-metric-alarm', ...alarm);
    await cw('put-composite-alarm', '--alarm-name', 'upper', '--alarm-rule', 'ALARM(many) AND NOT FALSE');
    await cw(
      'put-metric-data',
      '--namespace',
      'App',
      '--metric-name',
      'Quick',
      '--value',
      '5',
      '--storage-resolution',
      '1',
    );
    await server.kill();
    server = await startOpenTrail({ dataDir: server.dataDir });
    const message = await eventually(receive, 'the alarm', 120_000);
    expect(message).toMatchObject({
      AlarmName: 'many',
      NewStateValue: 'ALARM',
      AWSAccountId: '123456789012',
      Trigger: { MetricName: 'Quick', Statistic: 'SUM', Threshold: 3 },
    });
    // Told by its history: the alarm below lasts ten seconds, which may be over by now.
    await eventually(async () => {
      const asked = ['--alarm-name', 'upper', '--alarm-types', 'CompositeAlarm', '--history-item-type', 'StateUpdate'];
      const { AlarmHistoryItems } = await cw<{ AlarmHistoryItems: { HistorySummary: string }[] }>(
        ...(['describe-alarm-history', ...asked] as const),
      );
      return AlarmHistoryItems.some(({ HistorySummary }) => HistorySummary.endsWith('to ALARM'));
    }, 'the alarm above it');
    expect(await cw('describe-alarms', '--alarm-types', 'CompositeAlarm')).toMatchObject({
      CompositeAlarms: [{ AlarmName: 'upper' }],
    });
    await cw('set-alarm-state', '--alarm-name', 'many', '--state-value', 'ALARM', '--state-reason', 'once more');
    const history = await cw<{ AlarmHistoryItems: { HistorySummary: string }[] }>(
      'describe-alarm-history',
      '--alarm-name',
      'many',
    );
    expect(history.AlarmHistoryItems.map(({ HistorySummary }) => HistorySummary)).toEqual(
      expect.arrayContaining(['Alarm "many" created', `Successfully executed action ${topic}`]),
    );
    await cw('disable-alarm-actions', '--alarm-names', 'many');
    expect(await refused('delete-alarms', '--alarm-names', 'many')).toContain('(ValidationError)');
    await cw('delete-alarms', '--alarm-names', 'many', 'upper');
    expect(
      await refused('set-alarm-state', '--alarm-name', 'many', '--state-value', 'OK', '--state-reason', 'x'),
    ).toContain('(ResourceNotFound)');
    await server.stop();
  },
  300_000,
);

testWith(
  ['boto3'],
  'boto3: a thousand metrics at once, pages of data, and errors by their classes',
  async () => {
    const server = await startOpenTrail();
    const said = await boto3<{ values: number; pages: number; error: string; resource: string }>(
      server.env,
      `
import datetime
cw = client('cloudwatch')
now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
minute = datetime.timedelta(minutes=1)
cw.put_metric_data(Namespace='Bulk', MetricData=[
    {'MetricName': 'm', 'Value': i, 'Timestamp': now - (i % 60) * minute, 'Unit': 'Count', 'Dimensions': [{'Name': 'n', 'Value': str(i // 60)}]}
    for i in range(1000)])
queries = [{'Id': 'm%d' % n, 'MetricStat': {'Metric': {'Namespace': 'Bulk', 'MetricName': 'm', 'Dimensions': [{'Name': 'n', 'Value': str(n)}]}, 'Period': 60, 'Stat': 'Sum'}} for n in range(16)]
values, pages = 0, 0
for page in cw.get_paginator('get_metric_data').paginate(MetricDataQueries=queries, StartTime=now - 90 * minute, EndTime=now + minute, MaxDatapoints=100):
    pages += 1
    values += sum(len(r['Values']) for r in page['MetricDataResults'])
listed = sum(len(p['Metrics']) for p in cw.get_paginator('list_metrics').paginate(Namespace='Bulk'))
assert listed == 17, listed
def code(fn):
    try:
        fn()
    except cw.exceptions.ClientError as e:
        return type(e).__name__ + ' ' + e.response['Error']['Code']
print(json.dumps({'values': values, 'pages': pages,
  'error': code(lambda: cw.put_metric_data(Namespace='Bulk', MetricData=[{'MetricName': 'm', 'Value': float('nan')}])),
  'resource': code(lambda: cw.set_alarm_state(AlarmName='nobody', StateValue='OK', StateReason='x'))}))
`,
    );
    expect(said).toEqual({
      values: 960,
      pages: 10,
      error: 'InvalidParameterValueException InvalidParameterValue',
      resource: 'ResourceNotFound ResourceNotFound',
    });
    await server.stop();
  },
  300_000,
);

test('all three protocols, by hand', async () => {
  const server = await startOpenTrail();
  const send = async (headers: Record<string, string>, body: string) => {
    const signed = signRequest({
      method: 'POST',
      url: new URL(server.endpoint),
      headers,
      body: Buffer.from(body),
      credentials: server,
      region: 'us-east-1',
      service: 'monitoring',
      nowMs: Date.now(),
    });
    const { host: _host, ...rest } = signed.headers;
    const answer = await fetch(signed.url, { method: 'POST', headers: rest, body });
    return { status: answer.status, text: await answer.text() };
  };
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const json = (operation: string) => ({
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `GraniteServiceVersion20100801.${operation}`,
  });
  const put = 'Action=PutMetricData&Version=2010-08-01&Namespace=Form&MetricData.member.1.MetricName=m';
  expect((await send(form, `${put}&MetricData.member.1.Value=2`)).status).toBe(200);
  const bad = await send(form, `${put}&MetricData.member.1.Value=1&MetricData.member.1.Unit=Parsec`);
  expect(bad.text).toContain('<Code>InvalidParameterValue</Code>');
  const listed = await send(json('ListMetrics'), JSON.stringify({ Namespace: 'Form' }));
  expect(JSON.parse(listed.text)).toMatchObject({ Metrics: [{ Namespace: 'Form', MetricName: 'm' }] });
  await server.stop();
});
