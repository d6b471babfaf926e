import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { eventFromBytes } from '../event/accept.ts';
import type { NewEvent } from '../event/event.ts';
import type { History } from '../ports/history.ts';
import type { Log, Sequence, StoredEvent } from '../ports/log.ts';
import type { State } from '../ports/state.ts';
import { Alarm, aborted } from './alarm.ts';
import { Analysis, type AnalysisSettings, type StoredAnalysis } from './insights/analysis.ts';
import { callFacts } from './insights/call-facts.ts';
import { insightEvent } from './insights/insight-event.ts';
import { dropInsights, type Mark, readInsights, writeInsights } from './insights/insight-state.ts';
import { type InsightTrails, openInsightTrails } from './insights/insight-trails.ts';
import { MINUTE_MS } from './insights/timeline.ts';

export interface InsightsDeps {
  readonly log: Log;
  readonly history: Pick<History, 'holdsEventIds'>;
  readonly state: State;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: InsightsSettings;
}

export interface InsightsSettings {
  /** Of baseline before the first Insight. */
  readonly insightsWarmUpSeconds: number;
  /** How long after its minute an event still counts. */
  readonly insightsLatenessSeconds: number;
}

export interface InsightsFollower {
  /** Trails in State have changed. MUST be called after such a write resolves. */
  trailsChanged(): void;
  /** Everything before it was counted: the Log must keep the rest. */
  lowestCursor(): Sequence;
  lagEvents(): number;
  stop(): Promise<void>;
}

/** Some hundred events, counted in a few milliseconds, before requests get their turn. */
const READ_BYTES = 256 * 1024;
/** Lets a trickle of events gather. */
const READ_PAUSE_MS = 100;
/**
 * A save takes some 20 ms for a thousand series that had calls, and what came since is counted again after a crash: the
 * events of so many minutes, or so many events, besides those of minutes that are not settled. That takes a second.
 */
const UNSAVED_MINUTES_MAX = 5;
const UNSAVED_EVENTS_MAX = 200_000;
/** After the Log or State failed, or refused for lack of room. */
const TROUBLE_PAUSE_MS = 1_000;
/** Stays far below what the Log takes at once. */
const APPEND_EVENTS_MAX = 500;

/** What it is at while some trail has Insights. */
interface Work {
  readonly analysis: Analysis;
  cursor: Sequence;
  /** Where minutes began, from the last on before which nothing is that still counts. Never empty. */
  marks: readonly Mark[];
  /** How far it was when it was saved, and the mark that was. */
  saved: { readonly cursor: Sequence; readonly minute: number; readonly mark: Mark };
}

/**
 * Finds unusual activity for trails that have Insights, at its own pace; what it finds is appended to the Log as events of
 * their own (`docs/insights.md`). Without such trails it reads nothing. What it has counted goes to State every few minutes,
 * and with what it found before that is appended; after a failure or a crash it counts from there on,
 * so that nothing is told twice, and no Start is left without its End.
 */
