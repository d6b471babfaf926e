import { createHash } from 'node:crypto';
import type { CallValues } from './attributions.ts';
import { type Insight, Series, type SeriesName, type StoredSeries } from './series.ts';
import { type Beginning, dayOf, MINUTE_MS, type Minute, type StoredTimeline, Timeline } from './timeline.ts';

export interface AnalysisSettings {
  /** Minutes of baseline before the first Insight. */
  readonly minutesMin: number;
  /** Minutes after its end that a minute still takes events. At least one. */
  readonly latenessMinutes: number;
}

/** Whose calls are looked at, and of which kind: all series of one have been observed from the same minute on. */
export type SubjectName = Pick<SeriesName, 'accountId' | 'insightType' | 'source'>;

export interface StoredSubject {
  readonly name: SubjectName;
  readonly since: Beginning;
}

/** The same, where it may be changed. */
interface ObservedSubject {
  readonly name: SubjectName;
  since: Beginning;
}

/** What is to be stored: of each change the whole. */
export interface AnalysisChanges {
  readonly timeline: StoredTimeline;
  /** By ids of 32 characters, as series are; undefined when it is gone. */
  readonly subjects: ReadonlyMap<string, StoredSubject | undefined>;
  readonly series: ReadonlyMap<string, StoredSeries | undefined>;
}

/** Of what is stored, all of it. */
export interface StoredAnalysis {
  readonly timeline: StoredTimeline;
  readonly subjects: readonly StoredSubject[];
  readonly series: readonly StoredSeries[];
}

/**
 * A hundred APIs and errors each of a hundred accounts and Regions, in some 3 KB each. When there are more, the one that had
 * no call for the longest is forgotten, and would begin again as one that was never called.
 */
export const SERIES_MAX = 10_000;
/** If time goes on by more than this at once, nobody was there to observe it; if it goes back by more, it was set. */
const LEAP_MINUTES = 5;
/** Clocks of those who send events are ahead by no more: an event is of the minute in which it is accepted, the next, or earlier ones. */
const AHEAD_MS_MAX = MINUTE_MS;

/**
 * All that unusual activity is told by: every series, and time. Nothing here reads a clock or writes anything; what it has
 * found waits in `insights`.
 */
export class Analysis {
  readonly #settings: AnalysisSettings;
  readonly #timeline: Timeline;
  readonly #subjects = new Map<string, ObservedSubject>();
  /** In the order of their last calls. */
  readonly #series = new Map<string, Series>();
  /** Had calls since time last went on. */
  readonly #touched = new Set<Series>();
  readonly #changedSubjects = new Map<string, StoredSubject | undefined>();
  /** Of series that are stored, and of those of them that are no more. */
  readonly #storedKeys = new Set<string>();
  readonly #gone = new Set<string>();
  #insights: Insight[] = [];

  /** @param minute the present: of what is stored, that of the first event that is not in it */
  constructor(settings: AnalysisSettings, minute: Minute, stored?: StoredAnalysis) {
    this.#settings = settings;
    this.#timeline = new Timeline(minute, stored?.timeline);
    for (const subject of stored?.subjects ?? []) this.#subjects.set(subjectKey(subject.name), { ...subject });
    for (const one of stored?.series ?? []) {
      const subject = this.#subjects.get(subjectKey(one.name));
      const key = seriesKey(one.name);
      if (!subject) continue;
      this.#series.set(key, new Series(one.name, subject, one));
      this.#storedKeys.add(key);
    }
  }

  /** The present minute. */
  get minute(): Minute {
    return this.#timeline.minute;
  }

  /** Events of minutes before it do not count any more. */
  get settled(): Minute {
    return this.#timeline.settled;
  }

  get hasFound(): boolean {
    return this.#insights.length > 0;
  }

  get size(): number {
    return this.#series.size;
  }

  /** Takes what was found since the last time, oldest first. */
  takeInsights(): readonly Insight[] {
    const insights = this.#insights;
    this.#insights = [];
    return insights;
  }

