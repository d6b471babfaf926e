import type { Random } from '../../base/random.ts';
import type { MetricStore } from '../../ports/metrics.ts';
import type { State } from '../../ports/state.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import type { Service } from '../../wire/service.ts';
import type { AlarmStore } from './alarm-store.ts';
import { createAlarmChanges } from './change-alarms.ts';
import { createDescribeAlarms } from './describe-alarms.ts';
import type { Engine } from './engine.ts';
import { invalid } from './errors.ts';
import { createGetMetricData } from './get-metric-data.ts';
import { cloudWatchPermissions } from './permissions.ts';
import { createPutAlarms } from './put-alarms.ts';
import { createPutMetricData } from './put-metric-data.ts';
import { createMetricReads } from './read-metrics.ts';
import { createTagHandlers } from './tags.ts';

export interface CloudWatchServiceDeps {
  readonly schema: ServiceSchema;
  readonly state: State;
  readonly store: MetricStore;
  readonly alarms: AlarmStore;
  readonly engine: Engine;
  readonly random: Random;
}

/**
 * CloudWatch metrics and alarms, by AWS's API of 2010-08-01 as it was in 2026-04. Left out, and answered with
 * ValidationError: dashboards, anomaly detection, metric streams, Contributor Insights, PromQL and log alarms, mute rules.
 */
export function cloudWatchService({ schema, state, store, alarms, engine, random }: CloudWatchServiceDeps): Service {
  return {
    schema,
    operations: {
      PutMetricData: createPutMetricData(store),
      GetMetricData: createGetMetricData(store),
      ...createMetricReads(store),
      ...createPutAlarms(alarms, random),
      ...createDescribeAlarms(state, alarms),
      ...createAlarmChanges(alarms, engine, random),
      ...createTagHandlers(alarms),
    },
    permissions: cloudWatchPermissions(alarms),
    notImplemented: (operation) => invalid(`OpenTrail's CloudWatch does not support ${operation}.`),
  };
}
