import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Analysis, SERIES_MAX, type StoredAnalysis, type SubjectName } from './analysis.ts';
import type { CallValues } from './attributions.ts';
import type { Insight, SeriesName, StoredSeries } from './series.ts';
import { insightsOf } from './testing/reference.ts';
import { MINUTE_MS } from './timeline.ts';

const SUBJECT: SubjectName = { accountId: '123456789012', insightType: 'ApiCallRateInsight' };
const NAME: SeriesName = { ...SUBJECT, region: 'eu-west-1', eventSource: 'iam.amazonaws.com', eventName: 'CreateUser' };
const ERRORS: SeriesName = { ...NAME, insightType: 'ApiErrorRateInsight', errorCode: 'AccessDenied' };
/** In the middle of a day. */
const NOON = Math.floor(Date.UTC(2026, 0, 1, 12) / MINUTE_MS);
const SETTINGS = { minutesMin: 30, latenessMinutes: 3 };

const begin = (minute = NOON, settings = SETTINGS): Analysis => {
  const analysis = new Analysis(settings, minute);
  analysis.observe(SUBJECT);
  analysis.observe({ ...SUBJECT, insightType: 'ApiErrorRateInsight' });
  return analysis;
};

/** Nothing happens until this minute. */
function pass(analysis: Analysis, minute: number): void {
  for (let next = analysis.minute; next <= minute; next++) analysis.advance(next * MINUTE_MS);
}

/** As many calls in this minute, which is the present. */
function call(analysis: Analysis, minute: number, calls: number, name = NAME, values: CallValues = {}): void {
  analysis.advance(minute * MINUTE_MS + 1);
  const timeMs = minute * MINUTE_MS;
  if (!analysis.takes(timeMs, timeMs)) return;
  for (let i = 0; i < calls; i++) analysis.add(name, timeMs + (i % 60) * 1_000, values);
}

/** The same calls in each of so many minutes. @returns the minute after them */
function steady(analysis: Analysis, minute: number, minutes: number, calls: number, name = NAME): number {
  for (let i = 0; i < minutes; i++) call(analysis, minute + i, calls, name, { userAgent: 'steady' });
  return minute + minutes;
}

const tellings = (insights: readonly Insight[]) =>
  insights.map(({ state, start, end, averageCalls }) => [state, start, end, averageCalls]);

/** What a State would hold, which it holds as JSON; the analysis goes on from there. */
class Store {
  timeline: StoredAnalysis['timeline'] | undefined;
  readonly series = new Map<string, StoredSeries>();
  readonly subjects = new Map<string, StoredAnalysis['subjects'][number]>();

  save(analysis: Analysis): void {
    const { timeline, series, subjects } = JSON.parse(JSON.stringify(analysis.changes(), asEntries));
    this.timeline = timeline;
    for (const [id, one] of series) one ? this.series.set(id, one) : this.series.delete(id);
    for (const [id, one] of subjects) one ? this.subjects.set(id, one) : this.subjects.delete(id);
    analysis.stored();
  }

  /** @param minute the present of the first events that are to be counted again */
  restore(minute: number, settings: typeof SETTINGS): Analysis {
    const [series, subjects] = [[...this.series.values()], [...this.subjects.values()]];
    return new Analysis(settings, minute, { timeline: this.timeline!, subjects, series });
  }
}
const asEntries = (_: string, value: unknown) => (value instanceof Map ? [...value] : value);

