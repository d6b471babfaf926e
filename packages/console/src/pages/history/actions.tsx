import Button from '@cloudscape-design/components/button';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Toggle from '@cloudscape-design/components/toggle';
import { navigate, placeNow } from '../../app/router.ts';
import { clock } from '../../base/clock.ts';
import { Downloads, type Wanted } from './downloads.tsx';
import { SavedSearches } from './saved-searches.tsx';
import { type HistoryState, writeState } from './state.ts';
import type { ChangeState } from './use-history-state.ts';

interface ActionsProps {
  readonly state: HistoryState;
  readonly wanted: Wanted | undefined;
  readonly change: ChangeState;
  readonly onRefresh: () => void;
}

export function Actions({ state, wanted, change, onRefresh }: ActionsProps) {
  const { selected: _, ...shown } = state;
  return (
    <div className="history-actions">
      <Toggle checked={state.live} onChange={({ detail }) => change({ live: detail.checked, selected: undefined })}>
        Live
      </Toggle>
      <Button iconName="refresh" ariaLabel="Refresh" onClick={onRefresh} disabled={state.live} />
      <CopyToClipboard
        variant="icon"
        copyButtonAriaLabel="Copy a link to these events"
        copySuccessText="Link copied"
        copyErrorText="The link could not be copied: it is the address of this page"
        textToCopy={new URL(`${placeNow().path}?${writeState(fixedInTime(state, wanted))}`, window.location.href).href}
      />
      <SavedSearches
        params={writeState(shown).toString()}
        onOpen={(params) => navigate(`${placeNow().path}?${params}`)}
      />
      <Downloads wanted={wanted} columns={state.columns} />
    </div>
  );
}

/** "The last hour" is another one for who opens the link tomorrow: it is given the hour that is shown. */
function fixedInTime(state: HistoryState, wanted: Wanted | undefined): HistoryState {
  const startTime = wanted?.search.StartTime;
  if (state.live || state.range.type !== 'relative' || startTime === undefined) return state;
  return { ...state, range: { type: 'absolute', startMs: Date.parse(startTime), endMs: clock.now() } };
}
