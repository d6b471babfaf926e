import { type Call, useCall } from '../../hooks/use-call.ts';
import { timeOf } from '../../parts/events/record.ts';
import { type ShownEvent, searchEvents } from '../../parts/events/search.ts';
import type { Relation } from './logic/related.ts';

/** Shown of each side: who wants more follows the link to the history. */
const SIDE_MAX = 15;

export interface Related {
  /** Newest first, the event itself among them. */
  readonly events: readonly ShownEvent[];
  /** There are more on one side at least. */
  readonly isCut: boolean;
}

/** Events in a relation to one, nearest to it in time; the event alone where there is nothing to search by. */
export function useRelated(event: ShownEvent, { id, filter, windowMs }: Relation): Call<Related> {
  return useCall(
    async (signal) => {
      const timeMs = timeOf(event.record);
      if (!filter || Number.isNaN(timeMs)) return { events: [event], isCut: false };
      // Times of records are whole seconds: those of the same second count as before.
      const nextMs = timeMs + 1000;
      const side = { filter, limit: SIDE_MAX + 1 };
      const [before, after] = await Promise.all([
        searchEvents({ ...side, startMs: timeMs - windowMs, endMs: nextMs - 1, order: 'newest' }, signal),
        searchEvents({ ...side, startMs: nextMs, endMs: timeMs + windowMs, order: 'oldest' }, signal),
      ]);
      const events = [...after.slice(0, SIDE_MAX).reverse(), ...withSelf(before.slice(0, SIDE_MAX), event)];
      return { events, isCut: before.length > SIDE_MAX || after.length > SIDE_MAX };
    },
    [event.json, id],
  );
}

export const isSame = (one: ShownEvent, other: ShownEvent): boolean =>
  one.accountId === other.accountId && one.id === other.id;

/** A busy second may leave it out. */
const withSelf = (before: readonly ShownEvent[], event: ShownEvent): readonly ShownEvent[] =>
  before.some((one) => isSame(one, event)) ? before : [event, ...before];