describe('unusually many calls', () => {
  test('of an API that nobody calls are told when their minute is over, and end with the first of three usual minutes', () => {
    const analysis = begin();
    let minute = NOON + 40;
    pass(analysis, minute);
    call(analysis, minute, 50, NAME, { userIdentityArn: 'eve', userAgent: 'aws-cli', errorCode: 'null' });
    expect(analysis.takeInsights()).toEqual([]);
    analysis.advance((minute + 1) * MINUTE_MS);
    const [start] = analysis.takeInsights();
    expect(start).toMatchObject({
      name: NAME,
      state: 'Start',
      start: minute,
      end: minute + 1,
      averageCalls: 50,
      minutes: 1,
    });
    expect(start!.baseline).toMatchObject({ averageCalls: 0, minutes: 40 });
    expect(start!.values.toJSON()).toEqual([[['eve', 50]], [['aws-cli', 50]], [['null', 50]]]);
    call(analysis, minute + 1, 60);
    minute += 2;
    // The last of three usual minutes is settled three minutes after its end.
    pass(analysis, minute + 5);
    expect(analysis.takeInsights()).toEqual([]);
    analysis.advance((minute + 6) * MINUTE_MS);
    expect(tellings(analysis.takeInsights())).toEqual([['End', minute - 2, minute, 55]]);
  });

  test('are none before there is enough of a baseline, none below ten, and none that come in on two days', () => {
    const early = begin();
    pass(early, NOON + 29);
    call(early, NOON + 29, 1_000);
    early.advance((NOON + 30) * MINUTE_MS);
    expect(early.takeInsights()).toEqual([]);

    const few = begin();
    pass(few, NOON + 60);
    call(few, NOON + 60, 9);
    few.advance((NOON + 61) * MINUTE_MS);
    expect(few.takeInsights()).toEqual([]);

    const daily = begin();
    const told: unknown[] = [];
    for (let day = 0; day < 4; day++) {
      for (let i = 0; i < 1_440; i++) call(daily, NOON + 1_440 * day + i, i === 100 ? 60 - day : 0);
      told.push(daily.takeInsights().length);
    }
    expect(told).toEqual([2, 2, 0, 0]);
  });

  test('that late events show are told, too, and events that are too late or ahead of time do not count', () => {
    const analysis = begin();
    const minute = steady(analysis, NOON, 60, 2);
    const take = (ms: number) => analysis.takes(ms, minute * MINUTE_MS);
    analysis.advance(minute * MINUTE_MS);
    expect([take((minute - 3) * MINUTE_MS - 1), take((minute - 3) * MINUTE_MS)]).toEqual([false, true]);
    expect([take((minute + 1) * MINUTE_MS), take((minute + 1) * MINUTE_MS + 1)]).toEqual([true, false]);
    for (let i = 0; i < 30; i++) analysis.add(NAME, (minute - 3) * MINUTE_MS, {});
    analysis.advance((minute + 1) * MINUTE_MS);
    expect(tellings(analysis.takeInsights())).toEqual([['Start', minute - 3, minute - 2, 32]]);
  });

  test('become usual when they last', () => {
    const analysis = begin();
    const minute = steady(analysis, NOON, 1_000, 5);
    steady(analysis, minute, 300, 100);
    const [start, end] = analysis.takeInsights();
    expect(start).toMatchObject({ state: 'Start', start: minute });
    expect(end).toMatchObject({ state: 'End', averageCalls: 100 });
    expect(end!.end).toBeLessThan(minute + 100);
  });

  test('have what is usual to compare with: values of calls of both', () => {
    const analysis = begin();
    const minute = steady(analysis, NOON, 100, 3);
    for (let i = 0; i < 30; i++) call(analysis, minute, 1, NAME, { userAgent: `agent ${i % 3}` });
    analysis.advance((minute + 1) * MINUTE_MS);
    const [{ values, baseline }] = analysis.takeInsights() as [Insight];
    const agents = [0, 1, 2].map((i) => [`agent ${i}`, 10]);
    expect(values.of('userAgent').top(5)).toEqual(agents);
    expect(baseline.values.of('userAgent').top(5)).toEqual([['steady', 300]]);
    expect(baseline).toMatchObject({ averageCalls: 3, minutes: 100 });
  });
});

describe('unusually few calls', () => {
  test('are told by five minutes, where calls are steady, and end when they are back', () => {
    const analysis = begin();
    let minute = steady(analysis, NOON, 200, 30);
    pass(analysis, minute + 6);
    const [start] = analysis.takeInsights();
    expect(start).toMatchObject({ state: 'Start', start: minute, end: minute + 3, averageCalls: 0, minutes: 3 });
    expect(start!.baseline).toMatchObject({ averageCalls: 30, minutes: 200 });
    const stopped = minute;
    pass(analysis, minute + 20);
    minute = steady(analysis, minute + 20, 10, 30);
    expect(tellings(analysis.takeInsights())).toEqual([['End', stopped, stopped + 20, 0]]);
  });

  test('are not told of errors, of calls that vary, nor of time that nobody observed', () => {
    const errors = begin();
    steady(errors, NOON, 200, 20, ERRORS);
    pass(errors, NOON + 240);
    expect(errors.takeInsights()).toEqual([]);

    const varying = begin();
    for (let i = 0; i < 200; i++) call(varying, NOON + i, i % 20 < 10 ? 20 : 0);
    pass(varying, NOON + 240);
    expect(varying.takeInsights()).toEqual([]);

    const down = begin();
    const minute = steady(down, NOON, 200, 20);
    // For an hour the server was not there.
    steady(down, minute + 60, 30, 20);
    expect(down.takeInsights()).toEqual([]);
    expect(down.changes().timeline).toMatchObject({ runFrom: minute + 60, gaps: [] });
  });
});

describe('time', () => {
  test('that is set back ends what is open, and what lies ahead is forgotten', () => {
    const analysis = begin();
    let minute = steady(analysis, NOON, 60, 1);
    call(analysis, minute, 50);
    analysis.advance((minute + 1) * MINUTE_MS);
    expect(tellings(analysis.takeInsights())).toEqual([['Start', minute, minute + 1, 50]]);
    minute -= 30;
    analysis.advance(minute * MINUTE_MS);
    expect(analysis.takeInsights()).toMatchObject([{ state: 'End', start: minute + 30, end: minute + 31 }]);
    call(analysis, minute + 1, 50);
    analysis.advance((minute + 2) * MINUTE_MS);
    expect(tellings(analysis.takeInsights())).toEqual([['Start', minute + 1, minute + 2, 50]]);
  });

  test('that leaps years ahead and back leaves an analysis that begins anew', () => {
    const analysis = begin();
    const minute = steady(analysis, NOON, 60, 1);
    call(analysis, minute + 400 * 1_440, 5);
    call(analysis, minute + 1, 5);
    const after = steady(analysis, minute + 2, 31, 5);
    call(analysis, after, 100);
    analysis.advance((after + 1) * MINUTE_MS);
    expect(analysis.takeInsights()).toMatchObject([{ state: 'Start', start: after }]);
    expect(analysis.size).toBe(1);
  });
});

