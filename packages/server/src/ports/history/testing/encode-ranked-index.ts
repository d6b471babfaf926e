import { crc32 } from 'node:zlib';
import { bloomAdd, createBloom } from '../bloom.ts';
import { encodeTail } from '../index-format.ts';
import { pageCrcs } from '../pages.ts';
import type { PostingColumns } from '../postings.ts';
import {
  BLOCK_RANKS,
  bucketOf,
  ENTRY_BYTES,
  FENCE_RANKS,
  fenceLength,
  RANK_BYTES,
  SKIP_BYTES,
  VARINT_BYTES_MAX,
} from '../ranked-index.ts';
import type { IndexColumns } from '../segment-index.ts';

const BUCKET_TERMS = 16;

/** The bytes of an index file of version 1, as older code wrote it. */
export function encodeRankedIndex(index: IndexColumns): readonly Buffer[] {
  const { order, rankOf } = sortRows(index);
  const bucketBits = Math.max(0, Math.ceil(Math.log2(index.postings.terms.length / BUCKET_TERMS)));
  const { starts, numbers } = bucketTerms(index, bucketBits);
  const { dictionary, postings, bloom } = encodeTerms(index, numbers, rankOf);
  const data = Buffer.concat([encodeRanks(index, order), dictionary, postings]);
  const fence = Float64Array.from(
    { length: fenceLength(index.rows) },
    (_, i) => index.timeMs[order[i * FENCE_RANKS]!]!,
  );
  const footer = Buffer.concat([fence, pageCrcs(data), starts, bloom].map(bytesOf));
  const tail = encodeTail({
    version: 1,
    first: index.first,
    rows: index.rows,
    terms: index.postings.terms.length,
    oldestMs: index.oldestMs,
    newestMs: index.newestMs,
    dataBytes: data.length,
    scale: bucketBits,
    bloomWords: bloom.length,
    footerCrc: crc32(footer),
  });
  return [data, footer, tail];
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

function encodeRanks({ timeMs }: IndexColumns, order: Uint32Array): Buffer {
  const out = Buffer.allocUnsafe(order.length * RANK_BYTES);
  for (let rank = 0; rank < order.length; rank++) {
    out.writeDoubleLE(timeMs[order[rank]!]!, rank * RANK_BYTES);
    out.writeUInt32LE(order[rank]!, rank * RANK_BYTES + 8);
  }
  return out;
}

/** The numbers of the terms by bucket, and where each bucket starts among them. */
function bucketTerms({ postings }: IndexColumns, bucketBits: number) {
  const { terms } = postings;
  const starts = new Uint32Array(2 ** bucketBits + 1);
  for (let n = 0; n < terms.length; n++) starts[bucketOf(terms[n]!, bucketBits) + 1]!++;
  for (let bucket = 1; bucket < starts.length; bucket++) starts[bucket]! += starts[bucket - 1]!;
  const next = starts.slice();
  const numbers = new Uint32Array(terms.length);
  for (let n = 0; n < terms.length; n++) numbers[next[bucketOf(terms[n]!, bucketBits)]!++] = n;
  return { starts, numbers };
}

function encodeTerms({ postings }: IndexColumns, numbers: Uint32Array, rankOf: Uint32Array) {
  const dictionary = Buffer.allocUnsafe(numbers.length * ENTRY_BYTES);
  const bloom = createBloom(numbers.length);
  const out = new ByteSink();
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i]!;
    const [term, count] = [postings.terms[number]!, postings.counts[number]!];
    const newest = postings.heads[number]!;
    bloomAdd(bloom, term);
    dictionary.writeDoubleLE(term, i * ENTRY_BYTES);
    dictionary.writeUInt32LE(count === 1 ? rankOf[postings.rows[newest]!]! : out.length, i * ENTRY_BYTES + 8);
    dictionary.writeUInt32LE(count, i * ENTRY_BYTES + 12);
    if (count > 1) encodePostings(ranksOf(postings, newest, count, rankOf), out);
  }
  return { dictionary, postings: out.bytes(), bloom };
}

/** Ascending. */
function ranksOf({ rows, older }: PostingColumns, newest: number, count: number, rankOf: Uint32Array): Uint32Array {
  const ranks = new Uint32Array(count);
  for (let entry = newest, at = count; entry >= 0; entry = older[entry]!) ranks[--at] = rankOf[rows[entry]!]!;
  return ranks.sort();
}

function encodePostings(ranks: Uint32Array, out: ByteSink): void {
  const blocks = Math.ceil(ranks.length / BLOCK_RANKS);
  const table = out.length;
  if (blocks > 1) out.skip(blocks * SKIP_BYTES);
  const base = out.length;
  for (let block = 0; block < blocks; block++) {
    const from = block * BLOCK_RANKS;
    if (blocks > 1) out.putSkip(table + block * SKIP_BYTES, ranks[from]!, out.length - base);
    const end = Math.min(ranks.length, from + BLOCK_RANKS);
    for (let i = from, before = 0; i < end; i++) {
      out.varint(ranks[i]! - before);
      before = ranks[i]!;
    }
  }
}

const bytesOf = (array: Float64Array | Uint32Array): Buffer =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength);

/** Bytes that grow. */
class ByteSink {
  length = 0;
  #bytes = Buffer.allocUnsafe(1 << 16);

  varint(value: number): void {
    this.#reserve(VARINT_BYTES_MAX);
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[this.length++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.length++] = rest;
  }

  skip(count: number): void {
    this.#reserve(count);
    this.length += count;
  }

  putSkip(at: number, rank: number, offset: number): void {
    this.#bytes.writeUInt32LE(rank, at);
    this.#bytes.writeUInt32LE(offset, at + 4);
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  #reserve(count: number): void {
    if (this.length + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * this.#bytes.length + count);
    this.#bytes.copy(larger);
    this.#bytes = larger;
  }
}
