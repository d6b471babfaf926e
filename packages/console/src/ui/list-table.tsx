import { useCollection } from '@cloudscape-design/collection-hooks';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import { type ReactNode, useState } from 'react';
import type { Listed } from '../api/pages.ts';
import type { Call } from '../hooks/use-call.ts';
import { EmptyState } from './empty-state.tsx';
import { ErrorState } from './error-state.tsx';
import { countText } from './format.ts';

/** More rows at once are slow to draw and not read. */
const PAGE_ROWS = 50;
/** Narrower columns would break words; the table is scrolled then. */
const COLUMN_PX_MIN = 130;

export interface ListTableProps<T> {
  readonly title: string;
  readonly description?: ReactNode;
  readonly call: Call<Listed<T>>;
  readonly columns: readonly TableProps.ColumnDefinition<T>[];
  /** Tells an item from all others. */
  readonly idOf: (item: T) => string;
  /** What typing in the filter is looked for in. */
  readonly textOf: (item: T) => string;
  /** "No alarms", and what to do about it. */
  readonly empty: { readonly title: string; readonly hint: ReactNode; readonly action?: EmptyAction };
  readonly failed: string;
  /** Default: asks the call anew. */
  readonly onReload?: () => void;
  /** Buttons beside that of reloading. */
  readonly actions?: ReactNode;
  /** Of the one whose details stand beside; none: nothing can be chosen. */
  readonly selectedId?: string;
  readonly onSelect?: (item: T) => void;
  /** The table is the page, and has its heading. */
  readonly isPage?: boolean;
  /** What is typed in the filter, where whoever shows the list keeps it. Without these the list does. */
  readonly search?: string;
  readonly onSearch?: (search: string) => void;
}

type EmptyAction = Parameters<typeof EmptyState>[0]['action'];

/**
 * A list of what a service holds: counted, filtered by typing, sorted, fifty at a time, and with words for when it is empty or
 * cannot be shown. What was shown stays when it cannot be loaded anew.
 */
export function ListTable<T>(props: ListTableProps<T>) {
  const { call, failed } = props;
  const failure = call.error && (
    <ErrorState error={call.error} title={failed} onRetry={props.onReload ?? call.reload} />
  );
  if (failure && !call.data) return failure;
  return (
    <SpaceBetween size="l">
      {failure}
      <Rows {...props} />
    </SpaceBetween>
  );
}

function Rows<T>(props: ListTableProps<T>) {
  const { title, call, columns, idOf, textOf, empty, selectedId, onSelect, isPage = false } = props;
  const [typed, setTyped] = useState('');
  const search = props.search ?? typed;
  const all = call.data?.items ?? [];
  const needle = search.trim().toLowerCase();
  const found = needle === '' ? all : all.filter((item) => textOf(item).toLowerCase().includes(needle));
  const shown = useCollection(found, {
    sorting: isPage ? { defaultState: { sortingColumn: columns[0]! } } : {},
    pagination: { pageSize: PAGE_ROWS },
  });
  const find = (text: string) => {
    (props.onSearch ?? setTyped)(text);
    shown.actions.setCurrentPage(1);
  };
  return (
    <Table
      {...shown.collectionProps}
      variant={isPage ? 'full-page' : 'container'}
      stickyHeader={isPage}
      wrapLines
      items={shown.items}
      trackBy={idOf}
      columnDefinitions={columns.map((column) => ({ minWidth: COLUMN_PX_MIN, ...column }))}
      loading={call.loading && !call.data}
      loadingText={`Loading ${title.toLowerCase()}`}
      ariaLabels={{
        tableLabel: title,
        selectionGroupLabel: title,
        itemSelectionLabel: (_all, item) => `Show ${idOf(item)}`,
      }}
      {...(onSelect && {
        selectionType: 'single' as const,
        selectedItems: all.filter((item) => idOf(item) === selectedId),
        onSelectionChange: ({ detail }: { detail: { selectedItems: T[] } }) => onSelect(detail.selectedItems[0]!),
        onRowClick: ({ detail }: { detail: { item: T } }) => onSelect(detail.item),
      })}
      header={<ListHeader {...props} />}
      filter={
        all.length > 1 || needle !== '' ? (
          <TextFilter
            filteringText={search}
            filteringPlaceholder={`Find ${title.toLowerCase()}`}
            filteringAriaLabel={`Find ${title.toLowerCase()}`}
            countText={needle === '' ? '' : `${countText(found.length)} found`}
            onChange={({ detail }) => find(detail.filteringText)}
          />
        ) : undefined
      }
      pagination={
        found.length > PAGE_ROWS ? <Pagination {...shown.paginationProps} ariaLabels={PAGE_LABELS} /> : undefined
      }
      empty={
        needle === '' ? (
          <EmptyState title={empty.title} {...(empty.action && { action: empty.action })}>
            {empty.hint}
          </EmptyState>
        ) : (
          <EmptyState title="Nothing found" action={{ text: 'Clear filter', onClick: () => find('') }} />
        )
      }
    />
  );
}

function ListHeader<T>({ title, description, call, actions, onReload, isPage = false }: ListTableProps<T>) {
  const { data, loading } = call;
  const reload = (
    <Button iconName="refresh" ariaLabel={`Refresh ${title}`} loading={loading} onClick={onReload ?? call.reload} />
  );
  return (
    <Header
      variant={isPage ? 'awsui-h1-sticky' : 'h2'}
      description={description}
      counter={data ? `(${countText(data.items.length)}${data.isCut ? '+' : ''})` : undefined}
      actions={
        actions ? (
          <SpaceBetween direction="horizontal" size="xs">
            {reload}
            {actions}
          </SpaceBetween>
        ) : (
          reload
        )
      }
    >
      {title}
    </Header>
  );
}

const PAGE_LABELS = {
  nextPageLabel: 'Next page',
  previousPageLabel: 'Previous page',
  pageLabel: (n: number) => `Page ${n}`,
};

/** Sorts by a text or number of each item. */
export const by =
  <T,>(value: (item: T) => string | number | undefined) =>
  (a: T, b: T): number => {
    const [one, other] = [value(a) ?? '', value(b) ?? ''];
    return one < other ? -1 : one > other ? 1 : 0;
  };
