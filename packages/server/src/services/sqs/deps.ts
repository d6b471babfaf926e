import type { OrganizationSource } from '../../access/principal-policies.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { Mailboxes } from '../../ports/mailboxes.ts';
import type { State } from '../../ports/state.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import type { Registry } from './registry.ts';
import type { Sealing } from './sealing.ts';

export interface SqsDeps {
  readonly schema: ServiceSchema;
  readonly state: State;
  readonly mailboxes: Mailboxes;
  readonly organizations: OrganizationSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly sealing: Sealing;
}

export interface SqsParts extends SqsDeps {
  readonly registry: Registry;
}
