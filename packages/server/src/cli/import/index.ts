import { realpath } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import { createRecordSlicer } from '../../event/slice.ts';
import type { OpenTrailClient, PutRecordsAnswer } from '../client.ts';
import { createProgress, type Progress } from '../progress.ts';
import { doneListPath, openDoneList } from './done-list.ts';
import { contentOf, FileProblem, findFiles, type ImportFile } from './files.ts';

export interface ImportOptions {
  readonly paths: readonly string[];
  /** Files every record under this account, whatever it says itself. */
  readonly asAccount?: string;
  readonly quiet: boolean;
  /** Reads files again that an earlier import has finished. */
  readonly again: boolean;
}

interface Totals {
  accepted: number;
  duplicates: number;
  refused: number;
  bytes: number;
  files: number;
  skippedFiles: number;
}

/** A batch stays well under what PutRecords takes, and is answered in a fraction of a second. */
const BATCH_RECORDS_MAX = 2_000;
const BATCH_BYTES_MAX = 4 * 1024 * 1024;

/**
 * `opentrail import PATH…`: sends the records of files and folders to a running OpenTrail, each byte for byte and only
 * once. What cannot be a record is told with its file, line and reason, and the rest goes on.
 * @returns 0 when every record is in, 1 when something was refused
 */
export async function importRecords(client: OpenTrailClient, clock: Clock, options: ImportOptions): Promise<number> {
  const files = await findFiles(await Promise.all(options.paths.map((p) => realpath(p).catch(() => p))));
  const progress = createProgress(clock, { quiet: options.quiet });
  const listPath = doneListPath(await client.instanceId(), options.asAccount ?? '', process.env);
  const done = openDoneList(listPath, progress.note);
  const totalBytes = files.reduce((sum, f) => sum + f.sizeBytes, 0);
  const totals: Totals = { accepted: 0, duplicates: 0, refused: 0, bytes: 0, files: 0, skippedFiles: 0 };
  for (const file of files) {
    if (!options.again && done.has(file)) {
      totals.skippedFiles++;
    } else {
      const refusedBefore = totals.refused;
      await importFile(
        client,
        file,
        options,
        totals,
        (part) => {
          progress.update(totals.bytes + part, totalBytes, `${totals.accepted} records, ${totals.duplicates} known`);
        },
        progress,
      );
      // A file with refusals is read again next time: it may have been cut short, or mended since.
      if (totals.refused === refusedBefore) done.add(file);
      totals.files++;
    }
    totals.bytes += file.sizeBytes;
  }
  progress.finish();
  process.stdout.write(`${summary(totals)}\n`);
  return totals.refused > 0 ? 1 : 0;
}

async function importFile(
  client: OpenTrailClient,
  file: ImportFile,
  options: ImportOptions,
  totals: Totals,
  onPart: (bytes: number) => void,
  progress: Progress,
): Promise<void> {
  const refuse = (line: number, code: string, message: string) => {
    totals.refused++;
    progress.note(`${file.path}:${line}: refused: ${code}: ${message}`);
  };
  let batch: { json: Buffer; line: number }[] = [];
  let batchBytes = 0;
  const flush = async () => {
    if (batch.length === 0) return;
    const sent = batch;
    batch = [];
    batchBytes = 0;
    const answer = await client.putRecords(joinLines(sent), { deduplicate: true, account: options.asAccount });
    count(answer, sent, totals, refuse);
  };
  const take = async (slices: Iterable<Slice>) => {
    for (const slice of slices) {
      if ('refused' in slice) {
        refuse(slice.line, slice.refused.code, slice.refused.message);
        continue;
      }
      if (batch.length >= BATCH_RECORDS_MAX || batchBytes + slice.json.length > BATCH_BYTES_MAX) await flush();
      batch.push(slice);
      batchBytes += slice.json.length;
    }
  };
  const slicer = createRecordSlicer();
  let read = 0;
  try {
    for await (const chunk of contentOf(file.path)) {
      read += chunk.length;
      await take(slicer.push(chunk));
      onPart(Math.min(file.sizeBytes, read));
    }
    await take(slicer.end());
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    refuse(0, error.code, error.message);
  }
  await flush();
}

type Slice = { json: Buffer; line: number } | { refused: { code: string; message: string }; line: number };

/** A record of more than one line is sent as it is: the door takes records one after another, however they are spaced. */
function joinLines(batch: readonly { json: Buffer }[]): Buffer {
  const newline = Buffer.from('\n');
  return Buffer.concat(batch.flatMap(({ json }) => [json, newline]));
}

function count(
  answer: PutRecordsAnswer,
  sent: readonly { line: number }[],
  totals: Totals,
  refuse: (line: number, code: string, message: string) => void,
): void {
  totals.accepted += answer.AcceptedCount;
  totals.duplicates += answer.DuplicateCount;
  answer.Results.forEach((result, i) => {
    if (result.Status !== 'REFUSED') return;
    refuse(sent[i]?.line ?? 0, result.ErrorCode ?? '', (result.ErrorMessage ?? '').replace(/^line \d+: /, ''));
  });
}

function summary(t: Totals): string {
  const skipped = t.skippedFiles > 0 ? `, ${t.skippedFiles} files skipped that were imported before` : '';
  return `${t.accepted} records imported, ${t.duplicates} known already, ${t.refused} refused, from ${t.files} files${skipped}`;
}
