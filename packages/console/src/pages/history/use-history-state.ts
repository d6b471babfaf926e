import { useCallback, useEffect, useMemo } from 'react';
import { navigate, placeNow, usePlace } from '../../app/router.ts';
import { historyPreferences } from './saved.ts';
import { FIRST_FILTER, type HistoryState, readState, saysNothing, writeState } from './state.ts';

export type ChangeState = (patch: Partial<HistoryState>, options?: { readonly replace?: boolean }) => void;

/** The page's state, which is the address's. An address that says nothing is given what the person had chosen before. */
export function useHistoryState(): readonly [HistoryState, ChangeState] {
  const { search } = usePlace();
  const state = useMemo(() => stateOf(search), [search]);
  const change = useCallback<ChangeState>(
    (patch, options) => go({ ...stateOf(placeNow().search), ...patch }, options),
    [],
  );
  const isBare = saysNothing(new URLSearchParams(search));
  useEffect(() => {
    if (isBare) go(state, { replace: true });
  }, [isBare, state]);
  return [state, change];
}

function stateOf(search: string): HistoryState {
  const params = new URLSearchParams(search);
  const state = readState(params);
  return saysNothing(params) ? { ...state, filter: FIRST_FILTER, columns: historyPreferences.get().columns } : state;
}

const go = (state: HistoryState, options?: { readonly replace?: boolean }): void =>
  navigate(`${placeNow().path}?${writeState(state)}`, options);
