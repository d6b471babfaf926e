import { type ChildProcess, fork } from 'node:child_process';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../base/clock.ts';
import { Pushback } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { PatternError } from '../../event/search/index.ts';
import type { Sequence } from '../log.ts';
import type { Failure, FromLake, LakeProgress, LakeSettings, LakeView, Question, ToLake } from './messages.ts';
import type { Pace } from './pace.ts';

export interface LakeProcessOptions {
  readonly settings: LakeSettings;
  /** The Log as it is now. */
  readonly view: () => LakeView;
  readonly pace: Pace;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Default: the lowest priority. */
  readonly niceness?: number;
}

/** A question, and what may come after its first answer. */
export interface Conversation {
  readonly answer: Promise<unknown>;
  /** The next piece. */
  more(): Promise<unknown>;
  /** Nobody asks for more: work on it stops. */
  end(): void;
}

interface Asked {
  readonly question: Question;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
  deaths: number;
  /** Events before this were there when it was asked, and it is about them. */
  readonly neededEnd: Sequence;
  /** The process has it, or will have it no more. */
  isPut: boolean;
}

/** A question that two processes died with is the likely cause: it is refused then. */
const DEATHS_MAX = 2;
/** A process that dies is replaced after this, then after twice as long, and so on until one has opened the lake. */
const RESTART_DELAY_MIN_MS = 50;
const RESTART_DELAY_MAX_MS = 30_000;
/**
 * The lake hears that the Log has moved on this late: each message wakes another process, and however few events come, the
 * lake takes 2 to 4 ms of CPU to take them in, as much as a LookupEvents takes of the thread that answers it.
 */
const VIEW_DELAY_MS = 500;
/** The same while somebody searches. */
const WATCHED_DELAY_MS = 20;
/** Without news of the Log, time and room on the disk are told all the same. */
const VIEW_EVERY_MS = 1_000;
/** A process that does not end when it is asked to is killed: nothing in it is lost. */
const CLOSE_MS_MAX = 5_000;
/** Questions under way: their callers are limited already, so more means that the process hangs. */
const ASKED_MAX = 1_000;
const RETRY_AFTER_MS = 1_000;
/** The accept path goes first, wherever both want to run. */
const NICENESS = 19;
/** Of libuv in that process: each statement under way holds one. */
const POOL_THREADS = '16';

/** The server's side of the lake's process: questions and answers, and a new process when one dies. */
export class LakeProcess {
  readonly #options: LakeProcessOptions;
  readonly #asked = new Map<number, Asked>();
  #nextId = 1;
  #child: ChildProcess | undefined;
  #progress: LakeProgress = { indexedEnd: 0, storedEnd: 0 };
  /** How far it ever was: a process that is started anew has to come so far again. */
  #knownEnd = 0;
  #opened = false;
  #hasDied = false;
  #trouble: string | undefined;
  #viewIsDue = false;
  #cancelView = () => {};
  #restartDelayMs = RESTART_DELAY_MIN_MS;
  #cancelRestart = () => {};
  #closed: Promise<void> | undefined;

  constructor(options: LakeProcessOptions) {
    this.#options = options;
    this.#start();
  }

