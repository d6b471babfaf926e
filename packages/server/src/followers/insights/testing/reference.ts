import {
  BASELINE_DAYS,
  type Baseline,
  FEW_MINUTES,
  isLacking,
  isUnusuallyFew,
  isUnusuallyMany,
  MINUTES_PER_DAY,
  QUIET_MINUTES,
  standsOut,
} from '../rule.ts';
import { dayOf } from '../timeline.ts';

export interface Told {
  readonly state: 'Start' | 'End';
  readonly start: number;
  readonly end: number;
  readonly average: number;
  readonly baselineAverage: number;
  readonly baselineMinutes: number;
}

interface Settings {
  /** The first minute. */
  readonly from: number;
  readonly minutesMin: number;
  readonly latenessMinutes: number;
}

/**
 * What is to be told of calls whose numbers are all known, minute after minute: the rule in `docs/insights.md` in plain
 * words over whole arrays, without anything kept from one minute to the next but what is open.
 * @param calls by minutes, from `from` on; all events in time
 */
export function insightsOf(calls: readonly number[], { from, minutesMin, latenessMinutes }: Settings): Told[] {
  const told: Told[] = [];
  /** Where the Insight began that a settled minute belongs to, or itself. */
  const owners: number[] = [];
  let open: { isMany: boolean; start: number; span: number; average: number; minutes: number } | undefined;
  let lastEnd = from;
  const at = (minute: number) => calls[minute - from] ?? 0;
  const sum = (first: number, end: number) => {
    let total = 0;
    for (let minute = Math.max(first, from); minute < end; minute++) total += at(minute);
    return total;
  };
  const few = (last: number) => (last + 1 - FEW_MINUTES >= from ? sum(last + 1 - FEW_MINUTES, last + 1) : undefined);

  /** Of each day that was observed the most calls in a minute, or the fewest in five, of the minutes that belong to it. */
  const byDays = (first: number, minute: number, settled: number, which: 'most' | 'fewest') => {
    const extremes: number[] = [];
    for (let day = dayOf(first); day <= dayOf(minute); day++) {
      const end = Math.min(settled, (day + 1) * MINUTES_PER_DAY);
      if (Math.max(from, day * MINUTES_PER_DAY) >= end) continue;
      const own = owners.flatMap((owner, i) => (dayOf(owner) === day ? [from + i] : []));
      if (which === 'most') extremes.push(Math.max(0, ...own.map(at)));
      const sums = own.map(few).filter((n) => n !== undefined);
      const isEmpty = sum(day * MINUTES_PER_DAY, end) === 0;
      if (which === 'fewest' && (sums.length > 0 || isEmpty)) extremes.push(sums.length > 0 ? Math.min(...sums) : 0);
    }
    return extremes;
  };

  const baselineBefore = (minute: number, settled: number): Baseline => {
    const first = Math.max(from, (dayOf(minute) - BASELINE_DAYS) * MINUTES_PER_DAY);
    let squares = 0;
    for (let m = first; m < minute; m++) squares += at(m) ** 2;
    return {
      minutes: minute - first,
      calls: sum(first, minute),
      squares,
      get usualMost() {
        return byDays(first, minute, settled, 'most').sort((a, b) => b - a)[1] ?? 0;
      },
      get usualFewest() {
        return byDays(first, minute, settled, 'fewest').sort((a, b) => a - b)[1] ?? Number.POSITIVE_INFINITY;
      },
    };
  };

  const begin = (isMany: boolean, start: number, span: number, settled: number) => {
    const { minutes, calls: n } = baselineBefore(start, settled);
    open = { isMany, start, span, average: n / minutes, minutes };
    const average = sum(start, start + span) / span;
    told.push({
      state: 'Start',
      start,
      end: start + span,
      average,
      baselineAverage: n / minutes,
      baselineMinutes: minutes,
    });
  };

  for (let now = from + 1; now <= from + calls.length; now++) {
    let settled = from + owners.length;
    for (let minute = Math.max(lastEnd, settled); minute < now && !open; minute++) {
      const baseline = baselineBefore(minute, settled);
      if (baseline.minutes >= minutesMin && isUnusuallyMany(at(minute), baseline)) begin(true, minute, 1, settled);
    }
    while (settled < now - latenessMinutes) {
      const minute = settled++;
      const belongs = open !== undefined && open.start <= minute;
      owners.push(belongs ? open!.start : minute);
      if (!open) {
        const start = minute + 1 - FEW_MINUTES;
        if (start < lastEnd) continue;
        const baseline = baselineBefore(start, settled);
        if (baseline.minutes < minutesMin || !isUnusuallyFew(sum(start, minute + 1), baseline)) continue;
        let first = start;
        while (at(first) >= baseline.calls / baseline.minutes / 2) first++;
        begin(false, first, minute + 1 - first, settled);
        continue;
      }
      if (!belongs) continue;
      const isUsual = (m: number) => {
        if (m < open!.start + open!.span) return false;
        const baseline = baselineBefore(m, m);
        if (open!.isMany) return !standsOut(at(m), baseline);
        return at(m) >= baseline.calls / baseline.minutes / 2 || !isLacking(few(m)!, baseline);
      };
      const end = minute + 1 - QUIET_MINUTES;
      const isOver = end > open.start && [0, 1, 2].every((i) => isUsual(end + i));
      if (!isOver) continue;
      const { start, average, minutes } = open;
      told.push({
        state: 'End',
        start,
        end,
        average: sum(start, end) / (end - start),
        baselineAverage: average,
        baselineMinutes: minutes,
      });
      open = undefined;
      lastEnd = end;
    }
  }
  return told;
}
