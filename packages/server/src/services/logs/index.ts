import type { Handler, Service } from '../../wire/service.ts';
import type { LogsDeps } from './deps.ts';
import { unsupported } from './errors.ts';
import type { Following } from './following.ts';
import type { Groups } from './group-store.ts';
import { createGroupHandlers } from './groups.ts';
import type { Ingest } from './ingest.ts';
import { createLiveTail } from './live-tail.ts';
import { createMetricFilterHandlers } from './metric-filters.ts';
import type { Group, Subscription } from './model.ts';
import { logsPermissions } from './permissions.ts';
import { createPutEvents } from './put-events.ts';
import { createReadHandlers } from './read-events.ts';
import { createStreamHandlers } from './streams.ts';
import type { SendToDestination } from './subscription-delivery.ts';
import { createSubscriptionHandlers } from './subscriptions.ts';
import { validateInput } from './validate.ts';

/** What the operations work with besides the deps; `open.ts` makes it. */
export interface LogsParts {
  readonly groups: Groups;
  readonly ingest: Ingest;
  readonly following: Following;
  readonly queryHandlers: Readonly<Record<string, Handler>>;
  readonly send: SendToDestination;
  /** Subscriptions that went, with what was on its way. */
  readonly unsubscribe: (group: Group, gone: readonly Subscription[]) => Promise<void>;
}

/** A batch has 1 MB, which JSON in JSON makes larger by half, and escapes at worst fivefold. */
const BODY_BYTES_MAX = 6 << 20;

/** CloudTrail lists all operations of CloudWatch Logs but this one: a trail that delivers to a group would feed on itself. */
const UNRECORDED: ReadonlySet<string> = new Set(['PutLogEvents']);

/**
 * CloudWatch Logs: groups, streams and their events, metric filters, subscriptions, Live Tail and Logs Insights. Follows
 * AWS's API of 2014-03-28 as it was in 2026-04. Left out, and answered with InvalidOperationException: encryption with
 * KMS keys, export and import tasks, destinations across accounts, data protection, transformers, field indexes, anomaly
 * detection, deliveries, scheduled and saved queries, Insights in SQL and PPL.
 */
export function logsService(deps: LogsDeps, parts: LogsParts): Service {
  const { groups, ingest, following, send, unsubscribe } = parts;
  const operations: Record<string, Handler> = {
    ...createGroupHandlers(deps, groups, async (group) => {
      await following.forget(group);
      await unsubscribe(group, group.subscriptions);
    }),
    ...createStreamHandlers(deps, groups),
    PutLogEvents: createPutEvents(deps, groups, ingest),
    ...createReadHandlers(deps, groups),
    ...createMetricFilterHandlers(deps, groups, (group) => following.update(group)),
    ...createSubscriptionHandlers(deps, groups, send, async (group, gone) => {
      following.update(group);
      await unsubscribe(group, gone);
    }),
    StartLiveTail: createLiveTail(deps, groups),
    ...parts.queryHandlers,
  };
  return {
    schema: deps.schema,
    operations,
    async authorize({ operation }, input) {
      if (Object.hasOwn(operations, operation)) validateInput(operation, input);
    },
    permissions: logsPermissions(deps.state),
    notImplemented: (operation) => unsupported(operation),
    bodyBytesMax: BODY_BYTES_MAX,
    unrecorded: UNRECORDED,
  };
}
