import { gunzipSync } from 'node:zlib';
import { afterAll, expect } from 'vitest';
import { aws, awsRaw, boto3, eventually, run, testWith } from './support/clients.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { readBucket, s3, signedFetch } from './support/sdk.ts';
import { ACCOUNT, makeTrail } from './support/trail.ts';

afterAll(cleanUp);

const COMMAND = new URL('../packages/server/bin/opentrail.js', import.meta.url).pathname;
const ARN = `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/main`;
const BOTH = [
  { InsightType: 'ApiCallRateInsight', EventCategories: ['Management'] },
  { InsightType: 'ApiErrorRateInsight', EventCategories: ['Management'] },
];

/** An Insight's record, written as nobody here would write it: what comes out must be these bytes. */
function insight(eventID: string, awsRegion: string, details: object = {}): string {
  const eventTime = `${new Date(Date.now() - 3_600_000).toISOString().slice(0, 16)}:00Z`;
  const insightDetails = {
    state: 'Start',
    eventSource: 'autoscaling.amazonaws.com',
    eventName: 'CompleteLifecycleAction',
    insightType: 'ApiCallRateInsight',
    insightContext: { statistics: { baseline: { average: 1.5 }, insight: { average: 40 } } },
    ...details,
  };
  const head = { eventVersion: '1.09', eventTime, awsRegion, eventID, eventType: 'AwsCloudTrailInsight' };
  const record = { ...head, recipientAccountId: ACCOUNT, insightDetails, eventCategory: 'Insight' };
  return JSON.stringify(record).replaceAll('":', '" : ').replace('1.5', '8.82145e-05');
}

async function send(server: RunningOpenTrail, records: readonly string[]): Promise<void> {
  const path = `/opentrail/v1/records?account=${ACCOUNT}`;
  const answer = await signedFetch(server, 'POST', path, records.map((record) => `${record}\n`).join(''));
  expect(await answer.json()).toMatchObject({ RefusedCount: 0 });
}

/** What the Insights of a Region's log files hold, by key. */
async function insightFiles(server: RunningOpenTrail, region: string): Promise<[string, string][]> {
  const found = await readBucket(s3(server), 'logs', `AWSLogs/${ACCOUNT}/CloudTrail-Insight/${region}/`);
  return [...found].map(([key, body]) => [key, gunzipSync(body).toString()]);
}

