import { mkdir, open, readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants } from 'node:zlib';
import { OperatorError, Pushback, pushbackWhenFull, systemErrorCode } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { type LogFileSystem, nodeFileSystem } from '../log/file-system.ts';
import { addPoint, inOrder } from '../metric-points.ts';
import type {
  KnownSeries,
  MetricId,
  MetricPoint,
  MetricSeries,
  MetricStore,
  MetricWrite,
  OncePut,
  PointCause,
} from '../metrics.ts';
import { type Chunk, ChunkFiles, TIERS } from './chunk-files.ts';
import { HotPoints } from './hot.ts';
import { joinChunks } from './join.ts';
import { SeriesTable } from './series-table.ts';
import { readWal, Wal, type WalEntry } from './wal.ts';

export interface MetricStoreOptions {
  readonly directory: string;
  readonly logger: Logger;
  /** What the write-ahead log is written with; tests pass one that fails. */
  readonly fs?: LogFileSystem;
  /** Points in memory that are moved to files. */
  readonly hotPointsMax?: number;
}

/** Some 100 MB of memory, and ten minutes of 10,000 metrics. */
const HOT_POINTS_MAX = 200_000;
/** A WAL is read whole at a start, and causes make points large. */
const WAL_BYTES_MAX = 32 << 20;
/** When files cannot be written no more than this is taken in. */
const WAL_BYTES_LIMIT = 4 * WAL_BYTES_MAX;
/** Puts that may wait for the disk. */
const WAITING_MAX = 1000;

/** After a crash the WAL is read again: what is in memory goes to files after an hour at the latest. */
const HOT_SECONDS_MAX = 3600;
/** Names repeat a lot: the quickest levels already make them small. */
const SERIES_QUALITY = 3;

const compress = promisify(brotliCompress);
const decompress = promisify(brotliDecompress);

const WAL_NAME = /^(\d+)\.wal$/;
const SERIES = 'series.br';

interface Waiting {
  readonly writes: readonly MetricWrite[];
  readonly once: OncePut | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Metrics in a folder: what came last in memory and in a write-ahead log, all before in chunks by the hour, later by the
 * day and by ten days. The folder MUST belong to one process at a time.
 * @throws OperatorError when files are damaged
 */
export async function openMetricStore(options: MetricStoreOptions): Promise<MetricStore> {
  const store = new FileMetricStore(options);
  await store.open();
  return store;
}

interface Frozen {
  readonly points: HotPoints;
  readonly generation: number;
  /** Of its WAL. */
  readonly bytes: number;
}

class FileMetricStore implements MetricStore {
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #fs: LogFileSystem;
  readonly #hotPointsMax: number;
  readonly #table = new SeriesTable();
  /** The last number that was taken of each source. */
  readonly #sources = new Map<string, number>();
  #files!: ChunkFiles;
  /** Made with the first write: a start must not need a disk that takes anything. */
  #wal: Wal | undefined;
  #walGeneration = 0;
  /** The last one that was given out, to a WAL or to a chunk. */
  #generation = 0;
  #hot = new HotPoints();
  /** On their way to files, the oldest first, each with the WAL that they are also in. */
  readonly #frozen: Frozen[] = [];
  /** Since when there is something in memory, and what time it was last, in seconds. */
  #hotSince = 0;
  #now = 0;
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;
  #flushing: Promise<void> | undefined;
  #maintaining: Promise<void> | undefined;
  #rotationAsked = false;
  #closed = false;

  constructor({ directory, logger, fs = nodeFileSystem, hotPointsMax = HOT_POINTS_MAX }: MetricStoreOptions) {
    this.#directory = directory;
    this.#logger = logger;
    this.#fs = fs;
    this.#hotPointsMax = hotPointsMax;
  }

