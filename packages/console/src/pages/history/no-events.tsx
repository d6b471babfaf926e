import { isText } from '../../app/typed-search.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { DEFAULT_RANGE, describeRange } from '../../ui/range.ts';
import { readFilter } from './facet-filter.ts';
import type { HistoryState } from './state.ts';
import type { ChangeState } from './use-history-state.ts';

const MANY_WORDS = ' Each word has to be in the event: try fewer, such as a name alone.';

/** Whether the filter looks for several texts. */
function hasWords(text: string): boolean {
  const filter = readFilter(text);
  return filter !== undefined && 'and' in filter && filter.and.filter(isText).length > 1;
}

interface NoEventsProps {
  readonly state: HistoryState;
  readonly change: ChangeState;
  readonly isReadable: boolean;
}

/** Why the list is empty, and what to do about it. */
export function NoEvents({ state, change, isReadable }: NoEventsProps) {
  if (!isReadable) return <EmptyState title="The filter cannot be read">What is wrong stands below it.</EmptyState>;
  const where = describeRange(state.range);
  if (state.filter !== '' || state.accounts.length > 0 || state.regions.length > 0) {
    return (
      <EmptyState
        title="No events match"
        action={{ text: 'Clear filters', onClick: () => change({ filter: '', accounts: [], regions: [] }) }}
      >
        {`There are none in ${where} with this filter.${hasWords(state.filter) ? MANY_WORDS : ''}`}
      </EmptyState>
    );
  }
  if (state.range.type === 'all')
    return <EmptyState title="No events yet">What is called from now on appears here.</EmptyState>;
  const isDefault = state.range.type === 'relative' && state.range.amount === 90 && DEFAULT_RANGE.type === 'relative';
  return (
    <EmptyState
      title={`No events in ${where}`}
      action={{ text: 'Show all time', onClick: () => change({ range: { type: 'all' } }) }}
    >
      {isDefault ? 'Imported events may be older.' : 'Choose a longer time range.'}
    </EmptyState>
  );
}
