import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { MetricStore, MetricWrite } from '../../ports/metrics.ts';
import type { State, StateChange, StateEntry } from '../../ports/state.ts';
import { type Alarm, type AlarmState, type MetricAlarm, metricsOf, periodOf } from './alarm.ts';
import type { AlarmStore } from './alarm-store.ts';
import { compositeStep } from './composite.ts';
import { stateAt } from './evaluator.ts';
import { HISTORY_ITEMS_MAX, HISTORY_MS, type HistoryItem } from './history.ts';
import type { Place } from './query.ts';
import { changesOf, type PendingAction, type Step } from './transition.ts';

export interface EngineDeps {
  readonly state: State;
  readonly store: MetricStore;
  readonly alarms: AlarmStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Whether EventBridge is told of changes of state. */
  readonly toEvents: boolean;
  /** There are actions to take. */
  readonly acted: () => void;
}

/** Alarms of high resolution and suppressions are looked at so often, all others every minute. */
const TICK_MS = 10_000;
const MINUTE = 60;
/** After a stop, the minutes since then are looked at one by one, up to so many. */
const CATCH_UP_MINUTES_MAX = 180;
/** Minutes of one metric that values came late for, which are looked at once more. */
const LATE_MINUTES_MAX = 100;
/** Metrics with such values between two ticks. */
const LATE_METRICS_MAX = 10_000;
/** Passes over composite alarms that name each other: AWS has no deeper ones either. */
const COMPOSITE_PASSES_MAX = 20;
const HISTORY_SWEEP_MS = 3_600_000;

/** The minute up to which alarms have been evaluated, in seconds. */
const EVALUATED = 'cloudwatch/evaluated';

/**
 * Evaluates alarms, every minute on the minute. A change of state is written in one with its history and with what is to
 * be told of it; when that fails, or another change came between, the next evaluation finds the same again. After a stop
 * the minutes in between are made up for, and so are minutes that metric filters report late.
 */
export class Engine {
  readonly #deps: EngineDeps;
  readonly #late = new Map<string, Set<number>>();
  #evaluated: number | undefined;
  #cancelTimer: () => void = () => {};
  #sweptMs = Number.NEGATIVE_INFINITY;
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(deps: EngineDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#schedule();
  }

  /** Resolves when everything up to now has been evaluated. */
  tick(): Promise<void> {
    return this.#inTurn(() => this.#evaluateAll());
  }

