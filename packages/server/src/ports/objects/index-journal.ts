import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { assert, OperatorError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import { type StoreFiles, syncDirectory, writeAll } from './files.ts';
import {
  type Change,
  decodeChanges,
  encodeChanges,
  encodeFrame,
  FILE_HEADER_BYTES,
  type FileEnd,
  fileHeader,
  readFrames,
} from './frames.ts';
import { SortedPages } from './pages.ts';

export interface IndexJournalOptions {
  readonly directory: string;
  readonly fs: StoreFiles;
  readonly random: Random;
  readonly logger: Logger;
  readonly journalBytesMin?: number;
}

/** A journal is replaced by a snapshot when it has grown to this, or to the snapshot's own size if that is more. */
const JOURNAL_BYTES_MIN = 8 << 20;
/** A snapshot is written in frames of about this size, and others get their turn in between. */
const SNAPSHOT_FRAME_BYTES = 256 << 10;

const fileName = (generation: number, kind: 'journal' | 'snapshot') =>
  `${String(generation).padStart(12, '0')}.${kind}`;

/**
 * Ordered tables in memory whose every change is durable before it is seen: a journal on disk, and now and then a
 * snapshot of all entries in its stead.
 *
 * A snapshot of generation n is begun by a new, empty journal n and written while changes go on; it may hold some of
 * them, which does no harm, since journal n is replayed over it and ends in the same state. Until it is renamed into
 * place the snapshot and the journals before it are the truth.
 */
export class IndexJournal {
  readonly #options: IndexJournalOptions;
  readonly #tables = new Map<number, SortedPages>();
  #generation = 0;
  #journal: FileHandle | undefined;
  #salt = 0;
  #journalBytes = 0;
  #snapshotBytes = 0;
  #rotateAtBytes = 0;
  #cutNeeded = false;
  #snapshotting: Promise<void> | undefined;
  #closing = false;

  private constructor(options: IndexJournalOptions) {
    this.#options = options;
  }

  /** @throws OperatorError when a file is damaged anywhere but in the torn tail that a crash leaves */
  static async open(options: IndexJournalOptions): Promise<IndexJournal> {
    const index = new IndexJournal(options);
    await options.fs.mkdir(options.directory, { recursive: true });
    await index.#load();
    return index;
  }

  /** For reading only. */
  table(id: number): SortedPages {
    let table = this.#tables.get(id);
    if (!table) {
      table = new SortedPages();
      this.#tables.set(id, table);
    }
    return table;
  }

  /** Whether a write that failed may still stand on disk, since the disk refused to cut it off too. */
  get uncertain(): boolean {
    return this.#cutNeeded;
  }

  /** Frees a table that has become empty for good. */
  drop(id: number): void {
    assert(this.table(id).size === 0, 'only an empty table is dropped');
    this.#tables.delete(id);
  }

  /** Makes the changes durable, all or none, then seen. One call at a time. */
  async append(changes: readonly Change[]): Promise<void> {
    assert(this.#journal, 'the index is open');
    if (this.#cutNeeded) await this.#cut();
    const frame = encodeFrame(encodeChanges(changes), this.#salt);
    try {
      await writeAll(this.#journal, frame, this.#journalBytes);
      await this.#journal.datasync();
    } catch (error) {
      // Its callers are told that it failed, so it must not come back after a restart.
      await this.#cut().catch(() => {});
      throw error;
    }
    this.#journalBytes += frame.length;
    for (const change of changes) this.#apply(change);
    if (this.#journalBytes >= this.#rotateAtBytes && !this.#snapshotting) await this.#rotate();
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#snapshotting;
    await this.#journal?.close();
    this.#journal = undefined;
  }

  #apply({ table, key, value }: Change): void {
    if (value) this.table(table).set(key, value);
    else this.table(table).delete(key);
  }

  async #cut(): Promise<void> {
    this.#cutNeeded = true;
    await this.#journal!.truncate(this.#journalBytes);
    await this.#journal!.datasync();
    this.#cutNeeded = false;
  }

  async #load(): Promise<void> {
    const { fs, directory, logger } = this.#options;
    const names = (await fs.readdir(directory)).sort();
    const newest = names.filter((name) => name.endsWith('.snapshot')).at(-1);
    const base = newest === undefined ? 0 : Number.parseInt(newest, 10);
    if (newest !== undefined) {
      const end = await this.#read(newest);
      if (end.goodBytes < end.bytes || end.bytes === 0) throw damage(this.#path(newest), end.goodBytes);
      this.#snapshotBytes = end.bytes;
    }
    const journals = names.filter((name) => name.endsWith('.journal') && Number.parseInt(name, 10) >= base);
    for (const [i, name] of journals.entries()) {
      if (Number.parseInt(name, 10) !== base + i) throw damage(this.#path(fileName(base + i, 'journal')), 0);
      const end = await this.#read(name);
      const isLast = i === journals.length - 1;
      if (end.damaged || (!isLast && end.goodBytes < end.bytes)) throw damage(this.#path(name), end.goodBytes);
      if (isLast && end.goodBytes > 0) await this.#continue(name, end);
    }
    if (newest !== undefined && journals.length === 0) throw damage(this.#path(fileName(base, 'journal')), 0);
    this.#generation = base + Math.max(0, journals.length - 1);
    if (!this.#journal) await this.#begin(this.#generation);
    this.#rotateAtBytes = this.#rotateThreshold();
    for (const name of names) {
      const stale = name.endsWith('.tmp') || (/^\d{12}\./.test(name) && Number.parseInt(name, 10) < base);
      if (stale) await fs.rm(this.#path(name), { force: true });
    }
    logger.debug({ directory, generation: this.#generation }, 'object index loaded');
  }

  async #read(name: string): Promise<FileEnd> {
    const file = await this.#options.fs.open(this.#path(name), 'r');
    try {
      return await readFrames(file, (payload) => {
        for (const change of decodeChanges(payload)) this.#apply(change);
      });
    } finally {
      await file.close();
    }
  }

  /** Goes on writing a journal behind its last good frame. */
  async #continue(name: string, end: FileEnd): Promise<void> {
    this.#journal = await this.#options.fs.open(this.#path(name), 'r+');
    this.#salt = end.salt;
    this.#journalBytes = end.goodBytes;
    if (end.goodBytes === end.bytes) return;
    this.#options.logger.warn(
      { path: this.#path(name), cutBytes: end.bytes - end.goodBytes },
      'cut the torn tail of the object index',
    );
    await this.#cut();
  }

  /** Begins an empty journal and writes to it from now on. */
  async #begin(generation: number): Promise<void> {
    const { fs, directory, random } = this.#options;
    const salt = random.bytes(4).readUInt32LE();
    const journal = await fs.open(this.#path(fileName(generation, 'journal')), 'w+');
    try {
      await writeAll(journal, fileHeader(salt), 0);
      await journal.sync();
      await syncDirectory(fs, directory);
    } catch (error) {
      await journal.close().catch(() => {});
      await fs.rm(this.#path(fileName(generation, 'journal')), { force: true }).catch(() => {});
      throw error;
    }
    await this.#journal?.close();
    this.#journal = journal;
    this.#generation = generation;
    this.#salt = salt;
    this.#journalBytes = FILE_HEADER_BYTES;
  }

  /** Begins the next generation. When the disk refuses, the old one goes on. */
  async #rotate(): Promise<void> {
    try {
      await this.#begin(this.#generation + 1);
    } catch (error) {
      this.#rotateAtBytes = this.#journalBytes + JOURNAL_BYTES_MIN;
      this.#options.logger.warn({ err: error }, 'could not begin a new journal of the object index');
      return;
    }
    this.#snapshotting = this.#snapshot(this.#generation)
      .catch((error) => this.#options.logger.warn({ err: error }, 'could not write a snapshot of the object index'))
      .finally(() => {
        this.#rotateAtBytes = this.#rotateThreshold();
        this.#snapshotting = undefined;
      });
  }

  async #snapshot(generation: number): Promise<void> {
    const { fs, directory } = this.#options;
    const temporary = this.#path(`${fileName(generation, 'snapshot')}.tmp`);
    const bytes = await this.#writeSnapshot(temporary);
    if (bytes === undefined) return;
    await fs.rename(temporary, this.#path(fileName(generation, 'snapshot')));
    await syncDirectory(fs, directory);
    this.#snapshotBytes = bytes;
    for (const name of await fs.readdir(directory)) {
      if (Number.parseInt(name, 10) < generation) await fs.rm(this.#path(name), { force: true });
    }
  }

  /** @returns bytes written, or undefined when the index is closing */
  async #writeSnapshot(path: string): Promise<number | undefined> {
    const { fs, random } = this.#options;
    const salt = random.bytes(4).readUInt32LE();
    const file = await fs.open(path, 'w');
    try {
      await writeAll(file, fileHeader(salt), 0);
      let bytes = FILE_HEADER_BYTES;
      for (const table of [...this.#tables.keys()]) {
        for (let from: Buffer | undefined = EMPTY; from !== undefined; ) {
          if (this.#closing) return undefined;
          const part = takePart(this.table(table), table, from);
          from = part.next;
          const frame = encodeFrame(encodeChanges(part.changes), salt);
          await writeAll(file, frame, bytes);
          bytes += frame.length;
        }
      }
      await file.sync();
      return bytes;
    } finally {
      await file.close();
    }
  }

  #rotateThreshold(): number {
    return Math.max(this.#options.journalBytesMin ?? JOURNAL_BYTES_MIN, this.#snapshotBytes);
  }

  #path(name: string): string {
    return join(this.#options.directory, name);
  }
}

const EMPTY = Buffer.alloc(0);
const ZERO = Buffer.alloc(1);

/** Some entries from `from` on, and where to go on after them. */
function takePart(pages: SortedPages, table: number, from: Buffer): { changes: Change[]; next: Buffer | undefined } {
  const changes: Change[] = [];
  let bytes = 0;
  for (const { key, value } of pages.entries(from)) {
    changes.push({ table, key, value });
    bytes += key.length + value.length;
    if (bytes >= SNAPSHOT_FRAME_BYTES) return { changes, next: Buffer.concat([key, ZERO]) };
  }
  return { changes, next: undefined };
}

const damage = (path: string, offset: number) =>
  new OperatorError(
    `The object index ${path} is missing or damaged at byte ${offset}. Restore the object directory from a backup.`,
  );
