import { Readable } from 'node:stream';
import { CSV_COLUMNS } from '../../event/search/index.ts';
import type { ExportFormat, LakeExport } from '../../ports/lake.ts';
import type { Handler } from '../../wire/service.ts';
import { limitAtOnce } from './at-once.ts';
import type { SearchDeps } from './deps.ts';
import { checkFields, invalid, readSearchQuery, type SearchInput, within } from './search-query.ts';
import { caughtUp, orGone } from './searches.ts';
import { whoseRecords } from './whose-records.ts';

/** Nobody sits before a file that is being made, and it should lack nothing. */
const WAIT_MS_MAX = 10_000;
/** Each reads much of the lake for as long as its client takes. */
const AT_ONCE = { what: 'exports', max: 8, ofAccountMax: 4 };
/** A wider table than anyone looks at; bounds what is read of each record. */
const COLUMNS_MAX = 100;

const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
};

interface ExportEventsInput extends SearchInput {
  readonly Format: string;
  readonly Columns?: readonly string[];
  readonly Limit?: number;
}

/**
 * ExportEvents: all events that a filter finds, as a file, made as fast as its reader takes it. A failure on the way breaks
 * the answer off (a chunked body without its end), so that no part is taken for the whole.
 */
export function createExportEvents(deps: SearchDeps): Handler {
  const enter = limitAtOnce(AT_ONCE);
  return async (context, input: ExportEventsInput) => {
    const { filter, startMs, endMs, order, from } = readSearchQuery(input);
    const format = formatOf(input.Format);
    const columns = columnsOf(format, input.Columns);
    const limit = input.Limit === undefined ? {} : { limit: within('Limit', input.Limit, 1, Number.MAX_SAFE_INTEGER) };
    const accounts = await whoseRecords(deps, context, input.AccountId);
    const release = enter(context.caller.accountId);
    try {
      const { upTo, behind } = await caughtUp(deps, input.UpTo, context.signal, WAIT_MS_MAX);
      const query: LakeExport = {
        ...{ startMs, endMs, from, upTo, order, format, ...limit },
        ...(accounts && { accounts }),
        ...(filter && { filter }),
        ...(columns && { columns }),
      };
      return {
        ContentType: CONTENT_TYPES[format],
        ContentDisposition: `attachment; filename="events.${format}"`,
        SearchedUpTo: upTo,
        EventsBehind: behind,
        File: await begun(deps.lake.export(query, context.signal), release),
      };
    } catch (error) {
      release();
      throw orGone(context, error);
    }
  };
}

function formatOf(format: string): ExportFormat {
  if (Object.hasOwn(CONTENT_TYPES, format)) return format as ExportFormat;
  throw invalid(`Format must be one of ${Object.keys(CONTENT_TYPES).join(', ')}.`);
}

function columnsOf(format: ExportFormat, asked: readonly string[] | undefined): readonly string[] | undefined {
  if (asked === undefined) return format === 'csv' ? CSV_COLUMNS : undefined;
  if (asked.length === 0 || asked.length > COLUMNS_MAX) throw invalid(`Columns must name 1 to ${COLUMNS_MAX} fields.`);
  const columns = checkFields('Columns', asked);
  if (new Set(columns).size < columns.length) throw invalid('Columns must not name a field twice.');
  return columns;
}

/** The stream, once its first piece is there: what fails before that is still answered as an error. */
async function begun(file: AsyncIterable<Buffer>, release: () => void): Promise<Readable> {
  const pieces = file[Symbol.asyncIterator]();
  const first = await pieces.next();
  async function* all(): AsyncGenerator<Buffer> {
    // In a stream of bytes an empty piece is the end of nothing, and nobody reads on after it.
    for (let piece = first; !piece.done; piece = await pieces.next()) if (piece.value.length > 0) yield piece.value;
  }
  const stream = Readable.from(all(), { objectMode: false });
  // Also when it is destroyed before anybody reads it, which never enters the generator.
  stream.once('close', () => {
    release();
    void pieces.return?.().catch(() => undefined);
  });
  return stream;
}