export function startInsights({ log, history, state, clock, logger, settings }: InsightsDeps): InsightsFollower {
  const alarm = new Alarm(clock);
  const analysisSettings: AnalysisSettings = {
    minutesMin: Math.ceil(settings.insightsWarmUpSeconds / 60),
    latenessMinutes: Math.ceil(settings.insightsLatenessSeconds / 60),
  };
  let trails: InsightTrails | undefined;
  let isStale = true;
  let work: Work | undefined;
  /** Where it stood when it got into trouble. */
  let stoodAt: Sequence | undefined;
  /** Accounts whose subjects are known to be observed. */
  const observed = new Set<string>();

  async function load(): Promise<void> {
    isStale = false;
    trails = await openInsightTrails(state);
    observed.clear();
    if (trails.isEmpty) {
      work = undefined;
      stoodAt = undefined;
      return dropInsights(state);
    }
    work ??= (await restored()) ?? (await begun());
    work.analysis.keepOnly(trails.wants);
    stoodAt = undefined;
  }

  /** Goes on where an earlier life, or a try that failed, was saved. */
  async function restored(): Promise<Work | undefined> {
    const stored = await readInsights(state);
    if (!stored) return undefined;
    await append(await withoutKnown(stored.found));
    return workFrom(stored.mark, stored.analysis);
  }

  function workFrom(mark: Mark, stored?: StoredAnalysis): Work {
    const { cursor, minute } = mark;
    const analysis = new Analysis(analysisSettings, minute, stored);
    return { analysis, cursor, marks: [mark], saved: { cursor, minute, mark } };
  }

  /** What was accepted before is none of its matters. */
  async function begun(): Promise<Work> {
    await dropInsights(state);
    const fresh = workFrom({ cursor: log.end, minute: Math.floor(clock.now() / MINUTE_MS) });
    await save(fresh);
    return fresh;
  }

  async function readOn(now: Work, watching: InsightTrails, signal: AbortSignal): Promise<void> {
    const batch = await log.read(Math.max(now.cursor, log.start), READ_BYTES);
    // What changed before these events were accepted must be known before they are counted.
    if (isStale || alarm.ended) return;
    const last = batch.at(-1);
    if (!last) {
      now.analysis.advance(clock.now());
      mark(now, now.cursor);
      await saveWhenDue(now);
      return waitForMore(now, signal);
    }
    for (const event of batch) {
      now.analysis.advance(event.acceptedMs);
      mark(now, event.sequence);
      count(now.analysis, watching, event);
    }
    now.cursor = last.sequence + 1;
    await saveWhenDue(now);
    if (now.cursor >= log.end) await alarm.pause(READ_PAUSE_MS);
    else await setImmediate();
  }

  /** Notes where a minute begins. An event is of the minute after the one in which it is accepted, or of an earlier one. */
  function mark(now: Work, cursor: Sequence): void {
    const { minute, settled } = now.analysis;
    const last = now.marks.at(-1)!;
    if (minute === last.minute) return;
    if (minute < last.minute) now.marks = [{ cursor, minute }];
    else {
      const marks = [...now.marks, { cursor, minute }];
      const from = marks.findLastIndex((m) => m.minute < settled);
      now.marks = marks.slice(Math.max(0, from));
    }
  }

  function count(analysis: Analysis, watching: InsightTrails, event: StoredEvent): void {
    const { header, json, acceptedMs } = event;
    const { accountId, region, eventSource, eventName, timeMs } = header;
    if (!observed.has(accountId)) observe(analysis, watching, accountId);
    if (!analysis.takes(timeMs, acceptedMs)) return;
    const concerns = watching.concerned(event);
    if (concerns.length === 0) return;
    const facts = callFacts(json);
    if (!facts) return;
    const { errorCode, values } = facts;
    for (const concern of concerns) {
      const name = { accountId, region, ...concern, eventSource, eventName };
      if (concern.insightType === 'ApiCallRateInsight') analysis.add(name, timeMs, values);
      else if (errorCode !== undefined) analysis.add({ ...name, errorCode }, timeMs, values);
    }
  }

  function observe(analysis: Analysis, watching: InsightTrails, accountId: string): void {
    const subjects = watching.subjectsOf(accountId);
    for (const subject of subjects) analysis.observe(subject);
    if (subjects.length > 0) observed.add(accountId);
  }

  /** Until there are events or a minute is over. */
  async function waitForMore({ cursor }: Work, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const either = AbortSignal.any([signal, done.signal]);
    const minuteLeftMs = MINUTE_MS - (clock.now() % MINUTE_MS);
    await Promise.race([log.waitPast(cursor, either).catch(() => undefined), alarm.pause(minuteLeftMs, either)]);
    done.abort();
  }

  async function saveWhenDue(now: Work): Promise<void> {
    const { analysis, cursor, saved } = now;
    const isOld = analysis.minute >= saved.minute + UNSAVED_MINUTES_MAX || analysis.minute < saved.minute;
    if (isOld || analysis.hasFound || cursor - saved.cursor >= UNSAVED_EVENTS_MAX) await save(now);
  }

  async function save(now: Work): Promise<void> {
    const { analysis, cursor, marks } = now;
    const found = analysis.takeInsights().map(insightEvent);
    await writeInsights(state, marks[0]!, analysis.changes(), found);
    analysis.stored();
    now.saved = { cursor, minute: analysis.minute, mark: marks[0]! };
    await append(found);
    if (found.length > 0) logger.info({ insights: found.length }, 'unusual activity has begun or ended');
  }

  async function append(found: readonly NewEvent[]): Promise<void> {
    for (let at = 0; at < found.length; at += APPEND_EVENTS_MAX) {
      await log.append(found.slice(at, at + APPEND_EVENTS_MAX));
    }
  }

  /** Of what may have been appended by an earlier try, the rest. */
  async function withoutKnown(records: readonly string[]): Promise<NewEvent[]> {
    const fresh: NewEvent[] = [];
    for (const record of records) {
      const made = eventFromBytes(Buffer.from(record), { fallbackAccountId: '' });
      if (!('event' in made)) continue;
      const { accountId, eventId } = made.event.header;
      const [isKnown] = await history.holdsEventIds(accountId, [eventId]);
      if (!isKnown) fresh.push(made.event);
    }
    return fresh;
  }

  async function step(signal: AbortSignal): Promise<void> {
    if (isStale || !trails) return load();
    if (work) return readOn(work, trails, signal);
    await aborted(signal);
  }

  async function run(): Promise<void> {
    while (!alarm.ended) {
      const { signal } = alarm;
      try {
        await step(signal);
      } catch (error) {
        if (alarm.ended) return;
        isStale = true;
        stoodAt = work?.cursor ?? stoodAt;
        work = undefined;
        logger.error({ err: error }, 'the search for unusual activity is in trouble and tries again');
        await alarm.pause(TROUBLE_PAUSE_MS);
      }
    }
    if (work) await save(work).catch(() => undefined); // it only saves work at the next start
  }

  const running = run();
  return {
    trailsChanged() {
      isStale = true;
      alarm.wake();
    },
    lowestCursor: () => (trails === undefined ? 0 : trails.isEmpty ? log.end : (work?.saved.mark.cursor ?? 0)),
    lagEvents: () => log.end - (work?.cursor ?? stoodAt ?? log.end),
    async stop() {
      alarm.end();
      await running;
    },
  };
}
