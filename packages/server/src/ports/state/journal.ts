import * as nodeFs from 'node:fs/promises';
import { join } from 'node:path';
import { assert, OperatorError, Pushback, pushbackWhenFull } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { State, StateChange } from '../state.ts';
import { decodeFrames, encodeFrame, FILE_HEADER_BYTES, type Frames, fileHeader } from './frames.ts';
import { type StagedChange, StateTable } from './table.ts';

/** What of Node's fs/promises the driver uses; tests pass one that fails. */
export type StateFiles = Pick<typeof nodeFs, 'mkdir' | 'open' | 'readdir' | 'readFile' | 'rename' | 'rm'>;

export interface JournalOptions {
  readonly dir: string;
  readonly logger: Logger;
  readonly fs?: StateFiles;
  /** A snapshot replaces the journal once that has grown to this, or to twice the last snapshot if that is more. */
  readonly journalBytesMax?: number;
}

/** Replays in well under a second, yet snapshots stay rare next to writes. */
const JOURNAL_BYTES_MAX = 4 << 20;
/** Writers that may wait for the disk; past this the caller is told to come back. */
const QUEUE_WRITES_MAX = 10_000;
/** Bounds the memory of one group commit, whatever waits behind it. */
const BATCH_CHANGES_MAX = 1000;
/** A snapshot is written in frames of about this size. */
const SNAPSHOT_FRAME_BYTES = 256 << 10;

/** Ends a snapshot: no key is empty. Its version is the last one given out, which may belong to a deleted key. */
const END_KEY = '';

const fileName = (kind: 'journal' | 'snapshot', generation: number) =>
  `${String(generation).padStart(12, '0')}.${kind}`;