  /** It is that late. */
  advance(nowMs: number): void {
    const { minute } = this.#timeline;
    const now = Math.floor(nowMs / MINUTE_MS);
    if (now === minute) return;
    if (now < minute - LEAP_MINUTES) {
      this.#setBackTo(now);
      return;
    }
    const { observedTo } = this.#timeline;
    const isLeap = now > observedTo + LEAP_MINUTES;
    const end = isLeap ? observedTo + 1 : now;
    while (this.#timeline.minute < end) this.#goTo(this.#timeline.minute + 1);
    if (!isLeap) return;
    this.#timeline.leapTo(now);
    this.#settle();
  }

  /** Whether an event of this time still counts. */
  takes(timeMs: number, acceptedMs: number): boolean {
    return timeMs >= this.#timeline.settled * MINUTE_MS && timeMs <= acceptedMs + AHEAD_MS_MAX;
  }

  /** A subject is observed, from its first event on, whether or not this is one to count. */
  observe(name: SubjectName): void {
    const key = subjectKey(name);
    if (this.#subjects.has(key)) return;
    const subject = { name, since: this.#timeline.beginning() };
    this.#subjects.set(key, subject);
    this.#changedSubjects.set(key, subject);
  }

  /** A call to count; its subject is observed, and `takes` has said yes. */
  add(name: SeriesName, timeMs: number, values: CallValues): void {
    const key = seriesKey(name);
    const series = this.#series.get(key) ?? this.#newSeries(name);
    if (!series) return;
    if (!this.#touched.has(series)) {
      this.#touched.add(series);
      this.#series.delete(key);
      this.#series.set(key, series);
      this.#gone.delete(key);
    }
    series.add(Math.floor(timeMs / MINUTE_MS), values);
  }

  /** Forgets whatever nobody wants to know any more: nothing is told of it, nor how it ends. */
  keepOnly(isWanted: (subject: SubjectName, region: string | undefined) => boolean): void {
    for (const [key, { name }] of this.#subjects) {
      if (isWanted(name, undefined)) continue;
      this.#subjects.delete(key);
      this.#changedSubjects.set(key, undefined);
    }
    for (const [key, { name }] of this.#series) {
      if (!this.#subjects.has(subjectKey(name)) || !isWanted(name, name.region)) this.#forget(key);
    }
  }

  /** What has changed since the last call that was followed by `stored`. */
  changes(): AnalysisChanges {
    const series = new Map<string, StoredSeries | undefined>();
    for (const key of this.#gone) series.set(idOf(key), undefined);
    for (const [key, one] of this.#series) if (one.isChanged) series.set(idOf(key), one.toJSON());
    const subjects = new Map([...this.#changedSubjects].map(([key, subject]) => [idOf(key), subject]));
    return { timeline: this.#timeline.toJSON(), subjects, series };
  }

  /** All changes are stored. MUST be called before anything else changes. */
  stored(): void {
    this.#changedSubjects.clear();
    for (const key of this.#gone) this.#storedKeys.delete(key);
    this.#gone.clear();
    for (const [key, series] of this.#series) {
      if (!series.isChanged) continue;
      series.isChanged = false;
      this.#storedKeys.add(key);
    }
  }

  #newSeries(name: SeriesName): Series | undefined {
    const subject = this.#subjects.get(subjectKey(name));
    if (!subject || (this.#series.size >= SERIES_MAX && !this.#forgetOldest())) return undefined;
    return new Series(name, subject);
  }

  #forgetOldest(): boolean {
    for (const [key, series] of this.#series) {
      if (series.isOpen) continue;
      this.#forget(key);
      return true;
    }
    return false;
  }

  #forget(key: string): void {
    const series = this.#series.get(key);
    if (series) this.#touched.delete(series);
    this.#series.delete(key);
    if (this.#storedKeys.has(key)) this.#gone.add(key);
  }

  #goTo(minute: Minute): void {
    this.#timeline.minute = minute;
    for (const series of this.#touched) {
      if (!series.isAwaiting(minute)) this.#touched.delete(series);
      this.#found(series, series.judge(this.#timeline, this.#settings.minutesMin));
    }
    this.#settle();
  }

  /** Settles what no event can belong to any more. */
  #settle(): void {
    const { minutesMin, latenessMinutes } = this.#settings;
    while (this.#timeline.settled < this.#timeline.minute - latenessMinutes) {
      const first = this.#timeline.settled;
      const minute = this.#timeline.settleNext();
      for (const [key, series] of this.#series) {
        if (minute === undefined) series.forgetPending(first, this.#timeline.settled);
        else this.#found(series, series.settle(minute, this.#timeline, minutesMin));
        if (series.isEmpty) this.#forget(key);
      }
    }
  }

  #setBackTo(minute: Minute): void {
    this.#timeline.setBackTo(minute);
    for (const series of this.#series.values()) this.#found(series, series.setBackTo(minute, dayOf(minute)));
    this.#touched.clear();
    for (const [key, subject] of this.#subjects) {
      if (subject.since.minute <= minute) continue;
      subject.since = this.#timeline.beginning();
      this.#changedSubjects.set(key, subject);
    }
  }

  #found(series: Series, insight: Insight | undefined): void {
    if (!insight) return;
    this.#insights.push(insight);
    // What has come after it may be the next one.
    if (insight.state === 'End') this.#touched.add(series);
  }
}

const subjectKey = ({ accountId, insightType, source = '' }: SubjectName): string =>
  `${accountId}\n${insightType}\n${source}`;

const seriesKey = (name: SeriesName): string =>
  `${subjectKey(name)}\n${name.region}\n${name.eventSource}\n${name.eventName}\n${name.errorCode ?? ''}`;

const idOf = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 32);
