import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import { evaluateExpression } from './expression.ts';
import { parseExpression } from './expression-parse.ts';
import { failureOf, startCloudWatch } from './suite.ts';

const START = Date.UTC(2026, 10, 21, 13);
const at = (minute: number) => new Date(START + minute * 60_000);
const RANGE = { StartTime: at(0), EndTime: at(60) };

async function withValues() {
  const cw = await startCloudWatch();
  const datum = (MetricName: string, minute: number, Value: number) => ({ MetricName, Timestamp: at(minute), Value });
  await cw.call('PutMetricData', {
    Namespace: 'App',
    MetricData: [datum('a', 0, 1), datum('a', 1, 2), datum('a', 3, 4), datum('b', 1, 10), datum('b', 2, 0)],
  });
  return cw;
}

const metric = (MetricName: string, Stat = 'Sum') => ({
  Metric: { Namespace: 'App', MetricName },
  Period: 60,
  Stat,
});

/** Minutes and values of one expression over `a` and `b`, in the first five minutes. */
const CASES: readonly (readonly [string, string])[] = [
  ['a', '0=1 1=2 3=4'],
  ['a + b', '1=12'],
  ['a * 2 - -1', '0=3 1=5 3=9'],
  ['2 ^ 3 ^ 0 * a', '0=2 1=4 3=8'],
  ['b / b', '1=1'],
  ['FILL(a, 0)', '0=1 1=2 2=0 3=4 4=0'],
  ['FILL(a, REPEAT)', '0=1 1=2 2=2 3=4 4=4'],
  ['FILL(a, LINEAR)', '0=1 1=2 2=3 3=4'],
  ['FILL(a, b)', '0=1 1=2 2=0 3=4'],
  ['IF(FILL(a,0) > 1, 1, 0)', '0=0 1=1 2=0 3=1 4=0'],
  ['IF(a >= 2 AND b == 10, b)', '1=10'],
  ['SUM(METRICS())', '0=1 1=12 2=0 3=4'],
  ['MAX([a, b])', '0=1 1=10 2=0 3=4'],
  ['MIN(METRICS("b")) * TIME_SERIES(2)', '1=20 2=0'],
  ['a - AVG(b)', '0=-4 1=-3 3=-1'],
  ['DIFF(a)', '1=1 3=2'],
  ['RATE(a) * PERIOD(a)', '1=1 3=1'],
  ['ABS(a - 3) || 0', '0=1 1=1 3=1'],
];

test('metric math', async () => {
  const cw = await withValues();
  for (const [Expression, expected] of CASES) {
    const { MetricDataResults } = await cw.call('GetMetricData', {
      StartTime: at(0),
      EndTime: at(5),
      ScanBy: 'TimestampAscending',
      MetricDataQueries: [
        { Id: 'a', MetricStat: metric('a'), ReturnData: false },
        { Id: 'b', MetricStat: metric('b'), ReturnData: false },
        { Id: 'e', Expression },
      ],
    });
    const { Timestamps, Values } = MetricDataResults[0];
    const found = Timestamps.map((time: Date, i: number) => `${(time.getTime() - START) / 60_000}=${Values[i]}`);
    expect([Expression, found.join(' ')]).toEqual([Expression, expected]);
  }
  await cw.close();
});

test('expressions that make no sense are refused, with what is wrong', async () => {
  const cw = await withValues();
  const refusal = (Expression: string, more: object[] = []) =>
    cw.call('GetMetricData', {
      ...RANGE,
      MetricDataQueries: [{ Id: 'a', MetricStat: metric('a') }, { Id: 'e', Expression }, ...more],
    });
  await expect(refusal('a +')).rejects.toThrow("Error in expression 'e'");
  await expect(refusal('a $ 2')).rejects.toThrow('position 1');
  await expect(refusal('x * 2')).rejects.toThrow('undefined variable x');
  await expect(refusal('ANOMALY_DETECTION_BAND(a, 2)')).rejects.toThrow('is not supported by OpenTrail');
  await expect(refusal('SEARCH("{App}", "Sum")')).rejects.toThrow('SEARCH');
  await expect(refusal('1 + 1')).rejects.toThrow('single value');
  const doubled = Array.from({ length: 30 }, (_, i) => ({
    Id: `d${i}`,
    Expression: i === 0 ? '[a, a]' : `[d${i - 1}, d${i - 1}]`,
  }));
  await expect(refusal('SUM(d29)', doubled)).rejects.toThrow('too many datapoints');
  await expect(refusal('f', [{ Id: 'f', Expression: 'e' }])).rejects.toThrow('need each other');
  await expect(refusal(`${'('.repeat(100)}a${')'.repeat(100)}`)).rejects.toThrow('nested');
  await cw.close();
});

test('no text breaks the parser or the evaluation', async () => {
  const pieces = [
    'a',
    'b',
    '1',
    '2.5',
    '+',
    '-',
    '*',
    '/',
    '^',
    '(',
    ')',
    ',',
    '[',
    ']',
    'SUM(',
    'IF(',
    'FILL(',
    '>',
    'AND',
    '"x"',
    '\\',
    '$',
    ' ',
  ];
  const series = new Map([[60, 1]]);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string()), { maxLength: 12 }), async (parts) => {
      try {
        const scope = {
          lookUp: async () => series,
          metrics: async () => [series],
          seconds: [60, 120],
          period: 60,
          spend: () => {},
        };
        await evaluateExpression(parseExpression(parts.join('')), scope);
      } catch (error) {
        expect(error).toBeInstanceOf(AwsError);
      }
    }),
  );
});

