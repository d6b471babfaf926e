import { type DigestLogFile, sha256Hex } from '../trails/digest.ts';
import { fetchEach } from './fetch.ts';
import type { FindingCode } from './findings.ts';
import { GzipProblem, gunzipInPlace, gunzipStrictly } from './gunzip.ts';
import { inParallel } from './parallel.ts';
import { type RecordIds, recordIdsOf } from './record-ids.ts';
import type { FetchedObject, Source } from './source.ts';

/** A log file as its digest has it. */
export interface LogFileToRead extends Pick<DigestLogFile, 's3Bucket' | 'hashValue'> {
  /** Where it stands in the source. */
  readonly key: string;
  /** As the listing has it; 0 when it is not there. */
  readonly sizeBytes: number;
}

/** What a log file is found to be: what is wrong with it, or the eventIDs of its records. */
export type ReadLogFile = RecordIds | { readonly wrong: FindingCode; readonly message: string };

/** Reads log files and checks each against what its digest says of it. @throws OperatorError when the source cannot tell */
export async function readLogFiles(
  source: Source,
  files: readonly LogFileToRead[],
  concurrency: number,
): Promise<ReadLogFile[]> {
  const [{ s3Bucket } = { s3Bucket: '' }] = files;
  if (files.some((file) => file.s3Bucket !== s3Bucket)) {
    return inParallel(files, concurrency, (file) => readLogFile(source, file));
  }
  const keys = files.map(({ key }) => key);
  return fetchEach(source, bucketIn(source, s3Bucket), keys, concurrency, (object, i) =>
    checkLogFile(object, files[i]!),
  );
}

/** A folder may hold the copy of any bucket. */
const bucketIn = (source: Source, bucket: string): string | undefined =>
  source.bucket === undefined ? undefined : bucket;

/** Reads one log file and checks it. @throws OperatorError when the source cannot tell */
export async function readLogFile(source: Source, file: LogFileToRead): Promise<ReadLogFile> {
  return checkLogFile(await source.get(bucketIn(source, file.s3Bucket), file.key), file);
}

async function checkLogFile(object: FetchedObject | undefined, file: LogFileToRead): Promise<ReadLogFile> {
  if (!object) return { wrong: 'log-file-missing', message: 'its digest lists it, but it is gone' };
  const quick = gunzipInPlace(object.body);
  if (quick) return checkContent(quick, file); // at once: others are under way
  try {
    return checkContent(await gunzipStrictly(object.body), file);
  } catch (error) {
    if (!(error instanceof GzipProblem)) throw error;
    return { wrong: 'log-file-unreadable', message: error.message };
  }
}

function checkContent(content: Buffer, { hashValue }: LogFileToRead): ReadLogFile {
  if (sha256Hex(content) !== hashValue) {
    return { wrong: 'log-file-hash-mismatch', message: 'its content is not what its digest says' };
  }
  const ids = recordIdsOf(content);
  return ids ?? { wrong: 'log-file-unreadable', message: 'it is signed, but holds no {"Records":[…]}' };
}
