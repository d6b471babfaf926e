import type { OpenTrailClient } from '../client.ts';
import { awsCalls, isError } from './aws.ts';
import { alarmNameOf, CIS_CONTROLS, filterNameOf } from './cis.ts';
import { describedAlarms } from './install.ts';

interface Filter {
  readonly filterName: string;
  readonly filterPattern: string;
  readonly logGroupName: string;
}

/**
 * `opentrail monitor status`: of each control its filter, its alarm and how that is.
 * @returns the exit code: 1 when a filter or an alarm is missing
 */
export async function monitorStatus(client: OpenTrailClient, print: (text: string) => void): Promise<number> {
  const aws = awsCalls(client);
  const alarms = await describedAlarms(aws);
  const filters = new Map<string, Filter>();
  try {
    const { metricFilters = [] } = await aws.logs<{ metricFilters?: Filter[] }>('DescribeMetricFilters', {});
    for (const filter of metricFilters) filters.set(filter.filterName, filter);
    for (const control of CIS_CONTROLS) {
      if (filters.has(filterNameOf(control))) continue;
      const more = await aws.logs<{ metricFilters?: Filter[] }>('DescribeMetricFilters', {
        metricName: control.name,
        metricNamespace: 'CISBenchmark',
      });
      for (const filter of more.metricFilters ?? []) filters.set(filter.filterName, filter);
    }
  } catch (error) {
    if (!isError(error, 'ResourceNotFoundException')) throw error;
  }
  let missing = 0;
  for (const control of CIS_CONTROLS) {
    const filter = filters.get(filterNameOf(control));
    const alarm = alarms.get(alarmNameOf(control));
    const problem = !filter
      ? 'no metric filter'
      : filter.filterPattern !== control.pattern
        ? 'its pattern was changed'
        : !alarm
          ? 'no alarm'
          : alarm.AlarmActions.length === 0 || !alarm.ActionsEnabled
            ? 'its alarm tells nobody'
            : undefined;
    if (problem !== undefined) missing++;
    print(
      `${(problem ? 'MISSING' : alarm!.StateValue).padEnd(18)} ${control.name.padEnd(30)} ${problem ?? control.purpose}`,
    );
  }
  if (missing > 0) print(`${missing} of ${CIS_CONTROLS.length} are not in place: opentrail monitor install cis`);
  return missing > 0 ? 1 : 0;
}
