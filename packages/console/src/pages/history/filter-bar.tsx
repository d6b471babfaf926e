import Button from '@cloudscape-design/components/button';
import PropertyFilter from '@cloudscape-design/components/property-filter';
import { memo, useMemo, useState } from 'react';
import { parseSearchFilter, printSearchFilter } from '../../api/search-language.ts';
import { filteringProperties, GROUPS_TEXT } from './filter-properties.ts';
import { FilterText } from './filter-text.tsx';
import type { HistoryState } from './state.ts';
import { filterOf, type Query, queryOf, tokensOf } from './tokens.ts';
import type { Facet } from './use-figures.ts';
import { useSuggestions } from './use-suggestions.ts';

interface FilterBarProps {
  readonly state: HistoryState;
  readonly facets: readonly Facet[];
  /** Paths that the events on the page have values at. */
  readonly paths: readonly string[];
  readonly countText: string;
  readonly onChange: (filter: string) => void;
}

/** The filter as conditions to choose, or as text: what conditions cannot show is text, and everybody may write it. */
export const FilterBar = memo(function FilterBar({ state, facets, paths, countText, onChange }: FilterBarProps) {
  const [asText, setAsText] = useState(false);
  const query = useMemo(() => shownQuery(state.filter), [state.filter]);
  if (query === undefined || asText) {
    return (
      <FilterText
        filter={state.filter}
        onChange={onChange}
        {...(query !== undefined && { onConditions: () => setAsText(false) })}
      />
    );
  }
  return (
    <Conditions
      state={state}
      query={query}
      facets={facets}
      paths={paths}
      countText={countText}
      onChange={onChange}
      onText={() => setAsText(true)}
    />
  );
});

/** Undefined for what cannot be read, or shown as conditions. */
function shownQuery(text: string): Query | undefined {
  try {
    return queryOf(parseSearchFilter(text));
  } catch {
    return undefined;
  }
}

interface ConditionsProps extends FilterBarProps {
  readonly query: Query;
  readonly onText: () => void;
}

function Conditions({ state, query, facets, paths, countText, onChange, onText }: ConditionsProps) {
  const { options, status, load } = useSuggestions(facets, state);
  const properties = useMemo(() => {
    const used = tokensOf(query).flatMap(({ propertyKey }) => propertyKey ?? []);
    return filteringProperties([...used, ...paths]);
  }, [query, paths]);
  return (
    <div className="history-filter-row">
      <div data-search className="history-filter">
        <PropertyFilter
          query={query}
          onChange={({ detail }) => onChange(printSearchFilter(filterOf(detail, query)))}
          enableTokenGroups
          filteringProperties={properties}
          filteringOptions={options}
          onLoadItems={({ detail }) => load(detail)}
          filteringStatusType={status}
          freeTextFiltering={{ operators: [':', '!:'] }}
          customGroupsText={GROUPS_TEXT}
          countText={countText}
          expandToViewport
          filteringLoadingText="Looking for values"
          filteringAriaLabel="Filter events"
          filteringPlaceholder="Filter events by any field or text"
        />
      </div>
      <Button onClick={onText}>Edit as text</Button>
    </div>
  );
}