  async open(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await this.#readSeries();
    const names = await readdir(this.#directory);
    const left = names.flatMap((name) => WAL_NAME.exec(name)?.slice(1) ?? []).map(Number);
    left.sort((a, b) => a - b);
    this.#files = await ChunkFiles.open(join(this.#directory, 'chunks'), new Set(left));
    this.#generation = Math.max(this.#files.lastGeneration, left.at(-1) ?? 0);
    // Each goes to files of its own generation: a crash between two WALs leaves the one done, the other whole.
    for (const generation of left) {
      const path = this.#walPath(generation);
      for (const entry of await readWal(path)) this.#apply(entry);
      this.#frozen.push({ points: this.#hot, generation, bytes: (await stat(path)).size });
      this.#hot = new HotPoints();
    }
    if (left.length > 0) this.#startFlush();
  }

  put(writes: readonly MetricWrite[], once?: OncePut): Promise<void> {
    if (this.#closed) throw new Error('the metrics are closed');
    if (this.#queue.length >= WAITING_MAX) throw new Pushback('too many metrics wait for the disk');
    const waiting = this.#frozen.reduce((sum, { bytes }) => sum + bytes, this.#walBytes);
    if (waiting > WAL_BYTES_LIMIT) throw new Pushback('metrics cannot be moved to files');
    return new Promise((resolve, reject) => {
      this.#queue.push({ writes, once, resolve, reject });
      this.#run();
    });
  }

  #run(): void {
    this.#running ??= Promise.resolve().then(() => this.#drain());
  }

  series(accountId: string, region: string, metric?: MetricId): readonly KnownSeries[] {
    return this.#table.list(accountId, region, metric);
  }

  async read(id: number, start: number, end: number): Promise<MetricPoint[]> {
    const points = new Map<number, MetricPoint>();
    const take = (some: Iterable<MetricPoint>) => {
      for (const point of some) if (point.second >= start && point.second < end) addPoint(points, point);
    };
    // Memory is looked at in the same turn as the list of files: what moves meanwhile is found once.
    const chunks = this.#files.overlapping(start, end);
    take(this.#hot.pointsOf(id));
    for (const { points } of this.#frozen) take(points.pointsOf(id));
    take(await this.#files.points(chunks, id));
    return inOrder(points);
  }

  async causes(id: number, start: number, end: number): Promise<PointCause[]> {
    const minute = start - (start % 60);
    const chunks = this.#files.overlapping(minute, end);
    const found = [this.#hot, ...this.#frozen.map(({ points }) => points)].flatMap((points) => [
      ...points.causesOf(id),
    ]);
    found.push(...(await this.#files.causes(chunks, id)));
    return found
      .filter(([second]) => second >= minute && second < end)
      .flatMap(([, causes]) => causes)
      .sort((a, b) => a.timestampMs - b.timestampMs);
  }

  maintain(nowMs: number): Promise<void> {
    this.#maintaining ??= this.#maintain(Math.floor(nowMs / 1000)).finally(() => {
      this.#maintaining = undefined;
    });
    return this.#maintaining;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#maintaining?.catch(() => {});
    await this.#flushing;
    await this.#wal?.close();
  }

  get #walBytes(): number {
    return this.#wal?.bytes ?? 0;
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0 || this.#rotationAsked) {
      const entry = this.#entryOf(this.#queue.splice(0));
      try {
        const { from: _, ...added } = entry;
        if (entry.points.length + entry.once.length > 0) await (this.#wal ?? (await this.#newWal())).append(added);
        this.#apply(entry);
        for (const { resolve } of entry.from) resolve();
      } catch (error) {
        for (const { reject } of entry.from) reject(pushbackWhenFull(error, 'no metrics are taken'));
      }
      const full = this.#walBytes > WAL_BYTES_MAX || this.#hot.points > this.#hotPointsMax;
      if (full || this.#rotationAsked) await this.#rotate();
      this.#rotationAsked = false;
    }
    this.#running = undefined;
  }

  /** What a batch adds, less those puts for whose series there is no room. */
  #entryOf(batch: readonly Waiting[]): Required<WalEntry> & { readonly from: readonly Waiting[] } {
    const made = new Map<string, readonly [number, MetricSeries]>();
    const points: WalEntry['points'][number][] = [];
    const from: Waiting[] = [];
    const once = new Map<string, number>();
    for (const waiting of batch) {
      const { source = '', sequence = 0 } = waiting.once ?? {};
      const last = once.get(source) ?? this.#sources.get(source);
      if (waiting.once && last !== undefined && sequence <= last) {
        from.push(waiting); // what it repeats may be on its way to the disk in this very batch
        continue;
      }
      const known = waiting.writes.map(({ series }) => this.#table.find(series));
      try {
        this.#table.checkRoom(made.size + known.filter((series) => series === undefined).length);
      } catch (error) {
        waiting.reject(error);
        continue;
      }
      for (const [i, { series, point, causes = [] }] of waiting.writes.entries()) {
        points.push([known[i]?.id ?? newIdOf(this.#table, made, series), point, causes]);
      }
      if (waiting.once) once.set(source, sequence);
      from.push(waiting);
    }
    return { series: [...made.values()], points, once: [...once], from };
  }

  #apply({ series, points, once = [] }: WalEntry): void {
    for (const [source, sequence] of once) this.#sources.set(source, sequence);
    for (const [id, one] of series) this.#table.add(one, id);
    for (const [id, point, causes] of points) {
      this.#hot.add(id, point, causes);
      this.#table.seen(id, point.second);
    }
  }

  /**
   * Begins a new WAL; what was in the old one goes to files, behind the back of those who put. Only between two writes: a
   * point MUST be in memory and in the WAL that go together.
   */
  async #rotate(): Promise<void> {
    const { wal, generation } = { wal: this.#wal, generation: this.#walGeneration };
    if (this.#frozen.length > 0 || !wal) return;
    try {
      await this.#newWal();
    } catch (error) {
      this.#logger.error({ err: error }, 'metrics cannot be moved to files');
      return;
    }
    this.#frozen.push({ points: this.#hot, generation, bytes: wal.bytes });
    this.#hot = new HotPoints();
    this.#startFlush();
    await wal.close();
  }

  #startFlush(): void {
    this.#flushing = this.#flush().catch((error) => {
      this.#logger.error({ err: error }, 'metrics could not be moved to files; this is tried again soon');
    });
  }

  async #flush(): Promise<void> {
    for (let [first] = this.#frozen; first; [first] = this.#frozen) await this.#moveToFiles(first);
  }

  /** Writes the oldest that is frozen to chunks, and lets go of its WAL. After an error it can be done again. */
  async #moveToFiles({ points, generation }: Frozen): Promise<void> {
    const written: Chunk[] = [];
    const [tier] = TIERS;
    for (const start of points.stretches(tier.stretch)) {
      written.push(await this.#files.write(tier, start, generation, points.inStretch(start, tier.stretch), []));
    }
    await this.#writeSeries();
    await this.#fs.remove(this.#walPath(generation));
    await this.#fs.syncDirectory(this.#directory);
    this.#frozen.shift();
    await this.#files.replace([], written);
  }

  async #maintain(now: number): Promise<void> {
    this.#now = now;
    await this.#flushing;
    if (this.#frozen.length > 0) this.#startFlush();
    if (this.#hot.points === 0) this.#hotSince = now;
    else if (now - this.#hotSince >= HOT_SECONDS_MAX || now < this.#hotSince) {
      this.#hotSince = now;
      this.#rotationAsked = true;
      this.#run();
      await this.#running;
    }
    await this.#flushing;
    await joinChunks(this.#files, () => ++this.#generation, now);
  }

  async #readSeries(): Promise<void> {
    try {
      const text = await decompress(await readFile(join(this.#directory, SERIES)));
      for (const line of text.toString().split('\n')) {
        if (line === '') continue;
        const read = JSON.parse(line) as KnownSeries | OncePut;
        if ('source' in read) {
          this.#sources.set(read.source, read.sequence);
          continue;
        }
        const { id, lastSecond, ...series } = read;
        this.#table.add(series, id);
        this.#table.seen(id, lastSecond);
      }
    } catch (cause) {
      if (systemErrorCode(cause) === 'ENOENT') return;
      throw new OperatorError(`The metrics file ${join(this.#directory, SERIES)} is damaged.`, { cause });
    }
  }

  /** The names of all series of which anything may be left. */
  async #writeSeries(): Promise<void> {
    const oldest = this.#now - TIERS.at(-1)!.keepSeconds;
    const lines = [...this.#sources].map(([source, sequence]) => JSON.stringify({ source, sequence }));
    for (const series of this.#table.all()) if (series.lastSecond >= oldest) lines.push(JSON.stringify(series));
    const path = join(this.#directory, SERIES);
    const options = { params: { [constants.BROTLI_PARAM_QUALITY]: SERIES_QUALITY } };
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(await compress(lines.join('\n'), options));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  }

  #walPath(generation: number): string {
    return join(this.#directory, `${String(generation).padStart(12, '0')}.wal`);
  }

  async #newWal(): Promise<Wal> {
    const generation = ++this.#generation;
    this.#wal = await Wal.create(this.#fs, this.#walPath(generation), generation);
    this.#walGeneration = generation;
    return this.#wal;
  }
}

function newIdOf(table: SeriesTable, made: Map<string, readonly [number, MetricSeries]>, series: MetricSeries): number {
  const key = JSON.stringify(series);
  const id = made.get(key)?.[0] ?? table.newId();
  made.set(key, [id, series]);
  return id;
}
