import { EXTRA_DATAPOINTS, evaluateAlarm, type MissingData, type StateValue } from '../alarms/evaluate.ts';
import { statisticOf } from '../alarms/statistics.ts';
import { OperatorError } from '../base/errors.ts';
import {
  compileExtraction,
  compileFilterPattern,
  filterEvent,
  parseFilterPattern,
} from '../event/filter-pattern/index.ts';
import type { OpenTrailClient } from './client.ts';
import { lineGroups } from './lines.ts';
import { awsCalls } from './monitor/aws.ts';
import { printable } from './printable.ts';

export interface AlarmTestOptions {
  /** Of the records' event times, ms since the epoch. */
  readonly sinceMs: number;
  readonly nowMs: number;
  readonly print: (text: string) => void;
}

interface Alarm {
  readonly AlarmName: string;
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly Dimensions?: readonly object[];
  readonly Statistic?: string;
  readonly ExtendedStatistic?: string;
  readonly Period: number;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm?: number;
  readonly Threshold: number;
  readonly ComparisonOperator: string;
  readonly TreatMissingData?: MissingData;
}

interface Filter {
  readonly filterName: string;
  readonly filterPattern: string;
  readonly metricTransformations: readonly {
    readonly metricName: string;
    readonly metricNamespace: string;
    readonly metricValue: string;
    readonly defaultValue?: number;
    readonly dimensions?: object;
  }[];
}

const MINUTE = 60;
/** A record may arrive before its own time by as much as clocks differ. */
const CLOCK_SKEW_MS = 15 * 60_000;
/** Values of one minute that are kept one by one, for percentiles. */
const VALUES_MAX = 10_000;

interface Minute {
  sum: number;
  count: number;
  min: number;
  max: number;
  readonly values: [number, number][];
}

/**
 * `opentrail alarm test`: reads the records that are there, counts those that the alarm's metric filters match, and says
 * when the alarm would have gone into ALARM. Nothing is changed, and nobody is told.
 * @returns the exit code
 */
export async function testAlarm(client: OpenTrailClient, name: string, options: AlarmTestOptions): Promise<number> {
  const aws = awsCalls(client);
  const { MetricAlarms } = await aws.cloudWatch<{ MetricAlarms: Alarm[] }>('DescribeAlarms', { AlarmNames: [name] });
  const alarm = MetricAlarms[0];
  if (!alarm) throw new OperatorError(`There is no metric alarm ${name} in ${aws.region}.`);
  if (alarm.MetricName === undefined || alarm.Period < MINUTE || (alarm.Dimensions ?? []).length > 0) {
    throw new OperatorError(
      `${name} is of metric math, of dimensions or of less than a minute: only alarms of one plain metric are tested.`,
    );
  }
  const { metricFilters = [] } = await aws.logs<{ metricFilters?: Filter[] }>('DescribeMetricFilters', {
    metricName: alarm.MetricName,
    metricNamespace: alarm.Namespace,
  });
  if (metricFilters.length === 0) {
    throw new OperatorError(
      `No metric filter makes the metric ${alarm.MetricName} of ${alarm.Namespace}: there is nothing to test it with.`,
    );
  }
  const minutes = new Map<number, Minute>();
  let [read, matched] = [0, 0];
  const count = counterOf(metricFilters, alarm, minutes);
  for await (const line of records(client, options.sinceMs)) {
    const timeMs = Date.parse((JSON.parse(line) as { eventTime?: string }).eventTime ?? '');
    if (!(timeMs >= options.sinceMs && timeMs <= options.nowMs)) continue;
    read++;
    if (count(line, timeMs)) matched++;
  }
  const defaults = metricFilters.some(({ metricTransformations: [t] }) => t?.defaultValue !== undefined);
  if (defaults)
    options.print('Default values of its filters are not counted: only minutes with matches have values here.');
  const fired = whenFired(alarm, minutes, options);
  for (const { second, reason } of fired) {
    options.print(`${new Date(second * 1000).toISOString()} ALARM ${printable(reason)}`);
  }
  const times = fired.length === 1 ? 'once' : `${fired.length} times`;
  options.print(`${read} records read, ${matched} counted; ${printable(name)} would have fired ${times}.`);
  return 0;
}

