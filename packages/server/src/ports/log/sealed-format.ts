import { brotliCompressSync, brotliDecompressSync, constants, crc32, inflateRawSync } from 'node:zlib';
import { type Frame, parseFrameBody } from './frame.ts';

/** The layout of a sealed segment (`ports/README.md`). Pure: bytes in, bytes out. */

/** Events in a block: small, since a look-up unpacks a whole block for one event; large enough to pack well. */
export const BLOCK_EVENTS = 16;

/** How the blocks of a segment are packed. Brotli is what is written; deflate is what older versions wrote. */
export type Codec = 'brotli' | 'deflate';

/**
 * Speed over size: brotli's quickest takes half the CPU of deflate's for 7 % more bytes, and higher qualities of either
 * much more. A window of a block or two, and `chunkSize` (about what a block packs to), so that no more is allocated.
 */
const BROTLI = {
  params: { [constants.BROTLI_PARAM_QUALITY]: 0, [constants.BROTLI_PARAM_LGWIN]: 16 },
  chunkSize: 8192,
};

const magic = (version: number): Buffer => Buffer.concat([Buffer.from('OTSEG\0\0', 'latin1'), Buffer.of(version)]);
/** What segments begin and end with, by what is in between. */
const MAGICS: Readonly<Record<Codec, Buffer>> = { deflate: magic(1), brotli: magic(2) };
const CODECS = Object.keys(MAGICS) as Codec[];
/** Of those written now. */
export const SEALED_MAGIC = MAGICS.brotli;
export const FOOTER_BYTES = 68;
export const TABLE_ENTRY_BYTES = 44;
const RECORD_HEAD_BYTES = 4;

/** The span of some events, ms since the epoch, both ends inclusive. */
export interface Span {
  readonly acceptedMinMs: number;
  readonly acceptedMaxMs: number;
  /** Of eventTime. */
  readonly timeMinMs: number;
  readonly timeMaxMs: number;
}

export interface BlockEntry extends Span {
  /** Of the packed bytes in the file; the length is `bytes`. */
  readonly offset: number;
  readonly bytes: number;
  readonly inflatedBytes: number;
  /** Of the packed bytes. */
  readonly crc: number;
}

export interface SealedFooter extends Span {
  readonly first: number;
  readonly count: number;
  readonly tableOffset: number;
  readonly tableCrc: number;
  readonly codec: Codec;
}

export const NO_SPAN: Span = {
  acceptedMinMs: Number.POSITIVE_INFINITY,
  acceptedMaxMs: Number.NEGATIVE_INFINITY,
  timeMinMs: Number.POSITIVE_INFINITY,
  timeMaxMs: Number.NEGATIVE_INFINITY,
};

export function joinSpans(a: Span, b: Span): Span {
  return {
    acceptedMinMs: Math.min(a.acceptedMinMs, b.acceptedMinMs),
    acceptedMaxMs: Math.max(a.acceptedMaxMs, b.acceptedMaxMs),
    timeMinMs: Math.min(a.timeMinMs, b.timeMinMs),
    timeMaxMs: Math.max(a.timeMaxMs, b.timeMaxMs),
  };
}

export const blockCount = (count: number): number => Math.ceil(count / BLOCK_EVENTS);

/** The bodies of up to `BLOCK_EVENTS` frames, packed. */
export function encodeBlock(bodies: readonly Buffer[]): { readonly bytes: Buffer; readonly inflatedBytes: number } {
  let inflatedBytes = 0;
  for (const body of bodies) inflatedBytes += RECORD_HEAD_BYTES + body.length;
  const plain = Buffer.allocUnsafe(inflatedBytes);
  let at = 0;
  for (const body of bodies) {
    plain.writeUInt32LE(body.length, at);
    plain.set(body, at + RECORD_HEAD_BYTES);
    at += RECORD_HEAD_BYTES + body.length;
  }
  return { bytes: brotliCompressSync(plain, BROTLI), inflatedBytes };
}

/** A block's own bytes, whose check has passed. */
export function unpackBlock(bytes: Buffer, inflatedBytes: number, codec: Codec): Buffer {
  // One chunk of the size that is known, so that nothing is copied together; zlib takes none smaller.
  const chunkSize = Math.max(64, inflatedBytes);
  const unpack = codec === 'brotli' ? brotliDecompressSync : inflateRawSync;
  return unpack(bytes, { chunkSize, maxOutputLength: chunkSize });
}

/** The frames of a block, views into its own bytes; undefined when it is damaged. */
export function decodeBlock(bytes: Buffer, entry: BlockEntry, codec: Codec): readonly Frame[] | undefined {
  if (bytes.length !== entry.bytes || crc32(bytes) !== entry.crc) return undefined;
  const plain = unpackBlock(bytes, entry.inflatedBytes, codec);
  const frames: Frame[] = [];
  for (let at = 0; at < plain.length; ) {
    const start = at + RECORD_HEAD_BYTES;
    at = start + plain.readUInt32LE(at);
    const frame = parseFrameBody(plain.subarray(start, at));
    if (!frame || at > plain.length) return undefined;
    frames.push(frame);
  }
  return frames;
}

