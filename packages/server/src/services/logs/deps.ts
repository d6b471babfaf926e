import type { Authorizer } from '../../access/authorizer.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { HttpSender } from '../../ports/http-sender.ts';
import type { LogGroupStore } from '../../ports/log-groups.ts';
import type { Mailboxes } from '../../ports/mailboxes.ts';
import type { State } from '../../ports/state.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import type { Metrics, Queues } from '../doors.ts';

export interface LogsDeps {
  readonly schema: ServiceSchema;
  readonly state: State;
  readonly store: LogGroupStore;
  readonly mailboxes: Mailboxes;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly authorizer: Pick<Authorizer, 'require'>;
  /** Where subscriptions send to. */
  readonly http: HttpSender;
  readonly queues: Queues;
  /** Where metric filters publish. */
  readonly metrics: Metrics;
}
