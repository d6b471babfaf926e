import { type Datapoint, type Evaluation, EXTRA_DATAPOINTS, evaluateAlarm } from '../../alarms/evaluate.ts';
import type { MetricStore } from '../../ports/metrics.ts';
import { type AlarmState, jsonTime, type MetricAlarm, periodOf } from './alarm.ts';
import { createResults, planQueries } from './metric-data.ts';
import { readStat } from './query.ts';

/** Queries of one alarm; AWS's limit. */
export const ALARM_QUERIES_MAX = 20;
/** AWS's own limits of what a state carries. */
const REASON_CHARS_MAX = 1023;
const REASON_DATA_CHARS_MAX = 4000;

/**
 * What an alarm's state is at a time; undefined when it stays.
 * @param end of the last period looked at; seconds
 */
export async function stateAt(
  store: MetricStore,
  alarm: MetricAlarm,
  end: number,
  nowMs: number,
): Promise<AlarmState | undefined> {
  const { settings } = alarm;
  const period = periodOf(alarm);
  const length = settings.EvaluationPeriods + EXTRA_DATAPOINTS;
  const start = end - length * period;
  const points = await datapoints(store, alarm, start, end);
  const range = Array.from({ length }, (_, i) => points.get(end - (i + 1) * period));
  const result = evaluateAlarm(ruleOf(alarm), range, alarm.state.value);
  if (!result) return undefined;
  const seconds = result.decided.map(({ second }) => second);
  const window = seconds.length === 0 ? {} : { window: [Math.min(...seconds), Math.max(...seconds) + period] as const };
  const changed = result.state !== alarm.state.value;
  return {
    value: result.state,
    reason: result.reason.slice(0, REASON_CHARS_MAX),
    reasonData: reasonData(alarm, result, start, nowMs),
    updatedMs: nowMs,
    transitionedMs: changed ? nowMs : alarm.state.transitionedMs,
    ...window,
  };
}

export const ruleOf = ({ settings }: Pick<MetricAlarm, 'settings'>) => ({
  comparison: settings.ComparisonOperator,
  threshold: settings.Threshold,
  evaluationPeriods: settings.EvaluationPeriods,
  datapointsToAlarm: settings.DatapointsToAlarm ?? settings.EvaluationPeriods,
  missingData: (settings.TreatMissingData ?? 'missing') as 'missing' | 'ignore' | 'breaching' | 'notBreaching',
});

async function datapoints(
  store: MetricStore,
  alarm: MetricAlarm,
  start: number,
  end: number,
): Promise<ReadonlyMap<number, Datapoint>> {
  const { settings } = alarm;
  if (settings.Metrics) {
    const plan = planQueries(settings.Metrics, ALARM_QUERIES_MAX);
    const returned = settings.Metrics.find(({ ReturnData = true }) => ReturnData)!;
    const [result] = await createResults({ store, place: alarm, plan }, start, end, false).of(returned);
    return new Map([...(result?.values ?? [])].map(([second, value]) => [second, { second, value }]));
  }
  const Stat = (settings.Statistic ?? settings.ExtendedStatistic)!;
  const { Namespace = '', MetricName = '', Dimensions = [], Unit } = settings;
  const Metric = { Namespace, MetricName, Dimensions };
  const stat = { Metric, Period: periodOf(alarm), Stat, ...(Unit !== undefined && { Unit }) };
  const least = settings.EvaluateLowSampleCountPercentile === 'ignore' ? samplesNeeded(Stat) : 0;
  const read = await readStat(store, alarm, stat, start, end);
  return new Map(
    [...read].filter(([, { count }]) => count >= least).map(([second, point]) => [second, { second, ...point }]),
  );
}

/** "There must be at least 10/(1-percentile) datapoints", below the median 10/percentile. */
function samplesNeeded(stat: string): number {
  const percentile = Number(/^p([\d.]+)$/.exec(stat)?.[1] ?? Number.NaN) / 100;
  if (Number.isNaN(percentile)) return 0;
  return 10 / (percentile >= 0.5 ? 1 - percentile : percentile);
}

function reasonData({ settings }: MetricAlarm, { decided }: Evaluation, start: number, nowMs: number): string {
  const seconds = decided.map(({ second }) => second);
  const statistic = settings.Statistic ?? settings.ExtendedStatistic;
  const data = (points: readonly Datapoint[]) =>
    JSON.stringify({
      version: '1.0',
      queryDate: jsonTime(nowMs),
      startDate: jsonTime((seconds.length > 0 ? Math.min(...seconds) : start) * 1000),
      ...(statistic !== undefined && { statistic }),
      ...(settings.Unit !== undefined && { unit: settings.Unit }),
      ...(settings.Period !== undefined && { period: settings.Period }),
      recentDatapoints: points.map(({ value }) => value).reverse(),
      threshold: settings.Threshold,
      evaluatedDatapoints: points.map(({ second, value, count }) => ({
        timestamp: jsonTime(second * 1000),
        ...(count !== undefined && { sampleCount: count }),
        value,
      })),
    });
  let shown = decided;
  while (data(shown).length > REASON_DATA_CHARS_MAX) shown = shown.slice(0, Math.floor(shown.length / 2));
  return data(shown);
}
