import type { Session } from '../../api/session.ts';
import type { EventRow } from './event-row.ts';
import type { HistoryPreferences } from './saved.ts';
import type { HistoryState } from './state.ts';
import type { Asked } from './use-asked.ts';
import type { ChangeState } from './use-history-state.ts';

/** What is there to be looked at. */
export interface Shown {
  readonly rows: readonly EventRow[];
  /** All that is shown was accepted before this one; undefined while nothing is shown, and in live mode. */
  readonly upTo: number | undefined;
  readonly totalCount: number | undefined;
}

/** What both views of the page are given: the list of a search, and live events. */
export interface ViewProps {
  readonly session: Session;
  readonly state: HistoryState;
  readonly preferences: HistoryPreferences;
  readonly asked: Asked;
  readonly change: ChangeState;
  readonly onShown: (shown: Shown) => void;
  /** Asks all anew: a relative range ends now. */
  readonly onRefresh: () => void;
}
