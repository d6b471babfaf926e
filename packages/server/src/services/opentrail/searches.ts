import type { Clock } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import { REQUEST_ABORTED } from '../../event/conventions/errors.ts';
import type { Lake } from '../../ports/lake.ts';
import type { Log, Sequence } from '../../ports/log.ts';
import type { CallContext } from '../../wire/service.ts';

const POLL_MS = 5;
/** Further behind than this (a first start, a rebuild) nothing is gained by waiting. */
const BEHIND_EVENTS_MAX = 20_000;

/** What was searched: all events before `upTo`; `behind` of those that had been accepted were not there yet. */
export interface Searched {
  readonly upTo: Sequence;
  readonly behind: number;
}

/**
 * Waits until what had been accepted when the call came can be found, though not for ever.
 * @param asked no more than this is to be searched
 */
export async function caughtUp(
  { lake, log, clock }: { readonly lake: Lake; readonly log: Pick<Log, 'end'>; readonly clock: Clock },
  asked: Sequence | undefined,
  signal: AbortSignal,
  waitMsMax: number,
): Promise<Searched> {
  const wanted = Math.min(log.end, asked ?? Number.POSITIVE_INFINITY);
  lake.watched();
  const giveUpMs = clock.monotonicMs() + waitMsMax;
  const isSoon = () => lake.indexedEnd < wanted && lake.indexedEnd + BEHIND_EVENTS_MAX > wanted;
  while (isSoon() && clock.monotonicMs() < giveUpMs && !signal.aborted) {
    await new Promise<void>((resume) => clock.after(POLL_MS, resume));
  }
  const upTo = Math.min(lake.indexedEnd, asked ?? Number.POSITIVE_INFINITY);
  return { upTo, behind: Math.max(0, wanted - upTo) };
}

/** What a question ended by, as an answer: that the client has gone, or the server stops, is no fault of ours. */
export function orGone(context: CallContext, error: unknown): unknown {
  if (!context.signal.aborted || error instanceof AwsError) return error;
  return new AwsError(REQUEST_ABORTED, 'The call was broken off before its answer was there.', { status: 499 });
}
