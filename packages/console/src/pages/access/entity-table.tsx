import { useCollection } from '@cloudscape-design/collection-hooks';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import { text, useUrlState } from '../../app/url-state.ts';
import type { Call } from '../../hooks/use-call.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ErrorState } from '../../ui/error-state.tsx';
import { Page } from '../../ui/page.tsx';

const STATE = { q: text() } as const;
const PAGE_SIZE = 50;

interface EntityTableProps<T> {
  /** Plural, as the page is called: Users. */
  readonly title: string;
  readonly description: string;
  readonly call: Call<readonly T[]>;
  readonly columns: readonly TableProps.ColumnDefinition<T>[];
  /** What the search looks through. */
  readonly textsOf: (item: T) => readonly string[];
  readonly idOf: (item: T) => string;
  /** What is to be done where there are none. */
  readonly none: string;
  readonly onReload: () => void;
}

/** A page that lists what a service has: found by text, sorted, fifty at a time. */
export function EntityTable<T>({
  title,
  description,
  call,
  columns,
  textsOf,
  idOf,
  none,
  onReload,
}: EntityTableProps<T>) {
  const [{ q }, change] = useUrlState(STATE);
  const what = title.toLowerCase();
  const find = (value: string) => change({ q: value }, { replace: true });
  const all = call.data ?? [];
  const wanted = q.toLowerCase();
  const shown = all.filter((item) => textsOf(item).some((value) => value.toLowerCase().includes(wanted)));
  const { items, collectionProps, paginationProps } = useCollection(shown, {
    sorting: { defaultState: { sortingColumn: columns[0]! } },
    pagination: { pageSize: PAGE_SIZE },
  });
  const failure = call.error && (
    <ErrorState error={call.error} title={`${title} could not be loaded`} onRetry={call.reload} />
  );
  if (failure && !call.data) {
    return (
      <Page title={title} description={description}>
        {failure}
      </Page>
    );
  }
  return (
    <Page title={title} header={false} contentType="table">
      <SpaceBetween size="l">
        {failure}
        <Table
          {...collectionProps}
          variant="full-page"
          stickyHeader
          wrapLines
          columnDefinitions={columns}
          items={items}
          trackBy={idOf}
          loading={call.loading && !call.data}
          loadingText={`Loading ${what}`}
          ariaLabels={{ tableLabel: title }}
          header={
            <Header
              variant="awsui-h1-sticky"
              {...(call.data && { counter: `(${all.length})` })}
              description={description}
              actions={
                <Button iconName="refresh" ariaLabel={`Reload ${what}`} loading={call.loading} onClick={onReload} />
              }
            >
              {title}
            </Header>
          }
          filter={
            <TextFilter
              filteringText={q}
              filteringPlaceholder={`Find ${what}`}
              filteringAriaLabel={`Find ${what}`}
              countText={`${shown.length} of ${all.length}`}
              onChange={({ detail }) => find(detail.filteringText)}
            />
          }
          pagination={
            shown.length > PAGE_SIZE && (
              <Pagination
                {...paginationProps}
                ariaLabels={{
                  nextPageLabel: 'Next page',
                  previousPageLabel: 'Previous page',
                  pageLabel: (n) => `Page ${n}`,
                }}
              />
            )
          }
          empty={
            q === '' ? (
              <EmptyState title={`No ${what}`}>{none}</EmptyState>
            ) : (
              <EmptyState
                title={`None of the ${what} matches`}
                action={{ text: 'Clear the search', onClick: () => find('') }}
              />
            )
          }
        />
      </SpaceBetween>
    </Page>
  );
}
