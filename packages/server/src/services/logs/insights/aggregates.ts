import { Percentiles, Uniques } from './sketches.ts';
import { compare, isPresent, numberOf, textOf, type Value } from './values.ts';

/** One figure of one group, as rows come. */
export interface Accumulator {
  add(value: Value, timestampMs: number): void;
  result(): Value;
}

type Make = (parameter: number | undefined) => Accumulator;

/** Of numbers alone; what is none does not count. */
const ofNumbers = (add: (value: number) => void, result: () => Value): Accumulator => ({
  add(value) {
    const number = numberOf(value);
    if (number !== undefined) add(number);
  },
  result,
});

function chosen(better: (candidate: Value, best: Value, ms: number, bestMs: number) => boolean): Make {
  return () => {
    let best: Value;
    let bestMs = 0;
    return {
      add(value, ms) {
        if (!isPresent(value) || (best !== undefined && !better(value, best, ms, bestMs))) return;
        best = value;
        bestMs = ms;
      },
      result: () => best,
    };
  };
}

const percentile: Make = (parameter = 50) => {
  const values = new Percentiles();
  return ofNumbers(
    (value) => values.add(value),
    () => values.at(parameter / 100),
  );
};

/** By name in lower case (user guide, "stats": aggregation and non-aggregation functions). */
export const AGGREGATES: Readonly<Record<string, Make>> = {
  /** Of `*` every row counts: it is given `true`. */
  count: () => {
    let count = 0;
    return {
      add(value) {
        if (isPresent(value)) count++;
      },
      result: () => count,
    };
  },
  count_distinct: () => {
    const uniques = new Uniques();
    return {
      add(value) {
        if (isPresent(value)) uniques.add(textOf(value));
      },
      result: () => uniques.count(),
    };
  },
  sum: () => {
    let sum = 0;
    return ofNumbers(
      (value) => {
        sum += value;
      },
      () => sum,
    );
  },
  avg: () => {
    let [sum, count] = [0, 0];
    return ofNumbers(
      (value) => {
        sum += value;
        count++;
      },
      () => (count === 0 ? undefined : sum / count),
    );
  },
  /** Welford's, which does not lose small differences of large numbers. */
  stddev: () => {
    let [count, mean, squares] = [0, 0, 0];
    return ofNumbers(
      (value) => {
        count++;
        const delta = value - mean;
        mean += delta / count;
        squares += delta * (value - mean);
      },
      () => (count === 0 ? undefined : Math.sqrt(squares / count)),
    );
  },
  min: chosen((value, best) => compare(value, best) < 0),
  max: chosen((value, best) => compare(value, best) > 0),
  earliest: chosen((_value, _best, ms, bestMs) => ms < bestMs),
  latest: chosen((_value, _best, ms, bestMs) => ms > bestMs),
  sortsfirst: chosen((value, best) => compare(value, best) < 0),
  sortslast: chosen((value, best) => compare(value, best) > 0),
  pct: percentile,
  percentile,
  median: () => percentile(50),
};
