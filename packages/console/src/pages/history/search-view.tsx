import Button from '@cloudscape-design/components/button';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useEffect, useMemo, useState } from 'react';
import { printSearchFilter, type SearchFilter } from '../../api/search-language.ts';
import { usePreferences } from '../../base/preferences.ts';
import { ErrorState } from '../../ui/error-state.tsx';
import { countText, eventsText } from '../../ui/format.ts';
import { Histogram } from '../../ui/histogram/histogram.tsx';
import { useKnownColumns } from './columns.tsx';
import { Controls } from './controls.tsx';
import type { EventRow } from './event-row.ts';
import { EventTable } from './event-table.tsx';
import { readFilter, toggleExcluded, toggleIncluded } from './facet-filter.ts';
import { Facets } from './facets.tsx';
import { FACET_FIELDS, pathsIn } from './fields.ts';
import { ListHeader } from './list-header.tsx';
import { NoEvents } from './no-events.tsx';
import { historyPreferences } from './saved.ts';
import { type Facet, useFacets, useHistogram } from './use-figures.ts';
import { usePages } from './use-pages.ts';
import type { ViewProps } from './view.ts';

const NO_ROWS: readonly EventRow[] = [];

/** A search's pages, with its counts: three questions at once, of which the page is shown as soon as it is there. */
export function SearchView({ session, state, preferences, asked, change, onShown, onRefresh }: ViewProps) {
  const [{ times }] = usePreferences();
  const fields = useMemo(
    () => ((session.Accounts?.length ?? 0) > 1 ? [...FACET_FIELDS, 'accountId'] : FACET_FIELDS),
    [session.Accounts],
  );
  const [pages, go] = usePages(asked.search, preferences.pageSize);
  const [more, setMore] = useState<ReadonlySet<string>>(new Set());
  const facetsOpen = preferences.facetsOpen ?? window.innerWidth >= FACETS_FROM_PX;
  const facets = useFacets(asked.search, facetsOpen ? fields : NO_FIELDS, more);
  const histogram = useHistogram(asked.search);
  const totalCount = histogram.loading ? undefined : histogram.data?.totalCount;
  const count = totalCount === undefined ? undefined : countText(totalCount);
  const isReadable = asked.error === undefined;
  const { rows = NO_ROWS, upTo, behindCount = 0 } = (isReadable && pages.page) || {};
  const [picked, setPicked] = useState<readonly EventRow[]>(NO_ROWS);
  useEffect(() => {
    onShown({ rows, upTo: pages.loading ? undefined : upTo, totalCount });
  }, [rows, upTo, pages.loading, totalCount, onShown]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other rows, nothing picked
  useEffect(() => setPicked(NO_ROWS), [rows]);
  const paths = useMemo(() => pathsIn(rows.map(({ event }) => event.record)), [rows]);
  const columns = useKnownColumns(state.columns);
  const filter = useMemo(() => readFilter(state.filter), [state.filter]);
  const changeFilter = (next: SearchFilter | undefined) => change({ filter: printSearchFilter(next) });
  return (
    <div className="history">
      <Controls
        session={session}
        state={state}
        change={change}
        facets={facets.data ?? NO_FACETS}
        paths={paths}
        countText={totalCount === undefined ? '' : eventsText(totalCount)}
      >
        {histogram.error && !pages.error && <ErrorState error={histogram.error} title="Events could not be counted" />}
        <Histogram
          data={histogram.data}
          loading={histogram.loading}
          utc={times === 'utc'}
          onBrush={(range) => change({ range })}
        />
      </Controls>
      {isReadable && pages.error && (
        <ErrorState error={pages.error} title="Events could not be searched" onRetry={onRefresh} />
      )}
      <div className={facetsOpen ? 'history-body history-with-facets' : 'history-body'}>
        {facetsOpen && (
          <section className="history-aside" aria-label="Counts">
            <Facets
              facets={facets.data}
              loading={facets.loading}
              error={facets.error}
              filter={filter}
              onMore={(field) => setMore(new Set([...more, field]))}
              onInclude={(field, value) => changeFilter(toggleIncluded(filter, field, value))}
              onExclude={(field, value) => changeFilter(toggleExcluded(filter, field, value))}
            />
          </section>
        )}
        <EventTable
          rows={rows}
          columns={columns}
          preferences={preferences}
          loading={isReadable && pages.loading && rows.length === 0}
          order={state.order}
          onOrder={(order) => change({ order })}
          selected={state.selected}
          onSelect={(selected) => change({ selected }, { replace: state.selected !== undefined })}
          picked={picked}
          onPick={setPicked}
          header={
            <ListHeader
              title="Events"
              counter={count === undefined ? undefined : `(${count})`}
              info={isReadable && pages.loading && <StatusIndicator type="loading">Searching</StatusIndicator>}
              description={
                behindCount > 0 ? `Not searched yet: ${eventsText(behindCount)}, newer than these.` : undefined
              }
              picked={picked}
              columns={columns}
              preferences={preferences}
              paths={paths}
              change={change}
              pages={{
                currentPageIndex: pages.index + 1,
                pagesCount: pages.reachableCount,
                openEnd: pages.openEnd,
                disabled: pages.loading && pages.page === undefined,
              }}
              onPage={(page) => go(page - 1)}
            >
              <Button ariaExpanded={facetsOpen} onClick={() => historyPreferences.set({ facetsOpen: !facetsOpen })}>
                {facetsOpen ? 'Hide counts' : 'Show counts'}
              </Button>
            </ListHeader>
          }
          empty={pages.error ? null : <NoEvents state={state} change={change} isReadable={isReadable} />}
        />
      </div>
    </div>
  );
}

const NO_FIELDS: readonly string[] = [];
const NO_FACETS: readonly Facet[] = [];
/** Narrower windows have no room for counts beside AWS's columns: they are shown when asked for. */
const FACETS_FROM_PX = 1_400;
