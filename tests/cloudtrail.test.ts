import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  AddTagsCommand,
  DescribeTrailsCommand,
  GetTrailCommand,
  GetTrailStatusCommand,
  LookupEventsCommand,
  PutEventSelectorsCommand,
  StopLoggingCommand,
  UpdateTrailCommand,
} from '@aws-sdk/client-cloudtrail';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterAll, expect, test } from 'vitest';
import { aws, awsRaw, boto3, eventually, testWith } from './support/clients.ts';
import { cleanUp, newFolder, type RunningOpenTrail, startOpenTrail } from './support/opentrail.ts';
import { cloudTrail, readBucket, s3, signedFetch } from './support/sdk.ts';
import { ACCOUNT, allowDelivery, makeTrail } from './support/trail.ts';

afterAll(cleanUp);

const ARN_OF_MAIN = `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/main`;

interface Seen {
  readonly eventName: string;
  readonly awsRegion: string;
  readonly eventCategory: string;
  readonly requestParameters: Record<string, unknown> | null;
  readonly errorCode?: string;
}

/** All records that a trail has delivered so far. */
async function delivered(server: RunningOpenTrail, bucket: string): Promise<Seen[]> {
  const objects = await readBucket(s3(server), bucket, `AWSLogs/${ACCOUNT}/CloudTrail/`);
  return [...objects]
    .filter(([key]) => key.endsWith('.gz'))
    .flatMap(([, body]) => JSON.parse(gunzipSync(body).toString()).Records as Seen[]);
}

test('a trail with data selectors delivers the object calls that match, and no others; failed calls too', async () => {
  const server = await startOpenTrail({ flags: { 'delivery-interval-seconds': 1 } });
  await makeTrail(server, { Name: 'data', S3BucketName: 'data-logs' });
  const [ct, store] = [cloudTrail(server), s3(server)];
  await makeTrail(server, { Name: 'plain', S3BucketName: 'plain-logs' });
  await ct.send(
    new PutEventSelectorsCommand({
      TrailName: 'data',
      AdvancedEventSelectors: [
        { Name: 'management', FieldSelectors: [{ Field: 'eventCategory', Equals: ['Management'] }] },
        {
          Name: 'private objects',
          FieldSelectors: [
            { Field: 'eventCategory', Equals: ['Data'] },
            { Field: 'resources.type', Equals: ['AWS::S3::Object'] },
            { Field: 'resources.ARN', StartsWith: ['arn:aws:s3:::plain-logs/private/'] },
            { Field: 'eventName', NotEquals: ['DeleteObject'] },
          ],
        },
      ],
    }),
  );
  await store.send(new PutObjectCommand({ Bucket: 'plain-logs', Key: 'private/a', Body: 'x' }));
  await store.send(new PutObjectCommand({ Bucket: 'plain-logs', Key: 'public/a', Body: 'x' }));
  await store.send(new GetObjectCommand({ Bucket: 'plain-logs', Key: 'private/gone' })).catch(() => undefined);
  await store.send(new DeleteObjectCommand({ Bucket: 'plain-logs', Key: 'private/a' }));
  await ct.send(new GetTrailCommand({ Name: 'no-such-trail' })).catch(() => undefined);
  await ct.send(new StopLoggingCommand({ Name: 'data' }));

  const seen = await eventually(async () => {
    const records = await delivered(server, 'data-logs');
    return records.some((r) => r.eventName === 'StopLogging') && records;
  }, 'the stop in a log file');
  const data = seen
    .filter((r) => r.eventCategory === 'Data')
    .map((r) => [r.eventName, r.requestParameters?.key, r.errorCode])
    .sort(); // log files of one minute have no order
  expect(data).toEqual([
    ['GetObject', 'private/gone', 'NoSuchKey'],
    ['PutObject', 'private/a', undefined],
  ]);
  expect(seen.filter((r) => r.eventName === 'GetTrail').map((r) => r.errorCode)).toEqual(['TrailNotFoundException']);
  const plain = await eventually(async () => {
    const records = await delivered(server, 'plain-logs');
    return records.some((r) => r.eventName === 'StopLogging') && records;
  }, 'the stop in the other trail');
  expect(plain.filter((r) => r.eventCategory !== 'Management')).toEqual([]);
  await server.stop();
});

