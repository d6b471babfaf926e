import Container from '@cloudscape-design/components/container';
import { type ReactNode, useCallback } from 'react';
import type { Range } from '../../ui/range.ts';
import { RangePicker } from '../../ui/range-picker.tsx';
import { FilterBar } from './filter-bar.tsx';
import { ScopePicker } from './scope-picker.tsx';
import type { Facet } from './use-figures.ts';
import type { ViewProps } from './view.ts';

interface ControlsProps extends Pick<ViewProps, 'session' | 'state' | 'change'> {
  readonly facets: readonly Facet[];
  readonly paths: readonly string[];
  readonly countText: string;
  /** What stands below: the histogram, or how live mode is doing. */
  readonly children: ReactNode;
}

/** What to show: accounts, Regions, time, filter. */
export function Controls({ session, state, change, facets, paths, countText, children }: ControlsProps) {
  const onFilter = useCallback((filter: string) => change({ filter }), [change]);
  const onRange = useCallback((range: Range) => change({ range }), [change]);
  return (
    <Container>
      <div className="history-controls">
        <div className="history-scope">
          {!state.live && <RangePicker range={state.range} onChange={onRange} />}
          <ScopePicker session={session} accounts={state.accounts} regions={state.regions} onChange={change} />
        </div>
        <FilterBar state={state} facets={facets} paths={paths} countText={countText} onChange={onFilter} />
        {children}
      </div>
    </Container>
  );
}
