/**
 * What is unusual. AWS does not say how it decides (spec: open-questions #14), so this is OpenTrail's own rule; the
 * reasons stand in `docs/insights.md`.
 */

/** Fewer calls in a minute, or errors, are no matter, however seldom they are. */
export const CALLS_MIN = 10;
/**
 * How many times the spread the calls must be away from the mean. Counts that vary as independent calls do (Poisson) get
 * there about once in ten million minutes; of no distribution more than one minute in 37 does (Cantelli).
 */
export const SPREADS = 6;
/** Calls that have stopped are missed by their sum over so many minutes: a single minute may have none by chance. */
export const FEW_MINUTES = 5;
/** Of fewer calls a minute, however steady, none may come in that time by chance. */
export const FEW_MEAN_MIN = SPREADS ** 2 / FEW_MINUTES;
/** An Insight ends with the first of so many usual minutes. */
export const QUIET_MINUTES = 3;
/** Whole days before today that make the baseline, with what there is of today: 10,080 to 11,520 minutes. */
export const BASELINE_DAYS = 7;
export const MINUTES_PER_DAY = 1_440;

/** How calls came by minutes. */
export interface Baseline {
  /** How many were observed; all others are zero. */
  readonly minutes: number;
  readonly calls: number;
  /** Sum over the minutes of the squares of their calls. */
  readonly squares: number;
  /** The most calls in a minute that two different days have had. */
  readonly usualMost: number;
  /** The fewest in `FEW_MINUTES` that two different days have had. */
  readonly usualFewest: number;
}

export const meanOf = ({ calls, minutes }: Pick<Baseline, 'calls' | 'minutes'>): number =>
  minutes === 0 ? 0 : calls / minutes;

/** At least that of independent calls, which alone would be left of few minutes that happen to be equal. */
function spreadOf(baseline: Baseline): number {
  const mean = meanOf(baseline);
  const variance = baseline.minutes === 0 ? 0 : baseline.squares / baseline.minutes - mean * mean;
  return Math.sqrt(Math.max(mean, variance));
}

/** Whether a minute stands out of the mean. */
export const standsOut = (calls: number, baseline: Baseline): boolean =>
  calls >= CALLS_MIN && calls > meanOf(baseline) + SPREADS * spreadOf(baseline);

/** Whether a minute has unusually many calls: it stands out, and no two days have had as many. */
export const isUnusuallyMany = (calls: number, baseline: Baseline): boolean =>
  standsOut(calls, baseline) && calls > baseline.usualMost;

/** Whether this sum over `FEW_MINUTES` stands out by how little it is. */
export const isLacking = (calls: number, baseline: Baseline): boolean =>
  calls < FEW_MINUTES * meanOf(baseline) - SPREADS * Math.sqrt(FEW_MINUTES) * spreadOf(baseline);

/** Whether a minute has no fewer calls than it may. */
export const isEnough = (calls: number, baseline: Baseline): boolean => calls >= meanOf(baseline) / 2;

/** Whether `FEW_MINUTES` have unusually few calls. */
export const isUnusuallyFew = (calls: number, baseline: Baseline): boolean =>
  isLacking(calls, baseline) && calls < baseline.usualFewest;
