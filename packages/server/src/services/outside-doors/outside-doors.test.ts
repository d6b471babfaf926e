import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { AwsError, OperatorError, Pushback } from '../../base/errors.ts';
import type { EventToPut, MetricDatum } from '../doors.ts';
import { batchesOf } from './batches.ts';
import { createOutsideCaller } from './caller.ts';
import { type OutsideDoorsOptions, openOutsideDoors } from './outside-doors.ts';

interface Seen {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}
type Reply = (res: ServerResponse, seen: Seen) => void;

const SECRET = 'a-secret-that-nobody-may-see';
const ENV = { AWS_ACCESS_KEY_ID: 'AKIAOUTSIDE', AWS_SECRET_ACCESS_KEY: SECRET, AWS_SESSION_TOKEN: 'a-token' };
const ACTOR = { service: 'cloudwatch.amazonaws.com', sourceArn: 'arn:aws:x', sourceAccount: '123456789012' };
const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:alerts.fifo';
const QUEUE = 'arn:aws:sqs:eu-west-1:210987654321:work';
const GROUP = 'arn:aws:logs:eu-west-1:123456789012:log-group:/aws/trail:*';

const says =
  (status: number, body = '{}', headers: Record<string, string> = {}): Reply =>
  (res) =>
    res.writeHead(status, headers).end(body);
const refuses = (code: string, status = 400) =>
  says(status, JSON.stringify({ __type: `com.aws#${code}`, message: 'so it is' }));
