import type { Alarm, HistoryItem, MetricRef } from './calls.ts';

/** When an alarm went off last, and the time whose data it was about. */
export interface Raised {
  readonly atMs: number;
  readonly reason: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Of a composite alarm: names of the alarms that it was raised by. */
  readonly children: readonly string[];
}

interface ReasonData {
  readonly startDate?: string;
  readonly queryDate?: string;
  readonly period?: number;
  readonly triggeringAlarms?: readonly { readonly arn?: string }[];
  readonly evaluatedDatapoints?: readonly { readonly timestamp?: string; readonly value?: number }[];
}

/** Data of an alarm without any of it, as for a state that SetAlarmState set: the periods that it looks at. */
const PERIOD_SECONDS = 60;

/**
 * The last time that an alarm went into ALARM: now, or by its history.
 * @param history the newest first
 * @param untilMs what it did later does not count
 */
export function lastRaised(
  alarm: Alarm,
  history: readonly HistoryItem[],
  untilMs = Number.POSITIVE_INFINITY,
): Raised | undefined {
  const since = alarm.StateUpdatedTimestamp;
  if (alarm.StateValue === 'ALARM' && since !== undefined && since * 1000 <= untilMs) {
    return raised(alarm, since, alarm.StateReason ?? '', parse(alarm.StateReasonData));
  }
  for (const { HistoryItemType, HistoryData, Timestamp } of history) {
    if (HistoryItemType !== 'StateUpdate' || Timestamp === undefined || Timestamp * 1000 > untilMs) continue;
    const { newState } = parse(HistoryData) as { newState?: Record<string, unknown> };
    if (newState?.stateValue !== 'ALARM') continue;
    const data = newState.stateReasonData;
    return raised(
      alarm,
      Timestamp,
      String(newState.stateReason ?? ''),
      (typeof data === 'object' ? data : parse(data)) ?? {},
    );
  }
  return undefined;
}

function raised(alarm: Alarm, atSeconds: number, reason: string, data: ReasonData): Raised {
  const atMs = atSeconds * 1000;
  const periodMs = (data.period ?? alarm.Period ?? PERIOD_SECONDS) * 1000;
  const points = Array.isArray(data.evaluatedDatapoints) ? data.evaluatedDatapoints : [];
  // CloudWatch writes +0000, which not every browser reads.
  const times = points
    .map(({ timestamp }) => Date.parse(timestamp?.replace(/([+-]\d\d)(\d\d)$/, '$1:$2') ?? ''))
    .filter((ms) => !Number.isNaN(ms));
  const startMs = times.length > 0 ? Math.min(...times) : atMs - periodMs * ((alarm.EvaluationPeriods ?? 1) + 1);
  const endMs = times.length > 0 ? Math.max(...times) + periodMs : atMs;
  return { atMs, reason, startMs, endMs, children: childrenOf(alarm, data) };
}

/** What a rule calls an alarm: quoted, or up to the bracket. */
const NAMED = /\b(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^()"']+?))\s*\)/g;

/** By the data of the change; as it names no alarms when SetAlarmState made it, by the alarm's rule. */
function childrenOf({ AlarmRule = '' }: Alarm, { triggeringAlarms }: ReasonData): readonly string[] {
  const told = Array.isArray(triggeringAlarms) ? triggeringAlarms.flatMap(({ arn }) => arn ?? []) : [];
  const inRule = [...AlarmRule.matchAll(NAMED)].map(
    ([, double, single, bare]) => bare ?? (double ?? single ?? '').replace(/\\(.)/g, '$1'),
  );
  return [...new Set((told.length > 0 ? told : inRule).map(alarmName))];
}

/** `arn:aws:cloudwatch:us-east-1:123456789012:alarm:a:b` is the alarm `a:b`. */
const alarmName = (text: string): string => /^arn:[^:]*:cloudwatch:[^:]*:[^:]*:alarm:(.+)$/s.exec(text)?.[1] ?? text;

function parse(text: unknown): object {
  try {
    const parsed: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

const SIGNS: Readonly<Record<string, string>> = {
  GreaterThanOrEqualToThreshold: '≥',
  GreaterThanThreshold: '>',
  LessThanThreshold: '<',
  LessThanOrEqualToThreshold: '≤',
};

/** `Sum of Logins ≥ 3 within 5 minutes`, as CloudWatch's console says it. */
export function conditionOf(alarm: Alarm): string {
  if (alarm.AlarmRule !== undefined) return alarm.AlarmRule;
  const { ComparisonOperator = '', Threshold, Period, EvaluationPeriods = 1, DatapointsToAlarm } = alarm;
  const statistic = alarm.Statistic ?? alarm.ExtendedStatistic;
  const of = alarm.MetricName === undefined ? 'A metric expression' : `${statistic ?? 'Value'} of ${alarm.MetricName}`;
  const points = DatapointsToAlarm ?? EvaluationPeriods;
  const periods = EvaluationPeriods === 1 ? '' : ` for ${points} of ${EvaluationPeriods} periods`;
  const within = Period === undefined ? '' : ` within ${secondsText(Period)}`;
  return `${of} ${SIGNS[ComparisonOperator] ?? ComparisonOperator} ${Threshold ?? ''}${within}${periods}`;
}

function secondsText(seconds: number): string {
  if (seconds % 3600 === 0) return seconds === 3600 ? '1 hour' : `${seconds / 3600} hours`;
  if (seconds % 60 === 0) return seconds === 60 ? '1 minute' : `${seconds / 60} minutes`;
  return `${seconds} seconds`;
}

/** The metrics that an alarm looks at. */
export function metricsOf({ MetricName, Namespace, Metrics = [] }: Alarm): readonly MetricRef[] {
  if (MetricName !== undefined) return [{ MetricName, Namespace }];
  return Metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : []));
}
