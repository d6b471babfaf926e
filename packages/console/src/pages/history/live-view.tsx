import { useEffect, useMemo, useRef, useState } from 'react';
import type { FoundEvent } from '../../api/search-events.ts';
import { clock } from '../../base/clock.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { useKnownColumns } from './columns.tsx';
import { Controls } from './controls.tsx';
import { type EventRow, rowOf } from './event-row.ts';
import { EventTable } from './event-table.tsx';
import { pathsIn } from './fields.ts';
import { ListHeader } from './list-header.tsx';
import { LiveBar } from './live-bar.tsx';
import type { Facet } from './use-figures.ts';
import { useHold } from './use-hold.ts';
import { useLive } from './use-live.ts';
import type { ViewProps } from './view.ts';

/** Rows of live mode at once: what a browser draws anew twice a second without stopping for what people do. */
const LIVE_PAGE_MAX = 25;
const MINUTE_MS = 60_000;
/** Nothing is counted of what has not ended. */
const NO_FACETS: readonly Facet[] = [];
/** Nobody looks: what could be a column is asked for when somebody does. */
const NO_PATHS: readonly string[] = [];

/** New events as they come. They wait while somebody looks at those that are there. */
export function LiveView({ session, state, preferences, asked, change, onShown }: ViewProps) {
  const place = useRef<HTMLDivElement>(null);
  const [paused, setPaused] = useState(false);
  const [index, setIndex] = useState(0);
  const [picked, setPicked] = useState<readonly EventRow[]>([]);
  const looking = useHold(place, true);
  const held = paused || looking || index > 0 || picked.length > 0 || state.selected !== undefined;
  const pageSize = Math.min(preferences.pageSize, LIVE_PAGE_MAX);
  const live = useLive(asked.scope, held, pageSize);
  const [begunMs] = useState(() => clock.now());
  const search = () => {
    const amount = Math.ceil((clock.now() - begunMs) / MINUTE_MS) + 1;
    change({ live: false, range: { type: 'relative', amount, unit: 'minute' } });
  };
  const pageCount = Math.max(1, Math.ceil(live.rows.length / pageSize));
  const rows = useRows(live.rows.slice(index * pageSize, (index + 1) * pageSize));
  useEffect(() => onShown({ rows, upTo: undefined, totalCount: undefined }), [rows, onShown]);
  const paths = useMemo(() => (held ? pathsIn(rows.map(({ event }) => event.record)) : NO_PATHS), [rows, held]);
  const columns = useKnownColumns(state.columns);
  return (
    <div className="history">
      <Controls session={session} state={state} change={change} facets={NO_FACETS} paths={paths} countText="">
        <LiveBar live={live} paused={paused} held={held} onPause={setPaused} onSearch={search} />
      </Controls>
      <div ref={place}>
        <EventTable
          rows={rows}
          columns={columns}
          preferences={preferences}
          loading={asked.scope !== undefined && live.state === 'connecting' && rows.length === 0}
          order="newest"
          onOrder={undefined}
          inPlace
          selected={state.selected}
          onSelect={(selected) => change({ selected }, { replace: true })}
          picked={picked}
          onPick={setPicked}
          header={
            <ListHeader
              title="Live events"
              picked={picked}
              columns={columns}
              preferences={preferences}
              paths={paths}
              change={change}
              pages={{ currentPageIndex: index + 1, pagesCount: pageCount }}
              onPage={(page) => setIndex(page - 1)}
            />
          }
          empty={<EmptyState title="Nothing yet">New events appear here as they are recorded.</EmptyState>}
        />
      </div>
    </div>
  );
}

/** Rows of events, each parsed once as long as it is shown. */
function useRows(shown: readonly FoundEvent[]): readonly EventRow[] {
  const parsed = useRef(new Map<number, EventRow>());
  const key = shown.map(({ Sequence }) => Sequence).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: sequences tell which rows they are
  return useMemo(() => {
    const rows = shown.map((event) => parsed.current.get(event.Sequence) ?? rowOf(event));
    parsed.current = new Map(rows.map((row, i) => [shown[i]!.Sequence, row]));
    return rows;
  }, [key]);
}
