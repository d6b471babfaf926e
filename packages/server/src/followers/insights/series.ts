import type { InsightType } from '../../trails/trail.ts';
import { Attributions, type CallValues, type StoredValues } from './attributions.ts';
import { DayCounts, type StoredDay } from './day-counts.ts';
import {
  type Baseline,
  FEW_MEAN_MIN,
  FEW_MINUTES,
  isEnough,
  isLacking,
  isUnusuallyFew,
  isUnusuallyMany,
  meanOf,
  QUIET_MINUTES,
  standsOut,
} from './rule.ts';
import type { Beginning, Minute, Timeline } from './timeline.ts';

/** What is counted: calls of an API, or those of them that end in one error, in an account and Region. */
export interface SeriesName {
  readonly accountId: string;
  readonly region: string;
  readonly insightType: InsightType;
  /** Of data events: the ARN of the trail that logs them. Absent: management events, of whatever trail. */
  readonly source?: string;
  readonly eventSource: string;
  readonly eventName: string;
  /** Of ApiErrorRateInsight. */
  readonly errorCode?: string;
}

/** What all series have in common that have been observed from the same minute on. */
export interface Subject {
  readonly since: Beginning;
}

/** Something to be told: an unusual stretch of minutes that has begun, or is over. */
export interface Insight {
  readonly name: SeriesName;
  readonly state: 'Start' | 'End';
  readonly start: Minute;
  /** The first minute that does not belong to it, as far as that is known. */
  readonly end: Minute;
  readonly averageCalls: number;
  readonly values: Attributions;
  /** Minutes that were observed of it. */
  readonly minutes: number;
  readonly baseline: InsightBaseline;
}

/** As it was when the Insight began. */
export interface InsightBaseline {
  readonly averageCalls: number;
  readonly minutes: number;
  readonly values: Attributions;
}

/** The calls of a minute. */
interface Calls {
  readonly minute: Minute;
  calls: number;
  readonly values: Attributions;
}

interface Open {
  readonly isMany: boolean;
  readonly start: Minute;
  /** So many minutes from its start on are unusual for sure. */
  readonly span: number;
  readonly baseline: InsightBaseline;
  /** Of settled minutes up to the last unusual one. */
  minutes: number;
  calls: number;
  readonly values: Attributions;
  /** Usual minutes since. */
  tail: Calls[];
}

type StoredCalls = readonly [minute: Minute, calls: number, values?: StoredValues];

export interface StoredSeries {
  readonly name: SeriesName;
  readonly days: readonly StoredDay[];
  readonly values: StoredValues;
  readonly recent: readonly StoredCalls[];
  readonly lastEnd: Minute;
  readonly open?: {
    readonly isMany: boolean;
    readonly start: Minute;
    readonly span: number;
    readonly baseline: { readonly averageCalls: number; readonly minutes: number; readonly values: StoredValues };
    readonly minutes: number;
    readonly calls: number;
    readonly values: StoredValues;
    readonly tail: readonly StoredCalls[];
  };
}

/**
 * The calls of one API by minutes, and whether those of late are unusual. Unusually many are told as soon as a minute is
 * over, for late events can but add to it; too few, and the end of either, when minutes are settled. At most one Insight is
 * open at a time. Minutes that are not settled are not stored: the Log has their events.
 */
export class Series {
  readonly name: SeriesName;
  /** What is stored, if anything is, is not what this is now. */
  isChanged = false;
  readonly #subject: Subject;
  readonly #days: DayCounts;
  /** Of settled minutes. */
  readonly #values: Attributions;
  /** Of minutes that are not settled. */
  readonly #pending = new Map<Minute, Calls>();
  /** Of the last `FEW_MINUTES` settled minutes those that had calls. */
  #recent: Calls[];
  #open: Open | undefined;
  /** Minutes before it belong to an Insight that is over. */
  #lastEnd: Minute;

