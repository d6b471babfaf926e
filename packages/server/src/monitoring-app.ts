import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Authorizer } from './access/authorizer.ts';
import type { OrganizationSource } from './access/principal-policies.ts';
import type { Sealer } from './access/sealed-secrets.ts';
import type { Clock } from './base/clock.ts';
import type { Logger } from './base/logger.ts';
import type { Metrics } from './base/metrics.ts';
import type { Random } from './base/random.ts';
import type { Config } from './config.ts';
import { startEventBus } from './followers/event-bus.ts';
import { createHttpSender } from './ports/http-sender/sender.ts';
import type { Log } from './ports/log.ts';
import { openLogGroups } from './ports/log-groups/embedded-log-groups.ts';
import { createSmtpSender } from './ports/mail-sender/smtp.ts';
import { openMailboxes } from './ports/mailboxes/embedded.ts';
import { openMetricStore } from './ports/metrics/store.ts';
import type { ObjectStore } from './ports/object-store.ts';
import type { State } from './ports/state.ts';
import type { Troubles } from './ports/troubles.ts';
import { loadCatalogue } from './schema/catalogue.ts';
import { openCloudWatch } from './services/cloudwatch/open.ts';
import type { Events, LogGroups, Topics } from './services/doors.ts';
import { type EventBridge, openEvents } from './services/events/open.ts';
import type { KmsForServices } from './services/kms/for-services.ts';
import { openLogs } from './services/logs/open.ts';
import { openOutsideDoors } from './services/outside-doors/outside-doors.ts';
import { type Notifications, openNotifications } from './services/s3/notifications.ts';
import { openSns } from './services/sns/open.ts';
import { openSqs } from './services/sqs/open.ts';
import type { Service } from './wire/service.ts';

export interface MonitoringParts {
  readonly config: Config;
  /** The data folder's path. */
  readonly dataDir: string;
  readonly state: State;
  /** Of the embedded S3, whose buckets tell of their objects. */
  readonly store: ObjectStore;
  readonly log: Log;
  readonly authorizer: Authorizer;
  readonly organizations: OrganizationSource;
  readonly sealer: Sealer;
  readonly kms: KmsForServices;
  /** A key for one use alone: 32 bytes. */
  readonly purposeKey: (purpose: string) => Buffer;
  readonly metrics: Metrics;
  readonly troubles: Pick<Troubles, 'watchMailboxes'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Where clients reach this server; known once it listens. */
  readonly endpoint: () => string;
  /** Why the disk has no room for more, or undefined. */
  readonly shortage: () => string | undefined;
  /** Registers what is to be closed, in reverse order. */
  readonly closing: <T>(part: T, close: (part: T) => unknown) => T;
}

/** What tells people: SNS, SQS, CloudWatch Logs, CloudWatch, EventBridge. */
export interface Monitoring {
  readonly services: readonly Service[];
  /** Where trails tell of log files. */
  readonly topics: Topics;
  /** Where trails deliver log events. */
  readonly logGroups: LogGroups;
  /** What buckets tell of. */
  readonly notifications: Notifications;
  /** To be told of changes to trails, before their caller is answered: what they log goes to event buses. */
  trailsChanged(): void;
  /** The oldest event that the Log must keep. */
  lowestCursor(): number;
  /** Events that event buses are behind. */
  lagEvents(): number;
  /** Answers requests for what is no API: certificates. Says whether it was one. */
  answer(req: IncomingMessage, res: ServerResponse): boolean;
  /** Begins with what needs a server that listens: subscribers may call back at once. */
  start(): void;
}

/** Puts the services together that stand around trails; each knows the others only by `services/doors.ts`. */
export async function openMonitoring(parts: MonitoringParts): Promise<Monitoring> {
  const { config, dataDir, state, log, clock, random, logger, shortage, closing } = parts;
  const mailboxes = parts.troubles.watchMailboxes(
    closing(await openMailboxes({ directory: join(dataDir, 'mailboxes'), random, logger, shortage }), (m) => m.close()),
  );
  const http = closing(createHttpSender({ clock }), (h) => h.close());
  const mail =
    config.smtpUrl === undefined
      ? undefined
      : closing(createSmtpSender({ url: config.smtpUrl, from: config.mailFrom }), (m) => m.close());
  const outside = closing(openOutsideDoors({ ...config, env: process.env, clock, logger }), (o) => o.close());
  const sqs = closing(
    await openSqs({
      schema: loadCatalogue().schema('sqs')!,
      state,
      mailboxes,
      key: parts.purposeKey('sqs'),
      kms: parts.kms,
      organizations: parts.organizations,
      clock,
      random,
      logger,
    }),
    (s) => s.close(),
  );
  const queues = outside.queues ?? sqs.queues;
  const sns = closing(
    await openSns({
      schema: loadCatalogue().schema('sns')!,
      state,
      mailboxes,
      http,
      mail,
      queues,
      organizations: parts.organizations,
      sealer: parts.sealer,
      kms: parts.kms,
      rootKey: parts.purposeKey('sns'),
      clock,
      random,
      logger,
      endpoint: parts.endpoint,
      counted: (protocol, outcome) => parts.metrics.snsMessages.inc({ protocol, outcome }),
    }),
    (s) => s.close(),
  );
  const topics = outside.topics ?? sns.topics;
  // Alarms are told once all are open (`start`).
  const events: Events = outside.events ?? { put: (...told) => bridge.events.put(...told) };
  const cloudWatch = closing(
    openCloudWatch({
      schema: loadCatalogue().schema('cloudwatch')!,
      state,
      store: closing(await openMetricStore({ directory: join(dataDir, 'metrics'), logger }), (s) => s.close()),
      topics,
      events,
      clock,
      random,
      logger,
    }),
    (c) => c.close(),
  );
  const logs = closing(
    await openLogs({
      schema: loadCatalogue().schema('cloudwatch-logs')!,
      state,
      store: closing(await openLogGroups({ directory: join(dataDir, 'log-groups'), random, logger, shortage }), (s) =>
        s.close(),
      ),
      mailboxes,
      http,
      queues,
      metrics: outside.metrics ?? cloudWatch.metrics,
      authorizer: parts.authorizer,
      clock,
      random,
      logger,
    }),
    (l) => l.close(),
  );
  const logGroups = outside.logGroups ?? logs.logGroups;

  const bridge: EventBridge = closing(
    await openEvents({
      schema: loadCatalogue().schema('eventbridge')!,
      state,
      mailboxes,
      topics,
      queues,
      logGroups,
      http,
      organizations: parts.organizations,
      sealer: parts.sealer,
      clock,
      random,
      logger,
      logEnd: () => log.end,
    }),
    (e) => e.close(),
  );
  const eventBus = closing(startEventBus({ log, state, sink: bridge.trailEvents, clock, logger }), (f) => f.stop());

  const notifications = closing(
    openNotifications({
      store: parts.store,
      mailboxes,
      topics,
      queues,
      events,
      clock,
      random,
      logger,
    }),
    (n) => n.close(),
  );

  return {
    services: [sqs.service, sns.service, logs.service, cloudWatch.service, bridge.service],
    trailsChanged: eventBus.trailsChanged,
    lowestCursor: eventBus.lowestCursor,
    lagEvents: eventBus.lagEvents,
    topics,
    logGroups,
    notifications,
    answer(req, res) {
      if (req.method !== 'GET' || req.url !== sns.certificate.path) return false;
      res.writeHead(200, { 'content-type': 'application/x-pem-file' }).end(sns.certificate.pem);
      return true;
    },
    start() {
      sns.start();
      cloudWatch.start();
    },
  };
}