  /** Values came that may be older than what alarms look at. */
  noted(writes: readonly MetricWrite[]): void {
    const newest = this.#evaluated ?? 0;
    for (const { series, point } of writes) {
      if (point.second >= newest) continue;
      const key = metricKey(series, series.namespace, series.name);
      const minutes = this.#late.get(key) ?? new Set();
      if (minutes.size >= LATE_MINUTES_MAX || this.#late.size >= LATE_METRICS_MAX) continue;
      this.#late.set(key, minutes.add(point.second - (point.second % MINUTE)));
    }
  }

  /** What SetAlarmState sets, until the next evaluation. */
  setState(place: Place, name: string, to: Pick<AlarmState, 'value' | 'reason' | 'reasonData'>): Promise<void> {
    return this.#inTurn(async () => {
      const { alarms, clock } = this.#deps;
      await alarms.change(async () => {
        const entry = await alarms.need(place, name);
        const nowMs = clock.now();
        const { state } = entry.value;
        const transitionedMs = state.value === to.value ? state.transitionedMs : nowMs;
        return this.#changes(entry, { ...to, updatedMs: nowMs, transitionedMs }, nowMs);
      });
      if ((await alarms.need(place, name)).value.kind === 'metric') await this.#composites();
      this.#deps.acted();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer();
    await this.#turn;
  }

  /** One after the other: what one reads the next must not have changed halfway. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => {});
    return mine;
  }

  #schedule(): void {
    if (this.#closed) return;
    const { clock, logger } = this.#deps;
    const now = clock.now();
    this.#cancelTimer = clock.after(TICK_MS - (((now % TICK_MS) + TICK_MS) % TICK_MS), () => {
      this.tick()
        .catch((error) => logger.error({ err: error }, 'alarms could not be evaluated; tried again soon'))
        .then(() => this.#schedule());
    });
  }

  async #evaluateAll(): Promise<void> {
    const { state, alarms, clock } = this.#deps;
    this.#evaluated ??= (await state.get<number>(EVALUATED))?.value;
    const now = Math.floor(clock.now() / 1000);
    const end = now - (now % MINUTE);
    const entries = await alarms.all();
    const metric = entries.filter((entry) => isMetric(entry));
    // A clock that was set back is followed: what it has now is what values come with.
    const before = this.#evaluated === undefined || this.#evaluated > end ? end - MINUTE : this.#evaluated;
    const from = Math.max(before + MINUTE, end - (CATCH_UP_MINUTES_MAX - 1) * MINUTE);
    for (let minute = from; minute <= end; minute += MINUTE) {
      for (const { key } of metric) await this.#evaluate(key, minute, minute < end);
    }
    for (const { key, value } of metric) if (periodOf(value) < MINUTE) await this.#evaluate(key, shortEnd(now), false);
    if (from <= end || this.#late.size > 0) await this.#evaluateLate(metric, end);
    await this.#composites();
    if (before !== end && metric.length > 0) await state.write([{ put: EVALUATED, value: end }]);
    this.#evaluated = end;
    await this.#sweepHistory();
    this.#deps.acted();
  }

  /** Where values came late, the minutes that they belong to: only for alarms that would have been raised. */
  async #evaluateLate(entries: readonly StateEntry<MetricAlarm>[], end: number): Promise<void> {
    const late = new Map(this.#late);
    this.#late.clear();
    for (const { key, value } of late.size === 0 ? [] : entries) {
      const keys = metricsOf(value).map(({ Namespace, MetricName }) => metricKey(value, Namespace, MetricName));
      const minutes = new Set(keys.flatMap((metric) => [...(late.get(metric) ?? [])]));
      const range = periodOf(value) * value.settings.EvaluationPeriods;
      const passed = [...minutes].filter((minute) => minute < end - range).sort((a, b) => a - b);
      if (passed.length === 0) continue;
      for (const minute of passed) await this.#evaluate(key, minute + Math.max(MINUTE, periodOf(value)), true);
      await this.#evaluate(key, end, false);
    }
  }

  /** @param past only what raises the alarm counts: the rest is over */
  async #evaluate(key: string, end: number, past: boolean): Promise<void> {
    const { state, store, clock, logger } = this.#deps;
    try {
      const entry = await state.get<MetricAlarm>(key);
      if (!entry || (past && entry.value.state.value === 'ALARM')) return;
      const nowMs = clock.now();
      const to = await stateAt(store, entry.value, end, nowMs);
      if (!to || to.value === entry.value.state.value || (past && to.value !== 'ALARM')) return;
      await state.write(await this.#changes(entry, to, nowMs));
    } catch (error) {
      // The next evaluation comes to the same, unless what came between decides otherwise.
      logger.warn({ err: error, alarm: key }, 'an alarm could not be evaluated');
    }
  }

  /** Until nothing changes: composite alarms may name each other. */
  async #composites(): Promise<void> {
    const { alarms, state, clock } = this.#deps;
    for (let pass = 0; pass < COMPOSITE_PASSES_MAX; pass++) {
      let changed = false;
      for (const entry of await alarms.all()) {
        if (entry.value.kind !== 'composite') continue;
        const step = await compositeStep(alarms, entry.value, clock.now());
        if (!step) continue;
        await state.write(await this.#changes(entry, step.to, clock.now(), step));
        changed = true;
      }
      if (!changed) return;
    }
  }

  #changes(
    { value: alarm, version }: StateEntry<Alarm>,
    to: AlarmState,
    nowMs: number,
    step: Step & { readonly children: readonly Alarm[] } = { kind: 'state', children: [] },
  ): Promise<StateChange[]> {
    const { random, state, toEvents } = this.#deps;
    const held = async (key: string) => (await state.get<PendingAction>(key))?.value;
    return changesOf({ alarm, version, to, children: step.children, nowMs, random, toEvents, held }, step);
  }

  /** Lets go of history that is old, or more than an alarm's share. */
  async #sweepHistory(): Promise<void> {
    const { state, clock } = this.#deps;
    if (clock.monotonicMs() - this.#sweptMs < HISTORY_SWEEP_MS) return;
    this.#sweptMs = clock.monotonicMs();
    const seen = new Map<string, number>();
    const gone: StateChange[] = [];
    for (const { key, value } of [...(await state.list<HistoryItem>('cloudwatch/history/'))].reverse()) {
      const alarm = key.slice(0, key.lastIndexOf('/'));
      const newer = seen.get(alarm) ?? 0;
      seen.set(alarm, newer + 1);
      if (newer >= HISTORY_ITEMS_MAX || value.timeMs < clock.now() - HISTORY_MS) gone.push({ delete: key });
    }
    if (gone.length > 0) await state.write(gone);
  }
}

const isMetric = (entry: StateEntry<Alarm>): entry is StateEntry<MetricAlarm> => entry.value.kind === 'metric';

const shortEnd = (now: number) => now - (now % (TICK_MS / 1000));

const metricKey = ({ accountId, region }: Place, namespace: string, name: string) =>
  JSON.stringify([accountId, region, namespace, name]);
