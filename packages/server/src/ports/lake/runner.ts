import type { Clock } from '../../base/clock.ts';
import { systemErrorCode } from '../../base/errors.ts';
import type { GramIndex } from './gram-index.ts';
import { LogReader } from './log-reader.ts';
import type { LakeProgress, LakeSettings, LakeView } from './messages.ts';
import type { LakeStore } from './store.ts';

/** Taken in at a time: some tens of milliseconds of work, after which questions come to their turn. More is not faster. */
const BATCH_BYTES = 2 << 20;
/** Stored when there is so much, or when it is so old: a crash makes that much be read again. */
const FLUSH_ROWS = 60_000;
const FLUSH_BYTES = 48 << 20;
const FLUSH_AGE_MS = 300_000;
/** While nothing can be stored (a full disk), no more than this is taken in: it is all in memory. */
const FRESH_ROWS_MAX = 3 * FLUSH_ROWS;
const FRESH_BYTES_MAX = 3 * FLUSH_BYTES;
/** After each batch, so many times as long as it took is left to others; though no longer than an event may stay unseen. */
const REST_FACTOR = 3;
const REST_MS_MAX = 250;
/** What was refused (a full disk, a damaged file) is tried again after this. */
const RETRY_DELAY_MS = 5_000;
const MERGE_RETRY_DELAY_MS = 60_000;
/** With nothing to take in, it is looked whether there is something to store or to merge. */
const IDLE_MS = 1_000;

export interface RunnerOptions extends LakeSettings {
  readonly store: LakeStore;
  readonly grams: GramIndex;
  readonly clock: Clock;
  /** Something has changed that the server is to know. */
  readonly tell: () => void;
  /** What is no trouble, though the operator may want to know of it. */
  readonly warn: (what: string) => void;
}

