import { type DigestLogFile, sha256Hex } from '../../trails/digest.ts';
import type { EventIds } from './event-ids.ts';
import { type Finding, finding } from './findings.ts';
import { GzipProblem, gunzipStrictly } from './gunzip.ts';
import type { Source } from './source.ts';

export interface LogFileResult {
  readonly findings: readonly Finding[];
  readonly records: number;
}

/**
 * Checks one log file against what its digest says of it, and its records' eventIDs against all others of the trail.
 * @param fileNumber the file's place in `files`, which names who held an eventID first
 */
export async function checkLogFile(
  source: Source,
  listed: DigestLogFile,
  key: string,
  ids: EventIds,
  fileNumber: number,
  files: readonly string[],
): Promise<LogFileResult> {
  const invalid = (code: 'log-file-missing' | 'log-file-unreadable' | 'log-file-hash-mismatch', message: string) => ({
    findings: [finding(code, key, message)],
    records: 0,
  });
  const object = await source.get(source.bucket === undefined ? undefined : listed.s3Bucket, key);
  if (!object) return invalid('log-file-missing', 'its digest lists it, but it is gone');
  let content: Buffer;
  try {
    content = await gunzipStrictly(object.body);
  } catch (error) {
    if (!(error instanceof GzipProblem)) throw error;
    return invalid('log-file-unreadable', error.message);
  }
  if (sha256Hex(content) !== listed.hashValue) {
    return invalid('log-file-hash-mismatch', 'its content is not what its digest says');
  }
  const eventIds = eventIdsOf(content);
  if (!eventIds) return invalid('log-file-unreadable', 'it is signed, but holds no {"Records":[…]}');
  const findings: Finding[] = [];
  for (const id of eventIds) {
    const first = id === undefined ? undefined : ids.add(id, fileNumber);
    if (first === undefined) continue;
    const where = first === fileNumber ? 'this file' : files[first];
    findings.push(finding('event-repeated', key, `eventID ${id} stands also in ${where}`));
  }
  return { findings, records: eventIds.length };
}

/** The eventID of each record; records of version 1.0 may have none. */
function eventIdsOf(content: Buffer): readonly (string | undefined)[] | undefined {
  try {
    const { Records } = JSON.parse(content.toString('utf8')) as { Records?: readonly { eventID?: unknown }[] };
    return Records?.map((record) => (typeof record?.eventID === 'string' ? record.eventID : undefined));
  } catch {
    return undefined;
  }
}
