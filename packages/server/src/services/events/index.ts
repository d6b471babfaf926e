import type { Handler, Service } from '../../wire/service.ts';
import { createArchiveHandlers } from './archives.ts';
import { createBusHandlers } from './buses.ts';
import { createApiDestinationHandlers, createConnectionHandlers } from './connections.ts';
import type { EventsDeps } from './deps.ts';
import { invalid, unsupported } from './errors.ts';
import { parseArn } from './model.ts';
import { eventsPermissions } from './permissions.ts';
import { createPutEvents } from './put-events.ts';
import { createReplayHandlers } from './replays.ts';
import { createRuleHandlers } from './rules.ts';
import { createTagHandlers } from './tags.ts';
import { validateInput } from './validate.ts';

/**
 * EventBridge: buses, rules, targets (SNS, SQS, CloudWatch Logs, other buses, API destinations), connections, archives
 * and replays. Follows AWS's API of 2015-10-07 as it was in 2026-04. Left out, and answered with
 * UnsupportedOperationException: partner event sources, global endpoints, KMS keys, logs of buses, private connections.
 */
export function eventsService(deps: EventsDeps): Service {
  const operations: Record<string, Handler> = {
    ...createBusHandlers(deps),
    ...createRuleHandlers(deps),
    ...createTagHandlers(deps),
    ...createPutEvents(deps),
    ...createConnectionHandlers(deps),
    ...createApiDestinationHandlers(deps),
    ...createArchiveHandlers(deps),
    ...createReplayHandlers(deps),
  };
  return {
    schema: deps.schema,
    operations,
    async authorize({ operation, region }, input) {
      if (!Object.hasOwn(operations, operation)) return;
      validateInput(operation, input);
      const buses = [input, ...((input.Entries ?? []) as readonly Record<string, unknown>[])].map(
        (one) => one.EventBusName,
      );
      const elsewhere = buses.find((bus) => typeof bus === 'string' && (parseArn(bus)?.region ?? region) !== region);
      if (elsewhere !== undefined)
        throw invalid(`Event bus ${elsewhere} is not in ${region}, where the call was made.`);
    },
    permissions: eventsPermissions(deps.store),
    notImplemented: (operation) => unsupported(operation),
  };
}
