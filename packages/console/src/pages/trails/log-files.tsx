import Box from '@cloudscape-design/components/box';
import BreadcrumbGroup from '@cloudscape-design/components/breadcrumb-group';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import { useState } from 'react';
import { messageOf } from '../../api/error.ts';
import { flash } from '../../app/flashes.tsx';
import { text, useUrlState } from '../../app/url-state.ts';
import { useCall } from '../../hooks/use-call.ts';
import { logsFolder, type Trail } from '../../parts/trails/trail.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ErrorState } from '../../ui/error-state.tsx';
import { bytesText } from '../../ui/format.ts';
import { Time } from '../../ui/time.tsx';
import { visible } from '../../ui/visible.ts';
import { listFolder } from './calls.ts';
import { downloadFile } from './download-file.ts';
import { LogFileView } from './log-file-view.tsx';
import { crumbsOf, type FolderPage, isLogFile, type ListedFile, lastPart } from './logic/listing.ts';

/** Where in the log files one is. */
const STATE = { folder: text(), file: text() } as const;

type Row = { readonly folder: string } | { readonly file: ListedFile };

/** The trail's part of its bucket, folder by folder; a log file opens into its records. */
export function LogFiles({ trail }: { readonly trail: Trail }) {
  const [{ folder: wanted, file }, change] = useUrlState(STATE);
  const root = logsFolder(trail);
  const folder = wanted.startsWith(root) ? wanted : root;
  const open = (to: string) => change({ folder: to, file: '' });
  if (file !== '') {
    return <LogFileView bucket={trail.S3BucketName} fileKey={file} onClose={() => change({ file: '' })} />;
  }
  return (
    <SpaceBetween size="s">
      <BreadcrumbGroup
        ariaLabel="Folders"
        items={crumbsOf(root, folder).map(({ text, folder: href }) => ({ text: visible(text), href }))}
        onFollow={(event) => {
          event.preventDefault();
          open(event.detail.href);
        }}
      />
      <FolderTable
        key={folder}
        bucket={trail.S3BucketName}
        folder={folder}
        onFolder={open}
        onFile={(key) => change({ folder, file: key })}
      />
    </SpaceBetween>
  );
}

interface FolderTableProps {
  readonly bucket: string;
  readonly folder: string;
  readonly onFolder: (folder: string) => void;
  readonly onFile: (key: string) => void;
}

function FolderTable({ bucket, folder, onFolder, onFile }: FolderTableProps) {
  const [tokens, setTokens] = useState<readonly (string | undefined)[]>([undefined]);
  const listing = useCall(
    async (signal) => {
      let pages: FolderPage = { folders: [], files: [] };
      for (const token of tokens) pages = joined(pages, await listFolder(bucket, folder, token, signal));
      return pages;
    },
    [bucket, folder, tokens],
  );
  const { data } = listing;
  const rows: Row[] = [
    ...(data?.folders ?? []).map((name) => ({ folder: name })),
    ...(data?.files ?? []).map((file) => ({ file })),
  ];
  const more = data?.next;
  if (listing.error)
    return <ErrorState error={listing.error} title="The folder could not be listed" onRetry={listing.reload} />;
  return (
    <Table
      columnDefinitions={columns(bucket, onFolder, onFile)}
      items={rows}
      loading={listing.loading && !data}
      loadingText="Listing the folder"
      trackBy={(row) => ('folder' in row ? row.folder : row.file.key)}
      ariaLabels={{ tableLabel: 'Files' }}
      header={
        <Header
          variant="h2"
          counter={data ? `(${rows.length}${more ? '+' : ''})` : ''}
          actions={<Button iconName="refresh" ariaLabel="List again" onClick={listing.reload} />}
        >
          {shownPart(folder)}
        </Header>
      }
      footer={
        more !== undefined && (
          <Box textAlign="center">
            <Button loading={listing.loading} onClick={() => setTokens([...tokens, more])}>
              Show more
            </Button>
          </Box>
        )
      }
      empty={
        <EmptyState title="Nothing here yet">
          Log files come some minutes after what they tell of, digests once an hour.
        </EmptyState>
      }
    />
  );
}

/** Anyone who may write to the bucket names what is in it. */
const shownPart = (key: string): string => visible(lastPart(key));

const joined = (before: FolderPage, { folders, files, ...rest }: FolderPage): FolderPage => ({
  folders: [...before.folders, ...folders],
  files: [...before.files, ...files],
  ...rest,
});

function columns(
  bucket: string,
  onFolder: (folder: string) => void,
  onFile: (key: string) => void,
): TableProps.ColumnDefinition<Row>[] {
  return [
    {
      id: 'name',
      header: 'Name',
      isRowHeader: true,
      cell: (row) =>
        'folder' in row ? (
          <Opens text={`${shownPart(row.folder)}/`} onOpen={() => onFolder(row.folder)} />
        ) : isLogFile(row.file.key) ? (
          <Opens text={shownPart(row.file.key)} onOpen={() => onFile(row.file.key)} />
        ) : (
          shownPart(row.file.key)
        ),
    },
    { id: 'size', header: 'Size', cell: (row) => ('file' in row ? bytesText(row.file.sizeBytes) : '') },
    { id: 'time', header: 'Delivered', cell: (row) => ('file' in row ? <Time value={row.file.modified} /> : '') },
    {
      id: 'actions',
      header: 'Download',
      cell: (row) =>
        'file' in row && (
          <Button
            variant="inline-icon"
            iconName="download"
            ariaLabel={`Download ${shownPart(row.file.key)}`}
            onClick={() => download(bucket, row.file.key)}
          />
        ),
    },
  ];
}

const Opens = ({ text, onOpen }: { readonly text: string; readonly onOpen: () => void }) => (
  <Link
    href="#"
    onFollow={(event) => {
      event.preventDefault();
      onOpen();
    }}
  >
    {text}
  </Link>
);

function download(bucket: string, key: string): void {
  downloadFile(bucket, key).catch((error) => {
    flash({ type: 'error', header: 'The file could not be downloaded', content: messageOf(error) });
  });
}
