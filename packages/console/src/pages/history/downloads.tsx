import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import { nativeAnswer } from '../../api/client.ts';
import { messageOf } from '../../api/error.ts';
import { flash } from '../../app/flashes.tsx';
import { clock } from '../../base/clock.ts';
import { bytesText } from '../../ui/format.ts';
import { bring, type FileKind, fileName, openSink } from './download.ts';
import type { Search } from './request.ts';

const FORMATS = [
  { id: 'csv', text: 'CSV, with these columns', mimeType: 'text/csv' },
  { id: 'json', text: 'JSON, whole records', mimeType: 'application/json' },
] as const;
type Format = (typeof FORMATS)[number];

interface DownloadsProps {
  /** What is shown; undefined while nothing is. */
  readonly search: Search | undefined;
  readonly columns: readonly string[];
}

/** All events of the search, not only the page: in the order and, as CSV, with the columns that are shown. */
export function Downloads({ search, columns }: DownloadsProps) {
  return (
    <ButtonDropdown
      items={FORMATS.map(({ id, text }) => ({ id, text }))}
      disabled={search === undefined}
      expandToViewport
      onItemClick={({ detail }) => {
        const format = FORMATS.find(({ id }) => id === detail.id);
        if (format && search) void download(format, search, columns);
      }}
    >
      Download events
    </ButtonDropdown>
  );
}

/** Streams the events into a file; how far it is, how it ended and a way to cancel stand above whatever page is shown. */
async function download({ id, mimeType }: Format, search: Search, columns: readonly string[]): Promise<void> {
  const file: FileKind = { name: fileName(clock.now(), id), mimeType, extension: id };
  const abort = new AbortController();
  const flashId = `download-${file.name}`;
  try {
    const sink = await openSink(file);
    if (sink === undefined) return;
    const cancel = <Button onClick={() => abort.abort()}>Cancel</Button>;
    let bytesCount = 0;
    const tell = (count: number) => {
      bytesCount = count;
      flash(
        {
          type: 'info',
          loading: true,
          content: `Downloading ${file.name}: ${bytesText(count)} so far`,
          action: cancel,
        },
        flashId,
      );
    };
    tell(0);
    const input = { ...search, Format: id, ...(id === 'csv' && { Columns: columns }) };
    const body = await nativeAnswer('export', input, { signal: abort.signal })
      .then((answer) => answer.body!)
      .catch(async (error: unknown) => {
        await sink.discard();
        throw error;
      });
    await bring(body, sink, tell, abort.signal);
    flash({ type: 'success', content: `Downloaded ${file.name} (${bytesText(bytesCount)}).` }, flashId);
  } catch (error) {
    if (abort.signal.aborted) flash({ type: 'info', content: `Cancelled ${file.name}. No file was kept.` }, flashId);
    else flash({ type: 'error', header: `${file.name} could not be downloaded`, content: messageOf(error) }, flashId);
  }
}
