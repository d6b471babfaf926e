/** What statistics are made of: `MetricPoint` less its time. */
export interface Figures {
  readonly sum: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly values?: readonly (readonly [value: number, count: number])[];
}

const SIMPLE: Readonly<Record<string, (f: Figures) => number>> = {
  SampleCount: (f) => f.count,
  Average: (f) => f.sum / f.count,
  Sum: (f) => f.sum,
  Minimum: (f) => f.min,
  Maximum: (f) => f.max,
};

export const STATISTICS: readonly string[] = Object.keys(SIMPLE);

/** CloudWatch user guide, "Statistics definitions": percentiles, and what is made of the values between two bounds. */
const PERCENTILE = /^p(\d{1,2}(?:\.\d{1,10})?|100)$/;
const BOUNDED = /^(TM|WM|TC|TS|PR)\(([\d.%-]*):([\d.%-]*)\)$/;
const SHORT = /^(tm|wm|tc|ts)(\d{1,2}(?:\.\d{1,10})?)$/;

export function isStatistic(name: string): boolean {
  return Object.hasOwn(SIMPLE, name) || isExtendedStatistic(name);
}

export function isExtendedStatistic(name: string): boolean {
  return name === 'IQM' || PERCENTILE.test(name) || SHORT.test(name) || BOUNDED.test(name);
}

/** @returns undefined where the values do not allow it: percentiles need to know them one by one */
export function statisticOf(name: string, figures: Figures): number | undefined {
  const simple = SIMPLE[name];
  if (simple) return simple(figures);
  const values = sortedValues(figures);
  if (!values) return undefined;
  const percentile = PERCENTILE.exec(name);
  if (percentile) return percentileOf(values, figures.count, Number(percentile[1]));
  const { kind, low, high } = boundsOf(name, values, figures.count);
  return overBounds(kind, values, figures.count, low, high);
}

type Values = readonly (readonly [number, number])[];

function sortedValues({ values, min, max, count }: Figures): Values | undefined {
  if (values) return [...values].sort(([a], [b]) => a - b);
  return min === max ? [[min, count]] : undefined;
}

/** The least value that so many percent of all are not above. */
function percentileOf(values: Values, count: number, percent: number): number {
  const rank = (percent / 100) * count;
  let seen = 0;
  for (const [value, times] of values) {
    seen += times;
    if (seen >= rank) return value;
  }
  return values.at(-1)![0];
}

function boundsOf(name: string, values: Values, count: number) {
  if (name === 'IQM') return { kind: 'TM', low: at('25%'), high: at('75%') };
  const [, short, percent] = SHORT.exec(name) ?? [];
  if (short !== undefined) return { kind: short.toUpperCase(), low: Number.NEGATIVE_INFINITY, high: at(`${percent}%`) };
  const [, kind = '', low = '', high = ''] = BOUNDED.exec(name) ?? [];
  return {
    kind,
    low: low === '' ? Number.NEGATIVE_INFINITY : at(low),
    high: high === '' ? Number.POSITIVE_INFINITY : at(high),
  };

  function at(bound: string): number {
    return bound.endsWith('%') ? percentileOf(values, count, Number.parseFloat(bound)) : Number(bound);
  }
}

function overBounds(kind: string, values: Values, count: number, low: number, high: number): number | undefined {
  const within = values.filter(([value]) => value >= low && value <= high);
  const taken = kind === 'WM' ? values.map(([v, n]) => [Math.min(Math.max(v, low), high), n] as const) : within;
  const number = taken.reduce((sum, [, times]) => sum + times, 0);
  const sum = taken.reduce((total, [value, times]) => total + value * times, 0);
  if (kind === 'TC') return number;
  if (kind === 'TS') return sum;
  if (kind === 'PR') return (100 * number) / count;
  return number === 0 ? undefined : sum / number;
}
