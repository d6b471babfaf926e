export interface Bucket {
  readonly StartTime: string;
  readonly Count: number;
  readonly ErrorCount: number;
}

export interface HistogramAnswer {
  readonly IntervalSeconds: number;
  readonly Buckets: readonly Bucket[];
}

export interface HistogramData {
  readonly intervalMs: number;
  /** Where each bucket begins, without gaps. */
  readonly startsMs: readonly number[];
  readonly counts: readonly number[];
  readonly errorCounts: readonly number[];
  readonly totalCount: number;
  readonly totalErrorCount: number;
}

/** More than a chart has pixels for; what the server counts into at most. */
const BUCKETS_MAX = 2_000;

/** The answer with the buckets that hold nothing, which the server leaves out. */
export function histogramData({ IntervalSeconds, Buckets }: HistogramAnswer): HistogramData {
  const intervalMs = IntervalSeconds * 1_000;
  const found = new Map(Buckets.map((bucket) => [Date.parse(bucket.StartTime), bucket]));
  const firstMs = Math.min(...found.keys());
  const count = found.size === 0 ? 0 : Math.round((Math.max(...found.keys()) - firstMs) / intervalMs) + 1;
  const startsMs = Array.from({ length: Math.min(count, BUCKETS_MAX) }, (_, i) => firstMs + i * intervalMs);
  return {
    intervalMs,
    startsMs,
    counts: startsMs.map((ms) => found.get(ms)?.Count ?? 0),
    errorCounts: startsMs.map((ms) => found.get(ms)?.ErrorCount ?? 0),
    totalCount: sum(Buckets.map((bucket) => bucket.Count)),
    totalErrorCount: sum(Buckets.map((bucket) => bucket.ErrorCount)),
  };
}

/**
 * The time range that a brush from one moment to another means: whole buckets, so that the count of what is then shown
 * is the sum of the bars that were chosen. Ends are inclusive, in milliseconds.
 */
export function brushedRange({ intervalMs }: HistogramData, fromMs: number, toMs: number) {
  const startMs = Math.floor(fromMs / intervalMs) * intervalMs;
  const endMs = Math.max(Math.ceil(toMs / intervalMs) * intervalMs, startMs + intervalMs) - 1;
  return { type: 'absolute' as const, startMs: Math.max(0, startMs), endMs };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
