import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { OperatorError } from '../../base/errors.ts';
import { type LogFileToRead, type ReadLogFile, readLogFiles } from '../../verify/check-log-file.ts';
import type { PlacedSource, SourcePlace } from './placed-source.ts';

/** Fetching a small file takes as long as inflating, hashing and walking this much of a large one, compressed. */
const BYTES_LIKE_A_FILE = 10_000;
/** Work is counted in small files. A thread takes as long to start as some hundred of them; less is not worth it. */
const WORK_PER_THREAD = 500;
/**
 * What is asked for at once: a request costs both sides as much as some ten small files. Little enough that what comes of
 * it fits into memory whatever is in the files, and where there is little work, that everybody has some turns.
 */
const BATCH_WORK_MAX = 300;
const TURNS_MIN = 2;
/** More are faster than any server answers. */
const THREADS_MAX = 4;
/** Up to some seven thousand large files, which leave 200 MB of garbage at most. */
const SHORT_WORK_MAX = 20_000;
/**
 * V8 expects to run for hours. Of a run of a second it spends a tenth on optimizing functions that run once for each file,
 * and another on collecting garbage whenever there is four times as much of it as of what is in use.
 */
const SHORT_RUN_FLAGS = ['--interrupt-budget=600000', '--heap-growing-percent=1500'];
/** Batches that a thread has at once, so that it has work while an answer is on its way. */
const BATCHES_AT_ONCE = 2;

export interface ReadRequest {
  readonly id: number;
  readonly files: readonly LogFileToRead[];
  readonly concurrency: number;
}

export interface ReaderData {
  readonly place: SourcePlace;
}

export type ReadReply =
  | { readonly id: number; readonly read: readonly ReadLogFile[] }
  | { readonly id: number; readonly problem: string; readonly isOurs: boolean };

/** Reads a batch of files, here or in another thread. */
interface Reader {
  read(files: readonly LogFileToRead[], concurrency: number): Promise<readonly ReadLogFile[]>;
  close(): void;
}

/**
 * Reads all log files, many at a time. Fetching, inflating, hashing and walking keep a processor busy, so when there
 * are many files and processors, further threads take part. A server on this machine needs one, too: on two processors
 * a second thread would take from it what it gains.
 * @param concurrency files read at once, by all threads together
 * @param onRead hears of each file, in no particular order
 * @throws OperatorError when the source cannot tell
 */
export async function readAll(
  source: PlacedSource,
  files: readonly LogFileToRead[],
  concurrency: number,
  onRead: (index: number, read: ReadLogFile) => void,
): Promise<void> {
  const work = files.reduce((sum, file) => sum + workOf(file), 0);
  if (work <= SHORT_WORK_MAX) for (const flag of SHORT_RUN_FLAGS) setFlagsFromString(flag);
  const processors = availableParallelism() - (source.isServedHere ? 1 : 0);
  const threads = Math.min(processors, THREADS_MAX, concurrency, Math.floor(work / WORK_PER_THREAD));
  const here: Reader = { read: (batch, atOnce) => readLogFiles(source, batch, atOnce), close: () => {} };
  const readers = [here, ...Array.from({ length: Math.max(0, threads - 1) }, () => openThread(source))];
  const atOnce = Math.ceil(concurrency / readers.length / BATCHES_AT_ONCE);
  const batchWorkMax = Math.min(BATCH_WORK_MAX, work / (readers.length * BATCHES_AT_ONCE * TURNS_MIN));
  let next = 0;
  const lane = async (reader: Reader) => {
    while (next < files.length) {
      const start = next;
      for (let batchWork = 0; next < files.length && batchWork < batchWorkMax; next++)
        batchWork += workOf(files[next]!);
      const batch = files.slice(start, next);
      try {
        const read = await reader.read(batch, atOnce);
        for (let i = 0; i < read.length; i++) onRead(start + i, read[i]!);
      } catch (error) {
        next = files.length;
        throw error;
      }
    }
  };
  try {
    await Promise.all(readers.flatMap((reader) => Array.from({ length: BATCHES_AT_ONCE }, () => lane(reader))));
  } finally {
    for (const reader of readers) reader.close();
  }
}

const workOf = ({ sizeBytes }: LogFileToRead): number => 1 + sizeBytes / BYTES_LIKE_A_FILE;

function openThread({ place }: PlacedSource): Reader {
  const waiting = new Map<
    number,
    { readonly fulfil: (read: readonly ReadLogFile[]) => void; readonly reject: (error: Error) => void }
  >();
  let nextId = 0;
  let failure: Error | undefined;
  const fail = (error: Error) => {
    failure ??= error;
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  };
  const worker = new Worker(THREAD_FILE, { workerData: { place } satisfies ReaderData, execArgv: [] })
    .on('message', (reply: ReadReply) => {
      const asked = waiting.get(reply.id);
      waiting.delete(reply.id);
      if ('read' in reply) asked?.fulfil(reply.read);
      else asked?.reject(reply.isOurs ? new Error(reply.problem) : new OperatorError(reply.problem));
    })
    .on('error', fail)
    .on('exit', (code) => fail(new Error(`a thread of verify ended with ${code}`)));
  return {
    read: (files, concurrency) =>
      new Promise((fulfil, reject) => {
        if (failure) return reject(failure);
        const id = nextId++;
        waiting.set(id, { fulfil, reject });
        worker.postMessage({ id, files, concurrency } satisfies ReadRequest);
      }),
    close: () => void worker.terminate(),
  };
}

/** A thread needs JavaScript: when this runs from source (in tests), it is what `npm run build` made. */
const here = import.meta.url;
const THREAD_FILE = new URL(
  './reader-thread.js',
  here.endsWith('.ts') ? here.replace(/\/src\/(?!.*\/src\/)/, '/dist/') : here,
);
