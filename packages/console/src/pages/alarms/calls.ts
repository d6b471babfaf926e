import { json, native } from '../../api/client.ts';
import { allPages, type Listed, mapSome } from '../../api/pages.ts';

/** Answers of the operations that this page asks, as far as it shows them. Times are seconds since the epoch. */
export interface MetricRef {
  readonly Namespace?: string;
  readonly MetricName?: string;
}

export interface Alarm extends MetricRef {
  readonly AlarmName: string;
  readonly AlarmArn: string;
  readonly AlarmDescription?: string;
  readonly StateValue: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
  readonly StateReason?: string;
  readonly StateReasonData?: string;
  readonly StateUpdatedTimestamp?: number;
  readonly ActionsEnabled?: boolean;
  readonly AlarmActions?: readonly string[];
  readonly OKActions?: readonly string[];
  readonly Statistic?: string;
  readonly ExtendedStatistic?: string;
  readonly Period?: number;
  readonly EvaluationPeriods?: number;
  readonly DatapointsToAlarm?: number;
  readonly Threshold?: number;
  readonly ComparisonOperator?: string;
  readonly Metrics?: readonly { readonly MetricStat?: { readonly Metric: MetricRef } }[];
  /** Of composite alarms. */
  readonly AlarmRule?: string;
}

export interface HistoryItem {
  readonly Timestamp?: number;
  readonly HistoryItemType?: string;
  readonly HistorySummary?: string;
  readonly HistoryData?: string;
}

export interface MetricFilter {
  readonly filterName: string;
  readonly filterPattern?: string;
  readonly logGroupName: string;
  readonly creationTime?: number;
  readonly metricTransformations?: readonly {
    readonly metricName: string;
    readonly metricNamespace: string;
    readonly metricValue: string;
  }[];
}

export interface EventRule {
  readonly Name: string;
  readonly Arn: string;
  readonly State?: string;
  readonly Description?: string;
  readonly EventPattern?: string;
  readonly ScheduleExpression?: string;
  readonly EventBusName?: string;
  readonly targets: readonly { readonly Id: string; readonly Arn: string }[];
}

export interface SigmaRule {
  readonly RuleId: string;
  readonly AccountId: string;
  readonly Title: string;
  readonly Level: string;
  readonly AllAccounts?: boolean;
  readonly AddedAt?: number | string;
}

interface AlarmsAnswer {
  readonly MetricAlarms?: readonly Alarm[];
  readonly CompositeAlarms?: readonly Alarm[];
  readonly NextToken?: string;
}

/** DescribeAlarms, those that went off first. */
export async function listAlarms(signal: AbortSignal): Promise<Listed<Alarm>> {
  const { items, isCut } = await allPages(async (NextToken) => {
    const input = { AlarmTypes: ['MetricAlarm', 'CompositeAlarm'], MaxRecords: 100, NextToken };
    const answer = await json<AlarmsAnswer>('monitoring', 'DescribeAlarms', input, { signal });
    return { items: [...(answer.MetricAlarms ?? []), ...(answer.CompositeAlarms ?? [])], next: answer.NextToken };
  });
  const urgency = ({ StateValue }: Alarm) => (StateValue === 'ALARM' ? 0 : 1);
  return { items: [...items].sort((a, b) => urgency(a) - urgency(b)), isCut };
}

/** DescribeAlarms, those of these names that are there. CloudWatch takes up to 100. */
export async function alarmsNamed(AlarmNames: readonly string[], signal: AbortSignal): Promise<readonly Alarm[]> {
  const input = { AlarmNames, AlarmTypes: ['MetricAlarm', 'CompositeAlarm'], MaxRecords: 100 };
  const answer = await json<AlarmsAnswer>('monitoring', 'DescribeAlarms', input, { signal });
  return [...(answer.MetricAlarms ?? []), ...(answer.CompositeAlarms ?? [])];
}

