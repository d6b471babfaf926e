import { type Clock, withoutLeaps } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { MetricStore } from '../../ports/metrics.ts';
import type { State } from '../../ports/state.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import type { Service } from '../../wire/service.ts';
import type { Events, Metrics, Topics } from '../doors.ts';
import { createAlarmStore } from './alarm-store.ts';
import { Engine } from './engine.ts';
import { cloudWatchService } from './index.ts';
import { Outbox } from './outbox.ts';
import { createMetricsDoor } from './put-metric-data.ts';

export interface CloudWatchDeps {
  readonly schema: ServiceSchema;
  readonly state: State;
  readonly store: MetricStore;
  /** Takes what alarms tell. */
  readonly topics: Topics;
  /** Is told of changes of state, as `CloudWatch Alarm State Change`. */
  readonly events?: Events;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface CloudWatch {
  readonly service: Service;
  readonly metrics: Metrics;
  /** Begins to evaluate alarms, and to tell what is still to be told. */
  start(): void;
  /** Evaluates alarms now: for tests, which do not wait for the minute. */
  tick(): Promise<void>;
  close(): Promise<void>;
}

/** How often metrics are looked at that could be moved, joined or deleted. */
const MAINTENANCE_MS = 5 * 60_000;

/** Puts metrics, alarms and what they tell together. */
export function openCloudWatch(deps: CloudWatchDeps): CloudWatch {
  const { state, store, clock, logger } = deps;
  const alarms = createAlarmStore(state);
  const outbox = new Outbox(deps);
  const engine = new Engine({ ...deps, alarms, toEvents: deps.events !== undefined, acted: () => outbox.wake() });
  const stopMaintenance = startMaintenance(store, withoutLeaps(clock), logger);
  return {
    start() {
      engine.start();
      outbox.wake();
    },
    service: cloudWatchService({ ...deps, alarms, engine }),
    metrics: createMetricsDoor(store, (writes) => engine.noted(writes)),
    tick: () => engine.tick(),
    async close() {
      stopMaintenance();
      await engine.close();
      await outbox.close();
    },
  };
}

function startMaintenance(store: MetricStore, clock: Clock, logger: Logger): () => void {
  let cancel: () => void = () => {};
  let stopped = false;
  const next = () => {
    if (stopped) return;
    cancel = clock.after(MAINTENANCE_MS, () => {
      store
        .maintain(clock.now())
        .catch((error) => logger.error({ err: error }, 'metrics could not be moved or joined; tried again soon'))
        .then(next);
    });
  };
  next();
  return () => {
    stopped = true;
    cancel();
  };
}