const xmlError = (code: string) =>
  says(
    400,
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>so it is</Message></Error></ErrorResponse>`,
  );
const METRICS_TAKEN = says(200, '<PutMetricDataResponse/>');
const EVENTS_TAKEN = says(200, '{"FailedEntryCount":0,"Entries":[]}');

let server: Server;
let clock: FakeClock;
let seen: Seen[];
let replies: Reply[];
let logged: string;
const closings: (() => void)[] = [];

beforeEach(async () => {
  [seen, replies, clock, logged] = [[], [], new FakeClock(), ''];
  server = createServer(async (req, res) => {
    const parts: Buffer[] = [];
    for await (const part of req) parts.push(part as Buffer);
    const request = { url: req.url!, headers: req.headers, text: Buffer.concat(parts).toString() };
    seen.push(request);
    (replies.shift() ?? says(200))(res, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const close of closings.splice(0)) close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect(logged).not.toMatch(/a-secret|a-token/);
});

const endpoint = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

function opened(given: Partial<OutsideDoorsOptions> = {}) {
  const url = endpoint();
  const write = (line: string) => {
    logged += line;
  };
  const logger = pino({ level: 'trace' }, { write });
  const doors = openOutsideDoors({
    ...{ topicsEndpoint: url, queuesEndpoint: url, logsEndpoint: url, metricsEndpoint: url, eventsEndpoint: url },
    ...{ env: ENV, clock, logger },
    ...given,
  });
  closings.push(doors.close);
  return doors;
}

const failure = async (outcome: Promise<unknown>): Promise<Error> => {
  const error = await outcome.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof Error)) throw new Error('it should have failed');
  expect(JSON.stringify([error, error.message, error.stack, error.cause])).not.toMatch(/a-secret|a-token/);
  return error;
};
const refused = async (outcome: Promise<unknown>): Promise<string> => {
  const error = await failure(outcome);
  if (!(error instanceof AwsError)) throw error;
  return error.code;
};

const form = ({ text }: Seen) => Object.fromEntries(new URLSearchParams(text));
const json = ({ text }: Seen) => JSON.parse(text);

describe('what decides which is outside', () => {
  test('a setting each', () => {
    const none = { topicsEndpoint: undefined, queuesEndpoint: undefined, logsEndpoint: undefined };
    expect(Object.keys(opened(none)).toSorted()).toEqual(['close', 'events', 'metrics']);
    expect(logged).toContain('alarms of this server see nothing');
  });

  test('without any there need be no keys; with one there must', () => {
    const none = { topicsEndpoint: undefined, queuesEndpoint: undefined, logsEndpoint: undefined };
    expect(() => opened({ ...none, metricsEndpoint: undefined, eventsEndpoint: undefined, env: {} })).not.toThrow();
    expect(() => opened({ env: {} })).toThrow(/--topics-endpoint needs keys.*--outside-profile/);
    expect(() => opened({ logsEndpoint: 'https://user:pw@host/path' })).toThrow(OperatorError);
  });
});

describe('topics', () => {
  test('a message with all that it may have, signed for the Region of the topic', async () => {
    replies = [
      says(200, '<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>'),
    ];
    const attributes = { level: { type: 'String', value: 'grüß & <dich>' }, raw: { type: 'Binary', value: 'aGk=' } };
    const message = { message: 'a=b&c', subject: 'S', attributes, groupId: 'g', deduplicationId: 'd' };
    expect(await opened().topics!.publish(TOPIC, message, ACTOR)).toEqual({ messageId: 'm-1' });
    expect(form(seen[0]!)).toEqual({
      Action: 'Publish',
      Version: '2010-03-31',
      TopicArn: TOPIC,
      Message: 'a=b&c',
      Subject: 'S',
      MessageGroupId: 'g',
      MessageDeduplicationId: 'd',
      'MessageAttributes.entry.1.Name': 'level',
      'MessageAttributes.entry.1.Value.DataType': 'String',
      'MessageAttributes.entry.1.Value.StringValue': 'grüß & <dich>',
      'MessageAttributes.entry.2.Name': 'raw',
      'MessageAttributes.entry.2.Value.DataType': 'Binary',
      'MessageAttributes.entry.2.Value.BinaryValue': 'aGk=',
    });
    expect(seen[0]!.headers.authorization).toContain('/eu-west-1/sns/aws4_request');
  });

  test.each([
    ['NotFound', 'NotFound'],
    ['NotFoundException', 'NotFound'],
    ['AccessDenied', 'AuthorizationError'],
    ['KMSAccessDenied', 'KMSAccessDenied'],
    ['InvalidParameter', 'InvalidParameter'],
  ])('%s is told as %s', async (code, told) => {
    replies = [xmlError(code)];
    expect(await refused(opened().topics!.publish(TOPIC, { message: 'm' }, ACTOR))).toBe(told);
  });

  test('a look says whether there is such a topic; who may not look may still publish', async () => {
    replies = [says(200, '<GetTopicAttributesResponse/>'), xmlError('AuthorizationError'), xmlError('NotFound')];
    const { check } = opened().topics!;
    expect(await check(TOPIC, ACTOR)).toBeUndefined();
    expect(await check(TOPIC, ACTOR)).toBeUndefined();
    expect(await refused(check(TOPIC, ACTOR))).toBe('NotFound');
    expect(await refused(check('arn:aws:sns:eu-west-1:1:x', ACTOR))).toBe('InvalidParameter');
    expect(seen).toHaveLength(3);
  });
});

describe('what may pass is a Pushback', () => {
  test.each<[string, Reply]>([
    ['throttling', xmlError('ThrottlingException')],
    ['overload', says(503, 'no')],
    ['too many', says(429, '')],
    ['a redirection', says(301, '', { location: 'http://127.0.0.1:1/' })],
    ['keys that expired', xmlError('ExpiredToken')],
    ['keys that are not known yet', xmlError('InvalidClientTokenId')],
    ['a clock that is wrong', xmlError('SignatureDoesNotMatch')],
    ['a page of a proxy', says(404, '404 page not found')],
    ['a page that is no answer', says(200, '<html>Welcome</html>')],
    ['a connection that breaks off', (res) => void res.destroy()],
  ])('%s', async (_name, reply) => {
    replies = [reply, reply];
    expect(await failure(opened().topics!.publish(TOPIC, { message: 'm' }, ACTOR))).toBeInstanceOf(Pushback);
  });

  test('what AWS says of a signature holds the token, and is not told', async () => {
    replies = [
      says(403, JSON.stringify({ __type: 'InvalidSignatureException', message: 'x-amz-security-token:a-token' })),
    ];
    expect((await failure(opened().queues!.send(QUEUE, { body: 'm' }, ACTOR))).message).toMatch(/SignatureException$/);
  });

  test('silence, after a while', async () => {
    const arrived = new Promise<void>((resolve) => {
      replies = [() => resolve()];
    });
    const outcome = failure(opened().queues!.send(QUEUE, { body: 'm' }, ACTOR));
    await arrived;
    await clock.advance(20_000);
    const error = await outcome;
    expect(error).toBeInstanceOf(Pushback);
    expect(error.message).toContain('no answer within 20 s');
  });

  test('nobody there', async () => {
    const doors = opened({ queuesEndpoint: 'http://127.0.0.1:1' });
    expect(await failure(doors.queues!.send(QUEUE, { body: 'm' }, ACTOR))).toBeInstanceOf(Pushback);
  });
});

describe('queues', () => {
  test('a message to the queue of that account', async () => {
    replies = [says(200, '{"MessageId":"m-2","MD5OfMessageBody":"x"}')];
    const attributes = { n: { type: 'Number', value: '7' }, raw: { type: 'Binary.gz', value: 'aGk=' } };
    const sent = await opened().queues!.send(QUEUE, { body: 'grüße', attributes, groupId: 'g' }, ACTOR);
    expect(sent).toEqual({ messageId: 'm-2' });
    expect(json(seen[0]!)).toEqual({
      QueueUrl: `${endpoint()}/210987654321/work`,
      MessageBody: 'grüße',
      MessageAttributes: {
        n: { DataType: 'Number', StringValue: '7' },
        raw: { DataType: 'Binary.gz', BinaryValue: 'aGk=' },
      },
      MessageGroupId: 'g',
    });
    expect(seen[0]!.headers).toMatchObject({
      'x-amz-target': 'AmazonSQS.SendMessage',
      'content-type': 'application/x-amz-json-1.0',
    });
  });

  test('a queue that is not there', async () => {
    replies = [
      refuses('QueueDoesNotExist'),
      refuses('AWS.SimpleQueueService.NonExistentQueue'),
      refuses('AccessDenied', 403),
    ];
    const { send, check } = opened().queues!;
    expect(await refused(send(QUEUE, { body: 'm' }, ACTOR))).toBe('QueueDoesNotExist');
    expect(await refused(check(QUEUE, ACTOR))).toBe('QueueDoesNotExist');
    expect(await check(QUEUE, ACTOR)).toBeUndefined();
    expect(await refused(send('arn:aws:sqs:eu-west-1:210987654321:a/../b', { body: 'm' }, ACTOR))).toBe(
      'QueueDoesNotExist',
    );
    expect(seen).toHaveLength(3);
  });

  test('an answer without an id is none', async () => {
    expect(await failure(opened().queues!.send(QUEUE, { body: 'm' }, ACTOR))).toBeInstanceOf(Pushback);
  });
});

describe('log groups', () => {
  const line = (timestampMs: number, message = 'm') => ({ timestampMs, message });

  test('makes the stream when there is none, and puts in order of time', async () => {
    replies = [refuses('ResourceNotFoundException'), refuses('ResourceAlreadyExistsException')];
    await opened().logGroups!.put(GROUP, 's', [line(2, 'b'), line(1, 'a')]);
    expect(seen.map(({ headers }) => headers['x-amz-target'])).toEqual([
      'Logs_20140328.PutLogEvents',
      'Logs_20140328.CreateLogStream',
      'Logs_20140328.PutLogEvents',
    ]);
    expect(json(seen[2]!)).toEqual({
      logGroupName: '/aws/trail',
      logStreamName: 's',
      logEvents: [
        { timestamp: 1, message: 'a' },
        { timestamp: 2, message: 'b' },
      ],
    });
  });

  test('without events it proves the group, by its stream', async () => {
    const { put } = opened().logGroups!;
    await put(GROUP, 's', []);
    replies = [refuses('ResourceNotFoundException')];
    expect(await refused(put(GROUP, 's', []))).toBe('ResourceNotFoundException');
    expect(seen.map(({ headers }) => headers['x-amz-target'])).toEqual(Array(2).fill('Logs_20140328.CreateLogStream'));
  });

  test('requests are within the limits of AWS: bytes, number, a day', async () => {
    const { put } = opened().logGroups!;
    const big = 'ü'.repeat(128 * 1024 - 13); // with its 26 bytes, four fill a request
    await put(
      GROUP,
      's',
      [1, 2, 3, 4, 5].map((ms) => line(ms, big)),
    );
    expect(seen.splice(0).map((s) => json(s).logEvents.length)).toEqual([4, 1]);
    await put(
      GROUP,
      's',
      Array.from({ length: 10_001 }, (_, i) => line(i)),
    );
    expect(seen.splice(0).map((s) => json(s).logEvents.length)).toEqual([10_000, 1]);
    await put(GROUP, 's', [line(0), line(86_400_000), line(86_400_001)]);
    expect(seen.map((s) => json(s).logEvents.length)).toEqual([2, 1]);
  });

  test('what no group takes is passed over, and logged', async () => {
    replies = [says(200, '{"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":1}}')];
    await opened().logGroups!.put(GROUP, 's', [line(1, 'x'.repeat(262_145)), line(2, '')]);
    expect(seen).toHaveLength(0);
    await opened().logGroups!.put(GROUP, 's', [line(1)]);
    expect(logged).toMatch(/more than 256 KB[\s\S]*tooOldLogEventEndIndex/);
  });
});

describe('metrics', () => {
  const datum = (name = 'Errors'): MetricDatum => ({
    name,
    dimensions: [{ name: 'Host', value: 'a&b' }],
    timestampMs: 0,
    unit: 'Count',
    value: { sum: 1.5, count: 2, min: 0.5, max: 1 },
  });

  test('as sets of statistics', async () => {
    replies = [METRICS_TAKEN];
    await opened().metrics!.put('123456789012', 'eu-west-1', 'My App', [datum()]);
    expect(form(seen[0]!)).toEqual({
      Action: 'PutMetricData',
      Version: '2010-08-01',
      Namespace: 'My App',
      'MetricData.member.1.MetricName': 'Errors',
      'MetricData.member.1.Timestamp': '1970-01-01T00:00:00.000Z',
      'MetricData.member.1.Unit': 'Count',
      'MetricData.member.1.StatisticValues.SampleCount': '2',
      'MetricData.member.1.StatisticValues.Sum': '1.5',
      'MetricData.member.1.StatisticValues.Minimum': '0.5',
      'MetricData.member.1.StatisticValues.Maximum': '1',
      'MetricData.member.1.Dimensions.member.1.Name': 'Host',
      'MetricData.member.1.Dimensions.member.1.Value': 'a&b',
    });
    expect(seen[0]!.headers.authorization).toContain('/eu-west-1/monitoring/aws4_request');
  });

  test('a value that CloudWatch refuses holds up no other; what may pass does', async () => {
    const { put } = opened().metrics!;
    replies = [xmlError('InvalidParameterValue'), METRICS_TAKEN, xmlError('InvalidParameterValue'), METRICS_TAKEN];
    await put('123456789012', 'eu-west-1', 'N', ['a', 'b', 'c'].map(datum));
    expect(seen).toHaveLength(4);
    expect(logged).toMatch(/"name":"b".*passed over/);
    replies = [xmlError('AccessDenied'), says(503)];
    expect(await refused(put('123456789012', 'eu-west-1', 'N', [datum()]))).toBe('AccessDenied');
    expect(await failure(put('123456789012', 'eu-west-1', 'N', [datum()]))).toBeInstanceOf(Pushback);
  });

  test('forms stay small', async () => {
    replies = Array(9).fill(METRICS_TAKEN);
    await opened().metrics!.put(
      '1',
      'eu-west-1',
      'N',
      Array.from({ length: 201 }, () => datum('ü'.repeat(60))),
    );
    expect(seen.length).toBeGreaterThan(2);
    for (const { text } of seen) expect(text.length).toBeLessThan(64 * 1024);
  });
});

describe('events', () => {
  const event = (n = 1): EventToPut => ({
    id: `id-${n}`,
    source: 'aws.cloudwatch',
    detailType: 'CloudWatch Alarm State Change',
    timeMs: 1_500,
    resources: ['arn:aws:cloudwatch:x'],
    detail: { n },
  });
  const put = (events: readonly EventToPut[]) => opened().events!.put('123456789012', 'eu-west-1', events);

  test('with a source that EventBridge takes', async () => {
    replies = [EVENTS_TAKEN];
    await put([event()]);
    expect(json(seen[0]!)).toEqual({
      Entries: [
        {
          Source: 'opentrail.cloudwatch',
          DetailType: 'CloudWatch Alarm State Change',
          Time: 1,
          Resources: ['arn:aws:cloudwatch:x'],
          Detail: '{"n":1}',
        },
      ],
    });
  });

  test('ten at a time', async () => {
    replies = [EVENTS_TAKEN, EVENTS_TAKEN];
    await put(Array.from({ length: 11 }, (_, i) => event(i)));
    expect(seen.map((s) => json(s).Entries.length)).toEqual([10, 1]);
  });

  test('one that failed fails the put', async () => {
    const failed = (...codes: string[]) =>
      says(
        200,
        JSON.stringify({ FailedEntryCount: codes.length, Entries: [{}, ...codes.map((ErrorCode) => ({ ErrorCode }))] }),
      );
    replies = [failed('InternalFailure'), failed('ThrottlingException', 'NotAuthorizedForSourceException'), says(200)];
    expect(await failure(put([event()]))).toBeInstanceOf(Pushback);
    expect(await refused(put([event()]))).toBe('NotAuthorizedForSourceException');
    expect(await failure(put([event()]))).toBeInstanceOf(Pushback);
  });
});

test.each([
  ['https://sns.eu-west-1.amazonaws.com', 'https://sns.us-gov-west-1.amazonaws.com/', 'eu-west-1'],
  ['https://sns.cn-north-1.amazonaws.com.cn', 'https://sns.us-gov-west-1.amazonaws.com.cn/', 'cn-north-1'],
  [
    'https://vpce-1-x.sns.eu-west-1.vpce.amazonaws.com',
    'https://vpce-1-x.sns.us-gov-west-1.vpce.amazonaws.com/',
    'eu-west-1',
  ],
  ['https://sns.eu-west-1.corp.example', 'https://sns.eu-west-1.corp.example/', undefined],
  ['http://localhost:4566', 'http://localhost:4566/', undefined],
])('%s is asked for another Region at %s', (given, url, region) => {
  const caller = createOutsideCaller({
    ...{ endpoint: given, setting: '--topics-endpoint', name: 'SNS', service: 'sns', clock: new FakeClock() },
    credentials: () => ({ accessKeyId: 'a', secretAccessKey: 'b' }),
  });
  closings.push(caller.close);
  expect([caller.urlFor('us-gov-west-1').href, caller.region]).toEqual([url, region]);
});

test('batches keep all and the order, and the limits but for one alone', () => {
  const limits = { count: 5, bytes: 20, bytesOf: (n: number) => n };
  fc.assert(
    fc.property(fc.array(fc.nat(30)), (items) => {
      const batches = batchesOf(items, limits);
      expect(batches.flat()).toEqual(items);
      for (const batch of batches) {
        expect(batch.length).toBeGreaterThan(0);
        expect(batch.length).toBeLessThanOrEqual(5);
        if (batch.length > 1) expect(batch.reduce((a, b) => a + b)).toBeLessThanOrEqual(20);
      }
    }),
  );
});
