import { Worker } from 'node:worker_threads';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { SegmentLog } from '../log/types.ts';
import type { Sequence } from '../log.ts';
import type { SealJob } from './seal-worker.ts';
import { threadFile } from './thread-file.ts';

export interface SealerOptions {
  readonly log: Pick<SegmentLog, 'directory' | 'complete' | 'sealed'>;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Called when a segment's `.seg` and `.idx` are durable, before the Log deletes its raw file. */
  readonly onSealed: (first: Sequence) => Promise<void>;
}

/** When sealing fails (a full disk, mostly), it is tried again after this, then after twice as long, and so on. */
const RETRY_DELAY_MIN_MS = 1_000;
const RETRY_DELAY_MAX_MS = 60_000;

/** Seals the Log's complete segments, oldest first, one at a time, each in a thread of its own. */
export class Sealer {
  readonly #options: SealerOptions;
  #running: Promise<void> | undefined;
  #thread: Worker | undefined;
  /** Threads run one after the other: each takes a core, and some hundred megabytes. */
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
    await this.#thread?.terminate();
    await this.#running;
  }

  async #sealAll(): Promise<void> {
    const { log, logger, clock, onSealed } = this.#options;
    try {
      for (let segment = log.complete[0]; segment && !this.#closed; segment = log.complete[0]) {
        const { first, path, bytes, count } = segment;
        const startedMs = clock.monotonicMs();
        await this.#run({ do: 'seal', directory: log.directory, segment: { first, path, bytes } });
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
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new Error('history is closed');
      const thread = new Worker(threadFile('seal-worker'), { workerData: job, execArgv: [], name: 'history-seal' });
      this.#thread = thread;
      thread.once('error', reject);
      thread.once('exit', (code) => {
        this.#thread = undefined;
        if (code === 0) resolve();
        else reject(new Error(`the sealing thread ended with code ${code}`));
      });
    });
  }
}
