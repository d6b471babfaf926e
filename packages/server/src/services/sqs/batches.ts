import { AwsError } from '../../base/errors.ts';
import { sqsError } from './errors.ts';

/** SQS quota. */
const ENTRIES_MAX = 10;
const ID = /^[\w-]{1,80}$/;

/** @throws AwsError EmptyBatchRequest, TooManyEntriesInBatchRequest, BatchEntryIdsNotDistinct, InvalidBatchEntryId */
export function checkBatch<Entry extends { readonly Id: string }>(
  entries: readonly Entry[] | undefined,
): readonly Entry[] {
  if (!entries?.length) throw sqsError('EmptyBatchRequest', 'There should be at least one entry in the request.');
  if (entries.length > ENTRIES_MAX) {
    throw sqsError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${ENTRIES_MAX}. You have sent ${entries.length}.`,
    );
  }
  const bad = entries.find(({ Id }) => typeof Id !== 'string' || !ID.test(Id));
  if (bad) {
    throw sqsError(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
    );
  }
  const ids = entries.map(({ Id }) => Id);
  const twice = ids.find((id, i) => ids.indexOf(id) < i);
  if (twice !== undefined) throw sqsError('BatchEntryIdsNotDistinct', `Id ${twice} repeated.`);
  return entries;
}

export interface BatchFailure {
  readonly Id: string;
  readonly SenderFault: boolean;
  readonly Code: string;
  readonly Message: string;
}

/** Answers each entry for itself: what is the caller's mistake in one is no other's. */
export async function eachEntry<Entry extends { readonly Id: string }, Done extends object>(
  entries: readonly Entry[],
  work: (entry: Entry) => Promise<Done>,
): Promise<{ readonly Successful: readonly (Done & { Id: string })[]; readonly Failed: readonly BatchFailure[] }> {
  const Successful: (Done & { Id: string })[] = [];
  const Failed: BatchFailure[] = [];
  const outcomes = await Promise.allSettled(entries.map(work));
  for (const [i, outcome] of outcomes.entries()) {
    const { Id } = entries[i]!;
    if (outcome.status === 'fulfilled') Successful.push({ Id, ...outcome.value });
    else if (outcome.reason instanceof AwsError) Failed.push(failureOf(Id, outcome.reason));
    else throw outcome.reason;
  }
  return { Successful, Failed };
}

export const failureOf = (Id: string, error: AwsError): BatchFailure => ({
  Id,
  SenderFault: error.status < 500,
  Code: error.code,
  Message: error.message,
});
