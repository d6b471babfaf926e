import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { assert } from '../../base/errors.ts';
import type { Bucket, OpenObject } from '../object-store.ts';
import { decrypt, type FileCipher, fileKey, frameEnd, framesOf, plainBytes, sealedBytes } from './cipher.ts';
import { type Core, filePath, partPath } from './core.ts';
import type { FileSeal, StoredPart } from './file-seal.ts';
import { pushbackWhenFull, readAt } from './files.ts';
import { openSeal, readSeal, readSealAt, TAIL_BYTES } from './sealed.ts';
import { type Found, filesOf, findVersion } from './versions.ts';

/** Enough that a large object is read in few turns, little enough that a thousand slow readers hold a modest heap. */
const READ_BYTES = 256 << 10;
/** Up to here an object is read whole when it is opened: copying that much takes less time than a wait for the thread pool. */
const SMALL_BYTES_MAX = 128 << 10;

/** Opens a version with bytes; undefined when there is none. Its files stay until it is closed. */
export async function openVersion(
  core: Core,
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
): Promise<OpenObject | undefined> {
  const found = findVersion(core.versions(bucket), key, versionId);
  if (!found || found.entry.isDeleteMarker) return undefined;
  const small = openSmall(core, found);
  if (small) return small;
  const { entry, version } = found;
  const release = core.pin(filesOf(entry));
  let file: FileHandle | undefined;
  try {
    const path = core.path(filePath(entry.sequence));
    const opened = await core.fs.open(path, 'r');
    file = opened;
    const { sealed } = await readSeal<FileSeal>(opened, path);
    const marks =
      entry.revision === 0
        ? sealed.marks
        : (await readSealAt<FileSeal>(core.fs, core.path(filePath(entry.sequence, entry.revision)))).sealed.marks;
    let closed: Promise<void> | undefined;
    const close = () => {
      closed ??= opened.close().finally(release);
      return closed;
    };
    const upload = entry.uploadSequence;
    return {
      version,
      attributes: sealed.attributes,
      marks,
      ...(sealed.parts && { parts: sealed.parts }),
      close,
      read: (start, end, dataKey) =>
        Readable.from(
          closing(
            upload === undefined
              ? bytesOf(opened, start, end, opening(sealed, version.sizeBytes, dataKey))
              : bytesOfParts(core, upload, sealed.parts ?? [], start, end, dataKey),
            close,
          ),
          { objectMode: false, highWaterMark: READ_BYTES },
        ).once('close', () => void close()),
    };
  } catch (error) {
    await file?.close().catch(() => {});
    release();
    throw pushbackWhenFull(error);
  }
}

/** One that is in a single small file, in memory as a whole: nothing of it is left open. undefined for others. */
function openSmall(core: Core, { entry, version }: Found): OpenObject | undefined {
  if (entry.sizeBytes > SMALL_BYTES_MAX || entry.uploadSequence !== undefined || entry.revision > 0) return undefined;
  const path = core.path(filePath(entry.sequence));
  const bytesMax = sealedBytes(entry.sizeBytes) + TAIL_BYTES;
  const file = core.quickReader.read(path, bytesMax);
  if (file === undefined || file.length === bytesMax) return undefined;
  const { sizeBytes: fileBytes, sealed } = openSeal<FileSeal>(file, path);
  if ((sealed.cipher ? plainBytes(fileBytes) : fileBytes) !== entry.sizeBytes) return undefined;
  const { attributes, marks } = sealed;
  let held: typeof file | undefined = file;
  const close = async () => {
    if (held) core.quickReader.giveBack(held);
    held = undefined;
  };
  const read = (start: number, end: number, dataKey?: Buffer): Buffer => {
    assert(held, 'a small object is read once, before it is closed');
    const body = held.subarray(0, fileBytes);
    const cipher = opening(sealed, entry.sizeBytes, dataKey);
    if (!cipher || end < start) {
      held = undefined; // it is the reader's now
      return body.subarray(start, end + 1);
    }
    const { at, length } = framesOf(start, end);
    const bytes = decrypt(cipher.key, body.subarray(at, at + length), start, end, entry.sizeBytes);
    void close();
    return bytes;
  };
  return { version, attributes, marks, close, read };
}

/** With what an encrypted file is read. */
interface Opening {
  readonly key: Buffer;
  /** Of the plaintext. */
  readonly sizeBytes: number;
}

/** undefined for a file that stands there as it is. */
function opening(
  { cipher }: { readonly cipher?: FileCipher },
  sizeBytes: number,
  dataKey: Buffer | undefined,
): Opening | undefined {
  if (!cipher) return undefined;
  assert(dataKey, 'whoever reads an encrypted object brings its key');
  return { key: fileKey(dataKey, cipher), sizeBytes };
}

async function* closing(source: AsyncGenerator<Buffer>, close: () => Promise<void>): AsyncGenerator<Buffer> {
  try {
    yield* source;
  } finally {
    await close();
  }
}

async function* bytesOf(
  file: FileHandle,
  start: number,
  end: number,
  cipher: Opening | undefined,
): AsyncGenerator<Buffer> {
  for (let at = start; at <= end; ) {
    const chunk = cipher
      ? await openedBytes(file, at, Math.min(frameEnd(at, READ_BYTES), end), cipher)
      : await readAt(file, Math.min(READ_BYTES, end - at + 1), at);
    if (chunk.length === 0) throw new Error('an object file is shorter than its index entry says');
    yield chunk;
    at += chunk.length;
  }
}

async function openedBytes(file: FileHandle, start: number, end: number, { key, sizeBytes }: Opening): Promise<Buffer> {
  const { at, length } = framesOf(start, end);
  const frames = await readAt(file, Math.min(length, sealedBytes(sizeBytes) - at), at);
  return decrypt(key, frames, start, end, sizeBytes);
}

async function* bytesOfParts(
  core: Core,
  upload: number,
  parts: readonly StoredPart[],
  start: number,
  end: number,
  dataKey: Buffer | undefined,
): AsyncGenerator<Buffer> {
  let partStart = 0;
  for (const part of parts) {
    const from = Math.max(start, partStart) - partStart;
    const to = Math.min(end, partStart + part.sizeBytes - 1) - partStart;
    partStart += part.sizeBytes;
    if (from > to) continue;
    const file = await core.fs.open(core.path(partPath(upload, part.number)), 'r');
    try {
      yield* bytesOf(file, from, to, opening(part, part.sizeBytes, dataKey));
    } finally {
      await file.close();
    }
  }
}
