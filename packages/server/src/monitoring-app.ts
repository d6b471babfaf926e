import { join } from 'node:path';
import type { Authorizer } from './access/authorizer.ts';
import type { OrganizationSource } from './access/principal-policies.ts';
import type { Clock } from './base/clock.ts';
import type { Logger } from './base/logger.ts';
import type { Random } from './base/random.ts';
import type { Config } from './config.ts';
import type { Log } from './ports/log.ts';
import { openMailboxes } from './ports/mailboxes/embedded.ts';
import type { State } from './ports/state.ts';
import type { Service } from './wire/service.ts';

export interface MonitoringParts {
  readonly config: Config;
  /** The data folder's path. */
  readonly dataDir: string;
  readonly state: State;
  readonly log: Log;
  readonly authorizer: Authorizer;
  readonly organizations: OrganizationSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Why the disk has no room for more, or undefined. */
  readonly shortage: () => string | undefined;
  /** Registers what is to be closed, in reverse order. */
  readonly closing: <T>(part: T, close: (part: T) => unknown) => T;
}

/** What tells people: SNS, SQS, CloudWatch Logs, CloudWatch, EventBridge. */
export interface Monitoring {
  readonly services: readonly Service[];
}

/** Puts the services together that stand around trails; each knows the others only by `services/doors.ts`. */
export async function openMonitoring(parts: MonitoringParts): Promise<Monitoring> {
  const { dataDir, random, logger, shortage, closing } = parts;
  const _mailboxes = closing(
    await openMailboxes({ directory: join(dataDir, 'mailboxes'), random, logger, shortage }),
    (m) => m.close(),
  );
  return { services: [] };
}
