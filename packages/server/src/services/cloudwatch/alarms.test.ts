import { describe, expect, test } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import { ACCOUNT, failureOf, startCloudWatch, TOPIC } from './suite.ts';

const CIS = {
  AlarmName: 'root-use',
  Namespace: 'CIS',
  MetricName: 'root',
  Statistic: 'Sum',
  Period: 300,
  EvaluationPeriods: 1,
  Threshold: 1,
  ComparisonOperator: 'GreaterThanOrEqualToThreshold',
  TreatMissingData: 'notBreaching',
  AlarmActions: [TOPIC],
};
const cause = (n: number, message = JSON.stringify({ eventID: `e${n}`, eventName: 'ConsoleLogin' })) => ({
  eventId: `e${n}`,
  message,
  timestampMs: Date.UTC(2026, 10, 21, 14, 0, n),
});

describe('a metric alarm', () => {
  test("says what raised it in CloudWatch's words, once, and comes back", async () => {
    const cw = await startCloudWatch();
    await cw.call('PutMetricAlarm', CIS);
    await cw.minutes(1);
    expect((await cw.call('DescribeAlarms', {})).MetricAlarms).toMatchObject([
      { AlarmName: 'root-use', StateValue: 'OK', AlarmArn: `arn:aws:cloudwatch:us-east-1:${ACCOUNT}:alarm:root-use` },
    ]);
    await cw.count('root', cw.clock.now(), [cause(1)]);
    await cw.count('root', cw.clock.now(), [cause(2)]);
    await cw.minutes(3);
    expect(cw.published).toHaveLength(1);
    expect(cw.published[0]).toMatchObject({
      topic: TOPIC,
      subject: 'ALARM: "root-use" in US East (N. Virginia)',
      sourceArn: `arn:aws:cloudwatch:us-east-1:${ACCOUNT}:alarm:root-use`,
      message: {
        AlarmName: 'root-use',
        AWSAccountId: ACCOUNT,
        NewStateValue: 'ALARM',
        OldStateValue: 'OK',
        NewStateReason:
          'Threshold Crossed: 1 out of the last 1 datapoints [2.0 (21/11/26 13:57:00)] was greater than or equal to the threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition).',
        StateChangeTime: '2026-11-21T14:02:00.000+0000',
        Region: 'US East (N. Virginia)',
        Trigger: {
          MetricName: 'root',
          Namespace: 'CIS',
          StatisticType: 'Statistic',
          Statistic: 'SUM',
          Period: 300,
          Unit: null,
        },
        OpenTrail: { Events: [{ eventID: 'e2' }, { eventID: 'e1' }], EventsLeftOut: 0 },
      },
    });
    expect(Object.keys(cw.published[0]!.message).at(-1)).toBe('OpenTrail');
    const [alarm] = (await cw.call('DescribeAlarms', { StateValue: 'ALARM' })).MetricAlarms;
    expect(JSON.parse(alarm.StateReasonData)).toEqual({
      version: '1.0',
      queryDate: '2026-11-21T14:02:00.000+0000',
      startDate: '2026-11-21T13:57:00.000+0000',
      statistic: 'Sum',
      period: 300,
      recentDatapoints: [2],
      threshold: 1,
      evaluatedDatapoints: [{ timestamp: '2026-11-21T13:57:00.000+0000', sampleCount: 2, value: 2 }],
    });
    await cw.minutes(20);
    expect((await cw.call('DescribeAlarms', {})).MetricAlarms[0].StateReason).toBe(
      'Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].',
    );
    const { AlarmHistoryItems: items } = await cw.call('DescribeAlarmHistory', { AlarmName: 'root-use' });
    expect(items.map((i: { HistorySummary: string }) => i.HistorySummary)).toEqual([
      'Alarm updated from ALARM to OK',
      `Successfully executed action ${TOPIC}`,
      'Alarm updated from OK to ALARM',
      'Alarm updated from INSUFFICIENT_DATA to OK',
      'Alarm "root-use" created',
    ]);
    expect(cw.told.map(({ detailType }) => detailType)).toEqual(Array(3).fill('CloudWatch Alarm State Change'));
    await cw.close();
  });

  test('a topic that fails is tried until it takes the message, also after a restart; one that is gone is not', async () => {
    const cw = await startCloudWatch();
    await cw.call('PutMetricAlarm', CIS);
    await cw.minutes(1);
    cw.topic.fails = new Error('not now');
    await cw.count('root');
    await cw.minutes(2);
    expect(cw.published).toEqual([]);
    await cw.restart();
    await cw.minutes(1);
    delete cw.topic.fails;
    await cw.minutes(2);
    expect(cw.published).toHaveLength(1);
    await cw.minutes(20);
    cw.topic.fails = new AwsError('NotFound', 'Topic does not exist');
    await cw.count('root');
    await cw.minutes(2);
    delete cw.topic.fails;
    await cw.minutes(2);
    expect(cw.published).toHaveLength(1);
    const { AlarmHistoryItems: items } = await cw.call('DescribeAlarmHistory', { HistoryItemType: 'Action' });
    expect(items[0].HistorySummary).toContain('Failed to execute action');
    await cw.close();
  });

  test('what happened just before a stop raises the alarm after it, and once; clocks may jump', async () => {
    const cw = await startCloudWatch();
    await cw.call('PutMetricAlarm', { ...CIS, Period: 60 });
    await cw.minutes(2);
    await cw.count('root');
    await cw.clock.advance(20 * 60_000); // nothing is evaluated: the server is down
    await cw.restart();
    await cw.minutes(1);
    expect(cw.published).toHaveLength(1);
    await cw.restart();
    await cw.minutes(3);
    expect(cw.published).toHaveLength(1);
    // Late, as after a stop: the record is older than what the alarm looks at.
    await cw.count('root', cw.clock.now() - 600_000);
    await cw.minutes(2);
    expect(cw.published).toHaveLength(2);
    cw.clock.jump(-7_200_000);
    await cw.count('root');
    await cw.minutes(2);
    expect(cw.published).toHaveLength(3);
    await cw.close();
  });

  test('one that flaps sends three messages, and then one an hour that says how many it stands for', async () => {
    const cw = await startCloudWatch();
    await cw.call('PutMetricAlarm', { ...CIS, Period: 60 });
    for (let i = 0; i < 8; i++) {
      await cw.count('root');
      await cw.minutes(6);
    }
    expect(cw.published).toHaveLength(3);
    await cw.minutes(20);
    expect(cw.published).toHaveLength(4);
    expect(cw.published[3]!.message.OpenTrail.Grouped).toMatchObject({ Count: 5 });
    await cw.close();
  });

  test('events are as many as fit into a message', async () => {
    const cw = await startCloudWatch();
    await cw.call('PutMetricAlarm', CIS);
    await cw.minutes(1);
    const large = (n: number) => cause(n, JSON.stringify({ eventID: `e${n}`, text: 'ü'.repeat(40_000) }));
    await cw.count('root', cw.clock.now(), [large(1), large(2), large(3), large(4), cause(5)]);
    await cw.minutes(1);
    const { message } = cw.published[0]!;
    expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(256 * 1024);
    expect(message.OpenTrail.Events.map((e: { eventID: string }) => e.eventID)).toEqual(['e5', 'e4', 'e3', 'e2']);
    expect(message.OpenTrail.EventsLeftOut).toBe(1);
    await cw.close();
  });

  test('of metric math, M of N, without actions', async () => {
    const cw = await startCloudWatch();
    const stat = (MetricName: string) => ({ Metric: { Namespace: 'CIS', MetricName }, Period: 60, Stat: 'Sum' });
    await cw.call('PutMetricAlarm', {
      AlarmName: 'math',
      EvaluationPeriods: 3,
      DatapointsToAlarm: 2,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanThreshold',
      ActionsEnabled: false,
      AlarmActions: [TOPIC],
      Metrics: [
        { Id: 'a', MetricStat: stat('a'), ReturnData: false },
        { Id: 'b', MetricStat: stat('b'), ReturnData: false },
        { Id: 'both', Expression: 'FILL(a, 0) + FILL(b, 0)', Label: 'both' },
      ],
    });
    for (let i = 0; i < 2; i++) {
      await cw.count('a');
      await cw.count('b');
      await cw.minutes(1);
    }
    const [alarm] = (await cw.call('DescribeAlarms', {})).MetricAlarms;
    expect(alarm).toMatchObject({ StateValue: 'ALARM', StateReason: expect.stringContaining('2 out of the last 3') });
    expect(cw.published).toEqual([]);
    await cw.close();
  });
});