test('pages join to the whole', async () => {
  const cw = await withValues();
  const input = {
    ...RANGE,
    MetricDataQueries: [
      { Id: 'all', Expression: 'METRICS()' },
      { Id: 'a', MetricStat: metric('a') },
      { Id: 'b', MetricStat: metric('b') },
    ],
  };
  const whole = await cw.call('GetMetricData', input);
  const values = (results: { Values: number[] }[]) => results.flatMap(({ Values }) => Values);
  for (const MaxDatapoints of [1, 2, 3, 4, 7]) {
    const all: number[] = [];
    for (let NextToken: string | undefined; ; ) {
      const page = await cw.call('GetMetricData', { ...input, MaxDatapoints, ...(NextToken && { NextToken }) });
      all.push(...values(page.MetricDataResults));
      NextToken = page.NextToken;
      if (!NextToken) break;
    }
    expect(all).toEqual(values(whole.MetricDataResults));
  }
  expect(await failureOf(cw.call('GetMetricData', { ...input, NextToken: 'nonsense' }))).toBe('InvalidNextToken');
  await cw.close();
});

test('what is no datum is refused by name, and nothing of its request is kept', async () => {
  const cw = await startCloudWatch();
  const put = (datum: object, Namespace = 'App') =>
    failureOf(
      cw.call('PutMetricData', {
        Namespace,
        MetricData: [
          { MetricName: 'm', Value: 1 },
          { MetricName: 'm', ...datum },
        ],
      }),
    );
  const value = 'InvalidParameterValueException';
  const missing = 'MissingRequiredParameterException';
  expect(await put({ Value: 1, Timestamp: new Date(cw.clock.now() - 15 * 86_400_000) })).toBe(value);
  expect(await put({ Value: 1, Timestamp: new Date(cw.clock.now() + 3 * 3_600_000) })).toBe(value);
  expect(await put({ Value: Number.NaN })).toBe(value);
  expect(await put({ Value: 2 ** 361 })).toBe(value);
  expect(await put({ Value: 1, Unit: 'Parsec' })).toBe(value);
  expect(await put({ Value: 1, StorageResolution: 5 })).toBe(value);
  expect(await put({ Value: 1, Values: [1] })).toBe('InvalidParameterCombinationException');
  expect(await put({ Values: [1, 2], Counts: [1] })).toBe(value);
  expect(await put({ Values: [] })).toBe(value);
  expect(await put({})).toBe(missing);
  expect(await put({ StatisticValues: { SampleCount: 0, Sum: 1, Minimum: 1, Maximum: 1 } })).toBe(value);
  expect(await put({ StatisticValues: { SampleCount: 1, Sum: 1, Minimum: 2, Maximum: 1 } })).toBe(value);
  expect(await put({ Value: 1, MetricName: '' })).toBe(missing);
  expect(
    await put({ Value: 1, Dimensions: Array.from({ length: 31 }, (_, i) => ({ Name: `n${i}`, Value: 'v' })) }),
  ).toBe(value);
  expect(
    await put({
      Value: 1,
      Dimensions: [
        { Name: 'a', Value: '1' },
        { Name: 'a', Value: '2' },
      ],
    }),
  ).toBe(value);
  expect(await put({ Value: 1 }, ':App')).toBe(value);
  expect(await failureOf(cw.call('PutMetricData', { Namespace: 'App', MetricData: [] }))).toBe(missing);
  expect((await cw.call('ListMetrics', {})).Metrics).toEqual([]);
  await cw.close();
});

test('statistics begin where they are asked for, by unit, and are bounded', async () => {
  const cw = await withValues();
  const input = { Namespace: 'App', MetricName: 'a', Period: 120, ...RANGE, Statistics: ['Sum', 'Average'] };
  const { Datapoints } = await cw.call('GetMetricStatistics', { ...input, StartTime: at(1) });
  expect(Datapoints).toEqual([
    { Timestamp: at(1), Sum: 2, Average: 2, Unit: 'None' },
    { Timestamp: at(3), Sum: 4, Average: 4, Unit: 'None' },
  ]);
  expect((await cw.call('GetMetricStatistics', { ...input, Unit: 'Bytes' })).Datapoints).toEqual([]);
  const code = (more: object) => failureOf(cw.call('GetMetricStatistics', { ...input, ...more }));
  expect(await code({ Period: 60, StartTime: at(-1500) })).toBe('InvalidParameterCombinationException');
  expect(await code({ EndTime: at(0) })).toBe('ValidationException');
  expect(await code({ Statistics: ['Median'] })).toBe('InvalidParameterValueException');
  expect(await code({ Statistics: [] })).toBe('MissingRequiredParameterException');
  expect(await code({ Period: 45 })).toBe('InvalidParameterValueException');
  await cw.close();
});
