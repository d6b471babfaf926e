import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Duplex, pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { OperatorError, systemErrorCode } from '../../base/errors.ts';

export interface ImportFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

/** What a folder may hold of interest; a file that is named itself is read whatever it is called. */
const RECORD_FILES = /\.(json|ndjson|jsonl)(\.gz)?$/i;
/** Folders of a trail's bucket that hold no records. */
const NO_RECORDS = /(^|\/)CloudTrail-Digest(\/|$)/;

/** All files to read under these paths: folders whole, in the order of their names. @throws OperatorError */
export async function findFiles(paths: readonly string[]): Promise<ImportFile[]> {
  const files: ImportFile[] = [];
  for (const path of paths) {
    try {
      const info = await stat(path);
      if (info.isDirectory()) await walk(path, files);
      else files.push({ path, sizeBytes: info.size, mtimeMs: info.mtimeMs });
    } catch (error) {
      throw new OperatorError(`Cannot read ${path}: ${systemErrorCode(error) ?? error}.`);
    }
  }
  return files;
}

async function walk(dir: string, files: ImportFile[]): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(dir, entry.name);
    if (NO_RECORDS.test(path)) continue;
    if (entry.isDirectory()) await walk(path, files);
    else if (RECORD_FILES.test(entry.name)) {
      // Links to files are followed, to folders not: they may lead round and round.
      const info = await stat(path).catch(() => undefined);
      if (info?.isFile()) files.push({ path, sizeBytes: info.size, mtimeMs: info.mtimeMs });
    }
  }
}

/** What keeps one file from being read to its end, and others not: `Unreadable` (it may be gone by now) or `InvalidGzip`. */
export class FileProblem extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The file's content, inflated when it is gzip by its first bytes, whatever its name. @throws FileProblem */
export async function* contentOf(path: string): AsyncGenerator<Buffer> {
  try {
    yield* inflated(path);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    if (!code.startsWith('Z_'))
      throw new FileProblem('Unreadable', `the file cannot be read past what was read: ${code}`);
    const { message } = error as Error;
    throw new FileProblem('InvalidGzip', `the file cannot be inflated past what was read: ${message}`);
  }
}

async function* inflated(path: string): AsyncGenerator<Buffer> {
  const source = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const chunks: AsyncIterator<Buffer> = source[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) return;
  const whole = startingWith(first.value, chunks);
  const isGzip = first.value[0] === 0x1f && first.value[1] === 0x8b;
  yield* isGzip ? (compose(Readable.from(whole), createGunzip()) as AsyncIterable<Buffer>) : whole;
}

const CHUNK_BYTES = 256 * 1024;

async function* startingWith(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

/** Pipes with errors carried along: a broken source ends the reader of `target` too. */
function compose(source: Readable, target: Duplex): Duplex {
  pipeline(source, target, () => {});
  return target;
}