interface Pending {
  readonly changes: readonly StateChange[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * State on local disk: everything in memory, and in `dir` a snapshot with the journal of the writes since, both of the
 * same generation. A write is a frame in the journal, made durable together with all writes that waited beside it, and
 * only then seen by readers. The next generation begins with a new, empty journal; renaming its snapshot into place is
 * the switch, and whatever is of another generation is left over from a crash.
 *
 * A write that the disk refuses throws (`Pushback` when it is full) and changes nothing; the next one tries again. The directory MUST belong to one
 * process at a time (`data-dir` sees to it).
 * @throws OperatorError when the files are damaged anywhere but in the torn tail that a crash leaves
 */
export async function openState(options: JournalOptions): Promise<State> {
  const fs = options.fs ?? nodeFs;
  await fs.mkdir(options.dir, { recursive: true });
  const driver = new JournalState({ ...options, fs });
  await driver.open();
  return driver;
}

class JournalState implements State {
  readonly #dir: string;
  readonly #fs: StateFiles;
  readonly #logger: Logger;
  readonly #journalBytesMax: number;
  readonly #table = new StateTable();
  #generation = 0;
  #journal: nodeFs.FileHandle | undefined;
  /** Bytes of the journal that are durable; anything after them is to be cut before the next write. */
  #goodBytes = 0;
  #cutNeeded = false;
  #snapshotBytes = 0;
  #snapshotAtBytes = 0;
  #queue: Pending[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: JournalOptions & { readonly fs: StateFiles }) {
    this.#dir = options.dir;
    this.#fs = options.fs;
    this.#logger = options.logger;
    this.#journalBytesMax = options.journalBytesMax ?? JOURNAL_BYTES_MAX;
  }

  async get<T>(key: string) {
    return this.#table.get<T>(key);
  }

  async list<T>(prefix: string) {
    return this.#table.list<T>(prefix);
  }

  async page<T>(prefix: string, after: string, limit: number) {
    return this.#table.page<T>(prefix, after, limit);
  }

  async count(prefix: string): Promise<number> {
    return this.#table.count(prefix);
  }

  async write(changes: readonly StateChange[]): Promise<void> {
    if (this.#closed) throw new Error('the state is closed');
    if (this.#queue.length >= QUEUE_WRITES_MAX) throw new Pushback('too many state writes wait for the disk');
    return new Promise((resolve, reject) => {
      this.#queue.push({ changes, resolve, reject });
      this.#running ??= this.#drain();
    });
  }

  async compact(): Promise<void> {
    const generation = this.#generation;
    this.#snapshotAtBytes = 0; // the next write is followed by a snapshot
    await this.write([]);
    await this.#running;
    if (this.#generation === generation) throw new Pushback('the disk takes no snapshot of the state');
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#journal?.close();
    this.#journal = undefined;
  }

  async open(): Promise<void> {
    const names = await this.#fs.readdir(this.#dir);
    const snapshots = names.filter((n) => n.endsWith('.snapshot')).sort();
    const newest = snapshots.at(-1);
    if (newest === undefined) await this.#create(names);
    else await this.#load(Number.parseInt(newest, 10));
    for (const name of names) {
      const isOurs = /^\d{12}\.(journal|snapshot)$/.test(name) && Number.parseInt(name, 10) === this.#generation;
      if (!isOurs && /\.(journal|snapshot|tmp)$/.test(name)) await this.#fs.rm(this.#path(name), { force: true });
    }
  }

  /** Begins generation 0, unless there are writes whose snapshot has gone. */
  async #create(names: readonly string[]): Promise<void> {
    for (const name of names.filter((n) => n.endsWith('.journal'))) {
      if ((await this.#fs.readFile(this.#path(name))).length > FILE_HEADER_BYTES) {
        throw damage(this.#path(name), 0, 'the snapshot that this journal continues is missing');
      }
    }
    await this.#switchTo(0);
  }

  async #load(generation: number): Promise<void> {
    const snapshotPath = this.#path(fileName('snapshot', generation));
    const snapshot = await this.#read(snapshotPath, generation);
    if (snapshot.frames.goodBytes < snapshot.bytes || snapshot.lastKey !== END_KEY) {
      throw damage(snapshotPath, snapshot.frames.goodBytes, 'a frame is broken or the end is missing');
    }
    const path = this.#path(fileName('journal', generation));
    const { frames, bytes } = await this.#read(path, generation);
    if (frames.damaged) throw damage(path, frames.goodBytes, 'a frame is broken and whole ones follow it');
    this.#generation = generation;
    this.#snapshotBytes = snapshot.bytes;
    this.#goodBytes = frames.goodBytes;
    this.#snapshotAtBytes = this.#snapshotThreshold();
    this.#journal = await this.#fs.open(path, 'r+');
    if (frames.goodBytes < bytes) {
      this.#logger.warn({ path, cutBytes: bytes - frames.goodBytes }, 'cut the torn tail of the state journal');
      await this.#cut();
    }
  }

  /** Applies a file's frames to the table. */
  async #read(
    path: string,
    generation: number,
  ): Promise<{ frames: Frames; bytes: number; lastKey: string | undefined }> {
    let file: Buffer;
    try {
      file = await this.#fs.readFile(path);
    } catch (cause) {
      throw new OperatorError(`The state file ${path} cannot be read. ${RESTORE}`, { cause });
    }
    if (!file.subarray(0, FILE_HEADER_BYTES).equals(fileHeader(generation))) throw damage(path, 0, 'its head is wrong');
    const frames = decodeFrames(file);
    let lastKey: string | undefined;
    for (const payload of frames.payloads) {
      for (const [key, version, ...value] of JSON.parse(payload.toString('utf8')) as [string, number, unknown?][]) {
        this.#table.apply({ key, version, json: value.length === 0 ? undefined : JSON.stringify(value[0]) });
        lastKey = key;
      }
    }
    return { frames, bytes: file.length, lastKey };
  }

  /** Commits what waits, a batch after the other, until nothing does. */
  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch();
      try {
        await this.#commit(batch);
      } catch (error) {
        for (const pending of batch) pending.reject(error);
      }
      if (this.#goodBytes >= this.#snapshotAtBytes) await this.#snapshot();
    }
    this.#running = undefined;
  }

  #takeBatch(): Pending[] {
    let changes = 0;
    let count = 0;
    while (count < this.#queue.length && (count === 0 || changes < BATCH_CHANGES_MAX)) {
      changes += this.#queue[count++]!.changes.length;
    }
    return this.#queue.splice(0, count);
  }

  /** Answers are given only after the sync: also a conflict may rest on a write of the same batch. */
  async #commit(batch: readonly Pending[]): Promise<void> {
    const staged = new Map<string, StagedChange>();
    const answers: (() => void)[] = [];
    for (const pending of batch) {
      try {
        this.#table.stage(pending.changes, staged);
        answers.push(pending.resolve);
      } catch (error) {
        answers.push(() => pending.reject(error));
      }
    }
    if (staged.size > 0) {
      await this.#append(encodeFrame(payloadOf(staged.values())));
      for (const change of staged.values()) this.#table.apply(change);
    }
    for (const answer of answers) answer();
  }