/** Follows the Log, and keeps the lake's files in order meanwhile. */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #reader: LogReader;
  readonly #filler: LogReader;
  #view: LakeView;
  #wake = () => {};
  #closed = false;
  #troubles = new Map<'reading' | 'storing', string>();
  #storing: Promise<void> | undefined;
  #storeAgainMs = 0;
  #mergeAgainMs = 0;
  readonly #running: Promise<void>;

  constructor(options: RunnerOptions, view: LakeView) {
    this.#options = options;
    this.#view = view;
    this.#reader = new LogReader(options.logDirectory, options.store.indexedEnd);
    this.#filler = new LogReader(options.logDirectory, 0);
    this.#running = this.#run();
  }

  get progress(): LakeProgress {
    const { indexedEnd, storedEnd } = this.#options.store;
    const trouble = [...this.#troubles.values()][0];
    // What the Log has let go before it was read is not missing.
    const { start } = this.#view;
    return {
      indexedEnd: Math.max(indexedEnd, start),
      storedEnd: Math.max(storedEnd, start),
      ...(trouble && { trouble }),
    };
  }

  follow(view: LakeView): void {
    this.#view = view;
    this.#wake();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.#running;
    await this.#storing;
    this.#reader.close();
    this.#filler.close();
  }

  async #run(): Promise<void> {
    const { clock, grams } = this.#options;
    while (!this.#closed) {
      const startedMs = clock.monotonicMs();
      const took = await this.#takeIn();
      const filled = took === 'nothing' && (this.#fillGrams() || grams.warm());
      this.#store();
      if (this.#closed) return;
      const tookMs = clock.monotonicMs() - startedMs;
      if (took === 'part' || filled) await this.#rest(Math.min(REST_MS_MAX, tookMs / 10));
      else if (took === 'all') await this.#rest(Math.min(REST_MS_MAX, tookMs * REST_FACTOR));
      else if (this.#reader.position < this.#view.end) await this.#rest(REST_MS_MAX);
      else await this.#idle();
    }
  }

  /** @returns whether something was taken in, and all that there was of it */
  async #takeIn(): Promise<'nothing' | 'part' | 'all'> {
    const { store, grams, clock, tell } = this.#options;
    if (store.freshRows >= FRESH_ROWS_MAX || store.freshBytes >= FRESH_BYTES_MAX) return 'nothing';
    try {
      const events = this.#reader.read(this.#view, BATCH_BYTES);
      if (events.length > 0) {
        await store.add(events, clock.monotonicMs());
        grams.add(events);
      }
      this.#trouble('reading', undefined);
      if (events.length === 0) return 'nothing';
      tell();
      return this.#reader.position >= this.#view.end ? 'all' : 'part';
    } catch (error) {
      this.#reader.back(store.indexedEnd);
      this.#trouble('reading', `the lake cannot take events in: ${messageOf(error)}`);
      await this.#rest(RETRY_DELAY_MS);
      return 'nothing';
    }
  }

  /** With nothing else to do: what was taken in when there were no grams of it. @returns whether there was something */
  #fillGrams(): boolean {
    const { grams, store } = this.#options;
    const from = grams.lacking(store.indexedEnd);
    if (from === undefined) return false;
    if (this.#filler.position !== from) this.#filler.back(from);
    try {
      const events = this.#filler.read(this.#view, BATCH_BYTES);
      grams.fill(events);
      return events.length > 0;
    } catch {
      return false; // a damaged file is told of by who needs what is in it
    }
  }

  /** Stores and merges what is due, beside all else. */
  #store(): void {
    const { clock } = this.#options;
    if (this.#storing || clock.monotonicMs() < this.#storeAgainMs) return;
    if (this.#view.shortage !== undefined) {
      if (this.#flushIsDue()) this.#trouble('storing', `the lake stores nothing: ${this.#view.shortage}`);
      return;
    }
    this.#storing = this.#tidy()
      .then(() => this.#trouble('storing', undefined))
      .catch((error) => {
        this.#storeAgainMs = clock.monotonicMs() + RETRY_DELAY_MS;
        this.#trouble('storing', `the lake cannot store: ${messageOf(error)}`);
      })
      .finally(() => {
        this.#storing = undefined;
        this.#options.tell();
      });
  }

  async #tidy(): Promise<void> {
    const { store, grams, tell } = this.#options;
    store.retain(this.#view.start);
    grams.retain(this.#view.start);
    grams.store();
    while (this.#flushIsDue() && !this.#closed) {
      await store.flush();
      tell();
    }
    // One at a time: what came meanwhile is stored first.
    if (!this.#closed && this.#options.clock.monotonicMs() >= this.#mergeAgainMs) await this.#merge();
  }

  /** Files that cannot be merged can be searched all the same. */
  async #merge(): Promise<void> {
    const { store, clock, warn } = this.#options;
    try {
      if (await store.compact(this.#view.nowMs)) this.#wake();
    } catch (error) {
      this.#mergeAgainMs = clock.monotonicMs() + MERGE_RETRY_DELAY_MS;
      warn(`the lake could not merge files: ${messageOf(error)}`);
    }
  }

  #flushIsDue(): boolean {
    const { store, clock, flushRowsMax = FLUSH_ROWS, flushAgeMs = FLUSH_AGE_MS } = this.#options;
    const table = store.oldestFresh;
    if (!table) return false;
    return table.rows >= flushRowsMax || table.bytes >= FLUSH_BYTES || clock.monotonicMs() - table.bornMs >= flushAgeMs;
  }

  #trouble(which: 'reading' | 'storing', what: string | undefined): void {
    if (this.#troubles.get(which) === what) return;
    if (what === undefined) this.#troubles.delete(which);
    else this.#troubles.set(which, what);
    this.#options.tell();
  }

  /** Until time is over, or the lake is closed. */
  #rest(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(delayMs, resolve);
      this.#wake = () => {
        if (!this.#closed) return;
        cancel();
        resolve();
      };
    });
  }

  /** Until there is something new, or something may have become due. */
  #idle(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(IDLE_MS, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

const messageOf = (error: unknown): string => {
  const code = systemErrorCode(error);
  const message = error instanceof Error ? error.message : String(error);
  return code && !message.includes(code) ? `${code}: ${message}` : message.split('\n')[0]!;
};
