import { walkRecords } from './walk/index.ts';

/** The eventIDs of a log file's records, in a form that is quick to make and to hand to another thread. */
export interface RecordIds {
  readonly records: number;
  /** Those that are UUIDs, as all of CloudTrail's are: their 36 characters one after another. */
  readonly uuids: Uint8Array;
  /** All others. Records of version 1.0 may have none. */
  readonly others: readonly string[];
}

const OPEN_OBJECT = 0x7b;

/** As CloudTrail writes every file, and so do we. */
const BEGINNING = Buffer.from('{"Records":[');
const EMPTY = Buffer.from('{"Records":[]}');

/** CloudTrail's files have 50 MB at most. As much again is needed to walk one, and kept for the next. */
const WALKED_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Reads the eventID of each record. A file in CloudTrail's own compact form is walked through; whatever looks different is
 * parsed.
 * @returns undefined when it is no `{"Records":[…]}`
 */
export function recordIdsOf(content: Buffer): RecordIds | undefined {
  return walked(content) ?? parseRecords(content);
}

/** undefined for anything that walking is not made for. */
function walked(content: Buffer): RecordIds | undefined {
  const from = BEGINNING.length;
  if (content.equals(EMPTY)) return { records: 0, uuids: new Uint8Array(0), others: [] };
  if (content.length > WALKED_BYTES_MAX || content[from] !== OPEN_OBJECT) return undefined;
  if (content.compare(BEGINNING, 0, from, 0, from) !== 0) return undefined;
  const found = walkRecords(content, from);
  return found && { ...found, others: [] };
}

function parseRecords(content: Buffer): RecordIds | undefined {
  let ids: unknown[];
  try {
    const { Records } = JSON.parse(content.toString('utf8')) as { Records: readonly { eventID?: unknown }[] };
    ids = Records.map((record) => record?.eventID);
  } catch {
    return undefined;
  }
  const others = ids.filter((id) => typeof id === 'string');
  return { records: ids.length, uuids: new Uint8Array(0), others };
}
