import { AwsError } from '../../base/errors.ts';
import { eventFromBytes } from '../../event/accept.ts';
import { sliceRecords } from '../../event/slice.ts';
import type { Handler } from '../../wire/service.ts';
import { denied, type OpenTrailDeps } from './deps.ts';
import { type Accepted, type Intake, type Result, summary } from './intake.ts';

/** 10,000 records of 1.5 KB. A sender with more sends more batches. */
export const PUT_RECORDS_BYTES_MAX = 16 * 1024 * 1024;
/** Bounds the answer, which has a line for each record. */
const RECORDS_MAX = 10_000;

interface PutRecordsInput {
  readonly AccountId?: string;
  readonly Deduplicate?: boolean;
  readonly Records?: Buffer;
}

/**
 * PutRecords: the door for native records. The body is NDJSON, a log file (`{"Records":[…]}`) or records one after
 * another; each keeps its bytes. A record that cannot be one is refused by itself, the rest of the batch is taken.
 * With `Deduplicate` a record whose eventID the account already holds is answered DUPLICATE and not stored again, which
 * also makes a repeated batch harmless. All accepted records are durable when the answer leaves.
 */
export function createPutRecords(deps: OpenTrailDeps, intake: Intake): Handler {
  const { operatorAccountId } = deps;
  return async (context, input: PutRecordsInput) => {
    if (!input.Records?.length)
      throw new AwsError('ValidationException', 'The body holds no records. Send NDJSON or {"Records":[…]}.');
    if (input.AccountId !== undefined && !/^\d{12}$/.test(input.AccountId)) {
      throw new AwsError('ValidationException', `account must be 12 digits, not ${JSON.stringify(input.AccountId)}.`);
    }
    const mayActForAll = context.caller.accountId === operatorAccountId;
    const { results, accepted } = read(input.Records, {
      fallbackAccountId: context.caller.accountId,
      ...(input.AccountId !== undefined && { accountId: input.AccountId }),
    });
    if (!mayActForAll && accepted.some(({ event }) => event.header.accountId !== context.caller.accountId)) {
      throw denied(context, operatorAccountId);
    }
    await (input.Deduplicate ? intake.appendNew(accepted) : intake.append(accepted));
    return summary(results);
  };
}

function read(body: Buffer, options: { accountId?: string; fallbackAccountId: string }) {
  const results: Result[] = [];
  const accepted: Accepted[] = [];
  for (const slice of sliceRecords(body)) {
    if (results.length === RECORDS_MAX) {
      throw new AwsError(
        'ValidationException',
        `A batch may hold ${RECORDS_MAX} records. Send the rest in further batches.`,
      );
    }
    if ('refused' in slice) {
      results.push({
        Status: 'REFUSED',
        ErrorCode: slice.refused.code,
        ErrorMessage: `line ${slice.line}: ${slice.refused.message}`,
      });
      continue;
    }
    const made = eventFromBytes(slice.json, options);
    if ('refused' in made) {
      results.push({
        Status: 'REFUSED',
        ErrorCode: made.refused.code,
        ErrorMessage: `line ${slice.line}: ${made.refused.message}`,
      });
      continue;
    }
    const result: Result = { Status: 'ACCEPTED', EventId: made.event.header.eventId };
    results.push(result);
    accepted.push({ event: made.event, result });
  }
  return { results, accepted };
}