describe('a composite alarm', () => {
  const child = (name: string) => ({ ...CIS, AlarmName: name, MetricName: name, AlarmActions: [] });
  const put = (cw: Awaited<ReturnType<typeof startCloudWatch>>, rule: string, more: object = {}) =>
    cw.call('PutCompositeAlarm', { AlarmName: 'both', AlarmRule: rule, AlarmActions: [TOPIC], ...more });

  test('follows its rule, and names what raised it', async () => {
    const cw = await startCloudWatch();
    await cw.call('PutMetricAlarm', child('a'));
    await cw.call('PutMetricAlarm', child('b'));
    await put(cw, 'ALARM(a) AND (ALARM("b") OR NOT TRUE)');
    await cw.minutes(1);
    await cw.count('a', cw.clock.now(), [cause(1)]);
    await cw.minutes(1);
    expect(cw.published).toEqual([]);
    await cw.count('b');
    await cw.minutes(1);
    expect(cw.published[0]!.message).toMatchObject({
      AlarmName: 'both',
      NewStateValue: 'ALARM',
      AlarmRule: 'ALARM(a) AND (ALARM("b") OR NOT TRUE)',
      TriggeringChildren: [{ Arn: `arn:aws:cloudwatch:us-east-1:${ACCOUNT}:alarm:a` }, { State: { Value: 'ALARM' } }],
      OpenTrail: { Events: [{ eventID: 'e1' }] },
    });
    expect(await failureOf(cw.call('DeleteAlarms', { AlarmNames: ['a'] }))).toBe('ValidationException');
    const parents = await cw.call('DescribeAlarms', { ParentsOfAlarmName: 'a' });
    expect(parents.CompositeAlarms).toMatchObject([{ AlarmName: 'both' }]);
    await cw.close();
  });

  test('its actions wait for the suppressor', async () => {
    const cw = await startCloudWatch();
    await cw.call('PutMetricAlarm', child('a'));
    await cw.call('PutMetricAlarm', child('quiet'));
    const periods = { ActionsSuppressorWaitPeriod: 120, ActionsSuppressorExtensionPeriod: 60 };
    await put(cw, 'ALARM(a)', { ActionsSuppressor: 'quiet', ...periods });
    await cw.minutes(1);
    await cw.call('SetAlarmState', { AlarmName: 'a', StateValue: 'ALARM', StateReason: 'test' });
    const composite = async () =>
      (await cw.call('DescribeAlarms', { AlarmTypes: ['CompositeAlarm'] })).CompositeAlarms[0];
    expect(await composite()).toMatchObject({ StateValue: 'ALARM', ActionsSuppressedBy: 'WaitPeriod' });
    await cw.call('SetAlarmState', { AlarmName: 'quiet', StateValue: 'ALARM', StateReason: 'test' });
    expect(await composite()).toMatchObject({ ActionsSuppressedBy: 'Alarm' });
    await cw.count('a');
    await cw.count('quiet');
    await cw.minutes(4);
    expect(cw.published).toEqual([]);
    for (let i = 0; i < 10; i++) {
      await cw.count('a');
      await cw.minutes(3);
    }
    expect(cw.published).toHaveLength(1);
    expect((await composite()).ActionsSuppressedBy).toBeUndefined();
    await cw.close();
  });

  test('rules that make no sense are refused with the place', async () => {
    const cw = await startCloudWatch();
    await cw.call('PutMetricAlarm', child('a'));
    await put(cw, 'ALARM(a)');
    for (const rule of [
      '',
      'ALARM(a',
      'a',
      'ALARM(a) XOR OK(a)',
      'NOT',
      '(TRUE',
      'TRUE FALSE',
      `${'('.repeat(200)}TRUE`,
    ]) {
      expect([rule, await failureOf(put(cw, rule))]).toEqual([
        rule,
        rule === '' ? 'MissingRequiredParameterException' : 'ValidationException',
      ]);
    }
    await expect(put(cw, 'ALARM(a) AND x')).rejects.toThrow('AlarmRule is not valid at character 14');
    await expect(put(cw, 'ALARM(nobody)')).rejects.toThrow('does not exist');
    await cw.call('PutCompositeAlarm', { AlarmName: 'upper', AlarmRule: 'OK(both)' });
    await expect(put(cw, 'OK(upper)')).rejects.toThrow('cycle');
    await expect(put(cw, 'OK(both)')).rejects.toThrow('cycle');
    await cw.close();
  });
});

