import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Objects that are planned and not yet delivered, as files in one directory. A file counts only once State names it:
 * whatever else lies there after a crash was never promised to anyone, and is removed.
 */
export interface Spool {
  /** Writes a file, durable when it resolves but for its name: see `sync`. Overwrites. */
  write(name: string, parts: readonly Buffer[]): Promise<void>;
  /** Makes the names of all files written before durable. */
  sync(): Promise<void>;
  /** @returns undefined when there is no such file */
  read(name: string): Promise<Buffer | undefined>;
  remove(name: string): Promise<void>;
  list(): Promise<readonly string[]>;
}

export function directorySpool(directory: string): Spool {
  return {
    async write(name, parts) {
      await mkdir(directory, { recursive: true });
      const file = await open(join(directory, name), 'w', 0o600);
      try {
        for (const part of parts) await writeAll(file, part);
        await file.datasync();
      } finally {
        await file.close();
      }
    },
    async sync() {
      const handle = await open(directory, 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    read: (name) => orUndefined(readFile(join(directory, name))),
    remove: (name) => rm(join(directory, name), { force: true }),
    list: async () => (await orUndefined(readdir(directory))) ?? [],
  };
}

async function writeAll(file: Awaited<ReturnType<typeof open>>, part: Buffer): Promise<void> {
  for (let from = 0; from < part.length; ) from += (await file.write(part, from)).bytesWritten;
}

async function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
