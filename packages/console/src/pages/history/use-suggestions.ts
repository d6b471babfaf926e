import type { PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import { useEffect, useMemo, useRef, useState } from 'react';
import { native } from '../../api/client.ts';
import { printSearchFilter, SEARCH_FIELDS } from '../../api/search-language.ts';
import { clock, pause } from '../../base/clock.ts';
import { type Search, searchOf } from './request.ts';
import type { HistoryState } from './state.ts';
import type { Facet } from './use-figures.ts';

type Option = PropertyFilterProps.FilteringOption;
type Status = NonNullable<PropertyFilterProps['filteringStatusType']>;

const SUGGESTED_VALUES = 25;
/** Nobody is asked while somebody types. */
const TYPING_PAUSE_MS = 250;

const BOOLEANS: readonly Option[] = SEARCH_FIELDS.filter(({ kind }) => kind === 'boolean').flatMap(({ name }) =>
  ['true', 'false'].map((value) => ({ propertyKey: name, value })),
);
const COUNTED: ReadonlySet<string> = new Set(
  SEARCH_FIELDS.flatMap(({ name, kind, facet }) => (facet && kind === 'text' ? [name] : [])),
);
/** Fields of which each event has its own are not worth counting; paths may be. */
const canBeCounted = (field: string): boolean => COUNTED.has(field) || field.includes('.');

interface Suggestions {
  readonly options: readonly Option[];
  readonly status: Status;
  readonly load: (detail: PropertyFilterProps.LoadItemsDetail) => void;
}

/** Values to choose from: those of the facets, and what the time range holds of the field that somebody writes about. */
export function useSuggestions(
  facets: readonly Facet[],
  scope: Pick<HistoryState, 'range' | 'accounts' | 'regions'>,
): Suggestions {
  const [found, setFound] = useState<readonly Option[]>([]);
  const [status, setStatus] = useState<Status>('finished');
  const asking = useRef<AbortController>();
  useEffect(() => () => asking.current?.abort(), []);

  const load = ({ filteringProperty, filteringText }: PropertyFilterProps.LoadItemsDetail) => {
    asking.current?.abort();
    const field = filteringProperty?.key;
    if (field === undefined || !canBeCounted(field)) return setStatus('finished');
    asking.current = new AbortController();
    const { signal } = asking.current;
    const text = filteringText.trim();
    const filter = text === '' ? '' : printSearchFilter({ field, op: ':', value: text });
    setStatus('loading');
    askValues(field, searchOf({ ...scope, filter, order: 'newest' }, clock.now()), signal).then(
      (options) => {
        if (signal.aborted) return;
        setFound(options);
        setStatus('finished');
      },
      // Whoever writes goes on without: suggestions are a help, not an answer.
      () => signal.aborted || setStatus('finished'),
    );
  };

  const options = useMemo(
    () => distinct([...BOOLEANS, ...facets.flatMap(({ Field, Values }) => optionsOf(Field, Values)), ...found]),
    [facets, found],
  );
  return { options, status, load };
}

async function askValues(field: string, search: Search, signal: AbortSignal): Promise<readonly Option[]> {
  await pause(TYPING_PAUSE_MS, signal);
  const input = { ...search, Limit: 0, Facets: [field], FacetLimit: SUGGESTED_VALUES };
  const { Facets } = await native<{ Facets: readonly Facet[] }>('search', input, { signal });
  return optionsOf(field, Facets[0]?.Values ?? []);
}

const optionsOf = (field: string, values: Facet['Values']): Option[] =>
  values.map(({ Value }) => ({ propertyKey: field, value: Value }));

const distinct = (options: readonly Option[]): readonly Option[] => [
  ...new Map(options.map((option) => [`${option.propertyKey}\n${option.value}`, option])).values(),
];