test('what makes no alarm is refused by name', async () => {
  const cw = await startCloudWatch();
  const cases: readonly (readonly [object, string])[] = [
    [{ Period: 61 }, 'InvalidParameterValueException'],
    [{ Statistic: undefined }, 'InvalidParameterCombinationException'],
    [{ ComparisonOperator: 'Near' }, 'InvalidParameterValueException'],
    [{ EvaluationPeriods: 300 }, 'ValidationException'],
    [{ AlarmActions: ['nonsense'] }, 'ValidationException'],
    [{ AlarmActions: ['arn:aws:automate:us-east-1:ec2:stop'] }, 'ValidationException'],
    [{ DatapointsToAlarm: 2 }, 'ValidationException'],
    [{ ThresholdMetricId: 'ad1' }, 'ValidationException'],
    [{ TreatMissingData: 'maybe' }, 'ValidationException'],
  ];
  for (const [change, code] of cases)
    expect(await failureOf(cw.call('PutMetricAlarm', { ...CIS, ...change }))).toBe(code);
  expect(await failureOf(cw.call('DeleteAlarms', { AlarmNames: ['nobody'] }))).toBe('ResourceNotFound');
  await cw.call('PutMetricAlarm', { ...CIS, Tags: [{ Key: 'team', Value: 'x' }] });
  const arn = `arn:aws:cloudwatch:us-east-1:${ACCOUNT}:alarm:root-use`;
  await cw.call('TagResource', { ResourceARN: arn, Tags: [{ Key: 'b', Value: 'y' }] });
  await cw.call('UntagResource', { ResourceARN: arn, TagKeys: ['team'] });
  expect(await cw.call('ListTagsForResource', { ResourceARN: arn })).toEqual({ Tags: [{ Key: 'b', Value: 'y' }] });
  await cw.close();
});
