import type { Accounts } from '../../access/identities.ts';
import { AwsError } from '../../base/errors.ts';
import type { History } from '../../ports/history.ts';
import type { Log } from '../../ports/log.ts';
import type { ServiceSchema } from '../../schema/types.ts';
import type { CallContext, Service } from '../../wire/service.ts';
import { createAccountHandlers } from './accounts.ts';
import { createPutRecords, PUT_RECORDS_BYTES_MAX } from './put-records.ts';
import { createTailRecords } from './tail-records.ts';

/**
 * OpenTrail's own operations, for what AWS has no API for: taking native CloudTrail records, following the Log live,
 * making accounts. Signed like every AWS call, under the service name `opentrail`; documented in docs/native-api.md.
 */
export interface OpenTrailDeps {
  readonly schema: ServiceSchema;
  readonly log: Log;
  readonly history: History;
  readonly accounts: Accounts;
  /** The account whose principals operate this OpenTrail: they may act for all accounts, others for their own only. */
  readonly operatorAccountId: string;
  /** Made once with the data folder: tells this OpenTrail from one that was started afresh at the same address. */
  readonly instanceId: string;
}

export function openTrailService(deps: OpenTrailDeps): Service {
  return {
    schema: deps.schema,
    bodyBytesMax: PUT_RECORDS_BYTES_MAX,
    operations: {
      PutRecords: createPutRecords(deps),
      TailRecords: createTailRecords(deps),
      ...createAccountHandlers(deps),
    },
    async authorize(context, input) {
      const target = input.AccountId as string | undefined;
      const own = context.caller.accountId;
      if (own === deps.operatorAccountId) return;
      if (OPERATOR_ONLY.has(context.operation) || (target !== undefined && target !== own)) {
        throw denied(context, deps.operatorAccountId);
      }
    },
  };
}

const OPERATOR_ONLY: ReadonlySet<string> = new Set(['CreateAccount']);

/** The refusal for acting on another account's behalf. */
export function denied(context: CallContext, operatorAccountId: string): AwsError {
  return new AwsError(
    'AccessDeniedException',
    `User: ${context.caller.arn} is not authorized to perform: opentrail:${context.operation} for other accounts. Use a principal of the operator account ${operatorAccountId}.`,
    { status: 403 },
  );
}
