import type { MetricCause } from '../doors.ts';
import { type Alarm, type AlarmState, alarmArn, jsonTime, type MetricAlarm } from './alarm.ts';
import type { Dimension } from './api.ts';
import { regionName } from './regions.ts';

/** What SNS takes in one message, attributes and subject aside. */
const MESSAGE_BYTES_MAX = 256 * 1024 - 1024;
/** SNS's own limit. */
const SUBJECT_CHARS_MAX = 100;
/** Events that a message carries at most: it is read by people, and the metric tells how many there were. */
const EVENTS_MAX = 25;

/** A message in CloudWatch's own JSON (user guide, "Amazon SNS message format"; samples of EventBridge's and SNS's docs). */
export function messageOf(alarm: Alarm, to: AlarmState, from: string, children: readonly Alarm[]) {
  const { settings } = alarm;
  const head = {
    AlarmName: alarm.name,
    AlarmDescription: settings.AlarmDescription ?? null,
    AWSAccountId: alarm.accountId,
    AlarmConfigurationUpdatedTimestamp: jsonTime(alarm.configuredMs),
    NewStateValue: to.value,
    NewStateReason: to.reason,
    StateChangeTime: jsonTime(to.updatedMs),
    Region: regionName(alarm.region),
    AlarmArn: alarmArn(alarm),
    OldStateValue: from,
    OKActions: settings.OKActions ?? [],
    AlarmActions: settings.AlarmActions ?? [],
    InsufficientDataActions: settings.InsufficientDataActions ?? [],
  };
  if (alarm.kind === 'metric') return { ...head, Trigger: triggerOf(alarm) };
  const TriggeringChildren = children.map((child) => ({
    Arn: alarmArn(child),
    State: { Value: child.state.value, Timestamp: jsonTime(child.state.updatedMs) },
  }));
  return { ...head, AlarmRule: alarm.settings.AlarmRule, TriggeringChildren };
}

export function subjectOf(alarm: Alarm, state: string): string {
  const where = ` in ${regionName(alarm.region)}`;
  const room = SUBJECT_CHARS_MAX - state.length - where.length - '": ""'.length;
  const name = alarm.name.replace(/[^\x20-\x7e]/g, '?');
  const shown = name.length <= room ? `"${name}"` : `"${name.slice(0, room - 3)}..."`;
  return `${state}: ${shown}${where}`;
}

function triggerOf({ settings }: MetricAlarm) {
  const { Statistic, ExtendedStatistic, Metrics } = settings;
  const of = Metrics
    ? { Metrics: Metrics.map(metricOf) }
    : {
        MetricName: settings.MetricName,
        Namespace: settings.Namespace,
        StatisticType: Statistic === undefined ? 'ExtendedStatistic' : 'Statistic',
        ...(Statistic === undefined ? { ExtendedStatistic } : { Statistic: STATISTICS[Statistic] }),
        Unit: settings.Unit ?? null,
        Dimensions: (settings.Dimensions ?? []).map(lowerCase),
      };
  return {
    ...of,
    Period: settings.Period ?? Metrics?.find((m) => m.MetricStat)?.MetricStat?.Period,
    EvaluationPeriods: settings.EvaluationPeriods,
    DatapointsToAlarm: settings.DatapointsToAlarm ?? settings.EvaluationPeriods,
    ComparisonOperator: settings.ComparisonOperator,
    Threshold: settings.Threshold,
    TreatMissingData: settings.TreatMissingData ?? 'missing',
    EvaluateLowSampleCountPercentile: settings.EvaluateLowSampleCountPercentile ?? '',
  };
}

const STATISTICS: Readonly<Record<string, string>> = {
  Average: 'AVERAGE',
  Maximum: 'MAXIMUM',
  Minimum: 'MINIMUM',
  SampleCount: 'SAMPLE_COUNT',
  Sum: 'SUM',
};

const lowerCase = ({ Name, Value }: Dimension) => ({ value: Value, name: Name });

function metricOf({ Id, Expression, MetricStat, Label, ReturnData = true }: MetricQuery) {
  const rest = { ...(Label !== undefined && { Label }), ReturnData };
  if (!MetricStat) return { Id, Expression, ...rest };
  const { Metric, Period, Stat, Unit } = MetricStat;
  const Dimensions = (Metric.Dimensions ?? []).map(lowerCase);
  const { MetricName, Namespace } = Metric;
  return {
    Id,
    MetricStat: { Metric: { Dimensions, MetricName, Namespace }, Period, Stat, ...(Unit && { Unit }) },
    ...rest,
  };
}
type MetricQuery = NonNullable<MetricAlarm['settings']['Metrics']>[number];

export interface Grouped {
  /** Changes of state that this message stands for. */
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/**
 * The message as it is sent. What CloudWatch does not have stands in one member at the end, `OpenTrail`: the newest events
 * that were counted, as many as fit, and the changes of state that the message stands for, where it does for several.
 */
export function completeMessage(message: object, causes: readonly MetricCause[], grouped: Grouped | undefined): string {
  const group = grouped && {
    Grouped: { Count: grouped.count, First: jsonTime(grouped.firstMs), Last: jsonTime(grouped.lastMs) },
  };
  if (causes.length === 0 && !group) return JSON.stringify(message);
  const newest = [...causes].sort((a, b) => b.timestampMs - a.timestampMs);
  const whole = (events: readonly unknown[]) => {
    const listed = causes.length > 0 && { Events: events, EventsLeftOut: causes.length - events.length };
    return JSON.stringify({ ...message, OpenTrail: { ...listed, ...group } });
  };
  let room = MESSAGE_BYTES_MAX - Buffer.byteLength(whole([]));
  const events: unknown[] = [];
  for (const cause of newest.slice(0, EVENTS_MAX)) {
    const event = eventOf(cause);
    const bytes = Buffer.byteLength(JSON.stringify(event)) + 1;
    if (bytes > room) continue;
    room -= bytes;
    events.push(event);
  }
  return whole(events);
}

/** The record itself; what is no JSON as text. */
function eventOf({ message, timestampMs }: MetricCause): unknown {
  try {
    const parsed = JSON.parse(message) as unknown;
    if (typeof parsed === 'object' && parsed !== null) return parsed;
  } catch {
    // text it is
  }
  return { timestamp: new Date(timestampMs).toISOString(), message };
}
