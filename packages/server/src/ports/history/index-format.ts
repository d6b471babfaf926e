import { crc32 } from 'node:zlib';
import { Dictionary } from './dictionary.ts';
import { pageCrcs } from './pages.ts';
import { encodeLong } from './posting-blocks.ts';
import type { PostingColumns } from './postings.ts';
import type { IndexColumns } from './segment-index.ts';

/**
 * The index file of a sealed segment, `<first>.idx`. All numbers are little-endian.
 *
 * A row is an event's place in the segment. A posting is an event's time and row, so that what is found needs no other
 * read to be put in order, and short lists stand beside their terms: a look-up reads one page of a segment that has a
 * rare value, and none of one that has not. Nine of ten terms have a single event (eventIDs above all): they have a
 * dictionary of their own, so that the other one, which most questions are for, is small enough to be held in memory.
 *
 *     data    dictionaries of the terms with several events, and of those with one: pages of `PAGE_BYTES` (`dictionary.ts`),
 *                          terms in ascending order, each with its list, or where it is
 *             lists        the long ones (`posting-blocks.ts`)
 *     footer  u32 pages of each dictionary; u32 words of each one's Bloom filter; f64 first term of each page of the dictionaries;
 *             u32 CRC of each page of the data; both Bloom filters
 *     tail    `TAIL_BYTES`, see `encodeTail`; `footerCrc` is the footer's
 *
 * Version 1 is what older code wrote, and is still read (`ranked-index.ts`).
 */
const MAGIC = Buffer.from('OTIDX\0\0', 'latin1');
export const INDEX_VERSION = 2;
const VERSIONS: readonly number[] = [1, INDEX_VERSION];
export const TAIL_BYTES = 64;
/** CloudTrail's times are whole seconds; where all are, postings count these. */
const SECOND_MS = 1000;

export interface IndexTail {
  readonly version: number;
  readonly first: number;
  readonly rows: number;
  readonly oldestMs: number;
  readonly newestMs: number;
  readonly dataBytes: number;
  /** All terms. */
  readonly terms: number;
  /** Milliseconds that the times of postings count in; in version 1 the bits of a bucket's number. */
  readonly scale: number;
  /** Of version 1's one filter; 0 since. */
  readonly bloomWords: number;
  readonly footerCrc: number;
}

/** The bytes of an index file, part by part. The index MUST have at least one row. */
export function encodeIndex(index: IndexColumns): readonly Buffer[] {
  const { first, rows, oldestMs, newestMs, timeMs } = index;
  const scale = timeMs.every((ms) => (ms - oldestMs) % SECOND_MS === 0) ? SECOND_MS : 1;
  const { dictionaries, lists } = encodeTerms(index, scale);
  const data = Buffer.concat([...dictionaries.flatMap(({ pages }) => pages), lists]);
  const sizes = [...dictionaries.map(({ pages }) => pages.length), ...dictionaries.map(({ bloom }) => bloom.length)];
  const footer = Buffer.concat(
    [
      Uint32Array.from(sizes),
      Float64Array.from(dictionaries.flatMap(({ fence }) => fence)),
      pageCrcs(data),
      ...dictionaries.map(({ bloom }) => bloom),
    ].map(bytesOf),
  );
  const tail = encodeTail({
    version: INDEX_VERSION,
    first,
    rows,
    oldestMs,
    newestMs,
    dataBytes: data.length,
    terms: index.postings.terms.length,
    scale,
    bloomWords: 0,
    footerCrc: crc32(footer),
  });
  return [data, footer, tail];
}

function encodeTerms({ postings, rows, timeMs, oldestMs }: IndexColumns, scale: number) {
  const { terms, counts } = postings;
  const { starts, rowsOf } = rowsByTerm(postings, sortedRows(rows, timeMs));
  const lists = { units: timeMs.map((ms) => (ms - oldestMs) / scale), rows: rowsOf };
  const single = counts.reduce((sum, count) => sum + (count === 1 ? 1 : 0), 0);
  const ofOne = new Dictionary(single);
  const ofMany = new Dictionary(terms.length - single);
  const long: Buffer[] = [];
  let longBytes = 0;
  for (const number of termsInOrder(postings)) {
    const [term, from, to] = [terms[number]!, starts[number]!, starts[number + 1]!];
    const dictionary = to - from === 1 ? ofOne : ofMany;
    if (dictionary.addInline(term, lists, from, to)) continue;
    dictionary.addLong(term, to - from, longBytes);
    const list = encodeLong(lists, from, to);
    long.push(list);
    longBytes += list.length;
  }
  for (const dictionary of [ofMany, ofOne]) dictionary.finish();
  return { dictionaries: [ofMany, ofOne], lists: Buffer.concat(long) };
}

/** The rows in order of (time, row). */
function sortedRows(rows: number, timeMs: Float64Array): Uint32Array {
  const order = new Uint32Array(rows);
  let inOrder = true; // mostly, and then there is nothing to sort
  for (let row = 1; row < rows; row++) {
    order[row] = row;
    inOrder &&= timeMs[row - 1]! <= timeMs[row]!;
  }
  return inOrder ? order : order.sort((a, b) => timeMs[a]! - timeMs[b]! || a - b);
}

/**
 * The rows of one term after the other, each term's newest event first, and where each one's start. The rows are dealt out
 * to their terms in the order they have: to sort each list took longer than all the rest.
 */
function rowsByTerm({ terms, counts, heads, rows, older }: PostingColumns, order: Uint32Array) {
  const starts = new Uint32Array(terms.length + 1);
  const termOf = new Uint32Array(rows.length);
  for (let number = 0; number < terms.length; number++) {
    starts[number + 1] = starts[number]! + counts[number]!;
    for (let entry = heads[number]!; entry >= 0; entry = older[entry]!) termOf[entry] = number;
  }
  // The entries of a row stand together, and those of all rows in the rows' order.
  const firstOf = new Uint32Array(order.length + 1);
  for (let entry = 0; entry < rows.length; entry++) firstOf[rows[entry]! + 1]!++;
  for (let row = 0; row < order.length; row++) firstOf[row + 1]! += firstOf[row]!;
  const next = starts.slice();
  const rowsOf = new Uint32Array(rows.length);
  for (let rank = order.length - 1; rank >= 0; rank--) {
    const row = order[rank]!;
    for (let entry = firstOf[row]!; entry < firstOf[row + 1]!; entry++) rowsOf[next[termOf[entry]!]!++] = row;
  }
  return { starts, rowsOf };
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
  out.writeUInt32LE(tail.terms, 44);
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
    terms: bytes.readUInt32LE(44),
    scale: bytes.readUInt32LE(48),
    bloomWords: bytes.readUInt32LE(52),
    footerCrc: bytes.readUInt32LE(56),
  };
}

const bytesOf = (array: Float64Array | Uint32Array): Buffer =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength);
