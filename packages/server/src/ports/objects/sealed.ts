import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import type { Written } from '../object-store.ts';
import type { Encryptor, FileCipher } from './cipher.ts';
import { readAt, type StoreFiles, unlinkIfThere, writeAll } from './files.ts';

/**
 * A sealed file: the bytes of an object (or part), then what is known of it as JSON, then u32le length of the JSON,
 * u32le CRC-32 of it, and `OTOB`. The bytes come first since they arrive before all is known of them.
 */
const MAGIC = Buffer.from('OTOB', 'latin1');
const FOOTER_BYTES = 12;
/** What a body is encrypted with, and what its file says of that. */
export interface Sealer {
  readonly cipher: FileCipher;
  readonly encryptor: Encryptor;
}

/** Read at once from the end; most files' JSON fits, and another read gets the rest. */
export const TAIL_BYTES = 4096;
/** Small chunks of a body are gathered up to this before they are written. */
const WRITE_BYTES = 256 << 10;

/**
 * Writes a new sealed file and makes its bytes durable (its name is the caller's to make so). What could not be
 * written whole is deleted.
 * @param sealer encrypts the body; without one it is written as it is
 * @param seal asked for the JSON once the body has ended well; may throw to refuse the body
 */
export async function writeSealed<T extends object>(
  fs: StoreFiles,
  path: string,
  body: Readable | Buffer,
  sealer: Sealer | undefined,
  seal: (written: Written) => T,
): Promise<Written & { readonly sealed: T }> {
  const file = await openFor(fs, path, body);
  try {
    const { fileBytes, ...written } = await writeBody(file, body, sealer?.encryptor);
    const sealed = seal(written);
    const json = Buffer.from(JSON.stringify(sealed), 'utf8');
    const footer = Buffer.alloc(FOOTER_BYTES);
    footer.writeUInt32LE(json.length, 0);
    footer.writeUInt32LE(crc32(json), 4);
    MAGIC.copy(footer, 8);
    await writeAll(file, Buffer.concat([json, footer]), fileBytes);
    await file.sync();
    await file.close();
    return { ...written, sealed };
  } catch (error) {
    await file.close().catch(() => {});
    await unlinkIfThere(fs, path).catch(() => {});
    throw error;
  }
}

/** A body that fails while the file is being opened has no listener yet and would take the process with it. */
async function openFor(fs: StoreFiles, path: string, body: Readable | Buffer): Promise<FileHandle> {
  if (Buffer.isBuffer(body)) return fs.open(path, 'wx');
  const ignore = () => {};
  body.on('error', ignore);
  try {
    return await fs.open(path, 'wx');
  } catch (error) {
    body.destroy();
    throw error;
  }
}

async function writeBody(file: FileHandle, body: Readable | Buffer, encryptor: Encryptor | undefined) {
  const hash = createHash('md5');
  let sizeBytes = 0;
  let fileBytes = 0;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  const write = async (pieces: readonly Buffer[]) => {
    const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    await writeAll(file, bytes, fileBytes);
    fileBytes += bytes.length;
  };
  const flush = async () => {
    await write(encryptor ? encryptor.push(waiting) : waiting);
    sizeBytes += waitingBytes;
    waiting = [];
    waitingBytes = 0;
  };
  for await (const chunk of Buffer.isBuffer(body) ? [body] : (body as AsyncIterable<Buffer>)) {
    hash.update(chunk);
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes >= WRITE_BYTES) await flush();
  }
  await flush();
  if (encryptor) await write(encryptor.end());
  return { sizeBytes, fileBytes, md5: hash.digest('hex') };
}

/**
 * Reads what a sealed file says of its bytes. `sizeBytes` is what they take on disk.
 * @throws Error when the file is no sealed file or is damaged
 */
export async function readSeal<T>(file: FileHandle, path: string): Promise<{ sizeBytes: number; sealed: T }> {
  const fileBytes = (await file.stat()).size;
  const tailBytes = Math.min(TAIL_BYTES, fileBytes);
  const tail = await readAt(file, tailBytes, fileBytes - tailBytes);
  const jsonBytes = jsonBytesOf(tail, fileBytes, path);
  const sizeBytes = fileBytes - FOOTER_BYTES - jsonBytes;
  const json =
    jsonBytes + FOOTER_BYTES <= tail.length
      ? tail.subarray(tail.length - FOOTER_BYTES - jsonBytes, tail.length - FOOTER_BYTES)
      : await readAt(file, jsonBytes, sizeBytes);
  return { sizeBytes, sealed: parseSeal<T>(json, tail, path) };
}

/** The same of a whole file in memory. */
export function openSeal<T>(file: Buffer, path: string): { sizeBytes: number; sealed: T } {
  const sizeBytes = file.length - FOOTER_BYTES - jsonBytesOf(file, file.length, path);
  return { sizeBytes, sealed: parseSeal<T>(file.subarray(sizeBytes, file.length - FOOTER_BYTES), file, path) };
}

function jsonBytesOf(tail: Buffer, fileBytes: number, path: string): number {
  const footer = tail.subarray(-FOOTER_BYTES);
  const jsonBytes = footer.length === FOOTER_BYTES ? footer.readUInt32LE(0) : 0;
  if (jsonBytes === 0 || jsonBytes > fileBytes - FOOTER_BYTES || !footer.subarray(8).equals(MAGIC)) throw damaged(path);
  return jsonBytes;
}

function parseSeal<T>(json: Buffer, tail: Buffer, path: string): T {
  if (crc32(json) !== tail.readUInt32LE(tail.length - FOOTER_BYTES + 4)) throw damaged(path);
  return JSON.parse(json.toString('utf8')) as T;
}

/** `readSeal` of a file by its path. */
export async function readSealAt<T>(fs: StoreFiles, path: string): Promise<{ sizeBytes: number; sealed: T }> {
  const file = await fs.open(path, 'r');
  try {
    return await readSeal<T>(file, path);
  } finally {
    await file.close();
  }
}

const damaged = (path: string) => new Error(`the object file ${path} is damaged: its last bytes are not a seal`);
