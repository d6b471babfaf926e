import type { Clock } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { type Random, uuid } from '../../base/random.ts';
import type { MetricStore } from '../../ports/metrics.ts';
import { type State, StateConflict, type StateEntry } from '../../ports/state.ts';
import type { Events, MetricCause, Topics } from '../doors.ts';
import { type Alarm, alarmArn, alarmKey } from './alarm.ts';
import { actionOf, historyChange } from './history.ts';
import { completeMessage } from './message.ts';
import { findSeries } from './query.ts';
import { ACTIONS, type PendingAction } from './transition.ts';

export interface OutboxDeps {
  readonly state: State;
  readonly store: MetricStore;
  readonly topics: Topics;
  readonly events?: Events | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const PAUSE_MS_MIN = 1_000;
const PAUSE_MS_MAX = 60_000;

/** Errors of a topic that stay, however often one tries. */
const FINAL = /^(NotFound|AuthorizationError|InvalidParameter|InvalidParameterValue|KMS\w*|AccessDenied\w*)$/;

/**
 * Hands over what alarms have to tell. A change of state wrote what is to be told with it; here each goes to its receiver,
 * as often as needed, and is forgotten when that has it. After a crash in between a message may be handed over twice,
 * never not at all.
 */
export class Outbox {
  readonly #deps: OutboxDeps;
  /** By key, when to try again (monotonic) and the pause after that. */
  readonly #pauses = new Map<string, { readonly untilMs: number; readonly pauseMs: number }>();
  #cancelTimer: () => void = () => {};
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
  }

  /** Sends what is due. */
  wake(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        await this.#pass();
      } catch (error) {
        this.#deps.logger.error({ err: error }, 'alarm actions could not be taken; tried again soon');
        this.#wakeIn(PAUSE_MS_MIN);
      }
    }
  }

  async #pass(): Promise<void> {
    const { state, clock } = this.#deps;
    const entries = await state.list<PendingAction>(ACTIONS);
    let nextMs = PAUSE_MS_MAX;
    for (const entry of [...entries].sort((a, b) => a.value.stateMs - b.value.stateMs)) {
      if (this.#closed) return;
      // A clock that was set back must not hold anything for longer than it would have been held.
      const dueIn = entry.value.dueMs - clock.now();
      const pause = (this.#pauses.get(entry.key)?.untilMs ?? 0) - clock.monotonicMs();
      const waitMs = Math.max(dueIn, pause);
      if (waitMs > 0) nextMs = Math.min(nextMs, waitMs);
      else nextMs = Math.min(nextMs, (await this.#send(entry)) ?? nextMs);
    }
    if (entries.length > 0) this.#wakeIn(nextMs);
  }

  /** @returns how long to wait for the next try, unless it is done */
  async #send({ key, value, version }: StateEntry<PendingAction>): Promise<number | undefined> {
    const { clock, logger } = this.#deps;
    let failure: string | undefined;
    try {
      await this.#handOver(value);
    } catch (error) {
      if (!(error instanceof AwsError && FINAL.test(error.code))) {
        const pauseMs = Math.min(PAUSE_MS_MAX, (this.#pauses.get(key)?.pauseMs ?? PAUSE_MS_MIN / 2) * 2);
        this.#pauses.set(key, { untilMs: clock.monotonicMs() + pauseMs, pauseMs });
        logger.warn(
          { err: error, alarm: value.alarmName, target: value.target },
          'an alarm could not be told; tried again',
        );
        return pauseMs;
      }
      failure = `${error.code}: ${error.message}`;
      logger.warn({ alarm: value.alarmName, target: value.target, failure }, 'an alarm cannot be told');
    }
    this.#pauses.delete(key);
    await this.#forget(key, value, version, failure);
    return undefined;
  }

  async #handOver(action: PendingAction): Promise<void> {
    const { topics, events } = this.#deps;
    const { accountId, region } = action;
    if (action.event) return events?.put(accountId, region, [action.event]);
    const message = completeMessage(action.message!, await this.#causes(action), action.grouped);
    const sourceArn = alarmArn({ accountId, region, name: action.alarmName });
    const actor = { service: 'cloudwatch.amazonaws.com', sourceArn, sourceAccount: accountId };
    const { subject } = action;
    const fifo = action.target.endsWith('.fifo') && {
      groupId: sourceArn.slice(0, 128),
      deduplicationId: String(action.stateMs),
    };
    await topics.publish(action.target, { message, ...(subject !== undefined && { subject }), ...fifo }, actor);
  }

  async #causes(action: PendingAction): Promise<readonly MetricCause[]> {
    const { store } = this.#deps;
    const found = new Map<string, MetricCause>();
    for (const { metric, start, end } of action.causes ?? []) {
      for (const { id } of findSeries(store, action, metric)) {
        for (const cause of await store.causes(id, start, end)) {
          found.set(cause.eventId ?? `${cause.timestampMs} ${cause.message}`, cause);
        }
      }
    }
    return [...found.values()];
  }

  async #forget(key: string, action: PendingAction, version: number, failure: string | undefined): Promise<void> {
    const { state, clock, random } = this.#deps;
    const alarm = (await state.get<Alarm>(alarmKey(action, action.alarmName)))?.value;
    const item = actionOf(action.target, clock.now(), action.stateMs, failure);
    const history = action.event || !alarm ? [] : [historyChange(alarm, uuid(random), item)];
    try {
      await state.write([{ delete: key, ifVersion: version }, ...history]);
    } catch (error) {
      // More was grouped with it meanwhile: that is sent too.
      if (!(error instanceof StateConflict)) throw error;
    }
  }

  #wakeIn(delayMs: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#deps.clock.after(delayMs, () => this.wake());
  }
}