/** The account's own records, by the operation that `tail` reads with. */
async function* records(client: OpenTrailClient, sinceMs: number): AsyncGenerator<string> {
  const since = new Date(sinceMs - CLOCK_SKEW_MS).toISOString();
  const account = /<Account>(\d+)</.exec(await awsCalls(client).sts('GetCallerIdentity'))?.[1];
  const answer = await client.request('GET', '/opentrail/v1/tail', { query: { follow: 'false', since, account } });
  if (answer.status !== 200) throw new OperatorError(await client.problemOf(answer));
  for await (const lines of lineGroups(answer.body)) yield* lines;
}

/** Adds a record to the minutes of its filters' metric. @returns whether any counted it */
function counterOf(filters: readonly Filter[], alarm: Alarm, minutes: Map<number, Minute>) {
  const compiled = filters.flatMap(({ filterPattern, metricTransformations }) => {
    const pattern = parseFilterPattern(filterPattern);
    const matches = compileFilterPattern(pattern);
    return metricTransformations
      .filter((t) => t.metricName === alarm.MetricName && t.metricNamespace === alarm.Namespace)
      .map(({ metricValue }) => {
        const constant = Number(metricValue);
        const extract = Number.isNaN(constant) ? compileExtraction(metricValue, pattern) : () => constant;
        return { matches, extract };
      });
  });
  return (line: string, timeMs: number): boolean => {
    const event = filterEvent(line);
    let counted = false;
    for (const { matches, extract } of compiled) {
      if (!matches(event)) continue;
      const value = Number(extract(event) ?? Number.NaN);
      if (Number.isNaN(value)) continue;
      add(minutes, Math.floor(timeMs / 60_000) * MINUTE, value);
      counted = true;
    }
    return counted;
  };
}

function add(minutes: Map<number, Minute>, second: number, value: number): void {
  const minute = minutes.get(second) ?? { sum: 0, count: 0, min: value, max: value, values: [] };
  minutes.set(second, minute);
  minute.sum += value;
  minute.count++;
  minute.min = Math.min(minute.min, value);
  minute.max = Math.max(minute.max, value);
  if (minute.values.length < VALUES_MAX) minute.values.push([value, 1]);
}

/** Goes through the time minute by minute, as the server does, and keeps to the minutes where something can change. */
function whenFired(alarm: Alarm, minutes: ReadonlyMap<number, Minute>, { sinceMs, nowMs }: AlarmTestOptions) {
  const rule = {
    comparison: alarm.ComparisonOperator,
    threshold: alarm.Threshold,
    evaluationPeriods: alarm.EvaluationPeriods,
    datapointsToAlarm: alarm.DatapointsToAlarm ?? alarm.EvaluationPeriods,
    missingData: alarm.TreatMissingData ?? 'missing',
  };
  const length = alarm.EvaluationPeriods + EXTRA_DATAPOINTS;
  const reach = length * alarm.Period;
  const fired: { readonly second: number; readonly reason: string }[] = [];
  let state: StateValue = 'INSUFFICIENT_DATA';
  let lastSeen = Number.NEGATIVE_INFINITY;
  const first = Math.ceil(sinceMs / 60_000) * MINUTE;
  for (let end = first; end < nowMs / 1000 + MINUTE; end += MINUTE) {
    if (minutes.has(end - MINUTE)) lastSeen = end;
    // Nothing is in reach any more, and what that comes to has been seen.
    if (end - lastSeen > reach + MINUTE && end > first + reach) continue;
    const range = Array.from({ length }, (_, i) => datapoint(alarm, minutes, end - (i + 1) * alarm.Period));
    const result = evaluateAlarm(rule, range, state);
    if (!result || result.state === state) continue;
    if (result.state === 'ALARM') fired.push({ second: end, reason: result.reason });
    state = result.state;
  }
  return fired;
}

function datapoint(alarm: Alarm, minutes: ReadonlyMap<number, Minute>, start: number) {
  let all: Minute | undefined;
  for (let second = start; second < start + alarm.Period; second += MINUTE) {
    const minute = minutes.get(second);
    if (!minute) continue;
    all = all
      ? {
          sum: all.sum + minute.sum,
          count: all.count + minute.count,
          min: Math.min(all.min, minute.min),
          max: Math.max(all.max, minute.max),
          values: [...all.values, ...minute.values],
        }
      : minute;
  }
  const value = all && statisticOf((alarm.Statistic ?? alarm.ExtendedStatistic)!, all);
  return value === undefined ? undefined : { second: start, value };
}