  constructor(name: SeriesName, subject: Subject, stored?: StoredSeries) {
    this.name = name;
    this.#subject = subject;
    this.#days = new DayCounts(stored?.days);
    this.#values = new Attributions(stored?.values);
    this.#recent = (stored?.recent ?? []).map(callsFrom);
    this.#lastEnd = stored?.lastEnd ?? 0;
    if (stored?.open) {
      const { open } = stored;
      const baseline = { ...open.baseline, values: new Attributions(open.baseline.values) };
      this.#open = { ...open, baseline, values: new Attributions(open.values), tail: open.tail.map(callsFrom) };
    }
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Nothing is left that would be missed. */
  get isEmpty(): boolean {
    return !this.#open && this.#pending.size === 0 && this.#days.isEmpty;
  }

  /** Whether there are calls of this minute or later ones. */
  isAwaiting(minute: Minute): boolean {
    for (const pending of this.#pending.keys()) if (pending >= minute) return true;
    return false;
  }

  /** One more call, in a minute that is not settled. */
  add(minute: Minute, values: CallValues): void {
    let calls = this.#pending.get(minute);
    if (!calls) {
      calls = { minute, calls: 0, values: new Attributions() };
      this.#pending.set(minute, calls);
    }
    calls.calls++;
    calls.values.add(values);
  }

  /**
   * Looks at the minutes that are over and not settled. MUST be called after calls were added, before time goes on.
   * @param minutesMin of a baseline
   * @returns the Insight that begins
   */
  judge(timeline: Timeline, minutesMin: number): Insight | undefined {
    if (this.#open) return undefined;
    const over = [...this.#pending.values()].filter(
      ({ minute }) => minute < timeline.minute && minute >= this.#lastEnd,
    );
    for (const { minute, calls } of over.sort((a, b) => a.minute - b.minute)) {
      if (!timeline.isObserved(minute)) continue;
      const baseline = this.#baselineBefore(minute, timeline);
      if (baseline.minutes >= minutesMin && isUnusuallyMany(calls, baseline)) {
        return this.#begin(true, minute, minute + 1, baseline);
      }
    }
    return undefined;
  }

  /** A minute is settled: it goes into the baseline. @returns the Insight that begins or ends with it */
  settle(minute: Minute, timeline: Timeline, minutesMin: number): Insight | undefined {
    const known = this.#pending.get(minute);
    const calls = known ?? { minute, calls: 0, values: NO_VALUES };
    const baseline = this.#open && this.#baselineBefore(minute, timeline);
    if (known || this.#open || this.#recent.length > 0) this.isChanged = true;
    if (this.#recent.length > 0) this.#recent = this.#recent.filter((other) => other.minute > minute - FEW_MINUTES);
    if (known) {
      this.#pending.delete(minute);
      this.#recent.push(known);
    }
    this.#learn(calls, timeline);
    if (this.#open) return this.#follow(calls, this.#open, baseline!);
    return this.#missCalls(minute, timeline, minutesMin);
  }

  /** Forgets what nobody observed. */
  forgetPending(from: Minute, to: Minute): void {
    for (const minute of this.#pending.keys()) {
      if (minute >= from && minute < to) this.#pending.delete(minute);
    }
  }

  /** Time is earlier than it was: what is open ends with what is known of it, and only past days are kept. */
  setBackTo(minute: Minute, today: number): Insight | undefined {
    const end = this.#open && this.#endNow(this.#open);
    this.#days.keepTo(today);
    this.#pending.clear();
    this.#recent = [];
    this.#lastEnd = Math.min(this.#lastEnd, minute);
    this.isChanged = true;
    return end;
  }

  /** Whether calls are missed: fewer than usual up to this minute. */
  #missCalls(minute: Minute, timeline: Timeline, minutesMin: number): Insight | undefined {
    const start = minute + 1 - FEW_MINUTES;
    const isWhole = start >= Math.max(timeline.runFrom, this.#subject.since.minute, this.#lastEnd);
    if (!isWhole || this.name.insightType !== 'ApiCallRateInsight') return undefined;
    if (this.#days.calls <= FEW_MEAN_MIN * minutesMin) return undefined;
    const baseline = this.#baselineBefore(start, timeline);
    if (baseline.minutes < minutesMin || !isUnusuallyFew(sumOf(this.#recent), baseline)) return undefined;
    // The first minutes of these may have been as ever.
    let first = start;
    while (isEnough(this.#recent.find((calls) => calls.minute === first)?.calls ?? 0, baseline)) first++;
    return this.#begin(false, first, minute + 1, first === start ? baseline : this.#baselineBefore(first, timeline));
  }

  #begin(isMany: boolean, start: Minute, end: Minute, baseline: Baseline): Insight {
    const span = end - start;
    const known = isMany ? [this.#pending.get(start)!] : this.#recent.filter((calls) => calls.minute >= start);
    const values = new Attributions();
    for (const calls of known) values.addAll(calls.values);
    this.#open = {
      isMany,
      start,
      span,
      baseline: {
        averageCalls: meanOf(baseline),
        minutes: baseline.minutes,
        values: this.#baselineValues(start, baseline),
      },
      // Of a minute that is not settled the calls are counted when it is.
      minutes: isMany ? 0 : span,
      calls: isMany ? 0 : sumOf(known),
      values: isMany ? new Attributions() : values.copy(),
      tail: [],
    };
    this.isChanged = true;
    return {
      name: this.name,
      state: 'Start',
      start,
      end,
      averageCalls: sumOf(known) / span,
      values,
      minutes: span,
      baseline: this.#open.baseline,
    };
  }

  /** Goes on with what is open. */
  #follow(calls: Calls, open: Open, baseline: Baseline): Insight | undefined {
    const { minute } = calls;
    if (minute < open.start) return undefined;
    const isUsual = open.isMany
      ? !standsOut(calls.calls, baseline)
      : isEnough(calls.calls, baseline) || !isLacking(sumOf(this.#recent), baseline);
    open.tail.push(calls);
    if (isUsual && minute >= open.start + open.span) {
      return open.tail.length < QUIET_MINUTES ? undefined : this.#end(open, open.tail[0]!.minute);
    }
    for (const unusual of open.tail) {
      open.minutes++;
      open.calls += unusual.calls;
      open.values.addAll(unusual.values);
    }
    open.tail = [];
    return undefined;
  }

  #end({ start, span, minutes, calls, values, baseline }: Open, end: Minute): Insight {
    this.#open = undefined;
    this.#lastEnd = end;
    const observed = Math.max(minutes, span);
    return {
      name: this.name,
      state: 'End',
      start,
      end,
      averageCalls: calls / observed,
      values,
      minutes: observed,
      baseline,
    };
  }

  /** Ends it with what is known: at least its first minute. */
  #endNow(open: Open): Insight {
    const first = this.#pending.get(open.start);
    if (open.minutes === 0 && first) {
      open.calls = first.calls;
      open.values.addAll(first.values);
    }
    return this.#end(open, open.start + Math.max(open.span, open.minutes));
  }

  #learn(calls: Calls, { runFrom }: Timeline): void {
    const { minute } = calls;
    const before = this.#days.calls;
    if (this.#days.dropBefore(minute)) {
      // Values are not kept by days: those of days that drop out are taken to have been like the others.
      if (before > 0) this.#values.scale(this.#days.calls / before);
      this.isChanged = true;
    }
    const wholeFrom = Math.max(runFrom, this.#subject.since.minute) + FEW_MINUTES;
    const isChanged = this.#days.learn(calls, {
      few: minute + 1 >= wholeFrom ? sumOf(this.#recent) : undefined,
      isPrecededByWhole: minute >= wholeFrom,
      insightStart: this.#open && this.#open.start <= minute ? this.#open.start : undefined,
    });
    if (isChanged) this.isChanged = true;
    if (calls.calls > 0) this.#values.addAll(calls.values);
  }

  /** Of the minutes before this one, settled or not. */
  #baselineBefore(minute: Minute, timeline: Timeline): Baseline {
    const earlier = [...this.#pending.values()].filter(
      (other) => other.minute < minute && timeline.isObserved(other.minute),
    );
    const later = this.#recent.filter((other) => other.minute >= minute && other.minute < timeline.settled);
    return this.#days.before(minute, timeline, this.#subject.since, earlier, later);
  }

  /** Of as many calls as the baseline has. */
  #baselineValues(start: Minute, { calls }: Baseline): Attributions {
    const values = this.#values.copy();
    let held = this.#days.calls;
    for (const pending of this.#pending.values()) {
      if (pending.minute >= start) continue;
      values.addAll(pending.values);
      held += pending.calls;
    }
    if (held > 0) values.scale(calls / held);
    return values;
  }

  toJSON(): StoredSeries {
    const open = this.#open;
    return {
      name: this.name,
      days: this.#days.toJSON(),
      values: this.#values.toJSON(),
      // Whose calls these were is lost with the process: they are few where that matters.
      recent: this.#recent.map(({ minute, calls }) => [minute, calls]),
      lastEnd: this.#lastEnd,
      ...(open && {
        open: {
          ...open,
          baseline: { ...open.baseline, values: open.baseline.values.toJSON() },
          values: open.values.toJSON(),
          tail: open.tail.map(storedCalls),
        },
      }),
    };
  }
}

/** Of a minute without calls; never added to. */
const NO_VALUES = new Attributions();

const sumOf = (minutes: readonly { readonly calls: number }[]): number =>
  minutes.reduce((sum, { calls }) => sum + calls, 0);

const callsFrom = ([minute, calls, values]: StoredCalls): Calls => ({
  minute,
  calls,
  values: new Attributions(values),
});
const storedCalls = ({ minute, calls, values }: Calls): StoredCalls => [minute, calls, values.toJSON()];