test('calls about many objects are data events of objects, and a deletion of each tells which', async () => {
  const server = await startOpenTrail();
  const store = s3(server);
  const Bucket = 'many-objects';
  await store.send(new CreateBucketCommand({ Bucket }));
  const Objects = [{ Key: 'private/a' }, { Key: 'public/a' }];
  await store.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
  await store.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'private/' }));
  const counted = async (...more: object[]) => {
    const FieldSelectors = [
      { Field: 'eventCategory', Equals: ['Data'] },
      { Field: 'resources.type', Equals: ['AWS::S3::Object'] },
      ...more,
    ];
    const body = JSON.stringify({ AdvancedEventSelectors: [{ FieldSelectors }] });
    const headers = { 'content-type': 'application/json' };
    const answer = await signedFetch(server, 'POST', '/opentrail/v1/selectors/test', body, { headers });
    return ((await answer.json()) as { EventCount: number }).EventCount;
  };
  expect(await counted({ Field: 'eventName', Equals: ['DeleteObjects'] })).toBe(1);
  expect(await counted({ Field: 'eventName', Equals: ['ListMultipartUploads'] })).toBe(1);
  expect(await counted({ Field: 'eventName', Equals: ['DeleteObject'] })).toBe(2);
  expect(await counted({ Field: 'resources.ARN', StartsWith: [`arn:aws:s3:::${Bucket}/private/`] })).toBe(2);
  expect(await counted({ Field: 'eventType', NotEquals: ['AwsServiceEvent'] })).toBe(2);
  await server.stop();
});

test('a trail delivers the calls that take it out of the way: what excludes them, moves it and stops it', async () => {
  const server = await startOpenTrail({ flags: { 'delivery-interval-seconds': 1 } });
  const [ct, store] = [cloudTrail(server), s3(server)];
  await store.send(new CreateBucketCommand({ Bucket: 'new-logs' }));
  await allowDelivery(store, 'new-logs');
  await makeTrail(server, { Name: 'main', S3BucketName: 'old-logs' });
  const select = (ReadWriteType: 'ReadOnly' | 'All') =>
    ct.send(
      new PutEventSelectorsCommand({
        TrailName: 'main',
        EventSelectors: [{ ReadWriteType, IncludeManagementEvents: true }],
      }),
    );
  await select('ReadOnly');
  await ct.send(new AddTagsCommand({ ResourceId: ARN_OF_MAIN, TagsList: [{ Key: 'hidden', Value: 'yes' }] }));
  await select('All');
  await ct.send(new UpdateTrailCommand({ Name: 'main', S3BucketName: 'new-logs' }));
  await ct.send(new AddTagsCommand({ ResourceId: ARN_OF_MAIN, TagsList: [{ Key: 'moved', Value: 'yes' }] }));
  await ct.send(new StopLoggingCommand({ Name: 'main' }));

  const writes = async (bucket: string) =>
    (await delivered(server, bucket)).filter((r) => !/^(Get|List|Start)/.test(r.eventName)).map((r) => r.eventName);
  await eventually(async () => (await writes('old-logs')).includes('UpdateTrail'), 'the move in a log file');
  await eventually(async () => (await writes('new-logs')).includes('StopLogging'), 'the stop in a log file');
  expect((await writes('new-logs')).sort()).toEqual(['AddTags', 'StopLogging']);
  expect((await writes('old-logs')).sort()).toEqual(['PutEventSelectors', 'PutEventSelectors', 'UpdateTrail']);
  await server.stop();
});

