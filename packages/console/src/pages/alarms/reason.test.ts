import { expect, test } from 'vitest';
import type { Alarm } from './calls.ts';
import { conditionOf, lastRaised, metricsOf } from './reason.ts';

const alarm: Alarm = {
  AlarmName: 'a',
  AlarmArn: 'arn',
  StateValue: 'OK',
  Namespace: 'N',
  MetricName: 'Logins',
  Statistic: 'Sum',
  Period: 300,
  EvaluationPeriods: 1,
  Threshold: 3,
  ComparisonOperator: 'GreaterThanOrEqualToThreshold',
};
const DATA = {
  period: 300,
  evaluatedDatapoints: [
    { timestamp: '2026-01-01T12:05:00.000+0000', value: 1 },
    { timestamp: '2026-01-01T12:00:00.000+0000', value: 3 },
  ],
};

test('an alarm that is on tells its data’s time', () => {
  const on = {
    ...alarm,
    StateValue: 'ALARM' as const,
    StateUpdatedTimestamp: 1_767_269_500,
    StateReason: 'r',
    StateReasonData: JSON.stringify(DATA),
  };
  expect(lastRaised(on, [])).toEqual({
    atMs: 1_767_269_500_000,
    reason: 'r',
    startMs: Date.parse('2026-01-01T12:00:00Z'),
    endMs: Date.parse('2026-01-01T12:10:00Z'),
    children: [],
  });
  expect(lastRaised(on, [], 1_767_269_499_999)).toBeUndefined();
});

test('a composite alarm tells the alarms that it is made of', () => {
  const composite = (AlarmRule: string, data: object = {}) =>
    lastRaised(
      {
        AlarmName: 'c',
        AlarmArn: 'arn',
        StateValue: 'ALARM',
        StateUpdatedTimestamp: 1,
        AlarmRule,
        StateReasonData: JSON.stringify(data),
      },
      [],
    )?.children;
  const arn = 'arn:aws:cloudwatch:us-east-1:123456789012:alarm:a:b';
  expect(
    composite(`ALARM(plain) AND (NOT OK("in (brackets) \\"") OR INSUFFICIENT_DATA( '${arn}' )) AND ALARM(plain)`),
  ).toEqual(['plain', 'in (brackets) "', 'a:b']);
  expect(composite('ALARM(x) OR ALARM(y)', { triggeringAlarms: [{ arn }, {}] })).toEqual(['a:b']);
  expect(composite('TRUE')).toEqual([]);
});

test('one that is off tells it by its history; broken data is passed over', () => {
  const item = (data: unknown) => ({
    Timestamp: 1_767_269_500,
    HistoryItemType: 'StateUpdate',
    HistoryData: typeof data === 'string' ? data : JSON.stringify(data),
  });
  const history = [
    item({ newState: { stateValue: 'OK' } }),
    item('{'),
    item('7'),
    item({ newState: { stateValue: 'ALARM', stateReason: 'r', stateReasonData: DATA } }),
  ];
  expect(lastRaised(alarm, history)).toMatchObject({ reason: 'r', startMs: Date.parse('2026-01-01T12:00:00Z') });
  expect(lastRaised(alarm, [item({ newState: { stateValue: 'ALARM', stateReasonData: null } })])).toMatchObject({
    startMs: 1_767_269_500_000 - 600_000,
    endMs: 1_767_269_500_000,
  });
  expect(lastRaised(alarm, [])).toBeUndefined();
});

test('conditions in words', () => {
  expect(conditionOf(alarm)).toBe('Sum of Logins ≥ 3 within 5 minutes');
  expect(conditionOf({ ...alarm, Period: 10, EvaluationPeriods: 3, DatapointsToAlarm: 2 })).toBe(
    'Sum of Logins ≥ 3 within 10 seconds for 2 of 3 periods',
  );
  expect(conditionOf({ ...alarm, AlarmRule: 'ALARM(x)' })).toBe('ALARM(x)');
  expect(
    metricsOf({
      ...alarm,
      MetricName: undefined,
      Metrics: [{ MetricStat: { Metric: { MetricName: 'm' } } }, {}],
    } as Alarm),
  ).toEqual([{ MetricName: 'm' }]);
});
