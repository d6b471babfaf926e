import { open, rename, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../base/clock.ts';
import { OperatorError, systemErrorCode } from '../base/errors.ts';
import type { OpenTrailClient } from './client.ts';
import { createProgress } from './progress.ts';
import { asInput, type Found } from './search-filter.ts';

export const EXPORT_FORMATS = ['csv', 'json', 'ndjson', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportOptions {
  readonly found: Found;
  readonly format: ExportFormat;
  readonly columns: readonly string[];
  /** undefined: all. */
  readonly limit: number | undefined;
  /** undefined: standard output. */
  readonly file: string | undefined;
  readonly quiet: boolean;
}

/** What the file's name says, else CSV. */
export const formatOf = (file: string | undefined): ExportFormat =>
  EXPORT_FORMATS.find((format) => file?.toLowerCase().endsWith(`.${format}`)) ?? 'csv';

/**
 * `opentrail export`: all events that a filter finds, as a file. It stands under its name when it is whole; what broke off
 * is removed, and the exit code is not 0.
 * @throws OperatorError
 */
export async function exportEvents(client: OpenTrailClient, clock: Clock, options: ExportOptions): Promise<number> {
  const { found, format, columns, limit, file, quiet } = options;
  if (file === undefined && process.stdout.isTTY) {
    throw new OperatorError(
      'An export goes to a file or a pipe, for records may hold what commands a terminal: use -o.',
    );
  }
  const answer = await client.request('POST', '/opentrail/v1/export', {
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(
      JSON.stringify({
        ...asInput(found),
        Format: format,
        ...(columns.length > 0 && { Columns: columns }),
        ...(limit !== undefined && { Limit: limit }),
      }),
    ),
  });
  if (answer.status !== 200) throw new OperatorError(await client.problemOf(answer));
  const behind = Number(answer.headers['x-opentrail-events-behind'] ?? 0);
  if (behind > 0) process.stderr.write(`opentrail: ${behind} events that have been accepted cannot be searched yet\n`);
  const progress = createProgress(clock, { quiet });
  let bytes = 0;
  const counted = new Transform({
    transform(piece: Buffer, _encoding, done) {
      bytes += piece.length;
      progress.update(0, 0, `${megabytes(bytes)} received`);
      done(null, piece);
    },
  });
  await (file === undefined ? toOutput(answer.body, counted) : toFile(answer.body, counted, file));
  progress.finish();
  if (file !== undefined && !quiet) process.stderr.write(`${file}: ${megabytes(bytes)}\n`);
  return 0;
}

const megabytes = (bytes: number): string =>
  bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;

async function toOutput(body: Readable, counted: Transform): Promise<void> {
  try {
    await pipeline(body, counted, process.stdout, { end: false });
  } catch (error) {
    if (systemErrorCode(error) === 'EPIPE') return; // `| head` has seen enough
    throw brokenOff(error, 'what was printed is not all');
  }
}

async function toFile(body: Readable, counted: Transform, file: string): Promise<void> {
  const part = `${file}.part`;
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(part, 'w');
  } catch (error) {
    body.destroy();
    throw new OperatorError(`Cannot write ${part}: ${systemErrorCode(error) ?? error}.`);
  }
  try {
    await pipeline(body, counted, writerTo(handle));
    await handle.sync();
    await handle.close();
    await rename(part, file);
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(part, { force: true });
    throw brokenOff(error, `${file} was not written`);
  }
}

const writerTo = (handle: Awaited<ReturnType<typeof open>>): Writable =>
  new Writable({
    write(piece: Buffer, _encoding, done) {
      handle.writeFile(piece).then(() => done(), done);
    },
  });

const brokenOff = (cause: unknown, then: string): OperatorError =>
  new OperatorError(`The export broke off (${systemErrorCode(cause) ?? (cause as Error).message}): ${then}.`, {
    cause,
  });
