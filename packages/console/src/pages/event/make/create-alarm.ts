import { json } from '../../../api/client.ts';
import { messageOf } from '../../../api/error.ts';
import type { TrailGroup } from './log-groups.ts';

export interface NewAlarm {
  readonly group: TrailGroup;
  readonly pattern: string;
  /** Of the alarm, its metric and its metric filter. */
  readonly name: string;
  readonly threshold: number;
  readonly periodSeconds: number;
  /** ARN of a topic; '' for none. */
  readonly topicArn: string;
  readonly description: string;
}

export const METRIC_NAMESPACE = 'OpenTrail';

interface MetricFilter {
  readonly filterName: string;
  readonly filterPattern?: string;
}

/**
 * A metric filter on the log group, and an alarm on its metric: PutMetricFilter and PutMetricAlarm. Both would replace what has
 * the same name, so that is looked for before.
 * @throws Error when a name is taken, or with what was done and what was not
 */
export async function createAlarm({ group, pattern, name, ...input }: NewAlarm): Promise<void> {
  const { region, groupName: logGroupName } = group;
  const at = { region };
  const [{ MetricAlarms = [], CompositeAlarms = [] }, { metricFilters = [] }] = await Promise.all([
    json<{ MetricAlarms?: object[]; CompositeAlarms?: object[] }>(
      'monitoring',
      'DescribeAlarms',
      { AlarmNames: [name] },
      at,
    ),
    json<{ metricFilters?: MetricFilter[] }>(
      'logs',
      'DescribeMetricFilters',
      { logGroupName, filterNamePrefix: name },
      at,
    ),
  ]);
  if (MetricAlarms.length + CompositeAlarms.length > 0)
    throw new Error(`There is an alarm ${name} already: choose another name.`);
  const known = metricFilters.find(({ filterName }) => filterName === name);
  if (known && known.filterPattern !== pattern) {
    throw new Error(`The log group has another metric filter ${name}: choose another name.`);
  }
  const metric = { metricName: name, metricNamespace: METRIC_NAMESPACE, metricValue: '1', defaultValue: 0 };
  await json(
    'logs',
    'PutMetricFilter',
    { logGroupName, filterName: name, filterPattern: pattern, metricTransformations: [metric] },
    at,
  );
  const alarm = {
    AlarmName: name,
    AlarmDescription: input.description,
    Namespace: METRIC_NAMESPACE,
    MetricName: name,
    Statistic: 'Sum',
    Period: input.periodSeconds,
    EvaluationPeriods: 1,
    Threshold: input.threshold,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    TreatMissingData: 'notBreaching',
    ...(input.topicArn !== '' && { AlarmActions: [input.topicArn] }),
  };
  try {
    await json('monitoring', 'PutMetricAlarm', alarm, at);
  } catch (error) {
    throw new Error(`The metric filter ${name} was created, the alarm was not: ${messageOf(error)}`);
  }
}

interface Tested {
  readonly matches?: readonly object[];
}

/** TestMetricFilter with one event. */
export async function matchesEvent(pattern: string, event: string, region?: string): Promise<boolean> {
  const input = { filterPattern: pattern, logEventMessages: [event] };
  const { matches = [] } = await json<Tested>(
    'logs',
    'TestMetricFilter',
    input,
    region === undefined ? {} : { region },
  );
  return matches.length > 0;
}
