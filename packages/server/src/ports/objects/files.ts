import type * as nodeFs from 'node:fs/promises';
import { pushbackWhenFull as full, systemErrorCode } from '../../base/errors.ts';

/** What of Node's fs/promises the driver uses; tests pass one that fails. */
export type StoreFiles = Pick<typeof nodeFs, 'mkdir' | 'open' | 'readdir' | 'rename' | 'rm' | 'unlink'>;

/** A file's `write` may take less than it was given. */
export async function writeAll(file: nodeFs.FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

/** Reads exactly `length` bytes, or as many as there are. */
export async function readAt(file: nodeFs.FileHandle, length: number, position: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

/** Makes the names in a directory durable. */
export async function syncDirectory(fs: StoreFiles, path: string): Promise<void> {
  const directory = await fs.open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The disk's refusals that the caller can only wait out, as overload. Anything else stays what it is. */
export const pushbackWhenFull = (error: unknown): unknown => full(error, 'the object store takes no data');

/** Deletes a file that may be gone already. */
export async function unlinkIfThere(fs: StoreFiles, path: string): Promise<void> {
  try {
    await fs.unlink(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}
