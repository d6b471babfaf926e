import { closeSync, fstatSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode } from '../../base/errors.ts';
import type { SearchFilter } from '../../event/search/index.ts';
import { readFully } from '../log/raw-reader.ts';
import { LIST_MARK, LIST_MARK_STANDS_FOR } from './columns.ts';
import type { Engine } from './engine.ts';
import { finishFile, unfinished } from './files.ts';
import { fieldSql, literal } from './filter-sql.ts';
import type { LakeFile } from './manifest.ts';

/**
 * Beside each Parquet file a Bloom filter of what people look for one by one: ids, names, addresses. An event ID is in one
 * file of hundreds, and without this the column of ids would have to be read in all of them. A sketch says "certainly not"
 * or "perhaps"; a file without one is "perhaps".
 */
export const sketchOf = (parquet: string): string => `${parquet}.sketch`;

/** Compared as a whole (`=`, `in`), and with too many values, or in lists, for Parquet's own dictionaries to tell. */
const TEXTS = ['eventid', 'requestid', 'sharedeventid', 'username', 'accesskeyid', 'principalid', 'sourceipaddress'];
const LISTS = ['resourcenames'];
const SKETCHED: ReadonlySet<string> = new Set([...TEXTS, ...LISTS]);

/** One in some 200 files that lack a value is read for nothing. */
const BITS_A_VALUE = 12;
/** Eight words of 32 bits: a value sets one bit of each, so that asking for it reads one place of the file. */
const BLOCK_BYTES = 32;
const BLOCK_BITS = BLOCK_BYTES * 8;
/** Odd numbers, each of which chooses the bit of one word: those of Parquet's own filters (its BloomFilter.md). */
const SALTS = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31] as const;

/** Writes the sketch of a Parquet file. Durable when it returns: one that lost bits would hide events. */
export async function writeSketch(engine: Engine, parquet: string): Promise<void> {
  const file = `read_parquet(${literal(parquet)})`;
  const columns = [
    ...TEXTS.map((name) => `SELECT ${name} AS value FROM ${file}`),
    ...LISTS.map((name) => `SELECT unnest(string_split(${name}, ${literal(LIST_MARK)})) AS value FROM ${file}`),
  ];
  const values = `SELECT DISTINCT value FROM (${columns.join(' UNION ALL ')}) AS columns WHERE value <> ''`;
  const hashes = await engine.use(async (connection) => {
    const parts: Hash[][] = [];
    const result = await connection.stream(values);
    for (let chunk = await result.fetchChunk(); chunk?.rowCount; chunk = await result.fetchChunk())
      parts.push(chunk.getColumnValues(0).map((value) => hashOf(String(value))));
    return parts.flat();
  });
  const path = sketchOf(parquet);
  writeFileSync(unfinished(path), sketchFrom(hashes), { mode: 0o600 });
  finishFile(path);
}

function sketchFrom(hashes: readonly Hash[]): Uint8Array {
  const blocks = Math.max(1, Math.ceil((hashes.length * BITS_A_VALUE) / BLOCK_BITS));
  const words = new Uint32Array(blocks * SALTS.length);
  for (const hash of hashes) {
    const first = blockOf(hash, blocks) * SALTS.length;
    for (const [i, salt] of SALTS.entries()) words[first + i]! |= bitOf(hash, salt);
  }
  return Buffer.from(words.buffer);
}

/** Files that may hold what the filter asks for; all of them when it does not ask for single values. */
export function filesThatMayMatch(
  directory: string,
  files: readonly LakeFile[],
  filter: SearchFilter | undefined,
): readonly LakeFile[] {
  const wanted = filter === undefined ? [] : wantedBy(filter);
  return wanted.length === 0 ? files : files.filter(({ path }) => mayHold(sketchOf(join(directory, path)), wanted));
}

/** Of each of these lists one value is in every event that the filter holds for. */
function wantedBy(filter: SearchFilter): readonly (readonly string[])[] {
  if ('and' in filter) return filter.and.flatMap(wantedBy);
  if ('or' in filter) {
    const parts = filter.or.map((part) => wantedBy(part)[0]);
    return parts.every((part) => part !== undefined) ? [parts.flat()] : [];
  }
  if ('not' in filter || 'text' in filter || !SKETCHED.has(fieldSql(filter.field).sql)) return [];
  if (filter.op === 'in') return [filter.values.map(asStored)];
  return filter.op === '=' ? [[asStored(filter.value)]] : [];
}

/** As a column has it: no halves of characters, no marks of lists. */
const asStored = (value: string) => Buffer.from(value).toString().replaceAll(LIST_MARK, LIST_MARK_STANDS_FOR);

function mayHold(path: string, wanted: readonly (readonly string[])[]): boolean {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return true;
    throw error;
  }
  try {
    const blocks = fstatSync(fd).size / BLOCK_BYTES;
    if (blocks < 1 || !Number.isInteger(blocks)) return true; // no sketch of ours
    return wanted.every((values) => values.some((value) => holds(fd, blocks, hashOf(value))));
  } finally {
    closeSync(fd);
  }
}

function holds(fd: number, blocks: number, hash: Hash): boolean {
  const block = readFully(fd, blockOf(hash, blocks) * BLOCK_BYTES, BLOCK_BYTES);
  return SALTS.every((salt, i) => (block.readUInt32LE(i * 4) & bitOf(hash, salt)) !== 0);
}

/** Two numbers of 32 bits: where a value's block is, and which bits it has there. */
type Hash = readonly [place: number, bits: number];

const blockOf = ([place]: Hash, blocks: number) => Math.floor((place / 2 ** 32) * blocks);
const bitOf = ([, bits]: Hash, salt: number) => 1 << (Math.imul(bits, salt) >>> 27);

function hashOf(value: string): Hash {
  let a = 0x811c9dc5;
  let b = 0x2f0b4c47;
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b) ^ (b >>> 13);
  }
  return [mixed(a ^ (b >>> 7)), mixed(b)];
}

/** Spreads what differs in few bits over all of them. */
function mixed(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
