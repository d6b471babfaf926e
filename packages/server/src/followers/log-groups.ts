import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Log, Sequence } from '../ports/log.ts';
import type { State } from '../ports/state.ts';
import { readMembersOf } from '../trails/members.ts';
import {
  LOG_GROUP_PROGRESS,
  LOG_GROUP_RETIRED,
  LOG_GROUP_STATUSES,
  type LogGroupProgress,
  logGroupProgressKey,
  logGroupRetiredKey,
} from '../trails/tellings.ts';
import { hasLogGroup, listTrails, type Trail } from '../trails/trail.ts';
import { Alarm } from './alarm.ts';
import { type LogGroupSink, LogGroupTrail } from './log-group-trail.ts';

export type { LogGroupSink } from './log-group-trail.ts';

export interface LogGroupDeliveryDeps {
  readonly log: Log;
  readonly state: State;
  readonly sink: LogGroupSink;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface LogGroupDelivery {
  /** Trails in State have changed. MUST be called after such a write resolves and before its caller is answered. */
  trailsChanged(): void;
  /** The oldest event that the Log must keep for log groups. */
  lowestCursor(): Sequence;
  /** How many events the slowest log group is behind. */
  lagEvents(): number;
  stop(): Promise<void>;
}

/** After State failed. */
const TROUBLE_PAUSE_MS = 1_000;

/**
 * The follower that brings trails' events to their log groups, each trail's by itself: one whose role is refused holds up
 * nobody else, and none holds up deliveries to buckets.
 */
export function startLogGroupDelivery(deps: LogGroupDeliveryDeps): LogGroupDelivery {
  const { log, state, clock, logger } = deps;
  const alarm = new Alarm(clock);
  const bornAt = log.end;
  const runners = new Map<string, LogGroupTrail>();
  let isStale = true;
  let isLoaded = false;
  let loading: Promise<void> | undefined;

  /** One at a time; who asks while one is under way may have changed what it has read already. */
  async function fresh(): Promise<void> {
    while (isStale && !alarm.ended) {
      loading ??= load().finally(() => {
        loading = undefined;
      });
      await loading;
    }
  }

  async function load(): Promise<void> {
    isStale = false;
    try {
      // A trail moves from the first list to the second, so it is in one of them when read in this order.
      const live = await listTrails(state);
      const retired = await state.list<Trail>(LOG_GROUP_RETIRED);
      const trails = new Map(live.filter(({ value }) => hasLogGroup(value)).map(({ value }) => [value.id, value]));
      const gone = new Set(retired.map(({ value }) => value.id));
      for (const { value } of retired) trails.set(value.id, value);
      const membersOf = await readMembersOf(state, [...trails.values()]);
      for (const [id, trail] of trails) {
        const known = runners.get(id);
        if (known) known.update(trail, gone.has(id), membersOf);
        else {
          const progress = (await state.get<LogGroupProgress>(logGroupProgressKey(id)))?.value;
          runners.set(
            id,
            new LogGroupTrail({ ...deps, bornAt, fresh, done: forgetLater }, trail, gone.has(id), membersOf, progress),
          );
        }
      }
      for (const id of runners.keys()) if (!trails.has(id)) forgetLater({ id });
      if (!isLoaded) await sweep(new Set(trails.keys()));
      isLoaded = true;
    } catch (error) {
      isStale = true;
      throw error;
    }
  }

  /** What is left of trails that are no more, or have no log group any more. */
  async function sweep(known: ReadonlySet<string>): Promise<void> {
    for (const prefix of [LOG_GROUP_PROGRESS, LOG_GROUP_STATUSES]) {
      for (const { key } of await state.list(prefix)) {
        const id = key.slice(prefix.length).split('/')[0]!;
        if (!known.has(id)) await forget(id);
      }
    }
  }

  async function forget(id: string): Promise<void> {
    const statuses = await state.list(`${LOG_GROUP_STATUSES}${id}/`);
    const keys = [logGroupProgressKey(id), logGroupRetiredKey(id), ...statuses.map(({ key }) => key)];
    await state.write(keys.map((key) => ({ delete: key })));
  }

  const forgetting = new Set<Promise<void>>();
  /** Not waited for by the runner, which is to end first. What fails here is done at the next start. */
  function forgetLater({ id }: Pick<Trail, 'id'>): void {
    const runner = runners.get(id);
    if (!runner) return;
    runners.delete(id);
    const work: Promise<void> = runner
      .stop()
      .then(() => forget(id))
      .catch((error) => logger.error({ err: error }, 'cannot forget what a log group has got'))
      .finally(() => forgetting.delete(work));
    forgetting.add(work);
  }

  async function run(): Promise<void> {
    while (!alarm.ended) {
      const { signal } = alarm;
      try {
        await fresh();
        await alarm.until(() => isStale);
      } catch (error) {
        logger.error({ err: error }, 'trails with log groups could not be read; tries again');
        await alarm.pause(TROUBLE_PAUSE_MS, signal);
      }
    }
  }

  const running = run();
  return {
    trailsChanged() {
      isStale = true;
      alarm.wake();
    },
    lowestCursor() {
      if (!isLoaded) return 0;
      return Math.min(log.end, ...[...runners.values()].map(({ lowest = Infinity }) => lowest));
    },
    lagEvents: () => Math.max(0, ...[...runners.values()].map(({ lagEvents }) => lagEvents)),
    async stop() {
      alarm.end();
      await running;
      await Promise.all([...runners.values()].map((runner) => runner.stop()));
      await Promise.all(forgetting);
    },
  };
}
