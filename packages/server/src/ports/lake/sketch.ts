import { closeSync, fstatSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode } from '../../base/errors.ts';
import type { SearchFilter } from '../../event/search/index.ts';
import { readFully } from '../log/raw-reader.ts';
import { LIST_MARK, LIST_MARK_STANDS_FOR } from './columns.ts';
import { type Engine, statement } from './engine.ts';
import { finishFile, unfinished } from './files.ts';
import { fieldSql, literal } from './filter-sql.ts';
import type { LakeFile } from './manifest.ts';
import type { Snapshot } from './store.ts';

/**
 * Beside each Parquet file a Bloom filter of what people look for one by one: ids, names, addresses. An event ID is in one
 * file of hundreds, and without this the column of ids would have to be read in all of them. A sketch says "certainly not"
 * or "perhaps"; a file without one is "perhaps".
 */
export const sketchOf = (parquet: string): string => `${parquet}.sketch`;

/** Columns of about as many values as there are events. Of others Parquet's own dictionaries tell as much. */
const TEXTS = ['eventid', 'requestid', 'sharedeventid'];
const LISTS = ['resourcenames'];
const SKETCHED: ReadonlySet<string> = new Set([...TEXTS, ...LISTS]);

/** One in some 200 files that lack a value is read for nothing. */
const BITS_A_VALUE = 12;
/** Eight words of 32 bits: a value sets one bit of each, so that asking for it reads one place of the file. */
const BLOCK_BYTES = 32;
const BLOCK_BITS = BLOCK_BYTES * 8;
/** Odd numbers, each of which chooses the bit of one word: those of Parquet's own filters (its BloomFilter.md). */
const SALTS = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31] as const;

/** Two numbers of 32 bits: where a value's block is, and which bits it has there. */
type Hash = readonly [place: number, bits: number];

/** DuckDB makes them, of whole columns at once. */
const hashesOf = (values: string) =>
  `SELECT (hashed & 4294967295)::UINTEGER, (hashed >> 32)::UINTEGER FROM (SELECT hash(value) AS hashed FROM (${values}) AS v)`;
/** Its next version may make others: sketches that do not hold these values were made in another way than they would be asked. */
const CANARIES = Array.from({ length: 8 }, (_, i) => `opentrail ${i}`);

/** Writes the sketch of a Parquet file. Durable when it returns: one that lost bits would hide events. */
export async function writeSketch(engine: Engine, parquet: string): Promise<void> {
  const file = `read_parquet(${literal(parquet)})`;
  const values = [
    `SELECT unnest([${CANARIES.map(literal).join(', ')}]) AS value`,
    ...TEXTS.map((name) => `SELECT ${name} FROM ${file} WHERE ${name} IS NOT NULL`),
    ...LISTS.map(
      (name) =>
        `SELECT unnest(string_split(${name}, ${literal(LIST_MARK)})) FROM (SELECT DISTINCT ${name} FROM ${file}) AS lists`,
    ),
  ];
  const parts = await engine.use(async (connection) => {
    const result = await connection.stream(hashesOf(values.join(' UNION ALL ')));
    const read: HashColumns[] = [];
    for (let chunk = await result.fetchChunk(); chunk?.rowCount; chunk = await result.fetchChunk())
      read.push([
        Uint32Array.from(chunk.getColumnValues(0) as number[]),
        Uint32Array.from(chunk.getColumnValues(1) as number[]),
      ]);
    return read;
  });
  const path = sketchOf(parquet);
  writeFileSync(unfinished(path), sketchFrom(parts), { mode: 0o600 });
  finishFile(path);
}

/** Of some thousand values each: millions of them must fit into memory beside all else. */
type HashColumns = readonly [places: Uint32Array, bits: Uint32Array];

function sketchFrom(parts: readonly HashColumns[]): Uint8Array {
  const values = parts.reduce((sum, [places]) => sum + places.length, 0);
  const blocks = Math.ceil((values * BITS_A_VALUE) / BLOCK_BITS);
  const words = new Uint32Array(blocks * SALTS.length);
  for (const [places, bits] of parts) {
    for (let row = 0; row < places.length; row++) {
      const first = blockOf(places[row]!, blocks) * SALTS.length;
      for (let i = 0; i < SALTS.length; i++) words[first + i]! |= bitOf(bits[row]!, SALTS[i]!);
    }
  }
  return Buffer.from(words.buffer);
}

/** The same without the files of which it is known that the filter holds for nothing in them. */
export async function narrowed(
  engine: Engine,
  directory: string,
  snapshot: Snapshot,
  filter: SearchFilter | undefined,
): Promise<Snapshot> {
  return { ...snapshot, files: await filesThatMayMatch(engine, directory, snapshot.files, filter) };
}

/** The files that may hold what the filter asks for: all of them when it does not ask for single values. */
export async function filesThatMayMatch(
  engine: Engine,
  directory: string,
  files: readonly LakeFile[],
  filter: SearchFilter | undefined,
): Promise<readonly LakeFile[]> {
  const wanted = filter === undefined ? [] : wantedBy(filter);
  if (wanted.length === 0) return files;
  const values = [...new Set([...CANARIES, ...wanted.flat()])];
  const rows = await engine.rows<Hash>(
    statement((bind) => hashesOf(`SELECT unnest([${values.map(bind).join(', ')}]) AS value`)),
  );
  const hashOf = new Map(values.map((value, i) => [value, rows[i]!]));
  const groups = [...CANARIES.map((value) => [value]), ...wanted].map((group) => group.map((v) => hashOf.get(v)!));
  return files.filter(({ path }) => mayHold(sketchOf(join(directory, path)), groups));
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

/** @param groups the canaries, then lists of which each must have one value in the file */
function mayHold(path: string, groups: readonly (readonly Hash[])[]): boolean {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return true;
    throw error;
  }
  try {
    const blocks = Math.floor(fstatSync(fd).size / BLOCK_BYTES);
    // -1: nothing is absent; a canary: the sketch cannot tell.
    const absent = groups.findIndex((group) => !group.some((hash) => holds(fd, blocks, hash)));
    return absent < CANARIES.length;
  } finally {
    closeSync(fd);
  }
}

function holds(fd: number, blocks: number, [place, bits]: Hash): boolean {
  const block = readFully(fd, blockOf(place, blocks) * BLOCK_BYTES, BLOCK_BYTES);
  return (
    block.length === BLOCK_BYTES && SALTS.every((salt, i) => (block.readUInt32LE(i * 4) & bitOf(bits, salt)) !== 0)
  );
}

const blockOf = (place: number, blocks: number) => Math.floor((place / 2 ** 32) * blocks);
const bitOf = (bits: number, salt: number) => 1 << (Math.imul(bits, salt) >>> 27);
