import { timeMs } from '../format.ts';

export interface Bucket {
  /** ISO 8601, or seconds since the epoch. */
  readonly StartTime: string | number;
  readonly Count: number;
  readonly ErrorCount: number;
}

export interface HistogramAnswer {
  /** Absent where there are no events. */
  readonly IntervalSeconds?: number;
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

/** More than can be told apart on a wide screen: then several are drawn as one. */
const BARS_MAX = 160;

/** The range that was asked about: it is drawn whole, whatever part of it has events. */
export interface AskedRange {
  readonly startMs?: number;
  readonly endMs?: number;
}

/** The answer over the whole range, with the buckets that hold nothing, which the server leaves out. */
export function histogramData(
  { IntervalSeconds = 0, Buckets }: HistogramAnswer,
  asked: AskedRange = {},
): HistogramData {
  const found = Buckets.map(({ StartTime, ...counts }) => ({ ms: timeMs(StartTime), ...counts }));
  const totals = {
    totalCount: sum(found.map(({ Count }) => Count)),
    totalErrorCount: sum(found.map(({ ErrorCount }) => ErrorCount)),
  };
  const firstMs = Math.min(asked.startMs ?? Number.POSITIVE_INFINITY, ...found.map(({ ms }) => ms));
  const lastMs = Math.max(asked.endMs ?? 0, ...found.map(({ ms }) => ms));
  if (found.length === 0) return { intervalMs: 0, startsMs: [], counts: [], errorCounts: [], ...totals };
  const intervalMs =
    IntervalSeconds * 1_000 * Math.ceil((lastMs - firstMs) / (IntervalSeconds * 1_000) / BARS_MAX || 1);
  const place = (ms: number) => Math.floor(ms / intervalMs) - Math.floor(firstMs / intervalMs);
  const [counts, errorCounts] = [0, 0].map(() => Array.from({ length: place(lastMs) + 1 }, () => 0)) as [
    number[],
    number[],
  ];
  for (const { ms, Count, ErrorCount } of found) {
    counts[place(ms)]! += Count;
    errorCounts[place(ms)]! += ErrorCount;
  }
  const beginMs = Math.floor(firstMs / intervalMs) * intervalMs;
  return { intervalMs, startsMs: counts.map((_, i) => beginMs + i * intervalMs), counts, errorCounts, ...totals };
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
