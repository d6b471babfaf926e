import { dirname, join } from 'node:path';
import type { LogEvent } from '../history/sealed-events.ts';
import type { Sequence } from '../log.ts';
import { type Engine, statement } from './engine.ts';
import { filesUnder, finishFile, makeDirectory, removeFile, unfinished } from './files.ts';
import { literal, timeLiteral } from './filter-sql.ts';
import { GRAMS } from './gram-index.ts';
import {
  emptyManifest,
  isManifest,
  LARGE_RECORD_BYTES,
  type LakeFile,
  type Manifest,
  type Partition,
  readManifest,
  writeManifest,
} from './manifest.ts';
import {
  type DayGroup,
  folderOf,
  followEachOther,
  isWithin,
  nextMerge,
  partitionsOf,
  spanOf,
  upTo,
} from './partitions.ts';
import { Pins } from './pins.ts';
import { NOTHING } from './scan.ts';
import { sketchOf, writeSketch } from './sketch.ts';
import { Staging } from './staging.ts';

/** A table of the newest events in DuckDB's memory. */
export interface FreshTable {
  readonly name: string;
  rows: number;
  /** Of the records' JSON; in columns it is about twice as much. */
  bytes: number;
  minMs: number;
  maxMs: number;
  first: Sequence;
  /** The sequence after its last event. */
  end: Sequence;
  /** Monotonic time when its first event came. */
  bornMs: number;
}

/** What there is at one moment: each event is in exactly one of these. */
export interface Snapshot {
  readonly fresh: readonly FreshTable[];
  readonly files: readonly LakeFile[];
  /** Nothing before this counts: the Log has let it go. */
  readonly start: Sequence;
}

/** Names of the steps at which a test kills the process. */
export type StoreStep = 'written' | 'named' | 'listed' | 'merged';

export interface StoreOptions {
  readonly directory: string;
  readonly engine: Engine;
  /** Where the Log starts, and ends. */
  readonly start: Sequence;
  readonly end: Sequence;
  /** Told before each step that a crash may come between. */
  readonly onStep?: (step: StoreStep) => void;
}

/** Where files of several accounts or Regions wait to be distributed. */
const LANDING = 'new';
/** What spills from DuckDB's memory. Emptied at each start. */
export const TEMPORARY = 'tmp';
/** A batch for more folders than this is stored as one file first, and distributed together with others. */
const FOLDERS_AT_ONCE_MAX = 16;
/** So many files, or rows of them, that wait are distributed. */
const LANDED_FILES_MAX = 8;
const LANDED_ROWS_MAX = 400_000;
const LANDED_BYTES_MAX = 512 << 20;
/** What DuckDB scans fastest, for it works on a row group at a time … */
const ROW_GROUP_ROWS_MAX = 122_880;
/** … which is all in memory while it is written, some twice as large as its records. */
const ROW_GROUP_BYTES = 128 << 20;
/** Of a file that waits each folder takes a part: of the groups of a day the others are not unpacked. */
const LANDING_GROUP_ROWS = 8_192;
/** Of zstd. The usual 3 makes files 4 % smaller, for half as much work again. */
const COMPRESSION_LEVEL = 1;

/** Events of the lake: the newest in tables, all others in Parquet files that the manifest lists. */
export class LakeStore {
  readonly #directory: string;
  readonly #engine: Engine;
  readonly #staging: Staging;
  readonly #pins = new Pins();
  readonly #onStep: (step: StoreStep) => void;
  #manifest: Manifest;
  /** Oldest first; events go to the last one. */
  #fresh: FreshTable[] = [];
  #nextTable = 1;
  /** It is being stored, or was to be: nothing is added to it any more. */
  #closed: FreshTable | undefined;
  #adding: Promise<void> = Promise.resolve();
  #start: Sequence;

  private constructor(options: StoreOptions, staging: Staging, manifest: Manifest) {
    const { directory, engine, start, onStep = () => {} } = options;
    this.#staging = staging;
    this.#directory = directory;
    this.#engine = engine;
    this.#start = start;
    this.#onStep = onStep;
    this.#manifest = manifest;
  }

