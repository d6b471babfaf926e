import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Events, LogGroups, Metrics, Queues, Topics } from '../doors.ts';
import { outsideKeys } from '../outside-objects/keys.ts';
import { createOutsideCaller, type OutsideCaller, PROFILE_SETTING } from './caller.ts';
import { outsideEvents } from './events.ts';
import { outsideLogGroups } from './log-groups.ts';
import { outsideMetrics } from './metrics.ts';
import { outsideQueues } from './queues.ts';
import { outsideTopics } from './topics.ts';

/** Where each kind of destination is; what is absent is embedded. */
export interface OutsideDoorsOptions {
  readonly topicsEndpoint?: string | undefined;
  readonly queuesEndpoint?: string | undefined;
  readonly logsEndpoint?: string | undefined;
  readonly metricsEndpoint?: string | undefined;
  readonly eventsEndpoint?: string | undefined;
  /** Whose keys all of them are called with; none: those of the environment. */
  readonly outsideProfile?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface OutsideDoors {
  readonly topics?: Topics;
  readonly queues?: Queues;
  readonly logGroups?: LogGroups;
  readonly metrics?: Metrics;
  readonly events?: Events;
  close(): void;
}

/**
 * The doors to services elsewhere: AWS, an emulator, another OpenTrail. Each resolves when the service there has taken
 * what it was given; who gives keeps it until then and gives it again after a Pushback, so some may arrive twice.
 * @throws OperatorError when an endpoint is none, or there are no keys
 */
export function openOutsideDoors(options: OutsideDoorsOptions): OutsideDoors {
  const { outsideProfile, env, clock, logger } = options;
  const callers: OutsideCaller[] = [];
  const opened = <D>(
    endpoint: string | undefined,
    setting: string,
    name: string,
    service: string,
    door: (caller: OutsideCaller) => D,
  ): D | undefined => {
    if (endpoint === undefined) return undefined;
    const credentials = outsideKeys(outsideProfile, env, { endpoint: setting, profile: PROFILE_SETTING });
    const caller = createOutsideCaller({ endpoint, setting, name, service, credentials, clock });
    callers.push(caller);
    return door(caller);
  };
  const { topicsEndpoint, queuesEndpoint, logsEndpoint, metricsEndpoint, eventsEndpoint } = options;
  const topics = opened(topicsEndpoint, '--topics-endpoint', 'SNS', 'sns', outsideTopics);
  const queues = opened(queuesEndpoint, '--queues-endpoint', 'SQS', 'sqs', outsideQueues);
  const logGroups = opened(logsEndpoint, '--logs-endpoint', 'CloudWatch Logs', 'logs', (c) =>
    outsideLogGroups(c, logger),
  );
  const metrics = opened(metricsEndpoint, '--metrics-endpoint', 'CloudWatch', 'monitoring', (c) =>
    outsideMetrics(c, logger),
  );
  if (metrics) {
    logger.warn('metric filters count for the CloudWatch of metricsEndpoint: alarms of this server see nothing of it');
  }
  const events = opened(eventsEndpoint, '--events-endpoint', 'EventBridge', 'events', outsideEvents);
  return {
    ...(topics && { topics }),
    ...(queues && { queues }),
    ...(logGroups && { logGroups }),
    ...(metrics && { metrics }),
    ...(events && { events }),
    close() {
      for (const caller of callers) caller.close();
    },
  };
}
