import { dirname, join } from 'node:path';
import { Pushback } from '../../base/errors.ts';
import { pushbackWhenFull, type StoreFiles, syncDirectory, unlinkIfThere } from './files.ts';
import type { Change } from './frames.ts';
import type { IndexJournal } from './index-journal.ts';

/** What a write decided in its turn. Paths are relative to the store's directory. */
export interface Decision<T> {
  readonly changes: readonly Change[];
  /** A file that is durable under a temporary name, and its final one. */
  readonly move?: { readonly from: string; readonly to: string };
  readonly result: T;
  /** Runs in the instant that the changes are seen, before anything else is decided. */
  readonly applied?: () => void;
}

interface Task {
  /** Writes with the same lock see each other's outcome; undefined is alone in its batch. */
  readonly lock: string | undefined;
  readonly decide: () => Decision<unknown>;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Writers that may wait for the disk; past this the caller is told to come back. */
const QUEUE_TASKS_MAX = 10_000;
/** Bounds the memory of one group commit. */
const BATCH_TASKS_MAX = 500;

/**
 * One group commit after another: of the writes that wait, those that do not touch the same thing are decided against
 * what is durable, their files get their final names, and one frame of the index makes them all true. So each write
 * sees the ones before it, and a dozen of them cost the syncs of one.
 */
export class Committer {
  readonly #directory: string;
  readonly #fs: StoreFiles;
  readonly #index: IndexJournal;
  /** Asked for with every batch: what is to be written along, such as the next sequence. */
  readonly #along: () => readonly Change[];
  readonly #directories = new Set<string>();
  #queue: Task[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(directory: string, fs: StoreFiles, index: IndexJournal, along: () => readonly Change[]) {
    this.#directory = directory;
    this.#fs = fs;
    this.#index = index;
    this.#along = along;
  }

  submit<T>(lock: string | undefined, decide: () => Decision<T>): Promise<T> {
    if (this.#closed) throw new Error('the object store is closed');
    if (this.#queue.length >= QUEUE_TASKS_MAX) throw new Pushback('too many object writes wait for the disk');
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ lock, decide, resolve, reject });
      this.#running ??= this.#drain();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #drain(): Promise<void> {
    // Let the writers of this tick in before the first batch is cut.
    await undefined;
    while (this.#queue.length > 0) await this.#commit(this.#takeBatch());
    this.#running = undefined;
  }

  /** Takes the writes that may go together, leaving the order of those that touch the same thing. */
  #takeBatch(): Task[] {
    const batch: Task[] = [];
    const rest: Task[] = [];
    const locks = new Set<string>();
    for (const [i, task] of this.#queue.entries()) {
      const alone = task.lock === undefined;
      if (batch.length === BATCH_TASKS_MAX || (alone && (batch.length > 0 || rest.length > 0))) {
        rest.push(...this.#queue.slice(i));
        break;
      }
      if (!alone && locks.has(task.lock!)) rest.push(task);
      else batch.push(task);
      if (alone) {
        rest.push(...this.#queue.slice(i + 1));
        break;
      }
      locks.add(task.lock!);
    }
    this.#queue = rest;
    return batch;
  }

  async #commit(batch: readonly Task[]): Promise<void> {
    const answers: (() => void)[] = [];
    const decided: { task: Task; decision: Decision<unknown> }[] = [];
    for (const task of batch) {
      try {
        decided.push({ task, decision: task.decide() });
      } catch (error) {
        answers.push(() => task.reject(error));
      }
    }
    try {
      const changes = decided.flatMap(({ decision }) => decision.changes);
      if (decided.some(({ decision }) => decision.move)) await this.#move(decided.map(({ decision }) => decision));
      if (changes.length > 0) await this.#index.append([...changes, ...this.#along()]);
      for (const { task, decision } of decided) {
        decision.applied?.();
        answers.push(() => task.resolve(decision.result as never));
      }
    } catch (error) {
      for (const { task, decision } of decided) {
        if (decision.move && !this.#index.uncertain)
          await unlinkIfThere(this.#fs, join(this.#directory, decision.move.to)).catch(() => {});
        answers.push(() => task.reject(pushbackWhenFull(error)));
      }
    }
    for (const answer of answers) answer();
  }

  async #move(decisions: readonly Decision<unknown>[]): Promise<void> {
    const touched = new Set<string>();
    for (const { move } of decisions) {
      if (!move) continue;
      const target = dirname(move.to);
      if (!touched.has(target)) await this.#ensure(target);
      touched.add(target);
      await this.#fs.rename(join(this.#directory, move.from), join(this.#directory, move.to));
    }
    for (const path of touched) await syncDirectory(this.#fs, join(this.#directory, path));
  }

  /** Makes a directory, and its name durable. */
  async #ensure(path: string): Promise<void> {
    if (this.#directories.has(path)) return;
    await this.#fs.mkdir(join(this.#directory, path), { recursive: true });
    await syncDirectory(this.#fs, join(this.#directory, dirname(path)));
    this.#directories.clear();
    this.#directories.add(path);
  }
}
