import { Worker } from 'node:worker_threads';
import type { QueryEvent } from './row.ts';
import type { ResultRow } from './run.ts';
import type { FromWorker, QueryJob, ToWorker } from './worker.ts';

/** A query's memory; past it the thread ends, and nothing else. */
const HEAP_MEGABYTES_MAX = 512;

/** A thread needs JavaScript: from source (in tests), what `npm run build` made. */
const here = import.meta.url;
const FILE = new URL('./worker.js', here.endsWith('.ts') ? here.replace(/\/src\/(?!.*\/src\/)/, '/dist/') : here);

interface Waiting {
  readonly resolve: (answer: FromWorker) => void;
  readonly reject: (error: unknown) => void;
}

/** One query in a thread of its own. @throws Error when it asks for too much, or its thread dies */
export class QueryThread {
  readonly #worker: Worker;
  #waiting: Waiting | undefined;
  #dead: Error | undefined;

  constructor(job: QueryJob) {
    this.#worker = new Worker(FILE, {
      workerData: job,
      execArgv: [],
      name: 'logs-query',
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES_MAX },
    });
    this.#worker.unref();
    this.#worker.on('message', (answer: FromWorker) => this.#settle((w) => w.resolve(answer)));
    this.#worker.on('error', (error) => this.#die(error));
    this.#worker.on('exit', () => this.#die(new Error('the query was ended')));
  }

  async add(events: readonly QueryEvent[]): Promise<{ readonly more: boolean; readonly matched: number }> {
    const answer = await this.#ask({ events });
    return 'more' in answer ? answer : { more: false, matched: answer.matched };
  }

  async end(): Promise<{ readonly rows: readonly ResultRow[]; readonly matched: number }> {
    const answer = await this.#ask({ end: true });
    return 'rows' in answer ? answer : { rows: [], matched: answer.matched };
  }

  /** Ends it, whatever it is doing. */
  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  async #ask(message: ToWorker): Promise<Exclude<FromWorker, { readonly failed: string }>> {
    if (this.#dead) throw this.#dead;
    const answer = await new Promise<FromWorker>((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#worker.postMessage(message);
    });
    if ('failed' in answer) throw new Error(answer.failed);
    return answer;
  }

  #die(error: unknown): void {
    this.#dead ??= error instanceof Error ? error : new Error(String(error));
    this.#settle((w) => w.reject(this.#dead));
  }

  #settle(how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) how(waiting);
  }
}
