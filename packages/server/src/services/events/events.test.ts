import { describe, expect, test } from 'vitest';
import { ACCOUNT, HOME, harness, OTHER, QUEUE } from './testing/harness.ts';

const DAY_MS = 86_400_000;
const TOPIC = `arn:aws:sns:${HOME}:${ACCOUNT}:t`;
const bus = (name: string, account = ACCOUNT) => `arn:aws:events:${HOME}:${account}:event-bus/${name}`;

describe('rules and targets', () => {
  test('an event reaches the targets of each rule that matches, as the envelope that AWS makes', async () => {
    const h = await harness();
    await h.rule('one', { source: ['app'], detail: { n: [1] } }, { Arn: QUEUE });
    await h.rule('two', { source: ['app'] }, { Arn: TOPIC });
    await h.rule('off', { source: ['app'] }, { Arn: TOPIC });
    await h.call('DisableRule', { Name: 'off' });
    const { Entries } = await h.put({ n: 1 }, { Resources: ['arn:x'] });
    await h.put({ n: 2 });
    await h.settle();
    expect(h.sent.map(({ to }) => to).sort()).toEqual([TOPIC, TOPIC, QUEUE]);
    const message = h.sent.find(({ to }) => to === QUEUE)!;
    expect(JSON.parse(message.body)).toEqual({
      version: '0',
      id: Entries[0].EventId,
      'detail-type': 'thing',
      source: 'app',
      account: ACCOUNT,
      time: '2026-01-01T00:00:00Z',
      region: HOME,
      resources: ['arn:x'],
      detail: { n: 1 },
    });
    expect(message.actor).toEqual({
      service: 'events.amazonaws.com',
      sourceArn: `arn:aws:events:${HOME}:${ACCOUNT}:rule/one`,
      sourceAccount: ACCOUNT,
    });
    expect(h.mailboxes.boxes('')).toEqual([]);
  });

  test('FIFO queues get the group, and an id that a second delivery has too; log groups a stream of the rule', async () => {
    const h = await harness();
    const group = `arn:aws:logs:${HOME}:${ACCOUNT}:log-group:/aws/events/x`;
    await h.rule('one', { source: ['app'] }, { Arn: `${QUEUE}.fifo`, SqsParameters: { MessageGroupId: 'g' } });
    await h.rule('two', { source: ['app'] }, { Arn: group });
    for (let i = 0; i < 20; i++) await h.put({ i });
    await h.settle();
    const queued = h.sent.filter(({ to }) => to === `${QUEUE}.fifo`);
    expect(queued.map(({ body }) => JSON.parse(body).detail.i)).toEqual([...Array(20).keys()]);
    expect(queued[0]!.parts).toEqual({ groupId: 'g', deduplicationId: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(h.sent.filter(({ to }) => to === group)[0]!.parts.stream).toMatch(/^two-/);
  });

  test('inputs: constant, part, template', async () => {
    const h = await harness();
    const template =
      '{"who":<who>,"text":"<who> did <aws.events.rule-name> <none>","all":<aws.events.event.json>,"x":<none>}';
    await h.rule('const', { source: ['app'] }, { Arn: QUEUE, Input: '{"a":1}' });
    await h.rule('path', { source: ['app'] }, { Arn: QUEUE, InputPath: '$.detail.who' });
    await h.rule(
      'template',
      { source: ['app'] },
      {
        Arn: QUEUE,
        InputTransformer: { InputPathsMap: { who: '$.detail.who', none: '$.detail.none' }, InputTemplate: template },
      },
    );
    await h.put({ who: 'a "b"' });
    await h.settle();
    expect(h.sent.map(({ body }) => JSON.parse(body))).toEqual([
      { a: 1 },
      'a "b"',
      {
        who: 'a "b"',
        text: 'a "b" did template ',
        all: expect.objectContaining({ detail: { who: 'a "b"' } }),
        x: null,
      },
    ]);
    for (const bad of [
      { Input: '{' },
      { InputPath: 'detail' },
      { Input: '1', InputPath: '$.detail' },
      { InputTransformer: { InputTemplate: '<gone>' } },
      { InputTransformer: { InputPathsMap: { a: '$.x[' }, InputTemplate: '<a>' } },
      { InputTransformer: { InputPathsMap: { a: '$.x' }, InputTemplate: 'no <a> quotes' } },
    ]) {
      const put = { Rule: 'const', Targets: [{ Id: 't', Arn: QUEUE, ...bad }] };
      expect(await h.codeOf('PutTargets', put), JSON.stringify(bad)).toBe('ValidationException');
    }
  });

  test('a target that fails is tried again for as long as its policy says, then its dead-letter queue has the event', async () => {
    const h = await harness();
    const dead = `${QUEUE}-dead`;
    await h.rule(
      'one',
      { source: ['app'] },
      {
        Arn: QUEUE,
        RetryPolicy: { MaximumRetryAttempts: 3 },
        DeadLetterConfig: { Arn: dead },
      },
    );
    h.refusing.set(QUEUE, 'InternalFailure');
    await h.put({ n: 1 });
    await h.settle();
    await h.restart();
    expect(h.sent).toEqual([]);
    await h.clock.advance(60_000);
    await h.settle();
    expect(h.sent).toHaveLength(1);
    expect(h.sent[0]).toMatchObject({ to: dead });
    expect(h.sent[0]!.parts.attributes).toMatchObject({
      ERROR_CODE: { value: 'INTERNAL_ERROR' },
      RETRY_ATTEMPTS: { value: '3' },
      EXHAUSTED_RETRY_CONDITION: { value: 'MaximumRetryAttempts' },
    });
    h.refusing.set(QUEUE, 'AccessDenied');
    await h.put({ n: 2 });
    await h.settle();
    expect(h.sent[1]!.parts.attributes).toMatchObject({ ERROR_CODE: { value: 'NO_PERMISSIONS' } });
    h.refusing.clear();
    await h.put({ n: 3 });
    await h.settle();
    expect(h.sent.at(-1)!.to).toBe(QUEUE);
  });

  test('a target that is away for an hour gets all in the end', async () => {
    const h = await harness();
    await h.rule('one', { source: ['app'] }, { Arn: QUEUE });
    h.refusing.set(QUEUE, 'ServiceUnavailable');
    for (let i = 0; i < 50; i++) await h.put({ i });
    await h.clock.advance(3_600_000);
    await h.restart();
    h.refusing.clear();
    await h.clock.advance(1_200_000);
    await h.settle();
    expect(new Set(h.sent.map(({ body }) => JSON.parse(body).detail.i)).size).toBe(50);
    expect(h.sent).toHaveLength(50);
  });

  test('what was accepted outlives the process', async () => {
    const h = await harness();
    await h.rule('one', { source: ['app'] }, { Arn: QUEUE });
    await h.bridge.close(); // from here on nothing is delivered
    await h.put({ n: 1 });
    expect(h.sent).toEqual([]);
    await h.restart();
    await h.settle();
    expect(h.sent).toHaveLength(1);
  });

  test('buses: one forwards to another, and no further; other accounts need the policy', async () => {
    const h = await harness();
    await h.call('CreateEventBus', { Name: 'b' });
    await h.call('CreateEventBus', { Name: 'c' });
    await h.rule('to-b', { source: ['app'] }, { Arn: bus('b') });
    await h.rule('to-c', { source: ['app'] }, { Arn: bus('c') }, 'b');
    await h.rule('b', { source: ['app'] }, { Arn: QUEUE }, 'b');
    await h.rule('c', { source: ['app'] }, { Arn: TOPIC }, 'c');
    await h.put({});
    await h.settle();
    expect(h.sent.map(({ to }) => to)).toEqual([QUEUE]);

    const entry = { Source: 'app', DetailType: 'x', Detail: '{}', EventBusName: bus('c') };
    expect(await h.codeOf('PutEvents', { Entries: [entry] }, OTHER)).toBe('AccessDeniedException');
    await h.call('PutPermission', {
      EventBusName: 'c',
      Action: 'events:PutEvents',
      Principal: OTHER,
      StatementId: 's',
    });
    expect(await h.codeOf('PutEvents', { Entries: [entry] }, OTHER)).toBe('ok');
    await h.settle();
    expect(JSON.parse(h.sent.at(-1)!.body)).toMatchObject({ account: OTHER });
    await h.call('RemovePermission', { EventBusName: 'c', StatementId: 's' });
    expect(await h.codeOf('PutEvents', { Entries: [entry] }, OTHER)).toBe('AccessDeniedException');
  });

  test('refuses what AWS refuses, by its names', async () => {
    const h = await harness();
    await h.rule('one', { source: ['app'] }, { Arn: QUEUE });
    const targets = (...list: object[]) => ({ Rule: 'one', Targets: list });
    const cases: readonly (readonly [string, object, string])[] = [
      ['PutRule', { Name: 'x' }, 'ValidationException'],
      ['PutRule', { Name: 'x y', EventPattern: '{}' }, 'ValidationException'],
      ['PutRule', { Name: 'x', EventPattern: '{"source":"app"}' }, 'InvalidEventPatternException'],
      ['PutRule', { Name: 'x', ScheduleExpression: 'rate(1 minutes)' }, 'ValidationException'],
      ['PutRule', { Name: 'x', EventPattern: '{"source":["a"]}', EventBusName: 'gone' }, 'ResourceNotFoundException'],
      ['DescribeRule', { Name: 'gone' }, 'ResourceNotFoundException'],
      ['DeleteRule', { Name: 'gone' }, 'ok'],
      ['DeleteRule', { Name: 'one' }, 'ValidationException'],
      [
        'PutTargets',
        targets({ Id: 'a', Arn: 'arn:aws:lambda:us-east-1:123456789012:function:f' }),
        'ValidationException',
      ],
      ['PutTargets', targets({ Id: 'a', Arn: `${QUEUE}.fifo` }), 'ValidationException'],
      ['PutTargets', targets({ Arn: QUEUE }), 'ValidationException'],
      ['PutTargets', targets(...[1, 2, 3, 4, 5].map((n) => ({ Id: `n${n}`, Arn: QUEUE }))), 'LimitExceededException'],
      ['CreateEventBus', { Name: 'default' }, 'ResourceAlreadyExistsException'],
      ['DeleteEventBus', { Name: 'default' }, 'ValidationException'],
      ['DeleteEventBus', { Name: 'gone' }, 'ok'],
      ['RemovePermission', { StatementId: 'gone' }, 'ResourceNotFoundException'],
      ['PutPermission', { Policy: '{"Statement":[]}' }, 'ValidationException'],
      ['CreateEndpoint', { Name: 'x' }, 'UnsupportedOperationException'],
      ['PutEvents', { Entries: [] }, 'ValidationException'],
      ['PutEvents', { Entries: [{ Detail: 'x'.repeat(262_145) }] }, 'ValidationException'],
    ];
    for (const [operation, input, code] of cases) {
      expect(await h.codeOf(operation, input), `${operation} ${JSON.stringify(input).slice(0, 100)}`).toBe(code);
    }
    const bad = [
      {},
      { Source: 'aws.s3', DetailType: 'x', Detail: '{}' },
      { Source: 'a', DetailType: 'x', Detail: '[1' },
    ];
    const { FailedEntryCount, Entries } = await h.call('PutEvents', { Entries: bad });
    expect(FailedEntryCount).toBe(3);
    expect(Entries.map(({ ErrorCode }: { ErrorCode: string }) => ErrorCode)).toEqual([
      'InvalidArgument',
      'NotAuthorizedForSourceException',
      'MalformedDetail',
    ]);
  });

  test('definitions are listed page by page, tagged, described and removed', async () => {
    const h = await harness();
    for (const name of ['a1', 'a2', 'b1']) await h.rule(name, { source: ['app'] }, { Arn: QUEUE });
    const first = await h.call('ListRules', { Limit: 2 });
    const next = await h.call('ListRules', { Limit: 2, NextToken: first.NextToken });
    expect([...first.Rules, ...next.Rules].map(({ Name }) => Name)).toEqual(['a1', 'a2', 'b1']);
    expect(next.NextToken).toBeUndefined();
    expect(await h.codeOf('ListRules', { NextToken: 'x' })).toBe('ValidationException');
    expect((await h.call('ListRuleNamesByTarget', { TargetArn: QUEUE })).RuleNames).toEqual(['a1', 'a2', 'b1']);
    const { Arn: arn } = await h.call('DescribeRule', { Name: 'a1' });
    await h.call('TagResource', { ResourceARN: arn, Tags: [{ Key: 'k', Value: 'v' }] });
    expect((await h.call('ListTagsForResource', { ResourceARN: arn })).Tags).toEqual([{ Key: 'k', Value: 'v' }]);
    const gone = await h.call('RemoveTargets', { Rule: 'a1', Ids: ['t', 'none'] });
    expect(gone).toMatchObject({ FailedEntryCount: 1, FailedEntries: [{ TargetId: 'none' }] });
    await h.call('DeleteRule', { Name: 'a1' });
    expect((await h.call('ListRules', {})).Rules).toHaveLength(2);
    expect((await h.call('ListEventBuses', {})).EventBuses).toEqual([{ Name: 'default', Arn: bus('default') }]);
  });
});

describe('archives, replays, schedules', () => {
  test('an archive keeps what its pattern matches, and a replay gives it to the rules again', async () => {
    const h = await harness();
    const EventSourceArn = bus('default');
    await h.call('CreateArchive', {
      ArchiveName: 'a',
      EventSourceArn,
      EventPattern: '{"detail":{"keep":[true]}}',
      RetentionDays: 2,
    });
    await h.rule('one', { source: ['app'] }, { Arn: QUEUE });
    for (let i = 0; i < 250; i++) {
      await h.put({ i, keep: i % 2 === 0 });
      await h.clock.advance(1_000);
    }
    expect(await h.call('DescribeArchive', { ArchiveName: 'a' })).toMatchObject({ EventCount: 125, State: 'ENABLED' });
    await h.clock.advance(120_000);
    await h.settle();
    // Chunks are joined; nothing is lost by it.
    expect([...h.mailboxes.entries(h.mailboxes.boxes('events-archive/')[0]!)].length).toBeLessThan(50);
    expect(await h.call('DescribeArchive', { ArchiveName: 'a' })).toMatchObject({ EventCount: 125 });
    h.sent.length = 0;
    const startMs = Date.UTC(2026, 0, 1);
    await h.call('StartReplay', {
      ReplayName: 'r',
      EventSourceArn: `arn:aws:events:${HOME}:${ACCOUNT}:archive/a`,
      EventStartTime: new Date(startMs),
      EventEndTime: new Date(startMs + 99_000),
      Destination: { Arn: EventSourceArn },
    });
    await h.settle();
    expect(await h.call('DescribeReplay', { ReplayName: 'r' })).toMatchObject({ State: 'COMPLETED' });
    expect(h.sent).toHaveLength(50);
    expect(JSON.parse(h.sent[0]!.body)).toMatchObject({ 'replay-name': 'r', detail: { keep: true } });
    expect(await h.codeOf('CancelReplay', { ReplayName: 'r' })).toBe('IllegalStatusException');
    expect(await h.call('DescribeArchive', { ArchiveName: 'a' })).toMatchObject({ EventCount: 125 });
    await h.clock.advance(3 * DAY_MS);
    await h.settle();
    expect(await h.call('DescribeArchive', { ArchiveName: 'a' })).toMatchObject({ EventCount: 0 });
  });

  test('schedules fire by the clock, and not for the time that the server was down', async () => {
    const h = await harness();
    await h.call('PutRule', { Name: 's', ScheduleExpression: 'rate(5 minutes)' });
    await h.call('PutTargets', { Rule: 's', Targets: [{ Id: 't', Arn: QUEUE }] });
    await h.clock.advance(11 * 60_000);
    await h.settle();
    expect(h.sent).toHaveLength(2);
    expect(JSON.parse(h.sent[0]!.body)).toMatchObject({
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      time: '2026-01-01T00:05:00Z',
    });
    await h.bridge.close();
    await h.clock.advance(DAY_MS);
    await h.restart();
    await h.settle();
    expect(h.sent).toHaveLength(2);
    await h.clock.advance(5 * 60_000);
    await h.settle();
    expect(h.sent).toHaveLength(3);
  });
});
