import { BASELINE_DAYS, MINUTES_PER_DAY } from './rule.ts';

/** One more than a baseline has: just after midnight minutes of the day before are still judged. */
export const DAYS_KEPT = BASELINE_DAYS + 1;

/** Minutes since the epoch. */
export type Minute = number;

export const MINUTE_MS = 60_000;
export const dayOf = (minute: Minute): number => Math.floor(minute / MINUTES_PER_DAY);

/** Of time that nobody observed: the server was down, or its clock was set forward. */
interface Gap {
  readonly from: Minute;
  readonly to: Minute;
}

export interface StoredTimeline {
  /** The present when this was stored: up to here minutes were observed, though their events may be counted again. */
  readonly observedTo: Minute;
  readonly settled: Minute;
  readonly runFrom: Minute;
  readonly observed: readonly (readonly [number, number])[];
  readonly gaps: readonly Gap[];
}

/** From where on a baseline reaches, in a form that later minutes do not change. */
export interface Beginning {
  readonly minute: Minute;
  /** Observed minutes of its day that lie before it. */
  readonly before: number;
}

/**
 * The Log's time in minutes: by when events were accepted and, when all are read, by the clock. A minute is **over**, then
 * **settled**: no event of it is counted any more. Only minutes that somebody observed are in a baseline: those of a gap are
 * not, or a server that was down would seem to be calls that have stopped.
 */
export class Timeline {
  /** The present; minutes before it are over. */
  minute: Minute;
  /** It was the present once: where it is ahead, events are counted again. */
  #observedTo: Minute;
  /** Minutes before it are settled. */
  settled: Minute;
  /** From here on there is no gap. */
  runFrom: Minute;
  /** Settled minutes that were observed, by day. */
  readonly #observed: Map<number, number>;
  /** Of minutes that are not settled. */
  #gaps: Gap[];

  constructor(minute: Minute, stored?: StoredTimeline) {
    this.minute = minute;
    this.#observedTo = stored?.observedTo ?? minute;
    this.settled = stored?.settled ?? minute;
    this.runFrom = stored?.runFrom ?? minute;
    this.#observed = new Map(stored?.observed);
    this.#gaps = [...(stored?.gaps ?? [])];
  }

  /** The last minute that is known to have been observed, up to now. */
  get observedTo(): Minute {
    return Math.max(this.minute, this.#observedTo);
  }

  /** Goes on to a minute without having observed the present one and those in between. */
  leapTo(minute: Minute): void {
    this.#gaps.push({ from: this.minute, to: minute });
    this.minute = minute;
    this.runFrom = minute;
  }

  /** Time is earlier than it was: what was observed of days to come is forgotten. */
  setBackTo(minute: Minute): void {
    this.minute = minute;
    this.#observedTo = minute;
    this.settled = minute;
    this.runFrom = minute;
    this.#gaps = [];
    for (const day of this.#observed.keys()) if (day > dayOf(minute)) this.#observed.delete(day);
  }

  isObserved(minute: Minute): boolean {
    return !this.#gaps.some(({ from, to }) => from <= minute && minute < to);
  }

  /** Settles the next minute, or passes a gap. @returns the minute, when it was observed */
  settleNext(): Minute | undefined {
    const settling = this.settled;
    const gap = this.#gaps.find(({ from, to }) => from <= settling && settling < to);
    if (gap) {
      this.settled = gap.to;
      this.#gaps = this.#gaps.filter((other) => other !== gap);
      return undefined;
    }
    this.settled++;
    const day = dayOf(settling);
    this.#observed.set(day, (this.#observed.get(day) ?? 0) + 1);
    for (const old of this.#observed.keys()) if (old < day - DAYS_KEPT) this.#observed.delete(old);
    return settling;
  }

  /** Here and now as the beginning of a baseline. */
  beginning(): Beginning {
    const { minute } = this;
    const midnight = dayOf(minute) * MINUTES_PER_DAY;
    const unsettled = this.#unsettledBetween(midnight, minute);
    return { minute, before: (this.#observed.get(dayOf(minute)) ?? 0) + unsettled };
  }

  /** Settled minutes of a day that a baseline has. */
  observedOn(day: number, since: Beginning): number {
    const observed = this.#observed.get(day) ?? 0;
    const first = dayOf(since.minute);
    return day < first ? 0 : day > first ? observed : Math.max(0, observed - since.before);
  }

  /** Minutes that the baseline before this one has, settled or not. MUST have no gap from it to the last settled one. */
  observedBefore(minute: Minute, since: Beginning): number {
    let minutes = this.#unsettledBetween(since.minute, minute);
    const last = dayOf(Math.max(minute, this.settled - 1));
    for (let day = dayOf(minute) - BASELINE_DAYS; day <= last; day++) minutes += this.observedOn(day, since);
    return minutes - Math.max(0, this.settled - Math.max(minute, since.minute));
  }

  #unsettledBetween(from: Minute, to: Minute): number {
    const begin = Math.max(from, this.settled);
    let minutes = Math.max(0, to - begin);
    for (const gap of this.#gaps) minutes -= Math.max(0, Math.min(gap.to, to) - Math.max(gap.from, begin));
    return Math.max(0, minutes);
  }

  toJSON(): StoredTimeline {
    const { observedTo, settled, runFrom } = this;
    return { observedTo, settled, runFrom, observed: [...this.#observed], gaps: this.#gaps };
  }
}