testWith(
  ['aws', 'aws-endpoint-env'],
  'aws: Insights that a trail has on come out of log files byte for byte, over kill -9, and both verifiers accept them',
  async () => {
    const options = {
      dataDir: newFolder('insights'),
      flags: { 'delivery-interval-seconds': 1, 'digest-interval-seconds': 2 },
    };
    let server = await startOpenTrail(options);
    await makeTrail(server, { Name: 'main', S3BucketName: 'logs' });
    await makeTrail(server, { Name: 'without', S3BucketName: 'other-logs' });
    const ct = (...args: string[]) => aws<Record<string, unknown>>(server.env, 'cloudtrail', ...args);
    const off = await awsRaw(server.env, 'cloudtrail', 'get-insight-selectors', '--trail-name', 'main');
    expect(off.stderr).toContain(
      `(InsightNotEnabledException) when calling the GetInsightSelectors operation: Trail ${ARN}`,
    );
    const short = JSON.stringify(BOTH.map(({ InsightType }) => ({ InsightType })));
    const answer = { TrailARN: ARN, InsightSelectors: BOTH };
    expect(await ct('put-insight-selectors', '--trail-name', 'main', '--insight-selectors', short)).toEqual(answer);
    expect(await ct('get-insight-selectors', '--trail-name', ARN)).toEqual(answer);
    const { trailList } = (await ct('describe-trails')) as { trailList: Record<string, unknown>[] };
    expect(trailList.map((t) => [t.Name, t.HasInsightSelectors])).toEqual([
      ['main', true],
      ['without', false],
    ]);

    const here = [insight('a', 'us-east-1'), insight('b', 'us-east-1', { insightType: 'ApiErrorRateInsight' })];
    const there = [insight('c', 'eu-west-1')];
    await send(server, [...here, ...there, insight('d', 'us-east-1', { sourceEventCategory: 'Data' })]);
    await server.kill();
    server = await startOpenTrail(options);
    const [key, text] = await eventually(
      async () => (await insightFiles(server, 'us-east-1'))[0],
      'a file of Insights',
    );
    expect(text).toBe(`{"Records":[${here.join(',')}]}`);
    expect(key).toMatch(
      /^AWSLogs\/\d{12}\/CloudTrail-Insight\/us-east-1\/\d{4}\/\d\d\/\d\d\/\d{12}_CloudTrail-Insight_us-east-1_\d{8}T\d{4}Z_\w{16}\.json\.gz$/,
    );
    const elsewhere = await eventually(
      async () => (await insightFiles(server, 'eu-west-1'))[0],
      'that of the other Region',
    );
    expect(elsewhere[1]).toBe(`{"Records":[${there.join(',')}]}`);

    await ct('stop-logging', '--name', 'main');
    const start = new Date(Date.now() - 3_600_000).toISOString();
    await eventually(async () => {
      const digests = await readBucket(s3(server), 'logs', `AWSLogs/${ACCOUNT}/CloudTrail-Digest/us-east-1/`);
      return [...digests.values()].some((body) => gunzipSync(body).includes(key));
    }, 'a digest that lists it');
    const cli = await awsRaw(
      server.env,
      'cloudtrail',
      'validate-logs',
      '--trail-arn',
      ARN,
      '--start-time',
      start,
      '--verbose',
    );
    expect([cli.code, cli.stdout]).toEqual([0, expect.stringContaining(`Log file\ts3://logs/${key}\tvalid`)]);
    const ours = await run(
      process.execPath,
      [COMMAND, 'verify', ARN, '--json', '--data-dir', server.dataDir],
      server.env,
    );
    const { findings } = JSON.parse(ours.stdout) as { findings: { severity: string }[] };
    expect(findings.filter(({ severity }) => severity === 'invalid')).toEqual([]);
    const others = await readBucket(s3(server), 'other-logs', `AWSLogs/${ACCOUNT}/CloudTrail-Insight/`);
    expect(others.size).toBe(0);
    expect(await insightFiles(server, 'us-east-1')).toHaveLength(1);
    await server.stop();
  },
);

