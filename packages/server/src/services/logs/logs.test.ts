import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually, type Harness, harness } from './testing/harness.ts';

let h: Harness;
beforeEach(async () => {
  h = await harness();
});
afterEach(() => h.end());

const G = { logGroupName: 'g' };
const S = { ...G, logStreamName: 's' };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('groups and streams', () => {
  test('are created, described by page, and deleted with all they hold', async () => {
    for (const name of ['b', 'a', 'c']) await h.call('CreateLogGroup', { logGroupName: name });
    const first = await h.call('DescribeLogGroups', { limit: 2 });
    expect(first.logGroups.map((group: { logGroupName: string }) => group.logGroupName)).toEqual(['a', 'b']);
    const { logGroups, nextToken } = await h.call('DescribeLogGroups', { limit: 2, nextToken: first.nextToken });
    expect([logGroups.length, nextToken]).toEqual([1, undefined]);
    expect(await h.codeOf('DescribeLogGroups', { nextToken: 'x' })).toBe('InvalidParameterException');
    expect(await h.codeOf('CreateLogGroup', { logGroupName: 'a' })).toBe('ResourceAlreadyExistsException');
    expect((await h.call('DescribeLogGroups', {}, '210987654321')).logGroups).toEqual([]);
    expect((await h.call('DescribeLogGroups', {}, undefined, 'eu-west-1')).logGroups).toEqual([]);

    await h.group();
    await h.put('one');
    await h.call('DeleteLogGroup', G);
    expect(await h.codeOf('GetLogEvents', S)).toBe('ResourceNotFoundException');
    await h.group();
    expect((await h.call('GetLogEvents', S)).events).toEqual([]);
  });

  test('a stream that is made again does not show what the one before it held', async () => {
    await h.group();
    await h.put('old');
    await h.call('DeleteLogStream', S);
    expect((await h.call('FilterLogEvents', G)).events).toEqual([]);
    await h.call('CreateLogStream', S);
    await h.put('new');
    expect((await h.call('GetLogEvents', S)).events.map((e: { message: string }) => e.message)).toEqual(['new']);
  });

  test('streams are listed by name and by their last event', async () => {
    await h.group();
    await h.call('CreateLogStream', { ...G, logStreamName: 'a' });
    await h.put('x');
    const names = async (input: object) =>
      (await h.call('DescribeLogStreams', { ...G, ...input })).logStreams.map(
        (s: { logStreamName: string }) => s.logStreamName,
      );
    expect(await names({})).toEqual(['a', 's']);
    expect(await names({ orderBy: 'LastEventTime', descending: true })).toEqual(['s', 'a']);
    expect(await names({ logStreamNamePrefix: 's' })).toEqual(['s']);
    const both = { ...G, orderBy: 'LastEventTime', logStreamNamePrefix: 's' };
    expect(await h.codeOf('DescribeLogStreams', both)).toBe('InvalidParameterException');
  });

  test('tags by the old and the new operations, protection from deletion, retention', async () => {
    await h.call('CreateLogGroup', { ...G, tags: { a: '1' } });
    const resourceArn = 'arn:aws:logs:us-east-1:123456789012:log-group:g';
    await h.call('TagLogGroup', { ...G, tags: { b: '2' } });
    await h.call('TagResource', { resourceArn: `${resourceArn}:*`, tags: { c: '3' } });
    await h.call('UntagResource', { resourceArn, tagKeys: ['a'] });
    await h.call('UntagLogGroup', { ...G, tags: ['b'] });
    expect(await h.call('ListTagsForResource', { resourceArn })).toEqual({ tags: { c: '3' } });
    expect(await h.call('ListTagsLogGroup', G)).toEqual({ tags: { c: '3' } });
    expect(await h.codeOf('PutRetentionPolicy', { ...G, retentionInDays: 2 })).toBe('InvalidParameterException');
    const protect = { logGroupIdentifier: 'g', deletionProtectionEnabled: true };
    await h.call('PutLogGroupDeletionProtection', protect);
    expect(await h.codeOf('DeleteLogGroup', G)).toBe('ValidationException');
  });

  test.each([
    ['CreateLogGroup', {}, 'InvalidParameterException'],
    ['CreateLogGroup', { logGroupName: 'a b' }, 'InvalidParameterException'],
    ['CreateLogGroup', { logGroupName: 'x', kmsKeyId: 'k' }, 'InvalidOperationException'],
    ['AssociateKmsKey', { logGroupName: 'x', kmsKeyId: 'k' }, 'InvalidOperationException'],
    ['CreateLogStream', { logGroupName: 'x', logStreamName: 'a:b' }, 'InvalidParameterException'],
    ['CreateLogStream', { logGroupName: 'x', logStreamName: 'a' }, 'ResourceNotFoundException'],
    ['GetLogEvents', { logStreamName: 'a' }, 'InvalidParameterException'],
    ['FilterLogEvents', { logGroupName: 'x' }, 'ResourceNotFoundException'],
    ['GetLogRecord', { logRecordPointer: 'x' }, 'InvalidParameterException'],
    ['GetQueryResults', { queryId: 'x' }, 'ResourceNotFoundException'],
    ['PutMetricFilter', { logGroupName: 'x' }, 'InvalidParameterException'],
  ])('%s of %j: %s', async (operation, input, code) => {
    expect(await h.codeOf(operation, input)).toBe(code);
  });
});

