import Header from '@cloudscape-design/components/header';
import Pagination, { type PaginationProps } from '@cloudscape-design/components/pagination';
import type { ReactNode } from 'react';
import { CompareButton } from './compare-button.tsx';
import type { EventRow } from './event-row.ts';
import { ListPreferences } from './list-preferences.tsx';
import { type HistoryPreferences, historyPreferences } from './saved.ts';
import type { ChangeState } from './use-history-state.ts';

interface ListHeaderProps {
  readonly title: string;
  readonly counter?: string | undefined;
  readonly info?: ReactNode;
  readonly description?: string | undefined;
  readonly picked: readonly EventRow[];
  readonly columns: readonly string[];
  readonly preferences: HistoryPreferences;
  /** Paths that events on the page have values at. */
  readonly paths: readonly string[];
  readonly change: ChangeState;
  /** Pages count from 1, as Cloudscape has them. */
  readonly pages: Pick<PaginationProps, 'currentPageIndex' | 'pagesCount' | 'openEnd' | 'disabled'>;
  readonly onPage: (page: number) => void;
  /** More buttons. */
  readonly children?: ReactNode;
}

/** Above the rows: how many there are, their pages, and how they are shown. */
export function ListHeader(props: ListHeaderProps) {
  const { title, counter, info, description, picked, columns, preferences, paths, change, pages, onPage } = props;
  const onColumns = (chosen: readonly string[]) => {
    historyPreferences.set({ columns: chosen });
    change({ columns: chosen }, { replace: true });
  };
  return (
    <Header
      counter={counter}
      info={info}
      description={description}
      actions={
        <div className="history-actions">
          <CompareButton picked={picked} />
          {props.children}
          <Pagination
            {...pages}
            onChange={({ detail }) => detail.currentPageIndex <= pages.pagesCount && onPage(detail.currentPageIndex)}
            ariaLabels={PAGINATION_LABELS}
          />
          <ListPreferences columns={columns} preferences={preferences} paths={paths} onColumns={onColumns} />
        </div>
      }
    >
      {title}
    </Header>
  );
}

const PAGINATION_LABELS: PaginationProps.Labels = {
  nextPageLabel: 'Next page',
  previousPageLabel: 'Previous page',
  pageLabel: (page) => `Page ${page}`,
};
