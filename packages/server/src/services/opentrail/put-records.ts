import { AwsError } from '../../base/errors.ts';
import { eventsOfBatch } from '../../event/batch.ts';
import type { CallContext, Handler } from '../../wire/service.ts';
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
    const { results, appended } = takeIn(context, input);
    await appended;
    return summary(results);
  };

  /** Not a part of what waits for the disk, so that the events need not live as long as that (`intake.append`). */
  function takeIn(context: CallContext, input: PutRecordsInput) {
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
    return { results, appended: input.Deduplicate ? intake.appendNew(accepted) : intake.append(accepted) };
  }
}

function read(body: Buffer, options: { accountId?: string; fallbackAccountId: string }) {
  const results: Result[] = [];
  const accepted: Accepted[] = [];
  for (const item of eventsOfBatch(body, options)) {
    if (results.length === RECORDS_MAX) {
      throw new AwsError(
        'ValidationException',
        `A batch may hold ${RECORDS_MAX} records. Send the rest in further batches.`,
      );
    }
    if ('refused' in item) {
      const { code, message } = item.refused;
      results.push({ Status: 'REFUSED', ErrorCode: code, ErrorMessage: `line ${item.line}: ${message}` });
      continue;
    }
    const result: Result = { Status: 'ACCEPTED', EventId: item.event.header.eventId };
    results.push(result);
    accepted.push({ event: item.event, result });
  }
  return { results, accepted };
}
