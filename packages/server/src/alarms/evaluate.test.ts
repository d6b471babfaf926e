import { describe, expect, test } from 'vitest';
import { type AlarmRule, type Datapoint, evaluateAlarm, type MissingData } from './evaluate.ts';
import { isStatistic, statisticOf } from './statistics.ts';

const rule = (periods: number, needed: number, missingData: MissingData): AlarmRule => ({
  comparison: 'GreaterThanThreshold',
  threshold: 5,
  evaluationPeriods: periods,
  datapointsToAlarm: needed,
  missingData,
});

/** As the guide writes them: the oldest first, `X` breaching, `0` not, `-` missing. */
const range = (text: string): (Datapoint | undefined)[] =>
  text
    .split(' ')
    .map((c, i) => (c === '-' ? undefined : { second: i * 60, value: c === 'X' ? 9 : 1 }))
    .reverse();

/** The two tables of the guide: what becomes of each, for missing, ignore, breaching, notBreaching. */
const TABLES: readonly (readonly [number, number, string, string])[] = [
  [3, 3, '0 - X - X', 'OK OK OK OK'],
  [3, 3, '0 - - - -', 'OK OK OK OK'],
  [3, 3, '- - - - -', 'INSUFFICIENT_DATA stays ALARM OK'],
  [3, 3, '0 X X - X', 'ALARM ALARM ALARM ALARM'],
  [3, 3, '- - X - -', 'ALARM stays ALARM OK'],
  [3, 2, '0 - X - X', 'ALARM ALARM ALARM ALARM'],
  [3, 2, '0 0 X 0 X', 'ALARM ALARM ALARM ALARM'],
  [3, 2, '0 - X - -', 'OK OK ALARM OK'],
  [3, 2, '- - - - 0', 'OK OK ALARM OK'],
  [3, 2, '- - - X -', 'ALARM stays ALARM OK'],
];

describe("the guide's tables of missing data", () => {
  for (const [periods, needed, points, expected] of TABLES) {
    test(`${needed} of ${periods}: ${points}`, () => {
      const treatments: MissingData[] = ['missing', 'ignore', 'breaching', 'notBreaching'];
      const found = treatments.map((treatment) => {
        const result = evaluateAlarm(rule(periods, needed, treatment), range(points), 'INSUFFICIENT_DATA');
        return result?.state ?? 'stays';
      });
      expect(found.join(' ')).toBe(expected);
    });
  }
});

test('reasons are in the words of CloudWatch', () => {
  const at = Date.UTC(2026, 10, 21, 14, 20) / 1000;
  const cis = { ...rule(1, 1, 'notBreaching'), comparison: 'GreaterThanOrEqualToThreshold', threshold: 1 };
  expect(evaluateAlarm(cis, [{ second: at, value: 2 }], 'OK')!.reason).toBe(
    'Threshold Crossed: 1 out of the last 1 datapoints [2.0 (21/11/26 14:20:00)] was greater than or equal to the threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition).',
  );
  expect(evaluateAlarm(cis, [undefined], 'ALARM')!.reason).toBe(
    'Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].',
  );
  expect(evaluateAlarm(rule(3, 3, 'missing'), [undefined], 'OK')!.reason).toBe(
    'Insufficient Data: 3 datapoints were unknown.',
  );
});

test('statistics', () => {
  const figures = {
    sum: 55,
    count: 10,
    min: 1,
    max: 10,
    values: Array.from({ length: 10 }, (_, i) => [i + 1, 1] as const),
  };
  const of = (name: string) => statisticOf(name, figures);
  expect(['Sum', 'SampleCount', 'Average', 'Minimum', 'Maximum'].map(of)).toEqual([55, 10, 5.5, 1, 10]);
  expect(['p50', 'p90', 'p99.9', 'p0.0'].map(of)).toEqual([5, 9, 10, 1]);
  expect(of('TM(10%:90%)')).toBe(5);
  expect(of('TC(2:4)')).toBe(3);
  expect(of('PR(:5)')).toBe(50);
  expect(statisticOf('p50', { sum: 3, count: 2, min: 1, max: 2 })).toBeUndefined();
  expect(statisticOf('p50', { sum: 4, count: 2, min: 2, max: 2 })).toBe(2);
  expect(['p101', 'Median', 'p', 'TM(a:b)'].some(isStatistic)).toBe(false);
});