testWith(
  ['boto3'],
  'boto3: Insights are turned on and off in the words of AWS, looked up, and reach a rule of EventBridge',
  async () => {
    const server = await startOpenTrail();
    await makeTrail(server, { Name: 'main', S3BucketName: 'logs' });
    await boto3(
      server.env,
      `
sqs, events = client('sqs'), client('events')
arn = 'arn:aws:sqs:us-east-1:${ACCOUNT}:insights'
allow = {'Effect': 'Allow', 'Principal': {'Service': 'events.amazonaws.com'}, 'Action': 'sqs:SendMessage', 'Resource': arn}
sqs.create_queue(QueueName='insights', Attributes={'Policy': json.dumps({'Version': '2012-10-17', 'Statement': [allow]})})
events.put_rule(Name='insights', EventPattern=json.dumps({'detail-type': ['AWS Insight via CloudTrail']}))
events.put_targets(Rule='insights', Targets=[{'Id': 't', 'Arn': arn}])
client('cloudtrail').put_event_selectors(TrailName='main', AdvancedEventSelectors=[
  {'FieldSelectors': [{'Field': 'eventCategory', 'Equals': ['Management']}, {'Field': 'readOnly', 'Equals': ['true']}]},
  {'FieldSelectors': [{'Field': 'eventCategory', 'Equals': ['Data']}, {'Field': 'resources.type', 'Equals': ['AWS::S3::Object']}]}])
print('{}')
`,
    );
    await send(server, [insight('before', 'us-east-1')]);
    const put = await boto3<Record<string, unknown>>(
      server.env,
      `
home, away = client('cloudtrail'), client('cloudtrail', region_name='eu-central-1')
def code(f, **kw):
    try:
        f(**kw); return None
    except Exception as e:
        return e.response['Error']['Code']
rate, errors = {'InsightType': 'ApiCallRateInsight'}, {'InsightType': 'ApiErrorRateInsight'}
out = {}
out['reads only'] = code(home.put_insight_selectors, TrailName='main', InsightSelectors=[rate])
out['type'] = code(home.put_insight_selectors, TrailName='main', InsightSelectors=[{'InsightType': 'New'}])
out['neither'] = code(home.put_insight_selectors, InsightSelectors=[errors])
out['unknown'] = code(home.put_insight_selectors, TrailName='other', InsightSelectors=[errors])
out['away'] = code(away.put_insight_selectors, TrailName='${ARN}', InsightSelectors=[errors])
out['store'] = code(home.put_insight_selectors, EventDataStore='a-b-c', InsightSelectors=[errors], InsightsDestination='d-e-f')
out['off'] = code(home.get_insight_selectors, TrailName='main')
both = [{**rate, 'EventCategories': ['Data']}, {**errors, 'EventCategories': ['Management', 'Data']}]
out['on'] = home.put_insight_selectors(TrailName='main', InsightSelectors=both)['InsightSelectors'] == both
out['again'] = home.get_insight_selectors(TrailName='main')['InsightSelectors'] == both
policy = json.loads(client('s3').get_bucket_policy(Bucket='logs')['Policy'])
policy['Statement'].append({'Effect': 'Deny', 'Principal': '*', 'Action': 's3:PutObject', 'Resource': 'arn:aws:s3:::logs/AWSLogs/*/CloudTrail-Insight/*'})
client('s3').put_bucket_policy(Bucket='logs', Policy=json.dumps(policy))
out['policy'] = code(home.put_insight_selectors, TrailName='main', InsightSelectors=both)
print(json.dumps(out))
`,
    );
    expect(put).toEqual({
      'reads only': 'InvalidInsightSelectorsException',
      type: 'InvalidInsightSelectorsException',
      neither: 'InvalidParameterCombinationException',
      unknown: 'TrailNotFoundException',
      away: 'InvalidHomeRegionException',
      store: 'UnsupportedOperationException',
      off: 'InsightNotEnabledException',
      on: true,
      again: true,
      policy: 'InsufficientS3BucketPolicyException',
    });
    const data = { sourceEventCategory: 'Data' };
    await send(server, [
      insight('management', 'us-east-1', { insightType: 'ApiErrorRateInsight', eventName: 'RunInstances' }),
      insight('not taken', 'us-east-1'),
      insight('data', 'us-east-1', { ...data, insightSource: ARN }),
      insight('data of another', 'us-east-1', { ...data, insightSource: `${ARN}2` }),
    ]);
    const seen = await boto3<Record<string, unknown>>(
      server.env,
      `
import time
ct, sqs = client('cloudtrail'), client('sqs')
url, bodies = sqs.get_queue_url(QueueName='insights')['QueueUrl'], []
end = time.monotonic() + 60
while len(bodies) < 2 and time.monotonic() < end:
    bodies += [json.loads(m['Body']) for m in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10).get('Messages', [])]
ids = lambda page: sorted(e['EventId'] for e in page['Events'])
while len(ids(ct.lookup_events(EventCategory='insight'))) < 3 and time.monotonic() < end:
    time.sleep(0.1)
by = lambda name: [{'AttributeKey': 'EventName', 'AttributeValue': name}]
record = json.loads(ct.lookup_events(LookupAttributes=by('PutInsightSelectors'), MaxResults=50)['Events'][1]['CloudTrailEvent'])
out = {
  'rule': sorted([b['source'], b['detail-type'], b['detail']['eventID']] for b in bodies),
  'lookup': ids(ct.lookup_events(EventCategory='insight')),
  'one': ids(ct.lookup_events(EventCategory='insight', LookupAttributes=by('RunInstances'))),
  'data': ids(ct.list_insights_data(InsightSource='${ARN}', DataType='InsightsEvents')),
  'request': record['requestParameters'],
  'answer': record['responseElements'],
}
ct.put_insight_selectors(TrailName='main', InsightSelectors=[])
out['has'] = ct.get_trail(Name='main')['Trail']['HasInsightSelectors']
print(json.dumps(out))
`,
    );
    const insightSelectors = [
      { insightType: 'ApiCallRateInsight', eventCategories: ['Data'] },
      { insightType: 'ApiErrorRateInsight', eventCategories: ['Management', 'Data'] },
    ];
    const envelope = ['aws.cloudtrail', 'AWS Insight via CloudTrail'];
    expect(seen).toEqual({
      rule: [
        [...envelope, 'data'],
        [...envelope, 'management'],
      ],
      lookup: ['before', 'management', 'not taken'],
      one: ['management'],
      data: ['data'],
      request: { trailName: 'main', insightSelectors },
      answer: { trailARN: ARN, insightSelectors },
      has: false,
    });
    await server.stop();
  },
);
