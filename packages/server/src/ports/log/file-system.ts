import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';

/** What of a file the write path needs; tests inject one whose disk is full or fails. */
export interface LogFile {
  write(bytes: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesWritten: number }>;
  read(bytes: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  datasync(): Promise<void>;
  /** What `write` resolved for is durable without `datasync`. */
  readonly writesThrough?: boolean;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export interface LogFileSystem {
  /** @param flags `r+` for a file that is there, `w+` for a new or emptied one */
  open(path: string, flags: 'r+' | 'w+'): Promise<LogFile>;
  rename(from: string, to: string): Promise<void>;
  /** Deletes a file; one that is not there is no error. */
  remove(path: string): Promise<void>;
  /** Makes names in a directory durable. */
  syncDirectory(path: string): Promise<void>;
}

const { O_RDWR, O_CREAT, O_TRUNC, O_DSYNC } = constants;
const FLAGS = { 'r+': O_RDWR, 'w+': O_RDWR | O_CREAT | O_TRUNC };

/** The operating system's. Files are for their owner alone: records tell who did what. */
export const nodeFileSystem: LogFileSystem = {
  open: process.platform === 'linux' ? openWriteThrough : (path, flags) => fs.open(path, flags, 0o600),
  rename: fs.rename,
  remove: (path) => fs.rm(path, { force: true }),
  async syncDirectory(path) {
    const directory = await fs.open(path, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },
};

/**
 * With O_DSYNC a write is a write and an fdatasync in one call, so that a commit takes one trip to another thread
 * instead of two. Elsewhere than on Linux fdatasync may be the stronger of the two.
 */
async function openWriteThrough(path: string, flags: 'r+' | 'w+'): Promise<LogFile> {
  const file = await fs.open(path, FLAGS[flags] | O_DSYNC, 0o600);
  return Object.assign(file, { writesThrough: true });
}

/** Writes all of `bytes`, however little the disk takes at a time. */
export async function writeFully(file: LogFile, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten === 0) throw new Error('the disk takes no more bytes, and does not say why');
    done += bytesWritten;
  }
}

/** Up to `length` bytes at `position`: fewer only when the file ends. */
export async function readUpTo(file: LogFile, length: number, position: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