/** CloudWatch keeps 100 items of an alarm at most; the newest are enough to see what happened. */
const HISTORY_ITEMS_MAX = 50;

/** DescribeAlarmHistory, the newest first. */
export async function alarmHistory(AlarmName: string, signal: AbortSignal): Promise<readonly HistoryItem[]> {
  const input = { AlarmName, MaxRecords: HISTORY_ITEMS_MAX, ScanBy: 'TimestampDescending' };
  const answer = await json<{ AlarmHistoryItems?: HistoryItem[] }>('monitoring', 'DescribeAlarmHistory', input, {
    signal,
  });
  return answer.AlarmHistoryItems ?? [];
}

/** DescribeMetricFilters, of all log groups. */
export const listMetricFilters = (signal: AbortSignal): Promise<Listed<MetricFilter>> =>
  allPages(async (nextToken) => {
    const input = { limit: 50, nextToken };
    const answer = await json<{ metricFilters?: MetricFilter[]; nextToken?: string }>(
      'logs',
      'DescribeMetricFilters',
      input,
      {
        signal,
      },
    );
    return { items: answer.metricFilters ?? [], next: answer.nextToken };
  });

/** DescribeMetricFilters, of one metric. */
export async function filtersOfMetric(
  { Namespace, MetricName }: MetricRef,
  signal: AbortSignal,
): Promise<readonly MetricFilter[]> {
  const input = { metricNamespace: Namespace, metricName: MetricName };
  const answer = await json<{ metricFilters?: MetricFilter[] }>('logs', 'DescribeMetricFilters', input, { signal });
  return answer.metricFilters ?? [];
}

/** ListRules of the default bus, each with its targets (ListTargetsByRule). */
export async function listEventRules(signal: AbortSignal): Promise<Listed<EventRule>> {
  const { items, isCut } = await allPages(async (NextToken) => {
    const answer = await json<{ Rules?: Omit<EventRule, 'targets'>[]; NextToken?: string }>(
      'events',
      'ListRules',
      { Limit: 100, NextToken },
      { signal },
    );
    return { items: answer.Rules ?? [], next: answer.NextToken };
  });
  const withTargets = await mapSome(items, async (rule) => {
    const { Targets = [] } = await json<{ Targets?: EventRule['targets'] }>(
      'events',
      'ListTargetsByRule',
      { Rule: rule.Name },
      { signal },
    );
    return { ...rule, targets: Targets };
  });
  return { items: withTargets, isCut };
}

/** ListRules of OpenTrail: the Sigma rules. */
export async function listSigmaRules(signal: AbortSignal): Promise<readonly SigmaRule[]> {
  return (await native<{ Rules?: SigmaRule[] }>('rules', undefined, { signal })).Rules ?? [];
}

interface LogEvent {
  readonly message?: string;
  readonly timestamp?: number;
}

/** Of one alarm's window: who wants all looks at the log group. */
const EVENTS_MAX = 50;
/** FilterLogEvents answers with what it found in its time; a page may be empty and not the last. */
const EVENT_PAGES_MAX = 5;

/** FilterLogEvents: what a metric filter counted between two times, in ms. */
export async function countedEvents(
  { logGroupName, filterPattern = '' }: MetricFilter,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found: string[] = [];
  let nextToken: string | undefined;
  for (let page = 0; page < EVENT_PAGES_MAX && found.length < EVENTS_MAX; page++) {
    const input = { logGroupName, filterPattern, startTime: startMs, endTime: endMs, limit: EVENTS_MAX, nextToken };
    const answer = await json<{ events?: LogEvent[]; nextToken?: string }>('logs', 'FilterLogEvents', input, {
      signal,
    });
    found.push(...(answer.events ?? []).map(({ message = '' }) => message));
    nextToken = answer.nextToken;
    if (!nextToken) break;
  }
  return found.slice(0, EVENTS_MAX);
}
