import { AwsError } from '../../base/errors.ts';
import { eventFromBytes } from '../../event/accept.ts';
import type { NewEvent } from '../../event/event.ts';
import { sliceRecords } from '../../event/slice.ts';
import type { Handler } from '../../wire/service.ts';
import { denied, type OpenTrailDeps } from './deps.ts';

/** 10,000 records of 1.5 KB. A sender with more sends more batches. */
export const PUT_RECORDS_BYTES_MAX = 16 * 1024 * 1024;
/** Bounds the answer, which has a line for each record. */
const RECORDS_MAX = 10_000;

interface PutRecordsInput {
  readonly AccountId?: string;
  readonly Deduplicate?: boolean;
  readonly Records?: Buffer;
}

interface Result {
  Status: 'ACCEPTED' | 'DUPLICATE' | 'REFUSED';
  EventId?: string;
  Sequence?: number;
  ErrorCode?: string;
  ErrorMessage?: string;
}

/**
 * PutRecords: the door for native records. The body is NDJSON, a log file (`{"Records":[…]}`) or records one after
 * another; each keeps its bytes. A record that cannot be one is refused by itself, the rest of the batch is taken.
 * With `Deduplicate` a record whose eventID the account already holds is answered DUPLICATE and not stored again, which
 * also makes a repeated batch harmless. All accepted records are durable when the answer leaves.
 */
export function createPutRecords(deps: OpenTrailDeps): Handler {
  const { log, history, operatorAccountId } = deps;
  // One deduplicating batch at a time: between asking history and appending nobody else may add the same event.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work, work);
    turn = mine.catch(() => undefined);
    return mine;
  };

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
    if (input.Deduplicate) await inTurn(async () => append(await withoutKnown(accepted)));
    else await append(accepted);
    return summary(results);
  };

  async function append(accepted: readonly Accepted[]): Promise<void> {
    if (accepted.length === 0) return;
    const first = await log.append(accepted.map(({ event }) => event));
    accepted.forEach(({ result }, i) => {
      result.Sequence = first + i;
    });
  }

  /** Leaves out what the Log holds or what came earlier in the same batch, marking it DUPLICATE. */
  async function withoutKnown(accepted: readonly Accepted[]): Promise<Accepted[]> {
    const known = new Set<Accepted>();
    const seen = new Set<string>();
    for (const [accountId, group] of groupBy(accepted, ({ event }) => event.header.accountId)) {
      const held = await history.holdsEventIds(
        accountId,
        group.map(({ event }) => event.header.eventId),
      );
      group.forEach((one, i) => {
        const id = `${accountId}/${one.event.header.eventId}`;
        if (held[i] || seen.has(id)) known.add(one);
        seen.add(id);
      });
    }
    for (const { result } of known) result.Status = 'DUPLICATE';
    return accepted.filter((one) => !known.has(one));
  }
}

interface Accepted {
  readonly event: NewEvent;
  readonly result: Result;
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

function summary(results: readonly Result[]) {
  const count = (status: Result['Status']) => results.reduce((n, r) => n + (r.Status === status ? 1 : 0), 0);
  return {
    Results: results,
    AcceptedCount: count('ACCEPTED'),
    DuplicateCount: count('DUPLICATE'),
    RefusedCount: count('REFUSED'),
  };
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
