import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import Pagination from '@cloudscape-design/components/pagination';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import { useMemo, useState } from 'react';
import { messageOf } from '../../api/error.ts';
import { flash } from '../../app/flashes.tsx';
import { eventHref } from '../../app/links.ts';
import { useCall } from '../../hooks/use-call.ts';
import { Breakable } from '../../ui/breakable.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ErrorState } from '../../ui/error-state.tsx';
import { countText } from '../../ui/format.ts';
import { Loading } from '../../ui/loading.tsx';
import { Time } from '../../ui/time.tsx';
import { visible } from '../../ui/visible.ts';
import { getFile } from './calls.ts';
import { downloadFile } from './download-file.ts';
import { gunzipText, type RecordRow, recordsIn, rowOf } from './logic/log-file.ts';

const PAGE_ROWS = 50;

interface LogFileViewProps {
  readonly bucket: string;
  readonly fileKey: string;
  readonly onClose: () => void;
}

/** A log file's records, inflated here in the browser. */
export function LogFileView({ bucket, fileKey, onClose }: LogFileViewProps) {
  const file = useCall(
    async (signal) => {
      const { body } = await getFile(bucket, fileKey, signal);
      return body ? recordsIn(await gunzipText(body)).map(rowOf) : [];
    },
    [bucket, fileKey],
  );
  const [busy, setBusy] = useState(false);
  const download = async () => {
    setBusy(true);
    try {
      await downloadFile(bucket, fileKey);
    } catch (error) {
      flash({ type: 'error', header: 'The file could not be downloaded', content: messageOf(error) });
    } finally {
      setBusy(false);
    }
  };
  return (
    <SpaceBetween size="m">
      <Header
        variant="h2"
        description={<Breakable text={visible(fileKey)} />}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="arrow-left" onClick={onClose}>
              Back to the folder
            </Button>
            <Button iconName="download" loading={busy} onClick={download}>
              Download
            </Button>
          </SpaceBetween>
        }
      >
        Log file
      </Header>
      {file.error ? (
        <ErrorState error={file.error} title="The log file could not be read" onRetry={file.reload} />
      ) : file.data ? (
        <Records rows={file.data} />
      ) : (
        <Loading text="Reading the log file" />
      )}
    </SpaceBetween>
  );
}

function Records({ rows }: { readonly rows: readonly RecordRow[] }) {
  const [wanted, setWanted] = useState('');
  const [page, setPage] = useState(1);
  const found = useMemo(() => rows.filter((row) => matches(row, wanted.toLowerCase())), [rows, wanted]);
  const pages = Math.max(1, Math.ceil(found.length / PAGE_ROWS));
  return (
    <Table
      columnDefinitions={COLUMNS}
      items={found.slice((page - 1) * PAGE_ROWS, page * PAGE_ROWS)}
      trackBy="id"
      ariaLabels={{ tableLabel: 'Records' }}
      header={
        <Header variant="h3" counter={`(${countText(rows.length)})`}>
          Records
        </Header>
      }
      filter={
        <TextFilter
          filteringText={wanted}
          filteringPlaceholder="Find records"
          filteringAriaLabel="Find records"
          countText={`${found.length} found`}
          onChange={({ detail }) => {
            setWanted(detail.filteringText);
            setPage(1);
          }}
        />
      }
      pagination={
        <Pagination
          currentPageIndex={page}
          pagesCount={pages}
          onChange={({ detail }) => setPage(detail.currentPageIndex)}
          ariaLabels={{ nextPageLabel: 'Next page', previousPageLabel: 'Previous page' }}
        />
      }
      empty={<EmptyState title={rows.length === 0 ? 'No records in this file' : 'No record matches'} />}
    />
  );
}

const matches = (row: RecordRow, wanted: string): boolean =>
  [row.name, row.source, row.user, row.errorCode, row.eventId].some((value) => value.toLowerCase().includes(wanted));

/** Longer ones stand whole on the event's own page. */
const TEXT_CHARS_MAX = 80;
const shown = (text: string): string => visible(text, TEXT_CHARS_MAX) || '-';

const COLUMNS: TableProps.ColumnDefinition<RecordRow>[] = [
  {
    id: 'name',
    header: 'Event name',
    isRowHeader: true,
    cell: (row) =>
      row.eventId && row.accountId ? (
        <Link href={eventHref(row.accountId, row.eventId)}>{shown(row.name)}</Link>
      ) : (
        shown(row.name)
      ),
  },
  { id: 'time', header: 'Event time', cell: (row) => <Time value={row.time} /> },
  { id: 'user', header: 'User', cell: (row) => shown(row.user) },
  { id: 'source', header: 'Event source', cell: (row) => shown(row.source) },
  {
    id: 'error',
    header: 'Error code',
    cell: (row) => (row.errorCode ? <StatusIndicator type="error">{shown(row.errorCode)}</StatusIndicator> : '-'),
  },
];