describe('memory', () => {
  test('has bounds: the series that had no call for the longest gives way, but none of which an Insight is open', () => {
    const analysis = begin();
    pass(analysis, NOON + 40);
    call(analysis, NOON + 40, 50);
    analysis.advance((NOON + 41) * MINUTE_MS);
    expect(analysis.takeInsights()).toHaveLength(1);
    for (let i = 0; i < SERIES_MAX + 10; i++) call(analysis, NOON + 41, 1, { ...NAME, eventName: `Api${i}` });
    expect(analysis.size).toBe(SERIES_MAX);
    pass(analysis, NOON + 46);
    const stored = [...analysis.changes().series.values()].map((series) => series?.name.eventName);
    expect(stored).toContain(NAME.eventName);
    expect(stored).not.toContain('Api5');
  });

  test('is free of series that had no calls for nine days, and of what nobody wants to know any more', () => {
    const analysis = begin();
    const store = new Store();
    call(analysis, NOON, 1);
    call(analysis, NOON, 1, ERRORS);
    store.save(analysis);
    expect(store.series.size).toBe(0);
    pass(analysis, NOON + 5);
    store.save(analysis);
    expect(store.series.size).toBe(2);
    pass(analysis, NOON + 10 * 1_440);
    expect(analysis.size).toBe(0);
    store.save(analysis);
    expect(store.series.size).toBe(0);

    call(analysis, NOON + 10 * 1_440, 1);
    call(analysis, NOON + 10 * 1_440, 1, ERRORS);
    pass(analysis, NOON + 10 * 1_440 + 5);
    store.save(analysis);
    analysis.keepOnly(({ insightType }) => insightType === 'ApiErrorRateInsight');
    store.save(analysis);
    expect([...store.series.values()].map(({ name }) => name.errorCode)).toEqual(['AccessDenied']);
    expect(store.subjects.size).toBe(1);
  });
});

describe('whatever calls there are', () => {
  const stretch = fc.record({
    minutes: fc.integer({ min: 1, max: 250 }),
    calls: fc.constantFrom(0, 0, 1, 5, 9, 20, 60),
    varying: fc.constantFrom(0, 0, 1, 10),
  });
  const given = fc.record({
    offset: fc.integer({ min: 0, max: 1_440 }),
    latenessMinutes: fc.integer({ min: 1, max: 6 }),
    stretches: fc.array(stretch, { minLength: 2, maxLength: 7, size: 'max' }),
    seed: fc.integer({ min: 1, max: 1_000 }),
  });
  const numbers = ({
    stretches,
    seed,
  }: {
    stretches: { minutes: number; calls: number; varying: number }[];
    seed: number;
  }) => {
    let state = seed;
    const next = () => {
      state = (state * 48_271) % 2_147_483_647;
      return state;
    };
    return stretches.flatMap(({ minutes, calls, varying }) =>
      Array.from({ length: minutes }, () => calls + (varying === 0 ? 0 : next() % varying)),
    );
  };

  test('what is told is what the rule says over the whole, also when it is restored in between from what was stored', () => {
    fc.assert(
      fc.property(given, (run) => {
        const from = NOON + run.offset;
        const settings = { minutesMin: 30, latenessMinutes: run.latenessMinutes };
        const calls = numbers(run);
        let analysis = begin(from, settings);
        const store = new Store();
        const told: Insight[] = [];
        for (const [i, n] of calls.entries()) {
          call(analysis, from + i, n);
          if ((i * 31) % 97 !== 0) continue;
          told.push(...analysis.takeInsights());
          store.save(analysis);
          // What is not settled is counted again.
          const again = Math.max(from, analysis.settled - 1);
          analysis = store.restore(again, settings);
          for (let minute = again; minute <= from + i; minute++) call(analysis, minute, calls[minute - from]!);
          expect(analysis.takeInsights()).toEqual([]);
        }
        analysis.advance((from + calls.length) * MINUTE_MS);
        told.push(...analysis.takeInsights());
        const plain = told.map(({ state, start, end, averageCalls, baseline }) => ({
          state,
          start,
          end,
          average: averageCalls,
          baselineAverage: baseline.averageCalls,
          baselineMinutes: baseline.minutes,
        }));
        expect(plain).toEqual(insightsOf(calls, { ...settings, from }));
      }),
      { numRuns: 40 },
    );
  });
});
