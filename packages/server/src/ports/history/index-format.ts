import { crc32 } from 'node:zlib';
import { bloomAdd, createBloom } from './bloom.ts';
import { DictionaryPages } from './dictionary.ts';
import { pageCrcs } from './pages.ts';
import { encodeBlock, encodeLong, POSTING_BYTES_MAX, type PostingBlock } from './posting-blocks.ts';
import type { PostingColumns } from './postings.ts';
import type { IndexColumns } from './segment-index.ts';

/**
 * The index file of a sealed segment, `<first>.idx`. All numbers are little-endian.
 *
 * A row is an event's place in the segment. A posting is an event's time and row, so that what is found needs no other
 * read to be put in order, and short lists stand beside their terms: a look-up reads one page of a segment that has a
 * rare value, and none of one that has not.
 *
 *     data    dictionary  pages of `PAGE_BYTES` (`dictionary.ts`): terms in ascending order, each with its list, or where it is
 *             lists       the long ones (`posting-blocks.ts`)
 *     footer  f64 first term of each page of the dictionary; u32 CRC of each page of the data; u32 words of the Bloom filter
 *     tail    `TAIL_BYTES`, see `encodeTail`; `footerCrc` is the footer's
 *
 * Version 1 is what older code wrote, and is still read (`ranked-index.ts`).
 */
const MAGIC = Buffer.from('OTIDX\0\0', 'latin1');
export const INDEX_VERSION = 2;
const VERSIONS: readonly number[] = [1, INDEX_VERSION];
export const TAIL_BYTES = 64;
/** Lists up to this stand in the dictionary: most rare values, some hundred events; a page still holds several. */
const INLINE_BYTES_MAX = 512;
/** CloudTrail's times are whole seconds; where all are, postings count these. */
const SECOND_MS = 1000;

export interface IndexTail {
  readonly version: number;
  readonly first: number;
  readonly rows: number;
  readonly oldestMs: number;
  readonly newestMs: number;
  readonly dataBytes: number;
  /** Pages of the dictionary; in version 1 its terms. */
  readonly extent: number;
  /** Milliseconds that the times of postings count in; in version 1 the bits of a bucket's number. */
  readonly scale: number;
  readonly bloomWords: number;
  readonly footerCrc: number;
}

/** The bytes of an index file, part by part. The index MUST have at least one row. */
export function encodeIndex(index: IndexColumns): readonly Buffer[] {
  const { first, rows, oldestMs, newestMs, timeMs } = index;
  const scale = timeMs.every((ms) => (ms - oldestMs) % SECOND_MS === 0) ? SECOND_MS : 1;
  const { dictionary, lists, bloom } = encodeTerms(index, scale);
  const data = Buffer.concat([...dictionary.pages, lists]);
  const footer = Buffer.concat([Float64Array.from(dictionary.fence), pageCrcs(data), bloom].map(bytesOf));
  const tail = encodeTail({
    version: INDEX_VERSION,
    first,
    rows,
    oldestMs,
    newestMs,
    dataBytes: data.length,
    extent: dictionary.pages.length,
    scale,
    bloomWords: bloom.length,
    footerCrc: crc32(footer),
  });
  return [data, footer, tail];
}

function encodeTerms(index: IndexColumns, scale: number) {
  const { postings, oldestMs } = index;
  const { order, rankOf } = sortRows(index);
  const bloom = createBloom(postings.terms.length);
  const dictionary = new DictionaryPages();
  const lists: Buffer[] = [];
  let listBytes = 0;
  const block: PostingBlock = { units: new Float64Array(index.rows), rows: new Uint32Array(index.rows), count: 0 };
  const scratch = Buffer.allocUnsafe(INLINE_BYTES_MAX + POSTING_BYTES_MAX);
  for (const number of termsInOrder(postings)) {
    const term = postings.terms[number]!;
    const ranks = ranksOf(postings, number, rankOf);
    block.count = ranks.length;
    for (let i = 0, rank = ranks.length - 1; rank >= 0; i++, rank--) {
      const row = order[ranks[rank]!]!;
      block.rows[i] = row;
      block.units[i] = (index.timeMs[row]! - oldestMs) / scale;
    }
    bloomAdd(bloom, term);
    const inline = encodeBlock(block, 0, block.count, scratch, INLINE_BYTES_MAX);
    if (inline !== undefined) {
      dictionary.addInline(term, block.count, scratch.subarray(0, inline));
    } else {
      const list = encodeLong(block);
      dictionary.addLong(term, block.count, listBytes);
      lists.push(list);
      listBytes += list.length;
    }
  }
  dictionary.finish();
  return { dictionary, lists: Buffer.concat(lists), bloom };
}

