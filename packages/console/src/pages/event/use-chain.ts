import { type Call, useCall } from '../../hooks/use-call.ts';
import { type ShownEvent, searchEvents } from '../../parts/events/search.ts';
import { type ChainLink, followChain } from './logic/chain.ts';

/** Records that a step of a chain looks at: a session has one beginning, recorded in two accounts at most. */
const STEP_RECORDS_MAX = 20;

/** Who is behind an event, the nearest first. */
export function useChain({ record, accountId }: ShownEvent): Call<readonly ChainLink[]> {
  return useCall(
    (signal) =>
      followChain(record, async (query) => {
        const found = await searchEvents({ ...query, limit: STEP_RECORDS_MAX }, signal);
        return found.map((event) => event.record);
      }),
    [record, accountId],
  );
}
