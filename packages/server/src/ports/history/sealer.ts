import { Worker } from 'node:worker_threads';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { CompleteSegment, SegmentLog } from '../log/types.ts';
import type { Sequence } from '../log.ts';
import type { SealJob } from './seal-worker.ts';
import { buffersOf, type IndexColumns } from './segment-index.ts';
import { threadFile } from './thread-file.ts';

export interface SealerOptions {
  readonly log: Pick<SegmentLog, 'directory' | 'complete' | 'sealed'>;
  readonly logger: Logger;
  readonly clock: Clock;
  /** The index of a complete segment, once it is whole; undefined when its files were made before. */
  readonly indexOf: (segment: CompleteSegment) => Promise<IndexColumns | undefined>;
  /** Called when a segment's `.seg` and `.idx` are durable, before the Log deletes its raw file. */
  readonly onSealed: (first: Sequence) => Promise<void>;
}

/** When sealing fails (a full disk, mostly), it is tried again after this, then after twice as long, and so on. */
const RETRY_DELAY_MIN_MS = 1_000;
const RETRY_DELAY_MAX_MS = 60_000;
/**
 * The thread stays this long for the next segment: a new one compiles all its code again, a tenth of the work. It goes
 * then, since it holds some fifty megabytes.
 */
const IDLE_MS = 30_000;

/** Seals the Log's complete segments, oldest first, one at a time, in a thread of their own. */
export class Sealer {
  readonly #options: SealerOptions;
  #running: Promise<void> | undefined;
  #thread: Worker | undefined;
  #cancelIdle = () => {};
  /** One after the other: each takes a core. */
  #lastJob: Promise<void> = Promise.resolve();
  #retryDelayMs = RETRY_DELAY_MIN_MS;
  #cancelRetry = () => {};
  #closed = false;

  constructor(options: SealerOptions) {
    this.#options = options;
  }

  /** Seals what there is to seal, unless that is under way. */
  start(): void {
    if (this.#closed || this.#running || this.#options.log.complete.length === 0) return;
    this.#running = this.#sealAll();
  }

  /** Makes the index of a sealed segment anew. */
  reindex(first: Sequence): Promise<void> {
    return this.#run({ do: 'reindex', directory: this.#options.log.directory, first });
  }

  /** Stops at once: what is half done is done again another time. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry();
    this.#cancelIdle();
    await this.#thread?.terminate();
    await this.#running;
  }

  async #sealAll(): Promise<void> {
    const { log, logger, clock, indexOf, onSealed } = this.#options;
    try {
      for (let segment = log.complete[0]; segment && !this.#closed; segment = log.complete[0]) {
        const { first, path, bytes, count } = segment;
        const startedMs = clock.monotonicMs();
        const index = await indexOf(segment);
        if (index) await this.#run({ do: 'seal', directory: log.directory, segment: { first, path, bytes }, index });
        await onSealed(first);
        await log.sealed(first);
        logger.debug({ first, count, ms: Math.round(clock.monotonicMs() - startedMs) }, 'sealed a segment of the log');
        this.#retryDelayMs = RETRY_DELAY_MIN_MS;
      }
    } catch (error) {
      if (this.#closed) return;
      logger.error({ err: error, retryMs: this.#retryDelayMs }, 'could not seal a segment of the log');
      this.#cancelRetry = clock.after(this.#retryDelayMs, () => this.start());
      this.#retryDelayMs = Math.min(2 * this.#retryDelayMs, RETRY_DELAY_MAX_MS);
    } finally {
      this.#running = undefined;
    }
  }

  #run(job: SealJob): Promise<void> {
    const done = this.#lastJob.then(() => this.#runNow(job));
    this.#lastJob = done.catch(() => {});
    return done;
  }

  #runNow(job: SealJob): Promise<void> {
    if (this.#closed) throw new Error('history is closed');
    this.#cancelIdle();
    this.#thread ??= new Worker(threadFile('seal-worker'), { execArgv: [], name: 'history-seal' });
    const thread = this.#thread;
    return new Promise((resolve, reject) => {
      let failure: Error | undefined;
      const failed = (error: Error) => {
        failure = error;
      };
      const ended = (code: number) => {
        this.#thread = undefined;
        reject(failure ?? new Error(`the sealing thread ended with code ${code}`));
      };
      thread.once('error', failed).once('exit', ended);
      thread.once('message', () => {
        thread.off('error', failed).off('exit', ended);
        this.#endWhenIdle(thread);
        resolve();
      });
      thread.postMessage(job, job.do === 'seal' ? buffersOf(job.index) : []);
    });
  }

  #endWhenIdle(thread: Worker): void {
    this.#cancelIdle = this.#options.clock.after(IDLE_MS, () => {
      this.#thread = undefined;
      void thread.terminate();
    });
  }
}
