import type { MetricPoint, PointCause } from './metrics.ts';

/** Distinct values that a point keeps: AWS takes 150 with a datum. Past it, values within 1 % of each other are one. */
const VALUES_MAX = 500;
const BUCKET_RATIO = Math.log(1.01);
/** So many of the newest causes of a minute are kept. */
export const CAUSES_PER_MINUTE_MAX = 5;

type Values = readonly (readonly [number, number])[];

/** The values behind a point; undefined where they are not known. */
export function valuesOf({ min, max, count, values }: MetricPoint): Values | undefined {
  return values ?? (min === max ? [[min, count]] : undefined);
}

/** Both points as one, at the time of the first. */
export function mergePoints(a: MetricPoint, b: MetricPoint): MetricPoint {
  const min = Math.min(a.min, b.min);
  const max = Math.max(a.max, b.max);
  const merged = { second: a.second, sum: a.sum + b.sum, count: a.count + b.count, min, max };
  const [left, right] = [valuesOf(a), valuesOf(b)];
  return min === max || !left || !right ? merged : { ...merged, values: mergeValues(left, right) };
}

function mergeValues(left: Values, right: Values): Values {
  const counts = new Map<number, number>(left);
  for (const [value, count] of right) counts.set(value, (counts.get(value) ?? 0) + count);
  return counts.size <= VALUES_MAX ? [...counts] : coarser(counts);
}

function coarser(counts: ReadonlyMap<number, number>): Values {
  const buckets = new Map<number, number>();
  for (const [value, count] of counts) {
    const step = Math.round(Math.log(Math.abs(value)) / BUCKET_RATIO);
    const bucket = value === 0 ? 0 : Math.sign(value) * Math.exp(step * BUCKET_RATIO);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + count);
  }
  return [...buckets];
}

/** Points by second, those of the same stretch of `seconds` as one. */
export function addPoint(points: Map<number, MetricPoint>, point: MetricPoint, seconds = 1): void {
  const second = point.second - (point.second % seconds);
  const known = points.get(second);
  points.set(second, known ? mergePoints(known, point) : { ...point, second });
}

export const inOrder = (points: ReadonlyMap<number, MetricPoint>): MetricPoint[] =>
  [...points.values()].sort((a, b) => a.second - b.second);

/** The newest few of both, in order of time. */
export function mergeCauses(a: readonly PointCause[], b: readonly PointCause[]): readonly PointCause[] {
  return [...a, ...b].sort((x, y) => x.timestampMs - y.timestampMs).slice(-CAUSES_PER_MINUTE_MAX);
}