  /**
   * Opens what the manifest lists and deletes everything else. A lake that does not join the Log any more (either was
   * brought back from a backup, or files of the lake are gone) is built anew.
   */
  static async open(options: StoreOptions): Promise<LakeStore> {
    const { directory, start, end } = options;
    makeDirectory(dirname(directory), directory);
    const known = readManifest(directory);
    const present = new Set(filesUnder(directory));
    const joins = known && known.storedEnd >= start && known.storedEnd <= end;
    const isWhole = joins && known.files.every(({ path }) => present.has(path));
    const manifest = isWhole ? known : emptyManifest(start);
    if (!isWhole) writeManifest(directory, manifest);
    const listed = new Set(manifest.files.flatMap(({ path }) => [path, sketchOf(path)]));
    for (const path of present) {
      const isGrams = isWhole && path.startsWith(`${GRAMS}/`);
      if (!listed.has(path) && !isManifest(path) && !isGrams) removeFile(directory, join(directory, path));
    }
    makeDirectory(directory, join(directory, TEMPORARY));
    const staging = new Staging(await options.engine.ownConnection());
    await staging.createTable(NOTHING);
    return new LakeStore(options, staging, manifest);
  }

  get storedEnd(): Sequence {
    return this.#manifest.storedEnd;
  }

  /** Events before this are in a table or a file. */
  get indexedEnd(): Sequence {
    return this.#fresh.at(-1)?.end ?? this.#manifest.storedEnd;
  }

  get freshRows(): number {
    return this.#fresh.reduce((sum, { rows }) => sum + rows, 0);
  }

  get freshBytes(): number {
    return this.#fresh.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The table that has waited longest to be stored. */
  get oldestFresh(): FreshTable | undefined {
    return this.#fresh[0];
  }

  /** What there is now, which stays until `end` is called. */
  hold(): { readonly snapshot: Snapshot; end(): void } {
    const fresh = this.#fresh.map((table) => ({ ...table }));
    return { snapshot: { fresh, files: this.#manifest.files, start: this.#start }, end: this.#pins.pin() };
  }

  /** Runs a question over what there is now. */
  async question<R>(ask: (snapshot: Snapshot) => Promise<R>): Promise<R> {
    const { snapshot, end } = this.hold();
    try {
      return await ask(snapshot);
    } finally {
      end();
    }
  }

  /** Takes the next events of the Log in, one batch after the other. @param nowMs monotonic */
  async add(events: readonly LogEvent[], nowMs: number): Promise<void> {
    const adding = this.#add(events, nowMs);
    this.#adding = adding.catch(() => {});
    await adding;
  }

  async #add(events: readonly LogEvent[], nowMs: number): Promise<void> {
    const last = this.#fresh.at(-1);
    const isNew = last === undefined || last === this.#closed;
    const table = isNew ? await this.#newTable(events[0]!.sequence, nowMs) : last;
    await this.#staging.add(table.name, events);
    for (const { header, json } of events) {
      table.bytes += json.length;
      table.minMs = Math.min(table.minMs, header.timeMs);
      table.maxMs = Math.max(table.maxMs, header.timeMs);
    }
    table.rows += events.length;
    table.end = events.at(-1)!.sequence + 1;
    if (isNew) this.#fresh.push(table);
  }

  async #newTable(first: Sequence, bornMs: number): Promise<FreshTable> {
    const name = `fresh_${this.#nextTable++}`;
    await this.#staging.createTable(name);
    return { name, rows: 0, bytes: 0, minMs: Number.POSITIVE_INFINITY, maxMs: 0, first, end: first, bornMs };
  }

  /** Stores the oldest table as files. Events that come meanwhile go to a new one. @throws when the disk refuses; nothing is lost then */
  async flush(): Promise<void> {
    const table = this.#fresh[0];
    if (!table) return;
    this.#closed = table;
    await this.#adding; // it may be adding to this one
    const source = { from: table.name, rows: table.rows, bytes: table.bytes, inOrder: true };
    const days = await this.#days(table.name);
    const one = days.length <= FOLDERS_AT_ONCE_MAX;
    const written: LakeFile[] = [];
    try {
      if (!one) written.push(await this.#write(source, together(days)));
      else
        for (const { accountId, region, day: period, ...figures } of days)
          written.push(await this.#write(source, figures, { accountId, region, period }));
      this.#list({ storedEnd: table.end, add: written, drop: [] });
    } catch (error) {
      this.#forget(written);
      throw error;
    }
    this.#fresh.shift();
    this.#pins.drop(() => void this.#engine.run(`DROP TABLE ${table.name}`));
  }

  /** Distributes or merges files, if that is worth its while. @returns whether it did, so that there may be more to do */
  async compact(nowMs: number): Promise<boolean> {
    const landed = this.#manifest.files.filter(({ partition }) => partition === undefined);
    const rows = landed.reduce((sum, file) => sum + file.rows, 0);
    const bytes = landed.reduce((sum, file) => sum + file.bytes, 0);
    if (landed.length >= LANDED_FILES_MAX || rows >= LANDED_ROWS_MAX || bytes >= LANDED_BYTES_MAX) {
      await this.#distribute(upTo(landed), nowMs);
      return true;
    }
    const merge = nextMerge(this.#manifest.files, nowMs);
    if (merge) await this.#pins.while(() => this.#rewrite(merge.inputs, [merge.into], () => together(merge.inputs)));
    return merge !== undefined;
  }

  /** The Log starts here now: files with nothing later are dropped. @throws when the disk refuses; call it again then */
  retain(start: Sequence): void {
    this.#start = Math.max(this.#start, start);
    const past = this.#manifest.files.filter(({ last }) => last < this.#start);
    if (past.length > 0) this.#list({ add: [], drop: past });
  }

  async #distribute(inputs: readonly LakeFile[], nowMs: number): Promise<void> {
    await this.#pins.while(async () => {
      const days = await this.#days(this.#source(inputs).from);
      const partitions = partitionsOf(days, nowMs);
      const taker = (day: Day) => partitions.find((one) => isWithin(day, one));
      await this.#rewrite(inputs, partitions, (one) => together(days.filter((day) => taker(day) === one)));
    });
  }

  /**
   * Puts new files in the place of others, in one step.
   * @param partitions each takes what those before it left
   * @param expected what each takes, unless the Log has let go of some
   */
  async #rewrite(
    inputs: readonly LakeFile[],
    partitions: readonly Partition[],
    expected: (partition: Partition) => Figures,
  ): Promise<void> {
    const written: LakeFile[] = [];
    try {
      const finer: Partition[] = [];
      for (const partition of partitions) {
        const others = finer.filter((one) => one.accountId === partition.accountId && one.region === partition.region);
        const { startMs, endMs } = spanOf(partition.period);
        const near = inputs.filter(({ minMs, maxMs }) => maxMs >= startMs && minMs < endMs);
        const file = await this.#write(this.#source(near), expected(partition), partition, others);
        if (file.rows > 0) written.push(file);
        else this.#forget([file]);
        finer.push(partition);
      }
      this.#onStep('merged');
      this.#list({ add: written, drop: inputs });
    } catch (error) {
      this.#forget(written);
      throw error;
    }
  }

