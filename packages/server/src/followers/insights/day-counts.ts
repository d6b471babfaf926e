import { BASELINE_DAYS, type Baseline } from './rule.ts';
import { type Beginning, DAYS_KEPT, dayOf, type Minute, type Timeline } from './timeline.ts';

/** What is kept of a day's minutes. */
interface Day {
  readonly day: number;
  calls: number;
  squares: number;
  /** Most calls in a minute. */
  most: number;
  /** Fewest calls in `FEW_MINUTES`; undefined when no such stretch was observed as a whole. */
  fewest: number | undefined;
}

export type StoredDay = readonly [day: number, calls: number, squares: number, most: number, fewest: number | null];

interface Counted {
  readonly minute: Minute;
  readonly calls: number;
}

/** How a settled minute stands among the others. */
export interface Surroundings {
  /** Calls in the last `FEW_MINUTES` up to it; undefined when they were not all observed. */
  readonly few: number | undefined;
  /** The minute before it ended a stretch of `FEW_MINUTES` that was observed. */
  readonly isPrecededByWhole: boolean;
  /** It belongs to an Insight that began here: that day, and no other, has had so many calls or so few. */
  readonly insightStart: Minute | undefined;
}

/** The settled minutes of a series by days, each day in five numbers. A day that is not there had no calls. */
export class DayCounts {
  /** In order. */
  #days: Day[];

  constructor(stored: readonly StoredDay[] = []) {
    this.#days = stored.map(([day, calls, squares, most, fewest]) => ({
      day,
      calls,
      squares,
      most,
      fewest: fewest ?? undefined,
    }));
  }

  get isEmpty(): boolean {
    return this.#days.length === 0;
  }

  get calls(): number {
    return this.#days.reduce((sum, { calls }) => sum + calls, 0);
  }

  /** Days to come are forgotten, too, when time was set back. */
  keepTo(last: number): void {
    this.#days = this.#days.filter(({ day }) => day <= last);
  }

  /** Drops days that are too long ago. @returns whether there were any */
  dropBefore(minute: Minute): boolean {
    const first = dayOf(minute) - DAYS_KEPT;
    const oldest = this.#days[0];
    if (!oldest || oldest.day >= first) return false;
    this.#days = this.#days.filter(({ day }) => day >= first);
    return true;
  }

  /** A minute is settled. @returns whether anything is different now */
  learn({ minute, calls }: Counted, { few, isPrecededByWhole, insightStart }: Surroundings): boolean {
    const day = dayOf(minute);
    const isQuiet = calls === 0 && (few ?? 0) === 0;
    // Minutes before this one had no calls, or there would be a day for them.
    const isFirst = isPrecededByWhole && dayOf(minute - 1) === day;
    const own = this.#find(day) ?? (isQuiet ? undefined : this.#add(day, isFirst ? 0 : undefined));
    const extreme = (insightStart === undefined ? undefined : this.#find(dayOf(insightStart))) ?? own;
    const fewestBefore = extreme?.fewest;
    if (own) {
      own.calls += calls;
      own.squares += calls * calls;
    }
    if (extreme) {
      extreme.most = Math.max(extreme.most, calls);
      if (few !== undefined) extreme.fewest = Math.min(extreme.fewest ?? few, few);
    }
    return calls > 0 || extreme?.fewest !== fewestBefore;
  }

  /**
   * The baseline of the days before this minute's, and of its own as far as it goes.
   * @param earlier minutes that are not settled and belong to it
   * @param later minutes that are settled and do not
   */
  before(
    minute: Minute,
    timeline: Timeline,
    since: Beginning,
    earlier: readonly Counted[],
    later: readonly Counted[],
  ): Baseline {
    const first = dayOf(minute) - BASELINE_DAYS;
    let calls = 0;
    let squares = 0;
    for (const day of this.#days) {
      if (day.day < first) continue;
      calls += day.calls;
      squares += day.squares;
    }
    for (const { calls: n } of earlier) {
      calls += n;
      squares += n * n;
    }
    for (const { calls: n } of later) {
      calls -= n;
      squares -= n * n;
    }
    const minutes = timeline.observedBefore(minute, since);
    return { minutes, calls, squares, ...this.#usual(first, dayOf(minute), timeline, since) };
  }

  /** What two different days have had at least. */
  #usual(first: number, last: number, timeline: Timeline, since: Beginning) {
    const most: number[] = [];
    const fewest: number[] = [];
    for (let day = first; day <= last; day++) {
      if (timeline.observedOn(day, since) === 0) continue;
      const known = this.#find(day);
      most.push(known?.most ?? 0);
      if (!known) fewest.push(0);
      else if (known.fewest !== undefined) fewest.push(known.fewest);
    }
    most.sort((a, b) => b - a);
    fewest.sort((a, b) => a - b);
    return { usualMost: most[1] ?? 0, usualFewest: fewest[1] ?? Number.POSITIVE_INFINITY };
  }

  #find(day: number): Day | undefined {
    return this.#days.find((other) => other.day === day);
  }

  #add(day: number, fewest: number | undefined): Day {
    const added = { day, calls: 0, squares: 0, most: 0, fewest };
    this.#days.push(added);
    return added;
  }

  toJSON(): readonly StoredDay[] {
    return this.#days.map(({ day, calls, squares, most, fewest }) => [day, calls, squares, most, fewest ?? null]);
  }
}
