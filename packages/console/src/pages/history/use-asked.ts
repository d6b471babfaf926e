import { useMemo } from 'react';
import { clock } from '../../base/clock.ts';
import { type Scope, type Search, scopeOf, searchOf } from './request.ts';
import { DEFAULT_STATE, type HistoryState, writeState } from './state.ts';

export interface Asked {
  /** Undefined for a filter that cannot be read. */
  readonly search: Search | undefined;
  readonly scope: Scope | undefined;
  /** Why it cannot be read. */
  readonly error: Error | undefined;
}

/** What the state asks the server. The same until something of it changes, or `round`: then "the last hour" is another. */
export function useAsked(state: HistoryState, round: number): Asked {
  const { filter, range, accounts, regions, order } = state;
  const key = writeState({ ...DEFAULT_STATE, filter, range, accounts, regions }).toString();
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is asked anew is asked of now; another order is not
  const nowMs = useMemo(() => clock.now(), [key, round]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: key stands for the state, whose parts are made anew by each address
  return useMemo(() => {
    try {
      return { search: searchOf(state, nowMs), scope: scopeOf(state), error: undefined };
    } catch (error) {
      return { search: undefined, scope: undefined, error: error as Error };
    }
  }, [key, order, nowMs]);
}
