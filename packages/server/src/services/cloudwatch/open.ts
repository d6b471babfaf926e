import { type Clock, withoutLeaps } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { MetricStore } from '../../ports/metrics.ts';
import type { State } from '../../ports/state.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import type { Service } from '../../wire/service.ts';
import type { Events, Metrics, Topics } from '../doors.ts';
import { createAlarmStore } from './alarm-store.ts';
import { createAlarmChanges } from './change-alarms.ts';
import { createDescribeAlarms } from './describe-alarms.ts';
import { Engine } from './engine.ts';
import { cloudWatchError } from './errors.ts';
import { createGetMetricData } from './get-metric-data.ts';
import { Outbox } from './outbox.ts';
import { cloudWatchPermissions } from './permissions.ts';
import { createPutAlarms } from './put-alarms.ts';
import { createMetricsDoor, createPutMetricData } from './put-metric-data.ts';
import { createMetricReads } from './read-metrics.ts';
import { createTagHandlers } from './tags.ts';

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

/**
 * CloudWatch metrics and alarms, by AWS's API of 2010-08-01 as it was in 2026-04. Left out, and answered as unknown
 * operations: dashboards, anomaly detection, metric streams, Contributor Insights, PromQL and log alarms, mute rules.
 */
export function openCloudWatch(deps: CloudWatchDeps): CloudWatch {
  const { state, store, clock, logger, random } = deps;
  const alarms = createAlarmStore(state);
  const outbox = new Outbox(deps);
  const engine = new Engine({ ...deps, alarms, toEvents: deps.events !== undefined, acted: () => outbox.wake() });
  const noted = (writes: Parameters<Engine['noted']>[0]) => engine.noted(writes);
  const stopMaintenance = startMaintenance(store, withoutLeaps(clock), logger);
  return {
    start() {
      engine.start();
      outbox.wake();
    },
    service: {
      schema: deps.schema,
      operations: {
        PutMetricData: createPutMetricData(store),
        GetMetricData: createGetMetricData(store),
        ...createMetricReads(store),
        ...createPutAlarms({ alarms, random }),
        ...createDescribeAlarms(state, alarms),
        ...createAlarmChanges(alarms, engine, random),
        ...createTagHandlers(alarms),
      },
      permissions: cloudWatchPermissions(alarms),
      notImplemented: (operation) =>
        cloudWatchError('ValidationException', `OpenTrail's CloudWatch does not support ${operation}.`),
    },
    metrics: createMetricsDoor(store, noted),
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