/** The rows in order of (time, row), and the other way round. */
function sortRows({ rows, timeMs }: IndexColumns): { readonly order: Uint32Array; readonly rankOf: Uint32Array } {
  const order = new Uint32Array(rows);
  let inOrder = true; // mostly, and then there is nothing to sort
  for (let row = 1; row < rows; row++) {
    order[row] = row;
    inOrder &&= timeMs[row - 1]! <= timeMs[row]!;
  }
  if (!inOrder) order.sort((a, b) => timeMs[a]! - timeMs[b]! || a - b);
  const rankOf = new Uint32Array(rows);
  for (let rank = 0; rank < order.length; rank++) rankOf[order[rank]!] = rank;
  return { order, rankOf };
}

/**
 * The numbers of the terms in ascending order of the terms: dealt out by their high bits, which leaves little to sort. To
 * compare them all would take several times as long.
 */
function termsInOrder({ terms }: PostingColumns): Uint32Array {
  const bits = Math.max(0, Math.ceil(Math.log2(terms.length)));
  const bucketOf = (number: number) => Math.floor(terms[number]! / 2 ** (53 - bits));
  const next = new Uint32Array(2 ** bits + 1);
  for (let number = 0; number < terms.length; number++) next[bucketOf(number) + 1]!++;
  for (let bucket = 1; bucket < next.length; bucket++) next[bucket]! += next[bucket - 1]!;
  const sorted = new Uint32Array(terms.length);
  for (let number = 0; number < terms.length; number++) sorted[next[bucketOf(number)]!++] = number;
  for (let i = 1; i < sorted.length; i++) {
    const number = sorted[i]!;
    let at = i;
    for (; at > 0 && terms[sorted[at - 1]!]! > terms[number]!; at--) sorted[at] = sorted[at - 1]!;
    sorted[at] = number;
  }
  return sorted;
}

/** Of a term's events, ascending. */
function ranksOf({ heads, counts, rows, older }: PostingColumns, number: number, rankOf: Uint32Array): Uint32Array {
  const ranks = new Uint32Array(counts[number]!);
  for (let entry = heads[number]!, at = ranks.length; entry >= 0; entry = older[entry]!) {
    ranks[--at] = rankOf[rows[entry]!]!;
  }
  return ranks.sort();
}

/** The last bytes of an index file. */
export function encodeTail(tail: IndexTail): Buffer {
  const out = Buffer.alloc(TAIL_BYTES);
  MAGIC.copy(out);
  out[MAGIC.length] = tail.version;
  out.writeDoubleLE(tail.first, 8);
  out.writeDoubleLE(tail.oldestMs, 16);
  out.writeDoubleLE(tail.newestMs, 24);
  out.writeDoubleLE(tail.dataBytes, 32);
  out.writeUInt32LE(tail.rows, 40);
  out.writeUInt32LE(tail.extent, 44);
  out.writeUInt32LE(tail.scale, 48);
  out.writeUInt32LE(tail.bloomWords, 52);
  out.writeUInt32LE(tail.footerCrc, 56);
  out.writeUInt32LE(crc32(out.subarray(0, 60)), 60);
  return out;
}

/** Undefined when these are not the last bytes of an index file of a version that is known. */
export function decodeTail(bytes: Buffer): IndexTail | undefined {
  if (bytes.length !== TAIL_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const version = bytes[MAGIC.length]!;
  if (!VERSIONS.includes(version) || crc32(bytes.subarray(0, 60)) !== bytes.readUInt32LE(60)) return undefined;
  return {
    version,
    first: bytes.readDoubleLE(8),
    oldestMs: bytes.readDoubleLE(16),
    newestMs: bytes.readDoubleLE(24),
    dataBytes: bytes.readDoubleLE(32),
    rows: bytes.readUInt32LE(40),
    extent: bytes.readUInt32LE(44),
    scale: bytes.readUInt32LE(48),
    bloomWords: bytes.readUInt32LE(52),
    footerCrc: bytes.readUInt32LE(56),
  };
}

const bytesOf = (array: Float64Array | Uint32Array): Buffer =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength);
