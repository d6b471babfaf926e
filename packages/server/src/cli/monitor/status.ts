import type { OpenTrailClient } from '../client.ts';
import { type Aws, awsCalls } from './aws.ts';
import { alarmNameOf, CIS_CONTROLS, CIS_NAMESPACE, type Control, filterNameOf, metricNameOf } from './cis.ts';
import { type DescribedAlarm, describedAlarms } from './install.ts';

interface Filter {
  readonly filterName: string;
  readonly filterPattern: string;
}

/**
 * `opentrail monitor status`: of each control whether it is watched, and the state of its alarm.
 * @returns the exit code: 1 when one is not watched
 */
export async function monitorStatus(client: OpenTrailClient, print: (text: string) => void): Promise<number> {
  const aws = awsCalls(client);
  const alarms = await describedAlarms(aws);
  let missing = 0;
  for (const control of CIS_CONTROLS) {
    const alarm = alarms.get(alarmNameOf(control));
    const problem = problemOf(control, await filterOf(aws, control), alarm);
    if (problem !== undefined) missing++;
    const state = problem === undefined ? alarm!.StateValue : 'MISSING';
    print(`${state.padEnd(18)} ${control.name.padEnd(30)} ${problem ?? control.purpose}`);
  }
  if (missing > 0) print(`${missing} of ${CIS_CONTROLS.length} are not in place: opentrail monitor install cis`);
  return missing > 0 ? 1 : 0;
}

async function filterOf(aws: Aws, control: Control): Promise<Filter | undefined> {
  const { metricFilters = [] } = await aws.logs<{ metricFilters?: Filter[] }>('DescribeMetricFilters', {
    metricName: metricNameOf(control),
    metricNamespace: CIS_NAMESPACE,
  });
  return metricFilters.find(({ filterName }) => filterName === filterNameOf(control));
}

function problemOf(
  control: Control,
  filter: Filter | undefined,
  alarm: DescribedAlarm | undefined,
): string | undefined {
  if (!filter) return 'no metric filter';
  if (filter.filterPattern !== control.pattern) return 'its pattern was changed';
  if (!alarm) return 'no alarm';
  return alarm.AlarmActions.length === 0 || !alarm.ActionsEnabled ? 'its alarm tells nobody' : undefined;
}
