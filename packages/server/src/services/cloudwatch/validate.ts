import { isStatistic } from '../../alarms/statistics.ts';
import type { Dimension, MetricName, MetricStat } from './api.ts';
import { cloudWatchError, invalidValue, required } from './errors.ts';

/** The constraints of CloudWatch's model and of its user guide, which the catalogue of schemas does not carry. */
export const UNITS: ReadonlySet<string> = new Set([
  ...['Seconds', 'Microseconds', 'Milliseconds', 'Bytes', 'Kilobytes', 'Megabytes', 'Gigabytes', 'Terabytes'],
  ...['Bits', 'Kilobits', 'Megabits', 'Gigabits', 'Terabits', 'Percent', 'Count', 'Bytes/Second'],
  ...['Kilobytes/Second', 'Megabytes/Second', 'Gigabytes/Second', 'Terabytes/Second', 'Bits/Second'],
  ...['Kilobits/Second', 'Megabits/Second', 'Gigabits/Second', 'Terabits/Second', 'Count/Second', 'None'],
]);

const NAME_CHARS_MAX = 255;
const DIMENSION_VALUE_CHARS_MAX = 1024;
const DIMENSIONS_MAX = 30;
/** Sub-minute periods of metrics of high resolution; all others are whole minutes. A day is the longest of alarms. */
const SHORT_PERIODS = new Set([1, 5, 10, 20, 30]);

const ASCII = /^[\u0020-\u007e]*$/;

export function checkName(value: string | undefined, name: string): string {
  const text = required(value, name);
  if (text.length <= NAME_CHARS_MAX && ASCII.test(text)) return text;
  throw invalidValue(`The value for parameter ${name} must have 1 to ${NAME_CHARS_MAX} printable ASCII characters.`);
}

export function checkNamespace(value: string | undefined): string {
  const namespace = checkName(value, 'Namespace');
  if (namespace.startsWith(':')) throw invalidValue('The value for parameter Namespace must not begin with a colon.');
  return namespace;
}

/** @returns them in order of their names */
export function checkDimensions(dimensions: readonly Dimension[] = [], at = 'Dimensions') {
  if (dimensions.length > DIMENSIONS_MAX) {
    throw invalidValue(`The collection ${at} must not have a size greater than ${DIMENSIONS_MAX}.`);
  }
  const checked = dimensions.map(({ Name, Value }, i) => {
    const name = checkName(Name, `${at}.member.${i + 1}.Name`);
    const value = required(Value, `${at}.member.${i + 1}.Value`);
    if (value.length > DIMENSION_VALUE_CHARS_MAX || !ASCII.test(value) || value.trim() === '' || name.startsWith(':')) {
      throw invalidValue(`The parameter ${at}.member.${i + 1} is not valid.`);
    }
    return { name, value };
  });
  checked.sort((a, b) => (a.name < b.name ? -1 : 1));
  const twice = checked.find(({ name }, i) => checked[i - 1]?.name === name);
  if (twice) throw invalidValue(`No two dimensions may have the same name: ${twice.name}.`);
  return checked;
}

export function checkUnit(unit: string | undefined, at = 'Unit'): string | undefined {
  if (unit === undefined || UNITS.has(unit)) return unit;
  throw invalidValue(`The value for parameter ${at} is not a unit of CloudWatch: ${unit.slice(0, NAME_CHARS_MAX)}.`);
}

export function checkPeriod(period: number | undefined): number {
  const seconds = required(period, 'Period');
  if (Number.isInteger(seconds) && (SHORT_PERIODS.has(seconds) || (seconds > 0 && seconds % 60 === 0))) return seconds;
  throw invalidValue('The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.');
}

export function checkMetric(metric: Partial<MetricName> | undefined) {
  return {
    namespace: checkNamespace(metric?.Namespace),
    name: checkName(metric?.MetricName, 'MetricName'),
    dimensions: checkDimensions(metric?.Dimensions),
  };
}

export function checkStat(stat: string | undefined): string {
  const name = required(stat, 'Stat');
  if (isStatistic(name)) return name;
  throw invalidValue(`The value ${name.slice(0, NAME_CHARS_MAX)} is not a statistic of CloudWatch.`);
}

export function checkMetricStat(stat: MetricStat): MetricStat {
  checkMetric(stat.Metric);
  checkPeriod(stat.Period);
  checkStat(stat.Stat);
  checkUnit(stat.Unit);
  return stat;
}

export function checkRange(start: Date | undefined, end: Date | undefined): { startMs: number; endMs: number } {
  const startMs = required(start, 'StartTime').getTime();
  const endMs = required(end, 'EndTime').getTime();
  if (startMs < endMs) return { startMs, endMs };
  throw cloudWatchError('ValidationException', 'The parameter StartTime must be less than the parameter EndTime.');
}
