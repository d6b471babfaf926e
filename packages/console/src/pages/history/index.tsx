import { useMemo, useState } from 'react';
import { printSearchFilter } from '../../api/search-language.ts';
import { useSession } from '../../api/session.ts';
import { useStore } from '../../base/store.ts';
import { Page } from '../../ui/page.tsx';
import { Actions } from './actions.tsx';
import { EventPanel } from './event-panel.tsx';
import { readFilter, toggleIncluded } from './facet-filter.ts';
import { LiveView } from './live-view.tsx';
import { historyPreferences } from './saved.ts';
import { SearchView } from './search-view.tsx';
import { useAsked } from './use-asked.ts';
import { useHistoryState } from './use-history-state.ts';
import './history.css';
import type { Shown } from './view.ts';

const NOTHING: Shown = { rows: [], upTo: undefined, totalCount: undefined };

/** Event history: who did what, over all accounts and Regions that the person may see. */
export default function HistoryPage() {
  const session = useSession();
  const [state, change] = useHistoryState();
  const preferences = useStore(historyPreferences);
  const [round, setRound] = useState(0);
  const [{ rows, upTo, totalCount }, setShown] = useState<Shown>(NOTHING);
  const asked = useAsked(state, round);
  const onRefresh = () => setRound((n) => n + 1);
  const { selected, filter } = state;
  const row = rows.find(({ accountId, eventId }) => accountId === selected?.accountId && eventId === selected.eventId);
  const splitPanel = useMemo(() => {
    if (selected === undefined) return undefined;
    const onFilter = (field: string, value: string) =>
      change({ filter: printSearchFilter(toggleIncluded(readFilter(filter), field, value)) });
    return <EventPanel selected={selected} row={row} onFilter={onFilter} />;
  }, [selected, row, filter, change]);
  const wanted =
    asked.search && upTo !== undefined ? { search: { ...asked.search, UpTo: upTo }, totalCount } : undefined;
  const common = { session, state, preferences, asked, change, onShown: setShown, onRefresh };
  return (
    <Page
      title="Event history"
      contentType="table"
      actions={<Actions state={state} wanted={wanted} change={change} onRefresh={onRefresh} />}
      splitPanel={splitPanel}
      splitPanelOpen={selected !== undefined}
      onSplitPanelToggle={(open) => open || change({ selected: undefined }, { replace: true })}
    >
      {state.live ? <LiveView {...common} /> : <SearchView {...common} />}
    </Page>
  );
}