  async #append(frame: Buffer): Promise<void> {
    assert(this.#journal, 'the journal is open');
    try {
      if (this.#cutNeeded) await this.#cut();
      await writeAll(this.#journal, frame, this.#goodBytes);
      await this.#journal.datasync();
      this.#goodBytes += frame.length;
    } catch (error) {
      // What reached the file of this frame was refused to its writers, and must not come back after a restart.
      await this.#cut().catch(() => {});
      throw pushbackWhenFull(error, 'the state takes no changes');
    }
  }

  async #cut(): Promise<void> {
    assert(this.#journal, 'the journal is open');
    this.#cutNeeded = true;
    await this.#journal.truncate(this.#goodBytes);
    await this.#journal.datasync();
    this.#cutNeeded = false;
  }

  /** Replaces journal and snapshot by those of the next generation. When the disk refuses, all stays as it is. */
  async #snapshot(): Promise<void> {
    const old = this.#journal;
    const oldGeneration = this.#generation;
    try {
      await this.#switchTo(oldGeneration + 1);
    } catch (error) {
      this.#snapshotAtBytes = this.#goodBytes + this.#journalBytesMax;
      this.#logger.warn({ err: error }, 'could not write a snapshot of the state; the journal goes on');
      return;
    }
    try {
      await old?.close();
      await this.#fs.rm(this.#path(fileName('snapshot', oldGeneration)), { force: true });
      await this.#fs.rm(this.#path(fileName('journal', oldGeneration)), { force: true });
    } catch (error) {
      this.#logger.warn({ err: error }, 'could not delete the old state files; the next start will');
    }
  }

  async #switchTo(generation: number): Promise<void> {
    const temporary = this.#path(`${fileName('snapshot', generation)}.tmp`);
    const snapshotBytes = await this.#writeSnapshot(temporary, generation);
    const journal = await this.#fs.open(this.#path(fileName('journal', generation)), 'w+');
    try {
      await writeAll(journal, fileHeader(generation), 0);
      await journal.sync();
      await this.#syncDir();
      await this.#fs.rename(temporary, this.#path(fileName('snapshot', generation)));
    } catch (error) {
      await journal.close().catch(() => {});
      throw error;
    }
    this.#journal = journal;
    this.#generation = generation;
    this.#goodBytes = FILE_HEADER_BYTES;
    this.#cutNeeded = false;
    this.#snapshotBytes = snapshotBytes;
    this.#snapshotAtBytes = this.#snapshotThreshold();
    await this.#syncDir();
  }

  async #writeSnapshot(path: string, generation: number): Promise<number> {
    const file = await this.#fs.open(path, 'w');
    try {
      let bytes = await writeAll(file, fileHeader(generation), 0);
      let part: StagedChange[] = [];
      let partBytes = 0;
      for (const entry of this.#table.list('')) {
        const json = JSON.stringify(entry.value);
        part.push({ key: entry.key, version: entry.version, json });
        partBytes += json.length;
        if (partBytes >= SNAPSHOT_FRAME_BYTES) {
          bytes += await writeAll(file, encodeFrame(payloadOf(part)), bytes);
          part = [];
          partBytes = 0;
        }
      }
      part.push({ key: END_KEY, version: this.#table.version, json: undefined });
      bytes += await writeAll(file, encodeFrame(payloadOf(part)), bytes);
      await file.sync();
      return bytes;
    } finally {
      await file.close();
    }
  }

  async #syncDir(): Promise<void> {
    const dir = await this.#fs.open(this.#dir, 'r');
    try {
      await dir.sync();
    } finally {
      await dir.close();
    }
  }

  #snapshotThreshold(): number {
    return Math.max(this.#journalBytesMax, 2 * this.#snapshotBytes);
  }

  #path(name: string): string {
    return join(this.#dir, name);
  }
}

function payloadOf(changes: Iterable<StagedChange>): Buffer {
  const parts: string[] = [];
  for (const { key, version, json } of changes) {
    parts.push(`[${JSON.stringify(key)},${version}${json === undefined ? '' : `,${json}`}]`);
  }
  return Buffer.from(`[${parts.join(',')}]`);
}

/** A file's `write` may take less than it was given. */
async function writeAll(file: nodeFs.FileHandle, bytes: Buffer, position: number): Promise<number> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
  return bytes.length;
}

const RESTORE =
  'Restore the state directory from a backup; or, to begin with an empty state (trails, identities and keys are lost), move it away.';

const damage = (path: string, offset: number, what: string) =>
  new OperatorError(`The state file ${path} is damaged at byte ${offset}: ${what}. ${RESTORE}`);