describe('events', () => {
  test('what is too old, too new or expired is left out, and said', async () => {
    await h.group();
    const now = h.clock.now();
    const put = (...timestamps: number[]) =>
      h.call('PutLogEvents', { ...S, logEvents: timestamps.map((timestamp) => ({ timestamp, message: 'm' })) });
    expect((await put(now - 15 * DAY_MS, now - 14 * DAY_MS - 1)).rejectedLogEventsInfo).toEqual({
      tooOldLogEventEndIndex: 2,
    });
    expect((await put(now, now + 3 * HOUR_MS)).rejectedLogEventsInfo).toEqual({ tooNewLogEventStartIndex: 1 });
    await h.call('PutRetentionPolicy', { ...G, retentionInDays: 1 });
    expect((await put(now - DAY_MS - 1, now - HOUR_MS)).rejectedLogEventsInfo).toEqual({ expiredLogEventEndIndex: 1 });
    expect((await h.call('GetLogEvents', S)).events.map((e: { timestamp: number }) => e.timestamp)).toEqual([
      now - HOUR_MS,
      now,
    ]);
    const refused = (logEvents: object[]) => h.codeOf('PutLogEvents', { ...S, logEvents });
    expect(
      await refused([
        { timestamp: now, message: 'a' },
        { timestamp: now - 1, message: 'b' },
      ]),
    ).toBe('InvalidParameterException');
    expect(
      await refused([
        { timestamp: now - DAY_MS - 1, message: 'a' },
        { timestamp: now, message: 'b' },
      ]),
    ).toBe('InvalidParameterException');
    expect(await refused([{ timestamp: now, message: 'a'.repeat(1 << 20) }])).toBe('InvalidParameterException');
    expect(await refused([{ timestamp: now, message: '' }])).toBe('InvalidParameterException');
    expect(await refused([{ message: 'a' }])).toBe('InvalidParameterException');
    expect(await refused([])).toBe('InvalidParameterException');
  });

  test('are read page by page forward and backward, and tokens at the end stay the same', async () => {
    await h.group();
    for (let i = 0; i < 10; i++) await h.put(`m${i}`);
    const page = async (input: object) => {
      const { events, ...tokens } = await h.call('GetLogEvents', { ...S, limit: 4, ...input });
      return { messages: events.map((e: { message: string }) => e.message), ...tokens };
    };
    const last = await page({});
    expect(last.messages).toEqual(['m6', 'm7', 'm8', 'm9']);
    const before = await page({ nextToken: last.nextBackwardToken });
    expect(before.messages).toEqual(['m2', 'm3', 'm4', 'm5']);
    const again = await page({ nextToken: before.nextForwardToken });
    expect(again.messages).toEqual(last.messages);
    const end = await page({ nextToken: again.nextForwardToken });
    expect([end.messages, end.nextForwardToken]).toEqual([[], again.nextForwardToken]);
    await h.restart();
    await h.put('m10');
    expect((await page({ nextToken: end.nextForwardToken })).messages).toEqual(['m10']);
    const head = await page({ startFromHead: true });
    expect(head.messages).toEqual(['m0', 'm1', 'm2', 'm3']);
    expect((await page({ nextToken: head.nextBackwardToken })).messages).toEqual([]);
    expect(await h.codeOf('GetLogEvents', { ...S, nextToken: 'f/1' })).toBe('InvalidParameterException');
  });

  test('are filtered by stream, prefix, time and pattern, page by page', async () => {
    await h.group();
    await h.call('CreateLogStream', { ...G, logStreamName: 'other' });
    for (let i = 0; i < 5; i++) {
      await h.put(`{"i":${i}}`);
      await h.call('PutLogEvents', {
        ...G,
        logStreamName: 'other',
        logEvents: [{ timestamp: h.clock.now(), message: `ERROR ${i}` }],
      });
      await h.clock.advance(1);
    }
    const found = async (input: object) => {
      const messages: string[] = [];
      let nextToken: string | undefined;
      do {
        const page = await h.call('FilterLogEvents', { ...G, limit: 2, ...input, ...(nextToken && { nextToken }) });
        messages.push(...page.events.map((e: { message: string }) => e.message));
        nextToken = page.nextToken;
      } while (nextToken);
      return messages;
    };
    expect(await found({ filterPattern: '{ $.i >= 3 }' })).toEqual(['{"i":3}', '{"i":4}']);
    expect(await found({ filterPattern: 'ERROR', logStreamNames: ['s'] })).toEqual([]);
    expect(await found({ logStreamNamePrefix: 'oth' })).toEqual([0, 1, 2, 3, 4].map((i) => `ERROR ${i}`));
    const start = h.clock.now() - 5;
    expect(await found({ startTime: start + 1, endTime: start + 2, logStreamNames: ['s'] })).toEqual([
      '{"i":1}',
      '{"i":2}',
    ]);
    expect((await found({})).length).toBe(10);
    expect(await h.codeOf('FilterLogEvents', { ...G, filterPattern: '{ $.i >' })).toBe('InvalidParameterException');
  });

  test('written by a service make their stream, and nothing over 256 KB', async () => {
    await h.call('CreateLogGroup', G);
    const arn = 'arn:aws:logs:us-east-1:123456789012:log-group:g:*';
    const line = (message: string) => ({ timestampMs: h.clock.now(), message });
    await Promise.all(
      [0, 1, 2].map((i) => h.logs.logGroups.put(arn, 'st', [line(`m${i}`), line('x'.repeat(262_145))])),
    );
    const { events } = await h.call('GetLogEvents', { ...G, logStreamName: 'st' });
    expect(events.map((e: { message: string }) => e.message).sort()).toEqual(['m0', 'm1', 'm2']);
    await expect(h.logs.logGroups.put(arn.replace(':g', ':x'), 'st', [])).rejects.toThrow('does not exist');
  });

  test('expired segments leave the disk, but not before all filters have seen them', async () => {
    await h.group();
    await h.put('before');
    const destinationArn = 'https://example.com/';
    await h.call('PutSubscriptionFilter', { ...G, filterName: 'f', filterPattern: '', destinationArn });
    const { put } = h.mailboxes;
    const full = async () => {
      throw new Error('full');
    };
    Object.assign(h.mailboxes, { put: full });
    await h.put('x');
    await h.call('PutRetentionPolicy', { ...G, retentionInDays: 1 });
    const { id } = (await h.state.list<{ id: string }>('logs/groups/'))[0]!.value;
    const swept = async () => {
      await h.clock.advance(HOUR_MS);
      return (await h.store.figures(id)).size === 0;
    };
    for (let hours = 0; hours < 30; hours++) expect(await swept()).toBe(false);
    Object.assign(h.mailboxes, { put });
    await eventually(swept, 'it is deleted');
    expect(h.posted.length).toBe(2);
    expect(await h.store.end(id)).toBe(2);
  });
});