test('delivery feeds on nothing of its own: an idle trail writes no more log files', async () => {
  const server = await startOpenTrail({ flags: { 'delivery-interval-seconds': 1, 'audit-data': 'before-answer' } });
  await makeTrail(server, { Name: 'all', S3BucketName: 'all-logs' });
  const ct = cloudTrail(server);
  await ct.send(
    new PutEventSelectorsCommand({
      TrailName: 'all',
      EventSelectors: [
        {
          ReadWriteType: 'WriteOnly',
          IncludeManagementEvents: true,
          DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3'] }],
        },
      ],
    }),
  );
  const names = () => delivered(server, 'all-logs').then((records) => records.map((r) => r.eventName));
  await eventually(async () => (await names()).includes('PutEventSelectors'), 'the last write in a log file');
  const status = await ct.send(new GetTrailStatusCommand({ Name: 'all' }));
  expect(status.LatestDeliveryError).toBeUndefined();
  const before = (await names()).length;
  const lag = async () =>
    /follower="trails"} (\d+)/.exec(await (await fetch(`${server.endpoint}/metrics`)).text())?.[1];
  await eventually(async () => (await lag()) === '0', 'nothing left to read');
  expect((await names()).length).toBe(before);
  await server.stop();
});

testWith(
  ['boto3'],
  'boto3 sees home and shadow trails, pages through history and gets the documented errors',
  async () => {
    const server = await startOpenTrail();
    await makeTrail(server, { Name: 'multi', S3BucketName: 'multi-logs' });
    const seen = await boto3<Record<string, unknown>>(
      server.env,
      `
home, away = client('cloudtrail'), client('cloudtrail', region_name='eu-central-1')
arn = home.get_trail(Name='multi')['Trail']['TrailARN']
def code(f, **kw):
    try:
        f(**kw); return None
    except Exception as e:
        return e.response['Error']['Code']
out = {}
out['shadow'] = [t['HomeRegion'] for t in away.describe_trails()['trailList']]
out['no_shadow'] = len(away.describe_trails(includeShadowTrails=False)['trailList'])
out['away_change'] = code(away.update_trail, Name=arn, S3KeyPrefix='x')
out['unknown'] = code(home.get_trail, Name='nothing-here')
out['name'] = code(home.create_trail, Name='a..b', S3BucketName='multi-logs')
out['bucket'] = code(home.create_trail, Name='other', S3BucketName='no-such-bucket-here')
client('s3').create_bucket(Bucket='closed-logs')
out['policy'] = code(home.create_trail, Name='other', S3BucketName='closed-logs')
out['twice'] = code(home.create_trail, Name='multi', S3BucketName='multi-logs')
out['two_attributes'] = code(home.lookup_events, LookupAttributes=[{'AttributeKey': 'EventName', 'AttributeValue': 'x'}] * 2)
out['many'] = code(home.lookup_events, MaxResults=51)
out['token'] = code(home.lookup_events, NextToken='bm90IGEgdG9rZW4')
out['times'] = code(home.lookup_events, StartTime=2_000_000_000, EndTime=1_000_000_000)
out['unbuilt'] = code(home.list_event_data_stores)
network = lambda source: [{'FieldSelectors': [{'Field': 'eventCategory', 'Equals': ['NetworkActivity']}, {'Field': 'eventSource', 'Equals': [source]}]}]
out['network'] = [code(home.put_event_selectors, TrailName=arn, AdvancedEventSelectors=network(s)) for s in ['bcm-pricing-calculator.amazonaws.com', 'calculator.amazonaws.com']]
for i in range(60):
    home.add_tags(ResourceId=arn, TagsList=[{'Key': 'k', 'Value': str(i)}])
pages = home.get_paginator('lookup_events').paginate(LookupAttributes=[{'AttributeKey': 'EventName', 'AttributeValue': 'AddTags'}], PaginationConfig={'PageSize': 25})
values = [json.loads(e['CloudTrailEvent'])['requestParameters']['tagsList'][0]['value'] for page in pages for e in page['Events']]
out['newest_first'] = values == [str(i) for i in reversed(range(60))]
out['away_history'] = [e['EventName'] for e in away.lookup_events()['Events']]
home.delete_trail(Name=arn)
out['left'] = home.describe_trails()['trailList']
print(json.dumps(out))
`,
    );
    expect(seen).toEqual({
      shadow: ['us-east-1'],
      no_shadow: 0,
      away_change: 'InvalidHomeRegionException',
      unknown: 'TrailNotFoundException',
      name: 'InvalidTrailNameException',
      bucket: 'S3BucketDoesNotExistException',
      policy: 'InsufficientS3BucketPolicyException',
      twice: 'TrailAlreadyExistsException',
      two_attributes: 'InvalidLookupAttributesException',
      many: 'InvalidMaxResultsException',
      token: 'InvalidNextTokenException',
      times: 'InvalidTimeRangeException',
      unbuilt: 'UnsupportedOperationException',
      network: [null, 'InvalidEventSelectorsException'],
      newest_first: true,
      away_history: expect.arrayContaining(['UpdateTrail', 'DescribeTrails']),
      left: [],
    });
    await server.stop();
  },
);