  /** What there is in a table of each account, Region and day. */
  async #days(table: string): Promise<readonly Day[]> {
    const day = "strftime(event_time, '%Y-%m-%d') AS day";
    const rows = await this.#engine.rows<readonly [string | null, string | null, string, ...unknown[]]>(
      statement(
        () =>
          `SELECT account_id, awsregion, ${day}, ${FIGURES} FROM ${table} WHERE sequence >= ${this.#start} GROUP BY ALL`,
      ),
    );
    return rows.map(([accountId, region, day, ...figures]) => ({
      ...{ accountId: accountId ?? '', region: region ?? '', day },
      ...figuresOf(figures),
    }));
  }

  #source(unordered: readonly LakeFile[]): Source {
    const files = [...unordered].sort((a, b) => a.minMs - b.minMs);
    return {
      from: `read_parquet([${files.map(({ path }) => literal(join(this.#directory, path))).join(', ')}])`,
      inOrder: followEachOther(files),
      rows: files.reduce((sum, { rows }) => sum + rows, 0),
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  }

  /** Writes one file, durable and under its name, though not listed yet. @param expected what is to be in it */
  async #write(
    source: Source,
    expected: Figures,
    partition?: Partition,
    except: readonly Partition[] = [],
  ): Promise<LakeFile> {
    const number = this.#manifest.nextFile;
    this.#manifest = { ...this.#manifest, nextFile: number + 1 };
    const path = `${partition ? folderOf(partition) : LANDING}/${number}.parquet`;
    const whole = join(this.#directory, path);
    makeDirectory(this.#directory, dirname(whole));
    const conditions = [`sequence >= ${this.#start}`];
    if (partition) conditions.push(within(partition), ...except.map((one) => `NOT (${within(one)})`));
    // What lies together in a file that waits is skipped together when it is distributed.
    const place = partition ? [] : ['account_id', 'awsregion'];
    const order = partition && source.inOrder ? '' : ` ORDER BY ${[...place, 'event_time', 'sequence'].join(', ')}`;
    const rows = `SELECT * FROM ${source.from} WHERE ${conditions.join(' AND ')}${order}`;
    const options = `FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL ${COMPRESSION_LEVEL}, ROW_GROUP_SIZE ${rowGroupRows(source, partition ? ROW_GROUP_ROWS_MAX : LANDING_GROUP_ROWS)}`;
    try {
      const copy = `COPY (${rows}) TO ${literal(unfinished(whole))} (${options})`;
      const [copied] = await this.#engine.rows<[bigint]>(statement(() => copy));
      this.#onStep('written');
      finishFile(whole);
      this.#onStep('named');
      await writeSketch(this.#engine, whole);
      // To read all records again takes as long as to scan the table once more.
      const figures = Number(copied![0]) === expected.rows ? expected : await this.#figures(whole);
      return { path, ...figures, ...(partition && { partition }) };
    } catch (error) {
      for (const made of [whole, sketchOf(whole)]) {
        removeFile(this.#directory, unfinished(made));
        removeFile(this.#directory, made);
      }
      throw error;
    }
  }

  async #figures(path: string): Promise<Figures> {
    const [figures] = await this.#engine.rows<readonly unknown[]>(
      statement(() => `SELECT ${FIGURES} FROM read_parquet(${literal(path)})`),
    );
    return figuresOf(figures!);
  }

  /** Makes a new manifest the one that holds; files that it does not list are deleted when nobody reads them. */
  #list(change: { storedEnd?: Sequence; add: readonly LakeFile[]; drop: readonly LakeFile[] }): void {
    const dropped = new Set(change.drop.map(({ path }) => path));
    const files = [...this.#manifest.files.filter(({ path }) => !dropped.has(path)), ...change.add];
    const manifest = { ...this.#manifest, files, storedEnd: change.storedEnd ?? this.#manifest.storedEnd };
    writeManifest(this.#directory, manifest);
    this.#manifest = manifest;
    this.#onStep('listed');
    this.#pins.drop(() => this.#forget(change.drop));
  }

  #forget(files: readonly LakeFile[]): void {
    for (const { path } of files) {
      for (const own of [sketchOf(path), path]) removeFile(this.#directory, join(this.#directory, own));
    }
  }
}

/** What is known of the events of a file. */
type Figures = Omit<LakeFile, 'path' | 'partition'>;
type Day = DayGroup & Figures;

const LARGE = `sum(strlen(eventjson)) FILTER (WHERE strlen(eventjson) > ${LARGE_RECORD_BYTES})`;
const FIGURES = `count(*), sum(strlen(eventjson)), ${LARGE}, epoch_ms(min(event_time)), epoch_ms(max(event_time)), min(sequence), max(sequence)`;

function figuresOf(row: readonly unknown[]): Figures {
  const [rows, bytes, largeBytes, minMs, maxMs, first, last] = row.map(Number) as [number, ...number[]];
  return { rows, bytes: bytes!, largeBytes: largeBytes!, minMs: minMs!, maxMs: maxMs!, first: first!, last: last! };
}

/** Those of several as those of one. */
function together(all: readonly Figures[]): Figures {
  const sumOf = (one: 'rows' | 'bytes' | 'largeBytes') => all.reduce((sum, figures) => sum + figures[one], 0);
  return {
    ...{ rows: sumOf('rows'), bytes: sumOf('bytes'), largeBytes: sumOf('largeBytes') },
    minMs: Math.min(...all.map(({ minMs }) => minMs)),
    maxMs: Math.max(...all.map(({ maxMs }) => maxMs)),
    first: Math.min(...all.map(({ first }) => first)),
    last: Math.max(...all.map(({ last }) => last)),
  };
}

/** What files are written from: SQL that stands after FROM, and how much it is. */
interface Source {
  readonly from: string;
  readonly rows: number;
  readonly bytes: number;
  /** Near enough to the order of time that sorting it would not help who looks for a time. */
  readonly inOrder: boolean;
}

function rowGroupRows({ rows, bytes }: Source, max: number): number {
  const fitting = Math.floor(ROW_GROUP_BYTES / Math.max(1, bytes / Math.max(1, rows)));
  return Math.max(1, Math.min(max, fitting));
}

function within({ accountId, region, period }: Partition): string {
  const { startMs, endMs } = spanOf(period);
  return `coalesce(account_id, '') = ${literal(accountId)} AND coalesce(awsregion, '') = ${literal(region)} AND event_time >= ${timeLiteral(startMs)} AND event_time < ${timeLiteral(endMs)}`;
}
