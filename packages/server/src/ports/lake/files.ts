import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** A file that is not finished: never read, and deleted at the next start. */
export const unfinished = (path: string): string => `${path}.tmp`;

/** Puts a file's new content in the place of the old one, in one step. Durable when it returns. */
export function replaceFile(path: string, content: string): void {
  const fd = openSync(unfinished(path), 'w', 0o600);
  try {
    writeSync(fd, content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(unfinished(path), path);
  syncDirectory(dirname(path));
}

/** A file that something else has written under `unfinished(path)` gets its name. Durable when it returns. */
export function finishFile(path: string): void {
  const fd = openSync(unfinished(path), 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(unfinished(path), path);
  syncDirectory(dirname(path));
}

/** Makes a folder and those above it, up to `root`, durably. */
export function makeDirectory(root: string, path: string): void {
  const made = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (made === undefined) return;
  for (let at = path; at.length > root.length; at = dirname(at)) syncDirectory(dirname(at));
}

export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Deletes a file, and its folders as far as they are empty then. Missing ones are no error. */
export function removeFile(root: string, path: string): void {
  rmSync(path, { force: true });
  for (let at = dirname(path); at.length > root.length; at = dirname(at)) {
    try {
      rmdirSync(at);
    } catch {
      return; // not empty
    }
  }
}

/** All files under a folder, by their paths within it. */
export function filesUnder(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}