testWith(['aws'], 'the message of a missing bucket policy names the statement, and adding it mends it', async () => {
  const server = await startOpenTrail();
  await aws(server.env, 's3', 'mb', 's3://mend-logs');
  const create = ['cloudtrail', 'create-trail', '--name', 'mend', '--s3-bucket-name', 'mend-logs'];
  const statements: string[] = [];
  for (let i = 0; i < 2; i++) {
    const refused = await awsRaw(server.env, ...create);
    expect(refused.stderr).toContain('InsufficientS3BucketPolicyException');
    statements.push(/(\{.*\})/s.exec(refused.stderr)![1]!);
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: statements.map((s) => JSON.parse(s)) });
    await aws(server.env, 's3api', 'put-bucket-policy', '--bucket', 'mend-logs', '--policy', policy);
  }
  await aws(server.env, ...create);
  await server.stop();
});

testWith(['aws'], 'over TLS the records say so, and plain requests that were tampered with are refused', async () => {
  const dir = newFolder('tls');
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost,IP:127.0.0.1',
    ],
    { stdio: 'ignore' },
  );
  const server = await startOpenTrail({ flags: { 'tls-cert': cert, 'tls-key': key } });
  const env = { ...server.env, AWS_CA_BUNDLE: cert };
  await aws(env, 'cloudtrail', 'describe-trails');
  const { Events } = await aws<{ Events: { CloudTrailEvent: string }[] }>(
    env,
    'cloudtrail',
    'lookup-events',
    '--lookup-attributes',
    'AttributeKey=EventName,AttributeValue=DescribeTrails',
  );
  expect(JSON.parse(Events[0]!.CloudTrailEvent).tlsDetails).toMatchObject({
    tlsVersion: 'TLSv1.3',
    clientProvidedHostHeader: '127.0.0.1',
  });
  await server.stop();
});

test('the quotas of AWS hold when they are asked for', async () => {
  const server = await startOpenTrail({ flags: { 'rate-quotas': true } });
  const ct = cloudTrail(server);
  // Two a second are answered: so many more that it does not matter how many seconds it takes to send them.
  const answers = await Promise.allSettled(Array.from({ length: 40 }, () => ct.send(new LookupEventsCommand({}))));
  const refused = answers.filter((a) => a.status === 'rejected').map((a) => a.reason.name);
  expect(refused.length).toBeGreaterThan(5);
  expect(new Set(refused)).toEqual(new Set(['ThrottlingException']));
  expect((await ct.send(new DescribeTrailsCommand({}))).trailList).toEqual([]);
  await server.stop();
});
