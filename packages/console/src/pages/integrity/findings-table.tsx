import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import { useState } from 'react';
import { Breakable } from '../../ui/breakable.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { visible } from '../../ui/visible.ts';
import { meaningOf } from './logic/findings.ts';
import type { Finding } from './logic/lines.ts';

const PAGE_ROWS = 20;

/** What was found, in words; what is wrong first. */
export function FindingsTable({ findings }: { readonly findings: readonly Finding[] }) {
  const [page, setPage] = useState(1);
  const sorted = [...findings].sort((a, b) => Number(b.Severity === 'invalid') - Number(a.Severity === 'invalid'));
  const pages = Math.ceil(sorted.length / PAGE_ROWS);
  return (
    <Table
      columnDefinitions={COLUMNS}
      items={sorted.slice((page - 1) * PAGE_ROWS, page * PAGE_ROWS)}
      ariaLabels={{ tableLabel: 'Findings' }}
      wrapLines
      header={
        <Header variant="h2" counter={`(${findings.length})`}>
          Findings
        </Header>
      }
      empty={<EmptyState title="No findings" />}
      {...(pages > 1 && {
        pagination: (
          <Pagination
            currentPageIndex={page}
            pagesCount={pages}
            onChange={({ detail }) => setPage(detail.currentPageIndex)}
            ariaLabels={{ nextPageLabel: 'Next page', previousPageLabel: 'Previous page' }}
          />
        ),
      })}
    />
  );
}

const COLUMNS: TableProps.ColumnDefinition<Finding>[] = [
  {
    id: 'severity',
    header: 'Weight',
    width: 130,
    cell: ({ Severity }) =>
      Severity === 'invalid' ? (
        <StatusIndicator type="error">Invalid</StatusIndicator>
      ) : (
        <StatusIndicator type="info">Notice</StatusIndicator>
      ),
  },
  {
    id: 'meaning',
    header: 'What was found',
    isRowHeader: true,
    minWidth: 260,
    cell: ({ Code, Message }) => (
      <>
        {meaningOf(Code)}
        <Box variant="small" display="block">
          {Code}: {visible(Message)}
        </Box>
      </>
    ),
  },
  {
    id: 'object',
    header: 'Object',
    minWidth: 260,
    cell: ({ Object: about }) => <Breakable text={visible(about)} />,
  },
];
