import { type DigestLogFile, sha256Hex } from '../trails/digest.ts';
import type { FindingCode } from './findings.ts';
import { GzipProblem, gunzipStrictly } from './gunzip.ts';
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
  const read = await readInBulk(source, files);
  return inParallel(files, concurrency, async (file, i) => read.get(i) ?? readLogFile(source, file));
}

/** By place in `files`: those that the store gave in bulk, each checked while the next ones come. */
async function readInBulk(source: Source, files: readonly LogFileToRead[]): Promise<ReadonlyMap<number, ReadLogFile>> {
  const read = new Map<number, ReadLogFile>();
  const [{ s3Bucket } = { s3Bucket: '' }] = files;
  if (!source.getMany || files.some((file) => file.s3Bucket !== s3Bucket)) return read;
  const keys = files.map(({ key }) => key);
  let next = 0;
  for await (const object of source.getMany(s3Bucket, keys)) {
    const i = next++;
    if (object) read.set(i, await checkLogFile(object, files[i]!));
  }
  return read;
}

/** Reads one log file and checks it. @throws OperatorError when the source cannot tell */
export async function readLogFile(source: Source, file: LogFileToRead): Promise<ReadLogFile> {
  const object = await source.get(source.bucket === undefined ? undefined : file.s3Bucket, file.key);
  if (!object) return { wrong: 'log-file-missing', message: 'its digest lists it, but it is gone' };
  return checkLogFile(object, file);
}

async function checkLogFile(object: FetchedObject, { hashValue }: LogFileToRead): Promise<ReadLogFile> {
  let content: Buffer;
  try {
    content = await gunzipStrictly(object.body);
  } catch (error) {
    if (!(error instanceof GzipProblem)) throw error;
    return { wrong: 'log-file-unreadable', message: error.message };
  }
  if (sha256Hex(content) !== hashValue) {
    return { wrong: 'log-file-hash-mismatch', message: 'its content is not what its digest says' };
  }
  const ids = recordIdsOf(content);
  return ids ?? { wrong: 'log-file-unreadable', message: 'it is signed, but holds no {"Records":[…]}' };
}
