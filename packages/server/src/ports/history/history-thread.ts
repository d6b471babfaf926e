import { Worker } from 'node:worker_threads';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Sequence } from '../log.ts';
import type { LogView } from './core.ts';
import type { Answer, FromWorker, Question, ToWorker } from './messages.ts';
import { threadFile } from './thread-file.ts';
import type { HistoryWorkerData } from './worker.ts';

export interface HistoryThreadOptions {
  readonly directory: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** The Log as it is now. */
  readonly view: () => LogView;
  /** Makes the indexes of these segments; the thread is told of them, and answers, afterwards. */
  readonly repair: (lacking: readonly Sequence[]) => Promise<void>;
  /** Told once the thread answers: the indexes of these segments had better be made anew. */
  readonly renew: (old: readonly Sequence[]) => void;
}

/** An index is damaged: the question can be asked again once that is mended. */
export class SegmentIndexDamaged extends Error {
  readonly first: Sequence;

  constructor(message: string, first: Sequence) {
    super(message);
    this.name = 'SegmentIndexDamaged';
    this.first = first;
  }
}

interface Asked {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  /** How many threads have died with it. */
  deaths: number;
}

/** A question that two threads died with is the likely cause: it is refused then. */
const DEATHS_MAX = 2;
/** A thread that dies is replaced after this, then after twice as long, and so on until one answers. */
const RESTART_DELAY_MIN_MS = 50;
const RESTART_DELAY_MAX_MS = 10_000;
/** Questions under way; the callers of each are limited already, so more means that the thread hangs. */
const ASKED_MAX = 10_000;

/**
 * The worker hears that the Log has moved on this late: each message wakes another thread, and a busy Log commits
 * hundreds of times a second. Questions bring the newest view themselves, so no answer is older for it.
 */
const VIEW_DELAY_MS = 20;

/** The main thread's side of history's worker: questions and answers, and a new worker when one dies. */
export class HistoryThread {
  readonly #options: HistoryThreadOptions;
  /** By id, which are used again: a Map's old tables would keep pages alive (`base/bag.ts`). */
  readonly #asked: (Asked | undefined)[] = [];
  readonly #freeIds: number[] = [];
  #worker: Worker | undefined;
  /** It has opened all there is, and takes questions. */
  #answers = false;
  #indexedEnd: Sequence = 0;
  /** The next view goes some time after the last one is acknowledged, so that they never queue up. */
  #view: 'acknowledged' | 'due' | 'sent' = 'acknowledged';
  #viewIsStale = false;
  #cancelView = () => {};
  #restartDelayMs = RESTART_DELAY_MIN_MS;
  #cancelRestart = () => {};
  #lastError: Error | undefined;
  #closed = false;

  constructor(options: HistoryThreadOptions) {
    this.#options = options;
    this.#start();
  }

  get indexedEnd(): Sequence {
    return this.#indexedEnd;
  }

  /** Tells the worker that the Log has moved on. */
  viewChanged(): void {
    this.#viewIsStale = true;
    if (!this.#answers || this.#view !== 'acknowledged') return;
    this.#view = 'due';
    this.#cancelView = this.#options.clock.after(VIEW_DELAY_MS, () => {
      this.#view = 'sent';
      this.#viewIsStale = false;
      this.#post({ view: this.#options.view() });
    });
  }

  /** @throws SegmentIndexDamaged; Error when the worker cannot answer */
  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new Error('history is closed');
      if (this.#asked.length - this.#freeIds.length >= ASKED_MAX)
        throw new Error(`history has ${ASKED_MAX} questions waiting`);
      const id = this.#freeIds.pop() ?? this.#asked.length;
      this.#asked[id] = { question, resolve, reject, deaths: 0 };
      if (!this.#answers && question.ask !== 'sealed') return;
      this.#post({ view: this.#options.view(), id, question });
      this.#viewWent();
    });
  }

  /** With a question: what was due need not wake the worker once more, in the middle of the next one. */
  #viewWent(): void {
    this.#viewIsStale = false;
    if (this.#view !== 'due') return;
    this.#cancelView();
    this.#view = 'sent';
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRestart();
    this.#cancelView();
    await this.#worker?.terminate();
    for (const [id] of this.#waiting()) this.#taken(id)?.reject(new Error('history is closed'));
  }

  #waiting(): [id: number, asked: Asked][] {
    return [...this.#asked.entries()].filter((one): one is [number, Asked] => one[1] !== undefined);
  }

  #taken(id: number): Asked | undefined {
    const asked = this.#asked[id];
    if (!asked) return undefined;
    this.#asked[id] = undefined;
    this.#freeIds.push(id);
    return asked;
  }

  #start(): void {
    const { directory, view } = this.#options;
    const workerData: HistoryWorkerData = { directory, view: view() };
    const worker = new Worker(threadFile('worker'), { workerData, execArgv: [], name: 'history' });
    this.#worker = worker;
    worker.on('message', (message: FromWorker) => this.#receive(message));
    worker.on('error', (error) => this.#failed(error, "history's worker failed"));
    worker.once('exit', (code) => this.#died(code));
  }

  #post(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #receive({ indexedEnd, lacking, old = [], id, answer, failed }: FromWorker): void {
    this.#indexedEnd = Math.max(this.#indexedEnd, indexedEnd);
    if (lacking) return void this.#open(lacking, old);
    if (id !== undefined) {
      const asked = this.#taken(id);
      if (failed?.damaged !== undefined) asked?.reject(new SegmentIndexDamaged(failed.message, failed.damaged));
      else if (failed) asked?.reject(new Error(failed.message));
      else asked?.resolve(answer);
    }
    if (this.#view === 'sent') this.#view = 'acknowledged';
    if (this.#viewIsStale) this.viewChanged();
  }

  /** The worker has opened what it could: mends the rest, then puts the questions that wait. */
  async #open(lacking: readonly Sequence[], old: readonly Sequence[]): Promise<void> {
    const worker = this.#worker;
    // What was sealed while there was no worker may be what is lacking: these need not wait for the repair.
    for (const [id, { question }] of this.#waiting()) {
      if (question.ask === 'sealed') this.#post({ view: this.#options.view(), id, question });
    }
    try {
      await this.#options.repair(lacking);
    } catch (error) {
      this.#failed(error, 'history cannot open a segment of the log');
      await worker?.terminate(); // another try, later
      return;
    }
    if (worker !== this.#worker) return;
    this.#answers = true;
    this.#restartDelayMs = RESTART_DELAY_MIN_MS;
    const view = this.#options.view();
    for (const [id, { question }] of this.#waiting()) this.#post({ view, id, question });
    this.viewChanged();
    this.#options.renew(old);
  }

  #failed(error: unknown, what: string): void {
    this.#lastError = error instanceof Error ? error : new Error(String(error));
    if (!this.#closed) this.#options.logger.error({ err: error }, what);
  }

  #died(code: number): void {
    this.#worker = undefined;
    this.#answers = false;
    this.#cancelView();
    this.#view = 'acknowledged';
    if (this.#closed) return;
    for (const [id, asked] of this.#waiting()) {
      asked.deaths++;
      if (asked.deaths < DEATHS_MAX) continue;
      this.#taken(id);
      asked.reject(this.#lastError ?? new Error("history's worker died twice while answering"));
    }
    const delayMs = this.#restartDelayMs;
    this.#restartDelayMs = Math.min(2 * delayMs, RESTART_DELAY_MAX_MS);
    this.#options.logger.error({ code, delayMs }, "history's worker ended; another one is started");
    this.#cancelRestart = this.#options.clock.after(delayMs, () => this.#start());
  }
}
