import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import { type Bucket, type Sealing, StoreRefusal } from '../object-store.ts';
import { createEncryptor, fileKey, SALT_BYTES } from './cipher.ts';
import { Committer } from './committer.ts';
import type { StoreFiles } from './files.ts';
import type { Change } from './frames.ts';
import type { IndexJournal } from './index-journal.ts';
import type { SortedPages } from './pages.ts';
import { QuickReader } from './quick-read.ts';
import type { Sealer } from './sealed.ts';

/** Tables of the index. */
export const META = 0;
export const BUCKETS = 1;
/** Paths that nothing refers to any more. */
export const GARBAGE = 2;
export const versionsTable = (bucket: Bucket): number => 8 + 2 * bucket.id;
export const uploadsTable = (bucket: Bucket): number => 9 + 2 * bucket.id;

const NEXT_SEQUENCE = Buffer.from('next-sequence');
const NOTHING = Buffer.alloc(0);
/** Files a directory: few enough to list at once, and one directory's sync serves a whole batch of new files. */
const FILES_PER_DIRECTORY = 1000;

/** Where the file of a version is; its marks, once changed, stand beside it. */
export function filePath(sequence: number, revision = 0): string {
  const directory = String(Math.floor(sequence / FILES_PER_DIRECTORY)).padStart(9, '0');
  return join('files', directory, revision === 0 ? String(sequence) : `${sequence}.marks-${revision}`);
}

export const uploadPath = (sequence: number): string => join('uploads', String(sequence));
export const partPath = (sequence: number, part: number): string =>
  join(uploadPath(sequence), `part-${String(part).padStart(5, '0')}`);

/**
 * What objects and uploads share: the index, the queue of commits, sequences, temporary names, and the files that are
 * to go once nobody reads them.
 */
export class Core {
  readonly directory: string;
  readonly fs: StoreFiles;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly index: IndexJournal;
  readonly committer: Committer;
  readonly quickReader: QuickReader;
  readonly #random: Random;
  readonly #buckets = new Map<string, Bucket>();
  readonly #pins = new Map<string, number>();
  #nextSequence: number;
  #nextTemporary = 0;
  #collected: Change[] = [];
  #collecting: Promise<void> | undefined;

  constructor(directory: string, fs: StoreFiles, clock: Clock, random: Random, logger: Logger, index: IndexJournal) {
    this.directory = directory;
    this.fs = fs;
    this.clock = clock;
    this.#random = random;
    this.logger = logger;
    this.index = index;
    this.quickReader = new QuickReader(clock);
    this.committer = new Committer(directory, fs, index, () => this.#along());
    this.#nextSequence = index.table(META).get(NEXT_SEQUENCE)?.readUIntBE(0, 6) ?? 1;
    for (const { value } of index.table(BUCKETS).entries()) {
      const bucket = JSON.parse(value.toString('utf8')) as Bucket;
      this.#buckets.set(bucket.name, bucket);
    }
  }

  get buckets(): ReadonlyMap<string, Bucket> {
    return this.#buckets;
  }

  /** @throws StoreRefusal NoSuchBucket */
  bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (!bucket) throw new StoreRefusal('NoSuchBucket');
    return bucket;
  }

  /** Follows what was committed to the table of buckets. */
  remember(name: string, bucket: Bucket | undefined): void {
    if (bucket) this.#buckets.set(name, bucket);
    else this.#buckets.delete(name);
  }

  versions(bucket: Bucket): SortedPages {
    return this.index.table(versionsTable(bucket));
  }

  uploads(bucket: Bucket): SortedPages {
    return this.index.table(uploadsTable(bucket));
  }

  path(relative: string): string {
    return join(this.directory, relative);
  }

  /** The next sequence: unique over all buckets and restarts, once a commit that follows is durable. */
  takeSequence(): number {
    return this.#nextSequence++;
  }

  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** For one file, whose key no other has. */
  sealer(sealing: Sealing | undefined): Sealer | undefined {
    if (!sealing) return undefined;
    const cipher = { salt: this.#random.bytes(SALT_BYTES).toString('base64') };
    return { cipher, encryptor: createEncryptor(fileKey(sealing.dataKey, cipher)) };
  }

  /** A new name for a file that is being written. */
  temporary(): string {
    return join('tmp', String(this.#nextTemporary++));
  }

  /** Keeps these paths from being collected until the returned function is called. */
  pin(paths: readonly string[]): () => void {
    for (const path of paths) this.#pins.set(path, (this.#pins.get(path) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      let freed = false;
      for (const path of paths) {
        const count = this.#pins.get(path)! - 1;
        if (count > 0) this.#pins.set(path, count);
        else freed = this.#pins.delete(path);
      }
      if (freed && this.index.table(GARBAGE).size > 0) this.collect();
    };
  }

  /** Deletes what nothing refers to and nobody reads, behind the scenes. What fails is tried again at the next start. */
  collect(): void {
    this.#collecting ??= this.#collect()
      .catch((error) => this.logger.warn({ err: error }, 'files of deleted objects could not be removed'))
      .finally(() => {
        this.#collecting = undefined;
      });
  }

  async close(): Promise<void> {
    await this.committer.close();
    await this.#collecting;
    await this.index.close();
  }

  async #collect(): Promise<void> {
    const done = new Set(this.#collected.map(({ key }) => key.toString('utf8')));
    for (;;) {
      const paths = [...this.index.table(GARBAGE).entries()]
        .map(({ key }) => key.toString('utf8'))
        .filter((path) => !this.#pins.has(path) && !done.has(path));
      if (paths.length === 0) return;
      for (const path of paths) {
        await this.fs.rm(this.path(path), { recursive: true, force: true });
        done.add(path);
        this.#collected.push({ table: GARBAGE, key: Buffer.from(path, 'utf8') });
      }
    }
  }

  /** Written along with every commit: how far sequences are given out, and what has been collected since the last. */
  #along(): Change[] {
    const value = Buffer.alloc(6);
    value.writeUIntBE(this.#nextSequence, 0, 6);
    return [{ table: META, key: NEXT_SEQUENCE, value }, ...this.#collected.splice(0)];
  }
}

/** The changes that hand paths to the collector. */
export const discard = (...paths: string[]): Change[] =>
  paths.map((path) => ({ table: GARBAGE, key: Buffer.from(path, 'utf8'), value: NOTHING }));
