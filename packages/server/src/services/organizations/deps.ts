import type { IamStore } from '../../access/iam-store.ts';
import type { Accounts } from '../../access/identities.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { NewEvent } from '../../event/event.ts';
import type { State } from '../../ports/state.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import type { CallContext } from '../../wire/service.ts';
import type { Tree, World } from './model.ts';
import type { Draft } from './store.ts';

export interface OrganizationsDeps {
  readonly schema: ServiceSchema;
  readonly state: State;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly accounts: Pick<Accounts, 'create' | 'has'>;
  readonly iam: Pick<IamStore, 'data'>;
  /** Makes records durable of what Organizations does by itself. */
  readonly keep: (events: readonly NewEvent[]) => Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: inputs are typed by each operation; the table that joins them cannot be
type Input = any;

/** What an operation answers, from the organization of its caller. */
export type Read = (tree: Tree, input: Input, context: CallContext, world: World) => object;
/** What an operation changes in the organization of its caller. It runs again when another server came first. */
export type Change = (draft: Draft, tree: Tree, input: Input) => object;
