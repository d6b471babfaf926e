import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { crc32, deflateRaw, inflateRaw } from 'node:zlib';
import type { LogFileSystem } from '../log/file-system.ts';
import { writeFully } from '../log/file-system.ts';
import { logDamage, segmentName } from '../log/raw-reader.ts';
import { readAt } from '../objects/files.ts';
import { BLOCK_HEAD_BYTES, type BlockInfo, decodeBlock, type Entry, entriesOf, infoOf } from './block.ts';
import type { BlockCache } from './cache.ts';
import { type RawSegment, withFile } from './raw.ts';
import { Lease, type Segment } from './segment.ts';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/**
 * A segment that is complete: each stream's events by time, in deflated blocks, so that a page of one stream reads little.
 *
 * | …     | blocks, each u32le CRC-32 and deflated bytes                          |
 * | …     | footer: deflated JSON, `{ first, end, minMs, maxMs, blocks: [[…]…] }` |
 * | u32le | footer's length, then its CRC-32, then `OTLG`                         |
 */
const MAGIC = Buffer.from('OTLG', 'latin1');
const TRAILER_BYTES = 12;
const CRC_BYTES = 4;
/** Before compression: a page of a hundred events of CloudTrail reads two or three of them. */
const BLOCK_BYTES = 64 << 10;
/** The level at which records take a third less time than at the default, and a tenth more room. */
const LEVEL = 3;

interface Footer {
  readonly first: number;
  readonly end: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly blocks: readonly BlockInfo[];
}

export class SealedSegment implements Segment {
  readonly path: string;
  readonly first: number;
  readonly end: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly lease = new Lease();
  readonly #cache: BlockCache;

  constructor(path: string, footer: Omit<Footer, 'blocks'>, cache: BlockCache) {
    this.path = path;
    this.first = footer.first;
    this.end = footer.end;
    this.minMs = footer.minMs;
    this.maxMs = footer.maxMs;
    this.#cache = cache;
  }

  blocks(): Promise<readonly BlockInfo[]> {
    return this.#cache.get(`${this.path}#`, async () => {
      const { blocks } = await readFooter(this.path);
      return { value: blocks, bytes: blocks.length * FOOTER_ENTRY_BYTES };
    });
  }

  load(info: BlockInfo) {
    return this.#cache.get(`${this.path}@${info.offset}`, async () => {
      const stored = await withFile(this.path, (file) => readAt(file, info.length, info.offset));
      const deflated = stored.subarray(CRC_BYTES);
      if (stored.length < info.length || crc32(deflated) !== stored.readUInt32LE(0)) {
        throw logDamage(this.path, info.offset, 'a block fails its check');
      }
      const block = await inflate(deflated);
      return { value: decodeBlock(block), bytes: MEMORY_FACTOR * block.length };
    });
  }

  /** It is opened for each read. */
  async close(): Promise<void> {}
}

/** Reckoned, of an entry in memory. */
const FOOTER_ENTRY_BYTES = 160;
/** Events as objects take about so much more than as bytes. */
const MEMORY_FACTOR = 2;

/** @throws OperatorError when the file is not whole */
export async function openSealed(path: string, cache: BlockCache): Promise<SealedSegment> {
  return new SealedSegment(path, await readFooter(path), cache);
}

function readFooter(path: string): Promise<Footer> {
  return withFile(path, async (file) => {
    const { size } = await file.stat();
    const trailer = await readAt(file, TRAILER_BYTES, Math.max(0, size - TRAILER_BYTES));
    if (trailer.length < TRAILER_BYTES || !trailer.subarray(8).equals(MAGIC)) {
      throw logDamage(path, size, 'its end is missing');
    }
    const length = trailer.readUInt32LE(0);
    const at = Math.max(0, size - TRAILER_BYTES - length);
    const deflated = await readAt(file, length, at);
    if (crc32(deflated) !== trailer.readUInt32LE(4)) throw logDamage(path, at, 'its list of blocks fails its check');
    const { blocks, ...rest } = JSON.parse((await inflate(deflated)).toString());
    return { ...rest, blocks: (blocks as number[][]).map(unpackInfo) } as Footer;
  });
}

/** Writes what a raw segment holds as a sealed one, durable under its name when it resolves. */
export async function seal(fs: LogFileSystem, raw: RawSegment): Promise<string> {
  const path = join(dirname(raw.path), segmentName(raw.first, 'seg'));
  const file = await fs.open(`${path}.tmp`, 'w+');
  const blocks: BlockInfo[] = [];
  let at = 0;
  const put = async (bytes: Buffer) => {
    await writeFully(file, bytes, at);
    at += bytes.length;
  };
  try {
    for await (const block of blocksByTime(raw)) {
      const deflated = await deflate(block, { level: LEVEL });
      blocks.push(infoOf(block, at, CRC_BYTES + deflated.length));
      await put(Buffer.concat([u32(crc32(deflated)), deflated]));
    }
    const { first, end, minMs, maxMs } = raw;
    const footer = await deflate(JSON.stringify({ first, end, minMs, maxMs, blocks: blocks.map(packInfo) }));
    await put(Buffer.concat([footer, u32(footer.length), u32(crc32(footer)), MAGIC]));
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
  await fs.syncDirectory(dirname(path));
  return path;
}

/** The events of each stream by time, cut into blocks. Holds one stream's events of the segment at a time. */
async function* blocksByTime(raw: RawSegment): AsyncGenerator<Buffer, void> {
  const byStream = new Map<number, BlockInfo[]>();
  for (const info of await raw.blocks()) {
    const mine = byStream.get(info.stream);
    if (mine) mine.push(info);
    else byStream.set(info.stream, [info]);
  }
  for (const [stream, infos] of byStream) {
    const events: { readonly entry: Entry; readonly block: Buffer }[] = [];
    for (const info of infos) {
      const block = await raw.bytesOf(info);
      for (const entry of entriesOf(block)) events.push({ entry, block });
    }
    events.sort((a, b) => a.entry.timestampMs - b.entry.timestampMs || a.entry.sequence - b.entry.sequence);
    let parts: Buffer[] = [u32(stream)];
    let size = BLOCK_HEAD_BYTES;
    for (const { entry, block } of events) {
      parts.push(block.subarray(entry.start, entry.end));
      size += entry.end - entry.start;
      if (size < BLOCK_BYTES) continue;
      yield Buffer.concat(parts);
      parts = [u32(stream)];
      size = BLOCK_HEAD_BYTES;
    }
    if (parts.length > 1) yield Buffer.concat(parts);
  }
}

function u32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** The order of a block's figures in the footer. */
const FIGURES = [
  ...(['stream', 'offset', 'length', 'minMs', 'maxMs'] as const),
  ...(['minSequence', 'maxSequence', 'lastIngestedMs', 'count', 'messageBytes'] as const),
] as const satisfies readonly (keyof BlockInfo)[];
const packInfo = (info: BlockInfo): number[] => FIGURES.map((name) => info[name]);
const unpackInfo = (figures: readonly number[]): BlockInfo =>
  Object.fromEntries(FIGURES.map((name, i) => [name, figures[i]])) as unknown as BlockInfo;
