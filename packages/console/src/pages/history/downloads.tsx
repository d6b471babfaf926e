import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import { nativeAnswer } from '../../api/client.ts';
import { messageOf } from '../../api/error.ts';
import { flash } from '../../app/flashes.tsx';
import { clock } from '../../base/clock.ts';
import { bytesText, countText, eventsText } from '../../ui/format.ts';
import { bring, type FileKind, fileName, openSink, type Progress } from './download.ts';
import type { Search } from './request.ts';

const FORMATS = [
  { id: 'csv', text: 'CSV, with these columns', mimeType: 'text/csv' },
  { id: 'json', text: 'JSON, whole records', mimeType: 'application/json' },
] as const;
type Format = (typeof FORMATS)[number];

/** What is to be downloaded: exactly what is shown. */
export interface Wanted {
  readonly search: Search;
  /** How many events there are, as far as they were counted already. */
  readonly totalCount: number | undefined;
}

interface DownloadsProps {
  /** Undefined while nothing is shown. */
  readonly wanted: Wanted | undefined;
  readonly columns: readonly string[];
}

/** All events of the search, not only the page: in the order and, as CSV, with the columns that are shown. */
export function Downloads({ wanted, columns }: DownloadsProps) {
  return (
    <ButtonDropdown
      items={FORMATS.map(({ id, text }) => ({ id, text }))}
      disabled={wanted === undefined}
      expandToViewport
      onItemClick={({ detail }) => {
        const format = FORMATS.find(({ id }) => id === detail.id);
        if (format && wanted) void download(format, wanted, columns);
      }}
    >
      Download events
    </ButtonDropdown>
  );
}

/** Streams the events into a file; how far it is, how it ended and a way to cancel stand above whatever page is shown. */
async function download(
  { id, mimeType }: Format,
  { search, totalCount }: Wanted,
  columns: readonly string[],
): Promise<void> {
  const file: FileKind = { name: fileName(clock.now(), id), mimeType, extension: id };
  const abort = new AbortController();
  const flashId = `download-${file.name}`;
  try {
    const sink = await openSink(file);
    if (sink === undefined) return;
    const cancel = <Button onClick={() => abort.abort()}>Cancel</Button>;
    let size = '';
    const tell = (progress: Progress) => {
      size = bytesText(progress.bytesCount);
      const content = `Downloading ${file.name}: ${progressText(progress, totalCount)}`;
      flash({ type: 'info', loading: true, content, action: cancel }, flashId);
    };
    tell({ bytesCount: 0, linesCount: 0 });
    const input = { ...search, Format: id, ...(id === 'csv' && { Columns: columns }) };
    const body = await nativeAnswer('export', input, { signal: abort.signal })
      .then((answer) => answer.body!)
      .catch(async (error: unknown) => {
        await sink.discard();
        throw error;
      });
    await bring(body, sink, tell, abort.signal);
    flash({ type: 'success', content: `Downloaded ${file.name} (${size}).` }, flashId);
  } catch (error) {
    if (abort.signal.aborted) flash({ type: 'info', content: `Cancelled ${file.name}. No file was kept.` }, flashId);
    else flash({ type: 'error', header: `${file.name} could not be downloaded`, content: messageOf(error) }, flashId);
  }
}

function progressText({ bytesCount, linesCount }: Progress, totalCount: number | undefined): string {
  const size = bytesText(bytesCount);
  if (totalCount === undefined) return `${size} so far`;
  // Line ends within values are counted as well: there are never more events than there are.
  return `${countText(Math.min(linesCount, totalCount))} of ${eventsText(totalCount)}, ${size}`;
}
