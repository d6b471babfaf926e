import { statisticOf } from '../../alarms/statistics.ts';
import { mergePoints } from '../../ports/metric-points.ts';
import type { KnownSeries, MetricPoint, MetricStore } from '../../ports/metrics.ts';
import type { MetricName, MetricStat } from './api.ts';

export interface Place {
  readonly accountId: string;
  readonly region: string;
}

/** The series of one metric: by exactly these dimensions, of all units or of one. */
export function findSeries(store: MetricStore, place: Place, metric: MetricName, unit?: string): KnownSeries[] {
  const dimensions = (metric.Dimensions ?? []).map(({ Name: name, Value: value }) => ({ name, value }));
  dimensions.sort((a, b) => (a.name < b.name ? -1 : 1));
  return store
    .series(place.accountId, place.region, { namespace: metric.Namespace, name: metric.MetricName, dimensions })
    .filter((series) => unit === undefined || series.unit === unit);
}

/** Points by the periods that they fall into, from `start` on. */
export function byPeriod(points: readonly MetricPoint[], start: number, period: number): Map<number, MetricPoint> {
  const periods = new Map<number, MetricPoint>();
  for (const point of points) {
    const second = start + Math.floor((point.second - start) / period) * period;
    const known = periods.get(second);
    periods.set(second, known ? mergePoints(known, point) : { ...point, second });
  }
  return periods;
}

/** Values of a statistic by where their periods begin. @param end not included; seconds */
export async function readStat(
  store: MetricStore,
  place: Place,
  { Metric, Period, Stat, Unit }: MetricStat,
  start: number,
  end: number,
): Promise<Map<number, { readonly value: number; readonly count: number }>> {
  const series = findSeries(store, place, Metric, Unit);
  const points = await Promise.all(series.map(({ id }) => store.read(id, start, end)));
  const values = new Map<number, { value: number; count: number }>();
  const periods = byPeriod(points.flat(), start, Period);
  for (const second of [...periods.keys()].sort((a, b) => a - b)) {
    const figures = periods.get(second)!;
    const value = statisticOf(Stat, figures);
    if (value !== undefined) values.set(second, { value, count: figures.count });
  }
  return values;
}
