import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import { type ReactNode, useMemo, useState } from 'react';
import type { Listed } from '../api/pages.ts';
import type { Call } from '../hooks/use-call.ts';
import { EmptyState } from './empty-state.tsx';
import { ErrorState } from './error-state.tsx';

interface ListTableProps<T> {
  readonly title: string;
  readonly description?: ReactNode;
  readonly call: Call<Listed<T>>;
  readonly columns: readonly TableProps.ColumnDefinition<T>[];
  /** Tells an item from all others. */
  readonly idOf: (item: T) => string;
  /** What typing in the filter is looked for in. */
  readonly textOf: (item: T) => string;
  /** "No alarms", and what to do about it. */
  readonly empty: { readonly title: string; readonly hint: ReactNode };
  readonly failed: string;
  /** Of the one whose details stand beside; none: nothing can be chosen. */
  readonly selectedId?: string;
  readonly onSelect?: (item: T) => void;
}

/** A list of what a service holds: counted, filtered by typing, sorted, and with words for when it is empty or cannot be shown. */
export function ListTable<T>(props: ListTableProps<T>) {
  const { title, description, call, columns, idOf, textOf, empty, failed, selectedId, onSelect } = props;
  const [search, setSearch] = useState('');
  const items = call.data?.items ?? [];
  const needle = search.trim().toLowerCase();
  const found = needle === '' ? items : items.filter((item) => textOf(item).toLowerCase().includes(needle));
  const { sorted, sorting } = useSorting(found, columns);
  if (call.error) return <ErrorState error={call.error} title={failed} onRetry={call.reload} />;
  return (
    <Table
      variant="container"
      wrapLines
      {...sorting}
      items={sorted}
      trackBy={idOf}
      columnDefinitions={columns.map((column) => ({ minWidth: COLUMN_PX_MIN, ...column }))}
      loading={call.data === undefined}
      loadingText="Loading"
      ariaLabels={{
        tableLabel: title,
        selectionGroupLabel: title,
        itemSelectionLabel: (_all, item) => `Show ${idOf(item)}`,
      }}
      {...(onSelect && {
        selectionType: 'single' as const,
        selectedItems: items.filter((item) => idOf(item) === selectedId),
        onSelectionChange: ({ detail }: { detail: { selectedItems: T[] } }) => onSelect(detail.selectedItems[0]!),
        onRowClick: ({ detail }: { detail: { item: T } }) => onSelect(detail.item),
      })}
      header={
        <Header
          variant="h2"
          description={description}
          counter={call.data ? `(${items.length}${call.data.isCut ? '+' : ''})` : undefined}
          actions={
            <Button iconName="refresh" ariaLabel={`Refresh ${title}`} loading={call.loading} onClick={call.reload} />
          }
        >
          {title}
        </Header>
      }
      filter={
        items.length > 1 && (
          <TextFilter
            filteringText={search}
            filteringPlaceholder="Find"
            filteringAriaLabel={`Find in ${title}`}
            countText={needle === '' ? '' : `${found.length} found`}
            onChange={({ detail }) => setSearch(detail.filteringText)}
          />
        )
      }
      empty={
        needle === '' ? (
          <EmptyState title={empty.title}>{empty.hint}</EmptyState>
        ) : (
          <EmptyState title="Nothing found" action={{ text: 'Clear filter', onClick: () => setSearch('') }} />
        )
      }
    />
  );
}

/** Narrower ones would break words; the table is scrolled then. */
const COLUMN_PX_MIN = 130;

function useSorting<T>(items: readonly T[], columns: readonly TableProps.ColumnDefinition<T>[]) {
  const [order, setOrder] = useState<{ readonly id: string; readonly descending: boolean }>();
  const column = columns.find(({ id }) => id === order?.id);
  const sorted = useMemo(() => {
    const compare = column?.sortingComparator;
    if (!compare) return items;
    const sign = order?.descending ? -1 : 1;
    return [...items].sort((a, b) => sign * compare(a, b));
  }, [items, column, order]);
  const sorting = {
    ...(column && { sortingColumn: column, sortingDescending: order!.descending }),
    onSortingChange: ({ detail }: { detail: TableProps.SortingState<T> }) => {
      const id = columns.find(
        ({ sortingComparator }) => sortingComparator === detail.sortingColumn.sortingComparator,
      )?.id;
      if (id !== undefined) setOrder({ id, descending: detail.isDescending ?? false });
    },
  };
  return { sorted, sorting };
}

/** Sorts by a text or number of each item. */
export const by =
  <T,>(value: (item: T) => string | number | undefined) =>
  (a: T, b: T): number => {
    const [one, other] = [value(a) ?? '', value(b) ?? ''];
    return one < other ? -1 : one > other ? 1 : 0;
  };