export function encodeTable(entries: readonly BlockEntry[]): Buffer {
  const table = Buffer.allocUnsafe(entries.length * TABLE_ENTRY_BYTES);
  entries.forEach((entry, i) => {
    const at = i * TABLE_ENTRY_BYTES;
    table.writeUInt32LE(entry.bytes, at);
    table.writeUInt32LE(entry.inflatedBytes, at + 4);
    table.writeUInt32LE(entry.crc, at + 8);
    writeSpan(table, at + 12, entry);
  });
  return table;
}

/** Blocks stand one after the other from the magic on, which gives their offsets. Undefined when damaged. */
export function decodeTable(table: Buffer, footer: SealedFooter): readonly BlockEntry[] | undefined {
  if (crc32(table) !== footer.tableCrc) return undefined;
  const entries: BlockEntry[] = [];
  let offset = SEALED_MAGIC.length;
  for (let at = 0; at < table.length; at += TABLE_ENTRY_BYTES) {
    const bytes = table.readUInt32LE(at);
    const [inflatedBytes, crc] = [table.readUInt32LE(at + 4), table.readUInt32LE(at + 8)];
    entries.push({ offset, bytes, inflatedBytes, crc, ...readSpan(table, at + 12) });
    offset += bytes;
  }
  return offset === footer.tableOffset ? entries : undefined;
}

/** As much of a table as it takes to read single blocks, in flat arrays. */
export interface BlockPlaces {
  /** Where each block starts in the file, and in the end where the last one ends. */
  readonly offsets: Float64Array;
  readonly inflatedBytes: Uint32Array;
  readonly crcs: Uint32Array;
}

/** As `decodeTable`, for who has many segments open: a hundredth of the time, and a tenth of the memory. */
export function decodePlaces(table: Buffer, footer: SealedFooter): BlockPlaces | undefined {
  if (crc32(table) !== footer.tableCrc) return undefined;
  const blocks = table.length / TABLE_ENTRY_BYTES;
  const offsets = new Float64Array(blocks + 1);
  const inflatedBytes = new Uint32Array(blocks);
  const crcs = new Uint32Array(blocks);
  offsets[0] = SEALED_MAGIC.length;
  for (let block = 0, at = 0; block < blocks; block++, at += TABLE_ENTRY_BYTES) {
    offsets[block + 1] = offsets[block]! + table.readUInt32LE(at);
    inflatedBytes[block] = table.readUInt32LE(at + 4);
    crcs[block] = table.readUInt32LE(at + 8);
  }
  return offsets[blocks] === footer.tableOffset ? { offsets, inflatedBytes, crcs } : undefined;
}

export function encodeFooter(footer: SealedFooter): Buffer {
  const out = Buffer.alloc(FOOTER_BYTES);
  MAGICS[footer.codec].copy(out);
  out.writeDoubleLE(footer.first, 8);
  out.writeDoubleLE(footer.tableOffset, 16);
  out.writeUInt32LE(footer.count, 24);
  out.writeUInt32LE(footer.tableCrc, 28);
  writeSpan(out, 32, footer);
  out.writeUInt32LE(crc32(out.subarray(0, 64)), 64);
  return out;
}

/** Undefined when these are not the last bytes of a sealed segment of `fileBytes`. */
export function decodeFooter(bytes: Buffer, fileBytes: number): SealedFooter | undefined {
  if (bytes.length !== FOOTER_BYTES) return undefined;
  const codec = CODECS.find((codec) => bytes.subarray(0, 8).equals(MAGICS[codec]));
  if (!codec) return undefined;
  if (crc32(bytes.subarray(0, 64)) !== bytes.readUInt32LE(64)) return undefined;
  const footer = {
    first: bytes.readDoubleLE(8),
    tableOffset: bytes.readDoubleLE(16),
    count: bytes.readUInt32LE(24),
    tableCrc: bytes.readUInt32LE(28),
    codec,
    ...readSpan(bytes, 32),
  };
  const tableBytes = blockCount(footer.count) * TABLE_ENTRY_BYTES;
  return footer.tableOffset + tableBytes + FOOTER_BYTES === fileBytes ? footer : undefined;
}

function writeSpan(target: Buffer, at: number, span: Span): void {
  target.writeDoubleLE(span.acceptedMinMs, at);
  target.writeDoubleLE(span.acceptedMaxMs, at + 8);
  target.writeDoubleLE(span.timeMinMs, at + 16);
  target.writeDoubleLE(span.timeMaxMs, at + 24);
}

const readSpan = (bytes: Buffer, at: number): Span => ({
  acceptedMinMs: bytes.readDoubleLE(at),
  acceptedMaxMs: bytes.readDoubleLE(at + 8),
  timeMinMs: bytes.readDoubleLE(at + 16),
  timeMaxMs: bytes.readDoubleLE(at + 24),
});