describe('metric filters', () => {
  const filter = (transformation: object, filterPattern = '{ $.n = * }', filterName = 'f') =>
    h.call('PutMetricFilter', {
      ...{ ...G, filterName, filterPattern },
      metricTransformations: [{ metricName: 'M', metricNamespace: 'N', metricValue: '1', ...transformation }],
    });
  const values = () => h.metrics.flatMap(({ data }) => data.map(({ value }) => value));
  const total = () => values().reduce((sum, value) => sum + value.sum, 0);

  test('count what came after they were made, with causes, values and dimensions', async () => {
    await h.group();
    await h.put('{"n":100}');
    await filter({ metricValue: '$.n', dimensions: { who: '$.who' }, unit: 'Count' });
    await h.put(
      '{"n":1,"who":"a","eventID":"e1"}',
      '{"n":2,"who":"a"}',
      '{"n":5,"who":"b"}',
      '{"n":7}',
      '{"n":"x","who":"a"}',
      'text',
    );
    await eventually(() => h.metrics.length === 1, 'counted');
    const [{ namespace, data, once }] = h.metrics as [Harness['metrics'][number]];
    expect(namespace).toBe('N');
    expect(once?.sequence).toBe(1);
    const minute = h.clock.now() - (h.clock.now() % 60_000);
    expect(data).toEqual([
      {
        ...{ name: 'M', dimensions: [{ name: 'who', value: 'a' }], timestampMs: minute, unit: 'Count' },
        value: { sum: 3, count: 2, min: 1, max: 2 },
        causes: [
          { eventId: 'e1', message: '{"n":1,"who":"a","eventID":"e1"}', timestampMs: h.clock.now() },
          { message: '{"n":2,"who":"a"}', timestampMs: h.clock.now() },
        ],
      },
      expect.objectContaining({ value: { sum: 5, count: 1, min: 5, max: 5 } }),
    ]);
  });

  test('give their default value for a minute with events and no value, once it is over', async () => {
    await h.group();
    await filter({ defaultValue: 0 });
    await h.put('nothing');
    await h.put('{"n":1}');
    await h.clock.advance(60_000);
    await h.put('nothing');
    await eventually(() => h.metrics.length === 1, 'the first minute');
    expect(total()).toBe(1);
    for (let i = 0; i < 20; i++) await h.clock.advance(10_000);
    await eventually(() => h.metrics.length === 2, 'the default value');
    expect(values().at(-1)).toEqual({ sum: 0, count: 1, min: 0, max: 0 });
  });

  test('lose and double nothing when publishing fails or the process ends in between', async () => {
    await h.group();
    await filter({});
    h.doors.metrics = async () => {
      throw new Error('down');
    };
    await h.put('{"n":1}');
    let tried = false;
    h.doors.metrics = async () => {
      tried = true;
      throw new Error('down');
    };
    await h.clock.advance(2_000);
    await eventually(() => tried, 'a try');
    await h.restart();
    h.doors.metrics = async () => {};
    await h.put('{"n":1}', '{"n":1}');
    for (let i = 0; i < 10; i++) await h.clock.advance(60_000);
    await eventually(() => total() === 3, 'all of them');
    const numbers = h.metrics.map(({ once }) => once!.sequence);
    expect(numbers).toEqual([...new Set(numbers)]);
  });

  test('are described, replaced and deleted', async () => {
    await h.group();
    await filter({});
    await filter({ metricName: 'O' });
    const { metricFilters } = await h.call('DescribeMetricFilters', { metricName: 'O', metricNamespace: 'N' });
    expect(metricFilters).toMatchObject([{ filterName: 'f', logGroupName: 'g' }]);
    await h.call('DeleteMetricFilter', { ...G, filterName: 'f' });
    expect(await h.codeOf('DeleteMetricFilter', { ...G, filterName: 'f' })).toBe('ResourceNotFoundException');
    expect((await h.call('DescribeMetricFilters', G)).metricFilters).toEqual([]);
    await expect(filter({ metricValue: 'x' })).rejects.toThrow('metricValue');
    await expect(filter({ defaultValue: 1, dimensions: { a: '$.a' } })).rejects.toThrow('both');
  });

  test('TestMetricFilter says what matches and what it takes out', async () => {
    const { matches } = await h.call('TestMetricFilter', {
      filterPattern: '{ $.a = x* }',
      logEventMessages: ['no', '{"a":"xy"}'],
    });
    expect(matches).toEqual([{ eventNumber: 2, eventMessage: '{"a":"xy"}', extractedValues: { '$.a': 'xy' } }]);
  });
});

