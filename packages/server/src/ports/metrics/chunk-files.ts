import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeFileSystem } from '../log/file-system.ts';
import type { MetricPoint, PointCause } from '../metrics.ts';
import { ChunkReader, type Footer, type SeriesContent, writeChunk } from './chunk.ts';

/** How fine the points of a chunk are, and how long a stretch it holds, in seconds. */
export interface Tier {
  readonly name: string;
  readonly stretch: number;
  /** What is older than this has moved on to the next tier, or is gone. */
  readonly keepSeconds: number;
  readonly grain: number;
}

const HOUR = 3600;
const DAY = 24 * HOUR;

/** CloudWatch user guide, "Metrics retention". */
export const TIERS: readonly [Tier, ...Tier[]] = [
  { name: 's', stretch: HOUR, grain: 1, keepSeconds: 3 * HOUR },
  { name: 'm', stretch: HOUR, grain: 60, keepSeconds: 15 * DAY },
  { name: 'f', stretch: DAY, grain: 300, keepSeconds: 63 * DAY },
  { name: 'h', stretch: 10 * DAY, grain: HOUR, keepSeconds: 455 * DAY },
];

export interface Chunk {
  readonly name: string;
  readonly tier: Tier;
  /** Where its stretch begins. */
  readonly start: number;
  readonly generation: number;
}

/** Footers that are kept: a fortnight's chunks have 360. One of 10,000 series takes 100 KB. */
const FOOTERS_MAX = 64;

const NAME = /^([smfh])-(\d+)-(\d+)\.chunk$/;

/** The chunks of a folder. What is replaced is deleted when nobody reads any more. */
export class ChunkFiles {
  readonly #directory: string;
  readonly #footers = new Map<string, Footer>();
  #chunks: readonly Chunk[] = [];
  #doomed: string[] = [];
  #reading = 0;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** @param unfinished generations whose chunks will be written again */
  static async open(directory: string, unfinished: ReadonlySet<number>): Promise<ChunkFiles> {
    await mkdir(directory, { recursive: true });
    const files = new ChunkFiles(directory);
    const chunks: Chunk[] = [];
    const replaced = new Set<string>();
    for (const name of await readdir(directory)) {
      const chunk = chunkOf(name);
      if (!chunk || unfinished.has(chunk.generation)) {
        await rm(join(directory, name), { force: true });
        continue;
      }
      chunks.push(chunk);
    }
    // Only chunks of later generations than theirs can stand for others.
    for (const chunk of chunks) for (const name of (await files.#footer(chunk)).replaces) replaced.add(name);
    for (const name of replaced) await rm(join(directory, name), { force: true });
    files.#chunks = chunks.filter(({ name }) => !replaced.has(name));
    return files;
  }

  get chunks(): readonly Chunk[] {
    return this.#chunks;
  }
  get lastGeneration(): number {
    return Math.max(0, ...this.#chunks.map(({ generation }) => generation));
  }

  /** Writes a chunk, durably. It counts once `replace` has put it in. */
  async write(
    tier: Tier,
    start: number,
    generation: number,
    contents: AsyncIterable<SeriesContent> | Iterable<SeriesContent>,
    replaces: readonly Chunk[],
  ): Promise<Chunk> {
    const name = `${tier.name}-${start}-${generation}.chunk`;
    const path = join(this.#directory, name);
    const replaced = replaces.map((chunk) => chunk.name);
    try {
      await writeChunk(`${path}.new`, contents, replaced);
    } catch (error) {
      await rm(`${path}.new`, { force: true });
      throw error;
    }
    await rename(`${path}.new`, path);
    await nodeFileSystem.syncDirectory(this.#directory);
    return { name, tier, start, generation };
  }

  async replace(gone: readonly Chunk[], added: readonly Chunk[]): Promise<void> {
    this.#chunks = [...this.#chunks.filter((chunk) => !gone.includes(chunk)), ...added];
    this.#doomed.push(...gone.map(({ name }) => name));
    await this.#sweep();
  }

  async points(chunks: readonly Chunk[], id: number): Promise<MetricPoint[]> {
    const found = await this.#inEach(chunks, (reader) => reader.points(id));
    return found.flat();
  }

  async causes(chunks: readonly Chunk[], id: number): Promise<(readonly [number, readonly PointCause[]])[]> {
    const found = await this.#inEach(chunks, (reader) => reader.causes(id));
    return found.flat();
  }

  /** All that is in a chunk, by series. */
  async *contents(chunk: Chunk): AsyncGenerator<SeriesContent> {
    this.#reading++;
    try {
      const reader = await this.#reader(chunk);
      try {
        yield* reader.contents();
      } finally {
        await reader.close();
      }
    } finally {
      await this.#done();
    }
  }

  /** Chunks that overlap a stretch of time. */
  overlapping(start: number, end: number): readonly Chunk[] {
    return this.#chunks.filter((chunk) => chunk.start < end && chunk.start + chunk.tier.stretch > start);
  }

  async #inEach<T>(chunks: readonly Chunk[], read: (reader: ChunkReader) => Promise<T>): Promise<T[]> {
    this.#reading++;
    try {
      const found: T[] = [];
      for (const chunk of chunks) {
        const reader = await this.#reader(chunk);
        try {
          found.push(await read(reader));
        } finally {
          await reader.close();
        }
      }
      return found;
    } finally {
      await this.#done();
    }
  }

  async #reader(chunk: Chunk): Promise<ChunkReader> {
    const reader = await ChunkReader.open(join(this.#directory, chunk.name), this.#footers.get(chunk.name));
    this.#footers.delete(chunk.name);
    this.#footers.set(chunk.name, reader.footer);
    if (this.#footers.size > FOOTERS_MAX) this.#footers.delete(this.#footers.keys().next().value!);
    return reader;
  }

  async #footer(chunk: Chunk): Promise<Footer> {
    const reader = await this.#reader(chunk);
    await reader.close();
    return reader.footer;
  }

  async #done(): Promise<void> {
    this.#reading--;
    await this.#sweep();
  }

  async #sweep(): Promise<void> {
    if (this.#reading > 0) return;
    for (const name of this.#doomed.splice(0)) {
      this.#footers.delete(name);
      await rm(join(this.#directory, name), { force: true });
    }
  }
}

function chunkOf(name: string): Chunk | undefined {
  const [, tierName, start, generation] = NAME.exec(name) ?? [];
  const tier = TIERS.find((t) => t.name === tierName);
  return tier && { name, tier, start: Number(start), generation: Number(generation) };
}
