import type { Accounts } from '../../access/identities.ts';
import type { Clock } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { History } from '../../ports/history.ts';
import type { Lake } from '../../ports/lake.ts';
import type { Log } from '../../ports/log.ts';
import type { State } from '../../ports/state.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import type { CallContext } from '../../wire/service.ts';
import type { TrailOrganizations } from '../cloudtrail/deps.ts';
import type { Within } from './parts.ts';

/** What OpenTrail's own operations work with. */
export interface OpenTrailDeps {
  readonly schema: ServiceSchema;
  readonly log: Log;
  readonly history: History;
  readonly random: Random;
  readonly clock: Clock;
  readonly within: Within;
  readonly organizations: TrailOrganizations;
  readonly lake: Lake;
  readonly status: () => ServerStatus;
  /** Rules are stored here. */
  readonly state: State;
  /** Tells the follower that runs the rules. */
  readonly rulesChanged: () => void;
  readonly accounts: Accounts;
  /** The account whose principals operate this OpenTrail: they may act for all accounts, others for their own only. */
  readonly operatorAccountId: string;
  /** Made once with the data folder: tells this OpenTrail from one that was started afresh at the same address. */
  readonly instanceId: string;
}

/** How this OpenTrail is doing. */
export interface ServerStatus {
  /** Events in the Log that each follower has not processed yet. */
  readonly lagEvents: Readonly<Record<string, number>>;
  /** What keeps it from doing its work now, in words; empty when all is well. */
  readonly troubles: readonly string[];
}

/** What searches work with. */
export type SearchDeps = Pick<
  OpenTrailDeps,
  'log' | 'lake' | 'clock' | 'accounts' | 'organizations' | 'operatorAccountId'
>;

/** The refusal for acting on another account's behalf. */
export function denied(context: CallContext, operatorAccountId: string): AwsError {
  return new AwsError(
    'AccessDeniedException',
    `User: ${context.caller.arn} is not authorized to perform: opentrail:${context.operation} for other accounts. Use a principal of the operator account ${operatorAccountId}.`,
    { status: 403 },
  );
}