describe('subscriptions', () => {
  const QUEUE = 'arn:aws:sqs:us-east-1:123456789012:q';
  const subscribe = (destinationArn: string, filterPattern = 'ERROR', filterName = 'sub') =>
    h.call('PutSubscriptionFilter', { ...G, filterName, filterPattern, destinationArn });
  const opened = (data: string) => JSON.parse(gunzipSync(Buffer.from(data, 'base64')).toString());

  test('send to a queue what matches, in order, in the shape of AWS', async () => {
    await h.group();
    await h.put('ERROR before');
    await subscribe(QUEUE);
    expect(opened(h.sent[0]!.body).messageType).toBe('CONTROL_MESSAGE');
    await h.put('ERROR 1', 'fine', 'ERROR 2');
    await eventually(() => h.sent.length === 2, 'sent');
    const message = opened(h.sent[1]!.body);
    expect(message).toMatchObject({
      ...{ messageType: 'DATA_MESSAGE', owner: '123456789012', logGroup: 'g', logStream: 's' },
      subscriptionFilters: ['sub'],
      logEvents: [{ message: 'ERROR 1' }, { message: 'ERROR 2' }],
    });
    expect(message.logEvents[0].id).toMatch(/^\d{56}$/);
    expect((await h.call('DescribeSubscriptionFilters', G)).subscriptionFilters).toMatchObject([
      { destinationArn: QUEUE },
    ]);
  });

  test('wait for an endpoint that is down, also over a restart, and end with their filter', async () => {
    await h.group();
    await subscribe('https://example.com/logs');
    expect(JSON.parse(String(h.posted[0]!.body)).awslogs.data).toBeTypeOf('string');
    h.doors.http = async () => ({ status: 503 });
    await h.put('ERROR 1');
    await eventually(() => h.posted.length > 1, 'a try');
    await h.restart();
    h.doors.http = async () => ({ status: 200 });
    const tried = h.posted.length;
    for (let i = 0; i < 20; i++) await h.clock.advance(60_000);
    await eventually(() => h.posted.length > tried, 'sent again');
    await eventually(() => h.mailboxes.boxes('logs/').length === 0, 'nothing is left');
    const body = JSON.parse(String(h.posted.at(-1)!.body));
    expect(opened(body.awslogs.data).logEvents).toMatchObject([{ message: 'ERROR 1' }]);

    h.doors.http = async () => ({ status: 503 });
    await h.put('ERROR 2');
    await eventually(() => h.mailboxes.boxes('logs/').length === 1, 'it waits');
    await h.call('DeleteSubscriptionFilter', { ...G, filterName: 'sub' });
    expect(h.mailboxes.boxes('logs/')).toEqual([]);
  });

  test('are refused where nothing can be sent to, and past two', async () => {
    await h.group();
    await expect(subscribe('arn:aws:lambda:us-east-1:123456789012:function:f')).rejects.toThrow(
      'destinationArn must be',
    );
    h.doors.queue = async () => {
      throw new Error('no such queue');
    };
    await expect(subscribe(QUEUE)).rejects.toThrow('Could not deliver test message');
    h.doors.queue = async () => {};
    await subscribe(QUEUE, '', 'a');
    await subscribe(QUEUE, '', 'b');
    await expect(subscribe(QUEUE, '', 'c')).rejects.toThrow('limit exceeded');
    await expect(subscribe(QUEUE, '{ $.', 'd')).rejects.toThrow('Invalid filter pattern');
  });
});
