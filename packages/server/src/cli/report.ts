import { readFileSync } from 'node:fs';
import { OperatorError, systemErrorCode } from '../base/errors.ts';
import { systemRandom, uuid } from '../base/random.ts';
import type { OpenTrailClient, PutRecordsAnswer } from './client.ts';

/** ReportEvents takes a thousand. */
const BATCH = 500;

/**
 * `opentrail report`: sends what a service reports of itself to ReportEvents. Every report gets an EventId before it is
 * sent, so that a batch whose answer was lost can be sent again.
 * @param path a file with one report, an array of them, or one a line; `-` is standard input
 * @returns the exit code: 1 when any was refused
 */
export async function report(client: OpenTrailClient, path: string): Promise<number> {
  const reports = parse(read(path), path).map(withEventId);
  if (reports.length === 0) throw new OperatorError(`${path} holds no reports.`);
  let [accepted, refused] = [0, 0];
  for (let at = 0; at < reports.length; at += BATCH) {
    const batch = reports.slice(at, at + BATCH);
    const answer = await client.json<PutRecordsAnswer>('POST', '/opentrail/v1/reports', {
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify({ Events: batch })),
    });
    answer.Results.forEach((result, i) => {
      if (result.Status === 'REFUSED') process.stderr.write(`${path}: report ${at + i + 1}: ${result.ErrorMessage}\n`);
    });
    accepted += answer.AcceptedCount + answer.DuplicateCount;
    refused += answer.RefusedCount;
  }
  process.stdout.write(`${accepted} events reported, ${refused} refused\n`);
  return refused === 0 ? 0 : 1;
}

function read(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw new OperatorError(`Cannot read ${path}: ${systemErrorCode(error) ?? error}.`);
  }
}

function parse(text: string, path: string): unknown[] {
  try {
    const parsed = JSON.parse(text) as unknown;
    return Array.isArray(parsed) ? parsed : [parsed];
  } catch {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    return lines.map((line, i) => {
      try {
        return JSON.parse(line) as unknown;
      } catch (error) {
        throw new OperatorError(`${path}:${i + 1}: not JSON: ${(error as Error).message}`);
      }
    });
  }
}

/** `{ServiceEvent: {…}}` with an EventId inside; what is no report is left for the server to refuse. */
function withEventId(given: unknown): unknown {
  if (typeof given !== 'object' || given === null) return given;
  return Object.fromEntries(
    Object.entries(given).map(([kind, body]) =>
      typeof body === 'object' && body !== null ? [kind, { EventId: uuid(systemRandom), ...body }] : [kind, body],
    ),
  );
}