  get progress(): LakeProgress {
    const trouble = this.#progress.trouble ?? this.#trouble;
    return { ...this.#progress, ...(trouble !== undefined && { trouble }) };
  }

  /** Tells the process, soon, that the Log has moved on. */
  viewChanged(): void {
    if (!this.#opened || this.#viewIsDue) return;
    this.#viewIsDue = true;
    this.#cancelView();
    const { clock, pace } = this.#options;
    const delayMs = pace.isWatched ? WATCHED_DELAY_MS : VIEW_DELAY_MS;
    this.#cancelView = clock.after(pace.isKeeping ? VIEW_EVERY_MS : delayMs, () => this.#sendView());
  }

  /** What the process has not been told is told now, for who searches. */
  watched(): void {
    const { pace } = this.#options;
    pace.watched();
    if (!this.#opened || !(this.#viewIsDue || pace.isKeeping)) return;
    this.#cancelView();
    this.#sendView();
  }

  /** @throws PatternError, Pushback, the signal's reason; Error when the process cannot answer */
  async ask(question: Question, signal: AbortSignal): Promise<unknown> {
    const conversation = this.converse(question, signal);
    try {
      return await conversation.answer;
    } finally {
      conversation.end();
    }
  }

  /** A question that may be answered in several pieces. */
  converse(question: Question, signal: AbortSignal): Conversation {
    const id = this.#nextId++;
    const answered = (isPut: boolean): Promise<unknown> =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        if (this.#closed) throw new Error('the lake is closed');
        if (this.#asked.size >= ASKED_MAX) throw new Pushback('too many searches are under way', RETRY_AFTER_MS);
        const neededEnd = Math.min(question.query.upTo ?? this.#progress.indexedEnd, this.#knownEnd);
        this.#asked.set(id, { question, resolve, reject, deaths: 0, neededEnd, isPut });
        this.watched();
        if (isPut) this.#send({ id, more: true });
        else this.#put();
      });
    const abort = () => {
      this.#take(id)?.reject(signal.reason);
      this.#send({ id, cancel: true });
    };
    signal.addEventListener('abort', abort, { once: true });
    return {
      answer: answered(false),
      more: () => answered(true),
      end: () => {
        signal.removeEventListener('abort', abort);
        if (question.ask === 'export') this.#send({ id, cancel: true });
      },
    };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#cancelRestart();
    this.#cancelView();
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      this.#send({ close: true });
      const cancel = this.#options.clock.after(CLOSE_MS_MAX, () => child.kill('SIGKILL'));
      if (!this.#opened) child.kill('SIGKILL');
      await ended;
      cancel();
    }
    for (const id of this.#asked.keys()) this.#take(id)?.reject(new Error('the lake is closed'));
  }

  #start(): void {
    const { settings, view, logger, niceness = NICENESS } = this.#options;
    const child = fork(fileURLToPath(processFile()), [], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...environment(), UV_THREADPOOL_SIZE: POOL_THREADS },
    });
    this.#child = child;
    let lastWords = '';
    child.stderr?.on('data', (text: Buffer) => {
      lastWords = `${lastWords}${text}`.slice(-LAST_WORDS_CHARS_MAX);
    });
    child.on('message', (message: FromLake) => this.#receive(message));
    child.on('error', (error) => logger.error({ err: error }, 'the process of the lake cannot be reached'));
    child.once('exit', (code, signal) => this.#died(child, `${signal ?? code}`, lastWords));
    try {
      if (child.pid !== undefined) setPriority(child.pid, niceness);
    } catch (error) {
      logger.debug({ err: error }, 'the process of the lake keeps its priority');
    }
    const { dieAt, ...lasting } = settings;
    this.#send({ open: this.#hasDied ? lasting : settings, view: view() });
  }

  #send(message: ToLake): void {
    // One that is dying is replaced, and the questions are put again.
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  #sendView(): void {
    const { view, pace, clock } = this.#options;
    this.#viewIsDue = false;
    const now = view();
    this.#send({ view: { ...now, end: pace.endFor(now.end) } });
    this.#cancelView = clock.after(VIEW_EVERY_MS, () => this.#sendView());
  }

  #receive({ indexedEnd, storedEnd, trouble, warning, opened, id, answer, failed }: FromLake): void {
    if (warning !== undefined) this.#options.logger.warn({ warning }, 'the lake warns');
    if (trouble !== this.#progress.trouble && trouble !== undefined)
      this.#options.logger.warn({ trouble }, 'trouble of the lake');
    this.#progress = { indexedEnd, storedEnd, ...(trouble !== undefined && { trouble }) };
    this.#knownEnd = Math.max(this.#knownEnd, indexedEnd);
    if (opened) this.#open();
    this.#put();
    if (id === undefined) return;
    const asked = this.#take(id);
    if (failed) asked?.reject(errorOf(failed));
    else asked?.resolve(answer);
  }

  #open(): void {
    this.#opened = true;
    this.#trouble = undefined;
    this.#restartDelayMs = RESTART_DELAY_MIN_MS;
    this.#sendView();
  }

  /**
   * Puts questions that wait. Those about events that were there once wait until a process that was started anew has taken
   * them in again, unless that may never be.
   */
  #put(): void {
    if (!this.#opened) return;
    const { indexedEnd, trouble } = this.#progress;
    for (const [id, asked] of this.#asked) {
      if (asked.isPut || (trouble === undefined && indexedEnd < asked.neededEnd)) continue;
      asked.isPut = true;
      this.#send({ id, question: asked.question });
    }
  }

  #take(id: number): Asked | undefined {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    return asked;
  }

  #died(child: ChildProcess, how: string, lastWords: string): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    this.#opened = false;
    this.#hasDied = true;
    this.#cancelView();
    this.#viewIsDue = false;
    // What was in its memory is taken in again by the next one; until then nobody is to count on it.
    this.#progress = { ...this.#progress, indexedEnd: this.#progress.storedEnd };
    if (this.#closed) return;
    for (const [id, asked] of this.#asked) {
      asked.deaths++;
      asked.isPut = false;
      // Pieces of an export that were given already cannot be given again.
      if (asked.deaths < DEATHS_MAX && asked.question.ask !== 'export') continue;
      this.#take(id)?.reject(new Error('the process of the lake died while answering'));
    }
    const delayMs = this.#restartDelayMs;
    this.#restartDelayMs = Math.min(2 * delayMs, RESTART_DELAY_MAX_MS);
    this.#trouble = `the process of the lake ended (${how}) and is started again`;
    this.#options.logger.error({ how, lastWords, delayMs }, 'the process of the lake ended; another one is started');
    this.#cancelRestart = this.#options.clock.after(delayMs, () => this.#start());
  }
}

/** Of what a dying process says. */
const LAST_WORDS_CHARS_MAX = 2_000;

/** What a process needs to run, and nothing that is secret. */
function environment(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TZ', 'LANG', 'TMPDIR', 'LD_LIBRARY_PATH'];
  return Object.fromEntries(
    kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

function errorOf({ name, message, position, retryAfterMs }: Failure): Error {
  if (name === 'PatternError') return new PatternError(message, position ?? 0);
  if (name === 'Pushback') return new Pushback(message, retryAfterMs);
  return new Error(message);
}

/** A process needs JavaScript: run from source (in tests), it is what `npm run build` made. */
function processFile(): URL {
  const here = import.meta.url;
  return new URL('./process.js', here.endsWith('.ts') ? here.replace(/\/src\/(?!.*\/src\/)/, '/dist/') : here);
}
