import { Worker } from 'node:worker_threads';
import { AwsError, OperatorError, systemErrorCode } from '../base/errors.ts';
import type { VerifyInput, VerifyResult } from './check.ts';
import type { PublicKeys } from './check-digest.ts';
import type { FetchedObject, ListedObject } from './source.ts';
import type { ObjectVerdict } from './verdicts.ts';

/** Names of a million objects, and what is known of them. */
const HEAP_MB_MAX = 1024;

/** Where a thread's files come from: this side fetches, the thread does the rest. */
export interface FetchedSource {
  /** Where the trail delivers. */
  readonly bucket: string;
  /**
   * A page of all objects whose key has this prefix, and what asks for the next one.
   * @throws AwsError, OperatorError when the bucket cannot be listed
   */
  list(
    bucket: string,
    prefix: string,
    token: string | undefined,
  ): Promise<{ objects: readonly ListedObject[]; next?: string }>;
  /** @returns undefined when there is no such object */
  get(bucket: string, key: string): Promise<FetchedObject | undefined>;
  publicKeys(region: string, startMs: number, endMs: number): Promise<PublicKeys>;
}

export interface Progress {
  readonly phase: string;
  readonly done: number;
  /** Absent while nobody knows. */
  readonly total?: number;
}

export interface Listener {
  onProgress(progress: Progress): void;
  onVerdicts(verdicts: readonly ObjectVerdict[]): void;
}

type PlainInput = Pick<
  VerifyInput,
  | 'selection'
  | 'startMs'
  | 'endMs'
  | 'isOpenEnded'
  | 'latestDigestDeliveryMs'
  | 'unvalidatedPrefixes'
  | 'unvalidatedElsewhere'
  | 'concurrency'
>;

export interface ThreadInput extends PlainInput {
  readonly bucket: string;
}

export type Ask =
  | { readonly list: string; readonly of: string; readonly token: string | undefined }
  | { readonly get: string; readonly key: string }
  | { readonly keysOf: string; readonly startMs: number; readonly endMs: number };

export type FromThread =
  | { readonly ask: number; readonly what: Ask }
  | { readonly progress: Progress }
  | { readonly verdicts: readonly ObjectVerdict[] }
  | { readonly result: VerifyResult }
  | { readonly problem: string; readonly isOurs: boolean };

export interface ToThread {
  readonly answer: number;
  readonly value: unknown;
  /** Why a bucket to which the trail delivered formerly cannot be listed. */
  readonly refused?: string;
}

/**
 * Verifies in a thread of its own: inflating, hashing, signatures and eventIDs keep nobody else waiting.
 * @throws what `source` throws, as soon as it does; OperatorError for more than a thread can hold; the signal's reason
 */
export function verifyInThread(
  {
    selection,
    startMs,
    endMs,
    isOpenEnded = false,
    latestDigestDeliveryMs,
    unvalidatedPrefixes,
    unvalidatedElsewhere,
    concurrency,
  }: PlainInput,
  source: FetchedSource,
  listener: Listener,
  signal: AbortSignal,
): Promise<VerifyResult> {
  return new Promise((fulfil, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const workerData: ThreadInput = {
      selection,
      startMs,
      endMs,
      isOpenEnded,
      latestDigestDeliveryMs,
      unvalidatedPrefixes,
      ...(unvalidatedElsewhere && { unvalidatedElsewhere }),
      concurrency,
      bucket: source.bucket,
    };
    const worker = new Worker(THREAD_FILE, {
      workerData,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
    });
    const end = (settle: () => void) => {
      signal.removeEventListener('abort', abort);
      void worker.terminate();
      settle();
    };
    const fail = (error: unknown) => end(() => reject(error));
    const abort = () => fail(signal.reason);
    signal.addEventListener('abort', abort);
    worker
      .on('message', (message: FromThread) => {
        if ('ask' in message) {
          answerOf(source, message.what).then(({ value, moved, refused }) => {
            const answer: ToThread = { answer: message.ask, value, ...(refused !== undefined && { refused }) };
            worker.postMessage(answer, moved);
          }, fail);
        } else if ('progress' in message) listener.onProgress(message.progress);
        else if ('verdicts' in message) listener.onVerdicts(message.verdicts);
        else if ('result' in message) end(() => fulfil(message.result));
        else fail(message.isOurs ? new Error(message.problem) : new OperatorError(message.problem));
      })
      .on('error', (error) => fail(systemErrorCode(error) === 'ERR_WORKER_OUT_OF_MEMORY' ? tooMuch() : error))
      .on('exit', (code) => fail(new Error(`the thread of a verification ended with ${code}`)));
  });
}

interface Answer {
  readonly value: unknown;
  /** Goes to the thread rather than being copied. */
  readonly moved: ArrayBuffer[];
  readonly refused?: string;
}

async function answerOf(source: FetchedSource, what: Ask): Promise<Answer> {
  if ('list' in what) return listOf(source, what);
  if ('keysOf' in what) return { value: await source.publicKeys(what.keysOf, what.startMs, what.endMs), moved: [] };
  const object = await source.get(what.get, what.key);
  if (object === undefined) return { value: undefined, moved: [] };
  const body = Uint8Array.from(object.body); // a part of a larger buffer would take all of that along
  return { value: { body, metadata: object.metadata }, moved: [body.buffer] };
}

async function listOf(source: FetchedSource, { of, list, token }: Extract<Ask, { list: string }>): Promise<Answer> {
  try {
    return { value: await source.list(of, list, token), moved: [] };
  } catch (error) {
    const mayBe = of !== source.bucket && (error instanceof AwsError || error instanceof OperatorError);
    if (!mayBe) throw error;
    return { value: undefined, moved: [], refused: error.message };
  }
}

const tooMuch = () =>
  new OperatorError(
    'The bucket holds more objects than a server can verify. Run opentrail verify on a machine of yours.',
  );

/** A thread needs JavaScript: when this runs from source (in tests), it is what `npm run build` made. */
const here = import.meta.url;
const THREAD_FILE = new URL(
  './thread.js',
  here.endsWith('.ts') ? here.replace(/\/src\/(?!.*\/src\/)/, '/dist/') : here,
);
