import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Every figure that `/metrics` shows, made once per process by `createMetrics` and handed to who counts it. */
export interface Metrics {
  readonly registry: Registry;
  readonly requests: Counter<'service' | 'operation' | 'status'>;
  readonly requestSeconds: Histogram<'service'>;
  readonly rejectedRequests: Counter<'code'>;
  readonly eventsAppended: Counter<'category'>;
  readonly eventsLost: Counter<'reason'>;
  readonly appendSeconds: Histogram;
  readonly logEndSequence: Gauge;
  readonly logBytes: Gauge;
  readonly followerLagEvents: Gauge<'follower'>;
  readonly deliveries: Counter<'kind' | 'outcome'>;
  readonly gatewayCalls: Counter<'upstream' | 'outcome'>;
  readonly gatewayOpenCalls: Gauge;
  readonly gatewayUnrecorded: Counter;
  readonly snsMessages: Counter<'protocol' | 'outcome'>;
}

/** Makes the product's metrics in a registry of their own. Names end in their unit, as Prometheus asks. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const name = (n: string) => `opentrail_${n}`;
  return {
    registry,
    requests: new Counter({
      name: name('requests_total'),
      help: 'AWS requests answered',
      labelNames: ['service', 'operation', 'status'],
      registers,
    }),
    requestSeconds: new Histogram({
      name: name('request_seconds'),
      help: 'Time to answer an AWS request',
      labelNames: ['service'],
      registers,
    }),
    rejectedRequests: new Counter({
      name: name('rejected_requests_total'),
      help: 'Requests refused before an operation ran',
      labelNames: ['code'],
      registers,
    }),
    eventsAppended: new Counter({
      name: name('events_appended_total'),
      help: 'Events made durable in the Log',
      labelNames: ['category'],
      registers,
    }),
    eventsLost: new Counter({
      name: name('events_lost_total'),
      help: 'Events dropped because the configured audit mode allows it',
      labelNames: ['reason'],
      registers,
    }),
    appendSeconds: new Histogram({
      name: name('append_seconds'),
      help: 'Time from append to durable',
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
    logEndSequence: new Gauge({
      name: name('log_end_sequence'),
      help: 'Sequence number that the next event will get',
      registers,
    }),
    logBytes: new Gauge({ name: name('log_bytes'), help: 'Bytes that the Log occupies on disk', registers }),
    followerLagEvents: new Gauge({
      name: name('follower_lag_events'),
      help: 'Events in the Log that a follower has not processed',
      labelNames: ['follower'],
      registers,
    }),
    deliveries: new Counter({
      name: name('deliveries_total'),
      help: 'Objects written to trail buckets',
      labelNames: ['kind', 'outcome'],
      registers,
    }),
    gatewayCalls: new Counter({
      name: name('gateway_calls_total'),
      help: 'Calls that came to the capture gateway, by how they ended',
      labelNames: ['upstream', 'outcome'],
      registers,
    }),
    gatewayOpenCalls: new Gauge({
      name: name('gateway_open_calls'),
      help: 'Calls that are on their way through the capture gateway',
      registers,
    }),
    gatewayUnrecorded: new Counter({
      name: name('gateway_unrecorded_total'),
      help: 'Requests that passed and were no AWS calls: health checks, pages of an emulator',
      registers,
    }),
    snsMessages: new Counter({
      name: name('sns_messages_total'),
      help: 'Messages to SNS subscribers that are done with, by how: delivered, dead-letter, lost',
      labelNames: ['protocol', 'outcome'],
      registers,
    }),
  };
}
