import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { crc32, deflateRaw, inflateRaw } from 'node:zlib';
import { OperatorError } from '../../base/errors.ts';
import type { MetricPoint, PointCause } from '../metrics.ts';

/**
 * A chunk holds the points of many series for one stretch of time, and is never changed:
 *
 * | …     | blocks: deflated JSON, `[[series, [[second, sum, count, min, max, values?]…]]…]` or causes |
 * | …     | footer: deflated JSON, `Footer`                                                           |
 * | u32le | length of the footer                                                                      |
 * | u32le | CRC-32 of the footer                                                                      |
 * | 8     | `OTMETRI\1`                                                                               |
 */
const MAGIC = Buffer.from('OTMETRI\u0001', 'latin1');
const TAIL_BYTES = 16;

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Series of a block: reading one costs inflating all of them, half a millisecond for an hour of minutes. */
const BLOCK_SERIES = 16;
/** Or as soon as it holds this many points or causes. */
const BLOCK_POINTS = 4000;
const BLOCK_CAUSES = 200;

type PackedPoint = readonly [number, number, number, number, number, MetricPoint['values']?];
type Block = readonly [kind: 'p' | 'c', offset: number, bytes: number, crc: number, ids: readonly number[]];

export interface Footer {
  /** Names of the chunks that this one stands for, which a crash may have left behind. */
  readonly replaces: readonly string[];
  readonly blocks: readonly Block[];
}

export interface SeriesContent {
  readonly id: number;
  /** In order of time. */
  readonly points: readonly MetricPoint[];
  /** By minute, in order of time. */
  readonly causes: readonly (readonly [second: number, causes: readonly PointCause[]])[];
}

/** Writes a chunk and makes its bytes durable; its name in the folder is the caller's to make so. */
export async function writeChunk(
  path: string,
  contents: AsyncIterable<SeriesContent> | Iterable<SeriesContent>,
  replaces: readonly string[],
): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    const writer = new BlockWriter(file);
    for await (const content of contents) await writer.add(content);
    const footer = await deflate(JSON.stringify({ replaces, blocks: await writer.end() } satisfies Footer));
    const tail = Buffer.alloc(TAIL_BYTES);
    tail.writeUInt32LE(footer.length, 0);
    tail.writeUInt32LE(crc32(footer), 4);
    MAGIC.copy(tail, 8);
    await file.appendFile(Buffer.concat([footer, tail]));
    await file.sync();
  } finally {
    await file.close();
  }
}

class BlockWriter {
  readonly #file: FileHandle;
  readonly #blocks: Block[] = [];
  readonly #open = { p: newBlock(), c: newBlock() };
  #offset = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async add({ id, points, causes }: SeriesContent): Promise<void> {
    if (points.length > 0) await this.#put('p', id, points.map(packed), BLOCK_POINTS);
    if (causes.length > 0) await this.#put('c', id, causes, BLOCK_CAUSES);
  }

  async #put(kind: 'p' | 'c', id: number, items: readonly unknown[], itemsMax: number): Promise<void> {
    const block = this.#open[kind];
    block.series.push([id, items]);
    block.items += items.length;
    if (block.series.length >= BLOCK_SERIES || block.items >= itemsMax) await this.#flush(kind);
  }

  async #flush(kind: 'p' | 'c'): Promise<void> {
    const { series } = this.#open[kind];
    this.#open[kind] = newBlock();
    if (series.length === 0) return;
    const bytes = await deflate(JSON.stringify(series));
    await this.#file.appendFile(bytes);
    this.#blocks.push([kind, this.#offset, bytes.length, crc32(bytes), series.map(([id]) => id)]);
    this.#offset += bytes.length;
  }

  async end(): Promise<readonly Block[]> {
    await this.#flush('p');
    await this.#flush('c');
    return this.#blocks;
  }
}

const newBlock = () => ({ series: [] as [number, readonly unknown[]][], items: 0 });

const packed = ({ second, sum, count, min, max, values }: MetricPoint): PackedPoint =>
  values ? [second, sum, count, min, max, values] : [second, sum, count, min, max];

const unpacked = ([second, sum, count, min, max, values]: PackedPoint): MetricPoint => ({
  second,
  sum,
  count,
  min,
  max,
  ...(values && { values }),
});

/** An open chunk file. */
export class ChunkReader {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly footer: Footer;

  private constructor(path: string, file: FileHandle, footer: Footer) {
    this.#path = path;
    this.#file = file;
    this.footer = footer;
  }

  /** @param known the footer, where it has been read before @throws OperatorError when the file is damaged */
  static async open(path: string, known?: Footer): Promise<ChunkReader> {
    const file = await open(path, 'r');
    try {
      return new ChunkReader(path, file, known ?? (await readFooter(path, file)));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async points(id: number): Promise<MetricPoint[]> {
    return (await this.#of<PackedPoint>('p', id)).map(unpacked);
  }

  async causes(id: number): Promise<readonly (readonly [number, readonly PointCause[]])[]> {
    return this.#of('c', id);
  }

  /** All that is in the chunk, by series. */
  async *contents(): AsyncGenerator<SeriesContent> {
    const causes = this.#walk<readonly [number, readonly PointCause[]]>('c');
    let next = await causes.next();
    for await (const [id, points] of this.#walk<PackedPoint>('p')) {
      const mine = !next.done && next.value[0] === id ? next.value[1] : [];
      if (!next.done && next.value[0] === id) next = await causes.next();
      yield { id, points: points.map(unpacked), causes: mine };
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async *#walk<T>(kind: 'p' | 'c'): AsyncGenerator<readonly [number, readonly T[]]> {
    for (const block of this.footer.blocks) if (block[0] === kind) yield* await this.#read<T>(block);
  }

  async #of<T>(wanted: 'p' | 'c', id: number): Promise<readonly T[]> {
    const block = this.footer.blocks.find(([kind, , , , ids]) => kind === wanted && ids.includes(id));
    if (!block) return [];
    return (await this.#read<T>(block)).find(([of]) => of === id)![1];
  }

  async #read<T>([, offset, length, crc]: Block): Promise<(readonly [number, readonly T[]])[]> {
    const bytes = await readExactly(this.#file, length, offset);
    if (!bytes || crc32(bytes) !== crc) throw damaged(this.#path);
    return JSON.parse((await inflate(bytes)).toString());
  }
}

async function readFooter(path: string, file: FileHandle): Promise<Footer> {
  const { size } = await file.stat();
  const tail = size < TAIL_BYTES ? undefined : await readExactly(file, TAIL_BYTES, size - TAIL_BYTES);
  if (!tail?.subarray(8).equals(MAGIC)) throw damaged(path);
  const length = tail.readUInt32LE(0);
  const bytes = length > size - TAIL_BYTES ? undefined : await readExactly(file, length, size - TAIL_BYTES - length);
  if (!bytes || crc32(bytes) !== tail.readUInt32LE(4)) throw damaged(path);
  return JSON.parse((await inflate(bytes)).toString()) as Footer;
}

async function readExactly(file: FileHandle, length: number, position: number): Promise<Buffer | undefined> {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) return undefined;
    done += bytesRead;
  }
  return bytes;
}

const damaged = (path: string) =>
  new OperatorError(
    `The metrics file ${path} is damaged. Put it back from a copy, or move it away: its values are lost.`,
  );
